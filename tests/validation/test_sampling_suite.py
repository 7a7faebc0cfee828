"""The sampling suite: within budget, sharp and complete; its oracles agree."""

import dataclasses
import itertools
import json
import math

import numpy as np
import pytest

from geomsci import sampling as family
from geomsci.backends.arrays import array_namespace
from geomsci.backends.capabilities import CAPABILITIES
from geomsci.validation.bench import sampling as bench
from geomsci.validation.bench.contest import hold
from geomsci.validation.cases import (
    sampling,
    sampling_accuracy,
    sampling_coreset,
    sampling_functions,
    sampling_laws,
    sampling_oracles,
    sampling_recipes,
    sampling_stability,
)
from geomsci.validation.rows import OK, OVER_BUDGET, SKIPPED
from geomsci.validation.runner import Effort, run_cell
from geomsci.validation.suites import CaseUnavailable
from geomsci.validation.variants import variant

CASES = {f"{case.name} [{case.size}]": case for case in sampling.cases(quick=True)}
ROUNDED = [
    name
    for name, case in CASES.items()
    # Indices of candidates and numbers of points are single precision numbers.
    if not name.startswith(("required_sample_size", "FeketeDesign", "greedy_reduce"))
    and "SubsetVolumeSampler [" not in name
    and "Gram matrix" not in name
    and case.expected is not None
]
EFFORT = Effort(repeats=1, seconds=0.0)


@pytest.mark.parametrize("backend", ["reference", "auto"])
@pytest.mark.parametrize("name", CASES)
def test_case_is_within_budget(name, backend):
    row = run_cell(CASES[name], variant(backend), "float64", EFFORT)
    assert row.status in (OK, SKIPPED), row.reason


@pytest.mark.parametrize("name", CASES)
def test_row_of_single_precision_can_be_written(name):
    row = run_cell(CASES[name], variant("reference"), "float32", EFFORT)
    assert row.status in (OK, SKIPPED), row.reason
    json.dumps(row.as_json(), allow_nan=False)


def _through_single_precision(case):
    """The case as a program would compute it that loses half of the digits inside."""

    def compute(*, dtype, **arrays):
        result = case.compute(dtype=dtype, **arrays)
        xp = array_namespace(result)
        return xp.astype(xp.astype(result, xp.float32), result.dtype)

    return dataclasses.replace(case, compute=compute, laws=None)


@pytest.mark.parametrize("name", ROUNDED)
def test_single_precision_inside_is_seen(name):
    wrong = _through_single_precision(CASES[name])
    row = run_cell(wrong, variant("reference"), "float64", EFFORT)
    assert row.status in (OVER_BUDGET, SKIPPED), (row.share, row.kappa)


def test_every_public_row_has_a_case():
    functions = {case.function for case in sampling.cases(quick=True)}
    rows = {
        name
        for name in CAPABILITIES
        if name.startswith("sampling.")
        and (name.count(".") == 2 or name.split(".")[1] in family.__all__)
    }
    assert rows - functions == set()


def test_every_kernel_runs_in_some_case():
    kernels = {
        name
        for name, row in CAPABILITIES.items()
        if name.startswith("sampling.") and ("numba", "numpy") in row.kernels
    }
    called = set()
    for case in CASES.values():
        if case.function.endswith(".sample"):
            row = run_cell(case, variant("numba"), "float64", EFFORT)
            called |= {c.removesuffix(" (numba)") for c in row.calls}
    # The proposals alone serve the blocked reference of large spaces.
    assert kernels - called <= {"sampling.polynomial_proposals"}


def test_every_kernel_has_a_benchmark():
    kernels = {
        name
        for name, row in CAPABILITIES.items()
        if name.startswith("sampling.") and ("numba", "numpy") in row.kernels
    }
    assert kernels == bench.KERNEL_INPUTS.keys()


def test_inputs_are_the_same_at_every_call():
    for case in CASES.values():
        first, second = case.inputs(), case.inputs()
        assert all(np.array_equal(first[k], second[k]) for k in first), case.name


