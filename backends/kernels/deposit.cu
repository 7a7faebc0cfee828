// Mass assignment to a periodic grid of n_0 x n_1 x n_2 cells, without atomics: the
// windows are B-splines of order p = 1 to 4 in d = 1 to 3 dimensions.
//
//   keys     home cell of every point: the first of the p^d cells that it reaches
//   sort     stable, by key: order
//   starts   first place of the points of every home cell, by bisection
//   sorted   fractions of the cell, (d, n), and masses in the order of the keys
//   sums     mass of every cell: over the p^d home cells that reach it, over their
//            points in the order in which they came
//
// as geomsci.reference.entropic.mass_assignment defines it. The result repeats to the
// last bit: every cell has one thread and a fixed order of summation. With d < 3 the
// first axes have one cell, and their window is 1.
//
// Mapping: a thread is a point (keys, sorted) or a cell (starts, sums), 1-D grid.
// Neighbouring cells of the last axis read the same points one step apart, through the
// caches. A home cell with m points is a loop of m for each of its p^d cells.
//
// Bytes: keys d sizeof(Real) + 4, starts 4 a cell, sorted 4 + d sizeof(Real) + 8 d + 8
// a point. sums reads p^d times a point's 8 d bytes, from the caches, and writes one
// number a cell; about 15 d p^d flops a point, in double. Positions meet the grid in
// one fused operation, so that keys and sorted agree on the cell. Any block of 32 to
// 1024 threads is right; nothing is tuned yet.

// Place of a point along an axis, in cells: even orders count from cell centres, odd
// ones from cell walls.
template <typename Real>
__device__ inline double place(Real x, double per_length, long long order)
{
    return fma(static_cast<double>(x), per_length, order % 2 == 0 ? -0.5 : 0.0);
}

__device__ inline long long wrapped(long long cell, long long n)
{
    const long long rest = cell % n;
    return rest < 0 ? rest + n : rest;
}

// B-spline weight of the cell `step` after the home cell.
__device__ inline double spline(double f, long long order, long long step)
{
    const double g = 1.0 - f;
    if (order == 1) {
        return 1.0;
    }
    if (order == 2) {
        return step == 0 ? g : f;
    }
    if (order == 3) {
        return step == 0 ? 0.5 * g * g : step == 1 ? 0.5 + f * g : 0.5 * f * f;
    }
    const double sixth = 1.0 / 6.0;
    switch (step) {
    case 0:
        return sixth * g * g * g;
    case 1:
        return sixth * (4.0 - 6.0 * f * f + 3.0 * f * f * f);
    case 2:
        return sixth * (4.0 - 6.0 * g * g + 3.0 * g * g * g);
    default:
        return sixth * f * f * f;
    }
}

template <typename Real>
__device__ inline void keys_of(
    const Real* __restrict__ positions,
    long long n,
    long long d,
    long long order,
    long long n_0,
    long long n_1,
    long long n_2,
    double per_length_0,
    double per_length_1,
    double per_length_2,
    int* __restrict__ keys)
{
    const long long i = blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x;
    if (i >= n) {
        return;
    }
    const long long sides[3] = {n_0, n_1, n_2};
    const double per_length[3] = {per_length_0, per_length_1, per_length_2};
    long long key = 0;
    for (long long axis = 0; axis < d; ++axis) {
        const long long own = axis + 3 - d;
        const double y = place(positions[i * d + axis], per_length[own], order);
        const long long first = static_cast<long long>(floor(y)) - (order - 1) / 2;
        key = key * sides[own] + wrapped(first, sides[own]);
    }
    keys[i] = static_cast<int>(key);
}

template <typename Real>
__device__ inline void sorted_of(
    const Real* __restrict__ positions,
    const double* __restrict__ masses,
    const long long* __restrict__ order_of_points,
    long long n,
    long long d,
    long long order,
    long long weighted,
    double per_length_0,
    double per_length_1,
    double per_length_2,
    double* __restrict__ fractions,
    double* __restrict__ sorted_masses)
{
    const long long i = blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x;
    if (i >= n) {
        return;
    }
    const double per_length[3] = {per_length_0, per_length_1, per_length_2};
    const long long point = order_of_points[i];
    for (long long axis = 0; axis < d; ++axis) {
        const double scale = per_length[axis + 3 - d];
        const double y = place(positions[point * d + axis], scale, order);
        fractions[axis * n + i] = y - floor(y);
    }
    if (weighted != 0) {
        sorted_masses[i] = masses[point];
    }
}

