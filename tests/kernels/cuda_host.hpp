// Runs a CUDA C++ kernel on the host, so that a machine without a GPU can test it.
//
// Include this file, then the .cu file, and call cuda_host::launch. A block runs as a
// set of fibres (ucontext), one a CUDA thread, that a scheduler resumes in turn:
//
//   __syncthreads()     a fibre sleeps until every fibre of its block that has not
//                       returned sleeps there too
//   __shfl_*_sync       the same within a warp: put the value, sleep, take the
//                       neighbour's, sleep
//   __ballot_sync       the same: put the predicate, sleep, collect, sleep
//   __shared__          a static variable in a linker section of its own, which is
//                       filled with NaN before every block: a value that nobody wrote
//                       is seen
//
// The order of the turns is a parameter, forwards or backwards. A forgotten barrier
// gives a wrong number in one of the two orders at least whenever a fibre reads what a
// later one writes. A barrier that can never open is reported and does not hang.
// Needs Linux (ucontext, ELF sections) and -std=c++20.

#pragma once

#include <ucontext.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <type_traits>
#include <vector>

struct dim3 {
    unsigned int x = 1, y = 1, z = 1;
};

// What a CUDA thread knows about itself; set whenever a fibre is resumed.
inline dim3 threadIdx, blockIdx, blockDim, gridDim;
inline constexpr int warpSize = 32;

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __shared__ static __attribute__((section("cuda_shared")))

// Bounds of the section, from the linker; weak, because a kernel may share nothing.
extern "C" {
extern unsigned char __start_cuda_shared[] __attribute__((weak, visibility("hidden")));
extern unsigned char __stop_cuda_shared[] __attribute__((weak, visibility("hidden")));
}

namespace cuda_host {

enum class Order { forwards = 0, backwards = 1 };
enum class Status { ok = 0, deadlock = 1 };

enum class State { ready, at_block_barrier, at_warp_barrier, done };

struct Fibre {
    ucontext_t context{};
    std::unique_ptr<unsigned char[]> stack;
    State state = State::ready;
    std::uint64_t slot = 0;  // what the other lanes of the warp may take
};

constexpr std::size_t STACK_BYTES = 64 * 1024;

struct Block {
    std::vector<Fibre> fibres;
    ucontext_t scheduler{};
    std::size_t running = 0;
    std::function<void()> body;
};

inline Block* block = nullptr;

inline void sleep_until_released(State where)
{
    Fibre& fibre = block->fibres[block->running];
    fibre.state = where;
    swapcontext(&fibre.context, &block->scheduler);
}

inline void run_fibre()
{
    block->body();
    // A thread that returns, early or not, no longer counts at any barrier.
    block->fibres[block->running].state = State::done;
}

inline void resume(std::size_t thread)
{
    block->running = thread;
    const auto index = static_cast<unsigned int>(thread);
    threadIdx = {
        index % blockDim.x, index / blockDim.x % blockDim.y,
        index / (blockDim.x * blockDim.y)};
    swapcontext(&block->scheduler, &block->fibres[thread].context);
}

// Wake the fibres [first, last) if all that live sleep at the same barrier.
inline bool release(std::size_t first, std::size_t last, State where)
{
    bool anyone = false;
    for (std::size_t i = first; i < last; ++i) {
        const State state = block->fibres[i].state;
        if (state != where && state != State::done) {
            return false;
        }
        anyone = anyone || state == where;
    }
    for (std::size_t i = first; anyone && i < last; ++i) {
        if (block->fibres[i].state == where) {
            block->fibres[i].state = State::ready;
        }
    }
    return anyone;
}

inline Status run_block(Order order)
{
    const std::size_t n = block->fibres.size();
    while (true) {
        bool all_done = true;
        for (std::size_t k = 0; k < n; ++k) {
            const std::size_t i = order == Order::forwards ? k : n - 1 - k;
            if (block->fibres[i].state == State::ready) {
                resume(i);
            }
            all_done = all_done && block->fibres[i].state == State::done;
        }
        if (all_done) {
            return Status::ok;
        }
        bool released = release(0, n, State::at_block_barrier);
        for (std::size_t first = 0; first < n; first += warpSize) {
            const std::size_t last = first + warpSize < n ? first + warpSize : n;
            released = release(first, last, State::at_warp_barrier) || released;
        }
        if (!released) {
            return Status::deadlock;
        }
    }
}

inline void forget_shared_memory()
{
    if (__start_cuda_shared != nullptr) {
        // All bits set is NaN in float and in double.
        std::memset(
            __start_cuda_shared, 0xff,
            static_cast<std::size_t>(__stop_cuda_shared - __start_cuda_shared));
    }
}

// Run `body` once for every thread of the grid, one block after the other.
inline Status launch(dim3 grid, dim3 threads, Order order, std::function<void()> body)
{
    gridDim = grid;
    blockDim = threads;
    Block storage;
    block = &storage;
    storage.body = std::move(body);
    storage.fibres.resize(std::size_t{1} * threads.x * threads.y * threads.z);
    for (Fibre& fibre : storage.fibres) {
        fibre.stack = std::make_unique<unsigned char[]>(STACK_BYTES);
    }
    const std::size_t n_blocks = std::size_t{1} * grid.x * grid.y * grid.z;
    for (std::size_t b = 0; b < n_blocks; ++b) {
        const auto index = static_cast<unsigned int>(b);
        blockIdx = {index % grid.x, index / grid.x % grid.y, index / (grid.x * grid.y)};
        forget_shared_memory();
        for (Fibre& fibre : storage.fibres) {
            getcontext(&fibre.context);
            fibre.context.uc_stack.ss_sp = fibre.stack.get();
            fibre.context.uc_stack.ss_size = STACK_BYTES;
            fibre.context.uc_link = &storage.scheduler;
            fibre.state = State::ready;
            makecontext(&fibre.context, run_fibre, 0);
        }
        if (run_block(order) != Status::ok) {
            return Status::deadlock;
        }
    }
    return Status::ok;
}

// Bits of the lanes of the own warp for which `predicate` holds.
inline unsigned int lanes_where(bool predicate)
{
    const std::size_t own = block->running;
    const std::size_t first = own - own % warpSize;
    block->fibres[own].slot = predicate;
    sleep_until_released(State::at_warp_barrier);
    unsigned int bits = 0;
    for (std::size_t lane = 0; lane < warpSize; ++lane) {
        const std::size_t from = first + lane;
        if (from < block->fibres.size() && block->fibres[from].state != State::done) {
            bits |= static_cast<unsigned int>(block->fibres[from].slot & 1) << lane;
        }
    }
    sleep_until_released(State::at_warp_barrier);
    return bits;
}

// Value that lane `source` of the own warp holds; NaN if that lane has returned.
template <typename T>
T value_of_lane(T value, std::size_t source)
{
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t));
    const std::size_t own = block->running;
    const std::size_t first = own - own % warpSize;
    block->fibres[own].slot = 0;
    std::memcpy(&block->fibres[own].slot, &value, sizeof(T));
    sleep_until_released(State::at_warp_barrier);
    T taken = value;
    const std::size_t from = first + source;
    if (from >= block->fibres.size() || block->fibres[from].state == State::done) {
        std::memset(&taken, 0xff, sizeof(T));
    } else {
        std::memcpy(&taken, &block->fibres[from].slot, sizeof(T));
    }
    sleep_until_released(State::at_warp_barrier);
    return taken;
}

}  // namespace cuda_host

