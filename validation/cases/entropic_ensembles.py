"""Gaussian fields: what is predicted against ensembles, within three standard errors.

(v) Moments, correlators and classes of the curvature of Gaussian fields against sums
over the modes of the same grid, integrals and Doroshkevich's fractions; (vii) which
of two smoothings keeps them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from geomsci import entropic
from geomsci.backends import run
from geomsci.reference.entropic import log_hessian as lh
from geomsci.reference.entropic.rigid_probe import probe_tensor
from geomsci.validation.cases import entropic_fields as fields
from geomsci.validation.cases import entropic_oracles as oracles
from geomsci.validation.cases.entropic_fields import Watch, deviation, measured
from geomsci.validation.rows import Row
from geomsci.validation.scores import Score
from geomsci.validation.suites import Experiment

Found = tuple[list[Score], list[Row]]
ALLOWED = 3.0
"""Standard errors."""

SIDE = 32
CELL = 4.0
SCALE = 16.0
"""Four cells: the grid sees all maxima, and aliasing is below rounding."""

N_SEEDS, N_SEEDS_QUICK = 160, 40
THRESHOLDS = (-0.5, 0.0, 0.5)
ZERO_FRACTIONS = np.asarray([0.0796759371, 0.4203240629, 0.4203240629, 0.0796759371])


def _tensor(seed: int) -> np.ndarray:
    """Curvature of a lognormal field whose logarithm is smoothed."""
    L = CELL * SIDE
    g = entropic.gaussian_field(fields.spectrum, SIDE, L, rng=seed)
    u = np.asarray(entropic.smooth_density(g, SCALE, L))
    return probe_tensor(u, (L,) * 3)


def _maxima(u: np.ndarray) -> int:
    """Cells above all 26 neighbours."""
    highest = np.ones(u.shape, dtype=bool)
    steps = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), -1).reshape(-1, 3)
    for step in steps:
        if np.any(step):
            highest &= u > np.roll(u, tuple(step), (0, 1, 2))
    return int(highest.sum())


def _row(name: str, z: float, size: str, against: str, watch: Watch, note: str) -> Row:
    return measured(
        f"(v) {name}",
        size,
        z,
        ALLOWED,
        unit="standard errors",
        against=against,
        seconds=watch.seconds,
        notes=(note,),
    )


def gaussian(quick: bool) -> Found:
    """(v) An ensemble of Gaussian log densities at one scale."""
    watch, L = Watch(), CELL * SIDE
    number = N_SEEDS_QUICK if quick else N_SEEDS
    lags = (0, 2, 4, 8)
    products, xi, counts, peaks = [], [], [], []
    sigma = entropic.grid_spectral_moments(fields.spectrum, SCALE, SIDE, L)
    for seed in fields.seeds(0, number):
        K = _tensor(seed)
        flat = K.reshape(-1, 6)
        products.append(flat.T @ flat / len(flat))
        T = fields.trace(K)
        xi.append([np.mean(T * np.roll(T, lag, 0)) for lag in lags])
        found = []
        for level in THRESHOLDS:
            count = run("entropic.eigenvalue_signature", K, level * float(sigma[2]))
            found.append(np.bincount(count.reshape(-1), minlength=4) / count.size)
        counts.append(found)
        g = entropic.gaussian_field(fields.spectrum, SIDE, L, rng=seed)
        u = np.asarray(entropic.smooth_density(g, SCALE, L))
        peaks.append(_maxima(u) / L**3)
    size = f"{number} of {SIDE}³, R = 4 cells"
    second = np.asarray(products)
    traces = np.asarray([1.0, 0, 0, 1, 0, 1])
    variance = np.einsum("sij,i,j->s", second, traces, traces)
    modes = entropic.grid_curvature_covariance(fields.spectrum, SCALE, SIDE, L)
    upper = np.triu_indices(6)
    rows = []
    z, _ = deviation(variance[:, None], sigma[2] ** 2)
    ratio = variance.mean() / sigma[2] ** 2
    rows.append(_row("Var tr K = σ₂²", z, size, "sum over modes", watch,
                     f"ratio {ratio:.4f}"))  # fmt: skip
    z, _ = deviation(second[:, *upper], modes[upper])
    rows.append(_row("⟨K_ij K_kl⟩", z / _wider(21), size, "sum over modes", watch,
                     f"largest of 21 entries, {z:.2f} standard errors, over "
                     f"{_wider(21):.2f}"))  # fmt: skip
    exact = [_mode_correlation(lag * CELL, L) for lag in lags]
    z, _ = deviation(np.asarray(xi), np.asarray(exact))
    rows.append(_row("ξ of tr K", z / _wider(4), size, "sum over modes", watch,
                     f"lags {lags} cells, {z:.2f} over {_wider(4):.2f}"))  # fmt: skip
    expected = np.stack([oracles.eigenvalue_fractions(t) for t in THRESHOLDS])
    z, _ = deviation(np.asarray(counts), expected)
    rows.append(_row("fractions at −σ/2, 0, σ/2", z / _wider(12), size,
                     "Doroshkevich", watch, f"largest of 12, {z:.2f} over "
                     f"{_wider(12):.2f}"))  # fmt: skip
    density = float(entropic.peak_density(fields.spectrum, SCALE))
    z, _ = deviation(np.asarray(peaks)[:, None], density)
    rows.append(_row("density of maxima", z, size, "BBKS", watch,
                     f"ratio {np.mean(peaks) / density:.4f}"))  # fmt: skip
    return [], rows


@functools.cache
def _wider(number: int) -> float:
    """How much wider the largest of some normal numbers may be than one at 3."""
    from scipy.stats import norm

    tail = 2 * norm.sf(ALLOWED)
    return float(norm.isf((1 - (1 - tail) ** (1 / number)) / 2)) / ALLOWED


def _mode_correlation(r: float, L: float) -> float:
    """Correlation of tr K along an axis, a sum over the modes of the grid."""
    k = 2 * np.pi * np.fft.fftfreq(SIDE, L / SIDE)
    kx, ky, kz = np.meshgrid(k, k, k, indexing="ij")
    square = kx**2 + ky**2 + kz**2
    P = np.zeros_like(square)
    some = square > 0
    P[some] = fields.spectrum(np.sqrt(square[some]))
    weight = square**2 * P * np.exp(-square * SCALE**2)
    return float(np.sum(weight * np.cos(kx * r)) / L**3)


def integrals(quick: bool) -> Found:
    """(v) Sums over modes of a large box against the integrals."""
    watch, found = Watch(), []
    n, R = (64, 16.0) if quick else (128, 16.0)
    L = CELL * n

    def spectrum(k: np.ndarray) -> np.ndarray:
        return k**2 * np.exp(-((2 * k) ** 2))

    modes = entropic.grid_spectral_moments(spectrum, R, n, L)
    exact = np.asarray(entropic.spectral_moments(spectrum, R))
    error = float(np.max(np.abs(modes / exact - 1)))
    found.append(
        measured("(v) moments: sums against integrals", f"{n}³", error, 1e-10,
                 unit="relative", against="spectral_moments", seconds=watch.seconds)
    )  # fmt: skip
    r = np.asarray([0.0, 3.0, 8.0])
    xi = np.asarray(entropic.curvature_correlation(fields.spectrum, 8.0, r))
    whole = float(np.asarray(entropic.spectral_moments(fields.spectrum, 8.0))[2])
    found.append(
        measured("(v) ξ(0) = σ₂²", "one scale", abs(float(xi[0]) / whole**2 - 1),
                 1e-10, unit="relative", against="spectral_moments",
                 seconds=watch.seconds)
    )  # fmt: skip
    return [], found


def doroshkevich(quick: bool) -> Found:
    """Fractions at zero to 1e-10, and at any threshold."""
    watch = Watch()
    zero = np.asarray(entropic.doroshkevich_fractions(0.0))
    thresholds = np.linspace(-2, 2, 5 if quick else 41)
    found = np.asarray(entropic.doroshkevich_fractions(thresholds))
    exact = np.stack([oracles.eigenvalue_fractions(t) for t in thresholds])
    one = abs(float(np.max(np.abs(zero - ZERO_FRACTIONS))))
    return [], [
        measured("Doroshkevich fractions at zero", "3 axes", one, 1e-10,
                 unit="absolute", against="0.0796759371, 0.4203240629, ...",
                 seconds=watch.seconds),
        measured("Doroshkevich fractions at thresholds", f"{len(thresholds)}",
                 float(np.max(np.abs(found - exact))), 1e-11, unit="absolute",
                 against="quadrature over the eigenvalues", seconds=watch.seconds),
    ]  # fmt: skip


def _linear(positions: np.ndarray, n: int, R: float) -> np.ndarray:
    """Var Lap delta and the mean of |grad delta|^2 of points, in unit cells."""
    mass = np.asarray(entropic.assign_mass(positions, n, n))
    rho = np.asarray(entropic.compensate_window(mass / mass.mean(), n))
    k = 2 * np.pi * np.fft.fftfreq(n)
    square = k[:, None, None] ** 2 + k[:, None] ** 2 + k**2
    power = np.abs(np.fft.fftn(rho) / rho.size) ** 2 * np.exp(-square * R * R)
    return np.asarray([np.sum(square**2 * power), np.sum(square * power)])


def poisson(quick: bool) -> Found:
    """(v) Shot noise of tr K of unclustered points: the law, and its next order.

    The law is of first order in the noise, and exact for Lap delta in the place of
    tr K. On the same points the noise of both is nearly one, so their difference shows
    the next order, which `oracles.second_order_noise` gives, where it is a thousandth
    of the law.
    """
    watch, n, R = Watch(), 48, 3.0
    seeds = 10 if quick else 40
    names, found, apart = ("Var tr K", "Fisher information"), [], []
    for number in (3.0, 10.0, 30.0):
        values, linear = [], []
        for seed in fields.seeds(500, seeds):
            rng = np.random.default_rng(seed)
            positions = rng.uniform(0, n, (rng.poisson(number / R**3 * n**3), 3))
            web = entropic.EntropicCurvature(R, box_size=n, n_grid=n).fit(positions)
            information = float(web.fisher_information_[0])
            values.append([float(web.sigma_trace_[0]) ** 2, information])
            linear.append(_linear(positions, n, R))
        noise = entropic.shot_noise(number / R**3, R)
        law = np.asarray([float(noise.trace_std) ** 2, float(noise.fisher_information)])
        ratios = np.asarray(values) / law
        variance = 1.0 / ((4 * np.pi) ** 1.5 * number)
        apart.append((ratios - np.asarray(linear) / law) / variance)
        second = np.asarray(oracles.second_order_noise())
        for name, ratio, more in zip(names, ratios.T, second * variance):
            z, _ = deviation(ratio[:, None], 1.0 + more)
            told = f"ratio {ratio.mean():.4f} to the law, {1 + more:.5f} predicted"
            found.append(
                _row(f"shot noise, {name}, n̄ R³ = {number:g}", z / _student(seeds, 6),
                     f"{seeds} boxes", "Poisson law, second order", watch,
                     f"{told}; {z:.2f} standard errors over {_student(seeds, 6):.2f}")
            )  # fmt: skip
    z, _ = deviation(np.concatenate(apart, axis=1), np.tile(second, 3))
    told = ", ".join(
        f"{a[:, 0].mean():+.2f} ± {a[:, 0].std(ddof=1) / seeds**0.5:.2f}" for a in apart
    )
    found.append(
        _row("shot noise, what the law leaves", z / _student(seeds, 6),
             f"{seeds} boxes, n̄ R³ = 3, 10, 30", "second order", watch,
             f"Var tr K: {told} times the law and the variance of the density, "
             f"{second[0]:.3f} predicted; largest of 6, {z:.2f} standard errors over "
             f"{_student(seeds, 6):.2f}")
    )  # fmt: skip
    return [], found


# (vii) Two smoothings


PRE, AMPLITUDE, SKEW_SEEDS = 8.0, 1.5, 6
SKEWNESS = {4.0: -0.24, 8.0: -0.29, 16.0: -0.07}


def _skewness(T: np.ndarray) -> float:
    centred = T - T.mean()
    return float(np.mean(centred**3) / np.mean(centred**2) ** 1.5)


def smoothings(quick: bool) -> Found:
    """(vii) Smoothing the logarithm keeps the fractions, smoothing rho skews tr K."""
    watch = Watch()
    n = 64 if quick else 128
    L = CELL * n
    logs: dict[float, list[np.ndarray]] = {R: [] for R in SKEWNESS}
    skews: dict[float, list[float]] = {R: [] for R in SKEWNESS}
    log_skews: dict[float, list[float]] = {R: [] for R in SKEWNESS}
    for seed in fields.seeds(900, SKEW_SEEDS):
        g = entropic.gaussian_field(fields.spectrum, n, L, rng=seed)
        u = AMPLITUDE * np.asarray(entropic.smooth_density(g, PRE, L))
        for R in SKEWNESS:
            K = probe_tensor(u, (L,) * 3, width=R)
            T = fields.trace(K)
            count = run("entropic.eigenvalue_signature", K, 0.0).reshape(-1)
            logs[R].append(np.bincount(count, minlength=4) / count.size)
            log_skews[R].append(_skewness(T))
            # One cell at the lowest scale: the field holds nothing beyond 8 Mpc/h.
            (result,) = lh.log_hessian(np.exp(u), [R], (L,) * 3)
            skews[R].append(_skewness(fields.trace(np.asarray(result.curvature))))
    found = []
    size = f"{SKEW_SEEDS} of {n}³, {L:g} Mpc/h"
    for R, stated in SKEWNESS.items():
        z, _ = deviation(np.asarray(logs[R]), ZERO_FRACTIONS)
        wide = _student(SKEW_SEEDS, 4)
        found.append(
            measured(f"(vii) fractions, logarithm smoothed at {R:g} Mpc/h", size,
                     z / wide, ALLOWED, unit="standard errors", against="Doroshkevich",
                     seconds=watch.seconds,
                     notes=(f"largest of 4 is {z:.2f}, over {wide:.2f} for "
                            f"{SKEW_SEEDS} seeds",))
        )  # fmt: skip
        a, b = np.asarray(log_skews[R]), np.asarray(skews[R])
        error = float(b.std(ddof=1)) / SKEW_SEEDS**0.5
        found.append(
            measured(f"(vii) skewness, density smoothed at {R:g} Mpc/h", size,
                     abs(float(b.mean()) - stated), 0.02 + 3 * error, unit="absolute",
                     against=f"{stated:g}", seconds=watch.seconds,
                     notes=(f"{b.mean():.3f} ± {error:.3f}; logarithm smoothed "
                            f"{a.mean():.3f}",))
        )  # fmt: skip
    apart = np.asarray(skews[8.0]) - np.asarray(log_skews[8.0])
    z = abs(float(apart.mean())) / (float(apart.std(ddof=1)) / SKEW_SEEDS**0.5)
    found.append(
        measured("(vii) the two flows are apart at 8 Mpc/h", size, ALLOWED / z, 1.0,
                 unit="3 over standard errors", against="paired difference of skewness",
                 seconds=watch.seconds, notes=(f"{z:.1f} standard errors",))
    )  # fmt: skip
    return [], found


@functools.cache
def _student(seeds: int, number: int) -> float:
    """As `_wider` where the standard error comes from few seeds."""
    from scipy.stats import norm, t

    tail = 2 * norm.sf(ALLOWED)
    each = 1 - (1 - tail) ** (1 / number)
    return float(t.isf(each / 2, seeds - 1)) / ALLOWED


def experiments(quick: bool) -> list[Experiment]:
    """One experiment for each prediction."""
    jobs: dict[str, Callable[[bool], Found]] = {
        "(v) Gaussian ensemble": gaussian,
        "(v) sums and integrals": integrals,
        "(v) shot noise": poisson,
        "(vii) two smoothings": smoothings,
        "Doroshkevich": doroshkevich,
    }
    return [
        Experiment(name, functools.partial(job, quick)) for name, job in jobs.items()
    ]
