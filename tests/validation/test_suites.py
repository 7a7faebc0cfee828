"""The real suites: within budget here, and sharp enough to see a wrong result."""

import dataclasses
import math

import numpy as np
import pytest

from geomsci.backends.arrays import array_namespace
from geomsci.validation import suites
from geomsci.validation.cases import eeg, spd, spd_matrices, spd_oracles
from geomsci.validation.rows import OK, OVER_BUDGET, SKIPPED
from geomsci.validation.runner import Effort, run_cell
from geomsci.validation.variants import variant

SPD_CASES = {case.name: case for case in spd.cases(quick=True)}
EEG_CASES = {case.name: case for case in eeg.cases(quick=True)}
EFFORT = Effort(repeats=1, seconds=0.0)


@pytest.mark.parametrize("backend", ["reference", "strict-device1"])
@pytest.mark.parametrize("name", SPD_CASES)
def test_spd_is_within_budget(name, backend):
    row = run_cell(SPD_CASES[name], variant(backend), "float64", EFFORT)
    assert row.status in (OK, SKIPPED), row.reason


@pytest.mark.parametrize("name", EEG_CASES)
def test_eeg_is_within_budget(name):
    row = run_cell(EEG_CASES[name], variant("reference"), "float64", EFFORT)
    assert row.status in (OK, SKIPPED), row.reason


def _through_single_precision(case):
    """The case as a program would compute it that loses half of the digits inside."""

    def compute(*, dtype, **arrays):
        result = case.compute(dtype=dtype, **arrays)
        xp = array_namespace(result)
        return xp.astype(xp.astype(result, xp.float32), result.dtype)

    return dataclasses.replace(case, compute=compute, laws=None)


@pytest.mark.parametrize(
    "name", [n for n, c in SPD_CASES.items() if "Hermitian" not in n]
)
def test_single_precision_inside_an_spd_function_is_seen(name):
    case = SPD_CASES[name]
    expected = case.expected or (
        lambda inputs: np.asarray(case.compute(dtype="float64", **inputs))
    )
    wrong = dataclasses.replace(_through_single_precision(case), expected=expected)
    row = run_cell(wrong, variant("reference"), "float64", EFFORT)
    assert row.status in (OVER_BUDGET, SKIPPED), (row.share, row.kappa)


def test_every_public_function_of_spd_has_a_case():
    from geomsci import spd as family

    named = " ".join(SPD_CASES)
    assert [name for name in family.__all__ if name not in named] == []


def test_every_public_class_of_eeg_has_a_case():
    from geomsci import eeg as family

    named = " ".join(EEG_CASES)
    assert [name for name in family.__all__ if name not in named] == []


def test_inputs_are_the_same_at_every_call():
    for case in (*spd.cases(quick=True), *eeg.cases(quick=True)):
        first, second = case.inputs(), case.inputs()
        assert all(np.array_equal(first[k], second[k]) for k in first), case.name


def test_names_and_sizes_identify_a_case():
    for quick in (True, False):
        for module in (spd, eeg):
            keys = [(c.name, c.size) for c in module.cases(quick)]
            assert len(keys) == len(set(keys))


def test_unknown_suite_lists_the_known_ones():
    with pytest.raises(
        suites.UnknownName,
        match="eeg, embedding, entropic, fisher, sampling, spd, got 'x'",
    ):
        suites.suite_cases("x", quick=True)


@pytest.mark.parametrize("metric", ["affine", "log-euclidean", "bures-wasserstein"])
def test_oracle_distance_of_commuting_matrices(metric):
    a, b = np.array([1.0, 2.0]), np.array([3.0, 0.5])
    expected = {
        "affine": math.hypot(*np.log(b / a)),
        "log-euclidean": math.hypot(*np.log(b / a)),
        "bures-wasserstein": math.hypot(*(np.sqrt(a) - np.sqrt(b))),
    }[metric]
    found = spd_oracles.distance(np.diag(a)[None], np.diag(b)[None], metric)
    assert found[0] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    "oracle",
    [spd_oracles.precise_affine_distance, spd_oracles.precise_bures_distance],
)
def test_precise_distances_of_commuting_matrices(oracle):
    pytest.importorskip("mpmath")
    a, b = np.array([1.0, 4.0]), np.array([9.0, 1.0])
    expected = {
        "precise_affine_distance": math.hypot(math.log(9), math.log(4)),
        "precise_bures_distance": math.sqrt(5),
    }[oracle.__name__]
    found = oracle(np.diag(a)[None], np.diag(b)[None])
    assert found[0] == pytest.approx(expected, rel=2**-52)


def test_generated_matrices_scatter_around_their_centre():
    C = spd_matrices.scattered(20, 5)
    M = spd_matrices.centre(C)
    assert np.all(np.linalg.eigvalsh(C) > 0)
    assert np.max(spd_oracles.distance(M, C, "affine")) < 5**0.5


def test_tangents_have_their_length_in_the_affine_metric():
    P = spd_matrices.centre(spd_matrices.scattered(20, 5))
    V = spd_matrices.tangents(7, 5, P, length=0.5)
    squared = spd_oracles.squared_norm(V, P, "affine")
    np.testing.assert_allclose(squared, 0.25, rtol=1e-12)
