// Streaming sum over third cumulants of a planar Ising torus.
//
// For a batch of m momenta k1 on the torus of L1 x L2 = n cells with D bond types,
//
//   out[k1] = sum_{k2} h(k1, k2, k3),   k1 + k2 + k3 = 0,
//   h       = That* ginv(k3)* ginv(k1)* ginv(k2)* That,
//
// as geomsci.reference.fisher.third_transform defines it. Per group of sectors with one
// propagator Khat and per type b of the middle bond:
//
//   products   F[i, j](q) = (Khat(q - k1) eps_b Khat(q))_ij,  i <= j,  i, j < 2 D
//   transform  F -> F(x2), by cuFFT
//   traces     Theta[b, a <= c](x2) += u_a u_b u_c / n tr(F_ac eps K_ca(x2) eps), with
//              F_ji(x2) = -e^{-i (k1 - t) x2} F_ij(-x2) for i < j, t the twist, and K
//              the weighted sum of the group's propagators in position space
//   modes      the same trace of what the mode q0 of a pseudo-sector adds to n F,
//              e^{-i (k1 + q0) x2} D eps_b Khat(q0 + k1)
//              + e^{-i q0 x2} (Khat(q0 - k1) eps_b D + [k1 = 0] D eps_b D)
//
// and then once
//
//   transform  Theta -> Theta(k2), by cuFFT
//   contract   That_abc from Theta (a > c: Theta_cba at k3) and the corrections on
//              lines and at contacts; h = |W3 W1 W2 That|^2, W = M^T with the Cholesky
//              factor M of ginv: D^3 numbers whitened in place; one of each pair
//              (k2, k3), (k3, k2), which have the same h. Sums of the blocks.
//   row_sums   sum of these.
//
// Mapping: in products, traces and modes a thread is a cell (q or x2) and goes through
// `CHUNK` momenta k1, so that what does not depend on k1 (rows of Khat, K) is read once
// and stays in registers; grid (cells / threads, m / CHUNK). In contract a thread is a
// cell k2, grid (m, parts). Neighbouring threads read neighbouring cells except where a
// shifted row wraps. Sums go through warp shuffles, then through shared memory, always
// in the same order. Phases are exact integers over n before they meet sincospi.
//
// Complex numbers (16 bytes) and flops per (k1, cell, b, group), with P = D (2 D + 1)
// entries and Q = D (D + 1) / 2 pairs:
//   products   4 D read from the caches, P written;  14 P flops
//   transform  2 P read, 2 P written in place;       5 P log2 n flops
//   traces     P + D + Q read, Q written;            34 Q + 50 D flops
//   modes      Q read, Q written, only in groups with a mode;  120 Q flops
//   contract   once for all groups and half of the cells: D^3 + 3 D^2 + D (D + 1) read,
//              the last two terms from the caches; about 8 D^3 (D + 1) flops
// For D = 2 a group and b move 35 numbers in and 33 out, 1.1 kB: bound by memory. Any
// block of 32 to 256 threads that is a multiple of 32 is right (more would not find
// their registers in contract); nothing is tuned yet.

#ifdef __CUDACC__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#endif

constexpr int WARP = 32;
constexpr int LARGEST_BLOCK = 1024;
constexpr unsigned int ALL_LANES = 0xffffffffu;
constexpr int CHUNK = 8;

struct alignas(16) Complex {
    double re, im;
};

__device__ inline Complex operator+(Complex x, Complex y)
{
    return {x.re + y.re, x.im + y.im};
}

__device__ inline Complex operator-(Complex x, Complex y)
{
    return {x.re - y.re, x.im - y.im};
}

__device__ inline Complex operator*(Complex x, Complex y)
{
    return {x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re};
}

__device__ inline Complex operator*(double x, Complex y)
{
    return {x * y.re, x * y.im};
}

// Cell or momentum of the torus, or its sides. Sides are at most 46340, so that n and
// a product of two coordinates fit.
struct Cell {
    int x, y;
};

__device__ inline Cell cell(long long flat, Cell sides)
{
    const int index = static_cast<int>(flat);
    return {index / sides.y, index % sides.y};
}

