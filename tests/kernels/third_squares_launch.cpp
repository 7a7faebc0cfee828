// Entry points that ctypes calls: each launches one kernel of the streaming sum in the
// host shim. KERNEL_FILE is the path of the .cu file, given on the command line.

#include <cmath>

#include "cuda_host.hpp"

// Sine and cosine of pi x; in extended precision, so that they are rounded once.
inline void sincospi(double x, double* sine, double* cosine)
{
    constexpr long double PI = 3.141592653589793238462643383279502884L;
    *sine = static_cast<double>(std::sin(PI * x));
    *cosine = static_cast<double>(std::cos(PI * x));
}

#include KERNEL_FILE

// A launcher takes the blocks along x and y, the threads of a block and the order of
// their turns before the arguments of the kernel, which it passes on as they are.
template <typename... Arguments>
int launch(
    void (*kernel)(Arguments...), unsigned int blocks_x, unsigned int blocks_y,
    unsigned int threads, int order, Arguments... arguments)
{
    return static_cast<int>(cuda_host::launch(
        {blocks_x, blocks_y}, {threads}, static_cast<cuda_host::Order>(order),
        [&] { kernel(arguments...); }));
}

using Count = long long;

extern "C" int launch_third_row_sums(
    unsigned int x, unsigned int y, unsigned int threads, int order, const double* rows,
    Count length, double* out)
{
    return launch(third_row_sums, x, y, threads, order, rows, length, out);
}

#define LAUNCH_THIRD_SQUARES(D)                                                    \
    extern "C" int launch_third_products_##D(                                      \
        unsigned int x, unsigned int y, unsigned int threads, int order,           \
        const Complex* Khat, const Count* k1, Count m, Count L1, Count L2,         \
        Count b, Complex* F)                                                       \
    {                                                                              \
        return launch(                                                             \
            third_products_##D, x, y, threads, order, Khat, k1, m, L1, L2, b, F);  \
    }                                                                              \
                                                                                   \
    extern "C" int launch_third_traces_##D(                                        \
        unsigned int x, unsigned int y, unsigned int threads, int order,           \
        const Complex* F, const Complex* K, const Count* k1, Count m, Count L1,    \
        Count L2, Count t1, Count t2, Count b, const double* factor,               \
        Count overwrite, Complex* Theta)                                           \
    {                                                                              \
        return launch(                                                             \
            third_traces_##D, x, y, threads, order, F, K, k1, m, L1, L2, t1, t2,   \
            b, factor, overwrite, Theta);                                          \
    }                                                                              \
                                                                                   \
    extern "C" int launch_third_modes_##D(                                         \
        unsigned int x, unsigned int y, unsigned int threads, int order,           \
        const Complex* Khat, const Complex* shift, const Complex* K,               \
        const Count* k1, Count m, Count L1, Count L2, Count mode, Count b,         \
        const double* factor, Complex* Theta)                                      \
    {                                                                              \
        return launch(                                                             \
            third_modes_##D, x, y, threads, order, Khat, shift, K, k1, m, L1, L2,  \
            mode, b, factor, Theta);                                               \
    }                                                                              \
                                                                                   \
    extern "C" int launch_third_contract_##D(                                      \
        unsigned int x, unsigned int y, unsigned int threads, int order,           \
        const Complex* Theta, const Complex* factors, const Complex* line,         \
        const double* point, const Complex* contact, const double* triple,         \
        const Count* k1, Count L1, Count L2, double* out)                          \
    {                                                                              \
        return launch(                                                             \
            third_contract_##D, x, y, threads, order, Theta, factors, line, point, \
            contact, triple, k1, L1, L2, out);                                     \
    }

LAUNCH_THIRD_SQUARES(2)
LAUNCH_THIRD_SQUARES(3)
