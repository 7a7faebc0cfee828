"""One linear algebra for every array library: batched, with one error contract.

Every function takes stacks ``(..., m, n)``, works on NumPy, CuPy, torch and any
other array API library, and raises `geomsci.backends.LinAlgError` when the
factorisation fails, whatever the library does by itself: NumPy raises its own class
(or returns NaN from ``cholesky``), torch raises a ``RuntimeError``, CuPy returns
garbage unless told otherwise.

============== ======================== ============================ ===============
function       NumPy                    CuPy, torch                  other libraries
============== ======================== ============================ ===============
cholesky       xp.linalg                xp.linalg                    xp.linalg
eigh, svd, qr  xp.linalg                xp.linalg (CuPy: in chunks)  xp.linalg
solve          xp.linalg                xp.linalg                    xp.linalg
solve_triang.  LAPACK, small: solve     torch: its own, CuPy: solve  solve
lstsq          svd                      svd                          svd
expm           scipy                    torch: its own, CuPy: Pade   Pade
gram           BLAS syrk                matmul                       matmul
leading_eigh   Lanczos, small: eigh     eigh                         eigh
============== ======================== ============================ ===============
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from geomsci.backends import arrays
from geomsci.backends.arrays import Array, array_namespace
from geomsci.backends.blas_threads import one_thread
from geomsci.backends.errors import LinAlgError

# cuSOLVER's batched Jacobi counts its workspace in 32-bit integers.
_CUPY_EIGH_ENTRIES = 2**24

# Rows from which a loop of triangular solves beats one batched general solve.
_LOOP_FROM = 48

# Rows from which a few Lanczos vectors are cheaper than all eigenvectors.
_LANCZOS_FROM = 500


class EighResult(NamedTuple):
    """Eigenvalues in ascending order and the eigenvectors in columns."""

    eigenvalues: Array
    eigenvectors: Array


class SVDResult(NamedTuple):
    """Thin singular value decomposition ``A = U diag(S) Vh``."""

    U: Array
    S: Array
    Vh: Array


class QRResult(NamedTuple):
    """Thin QR decomposition ``A = Q R``."""

    Q: Array
    R: Array


@contextlib.contextmanager
def _contract(operation: str, x: Array) -> Iterator[None]:
    """Turn every library's failure into our LinAlgError."""
    failures: tuple[type[BaseException], ...] = (np.linalg.LinAlgError,)
    name = arrays.library(x)
    silent: Any = contextlib.nullcontext()
    if name == "torch":
        failures += (sys.modules["torch"].linalg.LinAlgError,)
    elif name == "cupy":
        silent = sys.modules["cupyx"].errstate(linalg="raise")
    try:
        with silent, one_thread(x):
            yield
    except LinAlgError:
        raise
    except failures as error:
        raise LinAlgError(f"{operation} failed: {error}") from error


def _require_number(xp: Any, operation: str, x: Array) -> None:
    """Some libraries return NaN where others raise: make it an error everywhere."""
    if not bool(xp.all(xp.isfinite(x))):
        raise LinAlgError(
            f"{operation} failed: the result is not finite, so an input matrix is "
            "singular, indefinite or holds NaN."
        )


def matrix_transpose(x: Array) -> Array:
    """Conjugate transpose of the last two axes."""
    xp = array_namespace(x)
    x = xp.matrix_transpose(x)
    return xp.conj(x) if xp.isdtype(x.dtype, "complex floating") else x


def cholesky(A: Array) -> Array:
    """Lower triangular ``L`` with ``A = L L^H``; reads the lower triangle of ``A``."""
    xp = array_namespace(A)
    with _contract("cholesky", A):
        L = xp.linalg.cholesky(A)
        _require_number(xp, "cholesky", xp.linalg.diagonal(L))
    return L


def eigh(A: Array) -> EighResult:
    """Eigenvalues (ascending) and eigenvectors of Hermitian matrices."""
    xp = array_namespace(A)
    with _contract("eigh", A):
        pieces = [xp.linalg.eigh(part) for part in _eigh_parts(xp, A)]
        values = [p[0] for p in pieces]
        vectors = [p[1] for p in pieces]
        w = values[0] if len(pieces) == 1 else xp.concat(values, axis=0)
        v = vectors[0] if len(pieces) == 1 else xp.concat(vectors, axis=0)
        _require_number(xp, "eigh", w)
    return EighResult(
        xp.reshape(w, A.shape[:-1]) if len(pieces) > 1 else w,
        xp.reshape(v, A.shape) if len(pieces) > 1 else v,
    )


