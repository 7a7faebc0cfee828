"""The entropic suite: within budget, sharp and complete; its oracles agree."""

import dataclasses
import json

import numpy as np
import pytest
from scipy.integrate import quad

from geomsci import entropic as family
from geomsci.backends.arrays import array_namespace
from geomsci.backends.capabilities import CAPABILITIES
from geomsci.validation.bench import entropic as bench
from geomsci.validation.bench import entropic_run, job
from geomsci.validation.bench.embedding import Failed, run
from geomsci.validation.cases import (
    entropic,
    entropic_closed_forms,
    entropic_ensembles,
    entropic_fields,
    entropic_halvings,
    entropic_oracles,
    entropic_routes,
    entropic_statements,
    entropic_surveys,
)
from geomsci.validation.rows import OK, OVER_BUDGET, SKIPPED
from geomsci.validation.runner import Effort, run_cell, run_experiments
from geomsci.validation.variants import variant

CASES = {f"{case.name} [{case.size}]": case for case in entropic.cases(quick=True)}
EFFORT = Effort(repeats=1, seconds=0.0)
COARSE = ("EntropicCurvature, classes", "scale_flow_rhs", "local_quantile_curvature")
"""Integers, and condition numbers that swallow half of the digits."""


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


@pytest.mark.parametrize("name", [n for n in CASES if not n.startswith(COARSE)])
def test_single_precision_inside_is_seen(name):
    case = CASES[name]

    def compute(*, dtype, **arrays):
        result = case.compute(dtype=dtype, **arrays)
        xp = array_namespace(result)
        return xp.astype(xp.astype(result * 1.0000001, xp.float32), result.dtype)

    expected = case.expected or (
        lambda inputs: np.asarray(case.compute(dtype="float64", **inputs))
    )
    wrong = dataclasses.replace(case, compute=compute, expected=expected, laws=None)
    row = run_cell(wrong, variant("reference"), "float64", EFFORT)
    assert row.status in (OVER_BUDGET, SKIPPED), (row.share, row.kappa)


def test_every_public_function_has_a_case():
    functions = {case.function for case in CASES.values()}
    public = {f"entropic.{name}" for name in family.__all__}
    assert {n for n in public & CAPABILITIES.keys()} - functions == set()


def test_inputs_are_the_same_at_every_call():
    for case in CASES.values():
        first, second = case.inputs(), case.inputs()
        assert all(np.array_equal(first[k], second[k]) for k in first), case.name


def test_names_and_sizes_identify_cases_and_experiments():
    for quick in (True, False):
        keys = [(c.name, c.size) for c in entropic.cases(quick)]
        names = [e.name for e in entropic.experiments(quick, None)]
        assert len(keys) == len(set(keys))
        assert len(names) == len(set(names))


# Statements


@pytest.mark.parametrize(
    "statement",
    [
        entropic_halvings.bures,
        entropic_halvings.quantiles,
        entropic_closed_forms.plane_waves,
        entropic_closed_forms.gaussian,
        entropic_closed_forms.profiles,
        entropic_closed_forms.chains,
        entropic_ensembles.integrals,
        entropic_ensembles.doroshkevich,
    ],
)
def test_statement_is_within_budget(statement):
    _, found = statement(True)
    assert [row.reason for row in found if row.status != OK] == []


@pytest.fixture
def small(monkeypatch):
    """Boxes of a few cells, and no file but those that a test writes."""
    monkeypatch.setattr(entropic_statements, "SIDE_QUICK", 24)
    monkeypatch.setattr(entropic_fields, "find", lambda data, name: None)


def test_rows_of_fields_hold_on_small_boxes(small):
    for statement in (
        entropic_statements.probes,
        entropic_statements.signatures,
        entropic_statements.single,
    ):
        _, found = statement(True)
        assert [row.reason for row in found if row.status != OK] == []
    for statement in (
        entropic_statements.bound,
        entropic_statements.global_identities,
    ):
        _, found = statement(True, None)
        assert [row.reason for row in found if row.status != OK] == []


def test_a_density_that_is_off_breaks_the_identity(small):
    """A curvature of the wrong sign fails <rho tr K> = I."""
    field = entropic_fields.white(16)
    right = entropic_statements._identities(field, 2.0)[0]
    K = np.asarray(family.log_density_hessian(field, 2.0))
    rho = np.asarray(family.smooth_density(field, 2.0))
    weighted = np.mean(rho * entropic_fields.trace(K)) / rho.mean()
    unweighted = np.mean(entropic_fields.trace(K))
    assert right < 1e-13
    assert abs(unweighted) < 1e-3 * weighted


