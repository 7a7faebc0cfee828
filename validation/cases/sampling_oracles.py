"""Independent sampling mathematics: classical polynomials, precise fits, enumeration.

NumPy, SciPy and mpmath. Nothing here calls geomsci, so agreement means that two
programs are right or that two programs are wrong in the same way.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import scipy.linalg
import scipy.special

from geomsci.validation.cases.spd_oracles import optional

DIGITS = 40


# Polynomials


def univariate(
    family: str, degree: int, x: np.ndarray, alpha: float = 0.0, beta: float = 0.0
) -> np.ndarray:
    """Orthonormal functions 0 .. degree of a family at ``x`` (n,), shape (n, p + 1)."""
    k = np.arange(degree + 1)
    if family == "legendre":
        return np.polynomial.legendre.legvander(x, degree) * np.sqrt(2 * k + 1)
    if family == "hermite":
        norm = np.sqrt(scipy.special.factorial(k))
        return np.polynomial.hermite_e.hermevander(x, degree) / norm
    if family == "laguerre":
        return np.polynomial.laguerre.lagvander(x, degree)
    if family == "chebyshev":
        scale = np.where(k == 0, 1.0, math.sqrt(2))
        return np.polynomial.chebyshev.chebvander(x, degree) * scale
    if family == "fourier":
        angle = 2 * math.pi * np.outer(x, (k + 1) // 2)
        waves = math.sqrt(2) * np.where(k % 2 == 1, np.cos(angle), np.sin(angle))
        return np.where(k == 0, 1.0, waves)
    values = scipy.special.eval_jacobi(k, alpha, beta, x[:, None])
    return values / np.exp(_log_jacobi_norm(k, alpha, beta))


def _log_jacobi_norm(k: np.ndarray, a: float, b: float) -> np.ndarray:
    """``log ||P_k||`` in the probability measure of the Jacobi weight."""
    log_gamma = scipy.special.gammaln
    k = np.asarray(k, dtype=np.float64)
    square = log_gamma(k + a + 1) + log_gamma(k + b + 1) - log_gamma(k + 1)
    # (2 k + a + b + 1) Gamma(k + a + b + 1), at k = 0 Gamma(a + b + 2): both finite.
    first = log_gamma(a + b + 2)
    later = np.log(np.where(k > 0, 2 * k + a + b + 1, 1)) + log_gamma(
        np.where(k > 0, k + a + b + 1, 1)
    )
    square = square - np.where(k > 0, later, first)
    mass = log_gamma(a + 1) + log_gamma(b + 1) - log_gamma(a + b + 2)
    return (square - mass) / 2


def design_matrix(
    families: Sequence[str],
    indices: np.ndarray,
    X: np.ndarray,
    alpha: float = 0.0,
    beta: float = 0.0,
) -> np.ndarray:
    """Products of the univariate functions, shape (n, m)."""
    Phi = np.ones((X.shape[0], indices.shape[0]))
    for j, family in enumerate(families):
        one = univariate(family, int(indices[:, j].max()), X[:, j], alpha, beta)
        Phi *= one[:, indices[:, j]]
    return Phi


def quadrature(
    family: str, count: int, alpha: float = 0.0, beta: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of a Gauss rule of the family's probability measure."""
    if family == "fourier":
        return (np.arange(count) + 0.5) / count, np.full(count, 1 / count)
    rules = {
        "legendre": lambda: scipy.special.roots_legendre(count),
        "hermite": lambda: scipy.special.roots_hermitenorm(count),
        "laguerre": lambda: scipy.special.roots_laguerre(count),
        "chebyshev": lambda: scipy.special.roots_chebyt(count),
        "jacobi": lambda: scipy.special.roots_jacobi(count, alpha, beta),
    }
    x, w = rules[family]()
    return x, w / w.sum()


