"""Logarithm of one whitened SPD matrix by preconditioned one-sided Jacobi rotations.

The matrix ``W = X C X^T`` is never formed. With the Cholesky factor ``C = L L^T``
and ``K = X L``, ``W = K K^T``, so the singular values ``s`` and left singular vectors
``u`` of ``K`` give

    log W = sum_k 2 log(s_k) u_k u_k^T.

Two steps find them. First, the eigenvectors ``V`` of the Gram matrix ``K^T K``, by
reduction to tridiagonal form and QL iteration: fast, but accurate only relative to
the largest eigenvalue. Second, one-sided Jacobi rotations (Hestenes) on the columns of
``K V``, which are almost orthogonal already, so that one or two sweeps make them
orthogonal to working accuracy instead of six or seven. Their lengths are then ``s_k``
and their directions ``u_k``. ``V`` only has to be orthogonal; its errors as
eigenvectors are repaired.

Errors of ``log W``: those of the Cholesky factor, ``eps`` times the condition number
of ``C`` scaled to unit diagonal, and those of the singular values, ``eps`` times the
square root of the condition number of ``W``. An eigenvalue method on ``W`` has ``eps``
times the condition number of ``W`` itself.

The functions are scalar code for one matrix: `geomsci.backends.compile` turns this
very source into the host kernel and into the body of a GPU thread. Interpreted, they
are the specification that both are tested against. Arrays are anything that is
indexed as ``a[i, j]``; nothing is allocated here. Rows are what the loops run along,
so the columns of ``K`` are stored as the rows of an array.

References
----------
M. R. Hestenes, "Inversion of matrices by biorthogonalization and related results",
J. SIAM 6 (1958) 51, section 6.
J. Demmel and K. Veselic, "Jacobi's method is more accurate than QR", SIAM J. Matrix
Anal. Appl. 13 (1992) 1204, algorithm 4.1.
Z. Drmac and K. Veselic, "New fast and accurate Jacobi SVD algorithm I", SIAM J. Matrix
Anal. Appl. 29 (2008) 1322 (why a preconditioner keeps the accuracy).
F. T. Luk and H. Park, "A proof of convergence for two parallel Jacobi SVD
algorithms", IEEE Trans. Computers 38 (1989) 806 (the modulus order of the pairs).
G. H. Golub and C. F. Van Loan, "Matrix Computations", 4th edition (2013), algorithms
8.3.1 (tridiagonal form) and 8.3.2 (implicit step with Wilkinson's shift).
"""

import math

EPS = 2.220446049250313e-16
TINY = 2.2250738585072014e-308
LARGEST = 1.7976931348623157e308

OK = 0
NOT_POSITIVE_DEFINITE = 1
NO_CONVERGENCE = 2

MAX_SWEEPS = 40
"""Even without the first step, 9 sweeps are enough; more means that it failed."""