def test_missing_files_are_rows_with_the_reason(monkeypatch):
    for module in (entropic_statements, entropic_surveys):
        monkeypatch.setattr(module.fields, "find", lambda data, name: None)
    experiments = [
        e for e in entropic.experiments(True, None) if e.name in ("snapshot", "2MRS")
    ]
    _, rows = run_experiments(experiments, "entropic", lambda name: None)
    assert [row.status for row in rows] == [SKIPPED, SKIPPED]
    assert all("give it with --data" in row.reason for row in rows)


def test_files_of_the_data_folder_are_found(tmp_path):
    (tmp_path / "cosmology").mkdir()
    (tmp_path / "cosmology" / entropic_fields.SNAPSHOT).touch()
    found = entropic_fields.find(tmp_path, entropic_fields.SNAPSHOT)
    assert found == tmp_path / "cosmology" / entropic_fields.SNAPSHOT


def test_raw_curvature_at_the_edge_is_biased():
    """One mock at few places: randoms take the bias away."""
    relative, raw = entropic_surveys.mock(3, 60)
    assert abs(relative) < 0.4 < raw


# Oracles


def test_fractions_by_quadrature_add_up_to_the_symmetric_ones():
    found = entropic_oracles.eigenvalue_fractions(0.0)
    np.testing.assert_allclose(found, entropic_ensembles.ZERO_FRACTIONS, atol=1e-10)
    high = entropic_oracles.eigenvalue_fractions(0.3)
    low = entropic_oracles.eigenvalue_fractions(-0.3)
    np.testing.assert_allclose(high, low[::-1], atol=1e-12)


@pytest.mark.parametrize(("p", "q"), [(1.0, 1.0), (3.0, 3.0)])
def test_two_point_chains_with_equal_rates(p, q):
    found = entropic_oracles.two_point_curvature(p, q)
    assert found == pytest.approx(2 * p, rel=1e-12)


def test_translations_have_the_curvature_of_the_reference():
    pytest.importorskip("mpmath")
    C, a = np.diag([1.0, 2.0, 0.5]), np.zeros(3)
    values = (a, C, a + 0.7, C, a, 4 * np.eye(3))
    for t in (0.5, 0.3):
        K, W2 = entropic_oracles.gaussian_pair(values, t, np.inf)
        assert K == pytest.approx(0.25, rel=1e-12)
        assert W2 == pytest.approx(0.7 * 3**0.5, rel=1e-12)


def test_moments_of_one_point_are_the_point():
    u, m, C = entropic_oracles.catalogue_moments(
        np.zeros((1, 3)), np.asarray([[3.0, 0.0, 4.0]]), 2.0
    )
    assert u[0] == -25 / 8
    np.testing.assert_array_equal(m, [[3.0, 0.0, 4.0]])
    np.testing.assert_allclose(C, 0, atol=1e-15)


# Benchmarks


def test_a_run_in_its_own_process_tells_time_and_memory():
    request = {"what": "grid", "method": "numpy", "n": 20}
    found = run(request, 120.0, bench.MODULE)
    assert found["seconds"] > 0
    assert found["peak"] > 10_000_000


def test_a_run_that_breaks_is_a_reason():
    with pytest.raises(Failed, match="KeyError: 'nobody'"):
        run({"what": "grid", "method": "nobody", "n": 20}, 120.0, bench.MODULE)


def test_plain_pipeline_has_the_same_classes():
    found = entropic_run.classes_run({"what": "classes", "n": 20, "peer": False})
    assert found == {"numpy": 1.0, "numpy, N = 4": 1.0}


def test_every_peer_has_a_method():
    methods = {peer.method for peer in bench.PEERS} | {bench.OURS.method}
    assert methods == entropic_run.METHODS.keys()


def test_a_missing_peer_is_a_row_with_the_reason(monkeypatch):
    def answer(request, limit, module):
        return {"seconds": 2.0, "peak": 10**9}

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(bench, "run", answer)
    rows = bench.grid(256, 1)
    memory, *others = rows
    assert memory.ratio == pytest.approx(1.1 * 2**30 / 1e9)
    assert [row.status for row in others] == [SKIPPED, SKIPPED, OK]
    assert "pycosmommf is not installed" in others[0].reason


