// Products in Fourier space that the curvature of a smoothed field is made from.
//
//   parts         G, i k_0 G and -k_0^2 G with G = f_0 f_1 f_2 F: Gaussian, window and
//                 the derivatives along axis 0 of the coefficients F, for `columns`
//                 neighbours along axis 1 from `start` on
//   transform     along axis 0, by cuFFT: A, B, C
//   derivatives   on some planes of axis 0: the coefficients of the density, its d
//                 first and d (d + 1) / 2 second derivatives,
//                   A;  B, i k_1 A, i k_2 A;
//                   C, i k_1 B, i k_2 B, -k_1^2 A, -k_1 k_2 A, -k_2^2 A
//                 (without those that name axis 2 in the plane)
//   transform     along the other axes, by cuFFT, all of them as one batch
//
// as geomsci.reference.entropic.log_hessian defines it. The last axis is halved. Factors
// of odd derivatives drop the Nyquist mode, squares keep it. In two dimensions parts
// takes n_2 = 1 and f_2 = 1. Tables of the filters hold one axis each, in the type of
// the field; wavenumbers are integers times `unit` = 2 pi / L, rounded once to it. Only
// products: a result is that of the reference to the last bit.
//
// Mapping: a thread is a coefficient of a plane of axis 0, grid (cells / threads,
// planes). Neighbouring threads read and write neighbouring coefficients (coalesced);
// the tables come from the caches.
//
// Complex numbers per coefficient (8 or 16 bytes) and flops:
//   parts         1 read,  3 written;  about 10
//   derivatives   3 read, 10 written (6 in the plane);  about 25
// Bound by memory. Any block of 32 to 1024 threads is right; nothing is tuned yet.

template <typename Real>
struct alignas(2 * sizeof(Real)) Complex {
    Real re, im;
};

template <typename Real>
__device__ inline Complex<Real> scaled(Real factor, Complex<Real> z)
{
    return {factor * z.re, factor * z.im};
}

// i factor z
template <typename Real>
__device__ inline Complex<Real> turned(Real factor, Complex<Real> z)
{
    return {-(factor * z.im), factor * z.re};
}

// Wavenumber of a mode of an axis of n cells; `odd` drops the Nyquist mode.
template <typename Real>
__device__ inline Real wavenumber(long long mode, long long n, double unit, bool odd)
{
    if (odd && 2 * mode == n) {
        return Real(0);
    }
    return static_cast<Real>((mode > n / 2 ? mode - n : mode) * unit);
}

template <typename Real>
__device__ inline void parts(
    const Complex<Real>* __restrict__ F,
    const Real* __restrict__ f_0,
    const Real* __restrict__ f_1,
    const Real* __restrict__ f_2,
    long long n_0,
    long long n_1,
    long long n_2,
    long long start,
    long long columns,
    double unit,
    Complex<Real>* __restrict__ out)
{
    const int cell = blockIdx.x * blockDim.x + threadIdx.x;
    const int cells = static_cast<int>(columns * n_2);
    if (cell >= cells) {
        return;
    }
    const int width = static_cast<int>(n_2);
    const long long plane = blockIdx.y;
    const long long column = start + cell / width;

    Complex<Real> G = F[(plane * n_1 + start) * n_2 + cell];
    G = scaled(f_0[plane], G);
    G = scaled(f_1[column], G);
    G = scaled(f_2[cell % width], G);

    const Real even = wavenumber<Real>(plane, n_0, unit, false);
    const Real odd = wavenumber<Real>(plane, n_0, unit, true);
    const long long size = n_0 * cells;
    Complex<Real>* own = out + plane * cells + cell;
    own[0] = G;
    own[size] = turned(odd, G);
    own[2 * size] = scaled(-(even * even), G);
}

template <int D, typename Real>
__device__ inline void derivatives(
    const Complex<Real>* __restrict__ A,
    const Complex<Real>* __restrict__ B,
    const Complex<Real>* __restrict__ C,
    long long planes,
    long long cells,
    long long n_1,
    long long n_2,
    double unit_1,
    double unit_2,
    Complex<Real>* __restrict__ out)
{
    const int cell = blockIdx.x * blockDim.x + threadIdx.x;
    if (cell >= cells) {
        return;
    }
    const long long place = blockIdx.y * cells + cell;
    const long long size = planes * cells;
    const Complex<Real> a = A[place], b = B[place], c = C[place];
    Complex<Real>* own = out + place;

    const int width = D == 3 ? static_cast<int>(n_2 / 2 + 1) : 1;
    const int mode_1 = cell / width;
    const Real even_1 = wavenumber<Real>(mode_1, n_1, unit_1, false);
    const Real odd_1 = wavenumber<Real>(mode_1, n_1, unit_1, true);
    own[0] = a;
    own[size] = b;
    own[2 * size] = turned(odd_1, a);
    if constexpr (D == 2) {
        own[3 * size] = c;
        own[4 * size] = turned(odd_1, b);
        own[5 * size] = scaled(-(even_1 * even_1), a);
    } else {
        const int mode_2 = cell % width;
        const Real even_2 = wavenumber<Real>(mode_2, n_2, unit_2, false);
        const Real odd_2 = wavenumber<Real>(mode_2, n_2, unit_2, true);
        own[3 * size] = turned(odd_2, a);
        own[4 * size] = c;
        own[5 * size] = turned(odd_1, b);
        own[6 * size] = turned(odd_2, b);
        own[7 * size] = scaled(-(even_1 * even_1), a);
        own[8 * size] = scaled(-(odd_1 * odd_2), a);
        own[9 * size] = scaled(-(even_2 * even_2), a);
    }
}

#define PARTS(NAME, REAL)                                                          \
    extern "C" __global__ void NAME(                                               \
        const Complex<REAL>* __restrict__ F, const REAL* __restrict__ f_0,         \
        const REAL* __restrict__ f_1, const REAL* __restrict__ f_2, long long n_0, \
        long long n_1, long long n_2, long long start, long long columns,          \
        double unit, Complex<REAL>* __restrict__ out)                              \
    {                                                                              \
        parts<REAL>(F, f_0, f_1, f_2, n_0, n_1, n_2, start, columns, unit, out);   \
    }

#define DERIVATIVES(NAME, D, REAL)                                                 \
    extern "C" __global__ void NAME(                                               \
        const Complex<REAL>* __restrict__ A, const Complex<REAL>* __restrict__ B,  \
        const Complex<REAL>* __restrict__ C, long long planes, long long cells,    \
        long long n_1, long long n_2, double unit_1, double unit_2,                \
        Complex<REAL>* __restrict__ out)                                           \
    {                                                                              \
        derivatives<D, REAL>(                                                      \
            A, B, C, planes, cells, n_1, n_2, unit_1, unit_2, out);                \
    }

PARTS(smoothed_parts_float, float)
PARTS(smoothed_parts_double, double)
DERIVATIVES(plane_derivatives_2_float, 2, float)
DERIVATIVES(plane_derivatives_2_double, 2, double)
DERIVATIVES(plane_derivatives_3_float, 3, float)
DERIVATIVES(plane_derivatives_3_double, 3, double)
