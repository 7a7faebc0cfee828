"""Spectra, jackknife, autocorrelation and cluster averages of configurations."""

import itertools

import numpy as np
import pytest

from geomsci.reference.fisher import bispectrum as spectra
from geomsci.reference.fisher import cumulants, enumeration
from geomsci.reference.fisher.autocorrelation import integrated_time
from geomsci.reference.fisher.blocks import cut, joined
from geomsci.reference.fisher.cluster_averages import cluster_sums, torn_clusters
from geomsci.reference.fisher.jackknife import jackknife, left_out, pooled
from geomsci.reference.fisher.lattices import LATTICES, bond_sites
from geomsci.reference.fisher.sampled_curvature import (
    squares,
    squares_with_zero,
    trace_norm,
    whitening,
)


@pytest.mark.parametrize("shape", [(3, 3), (3, 4), (5, 4), (6, 6), (3, 4, 3)])
def test_every_pair_of_momenta_is_in_one_triad(shape):
    n, seen = np.prod(shape), 0
    for part in spectra.triads(shape, like=np.zeros(1), most=7):
        assert len(part.k1) <= 7
        rows = np.stack([np.unravel_index(k, shape) for k in part[:3]])
        assert not np.any(rows.sum(axis=0) % np.array(shape)[:, None])
        seen += part.weight.sum()
    assert seen + 3 * n - 2 == n * n  # the pairs with a zero momentum are apart


def all_states(q, n):
    return np.array(list(itertools.product(range(q), repeat=n)), dtype=np.int8)


@pytest.mark.parametrize(
    ("lattice", "shape", "model", "J"),
    [
        ("square", (3, 3), "ising", [0.3, 0.5]),
        ("square", (3, 4), "potts", [0.6, 0.9]),
        ("triangular", (3, 3), "ising", [0.2, 0.1, -0.15]),
    ],
)
def test_spectra_of_all_states_give_the_exact_curvature(lattice, shape, model, J):
    cell, J = LATTICES[lattice], np.array(J)
    exact = cumulants.invariants(
        enumeration.cumulants(cell, shape, J, model=model, q=2)
    )
    torus = spectra.Torus(cell, shape, model)
    x = all_states(2, int(np.prod(shape)))
    states = 2 * x - 1 if model == "ising" else x
    energy = np.tensordot(J, spectra.bond_values(states, torus).sum(axis=0), 1)
    weights = np.exp(energy)[None, :] / np.exp(energy).sum()
    near = np.full(len(J), 0.3)
    each = [spectra.moments(s[None], near, torus) for s in states]
    stacked = spectra.Moments(*(np.stack(field) for field in zip(*each)))
    C, D = spectra.spectral_cumulants(
        spectra.Moments(*(pooled(field, weights) for field in stacked))
    )
    W = whitening(C)
    third = squares_with_zero(W, D)
    for part in spectra.triads(shape, like=near, most=10):
        own = np.stack([spectra.bispectrum(s[None], near, torus, part) for s in states])
        third = third + squares(W, pooled(own, weights), part)
    np.testing.assert_allclose(third, exact.third_norm, rtol=1e-11)
    np.testing.assert_allclose(trace_norm(W, D), exact.trace_norm, rtol=1e-11)


@pytest.mark.parametrize("model", ["ising", "potts"])
def test_sample_cumulants_obey_the_contact_rule(model):
    rng = np.random.default_rng(4)
    x = rng.integers(0, 2, (50, 12)).astype(np.int8)
    x = 2 * x - 1 if model == "ising" else x
    torus = spectra.Torus(LATTICES["square"], (3, 4), model)
    mean = spectra.energies(x, torus).mean(axis=0)
    sums = spectra.moments(x, mean, torus)
    C, D = spectra.spectral_cumulants(spectra.Moments(*(f[None] for f in sums)))
    touching = np.einsum("kabb->ab", D[0].real) / 12  # sum over a of T_abb
    slope = -2 * mean if model == "ising" else 1 - 2 * mean
    np.testing.assert_allclose(touching, C[0, 0].real * slope, atol=1e-13)


@pytest.mark.capability("fisher.triple_products")
def test_triple_products_are_sums_over_samples(xp):
    rng = np.random.default_rng(0)
    f = rng.standard_normal((9, 3, 40)) + 1j * rng.standard_normal((9, 3, 40))
    k1, k2, k3 = rng.integers(0, 9, (3, 11))
    got = spectra.triple_products(*(xp.asarray(x) for x in (f, k1, k2, k3)))
    expected = np.einsum("pas,pbs,pcs->pabc", f[k3], f[k1], f[k2])
    xp.assert_close(got, expected, n=40)


def test_jackknife_of_a_square_is_the_mean_product_of_replicas():
    t = np.random.default_rng(1).standard_normal((5, 3, 4))  # replica, block, part
    members = left_out(5, 3, like=t)
    means = pooled(t.reshape(15, 4), members) / members.sum(axis=1)[:, None]
    estimate = jackknife(np.sum(means**2, axis=1)[:, None], 5)
    r = t.mean(axis=1)
    products = np.sum(r.sum(axis=0) ** 2) - np.sum(r**2)
    np.testing.assert_allclose(estimate.value, products / 20, rtol=1e-12)
    np.testing.assert_allclose(
        estimate.value + estimate.bias, np.sum(means[0] ** 2), rtol=1e-12
    )


