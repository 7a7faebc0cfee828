"""The Fisher suite: within budget, sharp and complete; its oracles agree."""

import dataclasses
import math

import numpy as np
import pytest

from geomsci import fisher as family
from geomsci.backends.arrays import array_namespace
from geomsci.backends.capabilities import CAPABILITIES
from geomsci.validation.bench import fisher as bench
from geomsci.validation.bench.contest import hold
from geomsci.validation.cases import fisher, fisher_oracles, fisher_paper
from geomsci.validation.cases import fisher_sampling as sampling
from geomsci.validation.rows import OK, OVER_BUDGET, SKIPPED
from geomsci.validation.runner import Effort, run_cell
from geomsci.validation.variants import variant

CASES = {f"{case.name} [{case.size}]": case for case in fisher.cases(quick=True)}
ROUNDED = [
    name
    for name, case in CASES.items()
    # Spins, and curvatures such as 5 and -3, are single precision numbers.
    if not name.startswith("LatticeSampler") and case.against != "closed form"
]
EFFORT = Effort(repeats=1, seconds=0.0)
CRITICAL = math.asinh(1) / 2


@pytest.mark.parametrize("name", CASES)
def test_case_is_within_budget(name):
    row = run_cell(CASES[name], variant("reference"), "float64", EFFORT)
    assert row.status in (OK, SKIPPED), row.reason


def _through_single_precision(case):
    """The case as a program would compute it that loses half of the digits inside."""

    def compute(*, dtype, **arrays):
        result = case.compute(dtype=dtype, **arrays)
        xp = array_namespace(result)
        return xp.astype(xp.astype(result, xp.float32), result.dtype)

    return dataclasses.replace(case, compute=compute, laws=None)


@pytest.mark.parametrize("name", ROUNDED)
def test_single_precision_inside_is_seen(name):
    case = CASES[name]
    expected = case.expected or (
        lambda inputs: np.asarray(case.compute(dtype="float64", **inputs))
    )
    wrong = dataclasses.replace(_through_single_precision(case), expected=expected)
    row = run_cell(wrong, variant("reference"), "float64", EFFORT)
    assert row.status in (OVER_BUDGET, SKIPPED), (row.share, row.kappa)


def test_every_public_function_has_a_case():
    functions = {case.function for case in fisher.cases(quick=False)}
    methods = {
        name
        for name in CAPABILITIES
        if name.startswith("fisher.")
        and (name.count(".") == 2 or name.split(".")[1] in family.__all__)
    }
    assert methods - functions == set()


def test_single_precision_is_left_out_with_its_reason():
    case = next(iter(CASES.values()))
    row = run_cell(case, variant("reference"), "float32", EFFORT)
    assert (row.status, "single precision" in row.reason) == (SKIPPED, True)


def test_inputs_are_the_same_at_every_call():
    for case in CASES.values():
        first, second = case.inputs(), case.inputs()
        assert all(np.array_equal(first[k], second[k]) for k in first), case.name


def test_names_and_sizes_identify_a_case():
    for quick in (True, False):
        keys = [(c.name, c.size) for c in fisher.cases(quick)]
        assert len(keys) == len(set(keys))


# Oracles


@pytest.mark.parametrize(
    ("shape", "J"),
    [((3, 4), (0.3, 0.5)), ((4, 3), (0.6, 0.2)), ((3, 3), (CRITICAL, CRITICAL))],
)
def test_kaufman_agrees_with_the_sum_over_states(shape, J):
    pytest.importorskip("mpmath")
    J = np.asarray(J)
    moments = fisher_oracles.enumerated("square", shape, J)
    n = math.prod(shape)
    found = fisher_oracles.kaufman_derivatives(shape, J, (0, 0), (1, 0), (1, 1), (0, 3))
    cumulants = [
        moments.log_partition,
        moments.mean[:n].sum(),
        moments.metric[:n, n:].sum(),
        moments.third[n:, n:, n:].sum(),
    ]
    np.testing.assert_allclose(found, cumulants, rtol=1e-11)


def test_free_bonds_are_independent():
    moments = fisher_oracles.enumerated("square", (3, 4), np.zeros(2))
    np.testing.assert_allclose(moments.metric, np.eye(24), atol=1e-14)
    assert moments.log_partition == pytest.approx(12 * math.log(2), rel=1e-15)


def test_contractions_of_a_sphere():
    p = np.asarray([0.2, 0.3, 0.1])
    X = np.eye(4)[:, :3] - p
    weights = np.append(p, 0.4)
    g = X.T @ (weights[:, None] * X)
    T = np.einsum("s,si,sj,sk->ijk", weights, X, X, X)
    R, _, _ = fisher_oracles.contractions(g, T)
    assert R == pytest.approx(3 * 2 / 4, rel=1e-13)
    assert fisher_oracles.ricci_terms(g, T).sum() == pytest.approx(R, rel=1e-13)


# Published values and exact tables


def test_published_values_are_reproduced():
    for model in fisher_paper.PUBLISHED:
        _, rows = fisher_paper.published(model, largest=4)
        assert [row.status for row in rows] == [OK, OK]


def test_wrong_published_digit_is_seen(monkeypatch):
    monkeypatch.setitem(fisher_paper.PUBLISHED, "Ising", {3: 105.65})
    _, rows = fisher_paper.published("Ising", largest=3)
    assert rows[0].status == OVER_BUDGET


def test_exact_table_tells_both_laws():
    pytest.importorskip("mpmath")
    _, rows = fisher_paper.table((6, 8))
    assert [row.status for row in rows] == [OK, OK]
    assert "n^(10/9) has 1.1111" in rows[1].notes[1]


def test_estimate_is_judged_by_its_own_error():
    _, rows = sampling.estimated(sampling.QUICK_RUNS[0])
    assert rows[0].status == OK
    assert rows[0].unit == "standard errors"


# Benchmark


def test_missing_script_is_a_row_that_says_so(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    reasons = {hold(contest, 1).reason for contest in bench.contests()}
    assert any("PYTHONPATH" in reason for reason in reasons)
    assert any("mcising is not installed" in reason for reason in reasons)


def test_times_alone_have_no_ratio():
    row = bench.alone(1, "nothing", "0", lambda: None, n=10)
    assert (row.ratio, row.status) == (None, OK)
    assert row.note.endswith("sweeps a second")