def test_the_goal_is_ten_times_the_peer(monkeypatch):
    def answer(request, limit, module):
        ours = request["method"] == "geomsci"
        return {"seconds": 1.0 if ours else 9.0, "peak": 1}

    monkeypatch.setattr("importlib.util.find_spec", lambda name: True)
    monkeypatch.setattr(bench, "run", answer)
    row = next(r for r in bench.grid(256, 1) if "NEXUS+" in r.peer)
    assert (row.ratio, row.goal) == (9.0, 10.0)


def test_peers_are_measured_on_request_only():
    found = job.measure(["entropic"], 1, against_peers=False)
    assert {r.reason for r in found.results} == {job.PEER_REASON}


def test_galaxies_are_as_many_as_in_the_table():
    positions = entropic_run.galaxies()
    assert positions.shape == (entropic_surveys.GALAXIES, 3)


# Predictions of the statements


def test_the_next_order_of_the_noise_is_that_of_its_integrals():
    """Quadrature of the three Gaussians, and fourth derivatives by their spectrum."""

    def ball(f):
        return quad(lambda r: 4 * np.pi * r**2 * f(r), 0, 12, epsabs=0, limit=200)[0]

    def kernel(r):
        return np.exp(-(r**2) / 2) / (2 * np.pi) ** 1.5

    def biharmonic(width):  # of exp(-r^2 / (2 width^2)) at 0, from its transform
        spectrum = (2 * np.pi * width**2) ** 1.5 / (2 * np.pi) ** 3
        return spectrum * ball(lambda k: k**4 * np.exp(-(k**2) * width**2 / 2))

    s4 = (4 * np.pi) ** -3  # n = 1
    trace = ball(lambda r: kernel(r) ** 3 * ((r**2 - 3) ** 2 + (r**2 - 3) * r**2))
    first = biharmonic(2**0.5)
    more = 2 * first + biharmonic(1.0) / 2 - 2 * trace / s4
    fisher = ball(lambda r: kernel(r) ** 3 * r**2) / s4
    expected = (more / first, (1.5 - fisher) / 1.5)
    np.testing.assert_allclose(entropic_oracles.second_order_noise(), expected, 1e-9)


def test_interpolation_to_twice_the_cells_keeps_the_polynomial():
    x, y = (np.arange(n) * (2 * np.pi / n) for n in (8, 16))

    def wave(t):
        a, b, c = np.meshgrid(t, t, t, indexing="ij")
        return 2 + np.cos(3 * a - b) + np.sin(2 * c + a)

    found = entropic_fields.interpolated(wave(x))
    np.testing.assert_allclose(found, wave(y), atol=1e-13)


def test_shifted_grids_have_the_modes_of_the_points_alone():
    """Up to the window, a mode of the mean is the sum over points to a few 1e-4."""
    n, X = 12, np.random.default_rng(3).uniform(0, 12.0, (50, 3))
    F = np.fft.rfftn(entropic_routes.without_images(X, n, 12.0))
    plain = np.fft.rfftn(family.assign_mass(X, n, 12.0))
    for m in ((2, 0, 0), (1, 3, 2), (-3, 1, 1)):
        exact = np.exp(-2j * np.pi / n * X @ m).sum()
        factor = np.prod(np.sinc(np.divide(m, n)) ** 4)
        turn = np.exp(1j * np.pi / n * sum(m))  # cells are centred
        clean, other = (abs(G[m] / turn / factor - exact) for G in (F, plain))
        assert clean < 1e-3 * len(X) ** 0.5
        assert clean < other


def test_the_error_of_the_grid_is_that_of_its_images(small):
    _, found = entropic_routes.routes(True, None)
    predicted = [row for row in found if "as stated" not in row.case]
    assert [row.reason for row in predicted if row.status != OK] == []


def test_a_grid_off_by_a_hundredth_of_a_cell_is_seen(small, monkeypatch):
    """Its images are the same, so the prediction does not follow the mistake."""
    right = family.assign_mass

    def off(positions, n, L, *args, **options):
        return right((positions + 0.01 * L / n) % L, n, L, *args, **options)

    monkeypatch.setattr(entropic_routes.entropic, "assign_mass", off)
    _, found = entropic_routes.routes(True, None)
    assert {row.status for row in found} == {OVER_BUDGET}


def test_aliasing_of_the_flow_is_squared_on_twice_the_cells(small, monkeypatch):
    monkeypatch.setattr(entropic_statements, "WHITE_QUICK", 24)
    _, found = entropic_statements.flow(True)
    fine = [row for row in found if "twice the cells" in row.case]
    assert [row.reason for row in fine if row.status != OK] == []
