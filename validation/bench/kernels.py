"""Every Numba kernel against the tiled reference that it replaces.

A kernel is registered only with a win of at least 1.5 at a stated size; these rows are
where the win is measured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci.backends import run, use_backend
from geomsci.backends.capabilities import CAPABILITIES
from geomsci.reference.embedding import graphs, mds
from geomsci.validation.bench import entropic_kernels, fisher, sampling
from geomsci.validation.bench.contest import Contest, Job
from geomsci.validation.cases.spd_matrices import centre, scattered
from geomsci.validation.suites import CASE_SEED, CaseUnavailable

GOAL = 1.5


def _whitened_log(count: int, n: int) -> tuple[Any, ...]:
    C = scattered(count, n)
    return np.linalg.inv(np.linalg.cholesky(centre(C))), C


def _fourth_moment(
    shape: tuple[int, int, int], order: int, lag: int
) -> tuple[Any, ...]:
    X = np.random.default_rng(CASE_SEED).standard_normal(shape)
    length = shape[-1] - (order - 1) * lag
    windows = [X[:, :, k * lag : k * lag + length].mean(axis=-1) for k in range(order)]
    return X, np.stack(windows, axis=1), lag, length


def _distances(n: int) -> tuple[Any, ...]:
    """Distances of points in space, a start in the plane, the order of 15 epochs."""
    X = np.random.default_rng(CASE_SEED).standard_normal((n, 3))
    D = np.linalg.norm(X[:, None, :] - X[None, :, :], axis=-1)
    order = mds.schedule(CASE_SEED, n, 15)
    return D, X[:, :2].copy(), None, order, mds.step_sizes(1.0, 1.0, 15)


def _sparse_laplacian(n: int) -> Any:
    """Normalised Laplacian of the neighbours within a sheet, as CSR."""
    X = np.random.default_rng(CASE_SEED).random((n, 2))
    W, _ = graphs.sparse_alpha_decay_graph(
        X, n_neighbors=10, decay=40.0, anisotropy=0.0, metric="euclidean"
    )
    return graphs.graph_laplacian(W, None, kind="normalized")


def _heat(n: int) -> tuple[Any, ...]:
    """Entries that fall to 1e-150 along a line."""
    x = np.random.default_rng(CASE_SEED).random(n)
    return np.exp(-345.0 * (x[:, None] - x[None, :]) ** 2), 40.0


def _affinities(n: int) -> tuple[Any, ...]:
    """Affinities with the sum 1, points in the plane."""
    Y = np.random.default_rng(CASE_SEED).standard_normal((n, 2))
    square = np.sum((Y[:, None, :] - Y[None, :, :]) ** 2, axis=-1)
    P = np.exp(-square)
    np.fill_diagonal(P, 0.0)
    return P / P.sum(), Y[::-1].copy()


INPUTS: dict[str, list[tuple[str, Callable[[], tuple[Any, ...]]]]] = {
    "spd.whitened_log": [
        ("8000×4×4", lambda: _whitened_log(8000, 4)),
        ("4000×8×8", lambda: _whitened_log(4000, 8)),
        ("1000×22×22", lambda: _whitened_log(1000, 22)),
    ],
    "eeg.fourth_moment": [
        ("2000×8×125, order 4", lambda: _fourth_moment((2000, 8, 125), 4, 4)),
        ("2000×3×1000, order 4", lambda: _fourth_moment((2000, 3, 1000), 4, 4)),
        ("288×22×1000, order 4", lambda: _fourth_moment((288, 22, 1000), 4, 4)),
    ],
    "embedding.heat_geodesic_distance": [
        ("300 points", lambda: _heat(300)),
        ("1000 points", lambda: _heat(1000)),
        ("3000 points", lambda: _heat(3000)),
    ],
    "embedding.heat_kernel": [
        ("500 vertices, t = 40", lambda: (_sparse_laplacian(500), None, 40.0)),
        ("1000 vertices, t = 40", lambda: (_sparse_laplacian(1000), None, 40.0)),
        ("3000 vertices, t = 40", lambda: (_sparse_laplacian(3000), None, 40.0)),
    ],
    "embedding.sgd_mds": [
        ("500 points", lambda: _distances(500)),
        ("1000 points", lambda: _distances(1000)),
        ("2000 points", lambda: _distances(2000)),
    ],
    "embedding.student_gradient": [
        ("1000 points", lambda: _affinities(1000)),
        ("3000 points", lambda: _affinities(3000)),
    ],
    **entropic_kernels.INPUTS,
    "fisher.sweeps": [
        ("10 updates of 32×32", lambda: fisher.chains(32, 1)),
    ],
    "fisher.third_squares": [
        ("64 momenta of 24×24", lambda: fisher.third_squares(24, 64)),
        ("64 momenta of 64×64", lambda: fisher.third_squares(64, 64)),
    ],
    "fisher.triple_products": [
        ("500 samples of 12×12", lambda: fisher.triads(12, 500)),
    ],
    **sampling.KERNEL_INPUTS,
}
"""Row of the capability table to sizes and arguments."""

OPTIONS: dict[str, dict[str, Any]] = {
    "embedding.heat_geodesic_distance": {
        "sigma": 1.0,
        "volume": "geometric",
        "distance": "rate",
        "intrinsic_dim": 2.0,
        "step": 1.0,
    },
    "embedding.heat_kernel": {"method": "uniformization", "rtol": 1e-12},
    "fisher.sweeps": fisher.SWEEP_OPTIONS,
    **sampling.KERNEL_OPTIONS,
}
"""What a row is called with beside its arguments."""


def _on(
    choice: str, name: str, arguments: Callable[[], tuple[Any, ...]]
) -> Callable[[], Job]:
    def prepare() -> Job:
        values = arguments()

        def job() -> Any:
            with use_backend(choice) as record:
                result = run(name, *values, **OPTIONS.get(name, {}))
            if choice == "numba" and record.calls[-1].implementation != "numba":
                raise CaseUnavailable(
                    f"the Numba kernel of {name} does not take this size"
                )
            return result[0] if isinstance(result, tuple) else result

        return job

    return prepare


def _no_input() -> Job:
    raise CaseUnavailable("no input is stated for this kernel")


def contests() -> list[Contest]:
    """One row for every Numba kernel on NumPy arrays and every stated size."""
    found = []
    for name, row in sorted(CAPABILITIES.items()):
        if ("numba", "numpy") not in row.kernels:
            continue
        if name not in INPUTS:
            none = Contest("kernels", name, "", _no_input, _no_input, "reference", GOAL)
            found.append(none)
        for size, arguments in INPUTS.get(name, []):
            found.append(
                Contest(
                    "kernels",
                    name,
                    size,
                    _on("numba", name, arguments),
                    _on("reference", name, arguments),
                    "reference",
                    GOAL,
                )
            )
    return found