@pytest.mark.parametrize("n_blocks", [1, 4])
def test_jackknife_error_of_a_mean_is_the_textbook_one(n_blocks):
    x = np.random.default_rng(2).standard_normal(6 * n_blocks)
    members = left_out(6, n_blocks, like=x)
    means = (members @ x / members.sum(axis=1))[:, None]
    estimate = jackknife(means, 6)
    expected = x.std(ddof=1) / np.sqrt(len(x))
    np.testing.assert_allclose(estimate.standard_error, expected, rtol=1e-12)
    np.testing.assert_allclose(estimate.bias, 0, atol=1e-14)
    assert estimate.degrees_of_freedom == len(x) - 1


def test_controls_take_out_what_they_explain():
    rng = np.random.default_rng(3)
    noise, rest = rng.standard_normal(40), rng.standard_normal(40)
    members = left_out(8, 5, like=noise)
    count = members.sum(axis=1)
    value = members @ (7 + 3 * noise + 0.1 * rest) / count
    control = members @ noise / count
    estimate = jackknife(value[:, None], 8, control[:, None])
    # 3 +- 0.1/6: the slope; the error is that of the rest alone, 0.1/sqrt(40).
    assert estimate.standard_error[0] == pytest.approx(0.1 / 40**0.5, rel=0.4)
    assert abs(estimate.value[0] - 7) < 4 * 0.1 / 40**0.5


@pytest.mark.capability("fisher.triple_products")
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_autocorrelation_time_of_a_first_order_process(xp, rho):
    rng = np.random.default_rng(5)
    noise = rng.standard_normal((4, 20000))
    x = noise.copy()
    for t in range(1, 20000):
        x[:, t] = rho * x[:, t - 1] + np.sqrt(1 - rho * rho) * noise[:, t]
    tau = (1 + rho) / (1 - rho)
    # Sokal's error of the time: tau sqrt(2 (2 W + 1) / N), W = 5 tau / 2.
    error = tau * np.sqrt(2 * (5 * tau + 1) / x.size)
    assert abs(integrated_time(xp.asarray(x)) - tau) < 4 * error + 0.02 * tau


def test_autocorrelation_time_of_a_constant_is_the_length():
    assert integrated_time(np.ones((2, 30))) == 30.0


@pytest.mark.parametrize(("model", "q"), [("ising", 2), ("potts", 3)])
def test_cluster_averages_are_means_over_all_colours(model, q):
    # Four clusters on a 3 x 3 torus, every colouring of them with equal weight.
    labels = np.array([[0, 0, 7, 3, 3, 7, 0, 8, 8]])
    torus = spectra.Torus(LATTICES["square"], (3, 3), model)
    colours = all_states(q, 4)[:, np.unique(labels[0], return_inverse=True)[1]]
    states = 2 * colours - 1 if model == "ising" else colours
    phi = spectra.bond_values(states, torus)  # (9, 2, states)
    reference = np.array([0.25, 0.5])
    got = cluster_sums(labels, reference, torus, q)
    centred = (phi - reference[:, None]).mean(axis=(0, 2))
    np.testing.assert_allclose(got.first, centred, atol=1e-14)
    np.testing.assert_allclose(got.square, (9 * centred.sum()) ** 2, rtol=1e-12)
    np.testing.assert_allclose(got.variance, phi.sum(axis=(0, 1)).var(), rtol=1e-12)


def test_torn_clusters_are_found():
    torus = spectra.Torus(LATTICES["square"], (3, 3), "ising")
    spins = np.ones((1, 9), dtype=np.int8)
    assert not torn_clusters(spins, np.zeros((1, 9), dtype=np.int64), torus)
    spins[0, 4] = -1
    assert torn_clusters(spins, np.zeros((1, 9), dtype=np.int64), torus)
    assert not torn_clusters(spins, np.array([[0, 0, 0, 0, 4, 0, 0, 0, 0]]), torus)


def test_bond_values_follow_the_list_of_bonds():
    torus = spectra.Torus(LATTICES["kagome"], (3, 4), "heisenberg")
    rng = np.random.default_rng(6)
    spins = rng.standard_normal((5, 36, 3))
    a, b = bond_sites(torus.lattice, torus.shape, like=spins)
    expected = np.einsum("sdnv,sdnv->nds", spins[:, a], spins[:, b])
    np.testing.assert_allclose(spectra.bond_values(spins, torus), expected, atol=1e-14)


def test_parts_of_one_chain_keep_a_gap_and_their_blocks_fill_them():
    plan = cut(1, 1000, 4.0, 3)
    assert plan.n_replicas == 8
    assert len(plan.edges) == 24
    for i, ((_, _, stop), (_, start, _)) in enumerate(itertools.pairwise(plan.edges)):
        assert start - stop == (12 if i % 3 == 2 else 0)
    assert plan.edges[-1][2] <= 1000


def test_many_chains_are_joined_end_to_end():
    x = np.arange(192 * 5).reshape(192, 5)
    y = joined(x)
    assert y.shape == (64, 15)
    np.testing.assert_array_equal(y.ravel(), x.ravel())
    assert joined(x[:67]).shape == (67, 5)  # a prime number of chains stays
