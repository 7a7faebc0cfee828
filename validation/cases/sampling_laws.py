"""The laws of the samplers: exact probabilities and moments against many draws.

Every row is the distance of a mean over independent draws from its exact value, in
standard errors, or a chi-square statistic in its own standard deviations. The seeds are
fixed, so a row that passes once passes always; a wrong sampler is tens of errors away.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import sampling
from geomsci.validation import rows
from geomsci.validation.cases import sampling_oracles as oracles
from geomsci.validation.cases.sampling_recipes import (
    Space,
    feature_basis,
    features,
    line,
    orthonormal,
    simplex,
)
from geomsci.validation.rows import Row
from geomsci.validation.scores import Score
from geomsci.validation.suites import CASE_SEED, Experiment

LARGEST_Z = 4.0
LEAST_EXPECTED = 5.0
"""Cells of a chi-square statistic with fewer expected draws are put together."""

Found = tuple[list[Score], list[Row]]


@dataclasses.dataclass(frozen=True)
class Law:
    """A statement about a sampler that ``z(n_draws)`` measures.

    ``z`` returns the distance in standard errors and what was found, in words.
    """

    name: str
    size: str
    against: str
    z: Callable[[int], tuple[float, str]]
    n_draws: int
    n_draws_quick: int


def judged(law: Law, quick: bool) -> Found:
    """The row of one law."""
    n_draws = law.n_draws_quick if quick else law.n_draws
    start = time.perf_counter()
    z, words = law.z(n_draws)
    seconds = time.perf_counter() - start
    status, reason = rows.judged(abs(z), LARGEST_Z, {})
    row = Row(
        "sampling",
        law.name,
        "auto",
        "float64",
        law.size,
        status,
        reason,
        against=law.against,
        error=abs(z),
        budget=LARGEST_Z,
        seconds_min=seconds,
        seconds_median=seconds,
        notes=(f"{words}, {n_draws} draws",),
        unit="standard errors",
    )
    return [], [row]


def mean_z(values: np.ndarray, expected: float) -> tuple[float, str]:
    """Distance of a mean from its exact value."""
    mean = float(values.mean())
    error = float(values.std(ddof=1)) / math.sqrt(values.size)
    return (mean - expected) / error, f"{mean:.6g} ± {error:.2g}, exact {expected:.6g}"


def variance_z(values: np.ndarray, expected: float) -> tuple[float, str]:
    """Distance of a variance from its exact value."""
    return mean_z((values - values.mean()) ** 2, expected)


def chi_square_z(observed: np.ndarray, p: np.ndarray) -> tuple[float, str]:
    """Pearson's statistic of counts, as a distance from its mean."""
    n = observed.sum()
    order = np.argsort(-p)
    observed, expected = observed[order], n * p[order]
    rare = int(np.sum(expected >= LEAST_EXPECTED))
    if rare < p.size:
        observed = np.append(observed[:rare], observed[rare:].sum())
        expected = np.append(expected[:rare], expected[rare:].sum())
        if expected[-1] < LEAST_EXPECTED:
            observed = np.append(observed[:-2], observed[-2:].sum())
            expected = np.append(expected[:-2], expected[-2:].sum())
    degrees = expected.size - 1
    value = float(np.sum((observed - expected) ** 2 / expected))
    z = (value - degrees) / math.sqrt(2 * degrees)
    return z, f"chi-square {value:.4g}, {degrees} degrees of freedom"


# Small finite sets: every subset and multiset

N_CANDIDATES, M = 7, 3


def _finite() -> tuple[Any, np.ndarray, np.ndarray]:
    """A basis on candidates with its rows and measure by the oracle."""
    inputs = features(N_CANDIDATES, M)
    return feature_basis(inputs["F"], inputs["mu"]), *orthonormal(inputs)


def _counted(indices: Any, law: dict[tuple[int, ...], float]) -> tuple[float, str]:
    """Unordered outcomes of the draws against their probabilities."""
    found = collections.Counter(map(tuple, np.sort(indices, axis=1).tolist()))
    impossible = sum(count for s, count in found.items() if law.get(s, 0.0) <= 1e-14)
    if impossible:
        return math.inf, f"{impossible} draws of probability zero"
    keys = [s for s, p in law.items() if p > 1e-14]
    observed = np.asarray([found[s] for s in keys], dtype=np.float64)
    return chi_square_z(observed, np.asarray([law[s] for s in keys]))


def _projection_law(n_draws: int) -> tuple[float, str]:
    basis, Q, mu = _finite()
    design = sampling.ProjectionDPP(basis).sample(size=n_draws, rng=CASE_SEED)
    law = oracles.subset_probabilities(Q * np.sqrt(mu)[:, None], M)
    return _counted(design.indices, law)