__device__ inline long long flat_index(Cell k, Cell sides)
{
    return static_cast<long long>(k.x) * sides.y + k.y;
}

// Sum and difference of cells, wrapped around the torus.
__device__ inline Cell sum(Cell k, Cell q, Cell sides)
{
    const int x = k.x + q.x, y = k.y + q.y;
    return {x < sides.x ? x : x - sides.x, y < sides.y ? y : y - sides.y};
}

__device__ inline Cell difference(Cell k, Cell q, Cell sides)
{
    const int x = k.x - q.x, y = k.y - q.y;
    return {x < 0 ? x + sides.x : x, y < 0 ? y + sides.y : y};
}

// e^{-i k r}
__device__ inline Complex wave(Cell k, Cell r, Cell sides)
{
    const double n = static_cast<double>(sides.x) * sides.y;
    double turns = static_cast<double>(k.x * r.x % sides.x) * sides.y
        + static_cast<double>(k.y * r.y % sides.y) * sides.x;
    turns = turns < n ? turns : turns - n;
    Complex value;
    sincospi(-2.0 * turns / n, &value.im, &value.re);
    return value;
}

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

// Number of the entry (i, j), i <= j, of a symmetric matrix in packed storage.
template <int SIZE>
__device__ constexpr int packed(int i, int j)
{
    return i * SIZE - i * (i - 1) / 2 + j - i;
}

template <int D>
__device__ inline void products(
    const Complex* __restrict__ Khat,
    const long long* __restrict__ k1,
    long long m,
    Cell sides,
    int b,
    Complex* __restrict__ F)
{
    constexpr int SIZE = 2 * D;
    constexpr int ENTRIES = D * (2 * D + 1);
    const long long n = static_cast<long long>(sides.x) * sides.y;
    const long long q = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (q >= n) {
        return;
    }
    Complex right[2][SIZE];
    UNROLL
    for (int j = 0; j < SIZE; ++j) {
        right[0][j] = Khat[(2 * b * SIZE + j) * n + q];
        right[1][j] = Khat[((2 * b + 1) * SIZE + j) * n + q];
    }
    const long long first = static_cast<long long>(blockIdx.y) * CHUNK;
    for (long long k = first; k < first + CHUNK && k < m; ++k) {
        const Cell moved = difference(cell(q, sides), cell(k1[k], sides), sides);
        const Complex* left = Khat + 2 * b * n + flat_index(moved, sides);
        Complex* entry = F + k * ENTRIES * n + q;
        UNROLL
        for (int i = 0; i < SIZE; ++i) {
            const Complex left0 = left[i * SIZE * n];
            const Complex left1 = left[(i * SIZE + 1) * n];
            UNROLL
            for (int j = i; j < SIZE; ++j) {
                entry[packed<SIZE>(i, j) * n]
                    = left0 * right[1][j] - left1 * right[0][j];
            }
        }
    }
}

// 2 x 2 block of a propagator, and tr(F eps K eps).
struct Block {
    Complex e00, e01, e10, e11;
};

__device__ inline Complex trace(Block F, Block K)
{
    return F.e01 * K.e01 + F.e10 * K.e10 - F.e00 * K.e11 - F.e11 * K.e00;
}

// Block (c, a) of a (2D, 2D, n) array at the cell x.
template <int D>
__device__ inline Block block_at(
    const Complex* K, int c, int a, long long n, long long x)
{
    const Complex* corner = K + (2 * c * 2 * D + 2 * a) * n + x;
    return {corner[0], corner[n], corner[2 * D * n], corner[(2 * D + 1) * n]};
}

