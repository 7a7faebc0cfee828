"""Graphs, Laplacians, rates, distances and scaling on every backend."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import scipy.linalg
from scipy.spatial.distance import cdist

from geomsci import datasets, embedding
from geomsci.backends.arrays import array_namespace
from geomsci.validation.cases import embedding_oracles as oracles
from geomsci.validation.cases.conditioning import fixed, measured_conditioning
from geomsci.validation.suites import (
    CASE_SEED,
    Case,
    Conditioning,
    Deviation,
    Inputs,
)

DOUBLE: dict[str, Any] = {
    "dtypes": ("float64",),
    "dtype_reason": "float32 ends at 1e-38: heat kernels are computed in float64",
}
SAMPLES = 120
NEIGHBORS = 8
TIME = 20.0
THETA = 0.7
DIMENSIONS = (0.0, 2.0, 3.0)
SPEEDS = (1e-4, 0.1, 1.0, 5.0, 50.0)


def embedding_case(**fields: Any) -> Case:
    """A case of the suite."""
    return Case(suite="embedding", **fields)


@functools.lru_cache(maxsize=4)
def roll(n: int = SAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """A short roll and its sheet."""
    X, sheet = datasets.make_swiss_roll(n, width=15.0, noise=0.05, rng=CASE_SEED)
    return X, sheet


@functools.lru_cache(maxsize=4)
def graph(n: int = SAMPLES) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bandwidths of the roll's graph, from the formula."""
    return weights(roll(n)[0])


