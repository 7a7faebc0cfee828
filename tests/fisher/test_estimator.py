"""FisherCurvature against exact values, over libraries, replicas and clusters."""

import pickle

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from geomsci import fisher
from geomsci.fisher.estimator import FisherCurvature
from geomsci.reference.fisher.bispectrum import Torus, bond_values
from geomsci.reference.fisher.lattices import LATTICES, bond_sites
from geomsci.testing import contract_checks

CRITICAL = float(np.log(1 + np.sqrt(2)) / 2)


def states_and_weights(lattice, shape, model, q, J):
    """Every configuration of a tiny torus and its probability."""
    n = int(np.prod(shape))
    x = np.stack(np.unravel_index(np.arange(q**n), (q,) * n), axis=1).astype(np.int8)
    x = 2 * x - 1 if model == "ising" else x
    phi = bond_values(x, Torus(LATTICES[lattice], shape, model))
    weights = np.exp(J * phi.sum(axis=(0, 1)))
    return x, weights / weights.sum()


def cluster_labels(x, shape, keep, rng):
    """Fortuin-Kasteleyn clusters given the colours: equal bonds kept by chance."""
    a, b = (s.ravel() for s in bond_sites(LATTICES["square"], shape, like=x))
    flat = x.reshape(-1, a.max() + 1)
    rows, n = len(flat), flat.shape[1]
    kept = (flat[:, a] == flat[:, b]) & (rng.random((rows, len(a))) < keep)
    sample, bond = np.nonzero(kept)
    i, j = sample * n + a[bond], sample * n + b[bond]
    graph = coo_array((np.ones(len(i)), (i, j)), shape=(rows * n, rows * n))
    label = connected_components(graph, directed=False)[1].reshape(rows, n)
    return (label - label.min(axis=1, keepdims=True)).reshape(*x.shape[:-2], n)


@pytest.fixture(scope="module")
def ising_3x3():
    return states_and_weights("square", (3, 3), "ising", 2, CRITICAL)


def draws(table, size, seed):
    x, weights = table
    rng = np.random.default_rng(seed)
    return x[rng.choice(len(x), size, p=weights)].reshape(*size, 3, 3)


@pytest.mark.parametrize("with_clusters", [False, True])
def test_z_scores_are_standard_normal(ising_3x3, with_clusters):
    exact = fisher.ising_torus_curvature((3, 3)).scalar_curvature
    rng, z = np.random.default_rng(11), []
    for seed in range(60):
        x = draws(ising_3x3, (4, 1000), seed)
        keep = 1 - np.exp(-2 * CRITICAL)
        labels = cluster_labels(x, (3, 3), keep, rng) if with_clusters else None
        model = FisherCurvature().fit(x, clusters=labels)
        z.append((model.scalar_curvature_ - exact) / model.standard_error_)
    assert exact == pytest.approx(-105.64, abs=5e-3)
    assert abs(np.mean(z)) < 4 / np.sqrt(60)
    # 59 Var(z) is chi-squared: its 1e-4 and 1 - 1e-4 quantiles.
    assert 26.8 / 59 < np.var(z, ddof=1) < 108.2 / 59


LOOPS = {  # three bonds that close a loop, on the smallest torus, as a multiple of n
    "square": ((4, 5), 0),
    "triangular": ((4, 4), 2),
    "honeycomb": ((3, 3), 0),
    "kagome": ((3, 3), 2),
    "cubic": ((3, 3, 3), 1),
}


