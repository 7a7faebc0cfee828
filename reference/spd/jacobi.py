"""Logarithm of one whitened SPD matrix by one-sided Jacobi rotations.

The matrix ``W = X C X^T`` is never formed. With the Cholesky factor ``C = L L^T``
and ``K = X L``, ``W = K K^T``, so the singular values ``s`` and left singular vectors
``u`` of ``K`` give

    log W = sum_k 2 log(s_k) u_k u_k^T.

The one-sided Jacobi method (Hestenes 1958) rotates pairs of columns of ``K`` until
all are orthogonal; their lengths are then ``s_k`` and their directions ``u_k``. No
product of ``C`` with itself and no difference of eigenvalues occurs, so a small
eigenvalue keeps a relative error of about ``eps`` times the condition number of
``K`` with columns scaled to length one (Demmel and Veselic 1992), where an
eigenvalue method on ``W`` loses ``eps`` times the condition number of ``W``.

The functions are scalar code for one matrix: `geomsci.backends.compile` turns this
very source into the host kernel and into the body of a GPU thread. Interpreted, they
are the specification that both are tested against. Arrays are anything that is
indexed as ``a[i, j]``; nothing is allocated here.

References
----------
M. R. Hestenes, "Inversion of matrices by biorthogonalization and related results",
J. SIAM 6 (1958) 51, section 6.
J. Demmel and K. Veselic, "Jacobi's method is more accurate than QR", SIAM J. Matrix
Anal. Appl. 13 (1992) 1204, algorithm 4.1 and theorem 4.1.
F. T. Luk and H. Park, "A proof of convergence for two parallel Jacobi SVD
algorithms", IEEE Trans. Computers 38 (1989) 806 (the modulus order of the pairs).
"""

import math

EPS = 2.220446049250313e-16
TINY = 2.2250738585072014e-308
LARGEST = 1.7976931348623157e308

OK = 0
NOT_POSITIVE_DEFINITE = 1
NO_CONVERGENCE = 2

MAX_SWEEPS = 40
"""Quadratic convergence needs 5 to 9 sweeps; more means that it failed."""


def cholesky_factor(C, L):
    """Lower triangle of ``L`` with ``C = L L^T``; False if ``C`` is not SPD.

    Row by row (Cholesky-Banachiewicz), reading only the lower triangle of ``C``. The
    upper triangle of ``L`` is neither read nor written. NaN and infinity fail too.
    """
    n = C.shape[0]
    for i in range(n):
        for j in range(i):
            rest = C[i, j]
            for k in range(j):
                rest -= L[i, k] * L[j, k]
            L[i, j] = rest / L[j, j]
        rest = C[i, i]
        for k in range(i):
            rest -= L[i, k] * L[i, k]
        if not 0.0 < rest <= LARGEST:
            return False
        L[i, i] = math.sqrt(rest)
    return True


def whitened_factor(Xt, L, K):
    """Rows of ``K`` become the columns of ``X L``, and their squared scale is returned.

    Row ``j`` is ``sum_{k >= j} L[k, j] Xt[k, :]``. All of ``K`` is divided by the
    length of its longest row, so that squares neither overflow nor underflow; columns
    of ``K`` beyond ``n`` are set to zero.
    """
    n = L.shape[0]
    width = K.shape[1]
    largest = 0.0
    for j in range(n):
        for c in range(width):
            K[j, c] = 0.0
        for k in range(j, n):
            factor = L[k, j]
            for c in range(n):
                K[j, c] += factor * Xt[k, c]
        peak = 0.0
        for c in range(n):
            peak = max(peak, abs(K[j, c]))
        largest = max(largest, peak)
    if not 0.0 < largest <= LARGEST:
        return 0.0
    inverse = 1.0 / largest
    for j in range(n):
        for c in range(n):
            K[j, c] *= inverse
    return largest


def squared_lengths(K, squares):
    """``squares[j]`` becomes the squared length of row ``j`` of ``K``."""
    for j in range(squares.shape[0]):
        total = 0.0
        for c in range(K.shape[1]):
            total += K[j, c] * K[j, c]
        squares[j] = total


def partner(i, step, n):
    """Index paired with ``i`` in a step of the modulus order: ``step - i mod n``."""
    j = step - i
    return j + n if j < 0 else j


def measure_pairs(K, squares, step, pairs):
    """Inner products of the disjoint pairs of one step; returns their number.

    Step ``s`` holds the pairs ``i < j`` with ``i + j = s mod n``; over
    ``s = 0 .. n-1`` every pair comes once. Rows 0 to 2 of ``pairs`` become
    ``|k_i|^2``, ``|k_j|^2`` and ``k_i . k_j``.
    """
    n = squares.shape[0]
    count = 0
    for i in range(n):
        j = partner(i, step, n)
        if i < j:
            product = 0.0
            for c in range(K.shape[1]):
                product += K[i, c] * K[j, c]
            pairs[0, count] = squares[i]
            pairs[1, count] = squares[j]
            pairs[2, count] = product
            count += 1
    return count


