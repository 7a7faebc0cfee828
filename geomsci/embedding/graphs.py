"""Neighbourhood graphs of point clouds, their repair and their Laplacians."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import array_namespace, library
from geomsci.embedding.graph_checks import points, points_beside, weights
from geomsci.embedding.memory import FEWER, require_matrices
from geomsci.reference.embedding.components import JoinedGraph
from geomsci.reference.embedding.graphs import Graph

MATRICES = 5
"""Peak of the dense graph in n x n matrices, with that of X apart."""

SPARSE = f"use sparse_alpha_decay_graph, or {FEWER}"

LAPLACIANS = ("combinatorial", "normalized", "variable_bandwidth")


@public("embedding.alpha_decay_graph")
def alpha_decay_graph(
    X: Any,
    n_neighbors: int = 10,
    decay: float = 40.0,
    anisotropy: float = 0.0,
    *,
    metric: str = "euclidean",
) -> Graph:
    """Compute the alpha-decay graph of a point cloud as a dense matrix.

    With ``eps_i`` the distance of ``x_i`` from its k-th nearest different row,

    ``A_ij = exp(-(|x_i - x_j| / eps_i)^decay)``, entries below 1e-4 dropped,
    ``K = (A + A^T) / 2``, ``K_ij <- K_ij / (q_i q_j)^anisotropy``,

    where q holds the row sums of K, and W is K with zero diagonal.

    Parameters
    ----------
    X : array, shape (n, d) or (n, n), finite
        One point a row, at least two of them different; or their distances.
    n_neighbors : int
        k, from 1 to n - 1.
    decay : float, positive
        40 is practically the k nearest neighbours, 2 a Gaussian kernel cut at 3 eps.
    anisotropy : float, 0 to 1
        1 removes the density of the points from the graph.
    metric : {"euclidean", "precomputed"}
        ``"precomputed"``: X is the matrix of distances, not negative, symmetric and 0
        on the diagonal up to the root of the precision times the largest.

    Returns
    -------
    graph : Graph
        ``W``, shape (n, n), and ``bandwidths``, shape (n,).

    Raises
    ------
    ValueError
        Wrong shape, NaN, n_neighbors of n or more, all rows equal, or an X that is no
        matrix of distances with ``"precomputed"``.
    TypeError
        A sparse X.
    MemoryError
        Less memory than 5 matrices of n x n.

    Notes
    -----
    O(n^2 d) time and O(n^2) memory; `sparse_alpha_decay_graph` keeps the edges only. A
    row's copies are not counted in its bandwidth, which is the spacing of different
    rows; rows nearer than 1e-8 of the median k-th distance count as copies. Many copies
    still make a place heavy, so merge them first. Constant features change nothing.

    References
    ----------
    Moon et al., Visualizing structure and transitions in high-dimensional biological
    data, Nature Biotechnology 37, 2019: the alpha-decay kernel. Coifman and Lafon,
    Diffusion maps, 2006: the anisotropy.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.embedding.graphs import alpha_decay_graph
    >>> W, bandwidths = alpha_decay_graph(np.array([[0.0], [1.0], [3.0]]), 1)
    >>> bandwidths
    array([1., 1., 2.])
    >>> W.round(3)
    array([[0.   , 0.368, 0.   ],
           [0.368, 0.   , 0.184],
           [0.   , 0.184, 0.   ]])
    """
    X = points(X, n_neighbors, decay, anisotropy, metric)
    require_matrices(X.shape[0], MATRICES, "The dense graph", like=X, instead=SPARSE)
    return run(
        "embedding.alpha_decay_graph",
        X,
        n_neighbors=int(n_neighbors),
        decay=float(decay),
        anisotropy=float(anisotropy),
        metric=metric,
    )


@public("embedding.sparse_alpha_decay_graph")
def sparse_alpha_decay_graph(
    X: Any,
    n_neighbors: int = 10,
    decay: float = 40.0,
    anisotropy: float = 0.0,
    *,
    metric: str = "euclidean",
) -> Graph:
    """Compute the alpha-decay graph of a point cloud as a sparse matrix.

    The matrix of `alpha_decay_graph`, without its zeros.

    Parameters
    ----------
    X : NumPy array, shape (n, d) or (n, n), finite
        One point a row, at least two of them different; or their distances.
    n_neighbors : int
        k, from 1 to n - 1.
    decay : float, positive
    anisotropy : float, 0 to 1
    metric : {"euclidean", "precomputed"}
        ``"precomputed"``: X is the matrix of distances.

    Returns
    -------
    graph : Graph
        ``W``, a ``scipy.sparse.csr_array`` of shape (n, n), and ``bandwidths``.

    Raises
    ------
    ValueError
        Wrong shape, NaN, n_neighbors of n or more, all rows equal, or an X that is no
        matrix of distances with ``"precomputed"``.
    TypeError
        A sparse X, or an array of another library than NumPy.

    Notes
    -----
    O(n log n) time by a k-d tree up to 15 features, O(n^2 d) in tiles beyond; memory in
    proportion to the edges.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.embedding.graphs import sparse_alpha_decay_graph
    >>> W, _ = sparse_alpha_decay_graph(np.array([[0.0], [1.0], [3.0]]), 1)
    >>> W.nnz
    4
    """
    X = points(X, n_neighbors, decay, anisotropy, metric)
    if library(X) != "numpy":
        raise TypeError(
            f"X must be a NumPy array for a sparse graph, got {library(X)}: use "
            "alpha_decay_graph, which is dense."
        )
    return run(
        "embedding.sparse_alpha_decay_graph",
        X,
        n_neighbors=int(n_neighbors),
        decay=float(decay),
        anisotropy=float(anisotropy),
        metric=metric,
    )


@public("embedding.graph_laplacian")
def graph_laplacian(
    W: Any, kind: str = "variable_bandwidth", *, bandwidths: Any = None
) -> Any:
    """Compute the Laplacian of a weighted graph.

    With ``D = diag(W 1)`` and ``E = diag(mean(eps) / eps_i)`` kept within [1/4, 4],

    * ``"combinatorial"``: ``L = D - W``, null vector 1;
    * ``"normalized"``: ``L = I - D^-1/2 W D^-1/2``, null vector ``D^1/2 1``;
    * ``"variable_bandwidth"``: ``E (I - D^-1/2 W D^-1/2) E``, null vector
      ``E^-1 D^1/2 1``: hops are longer where points are sparse, and E makes them
      rarer there, so that heat spreads equally fast in the units of X.

    Parameters
    ----------
    W : array or scipy.sparse matrix, shape (n, n), symmetric, non-negative
        Weights with zero diagonal.
    kind : {"variable_bandwidth", "normalized", "combinatorial"}
    bandwidths : array, shape (n,), positive, optional
        eps of `alpha_decay_graph`; needed by ``"variable_bandwidth"``.

    Returns
    -------
    L : array or csr_array, shape (n, n)
        Symmetric and positive semidefinite, dense or sparse as W is.

    Raises
    ------
    ValueError
        W is not square, finite, symmetric, non-negative or has a diagonal; unknown
        kind; bandwidths missing, of a wrong shape or not positive.

    Notes
    -----
    O(n^2), or in proportion to the edges. An isolated vertex has a zero row.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.embedding.graphs import graph_laplacian
    >>> graph_laplacian(np.array([[0.0, 2.0], [2.0, 0.0]]), "combinatorial")
    array([[ 2., -2.],
           [-2.,  2.]])
    """
    if kind not in LAPLACIANS:
        raise ValueError(f"kind must be one of {', '.join(LAPLACIANS)}, got {kind!r}.")
    W, scale = weights(W, bandwidths)
    if kind == "variable_bandwidth" and scale is None:
        raise ValueError(
            "bandwidths must be given for kind variable_bandwidth, got None: pass "
            "those of alpha_decay_graph."
        )
    return run("embedding.graph_laplacian", W, scale, kind=kind)


@public("embedding.prune_shortcuts")
def prune_shortcuts(
    W: Any,
    X: Any,
    bandwidths: Any,
    *,
    hops: int = 12,
    reach: float = 1.5,
    metric: str = "euclidean",
) -> Any:
    """Drop the edges of a neighbourhood graph that are shortcuts.

    Edges longer than ``reach min(eps_i, eps_j)`` leave, and edges whose ends have fewer
    common neighbours than those of the median edge. These come back where the rest
    joins their ends by two edges, and at last where it joins them by at most ``hops``
    edges, until nothing changes; in between both kinds come back, shortest first, while
    they join components. What stays out is long, or joins places that are far apart on
    the surface. The components do not change.

    Parameters
    ----------
    W : array or scipy.sparse matrix, shape (n, n), symmetric, non-negative
        Weights with zero diagonal.
    X : array, shape (n, d) or (n, n), finite
        The points, or their distances.
    bandwidths : array, shape (n,), positive
        eps of `alpha_decay_graph`.
    hops : int, at least 2
        Edges of the longest way round that an edge may have.
    reach : float, positive
    metric : {"euclidean", "precomputed"}
        ``"precomputed"``: X is the matrix of distances.

    Returns
    -------
    W : array or csr_array, shape (n, n)
        A copy without the shortcuts, dense or sparse as W was.

    Raises
    ------
    ValueError
        A matrix that is no graph, or shapes that do not fit.

    Notes
    -----
    With m edges and s of them left to judge, O(m k) for common neighbours of a sparse
    graph of k neighbours, O(m n) of a dense one, and a search from s vertices, a few
    times.

    Examples
    --------
    A ring of sixty, each joined to the next two, and a jump across it.

    >>> import numpy as np
    >>> from geomsci.embedding.graphs import prune_shortcuts
    >>> angle = np.arange(60) * np.pi / 30
    >>> X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    >>> step = abs(np.arange(60)[:, None] - np.arange(60))
    >>> W = np.isin(step, (1, 2, 58, 59)).astype(float)
    >>> W[0, 30] = W[30, 0] = 1.0
    >>> pruned = prune_shortcuts(W, X, np.full(60, 2.0))
    >>> float(pruned[0, 30]), int((pruned != W).sum())
    (0.0, 2)
    """
    if not isinstance(hops, Integral) or hops < 2:
        raise ValueError(f"hops must be an integer >= 2, got {hops!r}.")
    if not isinstance(reach, Real) or not reach > 0:
        raise ValueError(f"reach must be a positive number, got {reach!r}.")
    if bandwidths is None:
        raise ValueError(
            "bandwidths must be given, got None: pass those of alpha_decay_graph."
        )
    W, scale = weights(W, bandwidths)
    X = points_beside(W, X, metric)
    return run(
        "embedding.prune_shortcuts",
        W,
        X,
        scale,
        hops=int(hops),
        reach=float(reach),
        metric=metric,
    )


@public("embedding.join_components")
def join_components(W: Any, X: Any, *, metric: str = "euclidean") -> JoinedGraph:
    """Join the components of a graph of points by their nearest pairs.

    A graph of c components gets the c - 1 edges of the shortest tree that spans them,
    each between the nearest points of two components, with the weight of the weakest
    edge of W, and a warning that names the components.

    Parameters
    ----------
    W : array or scipy.sparse matrix, shape (n, n), symmetric, non-negative
        Weights with zero diagonal.
    X : array, shape (n, d) or (n, n), finite
        The points, or their distances.
    metric : {"euclidean", "precomputed"}
        ``"precomputed"``: X is the matrix of distances.

    Returns
    -------
    joined : JoinedGraph
        ``W`` connected (W itself if it was), ``labels`` of the components found, each
        the smallest vertex of its component, and ``bridges``, the edges added.

    Raises
    ------
    ValueError
        A matrix that is no graph, or an X that does not fit it.

    Warns
    -----
    UserWarning
        If W has more than one component.

    Notes
    -----
    O(a n d) for each bridge, a the size of the smaller side. scikit-learn's Isomap
    joins every pair of components instead: in a walk that counts hops the long pairs
    would be shortcuts past the components between them.

    Examples
    --------
    >>> import numpy as np, warnings
    >>> from geomsci.embedding.graphs import join_components
    >>> X = np.array([[0.0], [1.0], [5.0], [6.0]])
    >>> W = np.kron(np.eye(2), [[0.0, 1.0], [1.0, 0.0]])
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     joined = join_components(W, X)
    >>> joined.bridges
    (Bridge(row=1, column=2, distance=4.0),)
    """
    W, _ = weights(W, None)
    joined = run(
        "embedding.join_components", W, points_beside(W, X, metric), metric=metric
    )
    if joined.bridges:
        warnings.warn(_components(joined), UserWarning, stacklevel=3)
    return joined


def _components(joined: JoinedGraph) -> str:
    """The sentence of the warning."""
    found = array_namespace(joined.labels).unique_counts(joined.labels)
    total = int(found.values.shape[0])
    named = ", ".join(
        f"{int(found.counts[i])} points with row {int(found.values[i])}"
        for i in range(min(total, 5))
    )
    more = f" and {total - 5} more" if total > 5 else ""
    longest = max(b.distance for b in joined.bridges)
    bridges = "a bridge" if total == 2 else f"{total - 1} bridges"
    return (
        f"The graph has {total} connected components ({named}{more}): joined by "
        f"{bridges} of length up to {longest:.3g}; distances across are guesses, raise "
        "n_neighbors or embed the components one by one."
    )