@pytest.mark.parametrize("model", ["ising", "xy", "heisenberg"])
@pytest.mark.parametrize("lattice", LOOPS)
def test_free_spins_curve_only_around_loops_of_three_bonds(lattice, model):
    # At J = 0, g = 1/N and T = 1/N^2 on the 6 orders of such a loop (N components):
    # |T|^2 = 6 loops / N and tau = 0, so R = 3 loops / (2 N).
    shape, loops = LOOPS[lattice]
    N = {"ising": 1, "xy": 2, "heisenberg": 3}[model]
    n_basis = LATTICES[lattice].n_basis
    rng = np.random.default_rng(7)
    size = (4, 250, *shape) + ((n_basis,) if n_basis > 1 else ())
    if model == "ising":
        x = rng.choice([-1, 1], size).astype(np.int8)
    else:
        x = rng.standard_normal((*size, N))
        x /= np.linalg.norm(x, axis=-1, keepdims=True)
    fit = FisherCurvature(lattice, model).fit(x)
    exact = 1.5 * loops * np.prod(shape) / N
    assert abs(fit.scalar_curvature_ - exact) < 4 * fit.standard_error_
    assert fit.metric_[0, 0].flat[0] == pytest.approx(1 / N, rel=0.05)
    assert np.all(np.abs(fit.bond_energy_) < 6 / np.sqrt(N * 1000 * np.prod(shape)))


def test_removed_bias_is_the_noise_of_the_third_cumulant():
    # Free spins: every one of d^3 n^2 entries of T adds 1/N to |T|^2, a quarter to R.
    x = np.random.default_rng(1).choice([-1, 1], (8, 500, 6, 6)).astype(np.int8)
    model = FisherCurvature().fit(x)
    assert model.bias_ == pytest.approx(8 * 36**2 / 4000 / 4, rel=0.1)
    assert abs(model.scalar_curvature_) < 4 * model.standard_error_
    assert model.standard_error_ < model.bias_ / 4


@pytest.mark.parametrize(("model", "q"), [("ising", 2), ("potts", 3)])
def test_clusters_replace_means_and_lower_the_error(model, q):
    J = CRITICAL if model == "ising" else float(np.log(1 + np.sqrt(3)))
    table = states_and_weights("square", (3, 3), model, q, J)
    x = draws(table, (8, 1000), 2)
    keep = 1 - np.exp(-2 * J if model == "ising" else -J)
    labels = cluster_labels(x, (3, 3), keep, np.random.default_rng(3))
    states = None if model == "ising" else q
    plain = FisherCurvature("square", model, states).fit(x)
    better = FisherCurvature("square", model, states).fit(x, clusters=labels)
    exact = fisher.lattice_curvature("square", (3, 3), J, model=model, q=q)
    assert better.standard_error_ < 0.95 * plain.standard_error_
    for fit in (plain, better):
        error = abs(fit.scalar_curvature_ - exact.scalar_curvature)
        assert error < 4 * fit.standard_error_
        # 8000 draws of a variance: 4 sqrt(3/8000) for a kurtosis up to 4.
        assert fit.heat_capacity_ == pytest.approx(exact.heat_capacity, rel=0.08)
    a, b = bond_sites(LATTICES["square"], (3, 3), like=x)
    joined = np.mean(labels[..., a] == labels[..., b], axis=(0, 1, 3))
    mean = joined if model == "ising" else 1 / 3 + 2 / 3 * joined
    np.testing.assert_allclose(better.bond_energy_, mean, rtol=1e-12)


@pytest.mark.capability("fisher.FisherCurvature.fit")
def test_fit_agrees_across_libraries(xp, ising_3x3):
    x = draws(ising_3x3, (2, 300), 5)
    labels = cluster_labels(x, (3, 3), 0.58, np.random.default_rng(0))
    here = FisherCurvature().fit(x, clusters=labels)
    there = FisherCurvature().fit(xp.asarray(x), clusters=xp.asarray(labels))
    for name, value in vars(here).items():
        if isinstance(value, float):
            assert getattr(there, name) == pytest.approx(value, rel=1e-10), name
    kappa = here.condition_number_
    xp.assert_close(there.metric_, here.metric_, kappa=kappa, n=9)
    xp.assert_close(there.bond_energy_, here.bond_energy_, n=600)


def test_metric_and_energy_are_plain_averages(ising_3x3):
    x = draws(ising_3x3, (2, 400), 6)
    model = FisherCurvature().fit(x)
    phi = bond_values(x.reshape(800, 9), Torus(LATTICES["square"], (3, 3), "ising"))
    np.testing.assert_allclose(model.bond_energy_, phi.mean(axis=(0, 2)), atol=1e-13)
    field = phi.reshape(3, 3, 2, 800) - phi.mean(axis=(0, 2))[:, None]
    moved = np.roll(field[:, :, 1], (-1, -2), axis=(0, 1))
    cov = np.mean(field[:, :, 0] * moved)
    # The bias that is removed is Var(mean) = sum g / (n N), known to 1/sqrt(2) here.
    width = model.metric_[0, 1].sum() / (9 * 800)
    assert abs(model.metric_[0, 1, 1, 2] - cov) < 6 * width
    assert model.effective_sample_size_ == 800 / model.autocorrelation_time_


