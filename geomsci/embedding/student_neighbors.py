"""Stochastic neighbour embedding of affinities, those of a heat kernel among them."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, common_arrays, device, eps, require_finite
from geomsci.backends.random import standard_normal
from geomsci.embedding.potential import kernel_and_null_vector
from geomsci.reference.embedding.student_neighbors import (
    START,
    spectral_start,
)


@public("embedding.heat_affinities")
def heat_affinities(H: Any, null_vector: Any = None) -> Array:
    r"""Compute the symmetric affinities of the points of a diffusion.

    .. math:: p_{ij} = \frac{h_{i|j} + h_{j|i}}{2n}, \quad
              h_{j|i} = \frac{H_{ij} u_j}{\sum_{k \ne i} H_{ik} u_k}, \quad p_{ii} = 0.

    Parameters
    ----------
    H : array, shape (n, n), entries >= 0
        Heat kernel or other diffusion, n >= 2, with an entry above 0 off the diagonal
        in every row.
    null_vector : array, shape (n,), positive, optional
        u as in `potential_distance`. Default ones.

    Returns
    -------
    P : array, shape (n, n)
        Symmetric, of sum one, float64: what `student_embedding` takes.

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, NaN, negative entries, a point that reaches no other.

    Notes
    -----
    O(n^2). The heat kernel takes the place of the Gaussian kernel of t-SNE, and the
    diffusion time that of its perplexity.

    References
    ----------
    van der Maaten and Hinton, J. Mach. Learn. Res. 9 (2008) 2579, section 3.1. Huguet
    et al., NeurIPS 2023, arXiv:2305.19043.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.embedding.student_neighbors import heat_affinities
    >>> heat_affinities([[5.0, 1.0, 3.0], [1.0, 5.0, 1.0], [3.0, 1.0, 5.0]]).round(4)
    array([[0.   , 0.125, 0.25 ],
           [0.125, 0.   , 0.125],
           [0.25 , 0.125, 0.   ]])
    """
    H, u = kernel_and_null_vector(H, null_vector, positive=False)
    xp, n = common_arrays(H=H)[0], H.shape[0]
    off = H * (1.0 - xp.eye(n, dtype=H.dtype, device=device(H)))
    if n < 2 or not bool(xp.all(xp.max(off, axis=1) > 0)):
        raise ValueError(
            "H must have an entry above 0 off the diagonal in every row, got a point "
            "that reaches no other: join the components or take a larger t."
        )
    return run("embedding.heat_affinities", H, u)


@public("embedding.student_embedding")
def student_embedding(
    P: Any,
    n_components: int = 2,
    *,
    init: Any = None,
    max_iter: int = 1000,
    min_grad_norm: float = 1e-7,
    rng: Any = None,
    return_info: bool = False,
) -> Any:
    r"""Place points so that Student affinities match given ones, as t-SNE does.

    Minimises the divergence

    .. math:: C = \sum_{i \ne j} p_{ij} \log \frac{p_{ij}}{q_{ij}}, \quad
              q_{ij} \propto \frac{1}{1 + |y_i - y_j|^2}

    by gradient descent with momentum, gains and early exaggeration.

    Parameters
    ----------
    P : array, shape (n, n), n >= 2
        Affinities: symmetric and non-negative. They are divided by their sum; the
        diagonal is not read.
    n_components : int, 1 <= n_components <= n - 1
    init : array, shape (n, n_components), optional
        The start, in the units of the result: small (1e-4) for a free descent. Default:
        the leading eigenvectors of the walk of P, at a standard deviation of 1e-4.
    max_iter : int, >= 1
        A quarter of the iterations, at most 250, exaggerate P twelvefold.
    min_grad_norm : float, >= 0
        The descent stops at a gradient of this norm, looked at every 50 iterations.
    rng : None, int or numpy.random.Generator
        Not None and no init: the start is drawn, normal with standard deviation 1e-4.
    return_info : bool
        True: return also a `StudentInfo` (divergence, n_iter, converged).

    Returns
    -------
    Y : array, shape (n, n_components)
        Centred.
    info : StudentInfo
        Only if ``return_info``.

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, NaN, options out of range, an init whose points are all equal.

    Notes
    -----
    O(n^2) time and memory an iteration, exact; the default start is one ``eigh``,
    O(n^3). The learning rate is ``n / 4``, and a twelfth of it under exaggeration. If
    the divergence rose over 50 iterations they are taken back and the rate is halved,
    so the result is the best of all looks. Without an rng no number is random, and
    the number of threads changes nothing. Differences to
    ``sklearn.manifold.TSNE(method="exact")``: it takes affinities, and its learning
    rate, 50 at least, throws a few dozen points far apart, where they stay.

    References
    ----------
    van der Maaten and Hinton, J. Mach. Learn. Res. 9 (2008) 2579, equations (4), (5).

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.embedding.student_neighbors import student_embedding
    >>> P = np.kron(np.eye(2), np.ones((3, 3))) + 0.01
    >>> Y = student_embedding(P, 1)
    >>> (Y[:, 0] > 0).astype(int).tolist() in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])
    True
    """
    for name, value in (("n_components", n_components), ("max_iter", max_iter)):
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise TypeError(f"{name} must be an integer, got {value!r}.")
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}.")
    if not isinstance(min_grad_norm, Real) or not min_grad_norm >= 0:
        raise ValueError(f"min_grad_norm must be at least 0, got {min_grad_norm!r}.")
    xp, P, Y = _affinities(P, init)
    n = P.shape[0]
    if n_components > n - 1:
        raise ValueError(
            f"n_components must be between 1 and the number of points less 1, {n - 1}, "
            f"got {n_components}."
        )
    if Y is None:
        Y = _start(P, int(n_components), rng)
    elif tuple(Y.shape) != (n, n_components):
        raise ValueError(
            f"init must have shape {(n, n_components)} to match P and n_components, "
            f"got {tuple(Y.shape)}."
        )
    if not bool(xp.any(Y != Y[:1, :])):
        raise ValueError(
            "init must hold at least two different points, got copies of one: the "
            "gradient is zero there."
        )
    Y, info = run(
        "embedding.student_embedding",
        P,
        Y,
        max_iter=int(max_iter),
        min_grad_norm=float(min_grad_norm),
    )
    return (Y, info) if return_info else Y


def _start(P: Array, n_components: int, rng: Any) -> Array:
    """Spectral without an rng, drawn with one."""
    if rng is None:
        return spectral_start(P, n_components=n_components)
    return START * standard_normal(rng, (P.shape[0], n_components), like=P)


def _affinities(P: Any, init: Any) -> tuple[Any, Array, Array | None]:
    """Namespace, affinities of sum one with zero diagonal, start or None."""
    given = {"P": P} if init is None else {"P": P, "init": init}
    xp, *found = common_arrays(**given)
    for name, x in zip(given, found):
        if not xp.isdtype(x.dtype, "real floating"):
            raise TypeError(f"{name} must be real, got {x.dtype}: take its real part.")
    P = found[0]
    if P.ndim != 2 or P.shape[0] != P.shape[1] or P.shape[0] < 2:
        raise ValueError(
            "P must be a square matrix of the affinities of at least 2 points, got "
            f"shape {tuple(P.shape)}."
        )
    require_finite(xp, **dict(zip(given, found)))
    lowest, largest = float(xp.min(P)), float(xp.max(P))
    if lowest < 0:
        raise ValueError(f"P must not be negative, got {lowest:.3g}.")
    gap = float(xp.max(xp.abs(P - xp.matrix_transpose(P))))
    if gap > 64 * eps(xp, P.dtype) * largest:
        raise ValueError(
            f"P must be symmetric, got entries that differ by {gap:.3g} from those of "
            "its transpose: pass (P + P.T) / 2."
        )
    P = P * (1.0 - xp.eye(P.shape[0], dtype=P.dtype, device=device(P)))
    total = xp.sum(P)
    if not bool(total > 0):
        raise ValueError("P must be positive for some pair, got all zero.")
    P = P / total
    return xp, 0.5 * (P + xp.matrix_transpose(P)), found[1] if len(found) > 1 else None
