"""Diffusion maps, potential distances and affinities, on every backend.

Their oracles are the definitions: the diffusion distance of two rows of the powers of a
walk needs no eigenvector, and holds for the row of a new point as well.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from geomsci import datasets, embedding
from geomsci.validation.cases.conditioning import fixed, measured_conditioning
from geomsci.validation.cases.embedding_functions import (
    DOUBLE,
    NEIGHBORS,
    SAMPLES,
    between,
    embedding_case,
    heat,
    roll,
    weights,
)
from geomsci.validation.suites import CASE_SEED, Case, Conditioning, Inputs

STEPS = 3
"""Of the walk of the diffusion maps."""

N_NEW = 30
"""New points of the map."""


# Potentials and affinities of a heat kernel


def _kernel_case(
    name: str, compute: Callable[..., Any], expected: Callable[[np.ndarray], np.ndarray]
) -> Case:
    def written(inputs: Inputs) -> np.ndarray:
        return expected(inputs["H"])

    return embedding_case(
        name=name,
        size=f"{SAMPLES}",
        function=f"embedding.{name}",
        inputs=lambda: {"H": heat()},
        compute=compute,
        # Products, sums and logarithms of positive numbers; rows far apart differ much.
        conditioning=fixed(8.0, "operations on positive numbers, entry by entry"),
        n=SAMPLES,
        expected=written,
        against="the definition in NumPy",
        **DOUBLE,
    )


def _expected_potential(H: np.ndarray) -> np.ndarray:
    U = -np.log(H / H.sum(axis=1, keepdims=True))
    return cdist(U, U)


def _expected_affinities(H: np.ndarray) -> np.ndarray:
    off = H * ~np.eye(len(H), dtype=bool)
    h = off / off.sum(axis=1, keepdims=True)
    return (h + h.T) / (2 * len(H))


def _expected_knee(inputs: Inputs) -> np.ndarray:
    t = np.arange(1, 101)
    powers = np.abs(inputs["x"])[:, None] ** t
    eta = powers / powers.sum(axis=0)
    S = -np.sum(eta * np.log(np.maximum(eta, 1e-300)), axis=0)
    chord = S[0] + (S[-1] - S[0]) * (t - 1) / 99
    return np.asarray([float(t[np.argmax(chord - S)])])


def _diffusions() -> list[Case]:
    def potential(*, dtype: str, H: Any) -> Any:
        return embedding.potential_distance(H)

    def affinities(*, dtype: str, H: Any) -> Any:
        return embedding.heat_affinities(H)

    def knee(*, dtype: str, x: Any) -> Any:
        return x[:1] * 0 + embedding.von_neumann_time(x)

    def student(*, dtype: str, H: Any) -> Any:
        P = embedding.heat_affinities(H)
        return between(embedding.student_embedding(P, max_iter=30))

    return [
        _kernel_case("potential_distance", potential, _expected_potential),
        _kernel_case("heat_affinities", affinities, _expected_affinities),
        embedding_case(
            name="von_neumann_time",
            size="80",
            function="embedding.von_neumann_time",
            inputs=lambda: {"x": np.exp(-np.linspace(0, 3, 80))},
            compute=knee,
            conditioning=fixed(1.0, "an integer: the knee of a smooth curve"),
            n=1,
            expected=_expected_knee,
            against="the definition in NumPy",
        ),
        embedding_case(
            name="student_embedding",
            size=f"{SAMPLES}",
            function="embedding.student_embedding",
            inputs=lambda: {"H": heat()},
            compute=student,
            conditioning=measured_conditioning(
                lambda *, dtype, H: student(dtype=dtype, H=np.maximum(H, 0))
            ),
            n=SAMPLES,
            **DOUBLE,
        ),
    ]


# Diffusion maps


@functools.lru_cache(maxsize=1)
def _affinity() -> np.ndarray:
    """A Gaussian kernel of the roll, everywhere positive."""
    X = roll()[0]
    return np.exp(-cdist(X, X, "sqeuclidean") / 8.0)


@functools.lru_cache(maxsize=1)
def _new_affinity() -> np.ndarray:
    """The kernel of new points of another roll with the points of the first."""
    new, _ = datasets.make_swiss_roll(N_NEW, width=15.0, noise=0.05, rng=CASE_SEED + 1)
    return np.exp(-cdist(new, roll()[0], "sqeuclidean") / 8.0)


def _walk(K: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the walk after all steps, the first by ``rows``, and sums ``K^1 1``."""
    q = K.sum(axis=1)
    scaled = K / np.outer(q, q)
    d = scaled.sum(axis=1)
    P = scaled / d[:, None]
    first = rows / q
    first = first / first.sum(axis=1, keepdims=True)
    return first @ np.linalg.matrix_power(P, STEPS - 1), d