def rotation_angles(pairs, count, tolerance):
    """Cosines and sines that make every pair orthogonal, without a branch.

    With ``d = (|k_j|^2 - |k_i|^2) / 2`` and ``g = k_i . k_j``, the tangent of the
    smaller angle is ``t = sign(d) g / (|d| + sqrt(d^2 + g^2))``. A pair that is
    orthogonal within the tolerance keeps ``t = 0``. Rows 3 and 4 of ``pairs`` become
    cosine and sine, rows 0 and 1 the new squared lengths.

    Returns
    -------
    coupling, turning : float
        Sums over the pairs of the squared cosine of the angle between the two rows
        and of the squared sine of the rotation.
    """
    coupling = 0.0
    turning = 0.0
    for p in range(count):
        a = pairs[0, p]
        b = pairs[1, p]
        g = pairs[2, p]
        d = 0.5 * (b - a)
        t = g / (abs(d) + math.sqrt(d * d + g * g) + TINY)
        t = t if d >= 0.0 else -t
        t = t if g * g > tolerance * tolerance * (a * b) else 0.0
        cosine = 1.0 / math.sqrt(1.0 + t * t)
        sine = t * cosine
        coupling += g * g / (a * b + TINY)
        turning += sine * sine
        pairs[0, p] = a - t * g
        pairs[1, p] = b + t * g
        pairs[3, p] = cosine
        pairs[4, p] = sine
    return coupling, turning


def rotate_rows(K, i, j, cosine, sine):
    """Replace rows ``i`` and ``j`` by ``c k_i - s k_j`` and ``s k_i + c k_j``."""
    for c in range(K.shape[1]):
        x = K[i, c]
        y = K[j, c]
        K[i, c] = cosine * x - sine * y
        K[j, c] = sine * x + cosine * y


def rotate_pairs(K, squares, step, pairs):
    """Apply the rotations of one step."""
    n = squares.shape[0]
    p = 0
    for i in range(n):
        j = partner(i, step, n)
        if i < j:
            squares[i] = pairs[0, p]
            squares[j] = pairs[1, p]
            rotate_rows(K, i, j, pairs[3, p], pairs[4, p])
            p += 1


def orthogonal_enough(coupling, turning, tolerance):
    """True if the sweep left every pair of rows orthogonal within the tolerance.

    A rotation zeroes its own pair; the later rotations of the sweep feed back at most
    ``sum |sine| |cosine|`` over the pairs, which is at most
    ``sqrt(turning * coupling)``. So the sweep after the last useful one is not spent.
    """
    return turning * coupling <= tolerance * tolerance


def orthogonalise_rows(K, squares, pairs):
    """Rotate the rows of ``K`` until they are orthogonal; False if that fails."""
    n = squares.shape[0]
    tolerance = EPS * math.sqrt(n)
    for _ in range(MAX_SWEEPS):
        squared_lengths(K, squares)
        coupling = 0.0
        turning = 0.0
        for step in range(n):
            count = measure_pairs(K, squares, step, pairs)
            cosines, sines = rotation_angles(pairs, count, tolerance)
            if sines > 0.0:
                rotate_pairs(K, squares, step, pairs)
            coupling += cosines
            turning += sines
        if orthogonal_enough(coupling, turning, tolerance):
            return True
    return False


def logarithm_from_rows(K, squares, scale, out):
    """``out = sum_k log(scale^2 |k|^2) k k^T / |k|^2`` over the orthogonal rows ``k``.

    Only the lower triangle is summed, then mirrored: the result is symmetric to the
    last bit. False if a row is zero, so that the logarithm does not exist.
    """
    n = squares.shape[0]
    for i in range(n):
        for j in range(n):
            out[i, j] = 0.0
    for k in range(n):
        if not 0.0 < squares[k] <= LARGEST:
            return False
        weight = (math.log(squares[k]) + 2.0 * math.log(scale)) / squares[k]
        for i in range(n):
            factor = weight * K[k, i]
            for j in range(i + 1):
                out[i, j] += factor * K[k, j]
    for i in range(n):
        for j in range(i):
            out[j, i] = out[i, j]
    return True


def whitened_log_of_one(Xt, C, out, K, squares, pairs):
    """``out = log(X C X^T)`` for one real SPD matrix ``C``.

    Parameters
    ----------
    Xt : array, shape (n, n)
        Transpose of ``X``, nonsingular; its rows are read contiguously.
    C : array, shape (n, n)
        Symmetric positive definite; only the lower triangle is read.
    out : array, shape (n, n)
        Receives the logarithm, exactly symmetric; holds the Cholesky factor meanwhile.
    K : array, shape (n, m), m >= n
        Workspace for the columns of ``X L``; the columns beyond ``n`` are zero, so a
        host can choose ``m`` as a multiple of its vector length.
    squares : array, shape (n,)
    pairs : array, shape (5, max(1, n // 2))
        Workspaces.

    Returns
    -------
    status : int
        `OK`, `NOT_POSITIVE_DEFINITE` (also for NaN, infinity and singular ``X``) or
        `NO_CONVERGENCE`; ``out`` is meaningful only for `OK`.

    Notes
    -----
    About ``4 n^3`` flops a sweep and 5 to 9 sweeps; ``(n + 2) (m + 3)`` numbers of
    workspace. The pairs of one step are disjoint, so a processor overlaps them.
    """
    if not cholesky_factor(C, out):
        return NOT_POSITIVE_DEFINITE
    scale = whitened_factor(Xt, out, K)
    if scale == 0.0:
        return NOT_POSITIVE_DEFINITE
    if not orthogonalise_rows(K, squares, pairs):
        return NO_CONVERGENCE
    squared_lengths(K, squares)
    if not logarithm_from_rows(K, squares, scale, out):
        return NOT_POSITIVE_DEFINITE
    return OK


def whitened_log_of_many(Xt, C, out, status, first, last, K, squares, pairs):
    """`whitened_log_of_one` for the matrices ``first <= b < last`` of a stack.

    ``C`` and ``out`` have the shape (N, n, n), ``status`` the shape (N,); the other
    arguments are those of `whitened_log_of_one` and are shared by the matrices.
    """
    for b in range(first, last):
        status[b] = whitened_log_of_one(
            Xt, C[b, :, :], out[b, :, :], K, squares, pairs
        )
