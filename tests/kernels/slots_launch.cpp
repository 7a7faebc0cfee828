// Entry points that ctypes calls for any kernel whose parameters all have 8 bytes:
// pointers, long long and double. The arguments come as an array of slots, and the type
// of the kernel says how to read each one. KERNEL_FILE is the path of the .cu file,
// KERNEL_ENTRIES names its kernels, ENTRY(a) ENTRY(b) ..., on the command line.

#include <math.h>  // unlike <cmath>, it overloads the global sqrt for float

#include <cstdint>
#include <cstring>
#include <utility>

#include "cuda_host.hpp"

#include KERNEL_FILE

template <typename T>
T from_slot(std::uint64_t slot)
{
    static_assert(sizeof(T) == sizeof(slot));
    T value;
    std::memcpy(&value, &slot, sizeof(T));
    return value;
}

template <typename... Parameters, std::size_t... I>
int launch(
    void (*kernel)(Parameters...), std::index_sequence<I...>, unsigned int blocks_x,
    unsigned int blocks_y, unsigned int threads, int order, const std::uint64_t* slots)
{
    return static_cast<int>(cuda_host::launch(
        {blocks_x, blocks_y}, {threads}, static_cast<cuda_host::Order>(order),
        [&] { kernel(from_slot<Parameters>(slots[I])...); }));
}

// The number of slots that a kernel reads, so that a wrong call is noticed.
template <typename... Parameters>
constexpr int arity(void (*)(Parameters...))
{
    return sizeof...(Parameters);
}

#define ENTRY(NAME)                                                                \
    extern "C" int arity_##NAME()                                                  \
    {                                                                              \
        return arity(NAME);                                                        \
    }                                                                              \
                                                                                   \
    extern "C" int launch_##NAME(                                                  \
        unsigned int blocks_x, unsigned int blocks_y, unsigned int threads,        \
        int order, const std::uint64_t* slots)                                     \
    {                                                                              \
        return launch(                                                             \
            NAME, std::make_index_sequence<arity(NAME)>(), blocks_x, blocks_y,     \
            threads, order, slots);                                                \
    }

KERNEL_ENTRIES