def test_names_and_sizes_identify_a_case():
    for quick in (True, False):
        keys = [(c.name, c.size) for c in sampling.cases(quick)]
        assert len(keys) == len(set(keys))


def test_names_identify_an_experiment():
    for quick in (True, False):
        names = [e.name for e in sampling.experiments(quick, None)]
        assert len(names) == len(set(names))


# Oracles


@pytest.mark.parametrize(
    ("family_name", "alpha", "beta"),
    [
        ("legendre", 0, 0),
        ("hermite", 0, 0),
        ("laguerre", 0, 0),
        ("chebyshev", 0, 0),
        ("fourier", 0, 0),
        ("jacobi", 0.5, -0.25),
        ("jacobi", -0.5, -0.5),
    ],
)
def test_oracle_polynomials_are_orthonormal(family_name, alpha, beta):
    x, w = sampling_oracles.quadrature(family_name, 16, alpha, beta)
    Phi = sampling_oracles.univariate(family_name, 7, x, alpha, beta)
    np.testing.assert_allclose(Phi.T @ (w[:, None] * Phi), np.eye(8), atol=1e-12)


def test_precise_fit_solves_the_normal_equations():
    rng = np.random.default_rng(0)
    A, b = rng.standard_normal((12, 4)), rng.standard_normal(12)
    c = sampling_oracles.precise_fit(A, b)
    np.testing.assert_allclose(A.T @ (A @ c - b), 0, atol=1e-14)


def test_multisets_without_repetition_are_the_subsets():
    inputs = sampling_recipes.features(5, 2)
    Q, mu = sampling_recipes.orthonormal(inputs)
    rows = Q * np.sqrt(mu)[:, None]
    subsets = sampling_oracles.subset_probabilities(rows, 2)
    multisets = sampling_oracles.multiset_probabilities(Q, mu, mu, 2)
    for pair in itertools.combinations(range(5), 2):
        assert multisets[pair] == pytest.approx(subsets[pair], rel=1e-12)


def test_log_kernel_is_that_of_few_functions():
    pytest.importorskip("mpmath")
    x = np.asarray([0.3, 2.0])
    Phi = sampling_oracles.univariate("hermite", 5, x)
    found = sampling_oracles.log_hermite_kernel(x, 6)
    np.testing.assert_allclose(found, np.log(np.sum(Phi**2, axis=1)), rtol=1e-13)


def test_poisson_binomial_of_fair_coins():
    law = sampling_oracles.poisson_binomial(np.full(3, 0.5))
    np.testing.assert_allclose(law, [1 / 8, 3 / 8, 3 / 8, 1 / 8], rtol=1e-15)


def test_greedy_survivors_keep_the_ends_of_a_line():
    A = np.stack([np.ones(4), [-0.9, 0.1, 0.2, 0.9]], axis=1)
    for criterion in ("a-optimal", "lambda_min"):
        kept = sampling_oracles.greedy_survivors(A, 2, criterion)
        assert kept.tolist() == [0, 3]


def test_sobol_indices_of_ishigami():
    a, b = 7.0, 0.1
    parts = np.asarray([(1 + b * math.pi**4 / 5) ** 2 / 2, a**2 / 8, 0.0])
    both = b**2 * math.pi**8 * (1 / 18 - 1 / 50)
    variance = parts.sum() + both
    first = np.asarray(sampling_functions.ISHIGAMI_FIRST)
    total = np.asarray(sampling_functions.ISHIGAMI_TOTAL)
    np.testing.assert_allclose(first, parts / variance, rtol=1e-12)
    parts[[0, 2]] += both
    np.testing.assert_allclose(total, parts / variance, rtol=1e-12)


def test_quadrature_finds_the_best_approximation():
    p = sampling_functions.problem("Runge", 10)
    assert p.ratio(p.best) == 1
    x, w = sampling_oracles.quadrature("legendre", 120)
    g = p.f(x[:, None]) - np.asarray(p.basis.evaluate(x[:, None])) @ p.best
    assert w @ g**2 == pytest.approx(p.remainder, rel=1e-10)


