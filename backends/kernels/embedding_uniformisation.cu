// One term of the Poisson sum of a heat kernel applied to a dense block of columns.
//
//   next = P power,    H += weight next,
//   *unfinished = 1 if somewhere  weight next + last_weight power > tol H,
//
// so that e^{-z} sum_k z^k / k! P^k B is summed term by term until two terms in a row
// are small beside every entry of H. All numbers are non-negative: no entry loses
// digits, however small it is.
//
// P is a sparse n x n matrix in rows (starts, columns, values), power, next and H are
// n x m, C order.
//
// Mapping: `width` neighbouring threads, 1 to 32 and a power of 2, are the columns of
// one row, so that they read a row of power side by side (coalesced) and the indices
// and values of P together (one broadcast). A block holds blockDim / width rows; grid
// (row tiles, column tiles). Rows are summed in the order in which they are stored: the
// result repeats to the last bit. All threads that raise the flag write the same 1.
//
// Per stored entry of P and column: 8 bytes of power, from the caches where rows share
// neighbours, and 2 flops; 12 bytes of P per stored entry and tile of columns. Per
// entry of H: 8 bytes read and 16 written, 16 more read where the rule is looked at.
// Any block that is a multiple of `width` is right; nothing is tuned yet.

extern "C" __global__ void uniformisation_term(
    const long long* __restrict__ starts,
    const int* __restrict__ columns,
    const double* __restrict__ values,
    long long n,
    long long m,
    long long width,
    const double* __restrict__ power,
    double weight,
    double last_weight,
    double tol,
    long long looks,
    double* __restrict__ next,
    double* __restrict__ H,
    int* unfinished)
{
    const long long lane = threadIdx.x % width;
    const long long rows = blockDim.x / width;
    const long long row = blockIdx.x * rows + threadIdx.x / width;
    const long long column = blockIdx.y * width + lane;
    if (row >= n || column >= m) {
        return;
    }

    double total = 0.0;
    const long long end = starts[row + 1];
    for (long long e = starts[row]; e < end; ++e) {
        total += values[e] * power[columns[e] * m + column];
    }

    const long long own = row * m + column;
    const double term = weight * total;
    const double sum = H[own] + term;
    next[own] = total;
    H[own] = sum;
    if (looks != 0 && !(term + last_weight * power[own] <= tol * sum)) {
        *unfinished = 1;
    }
}
