"""Fields, catalogues and the estimator of `geomsci.entropic` on every backend.

The inputs are small; what has a definition of a few lines is held against it in NumPy,
the rest against the float64 reference.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import entropic
from geomsci.backends.arrays import array_namespace
from geomsci.validation.cases import entropic_oracles as oracles
from geomsci.validation.cases.entropic_case import case, flat, input_rng
from geomsci.validation.suites import CASE_SEED, Case, Inputs

LENGTHS = (4.0, 3.5, 3.0)
SHAPE = (12, 10, 9)
SCALE = 0.9
DOUBLE: dict[str, Any] = {
    "dtypes": ("float64",),
    "dtype_reason": "classes are integers: a tie of single precision is no error",
}


# Fields


@functools.lru_cache(maxsize=1)
def _density() -> np.ndarray:
    return np.exp(0.7 * input_rng().standard_normal(SHAPE))


def _points(n: int, d: int = 3) -> np.ndarray:
    return input_rng().uniform(0.0, 1.0, (n, d)) * np.asarray(LENGTHS[:d])


def _mass(inputs: Inputs) -> np.ndarray:
    """Cubic assignment, axis by axis from the definition of the window."""
    X, w = inputs["X"], inputs["w"]
    found = np.zeros(SHAPE)
    weights = []
    for axis, (n, L) in enumerate(zip(SHAPE, LENGTHS)):
        centres = (np.arange(n) + 0.5) * (L / n)
        gap = X[:, axis, None] - centres
        s = np.abs(gap - L * np.round(gap / L)) * (n / L)
        near = (4 - 6 * s**2 + 3 * s**3) / 6
        far = np.clip(2 - s, 0, None) ** 3 / 6
        weights.append(np.where(s < 1, near, far))
    np.einsum("p,pi,pj,pk->ijk", w, *weights, out=found)
    return found


def _fields() -> list[Case]:
    size = "×".join(map(str, SHAPE))
    n = math.prod(SHAPE)
    density: dict[str, Any] = {
        "inputs": lambda: {"rho": _density()},
        "size": size,
        "n": n,
    }

    def assign(X: Any, w: Any) -> Any:
        return entropic.assign_mass(X, SHAPE, LENGTHS, "pcs", w)

    def compensated(rho: Any) -> Any:
        return entropic.compensate_window(rho, LENGTHS, "cic")

    def smooth(rho: Any) -> Any:
        return entropic.smooth_density(rho, [SCALE, 1.2], LENGTHS)

    def hessian(rho: Any) -> Any:
        return entropic.log_density_hessian(rho, SCALE, LENGTHS)

    def flow(rho: Any) -> Any:
        return entropic.scale_flow_rhs(rho, SCALE, LENGTHS)

    def displacement(rho: Any) -> Any:
        return entropic.lpt_displacement(rho - 1, LENGTHS, 2, omega_m=0.3)

    def lattice(psi: Any) -> Any:
        return entropic.displaced_lattice(psi, LENGTHS)

    def random(draw: Callable[..., Any]) -> Callable[..., Any]:
        def field(like: Any) -> Any:
            def power(k: Any) -> Any:
                return 20 / (1 + (2 * k) ** 4)

            return draw(power, 8, 6.0, rng=CASE_SEED, like=like)

        return field

    def tidal(k: Any) -> Any:
        return entropic.eisenstein_hu(
            k, h=0.67, omega_m=0.32, omega_b=0.05, n_s=0.96, sigma8=0.83, wiggles=True
        )

    def psi() -> Inputs:
        return {"psi": 0.3 * input_rng().standard_normal((*SHAPE, 3))}

    plain = functools.partial(oracles.plain_curvature, lengths=LENGTHS, R=SCALE)
    # Opposite waves of the second order cancel; the Nyquist modes of CIC grow by 15.
    return [
        case(
            "assign_mass",
            lambda: {"X": _points(60), "w": input_rng().uniform(0.5, 2, 60)},
            assign,
            size=f"60 in {size}",
            n=60,
            expected=_mass,
        ),
        case("compensate_window", compute=compensated, kappa=16.0,
             why="the largest factor of the window, (pi/2)^6", **density),
        case("smooth_density", compute=smooth, kappa=4.0,
             why="positive numbers, transformed there and back", **density),
        case("log_density_hessian", compute=hessian,
             expected=lambda i: plain(i["rho"])[2], **density),
        case("scale_flow_rhs", compute=flow, **density),
        case("lpt_displacement", compute=displacement, **density),
        case("displaced_lattice", psi, lattice, size=size, n=2),
        case("gaussian_field", lambda: {"like": np.zeros(1)},
             random(entropic.gaussian_field), size="8×8×8", n=512, kappa=8.0),
        case("lognormal_field", lambda: {"like": np.zeros(1)},
             random(entropic.lognormal_field), size="8×8×8", n=512, kappa=16.0,
             why="the exponential of a few standard deviations"),
        case("eisenstein_hu", lambda: {"k": np.geomspace(1e-4, 10.0, 40)}, tidal,
             size="40", n=40),
    ]  # fmt: skip


# Catalogues


@functools.lru_cache(maxsize=1)
def _catalogue() -> Inputs:
    rng = input_rng()
    return {
        "x": rng.uniform(-1, 1, (20, 3)),
        "y": rng.normal(size=(90, 3)),
        "w": rng.uniform(0.5, 2.0, 90),
        "randoms": 1.3 * rng.normal(size=(200, 3)),
    }


def _only(*names: str) -> Callable[[], Inputs]:
    return lambda: {name: _catalogue()[name] for name in names}


def _catalogues() -> list[Case]:
    R = 0.7
    shared: dict[str, Any] = {"size": "20 points, 90 positions", "n": 90}

    def curvature(x: Any, y: Any) -> Any:
        return entropic.catalogue_curvature(x, y, R)

    def finite(x: Any, y: Any) -> Any:
        return entropic.catalogue_curvature(x, y, R, box_size=9.0, dimension=6.0)

    def log_density(x: Any, y: Any, w: Any) -> Any:
        return entropic.catalogue_log_density(x, y, R, weights=w)

    def probes(x: Any, y: Any) -> Any:
        return entropic.catalogue_probe_curvature(x, y, R, 0.5)

    def moments(x: Any, y: Any) -> Any:
        return flat(*entropic.local_moments(x, y, R))

    def survey(x: Any, y: Any, randoms: Any) -> Any:
        return entropic.survey_curvature(x, y, randoms, R)

    def relative(x: Any, y: Any, randoms: Any) -> Any:
        return entropic.survey_log_density(x, y, randoms, R)

    def tensor(inputs: Inputs, positions: str = "y") -> np.ndarray:
        _, _, C = oracles.catalogue_moments(inputs["x"], inputs[positions], R)
        return (np.eye(3) - C / R**2) / R**2

    def periodic(inputs: Inputs) -> np.ndarray:
        x, y = inputs["x"] % 9.0, inputs["y"] % 9.0
        _, m, C = oracles.catalogue_moments(x, y, R, 9.0)
        g = m / R**2
        return (np.eye(3) - C / R**2) / R**2 - g[:, :, None] * g[:, None, :] / 3

    def all_moments(inputs: Inputs) -> np.ndarray:
        u, m, C = oracles.catalogue_moments(inputs["x"], inputs["y"], R)
        return np.concatenate([u, (inputs["x"] + m).ravel(), C.ravel()])

    def difference(inputs: Inputs) -> np.ndarray:
        return tensor(inputs) - tensor(inputs, "randoms")

    # The cut at 8 R costs 3e-12.
    cut: dict[str, Any] = {"tol": {"float64": 1e-12, "float32": 1e-12}}
    return [
        case("catalogue_curvature", _only("x", "y"), curvature, expected=tensor,
             **shared, **cut),
        case("catalogue_curvature", _only("x", "y"), finite, expected=periodic,
             name="catalogue_curvature, periodic, N = 6", **shared, **cut),
        case("catalogue_log_density", _only("x", "y", "w"), log_density, **shared),
        case("catalogue_probe_curvature", _only("x", "y"), probes, **shared),
        case("local_moments", _only("x", "y"), moments, expected=all_moments,
             **shared, **cut),
        case("survey_curvature", _only("x", "y", "randoms"), survey,
             expected=difference, **shared, **cut),
        case("survey_log_density", _only("x", "y", "randoms"), relative, **shared),
    ]  # fmt: skip


# The estimator


def _estimator() -> list[Case]:
    size = "×".join(map(str, SHAPE))

    def model(**options: Any) -> Any:
        return entropic.EntropicCurvature((SCALE, 1.2), box_size=LENGTHS, **options)

    def eigenvalues(rho: Any) -> Any:
        return model(dimension=7.0).fit(rho).transform()

    def scalars(rho: Any) -> Any:
        web = model().fit(rho)
        found = flat(web.fisher_information_, web.entropy_, web.sigma_trace_)
        return array_namespace(found).astype(found, rho.dtype)

    def classes(rho: Any) -> Any:
        return model(threshold=("sigma", 0.2)).fit(rho).predict()

    def at(rho: Any, x: Any) -> Any:
        return model().fit(rho).transform(x)

    def assigned(X: Any) -> Any:
        return model(n_grid=SHAPE).fit(X).transform()

    def catalogue(y: Any) -> Any:
        return entropic.EntropicCurvature(0.7).fit(y).transform()

    def expected(inputs: Inputs) -> np.ndarray:
        found = []
        for R in (SCALE, 1.2):
            _, g, K = oracles.plain_curvature(inputs["rho"], LENGTHS, R)
            full = _full(K) - g[..., :, None] * g[..., None, :] / 4
            found.append(np.linalg.eigvalsh(full))
        return np.stack(found)

    def counted(inputs: Inputs) -> np.ndarray:
        found = []
        for R in (SCALE, 1.2):
            _, _, K = oracles.plain_curvature(inputs["rho"], LENGTHS, R)
            values = np.linalg.eigvalsh(_full(K))
            level = 0.2 * values.sum(axis=-1).std()
            found.append(np.sum(values > level, axis=-1))
        return np.stack(found).astype(np.int8)

    def density() -> Inputs:
        return {"rho": _density()}

    n = math.prod(SHAPE)
    name = "EntropicCurvature"
    return [
        case(f"{name}.fit", density, scalars, name=f"{name}, scalars",
             size=size, n=n),
        case(f"{name}.transform", density, eigenvalues, expected=expected,
             name=f"{name}, eigenvalues, N = 7", size=size, n=n),
        case(f"{name}.predict", density, classes, expected=counted,
             name=f"{name}, classes", size=size, n=n, kappa=1.0,
             why="integers", **DOUBLE),
        case(f"{name}.transform", lambda: {"rho": _density(), "x": _points(15)}, at,
             name=f"{name}, at points", size=f"15 in {size}", n=n),
        case(f"{name}.transform", lambda: {"X": _points(1500)}, assigned,
             name=f"{name}, positions on a grid", size=f"1500 in {size}", n=n),
        case(f"{name}.transform", _only("y"), catalogue,
             name=f"{name}, positions", size="90", n=90),
    ]  # fmt: skip


def _full(K: np.ndarray) -> np.ndarray:
    order = [0, 1, 2, 1, 3, 4, 2, 4, 5]
    return K[..., order].reshape(*K.shape[:-1], 3, 3)


def cases() -> list[Case]:
    """Grids, positions and `EntropicCurvature`."""
    return _fields() + _catalogues() + _estimator()
