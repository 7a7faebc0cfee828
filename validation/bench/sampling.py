"""Draws against DPPy and pythia-uq; designs against Sobol points and hypercubes.

DPPy (Gautier, Polito, Bardenet and Valko, JMLR 20, 2019) draws projection DPPs on
finite sets from the same orthonormal rows, and on cubes from the same polynomials; what
is shared, a QR or the tables of a basis, is made before the clock starts. pythia-uq
draws independent points of the optimal measure by rejection under a maximum that it
estimates on a grid; ours is exact.

Each turn is another draw. Times are those of one thread if ``OMP_NUM_THREADS`` is 1:
one draw of ours never takes more.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
import scipy.stats

from geomsci import sampling, use_backend
from geomsci.reference.sampling.blocked import Candidates
from geomsci.sampling.design import stream_keys
from geomsci.sampling.measures import sampled_measure
from geomsci.validation.bench.contest import OK, Contest, Job, Result
from geomsci.validation.cases import sampling_accuracy as accuracy
from geomsci.validation.cases.sampling_functions import Problem, problem
from geomsci.validation.cases.spd_oracles import optional
from geomsci.validation.environment import version_of
from geomsci.validation.measure import peak_host_bytes, timing
from geomsci.validation.suites import CASE_SEED
from geomsci.validation.wording import size as bytes_in_words

FINITE = ((10_000, 50, None), (100_000, 100, 1000.0))
"""N, m, and the goal of the ratio."""

CUBES = ((1, 50, None), (2, 50, 50.0), (2, 100, 50.0), (3, 100, 50.0))
"""d, m, and the goal of the ratio."""

N_IN_TURN = 10
"""Draws in a turn where one takes a millisecond."""

INDEPENDENT = ((8, 1000), (12, 2000))
"""Total degree and points."""

LARGE_FINITE = (10_000, 1000)
LARGE_GOAL = 0.5
PREPARED = (1_000_000, 100)
OVERSAMPLING = 1.5
N_DESIGNS = 40
ALONE = "no other program"
TIME_LIMIT = 40.0


def label(name: str, remark: str = "") -> str:
    """Name and version of a peer, and how it was driven."""
    return f"{name} {version_of(name) or ''}".strip() + remark


# Arguments of the kernels, for the suite of that name


@functools.lru_cache(maxsize=1)
def finite_basis(n_candidates: int, m: int) -> sampling.FeatureBasis:
    """Normal features, stretched row by row so that the leverages differ."""
    rng = np.random.default_rng(CASE_SEED)
    F = rng.standard_normal((n_candidates, m))
    F *= np.exp(0.5 * rng.standard_normal((n_candidates, 1)))
    return sampling.FeatureBasis(F)


@functools.lru_cache(maxsize=8)
def cube_basis(d: int, m: int) -> sampling.PolynomialBasis:
    """The first m functions in DPPy's order, which goes by the largest degree."""
    side = math.ceil(m ** (1 / d) - 1e-9)
    every = sorted(itertools.product(range(side), repeat=d), key=lambda i: (max(i), i))
    return sampling.PolynomialBasis("legendre", np.asarray(every[:m]))


def keys(count: int) -> np.ndarray:
    return stream_keys(CASE_SEED, count)


def finite(n_candidates: int, m: int, count: int) -> tuple[np.ndarray, Candidates]:
    """Keys and candidates."""
    basis = finite_basis(n_candidates, m)
    return keys(count), sampled_measure(basis).on_candidates()


def polynomial(d: int, m: int, count: int) -> tuple[np.ndarray, Any]:
    """Keys and tables."""
    return keys(count), sampled_measure(cube_basis(d, m)).tables


def proposals(d: int, m: int) -> tuple[np.ndarray, Any]:
    """One key and tables."""
    return keys(1)[0], sampled_measure(cube_basis(d, m)).tables


def points_of_cube(d: int, m: int, n: int) -> tuple[np.ndarray, Any]:
    """Uniform points and tables."""
    points = np.random.default_rng(CASE_SEED).uniform(-1, 1, (n, d))
    return points, sampled_measure(cube_basis(d, m)).tables


KERNEL_INPUTS: dict[str, list[tuple[str, Callable[[], tuple[Any, ...]]]]] = {
    "sampling.finite_dpp_draws": [
        ("5 draws, m = 100 of 1e5", lambda: finite(100_000, 100, 5))
    ],
    "sampling.finite_points": [
        ("20×1000 points of 1e5", lambda: finite(100_000, 100, 20))
    ],
    "sampling.optimal_weights": [
        ("1000 points, d = 2, m = 100", lambda: points_of_cube(2, 100, 1000))
    ],
    "sampling.polynomial_dpp_draws": [
        ("1 draw, d = 2, m = 100", lambda: polynomial(2, 100, 1))
    ],
    "sampling.polynomial_points": [
        ("1000 points, d = 2, m = 100", lambda: polynomial(2, 100, 1))
    ],
    "sampling.polynomial_proposals": [
        ("100 proposals, d = 2, m = 100", lambda: proposals(2, 100))
    ],
}
KERNEL_OPTIONS: dict[str, dict[str, Any]] = {
    "sampling.finite_dpp_draws": {"n_points": 100},
    "sampling.finite_points": {"n_points": 1000, "share": 1.0},
    "sampling.polynomial_dpp_draws": {"n_points": 100},
    "sampling.polynomial_points": {"n_points": 1000, "share": 1.0},
    "sampling.polynomial_proposals": {"first": 0, "count": 100},
}