def _volume_law(reference: str, n: int, n_draws: int) -> tuple[float, str]:
    basis, Q, mu = _finite()
    sampler = sampling.VolumeRescaledSampler(basis, reference=reference)
    design = sampler.sample(n, size=n_draws, rng=CASE_SEED)
    nu = mu if reference == "mu" else mu * np.sum(Q**2, axis=1) / M
    return _counted(design.indices, oracles.multiset_probabilities(Q, mu, nu, n))


def _subset_law(n: int, n_draws: int) -> tuple[float, str]:
    F = features(N_CANDIDATES, M)["F"]
    sampler = sampling.SubsetVolumeSampler(feature_basis(F))
    design = sampler.sample(n, size=n_draws, rng=CASE_SEED)
    return _counted(design.indices, oracles.subset_probabilities(F, n))


def _independent_law(mixture: float | None, n_draws: int) -> tuple[float, str]:
    basis, Q, mu = _finite()
    sampler = sampling.ChristoffelSampler(basis, mixture=mixture)
    design = sampler.sample(2, size=n_draws, rng=CASE_SEED)
    share = 1.0 if mixture is None else mixture
    p = (1 - share) * mu + share * mu * np.sum(Q**2, axis=1) / M
    counts = np.bincount(np.ravel(np.asarray(design.indices)), minlength=N_CANDIDATES)
    return chi_square_z(counts.astype(np.float64), p)


def _part_law(n_draws: int) -> tuple[float, str]:
    """The points beyond r m: a uniform part of a further draw, so of law nu each."""
    basis, Q, mu = _finite()
    design = sampling.RepeatedDPP(basis).sample(M + 1, size=n_draws, rng=CASE_SEED)
    counts = np.bincount(np.asarray(design.indices)[:, -1], minlength=N_CANDIDATES)
    p = mu * np.sum(Q**2, axis=1) / M
    return chi_square_z(counts.astype(np.float64), p)


def _finite_laws() -> list[Law]:
    where = f"m = {M} of N = {N_CANDIDATES}"
    every = "probabilities of all outcomes"
    laws: list[tuple[str, Callable[[int], tuple[float, str]]]] = [
        ("ProjectionDPP", _projection_law),
        ("ChristoffelSampler", functools.partial(_independent_law, None)),
        ("ChristoffelSampler, mixture", functools.partial(_independent_law, 0.4)),
        ("VolumeRescaledSampler", functools.partial(_volume_law, "optimal", 4)),
        ("VolumeRescaledSampler, mu", functools.partial(_volume_law, "mu", 4)),
        ("SubsetVolumeSampler", functools.partial(_subset_law, 4)),
        ("RepeatedDPP, partial draw", _part_law),
    ]
    return [Law(f"law of {name}", where, every, z, 60_000, 10_000) for name, z in laws]


# Polynomial spaces


def _draws(space: Space, n_draws: int, method: str = "chain") -> np.ndarray:
    sampler = sampling.ProjectionDPP(space.basis(), method=method)
    return np.asarray(sampler.sample(size=n_draws, rng=CASE_SEED).points)


def _sum_law(
    space: Space, expected: float, method: str, n_draws: int
) -> tuple[float, str]:
    points = _draws(space, n_draws, method)
    return variance_z(points[..., 0].sum(axis=1), expected)


def _count_law(
    space: Space, low: float, high: float, n_draws: int
) -> tuple[float, str]:
    """The number of points in an interval is Poisson-binomial."""
    # In [low, high] the functions are smooth: a Gauss rule of the interval is exact to
    # rounding. The density of the measure is 1/2 (Legendre) or 1 (Fourier).
    x, w = oracles.quadrature("legendre", 200)
    t = low + (x + 1) / 2 * (high - low)
    density = 0.5 if space.families == ("legendre",) else 1.0
    Phi = space.matrix(t[:, None])
    G = Phi.T @ ((w * (high - low) * density)[:, None] * Phi)
    p = oracles.poisson_binomial(np.clip(np.linalg.eigvalsh(G), 0, 1))
    points = _draws(space, n_draws)[..., 0]
    inside = np.sum((points >= low) & (points <= high), axis=1)
    counts = np.bincount(inside, minlength=p.size).astype(np.float64)
    return chi_square_z(counts, p)


def _proposal_law(space: Space, n_draws: int) -> tuple[float, str]:
    """``m H_m`` proposals are expected."""
    sampler = sampling.ProjectionDPP(space.basis(), method="chain")
    design = sampler.sample(size=n_draws, rng=CASE_SEED)
    m = len(space.indices)
    expected = m * math.fsum(1 / k for k in range(1, m + 1))
    return mean_z(np.asarray(design.n_proposals, dtype=np.float64), expected)