template <int D>
__device__ inline void traces(
    const Complex* __restrict__ F,
    const Complex* __restrict__ K,
    const long long* __restrict__ k1,
    long long m,
    Cell sides,
    Cell twist,
    int b,
    const double* __restrict__ factor,
    bool overwrite,
    Complex* __restrict__ Theta)
{
    constexpr int SIZE = 2 * D;
    constexpr int ENTRIES = D * (2 * D + 1);
    constexpr int PAIRS = D * (D + 1) / 2;
    const long long n = static_cast<long long>(sides.x) * sides.y;
    const long long x = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (x >= n) {
        return;
    }
    const Cell r = cell(x, sides);
    const long long opposite = flat_index(difference({0, 0}, r, sides), sides);
    const long long first = static_cast<long long>(blockIdx.y) * CHUNK;
    UNROLL
    for (int a = 0; a < D; ++a) {
        UNROLL
        for (int c = a; c < D; ++c) {
            const Block K_ca = block_at<D>(K, c, a, n, x);
            const double scale = factor[a] * factor[b] * factor[c] / n;
            for (long long k = first; k < first + CHUNK && k < m; ++k) {
                const Complex* entry = F + k * ENTRIES * n;
                Block F_ac;
                F_ac.e00 = entry[packed<SIZE>(2 * a, 2 * c) * n + x];
                F_ac.e01 = entry[packed<SIZE>(2 * a, 2 * c + 1) * n + x];
                F_ac.e11 = entry[packed<SIZE>(2 * a + 1, 2 * c + 1) * n + x];
                if (a < c) {
                    F_ac.e10 = entry[packed<SIZE>(2 * a + 1, 2 * c) * n + x];
                } else {
                    const Cell k_t = difference(cell(k1[k], sides), twist, sides);
                    const Complex turn = wave(k_t, r, sides);
                    const Complex mirror
                        = entry[packed<SIZE>(2 * a, 2 * a + 1) * n + opposite];
                    F_ac.e10 = -1.0 * (turn * mirror);
                }
                const Complex value = scale * trace(F_ac, K_ca);
                Complex* total = Theta
                    + ((k * D + b) * PAIRS + packed<D>(a, c)) * n + x;
                *total = overwrite ? value : *total + value;
            }
        }
    }
}

// Constant matrices of a mode for a chunk of k1, and for each its traces; `X` is shared
// memory for CHUNK times two matrices.
template <int D>
__device__ inline void modes(
    const Complex* __restrict__ Khat,
    const Complex* __restrict__ shift,
    const Complex* __restrict__ K,
    const long long* __restrict__ k1,
    long long m,
    Cell sides,
    long long mode,
    int b,
    const double* __restrict__ factor,
    Complex* __restrict__ Theta,
    Complex* X)
{
    constexpr int SIZE = 2 * D;
    constexpr int AREA = SIZE * SIZE;
    constexpr int PAIRS = D * (D + 1) / 2;
    const long long n = static_cast<long long>(sides.x) * sides.y;
    const long long first = static_cast<long long>(blockIdx.y) * CHUNK;
    const int chunk = m - first < CHUNK ? static_cast<int>(m - first) : CHUNK;
    const Cell q0 = cell(mode, sides);
    const Complex* from = shift + 2 * b;  // columns of D at the bond
    const Complex* to = shift + 2 * b * SIZE;  // its rows there
    for (int e = threadIdx.x; e < chunk * AREA; e += blockDim.x) {
        const int i = e % AREA / SIZE, j = e % SIZE;
        const Cell k = cell(k1[first + e / AREA], sides);
        const Complex* plus
            = Khat + (2 * b * SIZE + j) * n + flat_index(sum(q0, k, sides), sides);
        const Complex* minus = Khat + (i * SIZE + 2 * b) * n
            + flat_index(difference(q0, k, sides), sides);
        const Complex D0 = from[i * SIZE], D1 = from[i * SIZE + 1];
        Complex* both = X + e / AREA * 2 * AREA + e % AREA;
        both[0] = D0 * plus[SIZE * n] - D1 * plus[0];
        both[AREA] = minus[0] * to[SIZE + j] - minus[n] * to[j];
        if (k.x == 0 && k.y == 0) {
            both[AREA] = both[AREA] + (D0 * to[SIZE + j] - D1 * to[j]);
        }
    }
    __syncthreads();

    const long long x = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    if (x >= n) {
        return;
    }
    const Cell r = cell(x, sides);
    const Complex wave0 = wave(q0, r, sides);
    for (int a = 0; a < D; ++a) {
        for (int c = a; c < D; ++c) {
            const Block K_ca = block_at<D>(K, c, a, n, x);
            const double scale = factor[a] * factor[b] * factor[c] / n;
            for (int k = 0; k < chunk; ++k) {
                const Complex* both = X + k * 2 * AREA;
                const Cell k_q0 = sum(cell(k1[first + k], sides), q0, sides);
                const Complex wave1 = wave(k_q0, r, sides);
                const Complex value
                    = wave1 * trace(block_at<D>(both, a, c, 1, 0), K_ca)
                    + wave0 * trace(block_at<D>(both + AREA, a, c, 1, 0), K_ca);
                Complex* total = Theta
                    + (((first + k) * D + b) * PAIRS + packed<D>(a, c)) * n + x;
                *total = *total + scale * value;
            }
        }
    }
}