# DPPy


def _draw(
    make: Callable[[], Any], n: int | None = None, count: int = 1
) -> Callable[[], Job]:
    """``count`` more draws of ours, one call each."""

    def prepare() -> Job:
        sampler, rng = make(), np.random.default_rng(CASE_SEED)

        def job() -> None:
            for _ in range(count):
                sampler.sample(n, rng=rng)

        return job

    return prepare


def _dppy_finite(n_candidates: int, m: int) -> Callable[[], Job]:
    def prepare() -> Job:
        module = optional("dppy.finite_dpps", "dppy")
        basis = finite_basis(n_candidates, m)
        Q = np.sqrt(basis.measure)[:, None] * basis.rows
        dpp = module.FiniteDPP(
            "correlation", projection=True, K_eig_dec=(np.ones(m), Q)
        )
        rng = np.random.RandomState(CASE_SEED)

        def job() -> None:
            dpp.sample_exact(mode="GS_bis", random_state=rng)
            dpp.flush_samples()

        return job

    return prepare


def _dppy_cube(d: int, m: int) -> Callable[[], Job]:
    def prepare() -> Job:
        module = optional("dppy.multivariate_jacobi_ope", "dppy")
        dpp = module.MultivariateJacobiOPE(m, np.zeros((d, 2)))
        rng = np.random.RandomState(CASE_SEED)

        def job() -> None:
            for _ in range(N_IN_TURN):
                dpp.sample(random_state=rng, tridiag_1D=False)

        return job

    return prepare


# pythia-uq


def _pythia(degree: int, n: int) -> Callable[[], Job]:
    def prepare() -> Job:
        module = optional("pythia", "pythia-uq")
        parameters = [
            module.parameter.Parameter(name, [-1, 1], "uniform") for name in "xy"
        ]
        indices = module.index.simplex_set(2, degree)
        functions = module.basis.multivariate_basis(
            module.basis.univariate_basis(parameters, indices.max(axis=0)), indices
        )
        sampler = module.sampler.WLSSampler(parameters, functions)

        def job() -> None:
            sampler.sample((n,))

        return job

    return prepare


def _finite_dpp(N: int, m: int) -> sampling.ProjectionDPP:
    return sampling.ProjectionDPP(finite_basis(N, m))


def _cube_dpp(d: int, m: int) -> sampling.ProjectionDPP:
    return sampling.ProjectionDPP(cube_basis(d, m), method="chain")


def _independent(degree: int) -> sampling.ChristoffelSampler:
    indices = sampling.total_degree(2, degree)
    return sampling.ChristoffelSampler(sampling.PolynomialBasis("legendre", indices))


def contests() -> list[Contest]:
    """The rows of this suite that need a peer."""
    found = [
        Contest(
            "sampling",
            "one more draw of a finite projection DPP",
            f"N = {N}, m = {m}",
            _draw(functools.partial(_finite_dpp, N, m)),
            _dppy_finite(N, m),
            label("dppy", ", GS_bis"),
            goal,
        )
        for N, m, goal in FINITE
    ]
    found += [
        Contest(
            "sampling",
            "draws of a Legendre projection DPP, chain rule",
            f"{N_IN_TURN}, d = {d}, m = {m}",
            _draw(functools.partial(_cube_dpp, d, m), count=N_IN_TURN),
            _dppy_cube(d, m),
            label("dppy"),
            goal,
        )
        for d, m, goal in CUBES
    ]
    found += [
        Contest(
            "sampling",
            "independent points of the optimal measure",
            f"{n}, 2-D Legendre, total degree {degree}",
            _draw(functools.partial(_independent, degree), n),
            _pythia(degree, n),
            label("pythia-uq", ", maximum estimated"),
        )
        for degree, n in INDEPENDENT
    ]
    return found


# Accuracy of designs with the same number of points


def _unweighted(p: Problem, sets: list[np.ndarray]) -> np.ndarray:
    points = np.stack(sets)
    return accuracy.fits(p, points, np.ones(points.shape[:2]))


def _sobol(p: Problem, n: int, R: int) -> np.ndarray:
    d, power = p.basis.n_features_in, math.ceil(math.log2(n))
    sampler = [scipy.stats.qmc.Sobol(d, rng=seed) for seed in range(R)]
    return _unweighted(p, [2 * s.random_base2(power)[:n] - 1 for s in sampler])