def leading_eigh(A: Array, k: int) -> EighResult:
    """The k largest eigenvalues of one symmetric matrix, descending, and vectors.

    On NumPy from 500 rows on by Lanczos iterations from a fixed start, to the last
    digits of the largest eigenvalue: O(n^2) each. Elsewhere a whole `eigh`.
    """
    n = A.shape[-1]
    if arrays.library(A) == "numpy" and n >= _LANCZOS_FROM and k <= n // 20:
        found = _lanczos(A, k)
        if found is not None:
            return found
    xp = array_namespace(A)
    values, vectors = eigh(A)
    return EighResult(
        xp.flip(values[n - k :], axis=0), xp.flip(vectors[:, n - k :], axis=1)
    )


def _lanczos(A: np.ndarray, k: int) -> EighResult | None:
    """`leading_eigh` of a large NumPy matrix, None if the iterations end early."""
    from scipy.sparse.linalg import ArpackError, eigsh

    # A fixed start makes the result a function of A; no structure of A is likely to
    # be orthogonal to it.
    uniform = np.random.Generator(np.random.Philox(key=0)).random(A.shape[0])
    start = np.subtract(uniform, 0.5, dtype=A.dtype)
    try:
        values, vectors = eigsh(A, k, which="LA", v0=start)
    except ArpackError:
        return None
    order = np.argsort(-values, kind="stable")
    return EighResult(values[order], vectors[:, order])


def gram(A: Array) -> Array:
    """``A A^T``, exactly symmetric.

    NumPy sees that both factors are one array and computes half of the products.
    """
    xp = array_namespace(A)
    G = A @ xp.matrix_transpose(A)
    return G if arrays.library(A) == "numpy" else (G + xp.matrix_transpose(G)) / 2


def eigvalsh(A: Array) -> Array:
    """Eigenvalues (ascending) of Hermitian matrices."""
    xp = array_namespace(A)
    with _contract("eigvalsh", A):
        pieces = [xp.linalg.eigvalsh(part) for part in _eigh_parts(xp, A)]
        w = pieces[0] if len(pieces) == 1 else xp.concat(pieces, axis=0)
        _require_number(xp, "eigvalsh", w)
    return xp.reshape(w, A.shape[:-1]) if len(pieces) > 1 else w


def _is_cupy(x: Array) -> bool:
    return arrays.library(x) == "cupy"


