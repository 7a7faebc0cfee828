// Metric multidimensional scaling: the forces of SMACOF with the stress, and the rounds
// of stochastic gradient descent.
//
// stress_forces_K, for n points with K coordinates (Y is K x n: one coordinate a row):
//
//   forces[c, i] = sum_j w_ij d_ij / |y_i - y_j| (y_ic - y_jc)     (0 where y_i = y_j)
//   stress[i]    = sum_j w_ij (|y_i - y_j| - d_ij)^2
//
// the Guttman transform B(Y) Y and the stress of Y in one pass over D (and W).
//
// Mapping: a block is ROWS rows of D, its threads stride over the columns j, so that D
// is read along rows and every y_j, which comes from the second-level cache, serves
// ROWS rows. Sums go through warp shuffles, then through shared memory, always in the
// same order: the result repeats to the last bit.
//
// Per entry of D: 8 bytes (16 with weights) from memory, 8 K / ROWS from the cache,
// 5 K + 6 flops, a root and a division. Bound by memory for small K. Any block of 32 to
// 256 threads that is a multiple of 32 is right (more would not find their registers);
// nothing is tuned yet.
//
// stress_total: half of the sum of the rows, one block of at most 1024 threads.
//
// sgd_round: one round of the tournament of geomsci.reference.embedding.sgd_mds. A
// block of threads is a pair of blocks of seats, which share no point with any other
// pair of the round; a thread is a seat of the first block, which in turn s meets the
// seat (own XOR s) of the second. The coordinates of both blocks stay in shared memory;
// the distance of the next turn is fetched while this turn is played. The order of all
// moves of a point is that of the host: so is the result, but for fused products. Per
// pair of points: one distance, read at random (a sector of 32 bytes).
// blockDim >= size, a multiple of 32; grid ((n_blocks + 1) / 2).

#ifdef __CUDACC__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#endif

constexpr int WARP = 32;
constexpr int LARGEST_BLOCK = 1024;
constexpr unsigned int ALL_LANES = 0xffffffffu;

constexpr int MOST_COMPONENTS = 8;
constexpr int MOST_SEATS = 128;

// Sum over the lanes of a warp; lane 0 holds it.
__device__ inline double warp_sum(double value)
{
    for (int offset = WARP / 2; offset > 0; offset /= 2) {
        value += __shfl_down_sync(ALL_LANES, value, offset);
    }
    return value;
}

template <int K>
struct Rows {
    static constexpr int COUNT = K <= 4 ? 4 : 2;
    static constexpr int SUMS = COUNT * (K + 1);  // at most 20
};

template <int K>
__device__ inline void stress_forces(
    const double* __restrict__ D,
    const double* __restrict__ W,
    bool weighted,
    const double* __restrict__ Y,
    long long n,
    double* __restrict__ forces,
    double* __restrict__ stress,
    double* partial)
{
    constexpr int ROWS = Rows<K>::COUNT;
    constexpr int SUMS = Rows<K>::SUMS;
    const long long first = static_cast<long long>(blockIdx.x) * ROWS;

    // A row past the last repeats the last one and is not written.
    long long row[ROWS];
    double own[ROWS][K];
    double total[SUMS];
    UNROLL
    for (int r = 0; r < ROWS; ++r) {
        row[r] = first + r < n ? first + r : n - 1;
        UNROLL
        for (int c = 0; c < K; ++c) {
            own[r][c] = Y[c * n + row[r]];
        }
    }
    UNROLL
    for (int s = 0; s < SUMS; ++s) {
        total[s] = 0.0;
    }

    for (long long j = threadIdx.x; j < n; j += blockDim.x) {
        double y[K];
        UNROLL
        for (int c = 0; c < K; ++c) {
            y[c] = Y[c * n + j];
        }
        UNROLL
        for (int r = 0; r < ROWS; ++r) {
            const double d = D[row[r] * n + j];
            const double w = weighted ? W[row[r] * n + j] : 1.0;
            double away[K];
            double square = 0.0;
            UNROLL
            for (int c = 0; c < K; ++c) {
                away[c] = own[r][c] - y[c];
                square += away[c] * away[c];
            }
            const double distance = sqrt(square);
            const double ratio = distance > 0 ? w * (d / distance) : 0.0;
            UNROLL
            for (int c = 0; c < K; ++c) {
                total[r * (K + 1) + c] += ratio * away[c];
            }
            total[r * (K + 1) + K] += w * ((distance - d) * (distance - d));
        }
    }

    const int lane = threadIdx.x % WARP;
    const int warp = threadIdx.x / WARP;
    UNROLL
    for (int s = 0; s < SUMS; ++s) {
        const double sum = warp_sum(total[s]);
        if (lane == 0) {
            partial[s * WARP + warp] = sum;
        }
    }
    __syncthreads();
    if (threadIdx.x < SUMS) {
        const int n_warps = blockDim.x / WARP;
        double sum = 0.0;
        for (int i = 0; i < n_warps; ++i) {
            sum += partial[threadIdx.x * WARP + i];
        }
        const long long i = first + threadIdx.x / (K + 1);
        const int c = threadIdx.x % (K + 1);
        if (i < n) {
            if (c < K) {
                forces[c * n + i] = sum;
            } else {
                stress[i] = sum;
            }
        }
    }
}