def _hypercube(p: Problem, n: int, R: int) -> np.ndarray:
    d = p.basis.n_features_in
    sampler = [scipy.stats.qmc.LatinHypercube(d, rng=seed) for seed in range(R)]
    return _unweighted(p, [2 * s.random(n) - 1 for s in sampler])


def _pivoted(p: Problem, n: int, R: int) -> np.ndarray:
    """SciPy's QR with pivoting on uniform candidates."""
    points, weights = [], []
    for seed in range(R):
        rng = np.random.default_rng(seed)
        X = rng.uniform(-1, 1, (accuracy.N_CANDIDATES, p.basis.n_features_in))
        Phi = np.asarray(p.basis.evaluate(X))
        w = p.m / np.sum(Phi**2, axis=1)
        A = np.sqrt(w)[:, None] * Phi
        chosen = scipy.linalg.qr(A.T, mode="r", pivoting=True)[1][: p.m]
        points.append(X[chosen])
        weights.append(w[chosen])
    return accuracy.fits(p, np.stack(points), np.stack(weights))


def _ours(p: Problem, n: int, R: int) -> np.ndarray:
    design = sampling.OptimalDesign(p.basis).sample(n, size=R, rng=CASE_SEED)
    return accuracy.fits(p, design.points, design.weights)


def _accuracy(name: str, degree: int, factor: float) -> list[Result]:
    p = problem(name, degree)
    n = accuracy.size_of(p, factor)
    peers: dict[str, Callable[[Problem, int, int], np.ndarray]] = {
        label("scipy", ", scrambled Sobol points"): _sobol,
        label("scipy", ", Latin hypercube"): _hypercube,
    }
    if factor == 1.0:
        peers[label("scipy", ", QR with pivoting")] = _pivoted
    R = N_DESIGNS // 4 if factor == 1.0 else N_DESIGNS
    mine = _ours(p, n, R)
    found = []
    for peer, draw in peers.items():
        theirs = draw(p, n, R)
        found.append(
            Result(
                "sampling",
                "accuracy of OptimalDesign, median of squared error over the best",
                f"{p.name}, n = {n}, m = {p.m}",
                peer,
                OK,
                turns=R,
                note=f"ours {np.median(mine):.3g}, theirs {np.median(theirs):.3g}; "
                f"means {_mean(mine)}, {_mean(theirs)}",
            )
        )
    return found


def _mean(E: np.ndarray) -> str:
    return f"{E.mean():.3g} ± {E.std(ddof=1) / math.sqrt(E.size):.1g}"


# Times alone


def _timed(
    name: str, size: str, call: Job, repeats: int, note: Callable[[float], str]
) -> Result:
    with use_backend("auto"):
        times = timing(call, repeats, TIME_LIMIT)
    return Result(
        "sampling",
        name,
        size,
        ALONE,
        OK,
        ours_median=times.median,
        ours_min=times.minimum,
        turns=repeats,
        note=note(times.median),
    )


def _large(repeats: int) -> Result:
    N, m = LARGE_FINITE
    job = _draw(functools.partial(_finite_dpp, N, m))()
    job()

    def note(seconds: float) -> str:
        met = "met" if seconds <= LARGE_GOAL else "missed"
        return f"goal {LARGE_GOAL} s: {met}"

    what = "one more draw of a finite projection DPP"
    return _timed(what, f"N = {N}, m = {m}", job, repeats, note)


def _preparation(repeats: int) -> Result:
    """The basis and the tables of the sampler, from raw features."""
    N, m = PREPARED
    F = np.random.default_rng(CASE_SEED).standard_normal((N, m))

    def job() -> None:
        sampler = sampling.ProjectionDPP(sampling.FeatureBasis(F))
        sampler.sample(rng=CASE_SEED)

    peak = bytes_in_words(peak_host_bytes(job))
    return _timed(
        "FeatureBasis and the first draw",
        f"N = {N}, m = {m}",
        job,
        repeats,
        lambda seconds: (
            f"peak memory {peak} beside the features' {bytes_in_words(F.nbytes)}"
        ),
    )


def _many(repeats: int) -> Result:
    """Draws a second, on all threads."""
    m, R = 64, 2000
    sampler = sampling.ProjectionDPP(finite_basis(10_000, m))
    sampler.sample(size=2, rng=CASE_SEED)

    def job() -> None:
        sampler.sample(size=R, rng=CASE_SEED)

    what = "independent draws, all threads"
    size = f"{R} of m = {m}, N = 10000"
    return _timed(what, size, job, repeats, lambda s: f"{R / s:,.0f} draws a second")


def times(repeats: int) -> list[Result]:
    """What has no other side, and accuracies."""
    found = [_many(repeats), _large(repeats), _preparation(min(repeats, 3))]
    for name, degree, factor in (
        ("Ishigami", 5, OVERSAMPLING),
        ("Ishigami", 5, 1.0),
        ("2-D function", 8, OVERSAMPLING),
        ("borehole", 2, OVERSAMPLING),
    ):
        found += _accuracy(name, degree, factor)
    return found