def tensor_quadrature(
    families: Sequence[str], count: int, alpha: float = 0.0, beta: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (N, d) and weights (N,) of the product rule."""
    rules = [quadrature(family, count, alpha, beta) for family in families]
    nodes = np.stack(np.meshgrid(*(x for x, _ in rules), indexing="ij"), axis=-1)
    weights = outer_product([w for _, w in rules])
    return nodes.reshape(-1, len(rules)), weights.reshape(-1)


def outer_product(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Outer product of vectors."""
    result = parts[0]
    for part in parts[1:]:
        result = np.multiply.outer(result, part)
    return result


def log_hermite_kernel(x: np.ndarray, m: int) -> np.ndarray:
    """``log sum_{k < m} He_k(x)^2 / k!`` with mpmath, where doubles overflow."""
    mpmath = optional("mpmath", "mpmath")
    found = []
    with mpmath.workdps(DIGITS):
        for one in x:
            t = mpmath.mpf(float(one))
            before, now, total = mpmath.mpf(0), mpmath.mpf(1), mpmath.mpf(1)
            for k in range(m - 1):
                ahead = (t * now - mpmath.sqrt(k) * before) / mpmath.sqrt(k + 1)
                before, now = now, ahead
                total += now * now
            found.append(float(mpmath.log(total)))
    return np.asarray(found)


# Least squares in extended precision


def precise_fit(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``argmin |A c - b|`` by Householder reflections in NumPy's longest precision."""
    R, y = A.astype(np.longdouble), b.astype(np.longdouble)
    m = R.shape[1]
    for k in range(m):
        v = R[k:, k].copy()
        v[0] += np.copysign(np.sqrt(np.sum(v * v)), v[0])
        v /= np.sqrt(np.sum(v * v))
        R[k:] -= 2 * np.outer(v, v @ R[k:])
        y[k:] -= 2 * v * (v @ y[k:])
    c = np.zeros(m, dtype=np.longdouble)
    for k in reversed(range(m)):
        c[k] = (y[k] - R[k, k + 1 :] @ c[k + 1 :]) / R[k, k]
    return c.astype(np.float64)


def weighted_fit(Phi: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Weighted least squares, shape (m,)."""
    root = np.sqrt(w)
    return precise_fit(root[:, None] * Phi, root * y)


def left_out(
    Phi: np.ndarray, y: np.ndarray, w: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (n, m) of the fits without point i, and its residuals (n,)."""
    rest = [np.arange(y.size) != i for i in range(y.size)]
    coef = np.stack([weighted_fit(Phi[r], y[r], w[r]) for r in rest])
    return coef, y - np.sum(Phi * coef, axis=1)


def hat(A: np.ndarray) -> np.ndarray:
    """Orthogonal projection onto the columns of ``A``, shape (n, n)."""
    Q = np.linalg.qr(A)[0]
    return Q @ Q.T


def jackknife_interval(
    Phi: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    Phi_new: np.ndarray,
    coverage: float,
) -> np.ndarray:
    """Both ends of the weighted jackknife+ from all n refits, shape (2, n_new).

    The mass of the further point, at infinity, is the mean weight.
    """
    coef, residual = left_out(Phi, y, w)
    n = y.size
    prediction = Phi_new @ coef.T
    level = coverage * (n + 1) / n * w.sum() * (1 - 1e-12)

    def quantile(values: np.ndarray) -> np.ndarray:
        order = np.argsort(values, axis=1)
        mass = np.cumsum(w[order], axis=1)
        rank = np.argmax(mass >= level, axis=1)
        return np.take_along_axis(values, order, axis=1)[np.arange(len(rank)), rank]

    upper = quantile(prediction + np.abs(residual))
    return np.stack([-quantile(-prediction + np.abs(residual)), upper])


# Designs


def pivoted_rows(A: np.ndarray) -> np.ndarray:
    """Rows that LAPACK's QR with column pivoting of ``A^T`` takes first."""
    return scipy.linalg.qr(A.T, mode="r", pivoting=True)[1][: A.shape[1]]


def greedy_survivors(A: np.ndarray, n: int, criterion: str) -> np.ndarray:
    """Rows left when the one is deleted whose removal, tried out, harms least."""
    kept = list(range(A.shape[0]))
    while len(kept) > n:
        rows = A[kept]
        S = rows.T @ rows
        left = S - rows[:, :, None] * rows[:, None, :]
        spectra = np.linalg.eigvalsh(left)
        if criterion == "a-optimal":
            with np.errstate(divide="ignore"):
                harm = np.sum(1 / np.maximum(spectra, 0), axis=1)
        else:
            harm = -spectra[:, 0]
        del kept[int(np.argmin(harm))]
    return np.asarray(kept)


def subset_probabilities(rows: np.ndarray, n: int) -> dict[tuple[int, ...], float]:
    """``det(X_S^T X_S)`` over all subsets of n rows, normalised by their sum."""
    subsets = list(itertools.combinations(range(rows.shape[0]), n))
    values = [np.linalg.det(rows[list(s)].T @ rows[list(s)]) for s in subsets]
    total = math.fsum(values)
    return {s: v / total for s, v in zip(subsets, values)}


def multiset_probabilities(
    rows: np.ndarray, mu: np.ndarray, nu: np.ndarray, n: int
) -> dict[tuple[int, ...], float]:
    """Law of n unordered candidates, density ``det G`` in ``nu^n``, normalised.

    ``rows`` are orthonormal in mu, ``G = sum (mu / nu) phi phi^T``.
    """
    scaled = rows * np.sqrt(mu / nu)[:, None]
    found = {}
    for s in itertools.combinations_with_replacement(range(rows.shape[0]), n):
        X = scaled[list(s)]
        counts = np.bincount(s)
        ways = math.factorial(n) / math.prod(math.factorial(c) for c in counts)
        found[s] = ways * math.prod(nu[list(s)]) * np.linalg.det(X.T @ X)
    total = math.fsum(found.values())
    return {s: max(v, 0.0) / total for s, v in found.items()}


def poisson_binomial(p: np.ndarray) -> np.ndarray:
    """Probabilities of 0 .. len(p) successes of independent trials."""
    law = np.ones(1)
    for one in p:
        law = np.convolve(law, [1 - one, one])
    return law
