// Fourth moments of delay-embedded, centred epochs (Ledoit-Wolf shrinkage).
//
//   out[n] = sum_{t < n_samples} ( sum_{k < order} sum_{c < n_channels}
//                (X[n, c, t + k lag] - mu[n, k, c])^2 )^2
//
// X has the shape (N, n_channels, n_times), mu (N, order, n_channels), C order;
// (order - 1) lag + n_samples <= n_times.
//
// Mapping: a block is an epoch, the threads of a block stride over the time t, so a
// warp reads neighbouring samples (coalesced) and every thread the same mean (one
// broadcast). The sum over time goes through warp shuffles, then through shared
// memory, always in the same order: the result repeats to the last bit.
//
// Per sample and lag: sizeof(Real) bytes read, from memory for the first lag and from
// the caches for the others; 3 flops. Running sums in Real, the sum over time in
// double. Any block of 32 to 1024 threads that is a multiple of 32 is right; 256 is
// the choice for epochs of about a thousand samples, four samples a thread.

constexpr int WARP = 32;
constexpr int LARGEST_BLOCK = 1024;
constexpr unsigned int ALL_LANES = 0xffffffffu;

// Sum over the lanes of a warp; lane 0 holds it.
__device__ inline double warp_sum(double value)
{
    for (int offset = WARP / 2; offset > 0; offset /= 2) {
        value += __shfl_down_sync(ALL_LANES, value, offset);
    }
    return value;
}

// Sum over the threads of a block; thread 0 holds it. `partial` is shared memory for
// one number a warp.
__device__ inline double block_sum(double value, double* partial)
{
    const int lane = threadIdx.x % WARP;
    const int warp = threadIdx.x / WARP;
    const int n_warps = blockDim.x / WARP;

    value = warp_sum(value);
    if (lane == 0) {
        partial[warp] = value;
    }
    __syncthreads();
    if (warp == 0) {
        value = warp_sum(lane < n_warps ? partial[lane] : 0.0);
    }
    return value;
}

template <typename Real>
__device__ inline void fourth_moment(
    const Real* __restrict__ X,
    const Real* __restrict__ mu,
    long long n_channels,
    long long n_times,
    long long order,
    long long lag,
    long long n_samples,
    Real* __restrict__ out,
    double* partial)
{
    const long long epoch = blockIdx.x;
    const Real* samples = X + epoch * n_channels * n_times;
    const Real* means = mu + epoch * order * n_channels;

    double total = 0.0;
    for (long long t = threadIdx.x; t < n_samples; t += blockDim.x) {
        Real square = 0;
        for (long long k = 0; k < order; ++k) {
            for (long long c = 0; c < n_channels; ++c) {
                const Real deviation
                    = samples[c * n_times + t + k * lag] - means[k * n_channels + c];
                square += deviation * deviation;
            }
        }
        total += static_cast<double>(square) * static_cast<double>(square);
    }

    total = block_sum(total, partial);
    if (threadIdx.x == 0) {
        out[epoch] = static_cast<Real>(total);
    }
}

#define FOURTH_MOMENT(NAME, REAL)                                                  \
    extern "C" __global__ void NAME(                                               \
        const REAL* X, const REAL* mu, long long n_channels, long long n_times,    \
        long long order, long long lag, long long n_samples, REAL* out)            \
    {                                                                              \
        __shared__ double partial[LARGEST_BLOCK / WARP];                           \
        fourth_moment<REAL>(                                                       \
            X, mu, n_channels, n_times, order, lag, n_samples, out, partial);      \
    }

FOURTH_MOMENT(fourth_moment_float, float)
FOURTH_MOMENT(fourth_moment_double, double)