extern "C" __global__ void deposit_starts(
    const int* __restrict__ sorted_keys,
    long long n,
    long long n_cells,
    int* __restrict__ starts)
{
    const long long cell =
        blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x;
    if (cell > n_cells) {
        return;
    }
    long long low = 0, high = n;
    while (low < high) {
        const long long middle = (low + high) / 2;
        if (sorted_keys[middle] < cell) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    starts[cell] = static_cast<int>(low);
}

template <typename Real>
__device__ inline void sums_of(
    const double* __restrict__ fractions,
    const double* __restrict__ masses,
    const int* __restrict__ starts,
    long long n,
    long long d,
    long long order,
    long long weighted,
    long long n_0,
    long long n_1,
    long long n_2,
    Real* __restrict__ mass)
{
    const long long cell =
        blockIdx.x * static_cast<long long>(blockDim.x) + threadIdx.x;
    if (cell >= n_0 * n_1 * n_2) {
        return;
    }
    const long long x_2 = cell % n_2;
    const long long x_1 = cell / n_2 % n_1;
    const long long x_0 = cell / n_2 / n_1;
    const long long order_0 = d > 2 ? order : 1;
    const long long order_1 = d > 1 ? order : 1;
    // Rows of the fractions; an axis that is not there reads the last one, times 1.
    const double* const f_2 = fractions + (d - 1) * n;
    const double* const f_1 = d > 1 ? fractions + (d - 2) * n : f_2;
    const double* const f_0 = d > 2 ? fractions : f_2;

    double total = 0.0;
    for (long long a = 0; a < order_0; ++a) {
        const long long row = wrapped(x_0 - a, n_0) * n_1;
        for (long long b = 0; b < order_1; ++b) {
            const long long line = (row + wrapped(x_1 - b, n_1)) * n_2;
            for (long long c = 0; c < order; ++c) {
                const long long home = line + wrapped(x_2 - c, n_2);
                const int end = starts[home + 1];
                for (int i = starts[home]; i < end; ++i) {
                    const double share = spline(f_0[i], order_0, a)
                        * spline(f_1[i], order_1, b) * spline(f_2[i], order, c);
                    total += weighted != 0 ? masses[i] * share : share;
                }
            }
        }
    }
    mass[cell] = static_cast<Real>(total);
}

#define KEYS(NAME, REAL)                                                           \
    extern "C" __global__ void NAME(                                               \
        const REAL* __restrict__ positions, long long n, long long d,              \
        long long order, long long n_0, long long n_1, long long n_2,              \
        double per_length_0, double per_length_1, double per_length_2,             \
        int* __restrict__ keys)                                                    \
    {                                                                              \
        keys_of<REAL>(                                                             \
            positions, n, d, order, n_0, n_1, n_2, per_length_0, per_length_1,     \
            per_length_2, keys);                                                   \
    }

#define SORTED(NAME, REAL)                                                         \
    extern "C" __global__ void NAME(                                               \
        const REAL* __restrict__ positions, const double* __restrict__ masses,     \
        const long long* __restrict__ order_of_points, long long n, long long d,   \
        long long order, long long weighted, double per_length_0,                  \
        double per_length_1, double per_length_2, double* __restrict__ fractions,  \
        double* __restrict__ sorted_masses)                                        \
    {                                                                              \
        sorted_of<REAL>(                                                           \
            positions, masses, order_of_points, n, d, order, weighted,             \
            per_length_0, per_length_1, per_length_2, fractions, sorted_masses);   \
    }

#define SUMS(NAME, REAL)                                                           \
    extern "C" __global__ void NAME(                                               \
        const double* __restrict__ fractions, const double* __restrict__ masses,   \
        const int* __restrict__ starts, long long n, long long d, long long order, \
        long long weighted, long long n_0, long long n_1, long long n_2,           \
        REAL* __restrict__ mass)                                                   \
    {                                                                              \
        sums_of<REAL>(                                                             \
            fractions, masses, starts, n, d, order, weighted, n_0, n_1, n_2,       \
            mass);                                                                 \
    }

KEYS(deposit_keys_float, float)
KEYS(deposit_keys_double, double)
SORTED(deposit_sorted_float, float)
SORTED(deposit_sorted_double, double)
SUMS(deposit_sums_float, float)
SUMS(deposit_sums_double, double)