def test_single_chain_is_cut_into_parts(ising_3x3):
    x = draws(ising_3x3, (4000,), 8)
    model = FisherCurvature().fit(x)
    assert (model.n_replicas_, model.n_blocks_, model.shape_) == (8, 64, (3, 3))
    assert abs(model.scalar_curvature_ + 105.64) < 4 * model.standard_error_


def test_repeated_samples_raise_the_error_and_lower_the_effective_size(ising_3x3):
    x = draws(ising_3x3, (4, 500), 9)
    slow = np.repeat(x, 8, axis=1)  # tau = 8, the information of 2000 samples
    once, model = FisherCurvature().fit(x), FisherCurvature().fit(slow)
    assert model.autocorrelation_time_ == pytest.approx(8, rel=0.15)
    assert model.effective_sample_size_ == pytest.approx(2000, rel=0.15)
    # Two estimates of one error, each from about 50 blocks: 10 per cent apiece.
    assert model.standard_error_ == pytest.approx(once.standard_error_, rel=0.5)
    assert model.scalar_curvature_ == pytest.approx(once.scalar_curvature_, rel=1e-9)


def test_blocks_short_against_the_autocorrelation_time_warn(ising_3x3):
    slow = np.repeat(draws(ising_3x3, (4, 30), 10), 20, axis=1)
    with pytest.warns(ConvergenceWarning, match="at least 10 autocorrelation times"):
        FisherCurvature(n_blocks=20).fit(slow)


def test_pieces_give_what_the_whole_gives(ising_3x3):
    x = draws(ising_3x3, (4, 320), 12)
    labels = cluster_labels(x, (3, 3), 0.58, np.random.default_rng(0))
    whole = FisherCurvature(n_blocks=10).fit(x, clusters=labels)
    pieces = FisherCurvature()
    for i in range(0, 320, 32):
        part = slice(i, i + 32)
        pieces.partial_fit(x[:, part], clusters=labels[:, part])
    for name, value in vars(whole).items():
        if name.endswith("_") and not isinstance(value, tuple):
            np.testing.assert_allclose(getattr(pieces, name), value, rtol=1e-9)


def test_many_pieces_are_added_up_in_pairs(ising_3x3):
    x = draws(ising_3x3, (16, 16 * 10), 13)
    pieces = FisherCurvature()
    for i in range(10):
        pieces.partial_fit(x[:, 16 * i : 16 * i + 16])
    assert [block.calls for block in pieces.sums_.blocks] == [4, 4, 2]
    whole = FisherCurvature(n_blocks=3).fit(x)
    value = pieces.scalar_curvature_  # the same replicas, cut into other blocks
    assert value == pytest.approx(whole.scalar_curvature_, rel=1e-9)


@pytest.mark.parametrize("name", ["parameters", "only_stores", "returns_self"])
def test_contract(name, ising_3x3):
    x = draws(ising_3x3, (2000,), 14)
    (check,) = (c for c in contract_checks() if c.__name__.endswith(name))
    check(FisherCurvature(n_blocks=2), x, None)


def test_fit_is_idempotent_keeps_its_input_and_pickles(ising_3x3):
    x = draws(ising_3x3, (2, 100), 15)
    held = x.copy()
    held.flags.writeable = False
    model = FisherCurvature().fit(held)
    first = {k: v for k, v in vars(model).items() if isinstance(v, float)}
    np.testing.assert_array_equal(held, x)
    for twin in (
        pickle.loads(pickle.dumps(model)),
        model.fit(x),
        clone(model).fit(x, clusters=None),
    ):
        assert {k: v for k, v in vars(twin).items() if isinstance(v, float)} == first