# Laws see a wrong sampler


def test_chi_square_sees_a_wrong_law():
    rng = np.random.default_rng(0)
    p = np.asarray([0.2, 0.3, 0.4, 0.0995, 0.0005])
    right = rng.multinomial(5000, p).astype(float)
    wrong = rng.multinomial(5000, [0.25, 0.25, 0.4, 0.0995, 0.0005]).astype(float)
    assert abs(sampling_laws.chi_square_z(right, p)[0]) < 4
    assert sampling_laws.chi_square_z(wrong, p)[0] > 10


def test_independent_points_fail_the_law_of_repelling_ones():
    basis = sampling_recipes.line("legendre", 10).basis()
    points = family.ChristoffelSampler(basis).sample(10, size=2000, rng=0).points
    z, _ = sampling_laws.variance_z(points[..., 0].sum(axis=1), 100 / 399)
    assert z > 20


def test_independent_points_fail_the_table_of_repeated_draws():
    table = sampling_stability.TABLES[0]
    wrong = dataclasses.replace(table, known={sampling_stability.IID: {2: 0.944}})
    _, (row,) = sampling_stability.cell(wrong, sampling_stability.IID, 2, 500)
    assert row.status == OVER_BUDGET


def test_unweighted_fit_is_worse_than_the_goal():
    p = sampling_functions.problem("Runge", 10)
    design = family.RepeatedDPP(p.basis).sample(22, size=50, rng=0)
    right = sampling_accuracy.fits(p, design.points, design.weights)
    wrong = sampling_accuracy.fits(p, design.points, 1 / design.weights)
    assert np.median(right) < np.median(wrong)


# The table of houses


def _write(path, columns, n=200):
    rng = np.random.default_rng(0)
    values = rng.uniform(1, 2, (n, len(columns)))
    lines = [",".join(f"{v:.6f}" for v in row) for row in values]
    lines[3] = lines[3].replace(lines[3].split(",")[4], "", 1)
    path.write_text("\n".join([",".join(columns), *lines]) + "\n", encoding="utf-8")


def test_rows_with_missing_values_are_left_out(tmp_path):
    path = tmp_path / sampling_coreset.FILE
    _write(path, (*sampling_coreset.COLUMNS, sampling_coreset.TARGET))
    X, y = sampling_coreset.read(path)
    assert (X.shape, y.shape) == ((199, 8), (199,))
    assert sampling_coreset.quadratic(X).shape == (199, 45)


def test_a_table_without_the_columns_is_refused(tmp_path):
    path = tmp_path / sampling_coreset.FILE
    _write(path, ("longitude", "latitude", "a", "b", "c"))
    with pytest.raises(CaseUnavailable, match="it lacks housing_median_age"):
        sampling_coreset.read(path)


def test_the_table_is_found_below_the_data_folder(tmp_path):
    (tmp_path / "tables").mkdir()
    assert sampling_coreset.experiments(True, tmp_path) == []
    (tmp_path / "tables" / sampling_coreset.FILE).touch()
    (experiment,) = sampling_coreset.experiments(True, tmp_path)
    assert experiment.name == f"California housing, {sampling_coreset.FILE}"


# Benchmarks


def test_index_set_is_that_of_dppy():
    ordering = pytest.importorskip("dppy.multivariate_jacobi_ope").compute_ordering
    for d, m, _ in bench.CUBES:
        theirs = {tuple(int(k) for k in i) for i in ordering(m, d)}
        assert theirs == {tuple(i) for i in bench.cube_basis(d, m).indices.tolist()}


def test_a_missing_peer_is_a_row_with_the_reason(monkeypatch):
    def missing(*names):
        raise CaseUnavailable("dppy is not installed")

    monkeypatch.setattr(bench, "optional", missing)
    contest = next(c for c in bench.contests() if "chain rule" in c.name)
    row = hold(contest, 1)
    assert (row.status, row.reason) == (SKIPPED, "dppy is not installed")