// What does not depend on the batch; see Bispectrum in the reference. `factors`
// (n, D, D) are the Cholesky factors M of ginv.
struct Corrections {
    const Complex* factors;
    const Complex* line;
    const double* point;
    const Complex* contact;
    const double* triple;
};

// W = M^T along one axis of T, in place: W_i = sum_{j >= i} M_ji T_j.
template <int D, int STRIDE>
__device__ inline void whiten(const Complex* M, Complex* T)
{
    UNROLL
    for (int i = 0; i < D; ++i) {
        UNROLL
        for (int rest = 0; rest < D * D; ++rest) {
            Complex* column = T + rest % STRIDE + rest / STRIDE * STRIDE * D;
            Complex value = M[i * D + i].re * column[i * STRIDE];
            UNROLL
            for (int j = i + 1; j < D; ++j) {
                value = value + M[j * D + i] * column[j * STRIDE];
            }
            column[i * STRIDE] = value;
        }
    }
}

// That_abc(k1, k2) from the connected part of k1, written to T[a, b, c].
template <int D>
__device__ inline void third_transform(
    const Complex* Theta,
    const Corrections& plan,
    long long n,
    long long k1,
    long long k2,
    long long k3,
    Complex* T)
{
    constexpr int PAIRS = D * (D + 1) / 2;
    const bool on_line = k1 == 0 || k2 == 0 || k3 == 0;
    UNROLL
    for (int a = 0; a < D; ++a) {
        UNROLL
        for (int b = 0; b < D; ++b) {
            UNROLL
            for (int c = 0; c < D; ++c) {
                Complex value = a <= c
                    ? Theta[(b * PAIRS + packed<D>(a, c)) * n + k2]
                    : Theta[(b * PAIRS + packed<D>(c, a)) * n + k3];
                if (a == b) {
                    value = value + plan.contact[(a * D + c) * n + k2];
                }
                if (a == c) {
                    value = value + plan.contact[(a * D + b) * n + k1];
                }
                if (b == c) {
                    value = value + plan.contact[(b * D + a) * n + k3];
                }
                if (a == b && b == c) {
                    value.re += plan.triple[a];
                }
                if (on_line && k2 == 0) {
                    value = value + plan.line[((a * D + b) * D + c) * n + k1];
                }
                if (on_line && k3 == 0) {
                    value = value + plan.line[((b * D + c) * D + a) * n + k2];
                }
                if (on_line && k1 == 0) {
                    value = value + plan.line[((a * D + c) * D + b) * n + k2];
                    if (k2 == 0) {
                        value.re += plan.point[(a * D + b) * D + c];
                    }
                }
                T[(a * D + b) * D + c] = value;
            }
        }
    }
}

// How often the triples with k2 count when only even k1 are run over.
__device__ inline double triple_weight(Cell k2, Cell sides)
{
    const bool halved = sides.x % 2 == 0 && sides.y % 2 == 0;
    return halved && (k2.x + k2.y) % 2 != 0 ? 3.0 : 1.0;
}

