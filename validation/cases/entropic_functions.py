"""Every function of `geomsci.entropic` on every backend, in both precisions.

Most inputs are small fields, catalogues and covariances; condition numbers are measured
where a method composes many steps. What has a closed form is held against it, the
rest against its definition in NumPy or against the float64 reference.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import sqrtm

from geomsci import entropic
from geomsci.backends.arrays import array_namespace
from geomsci.validation.cases import entropic_oracles as oracles
from geomsci.validation.cases.entropic_fields import quiet
from geomsci.validation.cases.measured_conditioning import measured_conditioning
from geomsci.validation.suites import CASE_SEED, Case, Conditioning, Inputs

LENGTHS = (4.0, 3.5, 3.0)
SHAPE = (12, 10, 9)
SCALE = 0.9
DEFINITION = "the definition in NumPy"
HOST: dict[str, Any] = {
    "backends": ("reference", "auto"),
    "backends_reason": "integrals and sums over modes are NumPy arrays on every "
    "library",
    "dtypes": ("float64",),
    "dtype_reason": "sums over modes are float64 whatever the scale is",
}
DOUBLE: dict[str, Any] = {
    "dtypes": ("float64",),
    "dtype_reason": "classes are integers: a tie of single precision is no error",
}


def entropic_case(**fields: Any) -> Case:
    """A case of the suite."""
    return Case(suite="entropic", **fields)


def fixed(kappa: float, reason: str) -> Callable[..., Conditioning]:
    """A condition number that is known beforehand."""
    return lambda inputs, expected: Conditioning(kappa, reason)


def _rng() -> np.random.Generator:
    return np.random.default_rng(CASE_SEED)


def _flat(*parts: Any) -> Any:
    """One vector of all results."""
    xp = array_namespace(*parts)
    return xp.concat([xp.reshape(x, (-1,)) for x in parts])


def _case(
    function: str,
    inputs: Callable[[], Inputs],
    compute: Callable[..., Any],
    *,
    size: str,
    n: int,
    name: str = "",
    kappa: float | None = None,
    why: str = "products, sums and roots of rounded numbers",
    keep: tuple[str, ...] = (),
    expected: Callable[[Inputs], np.ndarray] | None = None,
    against: str = DEFINITION,
    **fields: Any,
) -> Case:
    def told(*, dtype: str, **arrays: Any) -> Any:
        with quiet():
            return compute(**arrays)

    if kappa is None:
        conditioning = measured_conditioning(told, keep)
    else:
        conditioning = fixed(kappa, why)
    if expected is not None:
        fields |= {"expected": expected, "against": against}
    return entropic_case(
        name=name or function,
        size=size,
        function=f"entropic.{function}",
        inputs=inputs,
        compute=told,
        conditioning=conditioning,
        n=n,
        **fields,
    )


# Fields


@functools.lru_cache(maxsize=1)
def _density() -> np.ndarray:
    return np.exp(0.7 * _rng().standard_normal(SHAPE))


def _points(n: int, d: int = 3) -> np.ndarray:
    return _rng().uniform(0.0, 1.0, (n, d)) * np.asarray(LENGTHS[:d])


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
        return {"psi": 0.3 * _rng().standard_normal((*SHAPE, 3))}

    plain = functools.partial(oracles.plain_curvature, lengths=LENGTHS, R=SCALE)
    # Opposite waves of the second order cancel; the Nyquist modes of CIC grow by 15.
    return [
        _case(
            "assign_mass",
            lambda: {"X": _points(60), "w": _rng().uniform(0.5, 2, 60)},
            assign,
            size=f"60 in {size}",
            n=60,
            expected=_mass,
        ),
        _case("compensate_window", compute=compensated, kappa=16.0,
              why="the largest factor of the window, (pi/2)^6", **density),
        _case("smooth_density", compute=smooth, kappa=4.0,
              why="positive numbers, transformed there and back", **density),
        _case("log_density_hessian", compute=hessian,
              expected=lambda i: plain(i["rho"])[2], **density),
        _case("scale_flow_rhs", compute=flow, **density),
        _case("lpt_displacement", compute=displacement, **density),
        _case("displaced_lattice", psi, lattice, size=size, n=2),
        _case("gaussian_field", lambda: {"like": np.zeros(1)},
              random(entropic.gaussian_field), size="8×8×8", n=512, kappa=8.0),
        _case("lognormal_field", lambda: {"like": np.zeros(1)},
              random(entropic.lognormal_field), size="8×8×8", n=512, kappa=16.0,
              why="the exponential of a few standard deviations"),
        _case("eisenstein_hu", lambda: {"k": np.geomspace(1e-4, 10.0, 40)}, tidal,
              size="40", n=40),
    ]  # fmt: skip


# Catalogues


@functools.lru_cache(maxsize=1)
def _catalogue() -> Inputs:
    rng = _rng()
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
        return _flat(*entropic.local_moments(x, y, R))

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
        _case("catalogue_curvature", _only("x", "y"), curvature, expected=tensor,
              **shared, **cut),
        _case("catalogue_curvature", _only("x", "y"), finite, expected=periodic,
              name="catalogue_curvature, periodic, N = 6", **shared, **cut),
        _case("catalogue_log_density", _only("x", "y", "w"), log_density, **shared),
        _case("catalogue_probe_curvature", _only("x", "y"), probes, **shared),
        _case("local_moments", _only("x", "y"), moments, expected=all_moments,
              **shared, **cut),
        _case("survey_curvature", _only("x", "y", "randoms"), survey,
              expected=difference, **shared, **cut),
        _case("survey_log_density", _only("x", "y", "randoms"), relative, **shared),
    ]  # fmt: skip


# Transport


@functools.lru_cache(maxsize=1)
def pair() -> Inputs:
    """Three Gaussian measures: both ends and the reference."""
    rng = _rng()
    found = {}
    for mean, covariance in (("a0", "C0"), ("a1", "C1"), ("b", "S")):
        A = rng.standard_normal((3, 12))
        found[mean], found[covariance] = rng.standard_normal(3), A @ A.T / 12
    return found


def _part(*names: str) -> Callable[[], Inputs]:
    return lambda: {name: pair()[name] for name in names}


def _bures(inputs: Inputs) -> np.ndarray:
    C0, C1 = inputs["C0"], inputs["C1"]
    root = sqrtm(C0).real
    squared = np.trace(C0 + C1 - 2 * sqrtm(root @ C1 @ root).real)
    return np.asarray(math.sqrt(squared))


def _of_pair(t: float, N: float) -> Callable[[Inputs], np.ndarray]:
    def expected(inputs: Inputs) -> np.ndarray:
        values = tuple(inputs[name] for name in ("a0", "C0", "a1", "C1", "b", "S"))
        return np.asarray(oracles.gaussian_pair(values, t, N)[0])

    return expected


def _entropies() -> Inputs:
    rng = _rng()
    return {
        "E0": rng.uniform(1, 2, 12),
        "E1": rng.uniform(1, 2, 12),
        "Et": rng.uniform(0.5, 1.8, 12),
        "W2": rng.uniform(0.5, 2, 12),
    }


def _gaussian_case(t: float, N: float) -> Case:
    def compute(a0: Any, C0: Any, a1: Any, C1: Any, b: Any, S: Any) -> Any:
        return entropic.gaussian_entropic_curvature(a0, C0, a1, C1, b, S, t, N)

    kind = "N infinite" if math.isinf(N) else f"N = {N:g}"
    return _case(
        "gaussian_entropic_curvature",
        _part("a0", "C0", "a1", "C1", "b", "S"),
        compute,
        name=f"gaussian_entropic_curvature, t = {t:g}, {kind}",
        size="3",
        n=9,
        expected=_of_pair(t, N),
        against="three entropies and a bisection, 50 digits",
    )


def _pairs() -> list[Case]:
    def bures(C0: Any, C1: Any) -> Any:
        return entropic.bures_wasserstein(C0, C1)

    def between(a0: Any, C0: Any, a1: Any, C1: Any) -> Any:
        return _flat(*entropic.displacement_interpolation(a0, C0, a1, C1, 0.3))

    def infinite(E0: Any, E1: Any, Et: Any, W2: Any) -> Any:
        return entropic.entropic_curvature(E0, E1, Et, W2, 0.3)

    def finite(E0: Any, E1: Any, Et: Any, W2: Any) -> Any:
        return entropic.entropic_curvature_dimension(E0, E1, Et, W2, N=4.0)

    def infinite_expected(i: Inputs) -> np.ndarray:
        gap = 0.7 * i["E0"] + 0.3 * i["E1"] - i["Et"]
        return 2 / (0.21 * i["W2"] ** 2) * gap

    def finite_expected(i: Inputs) -> np.ndarray:
        U0, U1, Ut = (np.exp(-i[name] / 4) for name in ("E0", "E1", "Et"))
        angle = np.arccos(((U0 + U1) / (2 * Ut)).astype(np.complex128))
        return np.real(16 / i["W2"] ** 2 * angle**2)

    def coarse(W2: Any, h: Any) -> Any:
        return entropic.coarse_ricci_curvature(W2, h, R=2.0)

    def local(a0: Any, C0: Any, a1: Any, C1: Any, S: Any) -> Any:
        return entropic.local_bures_curvature(a0, C0, a1, C1, S, 2.0)

    return [
        _case("bures_wasserstein", _part("C0", "C1"), bures, size="3", n=3,
              expected=_bures),
        _case("displacement_interpolation", _part("a0", "C0", "a1", "C1"), between,
              size="3", n=3),
        *(_gaussian_case(t, N) for t in (0.5, 0.3) for N in (math.inf, 5.0)),
        _case("entropic_curvature", _entropies, infinite, size="12", n=3,
              expected=infinite_expected),
        _case("entropic_curvature_dimension", _entropies, finite, size="12", n=3,
              expected=finite_expected),
        _case("coarse_ricci_curvature",
              lambda: {"W2": np.linspace(0.1, 0.9, 9), "h": np.linspace(1, 2, 9)},
              coarse, size="9", n=1, kappa=8.0,
              expected=lambda i: (1 - i["W2"] / i["h"]) / 4),
        _case("local_bures_curvature", _part("a0", "C0", "a1", "C1", "S"), local,
              size="3", n=9),
    ]  # fmt: skip


def _line() -> list[Case]:
    x = np.linspace(-9, 9, 361)

    def densities() -> Inputs:
        p0, p1 = np.exp(-((x + 1) ** 2) / 1.3), np.exp(-((x - 1) ** 2))
        return {"x": x, "p0": p0, "p1": p1, "log_m": -(x**2) / 8}

    def density() -> Inputs:
        return {"x": x, "rho": np.exp(np.cos(1.1 * x)), "at": np.linspace(-2, 2, 7)}

    def pairs(x: Any, p0: Any, p1: Any, log_m: Any) -> Any:
        return entropic.quantile_entropic_curvature(x, p0, p1, log_m, N=6.0)

    def local(x: Any, rho: Any, at: Any) -> Any:
        return entropic.local_quantile_curvature(x, rho, at, 0.6, 0.6)

    return [
        _case("quantile_entropic_curvature", densities, pairs, size="361", n=361,
              kappa=1e3, why="quantiles of cells with masses down to 1e-30"),
        _case("local_quantile_curvature", density, local, size="361, 7 points", n=361,
              kappa=1e4, why="8 / W2^2 times the entropy of a small distance"),
    ]  # fmt: skip


# Chains, statistics


def _power(k: Any) -> Any:
    return k / (1 + (3 * k) ** 2) ** 1.5


def _chains() -> list[Case]:
    def two(Q: Any) -> Any:
        return entropic.markov_chain_entropic_curvature(Q).curvature

    def exact(inputs: Inputs) -> np.ndarray:
        Q = inputs["Q"]
        value = oracles.two_point_curvature(float(Q[0, 1]), float(Q[1, 0]))
        return np.asarray(value)

    def rates(p: float, q: float) -> Callable[[], Inputs]:
        return lambda: {"Q": np.asarray([[-p, p], [q, -q]])}

    def product(kappa: Any, w: Any) -> Any:
        return entropic.product_chain_curvature(kappa, w)

    def cube(kappa: Any) -> Any:
        return entropic.product_chain_curvature(kappa)

    found = [
        _case("markov_chain_entropic_curvature",
              rates(p, q), two,
              name=f"markov_chain_entropic_curvature, rates {p:g}, {q:g}",
              size="2", n=2, kappa=64.0, why="the flat bottom of a minimum",
              expected=exact, against="the formula of Maas")
        for p, q in ((1.0, 1.0), (0.3, 1.7))
    ]  # fmt: skip
    return [
        *found,
        _case("product_chain_curvature",
              lambda: {"kappa": np.asarray([2.0, 1.5, 3.0]),
                       "w": np.asarray([0.2, 0.5, 0.3])},
              product, size="3", n=1, kappa=4.0,
              expected=lambda i: np.min(i["kappa"] * i["w"], keepdims=True)[0]),
        _case("product_chain_curvature", lambda: {"kappa": np.full(6, 2.0)}, cube,
              name="product_chain_curvature, hypercube", size="2^6", n=1, kappa=4.0,
              expected=lambda i: np.asarray(2.0 / 6), against="2 / n"),
    ]  # fmt: skip


def _statistics() -> list[Case]:
    def radii() -> Inputs:
        return {"R": np.asarray([1.0, 2.5, 6.0])}

    def moments(R: Any) -> Any:
        return entropic.spectral_moments(_power, R)

    def covariance(R: Any) -> Any:
        return entropic.curvature_covariance(_power, R)

    def correlation(R: Any) -> Any:
        return entropic.curvature_correlation(_power, R, 1.5 * R)

    def power(R: Any) -> Any:
        return entropic.curvature_power_spectrum(_power, R, 1 / R)

    def peaks(R: Any) -> Any:
        return entropic.peak_density(_power, R)

    def noise(R: Any) -> Any:
        return _flat(*entropic.shot_noise(0.3 + 0 * R, R))

    def noise_expected(inputs: Inputs) -> np.ndarray:
        R = inputs["R"]
        std = np.sqrt(15 / (32 * np.pi**1.5 * 0.3 * R**3)) / R**2
        return np.concatenate([std, 3 / (16 * np.pi**1.5 * 0.3 * R**5)])

    def power_expected(inputs: Inputs) -> np.ndarray:
        R = inputs["R"]
        return R**-4.0 * _power(1 / R) * math.exp(-1)

    def on_grid(R: Any) -> Any:
        return entropic.grid_spectral_moments(_power, float(R[0]), 8, 12.0)

    def covariance_on_grid(R: Any) -> Any:
        return entropic.grid_curvature_covariance(_power, float(R[0]), 8, 12.0)

    shared: dict[str, Any] = {"inputs": radii, "size": "3 scales", "n": 300}
    # The integrals stop at 1e-11.
    stop: dict[str, Any] = {"tol": {"float64": 1e-12, "float32": 1e-12}}
    return [
        _case("spectral_moments", compute=moments, **shared, **stop),
        _case("curvature_covariance", compute=covariance, **shared, **stop),
        _case("curvature_correlation", compute=correlation, **shared, **stop),
        _case("curvature_power_spectrum", compute=power, expected=power_expected,
              **shared),
        _case("peak_density", compute=peaks, **shared, **stop),
        _case("shot_noise", compute=noise, expected=noise_expected, against="its law",
              **shared),
        _case("grid_spectral_moments", compute=on_grid, **shared, **HOST),
        _case("grid_curvature_covariance", compute=covariance_on_grid, **shared,
              **HOST),
    ]  # fmt: skip


def _doroshkevich() -> list[Case]:
    thresholds = np.asarray([-0.7, 0.0, 0.4, 1.1])

    def fractions(th: Any) -> Any:
        return entropic.doroshkevich_fractions(th)

    def plane(th: Any) -> Any:
        return entropic.doroshkevich_fractions(th, n_axes=2)

    def marginals(th: Any) -> Any:
        return entropic.doroshkevich_marginals(th)

    def density(values: Any) -> Any:
        return entropic.doroshkevich_density(values)

    def density_expected(inputs: Inputs) -> np.ndarray:
        c, b, a = np.moveaxis(inputs["values"], -1, 0)
        I1, I2 = a + b + c, a * b + b * c + a * c
        norm = 3375 / (8 * math.sqrt(5) * math.pi)
        size = norm * np.exp(-3 * I1**2 + 7.5 * I2)
        return size * (a - b) * (b - c) * (a - c)

    def ascending() -> Inputs:
        return {"values": np.sort(_rng().standard_normal((20, 3)), axis=-1)}

    low, high = (1 - 1 / math.sqrt(3)) / 2, 1 / math.sqrt(3)
    return [
        _case("doroshkevich_fractions", lambda: {"th": thresholds}, fractions,
              size="4 thresholds", n=100, against="quadrature over the eigenvalues",
              expected=lambda i: np.stack(
                  [oracles.eigenvalue_fractions(t) for t in i["th"]])),
        _case("doroshkevich_fractions", lambda: {"th": np.zeros(1)}, plane,
              name="doroshkevich_fractions, plane", size="zero", n=100, kappa=4.0,
              expected=lambda i: np.asarray([[low, high, low]]),
              against="(1 - 1/√3)/2"),
        _case("doroshkevich_marginals", lambda: {"th": thresholds}, marginals,
              size="4 values", n=100),
        _case("doroshkevich_density", ascending, density, size="20", n=3,
              expected=density_expected),
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
        found = _flat(web.fisher_information_, web.entropy_, web.sigma_trace_)
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
        _case(f"{name}.fit", density, scalars, name=f"{name}, scalars",
              size=size, n=n),
        _case(f"{name}.transform", density, eigenvalues, expected=expected,
              name=f"{name}, eigenvalues, N = 7", size=size, n=n),
        _case(f"{name}.predict", density, classes, expected=counted,
              name=f"{name}, classes", size=size, n=n, kappa=1.0,
              why="integers", **DOUBLE),
        _case(f"{name}.transform", lambda: {"rho": _density(), "x": _points(15)}, at,
              name=f"{name}, at points", size=f"15 in {size}", n=n),
        _case(f"{name}.transform", lambda: {"X": _points(1500)}, assigned,
              name=f"{name}, positions on a grid", size=f"1500 in {size}", n=n),
        _case(f"{name}.transform", _only("y"), catalogue,
              name=f"{name}, positions", size="90", n=90),
    ]  # fmt: skip


def _full(K: np.ndarray) -> np.ndarray:
    order = [0, 1, 2, 1, 3, 4, 2, 4, 5]
    return K[..., order].reshape(*K.shape[:-1], 3, 3)


def cases(quick: bool) -> list[Case]:
    """Every public function; all are small."""
    found = _fields() + _catalogues() + _pairs() + _line() + _chains()
    return found + _statistics() + _doroshkevich() + _estimator()