inline void __syncthreads()
{
    cuda_host::sleep_until_released(cuda_host::State::at_block_barrier);
}

inline void __syncwarp(unsigned int = 0xffffffffu)
{
    cuda_host::sleep_until_released(cuda_host::State::at_warp_barrier);
}

template <typename T>
T __shfl_down_sync(unsigned int, T value, unsigned int delta, int width = warpSize)
{
    const unsigned int lane = static_cast<unsigned int>(cuda_host::block->running % 32);
    const unsigned int end = lane - lane % width + width;
    // A source outside the group leaves the lane with its own value.
    return cuda_host::value_of_lane(value, lane + delta < end ? lane + delta : lane);
}

template <typename T>
T __shfl_up_sync(unsigned int, T value, unsigned int delta, int width = warpSize)
{
    const unsigned int lane = static_cast<unsigned int>(cuda_host::block->running % 32);
    const bool inside = lane % width >= delta;
    return cuda_host::value_of_lane(value, inside ? lane - delta : lane);
}

template <typename T>
T __shfl_xor_sync(unsigned int, T value, unsigned int mask, int width = warpSize)
{
    const unsigned int lane = static_cast<unsigned int>(cuda_host::block->running % 32);
    const unsigned int end = lane - lane % width + width;
    return cuda_host::value_of_lane(value, (lane ^ mask) < end ? lane ^ mask : lane);
}

template <typename T>
T __shfl_sync(unsigned int, T value, unsigned int source, int width = warpSize)
{
    const unsigned int lane = static_cast<unsigned int>(cuda_host::block->running % 32);
    return cuda_host::value_of_lane(value, lane - lane % width + source % width);
}

inline unsigned int __ballot_sync(unsigned int, bool predicate)
{
    return cuda_host::lanes_where(predicate);
}

inline int __popc(unsigned int bits)
{
    return std::popcount(bits);
}

// Place of the lowest bit, counted from 1; 0 if there is none.
inline int __ffs(int bits)
{
    return bits == 0 ? 0 : std::countr_zero(static_cast<unsigned int>(bits)) + 1;
}
