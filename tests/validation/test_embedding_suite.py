"""The embedding suite: within budget, sharp and complete; its oracles agree."""

import dataclasses
import json

import numpy as np
import pytest

from geomsci import embedding as family
from geomsci.backends.arrays import array_namespace
from geomsci.backends.capabilities import CAPABILITIES
from geomsci.validation.bench import embedding as bench
from geomsci.validation.bench import embedding_run
from geomsci.validation.cases import (
    embedding,
    embedding_geodesics,
    embedding_kernels,
    embedding_oracles,
)
from geomsci.validation.rows import OK, OVER_BUDGET, SKIPPED
from geomsci.validation.runner import Effort, run_cell
from geomsci.validation.variants import variant

CASES = {f"{case.name} [{case.size}]": case for case in embedding.cases(quick=True)}
EFFORT = Effort(repeats=1, seconds=0.0)
KEPT = (
    "prune_shortcuts",
    "join_components",
    "HeatGeodesicEmbedding",
    "von_neumann_time",
    "student_embedding",
)
"""Weights and integers that single precision holds, or loose budgets of descents."""


@pytest.mark.parametrize("backend", ["reference", "auto"])
@pytest.mark.parametrize("name", CASES)
def test_case_is_within_budget(name, backend):
    pytest.importorskip("mpmath")
    row = run_cell(CASES[name], variant(backend), "float64", EFFORT)
    assert row.status in (OK, SKIPPED), row.reason


@pytest.mark.parametrize("name", CASES)
def test_row_of_single_precision_can_be_written(name):
    pytest.importorskip("mpmath")
    row = run_cell(CASES[name], variant("reference"), "float32", EFFORT)
    assert row.status in (OK, SKIPPED), row.reason
    json.dumps(row.as_json(), allow_nan=False)


@pytest.mark.parametrize("name", [n for n in CASES if not n.startswith(KEPT)])
def test_single_precision_inside_is_seen(name):
    pytest.importorskip("mpmath")
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
    public = {
        name
        for name in CAPABILITIES
        if name.startswith("embedding.") and name.split(".")[1] in family.__all__
    }
    assert {n for n in public if n.count(".") == 1} - functions == set()


def test_inputs_are_the_same_at_every_call():
    pytest.importorskip("mpmath")
    for case in CASES.values():
        first, second = case.inputs(), case.inputs()
        assert all(np.array_equal(first[k], second[k]) for k in first), case.name


def test_names_and_sizes_identify_cases_and_experiments():
    for quick in (True, False):
        keys = [(c.name, c.size) for c in embedding.cases(quick)]
        names = [e.name for e in embedding.experiments(quick, None)]
        assert len(keys) == len(set(keys))
        assert len(names) == len(set(names))


# Oracles


@pytest.mark.parametrize("t", [0.7, 40.0])
@pytest.mark.parametrize("graph", ["path", "cycle", "star", "complete"])
def test_closed_forms_are_the_series(graph, t):
    pytest.importorskip("mpmath")
    L = embedding_oracles.laplacian(
        embedding_oracles.adjacency(graph, 9), "combinatorial"
    )
    exact = embedding_oracles.closed_form(graph, 9, t)
    error = embedding_oracles.largest_relative_error(
        embedding_oracles.series(L, t), exact
    )
    assert error <= 2 * np.finfo(np.float64).eps


def test_exact_kernels_sum_to_one():
    pytest.importorskip("mpmath")
    for graph, n in (("path", 12), ("star", 7), ("karate", 34)):
        H = embedding_oracles.exact_kernel(graph, n, "combinatorial", 0.5)
        np.testing.assert_allclose(H.sum(axis=1), 1, rtol=n * 2.0**-52)


def test_karate_club_has_78_friendships():
    W = embedding_oracles.adjacency("karate", 34)
    assert (W.sum(), W[0].sum(), W[33].sum()) == (156, 16, 17)
    assert embedding_oracles.hop_diameter(W) == 5


def test_rate_of_small_speeds_is_quadratic():
    pytest.importorskip("mpmath")
    for m in (1, 2, 5):
        found = embedding_oracles.precise_rate(m, 1e-4)
        assert found == pytest.approx((m + 2) / 2 * 1e-8, rel=1e-6)