def _eigh_parts(xp: Any, A: Array) -> list[Array]:
    """The stack as it is, or on CuPy in pieces that its workspace can hold."""
    if not _is_cupy(A) or math.prod(A.shape) <= _CUPY_EIGH_ENTRIES:
        return [A]
    n = A.shape[-1]
    stack = xp.reshape(A, (-1, n, n))
    step = max(1, _CUPY_EIGH_ENTRIES // n**2)
    return [stack[i : i + step, ...] for i in range(0, stack.shape[0], step)]


def svd(A: Array) -> SVDResult:
    """Thin singular value decomposition; singular values in descending order."""
    xp = array_namespace(A)
    with _contract("svd", A):
        U, S, Vh = xp.linalg.svd(A, full_matrices=False)
        _require_number(xp, "svd", S)
    return SVDResult(U, S, Vh)


def svdvals(A: Array) -> Array:
    """Singular values in descending order."""
    xp = array_namespace(A)
    with _contract("svdvals", A):
        S = xp.linalg.svdvals(A)
        _require_number(xp, "svdvals", S)
    return S


def qr(A: Array) -> QRResult:
    """Thin QR decomposition; the signs of the diagonal of ``R`` are the library's."""
    xp = array_namespace(A)
    with _contract("qr", A):
        Q, R = xp.linalg.qr(A, mode="reduced")
    return QRResult(Q, R)


def solve(A: Array, B: Array) -> Array:
    """Solution ``X`` of ``A X = B``; ``B`` has the shape ``(..., n, k)``."""
    xp = array_namespace(A, B)
    with _contract("solve", A):
        return xp.linalg.solve(A, B)


def solve_triangular(A: Array, B: Array, *, lower: bool) -> Array:
    """Solution ``X`` of ``A X = B`` with triangular ``A``; a zero diagonal raises.

    Parameters
    ----------
    A : array, shape (..., n, n)
        Triangular; entries on the other side of the diagonal must be zero.
    B : array, shape (..., n, k)
    lower : bool
        True if ``A`` is lower triangular.
    """
    xp = array_namespace(A, B)
    if bool(xp.any(xp.linalg.diagonal(A) == 0)):
        raise LinAlgError(
            "solve_triangular failed: the triangular matrix is singular, its diagonal "
            "holds a zero."
        )
    name = arrays.library(A)
    with _contract("solve_triangular", A):
        if name == "numpy" and (A.ndim == 2 or A.shape[-1] >= _LOOP_FROM):
            return _solve_triangles(A, B, lower)
        if name == "torch":
            torch = sys.modules["torch"]
            return torch.linalg.solve_triangular(A, B, upper=not lower)
        return xp.linalg.solve(A, B)


def _solve_triangles(A: np.ndarray, B: np.ndarray, lower: bool) -> np.ndarray:
    """Triangular systems of a stack one by one, by LAPACK's ``trtrs``."""
    from scipy.linalg import get_lapack_funcs

    (trtrs,) = get_lapack_funcs(("trtrs",), (A, B))
    batch = np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    X = np.empty((*batch, *B.shape[-2:]), dtype=trtrs.dtype)
    A, B = (np.broadcast_to(M, (*batch, *M.shape[-2:])) for M in (A, B))
    for index in np.ndindex(batch):
        # The transpose of a row-major matrix is what LAPACK reads without a copy.
        X[index], info = trtrs(A[index].T, B[index], lower=not lower, trans=1)
        if info != 0:
            raise LinAlgError(f"solve_triangular failed: LAPACK's trtrs said {info}.")
    return X


def lstsq(A: Array, B: Array, *, rtol: float | None = None) -> Array:
    """Least squares solution of smallest norm of ``A X = B``.

    Parameters
    ----------
    A : array, shape (..., m, n)
    B : array, shape (..., m, k)
    rtol : float, optional
        Singular values below ``rtol`` times the largest count as zero; default
        ``max(m, n) * eps``.

    Returns
    -------
    X : array, shape (..., n, k)
    """
    xp = array_namespace(A, B)
    U, S, Vh = svd(A)
    if rtol is None:
        rtol = max(A.shape[-2:]) * arrays.eps(xp, A.dtype)
    cut = rtol * xp.max(S, axis=-1, keepdims=True)
    kept = S > cut
    inverse = xp.where(kept, 1 / xp.where(kept, S, xp.ones_like(S)), xp.zeros_like(S))
    coefficients = (matrix_transpose(U) @ B) * xp.astype(inverse, A.dtype)[..., None]
    return matrix_transpose(Vh) @ coefficients


def expm(A: Array) -> Array:
    """Matrix exponential of square matrices."""
    name = arrays.library(A)
    with _contract("expm", A):
        if name == "numpy":
            import scipy.linalg

            return scipy.linalg.expm(A)
        if name == "torch":
            return sys.modules["torch"].linalg.matrix_exp(A)
        return _expm_pade(A)


def _expm_pade(A: Array) -> Array:
    """Diagonal Pade approximant of order 13 with scaling and squaring.

    Higham, SIAM J. Matrix Anal. Appl. 26 (2005) 1179, equation (2.10): one order for
    all matrices of the stack, scaled by the largest 1-norm in it.
    """
    xp = array_namespace(A)
    n = A.shape[-1]
    identity = xp.eye(n, dtype=A.dtype, device=arrays.device(A))
    largest = float(xp.max(xp.sum(xp.abs(A), axis=-2))) if math.prod(A.shape) else 0.0
    if not math.isfinite(largest):
        raise LinAlgError("expm failed: the input holds NaN or infinity.")
    squarings = (
        max(0, math.ceil(math.log2(largest / 5.371920351148152))) if largest else 0
    )
    A = A / 2.0**squarings
    b = [
        math.comb(13, j) * math.factorial(26 - j) / math.factorial(26)
        for j in range(14)
    ]
    A2 = A @ A
    A4 = A2 @ A2
    A6 = A4 @ A2
    odd = A6 @ (b[13] * A6 + b[11] * A4 + b[9] * A2)
    U = A @ (odd + b[7] * A6 + b[5] * A4 + b[3] * A2 + b[1] * identity)
    even = A6 @ (b[12] * A6 + b[10] * A4 + b[8] * A2)
    V = even + b[6] * A6 + b[4] * A4 + b[2] * A2 + b[0] * identity
    X = solve(V - U, V + U)
    for _ in range(squarings):
        X = X @ X
    return X
