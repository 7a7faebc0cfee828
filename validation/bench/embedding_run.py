"""One embedding in a process of its own: seconds, peak memory, and how true it is.

``python -m geomsci.validation.bench.embedding_run '{"method": "geomsci", ...}'`` prints
one line of JSON. A process holds one method only, so that its peak memory is that of
the method with its imports and its data; a first run on few points, not counted,
compiles what is compiled.
"""

from __future__ import annotations

import contextlib
import io
import json
import pathlib
import resource
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

N_COMPARED = 1000
WARM_UP = 300
N_NEIGHBORS = 10
N_CLUSTERINGS = 5
OFFICIAL = tuple((tau, sigma) for tau in ("auto", 50) for sigma in (0.0, 1.0))
"""The runs of HeatGeo of which the best one counts."""


def _geomsci(seed: int) -> Callable[[np.ndarray], Any]:
    from geomsci.embedding import HeatGeodesicEmbedding

    return HeatGeodesicEmbedding(random_state=seed).fit_transform


def _heatgeo(seed: int) -> Callable[[np.ndarray], Any]:
    from heatgeo.embedding import HeatGeo

    return HeatGeo(knn=N_NEIGHBORS, tau=50).fit_transform


def _phate(seed: int) -> Callable[[np.ndarray], Any]:
    import phate

    return phate.PHATE(random_state=seed, verbose=0).fit_transform


def _umap(seed: int) -> Callable[[np.ndarray], Any]:
    import umap

    return umap.UMAP(random_state=seed, n_jobs=1).fit_transform


def _isomap(seed: int) -> Callable[[np.ndarray], Any]:
    from sklearn.manifold import Isomap

    return Isomap(n_neighbors=N_NEIGHBORS).fit_transform


def _spectral(seed: int) -> Callable[[np.ndarray], Any]:
    from sklearn.manifold import SpectralEmbedding

    return SpectralEmbedding(n_neighbors=N_NEIGHBORS, random_state=seed).fit_transform


def _diffusion(seed: int) -> Callable[[np.ndarray], Any]:
    from geomsci.embedding import DiffusionMap

    return DiffusionMap(random_state=seed).fit_transform


def _opentsne(seed: int) -> Callable[[np.ndarray], Any]:
    from openTSNE import TSNE

    return TSNE(random_state=seed).fit


def _pacmap(seed: int) -> Callable[[np.ndarray], Any]:
    import pacmap

    return pacmap.PaCMAP(random_state=seed).fit_transform


METHODS: dict[str, Callable[[int], Callable[[np.ndarray], Any]]] = {
    "geomsci": _geomsci,
    "heatgeo": _heatgeo,
    "phate": _phate,
    "umap": _umap,
    "isomap": _isomap,
    "spectral": _spectral,
    "diffusion": _diffusion,
    "opentsne": _opentsne,
    "pacmap": _pacmap,
}


def peak_memory() -> int:
    """Largest resident memory of this process in bytes.

    ``getrusage`` alone would count what the parent held when it started this process.
    """
    status = pathlib.Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def embed(method: str, X: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """Coordinates and seconds, after a run on few points."""
    few = X[np.linspace(0, len(X) - 1, min(WARM_UP, len(X)), dtype=np.int64)]
    METHODS[method](seed)(few)
    run = METHODS[method](seed)
    start = time.perf_counter()
    Y = run(X)
    seconds = time.perf_counter() - start
    return np.asarray(Y, dtype=np.float64), seconds


def geodesic_run(request: Mapping[str, Any]) -> dict[str, Any]:
    """Time, memory and correlations with true geodesics."""
    import scipy.stats
    from scipy.spatial.distance import pdist

    from geomsci.validation.cases.embedding_geodesics import Shape
    from geomsci.validation.cases.embedding_oracles import pairs

    shape = Shape(**request["shape"])
    cloud = shape.draw(request["n"], request["seed"], N_COMPARED)
    Y, seconds = embed(request["method"], cloud.X, request["seed"])
    peak = peak_memory()
    d, G = pdist(Y[cloud.rows]), pairs(cloud.geodesics)
    return {
        "seconds": seconds,
        "peak": peak,
        "pearson": float(np.corrcoef(d, G)[0, 1]),
        "spearman": float(scipy.stats.spearmanr(d, G).statistic),
    }


def labelled(data: str) -> tuple[np.ndarray, np.ndarray]:
    """Points and their labels: digits, or cells by their 50 principal components."""
    if data == "digits":
        from sklearn.datasets import load_digits

        X, y = load_digits(return_X_y=True)
        return X, y
    import scanpy

    cells = scanpy.datasets.pbmc68k_reduced()
    y = np.unique(np.asarray(cells.obs["bulk_labels"]), return_inverse=True)[1]
    return np.asarray(cells.obsm["X_pca"], dtype=np.float64), y


def clustering_run(request: Mapping[str, Any]) -> dict[str, Any]:
    """KMeans on the standardised picture, means over seeds."""
    from sklearn import metrics
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    X, y = labelled(request["data"])
    found, seconds = [], []
    for seed in range(N_CLUSTERINGS):
        Y, once = embed(request["method"], X, seed)
        seconds.append(once)
        k = int(np.unique(y).size)
        model = KMeans(k, n_init=10, random_state=seed)
        guess = model.fit_predict(StandardScaler().fit_transform(Y))
        found.append(
            (
                metrics.homogeneity_score(y, guess),
                metrics.adjusted_rand_score(y, guess),
                metrics.adjusted_mutual_info_score(y, guess),
            )
        )
    names = ("homogeneity", "ari", "ami")
    means = {name: float(v) for name, v in zip(names, np.mean(found, axis=0))}
    return {"seconds": float(np.median(seconds)), "peak": peak_memory(), **means}


def distances_run(request: Mapping[str, Any]) -> dict[str, Any]:
    """Mean over rows of Pearson of the matrix of distances, diagonal 0.

    For HeatGeo the best of four runs: its own choice of time and 50, with the volume
    term and without it.
    """
    from geomsci.validation.cases.embedding_geodesics import Shape, estimator, rows_of
    from geomsci.validation.cases.embedding_oracles import pearson_by_row

    cloud = Shape(**request["shape"]).draw(request["n"], request["seed"])
    values = {}
    start = time.perf_counter()
    if request["method"] == "geomsci":
        model = estimator().fit(cloud.X)
        kept = rows_of(model, cloud.X)
        G = cloud.geodesics[np.ix_(kept, kept)]
        values["default"] = pearson_by_row(np.asarray(model.dissimilarity_), G)
        runs = 1
    else:
        from heatgeo.embedding import HeatGeo

        for tau, sigma in OFFICIAL:
            theirs = HeatGeo(knn=N_NEIGHBORS, tau=tau, harnack_regul=sigma)
            theirs.fit_transform(cloud.X)  # distances are made on the way
            D = np.array(theirs.dist, dtype=np.float64)
            np.fill_diagonal(D, 0.0)
            label = f"tau {tau}, sigma {sigma:g}"
            values[label] = pearson_by_row(D, cloud.geodesics)
        runs = len(OFFICIAL)
    seconds = (time.perf_counter() - start) / runs
    return {"seconds": seconds, "peak": peak_memory(), "pearson_by_row": values}


RUNS = {
    "geodesics": geodesic_run,
    "clustering": clustering_run,
    "distances": distances_run,
}


def main(text: str) -> None:
    """Run the request and print its result; what methods print goes nowhere."""
    request = json.loads(text)
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()):
        found = RUNS[request["what"]](request)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