MAX_QL_STEPS = 30
"""Steps for one eigenvalue; two are usual, and Jacobi repairs what is left undone."""


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
    """Rows of ``K`` become the columns of ``X L``; returns the scale taken off them.

    Row ``j`` is ``sum_{k >= j} L[k, j] Xt[k, :]``. All of ``K`` is divided by its
    largest entry, so that squares neither overflow nor underflow; the columns of ``K``
    beyond ``n`` are set to zero. The scale 0 says that there is no usable one.
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
        for c in range(n):
            size = abs(K[j, c])
            largest = size if size > largest else largest
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


def gram_matrix(K, G):
    """``G`` becomes the inner products of the rows of ``K``, zero beyond ``n``."""
    n = G.shape[0]
    for i in range(n):
        for j in range(n, G.shape[1]):
            G[i, j] = 0.0
        for j in range(i + 1):
            product = 0.0
            for c in range(K.shape[1]):
                product += K[i, c] * K[j, c]
            G[i, j] = product
            G[j, i] = product


def reduce_to_tridiagonal(G, factors, beside):
    """Householder reflections from the last row up make ``G`` tridiagonal.

    Row ``i`` of ``G`` keeps the vector ``v`` of its reflection ``1 - f v v^T`` in the
    first ``i`` entries, ``factors[i]`` is ``f``, the diagonal is that of the
    tridiagonal matrix, and ``beside[i]`` couples ``i - 1`` and ``i``.
    """
    n = G.shape[0]
    for i in range(n - 1, 0, -1):
        rest = 0.0
        for c in range(i - 1):
            rest += G[i, c] * G[i, c]
        head = G[i, i - 1]
        beside[i] = head
        factors[i] = 0.0
        if rest > 0.0:
            length = math.sqrt(head * head + rest)
            beside[i] = -length if head > 0.0 else length
            G[i, i - 1] = head - beside[i]
            factor = 1.0 / (length * (length + abs(head)))
            factors[i] = factor
            # Two-sided update G - v w^T - w v^T; w lies in the unused part of beside.
            inner = 0.0
            for r in range(i):
                product = 0.0
                for c in range(i):
                    product += G[r, c] * G[i, c]
                beside[r] = factor * product
                inner += beside[r] * G[i, r]
            for c in range(i):
                beside[c] -= 0.5 * factor * inner * G[i, c]
            for r in range(i):
                x = G[i, r]
                y = beside[r]
                for c in range(i):
                    G[r, c] -= x * beside[c] + y * G[i, c]


def product_of_reflections(G, factors, diagonal):
    """Rows of ``G`` become those of ``Z`` with ``Z^T T Z`` the matrix reduced to ``T``.

    ``diagonal`` receives the diagonal of ``T``.
    """
    n = G.shape[0]
    for i in range(n):
        if factors[i] != 0.0 and i > 0:
            for r in range(i):
                product = 0.0
                for c in range(i):
                    product += G[r, c] * G[i, c]
                product *= factors[i]
                for c in range(i):
                    G[r, c] -= product * G[i, c]
        diagonal[i] = G[i, i]
        G[i, i] = 1.0
        for c in range(i):
            G[i, c] = 0.0
            G[c, i] = 0.0


def rotate_rows(K, i, j, cosine, sine):
    """Replace rows ``i`` and ``j`` by ``c k_i - s k_j`` and ``s k_i + c k_j``."""
    for c in range(K.shape[1]):
        x = K[i, c]
        y = K[j, c]
        K[i, c] = cosine * x - sine * y
        K[j, c] = sine * x + cosine * y


def end_of_block(diagonal, beside, first):
    """Last index of the part of ``T`` from ``first`` on that does not decouple."""
    last = first
    while last + 1 < diagonal.shape[0]:
        size = abs(diagonal[last]) + abs(diagonal[last + 1])
        if abs(beside[last + 1]) <= EPS * size:
            break
        last += 1
    return last


def ql_step(diagonal, beside, Z, first, last):
    """One implicit QL step with Wilkinson's shift on ``first .. last``."""
    g = (diagonal[first + 1] - diagonal[first]) / (2.0 * beside[first + 1])
    r = math.sqrt(g * g + 1.0)
    shifted = g + r if g >= 0.0 else g - r
    g = diagonal[last] - diagonal[first] + beside[first + 1] / shifted
    sine = 1.0
    cosine = 1.0
    p = 0.0
    for i in range(last - 1, first - 1, -1):
        f = sine * beside[i + 1]
        b = cosine * beside[i + 1]
        r = math.sqrt(f * f + g * g)
        if i + 1 < last:
            beside[i + 2] = r
        if r == 0.0:
            # The matrix decouples here: the next step starts from two blocks.
            diagonal[i + 1] -= p
            return
        inverse = 1.0 / r
        sine = f * inverse
        cosine = g * inverse
        g = diagonal[i + 1] - p
        r = (diagonal[i] - g) * sine + 2.0 * cosine * b
        p = sine * r
        diagonal[i + 1] = g + p
        g = cosine * r - b
        rotate_rows(Z, i, i + 1, cosine, sine)
    diagonal[first] -= p
    beside[first + 1] = g


def ql_iteration(diagonal, beside, Z):
    """Rows of ``Z`` become eigenvectors of ``Z^T T Z``; always orthonormal rows."""
    for first in range(diagonal.shape[0]):
        for _ in range(MAX_QL_STEPS):
            last = end_of_block(diagonal, beside, first)
            if last == first:
                break
            ql_step(diagonal, beside, Z, first, last)


