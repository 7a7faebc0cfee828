"""Embeddings of the cells of an AnnData object, without importing anndata."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import clone

from geomsci.backends.arrays import is_array, to_host

LEARNED = (
    "diffusion_time_",
    "intrinsic_dim_",
    "stress_",
    "n_connected_components_",
)
"""Results kept beside the coordinates, where the estimator has them."""


def embed_anndata(
    adata: Any,
    *,
    use_rep: str = "X_pca",
    obsp: str | None = None,
    key_added: str = "X_heatgeo",
    estimator: Any = None,
    copy: bool = False,
    **params: Any,
) -> Any:
    """Embed the cells of an AnnData object, and store the coordinates in it.

    ============ =================================================================
    written      what
    ============ =================================================================
    ``.obsm``    ``[key_added]``: coordinates, shape (n_obs, n_components)
    ``.uns``     ``[key]``, key_added without a leading ``X_``: ``params``,
                 ``diffusion_time``, ``stress``, ``n_connected_components``,
                 ``n_representatives``, and ``diffusion_time_path`` with ``times``,
                 ``entropies`` and ``time`` if the time was chosen automatically
    ============ =================================================================

    Everything can be saved with ``adata.write_h5ad``; ``scanpy.pl.embedding(adata,
    "heatgeo")`` draws the default key.

    Parameters
    ----------
    adata : anndata.AnnData
    use_rep : str
        Key of ``.obsm`` with the points to embed, or ``"X"`` for ``.X``. Not read if
        ``obsp`` is given.
    obsp : str, optional
        Key of ``.obsp`` with a symmetric graph of affinities, such as
        ``"connectivities"`` after ``scanpy.pp.neighbors``. Distances are then in steps
        of the walk on this graph.
    key_added : str
        Key of ``.obsm`` to write.
    estimator : estimator, optional
        Cloned before it is fitted, so it stays as it is; default:
        ``HeatGeodesicEmbedding(random_state=0)``, whose result repeats. Presets are
        given here: ``HeatGeodesicEmbedding.phate()``.
    copy : bool
        Return a copy with the embedding and leave ``adata`` alone.
    **params
        Parameters of the estimator, such as ``n_neighbors=15``.

    Returns
    -------
    adata : anndata.AnnData or None
        The copy if ``copy``, else None.

    Raises
    ------
    TypeError
        If ``adata`` is not like an AnnData object.
    ValueError
        If there is no such key, the estimator has no such parameter, or it refuses
        the points.

    Notes
    -----
    Points are embedded in float64, whatever precision they are stored in.

    Examples
    --------
    >>> from geomsci import embedding
    >>> embedding.embed_anndata(adata, n_neighbors=15)  # doctest: +SKIP
    >>> adata.obsm["X_heatgeo"].shape  # doctest: +SKIP
    (700, 2)
    """
    missing = [name for name in ("obsm", "obsp", "uns") if not hasattr(adata, name)]
    if missing:
        raise TypeError(
            f"adata must be like anndata.AnnData, got {type(adata).__name__} without "
            f"{', '.join(missing)}."
        )
    model = _estimator(estimator, params, obsp)
    adata = adata.copy() if copy else adata
    points = _points(adata, use_rep) if obsp is None else _graph(adata, obsp)
    model.fit(points)
    source = {"use_rep": use_rep} if obsp is None else {"obsp": obsp}
    adata.obsm[key_added] = _host(model.embedding_)
    adata.uns[key_added.removeprefix("X_")] = _record(model, source)
    return adata if copy else None


def _estimator(estimator: Any, params: dict[str, Any], obsp: str | None) -> Any:
    """Unfitted estimator with the parameters asked for."""
    if estimator is None:
        from geomsci.embedding.heat_geodesic import HeatGeodesicEmbedding

        estimator = HeatGeodesicEmbedding(random_state=0)
    model = clone(estimator)
    if obsp is not None:
        if "metric" not in model.get_params():
            raise ValueError(
                f"obsp must be None with {type(model).__name__}, which takes no graph: "
                "pass use_rep."
            )
        params = {"metric": "precomputed_affinity"} | params
    return model.set_params(**params)


def _points(adata: Any, use_rep: str) -> np.ndarray:
    if use_rep == "X":
        points = adata.X
    elif use_rep in adata.obsm:
        points = adata.obsm[use_rep]
    else:
        raise ValueError(
            f"use_rep must be 'X' or a key of adata.obsm, {_named(adata.obsm)}, got "
            f"{use_rep!r}: scanpy.pp.pca adds X_pca."
        )
    if hasattr(points, "tocsr"):
        raise ValueError(
            f"use_rep={use_rep!r} must name dense points, got a sparse matrix: reduce "
            "it first, for example with scanpy.pp.pca."
        )
    return np.asarray(points, dtype=np.float64)


def _graph(adata: Any, obsp: str) -> Any:
    """Graph of affinities in float64; a sparse one stays sparse."""
    if obsp not in adata.obsp:
        raise ValueError(
            f"obsp must be a key of adata.obsp, {_named(adata.obsp)}, got {obsp!r}: "
            "scanpy.pp.neighbors adds connectivities."
        )
    graph = adata.obsp[obsp]
    if hasattr(graph, "tocsr"):
        return graph.tocsr().astype(np.float64)
    return np.asarray(graph, dtype=np.float64)


def _named(entries: Any) -> str:
    return (
        f"which has {', '.join(entries.keys())}" if len(entries) else "which is empty"
    )


def _host(x: Any) -> np.ndarray:
    return to_host(x) if is_array(x) else np.asarray(x)


def _record(model: Any, source: dict[str, str]) -> dict[str, Any]:
    """What was done and found, in types that files of AnnData can hold."""
    known = {**model.get_params(deep=False), **source}
    record: dict[str, Any] = {
        "params": {
            name: _storable(value) for name, value in known.items() if value is not None
        }
    }
    for name in LEARNED:
        value = getattr(model, name, None)
        if value is not None:
            record[name.removesuffix("_")] = _storable(value)
    if getattr(model, "dissimilarity_", None) is not None:
        record["n_representatives"] = int(model.dissimilarity_.shape[0])
    path = getattr(model, "diffusion_time_path_", None)
    if path is not None:
        record["diffusion_time_path"] = {
            "times": np.asarray(path.times, dtype=np.float64),
            "entropies": np.asarray(path.entropies, dtype=np.float64),
            "time": float(path.time),
        }
    return record


def _storable(value: Any) -> Any:
    """Numbers, strings and arrays as they are; a description of anything else."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    return _host(value) if is_array(value) else str(value)