#define STRESS_FORCES(K)                                                           \
    extern "C" __global__ void stress_forces_##K(                                  \
        const double* D, const double* W, long long weighted, const double* Y,     \
        long long n, double* forces, double* stress)                               \
    {                                                                              \
        __shared__ double partial[Rows<K>::SUMS * WARP];                           \
        stress_forces<K>(D, W, weighted != 0, Y, n, forces, stress, partial);      \
    }

STRESS_FORCES(1)
STRESS_FORCES(2)
STRESS_FORCES(3)
STRESS_FORCES(4)
STRESS_FORCES(5)
STRESS_FORCES(6)
STRESS_FORCES(7)
STRESS_FORCES(8)

extern "C" __global__ void stress_total(
    const double* __restrict__ stress, long long n, double* __restrict__ out)
{
    __shared__ double partial[LARGEST_BLOCK / WARP];
    double total = 0.0;
    for (long long i = threadIdx.x; i < n; i += blockDim.x) {
        total += stress[i];
    }
    total = warp_sum(total);
    if (threadIdx.x % WARP == 0) {
        partial[threadIdx.x / WARP] = total;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        const int n_warps = blockDim.x / WARP;
        double sum = 0.0;
        for (int i = 0; i < n_warps; ++i) {
            sum += partial[i];
        }
        out[0] = sum / 2;
    }
}

// Move the points on the seats p and q towards the distance d; see the reference.
__device__ inline void move(
    double d, double mu, double* p, double* q, long long n_components)
{
    double square = 0.0;
    for (long long c = 0; c < n_components; ++c) {
        const double t = p[c * MOST_SEATS] - q[c * MOST_SEATS];
        square += t * t;
    }
    if (square > 0) {
        const double f = 0.5 * mu * (1.0 - d / sqrt(square));
        for (long long c = 0; c < n_components; ++c) {
            const double t = f * (p[c * MOST_SEATS] - q[c * MOST_SEATS]);
            p[c * MOST_SEATS] -= t;
            q[c * MOST_SEATS] += t;
        }
    } else {
        p[0] -= 0.5 * mu * d;
        q[0] += 0.5 * mu * d;
    }
}

extern "C" __global__ void sgd_round(
    const double* __restrict__ D,
    const double* __restrict__ W,
    long long weighted,
    long long n,
    const long long* __restrict__ seats,
    long long size,
    long long n_blocks,
    long long r,
    double eta,
    long long n_components,
    double* __restrict__ Y)
{
    __shared__ double points[2][MOST_COMPONENTS * MOST_SEATS];
    __shared__ long long sitting[2][MOST_SEATS];

    const long long k = blockIdx.x;
    const long long centre = r * ((n_blocks + 1) / 2) % n_blocks;
    const long long u = (centre + k) % n_blocks;
    const long long v = (centre - k + n_blocks) % n_blocks;
    const long long first = (u < v ? u : v) * size;
    const long long second = (u < v ? v : u) * size;
    const long long lane = threadIdx.x;
    const bool plays = lane < size;

    if (plays) {
        sitting[0][lane] = seats[first + lane];
        sitting[1][lane] = seats[second + lane];
        for (long long c = 0; c < n_components; ++c) {
            points[0][c * MOST_SEATS + lane] = Y[(first + lane) * n_components + c];
            points[1][c * MOST_SEATS + lane] = Y[(second + lane) * n_components + c];
        }
    }
    __syncthreads();

    // A block that plays within itself has one copy of its points.
    double* const own = points[0];
    double* const across = u == v ? points[0] : points[1];
    const long long i = plays ? sitting[0][lane] : n;

    // The distance and the weight of the pair of a turn; d < 0 where there is none.
    struct Pair {
        double d, w;
    };
    const auto fetch = [&](long long s) {
        const long long seat = lane ^ s;
        const bool meets = s < size && i < n && first + lane < second + seat;
        if (!meets || sitting[1][seat] >= n) {
            return Pair{-1.0, 0.0};
        }
        const long long pair = i * n + sitting[1][seat];
        return Pair{D[pair], weighted != 0 ? W[pair] : 1.0};
    };

    Pair pair = fetch(0);
    for (long long s = 0; s < size; ++s) {
        const Pair next = fetch(s + 1);
        if (pair.d >= 0) {
            const double mu = eta * pair.w;
            move(pair.d, mu > 1 ? 1.0 : mu, own + lane, across + (lane ^ s), n_components);
        }
        pair = next;
        __syncthreads();
    }

    if (plays) {
        for (long long c = 0; c < n_components; ++c) {
            Y[(first + lane) * n_components + c] = own[c * MOST_SEATS + lane];
            if (u != v) {
                Y[(second + lane) * n_components + c] = across[c * MOST_SEATS + lane];
            }
        }
    }
}