def weights(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The alpha-decay graph, written as its definition."""
    D = cdist(X, X)
    bandwidths = np.sort(D, axis=1)[:, NEIGHBORS]
    A = np.exp(-((D / bandwidths[:, None]) ** 40))
    A[A < 1e-4] = 0.0
    W = (A + A.T) / 2
    np.fill_diagonal(W, 0.0)
    return W, bandwidths


@functools.lru_cache(maxsize=4)
def heat(n: int = SAMPLES) -> np.ndarray:
    """Heat kernel of a path, from its Bessel functions."""
    return oracles.exact_kernel("path", n, "combinatorial", TIME)


# Graphs


def _graph_case(function: str, compute: Callable[..., Any], **fields: Any) -> Case:
    return embedding_case(
        name=function,
        size=f"{SAMPLES}×3",
        function=f"embedding.{function}",
        inputs=lambda: {"X": roll()[0]},
        compute=compute,
        conditioning=fixed(
            2 * 40 * 9.3, "2 · decay · log 1e4: an exponent at the threshold"
        ),
        n=3,
        expected=lambda inputs: weights(inputs["X"])[0],
        against="the definition in NumPy",
        **fields,
    )


def _graphs() -> list[Case]:
    def dense(*, dtype: str, X: Any) -> Any:
        return embedding.alpha_decay_graph(X, NEIGHBORS).W

    def sparse(*, dtype: str, X: Any) -> Any:
        return embedding.sparse_alpha_decay_graph(X, NEIGHBORS).W.toarray()

    return [
        _graph_case("alpha_decay_graph", dense),
        _graph_case(
            "sparse_alpha_decay_graph",
            sparse,
            backends=("reference", "auto"),
            backends_reason="sparse graphs are matrices of SciPy",
        ),
    ]


def _expected_laplacian(kind: str, inputs: Inputs) -> np.ndarray:
    W, eps = inputs["W"], inputs["bandwidths"]
    if kind == "combinatorial":
        return oracles.laplacian(W, kind)
    L = oracles.laplacian(W, "normalized")
    if kind == "normalized":
        return L
    scale = np.clip(eps.mean() / eps, 0.25, 4.0)
    return scale[:, None] * L * scale


def _laplacian_case(kind: str) -> Case:
    def compute(*, dtype: str, W: Any, bandwidths: Any) -> Any:
        return embedding.graph_laplacian(W, kind, bandwidths=bandwidths)

    def laws(
        result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
    ) -> Mapping[str, Deviation]:
        """The null vector: 1, D^1/2 1 or E^-1 D^1/2 1."""
        v = np.sqrt(inputs["W"].sum(axis=1))
        if kind == "combinatorial":
            v = np.ones_like(v)
        elif kind == "variable_bandwidth":
            eps = inputs["bandwidths"]
            v = v / np.clip(eps.mean() / eps, 0.25, 4.0)
        scale = np.linalg.norm(result, ord=2) * np.linalg.norm(v)
        # Weights rounded one by one; their sums are what the diagonal holds.
        change = float(np.linalg.norm(result.astype(np.float64) @ v) / scale)
        return {"null vector": Deviation(change, kappa)}

    return embedding_case(
        name=f"graph_laplacian, {kind}",
        size=f"{SAMPLES}",
        function="embedding.graph_laplacian",
        inputs=lambda: dict(zip(("W", "bandwidths"), graph())),
        compute=compute,
        conditioning=fixed(4.0, "products and roots of four rounded numbers"),
        n=SAMPLES,
        expected=functools.partial(_expected_laplacian, kind),
        against="the definition in NumPy",
        laws=laws,
    )


def _repairs() -> list[Case]:
    def repair_inputs() -> Inputs:
        # Two sheets apart, one of them with a jump from end to end.
        X, _ = roll()
        both = np.concatenate([X, X + [100.0, 0.0, 0.0]])
        W, bandwidths = weights(both)
        W[0, SAMPLES - 1] = W[SAMPLES - 1, 0] = 0.5
        return {"W": W, "X": both, "bandwidths": bandwidths}

    def pruned(*, dtype: str, W: Any, X: Any, bandwidths: Any) -> Any:
        return embedding.prune_shortcuts(W, X, bandwidths)

    def joined(*, dtype: str, W: Any, X: Any, bandwidths: Any) -> Any:
        return embedding.join_components(W, X).W

    return [
        embedding_case(
            name=name,
            size=f"{2 * SAMPLES}",
            function=f"embedding.{name}",
            inputs=repair_inputs,
            compute=compute,
            conditioning=fixed(1.0, "weights are kept, dropped or copied"),
            n=1,
        )
        for name, compute in (("prune_shortcuts", pruned), ("join_components", joined))
    ]


# Rates and distances


def _rate_case(m: float, inverse: bool) -> Case:
    name = "inverse_rate_function" if inverse else "rate_function"

    def rates() -> np.ndarray:
        return np.asarray([oracles.precise_rate(m, v) for v in SPEEDS])

    def inputs() -> Inputs:
        return {"x": rates() if inverse else np.asarray(SPEEDS)}

    def compute(*, dtype: str, x: Any) -> Any:
        return getattr(embedding, name)(m, x)

    def expected(inputs: Inputs) -> np.ndarray:
        if inverse:
            return np.asarray(SPEEDS)
        return np.asarray([oracles.precise_rate(m, v) for v in inputs["x"].tolist()])

    return embedding_case(
        name=f"{name}, m = {m:g}",
        size=f"{len(SPEEDS)}",
        function=f"embedding.{name}",
        inputs=inputs,
        compute=compute,
        conditioning=fixed(4.0, "v I'(v) / I(v) lies in [1, 2], in both directions"),
        n=1,
        expected=expected,
        against="mpmath with 60 digits",
    )


def _expected_distance(distance: str, inputs: Inputs) -> np.ndarray:
    H = inputs["H"]
    root = np.log(np.diag(H)) / 2
    E = np.maximum(root[:, None] + root - np.log(H), 0) / TIME
    if distance == "varadhan":
        return 2 * TIME * np.sqrt(E)
    v = np.sqrt(2 * E)  # I_0(v) is near v^2 / 2: Newton's method from there
    for _ in range(60):
        rate = v * np.arcsinh(v) - np.sqrt(1 + v * v) + 1
        v = np.maximum(v - (rate - E) / np.maximum(np.arcsinh(v), 1e-300), v / 10)
    return TIME * v


def _distance_conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
    # E is a difference of logarithms: neighbours have the smallest one, and a root of
    # it halves the relative error.
    H = inputs["H"]
    size = float(np.linalg.norm(np.log(H))) / TIME
    root = np.log(np.diag(H)) / 2
    E = (root[:, None] + root - np.log(H))[~np.eye(len(H), dtype=bool)] / TIME
    kappa = size / float(E.min()) ** 0.5 / float(np.linalg.norm(expected) / TIME)
    return Conditioning(max(1.0, kappa), "‖log H‖ over √E of neighbours and ‖d‖")


def _distance_case(distance: str) -> Case:
    def compute(*, dtype: str, H: Any) -> Any:
        return embedding.heat_geodesic_distance(
            H, TIME, distance=distance, intrinsic_dim=0
        )

    def laws(
        result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
    ) -> Mapping[str, Deviation]:
        return {
            "symmetry": Deviation(float(np.abs(result - result.T).max()), 0.0),
            "zero diagonal": Deviation(float(np.abs(np.diag(result)).max()), 0.0),
        }

    return embedding_case(
        name=f"heat_geodesic_distance, {distance}",
        size=f"{SAMPLES}",
        function="embedding.heat_geodesic_distance",
        inputs=lambda: {"H": heat()},
        compute=compute,
        conditioning=_distance_conditioning,
        n=1,
        expected=functools.partial(_expected_distance, distance),
        against="the definition in NumPy, on exact entries",
        laws=laws,
        **DOUBLE,
    )


def _expected_time(inputs: Inputs) -> np.ndarray:
    """Where the entropy, linear in log t between powers of two, meets theta."""
    times = 2.0 ** np.arange(9)
    entropies = []
    for t in times:
        H = scipy.linalg.expm(-t * inputs["L"])
        p = np.maximum(H / H.sum(axis=1, keepdims=True), 1e-300)
        entropies.append(-np.sum(p * np.log(p)) / len(H) / np.log(len(H)))
    found = np.interp(THETA, entropies, np.log2(times))
    return np.asarray([2.0 ** float(found)])


def _time_conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
    # t L is known to 2 t ||L|| eps; the entropy grows by about 1 / (2 log n) when log t
    # grows by 1, in one dimension and more in others.
    kappa = 4 * float(expected[0]) * np.log(len(inputs["L"]))
    return Conditioning(kappa, "2 t ‖L‖ over the slope of the entropy in log t")


def _time_case() -> Case:
    def compute(*, dtype: str, L: Any) -> Any:
        found = embedding.diffusion_time(L, theta=THETA, t_min=1.0, t_max=256.0)
        return L[0, :1] * 0 + found

    W, bandwidths = graph()
    L = _expected_laplacian("normalized", {"W": W, "bandwidths": bandwidths})
    return embedding_case(
        name="diffusion_time",
        size=f"{SAMPLES}",
        function="embedding.diffusion_time",
        inputs=lambda: {"L": L},
        compute=compute,
        conditioning=_time_conditioning,
        n=SAMPLES,
        expected=_expected_time,
        against="scipy.linalg.expm at powers of two",
        **DOUBLE,
    )


# Scaling


def between(Y: Any) -> Any:
    """Distances of the rows: what rotations and signs leave alone."""
    xp = array_namespace(Y)
    difference = Y[:, None, :] - Y[None, :, :]
    return xp.sqrt(xp.sum(difference * difference, axis=-1))


def _mds_case(method: str, noise: float) -> Case:
    n = 40

    def inputs() -> Inputs:
        rng = np.random.default_rng(CASE_SEED)
        flat = rng.standard_normal((n, 2)) * [3.0, 1.0]
        D = cdist(flat, flat)
        bump = 1 + noise * rng.uniform(-1, 1, D.shape)
        return {"D": D * np.sqrt(bump * bump.T)}

    def compute(*, dtype: str, D: Any) -> Any:
        options: dict[str, Any] = {}
        if method != "classical":
            options["rng"] = CASE_SEED
        if method == "smacof":
            # A fixed number of steps: two runs need not stop at the same one.
            options |= {"max_iter": 20, "tol": 0.0}
        Y = embedding.metric_mds(D, 2, method=method, **options)
        return between(Y)

    return embedding_case(
        name=f"metric_mds, {method}",
        size=f"{n}",
        function="embedding.metric_mds",
        inputs=inputs,
        compute=compute,
        conditioning=_mds_conditioning(compute),
        n=n,
        expected=(lambda inputs: inputs["D"]) if noise == 0 else None,
        against="distances of points in a plane" if noise == 0 else "float64 reference",
    )


def _mds_conditioning(compute: Callable[..., Any]) -> Callable[..., Conditioning]:
    """Measured on symmetric changes: others would be refused."""
    return measured_conditioning(
        lambda *, dtype, D: compute(dtype=dtype, D=_distances(D))
    )


def _distances(D: np.ndarray) -> np.ndarray:
    """Nearly a matrix of distances, made one."""
    D = np.abs(D + D.T) / 2
    np.fill_diagonal(D, 0.0)
    return D


def _stress_case() -> Case:
    def inputs() -> Inputs:
        X, sheet = roll()
        return {"D": cdist(X, X), "Y": sheet}

    def compute(*, dtype: str, D: Any, Y: Any) -> Any:
        return D[0, :1] * 0 + embedding.mds_stress(D, Y)

    def expected(inputs: Inputs) -> np.ndarray:
        error = cdist(inputs["Y"], inputs["Y"]) - inputs["D"]
        return np.asarray([np.sum(np.triu(error, 1) ** 2)])

    return embedding_case(
        name="mds_stress",
        size=f"{SAMPLES}",
        function="embedding.mds_stress",
        inputs=inputs,
        compute=compute,
        conditioning=measured_conditioning(
            lambda *, dtype, D, Y: expected({"D": D, "Y": Y})
        ),
        n=SAMPLES,
        expected=expected,
        against="the definition in NumPy",
    )


# The estimator


@dataclasses.dataclass(frozen=True)
class Output:
    """What of the estimator a case compares."""

    name: str
    function: str
    take: Callable[[Any, Any], Any]


OUTPUTS = (
    Output("distances", "fit", lambda model, X: model.dissimilarity_),
    Output(
        "distances of the embedding",
        "fit_transform",
        lambda model, X: between(model.embedding_),
    ),
    Output(
        "transform of the training rows",
        "transform",
        lambda model, X: between(model.transform(X)),
    ),
)


def _estimator_case(output: Output) -> Case:
    def compute(*, dtype: str, X: Any) -> Any:
        model = embedding.HeatGeodesicEmbedding(
            n_neighbors=NEIGHBORS, t=TIME, mds="smacof", random_state=0
        )
        return output.take(model.fit(X), X)

    return embedding_case(
        name=f"HeatGeodesicEmbedding, {output.name}",
        size=f"{SAMPLES}×3",
        function=f"embedding.HeatGeodesicEmbedding.{output.function}",
        inputs=lambda: {"X": roll()[0]},
        compute=compute,
        conditioning=measured_conditioning(compute),
        n=SAMPLES,
        tol={"float64": 1e-6, "float32": 1e-3},
        dtypes=("float64",),
        dtype_reason="the graph of rounded points is another one where two neighbours "
        "are equally far",
    )


def cases(quick: bool) -> list[Case]:
    """All functions; the dimensions of the rates are fewer if ``quick``."""
    dimensions = DIMENSIONS[:2] if quick else DIMENSIONS
    found = _graphs() + _repairs()
    found += [
        _laplacian_case(kind)
        for kind in ("combinatorial", "normalized", "variable_bandwidth")
    ]
    found += [_rate_case(m, inverse) for m in dimensions for inverse in (False, True)]
    found += [_distance_case(distance) for distance in ("rate", "varadhan")]
    found += [_time_case(), _mds_case("classical", 0.0), _mds_case("smacof", 0.05)]
    found += [_mds_case("sgd", 0.05), _stress_case()]
    return found + [_estimator_case(output) for output in OUTPUTS]
