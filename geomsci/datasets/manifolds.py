"""Point clouds whose true geodesic distances are known."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from geomsci.backends.random import generator

N_NEIGHBORS = 10
"""Of the graph whose shortest paths are the geodesics of a tree."""


@dataclasses.dataclass(frozen=True)
class BranchingTree:
    """Points on the branches of a tree, and its geodesics.

    Attributes
    ----------
    X : NumPy array, shape (n_samples, n_features)
        The points as they are observed, with noise.
    branch : NumPy array, shape (n_samples,), integer
        Number of the branch of every point, in the order in which they grew.
    clean : NumPy array, shape (n_samples, n_features)
        The points without noise.
    """

    X: np.ndarray
    branch: np.ndarray
    clean: np.ndarray

    def __repr__(self) -> str:
        n, d = self.X.shape
        n_branches = int(self.branch[-1]) + 1
        return f"BranchingTree({n} points, {n_branches} branches, {d} features)"

    def geodesics(self, rows: Any = None) -> np.ndarray:
        """Compute geodesic distances from chosen points to all points.

        They are the shortest paths in the graph that joins every point of the clean
        tree to its 10 nearest ones, with Euclidean lengths.

        Parameters
        ----------
        rows : array of int, shape (m,), optional
            The chosen points; None takes all, which needs n_samples^2 numbers.

        Returns
        -------
        G : NumPy array, shape (m, n_samples)
            Infinite between parts that the graph does not join.

        Notes
        -----
        One Dijkstra for every row, O(n_samples log n_samples) each. The tree of 1500
        points of the published comparison takes a second for all rows.

        Examples
        --------
        >>> from geomsci.datasets import make_tree
        >>> make_tree(100, rng=0).geodesics(rows=[0, 7]).shape
        (2, 100)
        """
        from scipy.sparse.csgraph import dijkstra
        from sklearn.neighbors import kneighbors_graph

        k = min(N_NEIGHBORS, self.clean.shape[0] - 1)
        graph = kneighbors_graph(self.clean, k, mode="distance")
        return dijkstra(graph, directed=False, indices=rows)


def make_swiss_roll(
    n_samples: int = 1000,
    *,
    width: float = 5.0,
    n_features: int = 3,
    noise: float = 0.0,
    rng: Any = None,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Draw a Swiss roll together with the flat sheet that was rolled up.

    The angle is :math:`t = 1.5 \pi (1 + 2 u)`, u and y / width uniform on [0, 1]. The
    point :math:`(t \cos t, y, t \sin t)` is turned by a random orthogonal matrix of
    ``n_features`` dimensions, and noise is added in all of them. Rolling keeps lengths,
    so with the arc length :math:`s = (t \sqrt{1 + t^2} + \operatorname{arsinh} t) / 2`
    the geodesic distance of two points is the Euclidean distance of their (s, y).

    Parameters
    ----------
    n_samples : int, >= 1
    width : float, > 0
        Of the sheet, whose length is 89.4. Turns are :math:`2 \pi` apart;
        `sklearn.datasets.make_swiss_roll` has width 21.
    n_features : int, >= 3
        Dimension of the space.
    noise : float, >= 0
        Standard deviation in every feature.
    rng : None, int or numpy.random.Generator

    Returns
    -------
    X : NumPy array, shape (n_samples, n_features)
    sheet : NumPy array, shape (n_samples, 2)
        Arc length s and height y of every point: the true flat coordinates.

    Raises
    ------
    ValueError
        Sizes or noise out of range.

    Notes
    -----
    The angle is uniform, not the arc length: the outer turn is sampled three times
    more thinly than the inner end. O(n_samples n_features) time and memory.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.datasets import make_swiss_roll
    >>> X, sheet = make_swiss_roll(500, n_features=10, rng=0)
    >>> X.shape, sheet.shape
    ((500, 10), (500, 2))
    >>> chord = np.linalg.norm(X[0] - X[1])
    >>> geodesic = np.linalg.norm(sheet[0] - sheet[1])
    >>> bool(chord < geodesic)
    True
    """
    _require_at_least("n_samples", n_samples, 1)
    _require_at_least("n_features", n_features, 3)
    _require_noise(noise)
    if not (np.isfinite(width) and width > 0):
        raise ValueError(f"width must be positive and finite, got {width}.")
    rng = generator(rng)
    t = 1.5 * np.pi * (1 + 2 * rng.random(n_samples))
    y = width * rng.random(n_samples)
    turn, _ = np.linalg.qr(rng.standard_normal((n_features, n_features)))
    rolled = np.stack([t * np.cos(t), y, t * np.sin(t)], axis=1)
    X = _with_noise(rolled @ turn[:, :3].T, noise, rng)
    s = (t * np.sqrt(1 + t * t) + np.arcsinh(t)) / 2
    return X, np.stack([s, y], axis=1)


def make_tree(
    n_samples: int = 1500,
    *,
    n_branches: int = 5,
    n_features: int = 10,
    noise: float = 0.0,
    rng: Any = None,
) -> BranchingTree:
    r"""Draw a tree whose branches are random walks.

    A branch is a walk with steps uniform on :math:`[-1, 1]^d`. The first one starts at
    the origin, every other one at a random point of those that are already there.

    Parameters
    ----------
    n_samples : int, >= 2
        Shared evenly by the branches; the first ones take what is left over.
    n_branches : int, 1 <= n_branches <= n_samples
    n_features : int, >= 1
        Dimension d of the space.
    noise : float, >= 0
        Standard deviation in every feature. One step has length
        :math:`\sqrt{d / 3}` in root mean square.
    rng : None, int or numpy.random.Generator

    Returns
    -------
    tree : BranchingTree
        With ``X``, ``branch``, ``clean`` and the method ``geodesics(rows)``.

    Raises
    ------
    ValueError
        Sizes or noise out of range.

    Notes
    -----
    The tree of Huguet et al. (2023), arXiv:2305.19043: five branches of 300 or 500
    points, d = 10 or 30, noise 1, 5 and 10.

    Examples
    --------
    >>> from geomsci.datasets import make_tree
    >>> tree = make_tree(500, noise=1.0, rng=0)
    >>> tree
    BranchingTree(500 points, 5 branches, 10 features)
    >>> tree.geodesics().shape
    (500, 500)
    """
    _require_at_least("n_samples", n_samples, 2)
    _require_at_least("n_features", n_features, 1)
    _require_noise(noise)
    if not 1 <= n_branches <= n_samples:
        raise ValueError(
            f"n_branches must be between 1 and n_samples = {n_samples}, got "
            f"{n_branches}."
        )
    rng = generator(rng)
    sizes = [len(part) for part in np.array_split(np.arange(n_samples), n_branches)]
    clean = np.empty((n_samples, n_features))
    end = 0
    for size in sizes:
        walk = np.cumsum(rng.uniform(-1, 1, (size, n_features)), axis=0)
        start = clean[rng.integers(end)] if end else 0.0
        clean[end : end + size] = start + walk
        end += size
    X = _with_noise(clean, noise, rng)
    return BranchingTree(X, np.repeat(np.arange(n_branches), sizes), clean)


def _with_noise(X: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    if noise == 0:
        return X.copy()
    return X + noise * rng.standard_normal(X.shape)


def _require_at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}.")


def _require_noise(noise: float) -> None:
    if not (np.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise must be finite and at least 0, got {noise}.")