@pytest.mark.parametrize("name", embedding_kernels.OTHERS)
def test_other_methods_lose_the_small_entries(name):
    pytest.importorskip("mpmath")
    p = embedding_kernels.Problem("path", 40, "combinatorial", 0.01)
    kernel = embedding_kernels.OTHERS[name](p, variant("reference"))
    assert embedding_oracles.largest_relative_error(kernel, p.exact()) > 0.5


def test_pearson_by_row_ignores_scale_and_shift_of_rows():
    G = np.abs(np.subtract.outer(np.arange(6.0), np.arange(6.0)))
    D = G * np.arange(1, 7)[:, None] + np.arange(6)[:, None]
    assert embedding_oracles.pearson_by_row(D, G) == pytest.approx(1.0, rel=1e-14)


def test_the_goal_of_a_mean_leaves_one_seed_its_scatter():
    goal, allowed = embedding_geodesics.GOALS[5.0], embedding_geodesics.allowed
    assert allowed(goal, 5.0, (101, 102)) == goal
    assert 1 - allowed(goal, 5.0, (101,)) == pytest.approx(0.998 - 0.0014, rel=1e-12)


def test_geodesics_of_chosen_points_are_those_of_all():
    for shape in (
        embedding_geodesics.Shape("roll", 5, 0.2),
        embedding_geodesics.Shape("tree", 10, 0.1),
    ):
        every, some = shape.draw(60, 3), shape.draw(60, 3, most=7)
        np.testing.assert_array_equal(every.X, some.X)
        part = every.geodesics[np.ix_(some.rows, some.rows)]
        np.testing.assert_allclose(some.geodesics, part, rtol=1e-12, atol=1e-12)


# Benchmarks


REQUEST = {
    "what": "geodesics",
    "shape": dataclasses.asdict(embedding_geodesics.Shape("roll", 3, 0.1)),
    "n": 320,
    "seed": 0,
}


def test_a_run_in_its_own_process_tells_time_memory_and_truth():
    found = bench.run({**REQUEST, "method": "isomap"}, 120.0)
    assert found["seconds"] > 0
    assert found["peak"] > 10_000_000
    assert 0.9 < found["pearson"] <= 1


def test_a_run_that_breaks_or_lasts_is_a_reason():
    with pytest.raises(bench.Failed, match="KeyError: 'nobody'"):
        bench.run({**REQUEST, "method": "nobody"}, 120.0)
    with pytest.raises(bench.Failed, match="stopped after"):
        bench.run({**REQUEST, "method": "isomap"}, 0.01)


def test_a_missing_peer_is_a_row_with_the_reason(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "phate is not installed" in bench.reason_to_skip(bench.PEERS[1], 10)


def test_a_peer_that_needs_too_much_memory_is_not_run(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: True)
    assert "would hold" in bench.reason_to_skip(bench.PEERS[0], 10**7)
    assert bench.reason_to_skip(bench.PEERS[0], 10) == ""


def test_every_peer_has_a_method():
    methods = {peer.method for peer in bench.PEERS} | {bench.OURS.method}
    assert methods == embedding_run.METHODS.keys()


def test_a_near_tie_is_no_loss(monkeypatch):
    def answer(request, limit):
        value = 0.950 if request["method"] == "geomsci" else 0.952
        return {"seconds": 1.0, "peak": 1, "pearson_by_row": {"x": value}}

    monkeypatch.setattr(bench, "reason_to_skip", lambda peer, n: "")
    monkeypatch.setattr(bench, "run", answer)
    assert bench.table_row(bench.TABLE[0], 31).note.endswith("near tie")


def test_the_table_has_the_published_sets():
    assert len(bench.TABLE) == 15
    noises = {s.noise for s in bench.TABLE if s.kind == "tree"}
    assert noises == {1.0, 5.0, 10.0}  # ten times the level


def test_no_seed_of_the_table_served_a_choice():
    looked_at = {11, 12, 13, 21, 22, 23}
    assert looked_at.isdisjoint(bench.TABLE_SEEDS)
    assert looked_at.isdisjoint(embedding_geodesics.SEEDS)