def combine_rows(Z, K, turned):
    """Rows of ``turned`` become those of ``Z K``."""
    n = Z.shape[0]
    for i in range(n):
        for c in range(K.shape[1]):
            turned[i, c] = 0.0
        for j in range(n):
            factor = Z[i, j]
            for c in range(K.shape[1]):
                turned[i, c] += factor * K[j, c]


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


def logarithm_from_rows(K, squares, scale, total, out):
    """``out = sum_k log(scale^2 |k|^2) k k^T / |k|^2`` over the orthogonal rows ``k``.

    The sum is built in the workspace ``total``, of the shape of ``K``; its lower
    triangle is mirrored, so that the result is symmetric to the last bit. False if a
    row is zero, so that the logarithm does not exist.
    """
    n = squares.shape[0]
    for i in range(n):
        for c in range(K.shape[1]):
            total[i, c] = 0.0
    for k in range(n):
        if not 0.0 < squares[k] <= LARGEST:
            return False
        weight = (math.log(squares[k]) + 2.0 * math.log(scale)) / squares[k]
        for i in range(n):
            factor = weight * K[k, i]
            for c in range(K.shape[1]):
                total[i, c] += factor * K[k, c]
    for i in range(n):
        for j in range(i + 1):
            out[i, j] = total[i, j]
            out[j, i] = total[i, j]
    return True


def whitened_log_of_one(Xt, C, out, factors, vectors, pairs):
    """``out = log(X C X^T)`` for one real SPD matrix ``C``.

    Parameters
    ----------
    Xt : array, shape (n, n)
        Transpose of ``X``, nonsingular; its rows are read contiguously.
    C : array, shape (n, n)
        Symmetric positive definite; only the lower triangle is read.
    out : array, shape (n, n)
        Receives the logarithm, exactly symmetric; holds the Cholesky factor meanwhile.
    factors : array, shape (3, n, m), m >= n
        Workspace: the columns of ``X L``, the eigenvectors of their Gram matrix, and
        the columns after the first step. What is beyond ``n`` is zero, so a host can
        choose ``m`` as a multiple of its vector length.
    vectors : array, shape (3, n)
    pairs : array, shape (5, max(1, n // 2))
        Workspaces.

    Returns
    -------
    status : int
        `OK`, `NOT_POSITIVE_DEFINITE` (also for NaN, infinity and singular ``X``) or
        `NO_CONVERGENCE`; ``out`` is meaningful only for `OK`.

    Notes
    -----
    About ``20 n^3`` flops, half of them in the rotations of the QL iteration.
    """
    K = factors[0, ...]
    Z = factors[1, ...]
    turned = factors[2, ...]
    squares = vectors[0, ...]
    beside = vectors[1, ...]
    diagonal = vectors[2, ...]
    if not cholesky_factor(C, out):
        return NOT_POSITIVE_DEFINITE
    scale = whitened_factor(Xt, out, K)
    if scale == 0.0:
        return NOT_POSITIVE_DEFINITE
    gram_matrix(K, Z)
    reduce_to_tridiagonal(Z, squares, beside)
    product_of_reflections(Z, squares, diagonal)
    ql_iteration(diagonal, beside, Z)
    combine_rows(Z, K, turned)
    if not orthogonalise_rows(turned, squares, pairs):
        return NO_CONVERGENCE
    squared_lengths(turned, squares)
    if not logarithm_from_rows(turned, squares, scale, K, out):
        return NOT_POSITIVE_DEFINITE
    return OK


def whitened_log_of_many(Xt, C, out, status, first, last, factors, vectors, pairs):
    """`whitened_log_of_one` for the matrices ``first <= b < last`` of a stack.

    ``C`` and ``out`` have the shape (N, n, n), ``status`` the shape (N,); the other
    arguments are those of `whitened_log_of_one` and are shared by the matrices.
    """
    for b in range(first, last):
        status[b] = whitened_log_of_one(
            Xt, C[b, ...], out[b, ...], factors, vectors, pairs
        )
