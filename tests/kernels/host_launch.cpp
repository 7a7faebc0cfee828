// Entry points that ctypes calls: each launches one kernel in the host shim.
// KERNEL_FILE is the path of the .cu file, given on the command line.

#include "cuda_host.hpp"

#include KERNEL_FILE

using cuda_host::Order;

#define LAUNCH_FOURTH_MOMENT(NAME, REAL)                                           \
    extern "C" int launch_##NAME(                                                  \
        unsigned int blocks, unsigned int threads, int order, const REAL* X,       \
        const REAL* mu, long long n_channels, long long n_times, long long lags,   \
        long long lag, long long n_samples, REAL* out)                             \
    {                                                                              \
        return static_cast<int>(cuda_host::launch(                                 \
            {blocks}, {threads}, static_cast<Order>(order), [&] {                  \
                NAME(X, mu, n_channels, n_times, lags, lag, n_samples, out);       \
            }));                                                                   \
    }

LAUNCH_FOURTH_MOMENT(fourth_moment_float, float)
LAUNCH_FOURTH_MOMENT(fourth_moment_double, double)