def _grams(space: Space, design: Any) -> np.ndarray:
    """Weighted Gram matrices of all designs, with the oracle's functions."""
    R, n, d = design.points.shape
    Phi = space.matrix(np.reshape(design.points, (R * n, d))).reshape(R, n, -1)
    return np.einsum("rn,rni,rnj->rij", design.weights / n, Phi, Phi, optimize=True)


def _direction(m: int) -> np.ndarray:
    """A fixed vector with no small entry."""
    v = 1 + np.arange(m) / m
    return v / np.linalg.norm(v)


def _mean_gram_law(space: Space, n: int, n_draws: int) -> tuple[float, str]:
    """``E v^T G v = 1`` for repeated draws with a partial one."""
    design = sampling.RepeatedDPP(space.basis()).sample(n, size=n_draws, rng=CASE_SEED)
    v = _direction(len(space.indices))
    return mean_z(_grams(space, design) @ v @ v, 1.0)


def _inverse_gram_law(space: Space, n: int, n_draws: int) -> tuple[float, str]:
    """``E v^T G^-1 v = n / (n - m + 1)`` for volume-rescaled samples."""
    m = len(space.indices)
    sampler = sampling.VolumeRescaledSampler(space.basis())
    design = sampler.sample(n, size=n_draws, rng=CASE_SEED)
    v = _direction(m)
    x = np.linalg.solve(_grams(space, design), np.tile(v[:, None], (n_draws, 1, 1)))
    return mean_z(x[..., 0] @ v, n / (n - m + 1))


def _determinant_law(space: Space, n: int, n_draws: int) -> tuple[float, str]:
    """``E det G = n! / ((n - m)! n^m)`` for independent points."""
    sampler = sampling.ChristoffelSampler(space.basis())
    design = sampler.sample(n, size=n_draws, rng=CASE_SEED)
    m = len(space.indices)
    expected = math.prod((n - k) / n for k in range(m))
    return mean_z(np.linalg.det(_grams(space, design)), expected)


def _unbiased_law(space: Space, n: int, n_draws: int) -> tuple[float, str]:
    """``E c = c*``: the mean of ``exp`` from volume-rescaled samples."""
    sampler = sampling.VolumeRescaledSampler(space.basis())
    design = sampler.sample(n, size=n_draws, rng=CASE_SEED)
    Phi = space.matrix(design.points.reshape(-1, 1)).reshape(n_draws, n, -1)
    y = np.exp(3 * design.points[..., 0])
    root = np.sqrt(design.weights)
    Q, R = np.linalg.qr(root[..., None] * Phi)
    b = np.einsum("rnm,rn->rm", Q, root * y)
    c = np.linalg.solve(R, b[..., None])[..., 0]
    return mean_z(c[:, 0], math.sinh(3) / 3)


def _polynomial_laws() -> list[Law]:
    legendre, hermite, fourier = (
        line("legendre", 10), line("hermite", 10), line("fourier", 9),
    )  # fmt: skip
    plane = simplex("legendre", 2, 3)
    m = 10
    part = functools.partial
    sums = [
        (
            f"variance of the sum of the points, {method}",
            space,
            words,
            part(_sum_law, space, exact, method),
        )
        for method in ("chain", "tridiagonal")
        for space, exact, words in (
            (legendre, m**2 / (4 * m**2 - 1), "m² / (4 m² - 1)"),
            (hermite, float(m), "m"),
        )
    ]
    table: list[tuple[str, Space, str, Callable[[int], tuple[float, str]]]] = [
        *sums,
        ("points in [0.2, 1]", legendre, "Poisson-binomial law",
         part(_count_law, legendre, 0.2, 1.0)),
        ("points in [0, 0.3]", fourier, "Poisson-binomial law",
         part(_count_law, fourier, 0.0, 0.3)),
        ("number of proposals", plane, "m H_m", part(_proposal_law, plane)),
        ("mean Gram matrix, RepeatedDPP, n = 2.5 m", plane, "identity",
         part(_mean_gram_law, plane, 25)),
        ("mean inverse Gram matrix, VolumeRescaledSampler, n = 4 m", plane,
         "n / (n - m + 1)", part(_inverse_gram_law, plane, 40)),
        ("mean det G, ChristoffelSampler, n = 2 m", line("legendre", 5),
         "n! / ((n - m)! n^m)", part(_determinant_law, line("legendre", 5), 10)),
        ("mean coefficient, VolumeRescaledSampler, n = 2 m", line("legendre", 5),
         "integral of f", part(_unbiased_law, line("legendre", 5), 10)),
    ]  # fmt: skip
    return [
        Law(name, f"{space.name}, m = {len(space.indices)}", against, z, 40_000, 4000)
        for name, space, against, z in table
    ]


def experiments(quick: bool) -> list[Experiment]:
    """One experiment a law."""
    return [
        Experiment(f"{law.name}, {law.size}", functools.partial(judged, law, quick))
        for law in _finite_laws() + _polynomial_laws()
    ]
