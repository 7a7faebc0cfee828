// Distances read off a heat kernel: logarithms and inverse of the rate law, fused.
//
//   D_ij = scale I^{-1}(E_ij),
//   E_ij = max(0, half_i + half_j - log((H_ij + H_ji) / 2)) / t,   D_ii = 0,
//
// with half_i = log(H_ii) / 2. The rate I and the speed v of a walk follow from its
// tilt th by series of positive terms, c_k = (th^2 / 4)^k / (k! (a)_k),
//
//   first = th v = sum 2 k c_k,   I = sum (2 k - 1) c_k,
//   second = th^2 v' = sum 2 k (2 k - 1) c_k.
//
// The tilt of a rate e starts from a table of log I against log th, good to 3e-4;
// Newton's step for log I in log th makes it good to 1e-7. The last step needs no
// second tilt: with delta = log(e / I) and g = I / first = d log v / d log I,
//
//   log v(e) = log v + g delta + g (1 - I / second - g) delta^2 / 2 + O(delta^3).
//
// Mapping: a block is a pair of tiles (I, J), J >= I, of 32 x 32 entries; the tile below
// the diagonal goes through shared memory in both directions, so that every read and
// write is along rows. A warp is a row of the tile. Grid (tiles, tiles); the blocks with
// J < I return at once. Every entry is a function of its own three numbers, symmetric
// to the last bit.
//
// Per entry: 8 bytes read, 8 written; per pair of entries two series, 8 flops a term,
// about 25 terms at th = 10 and 40 at th = 20, and six logarithms, exponentials and
// roots. Any block of 32 to 1024 threads that is a multiple of 32 is right; not tuned.

constexpr int TILE = 32;
constexpr int NODES = 256;
constexpr int TERMS = 512;

// The law of a walk: its table and 1 / (k (a + k - 1)) for k < TERMS.
struct Law {
    double a;
    const double* log_rates;
    const double* log_tilts;
    const double* inverses;
};

struct Sums {
    double first, rate, second;
};

// The three series, until the rest is below 1e-17 of each sum.
__device__ inline Sums sums(double tilt, const Law& law)
{
    const double x = tilt * tilt / 4;
    double c = x * law.inverses[1];
    Sums s{2 * c, c, 2 * c};
    for (int k = 2; k < TERMS; ++k) {
        const double ratio = x * law.inverses[k];
        c *= ratio;
        const double twice = 2 * k;
        s.first += twice * c;
        s.rate += (twice - 1) * c;
        s.second += twice * (twice - 1) * c;
        if (ratio < 0.5 && twice * twice * c < 1e-17 * s.rate) {
            break;
        }
    }
    return s;
}

// First guess of log th: linear in the table, the leading term below it.
__device__ inline double start(double rate, double log_rate, const Law& law)
{
    if (log_rate < law.log_rates[0]) {
        return log(4 * law.a * rate) / 2;
    }
    int low = 0;
    for (int half = NODES / 2; half > 0; half /= 2) {
        if (low + half < NODES - 1 && law.log_rates[low + half] <= log_rate) {
            low += half;
        }
    }
    const double share = (log_rate - law.log_rates[low])
        / (law.log_rates[low + 1] - law.log_rates[low]);
    return law.log_tilts[low] + share * (law.log_tilts[low + 1] - law.log_tilts[low]);
}

// Speed at which the rate is `rate`, which is not negative.
__device__ inline double speed_of(double rate, const Law& law)
{
    if (!(rate > 0)) {
        return rate;
    }
    double log_tilt = start(rate, log(rate), law);
    const Sums guess = sums(exp(log_tilt), law);
    log_tilt -= log(guess.rate / rate) * guess.rate / guess.second;
    const double tilt = exp(log_tilt);
    const Sums s = sums(tilt, law);
    const double delta = log(rate / s.rate);
    const double g = s.rate / s.first;
    const double bend = g * (1 - s.rate / s.second - g);
    return s.first / tilt * exp(delta * (g + bend * delta / 2));
}

__device__ inline void load_law(
    double a,
    const double* log_rates,
    const double* log_tilts,
    double* shared_rates,
    double* shared_tilts,
    double* inverses)
{
    for (int i = threadIdx.x; i < NODES; i += blockDim.x) {
        shared_rates[i] = log_rates[i];
        shared_tilts[i] = log_tilts[i];
    }
    for (int k = threadIdx.x; k < TERMS; k += blockDim.x) {
        inverses[k] = k == 0 ? 0.0 : 1 / (k * (a + k - 1));
    }
}

extern "C" __global__ void rate_distances(
    const double* __restrict__ H,
    const double* __restrict__ half,
    const double* __restrict__ log_rates,
    const double* __restrict__ log_tilts,
    long long n,
    double a,
    double t,
    double scale,
    double* __restrict__ D)
{
    __shared__ double shared_rates[NODES];
    __shared__ double shared_tilts[NODES];
    __shared__ double inverses[TERMS];
    __shared__ double below[TILE][TILE + 1];

    const long long I = static_cast<long long>(blockIdx.y) * TILE;
    const long long J = static_cast<long long>(blockIdx.x) * TILE;
    if (J < I) {
        return;
    }
    const int lane = threadIdx.x % TILE;
    const int warp = threadIdx.x / TILE;
    const int n_warps = blockDim.x / TILE;

    load_law(a, log_rates, log_tilts, shared_rates, shared_tilts, inverses);
    const Law law{a, shared_rates, shared_tilts, inverses};
    for (int r = warp; r < TILE; r += n_warps) {
        if (J + r < n && I + lane < n) {
            below[r][lane] = H[(J + r) * n + I + lane];
        }
    }
    __syncthreads();

    const long long j = J + lane;
    for (int r = warp; r < TILE; r += n_warps) {
        const long long i = I + r;
        if (i < n && j < n) {
            const double mean = (H[i * n + j] + below[lane][r]) / 2;
            const double excess = half[i] + half[j] - log(mean);
            const double rate = excess < 0 ? 0.0 : excess / t;
            const double distance = i == j ? 0.0 : speed_of(rate, law) * scale;
            D[i * n + j] = distance;
            // This thread alone has read the place, so nothing waits for it.
            below[lane][r] = distance;
        }
    }
    if (I == J) {
        return;
    }
    __syncthreads();
    for (int r = warp; r < TILE; r += n_warps) {
        if (J + r < n && I + lane < n) {
            D[(J + r) * n + I + lane] = below[r][lane];
        }
    }
}
