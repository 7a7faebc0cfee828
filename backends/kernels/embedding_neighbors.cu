// The k nearest points of every query, k <= 32, by tiled brute force.
//
//   |x - y|^2 = sum_f (x_f - y_f)^2,
//
// from differences, so that equal rows have distance 0 and no second pass is needed.
// points is n x d, queries m x d, C order. Part p of `parts` covers the points from
// p per_part on, and writes its own k nearest of every query, ascending, equal
// distances by index; places that no point fills hold infinity and -1. With
// `itself` = 0 the query q is no neighbour of itself (the points are the queries).
//
// Mapping: a block is 32 queries and one part, 256 threads; grid (m / 32, parts). A
// tile of 64 points passes through shared memory, 16 features at a time. In the
// squares a lane is a query and a warp has 8 points of the tile: a warp reads one point
// together (broadcast). Then a warp has 4 queries, and lane j of the warp keeps the
// j-th neighbour of each in registers: the lanes offer 32 points at a time, those below
// the k-th square are found by one ballot and put in place by one shift each. A point
// is offered before those with a larger index and enters only if its distance is
// smaller, so ties go by index and the result repeats to the last bit.
//
// Per query and point: 2 d flops; d / 64 numbers of the query and d / 32 of the point
// from the second-level cache. A list is changed about k log(n / k) times. Bound by
// arithmetic in double precision; nothing is tuned yet.

constexpr int WARP = 32;
constexpr int WARPS = 8;
constexpr int THREADS = WARP * WARPS;
constexpr unsigned int ALL_LANES = 0xffffffffu;

constexpr int QUERIES = 32;
constexpr int POINTS = 64;
constexpr int FEATURES = 16;
constexpr int EACH = POINTS / WARPS;  // points of a warp in the squares
constexpr int OWN = QUERIES / WARPS;  // queries of a warp in the lists

#ifdef __CUDACC__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#endif

template <typename Real>
struct Shared {
    Real queries[FEATURES][QUERIES + 1];
    Real points[FEATURES][POINTS + 1];
    Real squares[POINTS][QUERIES + 1];
};

// Rows [first, first + COUNT) and features [feature, feature + FEATURES) of a matrix,
// transposed; 0 outside of it.
template <int COUNT, typename Real>
__device__ inline void load(
    const Real* __restrict__ matrix,
    long long n_rows,
    long long d,
    long long first,
    long long feature,
    Real (*into)[COUNT + 1])
{
    for (int e = threadIdx.x; e < COUNT * FEATURES; e += THREADS) {
        const int f = e % FEATURES;
        const int r = e / FEATURES;
        const bool inside = first + r < n_rows && feature + f < d;
        into[f][r] = inside ? matrix[(first + r) * d + feature + f] : Real(0);
    }
}

// Offer one point a lane to the sorted list whose j-th entry is in lane j.
template <typename Real>
__device__ inline void offer(
    Real square, long long point, int k, int lane, Real& best, long long& index)
{
    Real bound = __shfl_sync(ALL_LANES, best, k - 1);
    unsigned int waiting = __ballot_sync(ALL_LANES, square < bound);
    while (waiting != 0) {
        const int from = __ffs(static_cast<int>(waiting)) - 1;
        waiting &= waiting - 1;
        const Real one = __shfl_sync(ALL_LANES, square, from);
        const long long its = __shfl_sync(ALL_LANES, point, from);
        if (!(one < bound)) {
            continue;
        }
        // Squares that differ may have equal roots: the distances decide.
        const unsigned int nearer = __ballot_sync(ALL_LANES, sqrt(best) <= sqrt(one));
        const int place = __popc(nearer);
        const Real shifted = __shfl_up_sync(ALL_LANES, best, 1);
        const long long its_index = __shfl_up_sync(ALL_LANES, index, 1);
        if (lane > place) {
            best = shifted;
            index = its_index;
        } else if (lane == place) {
            best = one;
            index = its;
        }
        bound = __shfl_sync(ALL_LANES, best, k - 1);
    }
}

template <typename Real>
__device__ inline void nearest(
    const Real* __restrict__ points,
    const Real* __restrict__ queries,
    long long n,
    long long m,
    long long d,
    int k,
    bool itself,
    long long per_part,
    Real infinity,
    Real* __restrict__ distances,
    long long* __restrict__ indices,
    Shared<Real>& shared)
{
    const int lane = threadIdx.x % WARP;
    const int warp = threadIdx.x / WARP;
    const long long first = static_cast<long long>(blockIdx.x) * QUERIES;
    const long long begin = blockIdx.y * per_part;
    const long long end = begin + per_part < n ? begin + per_part : n;

    Real best[OWN];
    long long index[OWN];
    UNROLL
    for (int o = 0; o < OWN; ++o) {
        best[o] = infinity;
        index[o] = -1;
    }

    for (long long tile = begin; tile < end; tile += POINTS) {
        Real square[EACH];
        UNROLL
        for (int p = 0; p < EACH; ++p) {
            square[p] = 0;
        }
        for (long long feature = 0; feature < d; feature += FEATURES) {
            load<QUERIES>(queries, m, d, first, feature, shared.queries);
            load<POINTS>(points, n, d, tile, feature, shared.points);
            __syncthreads();
            for (int f = 0; f < FEATURES; ++f) {
                const Real y = shared.queries[f][lane];
                UNROLL
                for (int p = 0; p < EACH; ++p) {
                    const Real difference = y - shared.points[f][warp * EACH + p];
                    square[p] += difference * difference;
                }
            }
            __syncthreads();
        }
        UNROLL
        for (int p = 0; p < EACH; ++p) {
            const int place = warp * EACH + p;
            const long long point = tile + place;
            const bool counts = point < end && (itself || point != first + lane);
            shared.squares[place][lane] = counts ? square[p] : infinity;
        }
        __syncthreads();
        UNROLL
        for (int o = 0; o < OWN; ++o) {
            for (int part = 0; part < POINTS; part += WARP) {
                const Real offered = shared.squares[part + lane][warp * OWN + o];
                offer(offered, tile + part + lane, k, lane, best[o], index[o]);
            }
        }
    }

    UNROLL
    for (int o = 0; o < OWN; ++o) {
        const long long query = first + warp * OWN + o;
        if (query < m && lane < k) {
            const long long row = query * gridDim.y + blockIdx.y;
            distances[row * k + lane] = sqrt(best[o]);
            indices[row * k + lane] = index[o];
        }
    }
}

#define NEAREST(NAME, REAL)                                                        \
    extern "C" __global__ void NAME(                                               \
        const REAL* points, const REAL* queries, long long n, long long m,         \
        long long d, long long k, long long itself, long long per_part,            \
        double infinity, REAL* distances, long long* indices)                      \
    {                                                                              \
        __shared__ Shared<REAL> shared;                                            \
        nearest<REAL>(                                                             \
            points, queries, n, m, d, static_cast<int>(k), itself != 0, per_part,  \
            static_cast<REAL>(infinity), distances, indices, shared);              \
    }

NEAREST(nearest_float, float)
NEAREST(nearest_double, double)