def _diffusion_distances(K: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """``sqrt(sum_m (p_im - p_jm)^2 / pi_m)`` of rows p of the walk."""
    p, d = _walk(K, rows)
    scaled = p * np.sqrt(d.sum() / d)
    return cdist(scaled, scaled)


def _map_conditioning(
    kernel: Callable[[Inputs], np.ndarray], first: float, reason: str
) -> Callable[[Inputs, np.ndarray], Conditioning]:
    """Of distances by eigenvectors, from the error of a symmetric eigensolver.

    ``D_ij^2 = s (e_i/s_i - e_j/s_j)^T S^2t (e_i/s_i - e_j/s_j)`` with ``s_i^2 = d_i``
    and s their sum. ``|S| = 1``, so an error ``eps`` of S moves this by ``2 t eps s
    |e_i/s_i - e_j/s_j|^2``, and D by that over ``2 D``. Products of the kernel are
    carried with the relative condition ``first``.
    """

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        d = _walk(kernel(inputs), kernel(inputs))[1]
        least = d.sum() / d.min()
        D = np.where(expected > 0, expected, np.inf)
        moved = float(np.linalg.norm(STEPS * 2 * least / D))
        kappa = first + moved / float(np.linalg.norm(expected))
        return Conditioning(kappa, reason)

    return conditioning


def _map_cases() -> list[Case]:
    n = SAMPLES
    solver = "t |s (1/d_i + 1/d_j) / D_ij| / |D|: an eigensolver's error in S"

    def model(**options: Any) -> Any:
        options = {"t": STEPS, "anisotropy": 1.0, **options}
        return embedding.DiffusionMap(n - 1, **options)

    def given(*, dtype: str, K: Any) -> Any:
        found = model(metric="precomputed_affinity").fit_transform(K)
        return between(found)

    def new(*, dtype: str, K: Any, A: Any) -> Any:
        found = model(metric="precomputed_affinity").fit(K)
        return between(found.transform(A))

    def training(*, dtype: str, X: Any) -> Any:
        found = model(n_neighbors=NEIGHBORS, decay=40.0).fit(X)
        return between(found.transform(X))

    def of_points(inputs: Inputs) -> np.ndarray:
        return weights(inputs["X"])[0] + np.eye(n)

    against = "distances of rows of the powers of the walk"
    plain = _map_conditioning(lambda inputs: inputs["K"], 8.0, solver)
    return [
        embedding_case(
            name="DiffusionMap, distances",
            size=f"{n}",
            function="embedding.DiffusionMap.fit_transform",
            inputs=lambda: {"K": _affinity()},
            compute=given,
            conditioning=plain,
            n=n,
            expected=lambda inputs: _diffusion_distances(inputs["K"], inputs["K"]),
            against=against,
        ),
        embedding_case(
            name="DiffusionMap, distances of new points",
            size=f"{N_NEW} by {n}",
            function="embedding.DiffusionMap.transform",
            inputs=lambda: {"K": _affinity(), "A": _new_affinity()},
            compute=new,
            conditioning=plain,
            n=n,
            expected=lambda inputs: _diffusion_distances(inputs["K"], inputs["A"]),
            against=against,
        ),
        embedding_case(
            name="DiffusionMap, transform of the training rows",
            size=f"{n}×3",
            function="embedding.DiffusionMap.transform",
            inputs=lambda: {"X": roll()[0]},
            compute=training,
            conditioning=_map_conditioning(
                of_points,
                2 * 40 * 9.3,
                f"{solver}; 2 · decay · log 1e4: an exponent at the threshold",
            ),
            n=n,
            expected=lambda inputs: _diffusion_distances(
                of_points(inputs), of_points(inputs)
            ),
            against=against,
        ),
    ]


def cases() -> list[Case]:
    """The kernel's distances and affinities, and the maps."""
    return _diffusions() + _map_cases()
