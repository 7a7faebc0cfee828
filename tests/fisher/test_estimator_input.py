"""What FisherCurvature refuses, in one sentence, and the long statistical test."""

import numpy as np
import pytest

from geomsci import fisher
from geomsci.backends import LinAlgError
from geomsci.fisher.estimator import FisherCurvature


def spins(*shape, seed=0):
    return np.random.default_rng(seed).choice([-1, 1], shape).astype(np.int8)


def unit(*shape):
    x = np.random.default_rng(0).standard_normal(shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def holed(x):
    x = x.astype(float)
    x[1, 2, 0, 1] = np.nan
    return x


BAD_VALUES = {
    "zero among Ising spins": ("ising", 0 * spins(2, 20, 3, 3), "hold -1 or 1, got 0"),
    "Potts below": ("potts", spins(2, 20, 3, 3), "integers from 0 to 2, got -1"),
    "Potts above": ("potts", np.full((2, 20, 3, 3), 3), "integers from 0 to 2, got 3"),
    "Potts between": ("potts", np.full((2, 20, 3, 3), 0.5), "0 to 2, got 0.5"),
    "short vectors": ("xy", 0.5 * unit(2, 20, 3, 3, 2), "unit vectors.*length 0.5"),
    "NaN": ("ising", holed(spins(2, 20, 3, 3)), r"finite, got nan at index"),
    "one axis": ("ising", spins(20), r"shape \(n_samples, L1, L2\) or .*got \(20,\)"),
    "angles": ("xy", np.zeros((2, 20, 3, 3)), r"L1, L2, 2\) or .*got"),
    "side 2": ("ising", spins(2, 20, 2, 3), "at side 2 two bonds join"),
    "no sample": ("ising", spins(2, 0, 3, 3), "at least one replica of at least one"),
    "few samples": ("ising", spins(4, 15, 3, 3), "at least 16 samples a replica"),
    "short chain": ("ising", spins(90, 3, 3), r"at least two replicas, or one chain"),
}


def sentence(caught):
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    assert text.count(". ") == 0, text


@pytest.mark.parametrize("case", BAD_VALUES)
def test_wrong_configurations_are_refused(case):
    model, x, words = BAD_VALUES[case]
    q = 3 if model == "potts" else None
    with pytest.raises(ValueError, match=words) as caught:
        FisherCurvature("square", model, q).fit(x)
    sentence(caught)


def test_single_precision_and_booleans_are_refused():
    for x in (unit(2, 20, 3, 3, 3).astype(np.float32), spins(2, 20, 3, 3) > 0):
        with pytest.raises(TypeError, match="integers or float64, got") as caught:
            FisherCurvature("square", "heisenberg").fit(x)
        sentence(caught)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "potts"}, "q must be an integer"),
        ({"model": "xy", "q": 3}, "q must be None for the xy"),
        ({"model": "ising", "q": 3}, "q must be None or 2"),
        ({"lattice": "diamond"}, "lattice"),
        ({"n_blocks": 0}, "n_blocks"),
        ({"n_blocks": 21}, "n_blocks must be at most the 20 samples"),
    ],
)
def test_wrong_parameters_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        FisherCurvature(**options).fit(spins(2, 20, 3, 3))


@pytest.mark.parametrize("frozen", [spins(1, 1, 4, 4), np.ones((1, 1, 4, 4))])
def test_configurations_that_never_change_have_a_singular_metric(frozen):
    with pytest.raises(LinAlgError, match="energy of a bond type never changes") as e:
        FisherCurvature().fit(np.tile(frozen, (4, 50, 1, 1)))
    sentence(e)


def test_too_few_states_leave_the_metric_singular():
    # Two configurations only: rank one at every momentum, d = 2.
    x = spins(2, 4, 4)[np.random.default_rng(0).integers(0, 2, (4, 50))]
    with pytest.raises(LinAlgError, match="condition number below 1e12") as caught:
        FisherCurvature().fit(x)
    sentence(caught)


def test_labels_must_fit_the_configurations():
    x, good = spins(2, 20, 3, 3), np.arange(9) + np.zeros((2, 20, 1), dtype=int)
    torn = np.zeros_like(good)
    for labels, error, words in (
        (good[:, :10], ValueError, "one label a site of every configuration"),
        (good * 1.0, TypeError, "clusters must hold integers"),
        (good + 1, ValueError, "labels from 0 to 8.*from 1 to 9"),
        (torn, ValueError, "a bond inside a cluster whose ends differ"),
    ):
        with pytest.raises(error, match=words) as caught:
            FisherCurvature().fit(x, clusters=labels)
        sentence(caught)
    with pytest.raises(ValueError, match="clusters must be None for the xy"):
        FisherCurvature("square", "xy").fit(unit(2, 20, 3, 3, 2), clusters=good)


def test_pieces_must_continue_the_same_run():
    model = FisherCurvature()
    with pytest.raises(ValueError, match="at least 2 replicas of 16 samples"):
        model.partial_fit(spins(300, 3, 3))
    model.partial_fit(spins(8, 160, 3, 3))
    for other in (spins(7, 160, 3, 3), spins(8, 160, 3, 4)):
        with pytest.raises(ValueError, match=r"continue 8 replicas on .* \(3, 3\)"):
            model.partial_fit(other)
    labels = np.arange(9) + np.zeros((8, 160, 1), dtype=int)
    with pytest.raises(ValueError, match="every call of partial_fit or in none"):
        model.partial_fit(spins(8, 160, 3, 3), clusters=labels)


def test_pieces_that_would_not_fit_in_memory_are_refused():
    with pytest.raises(MemoryError, match=r"at most 2 GiB, got .* use fit") as caught:
        FisherCurvature().partial_fit(spins(2, 16, 64, 64))
    assert "\n" not in str(caught.value)


LONG_RUNS = {  # lattice, shape, model, q, coupling (None: critical), samples
    "Ising 6": ("square", (6, 6), "ising", None, None, 2000),
    "Ising 8": ("square", (8, 8), "ising", None, None, 2000),
    "Ising 12": ("square", (12, 12), "ising", None, None, 2000),
    "cubic Ising 3": ("cubic", (3, 3, 3), "ising", None, 0.2216544, 1000),
    "Potts 3": ("square", (3, 3), "potts", 3, None, 2000),
}


@pytest.mark.slow
@pytest.mark.parametrize("with_clusters", [False, True])
@pytest.mark.parametrize("case", LONG_RUNS)
def test_z_scores_of_chains_are_standard_normal(case, with_clusters):
    lattice, shape, model, q, J, n = LONG_RUNS[case]
    J = fisher.critical_coupling(model, lattice, q) if J is None else J
    exact = fisher.lattice_curvature(lattice, shape, J, model=model, q=q)
    sampler_module = pytest.importorskip("geomsci.fisher.sampler")
    z = []
    for seed in range(40):
        sampler = sampler_module.LatticeSampler(
            model, shape, J, q=q, n_replicas=4, random_state=seed
        )
        sampler.sample(100)
        x, labels = sampler.sample_with_clusters(n)
        fit = FisherCurvature(lattice, model, q).fit(
            x, clusters=labels if with_clusters else None
        )
        z.append((fit.scalar_curvature_ - exact.scalar_curvature) / fit.standard_error_)
    assert abs(np.mean(z)) < 4 / np.sqrt(40)
    # 39 Var(z) is chi-squared: its 1e-4 and 1 - 1e-4 quantiles.
    assert 14.2 / 39 < np.var(z, ddof=1) < 80.7 / 39
