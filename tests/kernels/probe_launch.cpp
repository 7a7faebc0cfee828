// Entry points of the probes; see host_probe.cu.

#include "cuda_host.hpp"

#include "host_probe.cu"

using cuda_host::launch;
using cuda_host::Order;

extern "C" {

int launch_neighbour(unsigned int threads, int order, int with_barrier, double* out)
{
    return static_cast<int>(launch({1}, {threads}, static_cast<Order>(order), [&] {
        neighbour(with_barrier, out);
    }));
}

int launch_forgotten_initialisation(unsigned int blocks, unsigned int threads, double* out)
{
    return static_cast<int>(launch({blocks}, {threads}, Order::forwards, [&] {
        forgotten_initialisation(out);
    }));
}

int launch_early_return(unsigned int threads, double* out)
{
    return static_cast<int>(
        launch({1}, {threads}, Order::forwards, [&] { early_return(out); }));
}

int launch_two_barriers(unsigned int threads, double* out)
{
    return static_cast<int>(
        launch({1}, {threads}, Order::forwards, [&] { two_barriers(out); }));
}

}