template <int D>
__device__ inline void contract(
    const Complex* __restrict__ Theta,
    const Corrections& plan,
    const long long* __restrict__ k1,
    Cell sides,
    double* __restrict__ out,
    double* partial)
{
    constexpr int PAIRS = D * (D + 1) / 2;
    const long long n = static_cast<long long>(sides.x) * sides.y;
    const long long step = static_cast<long long>(gridDim.y) * blockDim.x;
    const long long first = k1[blockIdx.x];
    const Complex* own = Theta + static_cast<long long>(blockIdx.x) * D * PAIRS * n;

    double total = 0.0;
    long long k2 = static_cast<long long>(blockIdx.y) * blockDim.x + threadIdx.x;
    for (; k2 < n; k2 += step) {
        const Cell second = cell(k2, sides);
        const Cell minus_third = sum(cell(first, sides), second, sides);
        const Cell third = difference({0, 0}, minus_third, sides);
        const long long k3 = flat_index(third, sides);
        if (k3 < k2) {
            continue;  // counted with k2 and k3 exchanged
        }
        Complex T[D * D * D];
        third_transform<D>(own, plan, n, first, k2, k3, T);
        whiten<D, D * D>(plan.factors + k3 * D * D, T);
        whiten<D, D>(plan.factors + first * D * D, T);
        whiten<D, 1>(plan.factors + k2 * D * D, T);
        double square = 0.0;
        UNROLL
        for (int e = 0; e < D * D * D; ++e) {
            square += T[e].re * T[e].re + T[e].im * T[e].im;
        }
        double weight = triple_weight(second, sides);
        if (k2 != k3) {
            weight += triple_weight(third, sides);
        }
        total += weight * square;
    }

    total = block_sum(total, partial);
    if (threadIdx.x == 0) {
        out[static_cast<long long>(blockIdx.x) * gridDim.y + blockIdx.y] = total;
    }
}

// out[i] = sum_j rows[i, j], a block a row.
extern "C" __global__ void third_row_sums(
    const double* rows, long long length, double* out)
{
    __shared__ double partial[LARGEST_BLOCK / WARP];
    double total = 0.0;
    for (long long j = threadIdx.x; j < length; j += blockDim.x) {
        total += rows[blockIdx.x * length + j];
    }
    total = block_sum(total, partial);
    if (threadIdx.x == 0) {
        out[blockIdx.x] = total;
    }
}

__device__ inline Cell sides_of(long long L1, long long L2)
{
    return {static_cast<int>(L1), static_cast<int>(L2)};
}

#define THIRD_SQUARES(D)                                                           \
    extern "C" __global__ void third_products_##D(                                 \
        const Complex* Khat, const long long* k1, long long m, long long L1,       \
        long long L2, long long b, Complex* F)                                     \
    {                                                                              \
        products<D>(Khat, k1, m, sides_of(L1, L2), static_cast<int>(b), F);        \
    }                                                                              \
                                                                                   \
    extern "C" __global__ void third_traces_##D(                                   \
        const Complex* F, const Complex* K, const long long* k1, long long m,      \
        long long L1, long long L2, long long t1, long long t2, long long b,       \
        const double* factor, long long overwrite, Complex* Theta)                 \
    {                                                                              \
        traces<D>(                                                                 \
            F, K, k1, m, sides_of(L1, L2), sides_of(t1, t2), static_cast<int>(b),  \
            factor, overwrite != 0, Theta);                                        \
    }                                                                              \
                                                                                   \
    extern "C" __global__ void third_modes_##D(                                    \
        const Complex* Khat, const Complex* shift, const Complex* K,               \
        const long long* k1, long long m, long long L1, long long L2,              \
        long long mode, long long b, const double* factor, Complex* Theta)         \
    {                                                                              \
        __shared__ Complex X[CHUNK * 2 * 2 * D * 2 * D];                           \
        modes<D>(                                                                  \
            Khat, shift, K, k1, m, sides_of(L1, L2), mode, static_cast<int>(b),    \
            factor, Theta, X);                                                     \
    }                                                                              \
                                                                                   \
    extern "C" __global__ void third_contract_##D(                                 \
        const Complex* Theta, const Complex* factors, const Complex* line,         \
        const double* point, const Complex* contact, const double* triple,         \
        const long long* k1, long long L1, long long L2, double* out)              \
    {                                                                              \
        __shared__ double partial[LARGEST_BLOCK / WARP];                           \
        const Corrections plan{factors, line, point, contact, triple};             \
        contract<D>(Theta, plan, k1, sides_of(L1, L2), out, partial);              \
    }

THIRD_SQUARES(2)
THIRD_SQUARES(3)
