"""Ising and Potts chains have the exact stationary law and do not depend on calls."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from geomsci import fisher, use_backend
from geomsci.backends import threads
from geomsci.fisher import sampler as module
from geomsci.fisher.sampler import LatticeSampler

ALGORITHMS = ("swendsen-wang", "wolff", "metropolis")
THIN = {"swendsen-wang": 4, "wolff": 12, "metropolis": 12}


def _bond_sums(x, model):
    """Sum of phi over the bonds of each axis of a square torus; x (..., L1, L2)."""
    phis = []
    for axis in (-2, -1):
        y = np.roll(x, -1, axis)
        phis.append((x * y if model == "ising" else x == y).sum((-2, -1)))
    return np.stack(phis, -1)


def _law(model, q, J):
    """Values of the pair of bond sums on 3 x 3, and their probabilities."""
    alphabet = (-1, 1) if model == "ising" else range(q)
    states = np.array(list(itertools.product(alphabet, repeat=9)), dtype=np.int8)
    sums = _bond_sums(states.reshape(-1, 3, 3), model)
    weights = np.exp(sums @ np.array(J))
    values, inverse = np.unique(sums, axis=0, return_inverse=True)
    p = np.bincount(inverse.reshape(-1), weights)
    return values, p / p.sum()


def _chi_square_excess(values, p, sums):
    """(chi^2 - dof) / sqrt(2 dof) over cells of at least 20 expected counts."""
    where = {tuple(v): k for k, v in enumerate(values)}
    seen, counts = np.unique(sums.reshape(-1, 2), axis=0, return_counts=True)
    observed = np.zeros(len(p))
    for v, c in zip(seen, counts):
        observed[where[tuple(v)]] = c  # KeyError: a value that no state has
    expected = p * observed.sum()
    rare = expected < 20
    observed = np.append(observed[~rare], observed[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    keep = expected > 0
    chi = ((observed - expected)[keep] ** 2 / expected[keep]).sum()
    dof = keep.sum() - 1
    return (chi - dof) / math.sqrt(2 * dof)


def _z_scores(samples, exact):
    """Of the means over replicas; samples (R, n, d)."""
    means = samples.mean(1)
    error = means.std(0, ddof=1) / math.sqrt(len(means))
    return (means.mean(0) - np.asarray(exact)) / error


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    ("model", "q", "J"),
    [
        ("ising", 2, (0.35, 0.35)),
        ("ising", 2, (0.5, -0.2)),
        ("ising", 2, (-0.4, -0.3)),
        ("potts", 3, (0.9, 0.9)),
        ("potts", 2, (0.3, 0.9)),
    ],
)
def test_energies_follow_the_enumerated_law(algorithm, model, q, J):
    chains = LatticeSampler(
        model, (3, 3), J, q=None if model == "ising" else q, algorithm=algorithm,
        n_replicas=20, n_thin=THIN[algorithm], random_state=11,
    )  # fmt: skip
    sums = _bond_sums(chains.sample(2000), model)
    assert abs(_chi_square_excess(*_law(model, q, J), sums)) < 4


def test_antiferromagnetic_potts_model_by_metropolis_follows_the_law():
    J = (-0.7, 0.3)
    chains = LatticeSampler(
        "potts", (3, 3), J, q=3, algorithm="metropolis", n_replicas=20, n_thin=12,
        random_state=5,
    )  # fmt: skip
    sums = _bond_sums(chains.sample(2000), "potts")
    assert abs(_chi_square_excess(*_law("potts", 3, J), sums)) < 4


def test_a_law_of_another_coupling_is_told_apart():
    chains = LatticeSampler("ising", (3, 3), 0.35, n_replicas=20, random_state=11)
    sums = _bond_sums(chains.sample(2000), "ising")
    assert _chi_square_excess(*_law("ising", 2, (0.38, 0.35)), sums) > 10


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    ("lattice", "shape", "J"),
    [
        ("square", (5, 4), (0.5, 0.3)),
        ("triangular", (3, 4), (0.3, 0.1, 0.2)),
        ("honeycomb", (3, 3), (0.7, 0.5, 0.4)),
        ("kagome", (3, 3), (0.4, 0.3, 0.2, 0.5, 0.1, 0.35)),
        ("cubic", (3, 3, 3), (0.25, 0.2, 0.15)),
    ],
)
def test_bond_energies_of_every_lattice_are_exact(algorithm, lattice, shape, J):
    chains = LatticeSampler(
        "ising", shape, J, lattice=lattice, algorithm=algorithm, n_replicas=50,
        n_thin=THIN[algorithm], n_burn_in=300, random_state=3,
    )  # fmt: skip
    x = chains.sample(150)
    phi = _energies_by_bond(x, fisher.critical.LATTICES[lattice])
    exact = fisher.lattice_curvature(lattice, shape, np.array(J)).bond_energy
    assert np.abs(_z_scores(phi, exact)).max() < 4


def _energies_by_bond(x, lattice):
    """Mean s_i s_j of each bond type, from the definition of the unit cell."""
    cells = tuple(range(2, 2 + lattice.dimension))
    sites = x if lattice.n_basis > 1 else x[..., None]
    sums = []
    for bond in lattice.bonds:
        there = np.roll(sites[..., bond.end], [-o for o in bond.offset], cells)
        sums.append((sites[..., bond.start] * there).mean(cells))
    return np.stack(sums, -1)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("q", [2, 5, 127])
def test_colours_are_uniform_and_independent_at_zero_coupling(algorithm, q):
    chains = LatticeSampler(
        "potts", (4, 4), 0.0, q=q, algorithm=algorithm, n_replicas=40,
        n_thin=40 if algorithm != "swendsen-wang" else 1, random_state=2,
    )  # fmt: skip
    x = chains.sample(200)
    phi = _bond_sums(x, "potts") / 16
    assert np.abs(_z_scores(phi, 1 / q)).max() < 4
    assert np.abs(_z_scores((x == q - 1).mean((2, 3))[..., None], 1 / q)).max() < 4


def test_clusters_are_of_one_colour_and_joined_by_bonds():
    chains = LatticeSampler("potts", (6, 5), 1.0, q=3, n_replicas=2, random_state=0)
    x, labels = chains.sample_with_clusters(20)
    assert labels.shape == (2, 20, 30)
    for colours, names in zip(x.reshape(40, 6, 5), labels.reshape(40, 6, 5)):
        flat, own = colours.reshape(-1), names.reshape(-1)
        np.testing.assert_array_equal(flat, flat[own])
        np.testing.assert_array_equal(own, own[own])
        # Every site but one of a cluster has a neighbour in it.
        near = [np.roll(names, s, a) for s in (1, -1) for a in (0, 1)]
        alone = ~np.any([names == other for other in near], axis=0)
        sizes = np.bincount(own, minlength=30)[own].reshape(6, 5)
        assert (sizes[alone] == 1).all()


@pytest.mark.parametrize(("model", "q"), [("ising", None), ("potts", 3)])
def test_expectation_given_the_clusters_is_that_of_the_colours(model, q):
    J = 0.8 if q else 0.4
    chains = LatticeSampler(model, (3, 3), J, q=q, n_replicas=50, random_state=8)
    x, labels = chains.sample_with_clusters(400)
    names = labels.reshape(50, 400, 3, 3)
    joined = _bond_sums(names, "potts") / 9
    conditional = joined if model == "ising" else 1 / q + (1 - 1 / q) * joined
    values, p = _law(model, q or 2, (J, J))
    exact = p @ values / 9
    assert np.abs(_z_scores(conditional, exact)).max() < 4
    assert np.abs(_z_scores(conditional - _bond_sums(x, model) / 9, 0)).max() < 4


def test_labels_of_a_basis_follow_the_order_of_the_sites():
    chains = LatticeSampler("ising", (3, 4), 0.6, lattice="kagome", random_state=1)
    x, labels = chains.sample_with_clusters(30)
    flat = x.reshape(30, 36)
    for colours, own in zip(flat, labels.reshape(30, 36)):
        np.testing.assert_array_equal(colours, colours[own])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("model", ["ising", "potts", "xy", "heisenberg"])
class TestOneChain:
    """A chain is a function of the random state, its number and nothing else."""

    def make(self, model, algorithm, **options):
        q = 3 if model == "potts" else None
        options = {"n_replicas": 3, "n_burn_in": 5, "n_thin": 2} | options
        return LatticeSampler(
            model, (3, 4), 0.5, q=q, algorithm=algorithm, random_state=4, **options
        )

    def test_does_not_depend_on_the_number_of_replicas(self, model, algorithm):
        few = self.make(model, algorithm, n_replicas=1).sample(4)
        many = self.make(model, algorithm, n_replicas=5).sample(4)
        np.testing.assert_array_equal(few[0], many[0])
        assert all((many[r] != many[s]).any() for r, s in [(0, 1), (1, 4), (0, 4)])

    def test_does_not_depend_on_the_calls(self, model, algorithm, monkeypatch):
        whole = self.make(model, algorithm).sample(7)
        parts = self.make(model, algorithm)
        monkeypatch.setattr(module, "SECONDS_PER_CALL", 1e-9)
        got = [parts.sample(2), parts.sample(0), parts.sample(3)]
        got += [next(parts)[:, None], parts.sample(1)]
        np.testing.assert_array_equal(np.concatenate(got, axis=1), whole)
        assert parts.n_updates == 5 + 2 * 7

    def test_does_not_depend_on_the_threads(self, model, algorithm, monkeypatch):
        monkeypatch.setattr(threads, "n_threads", lambda: 1)
        one = self.make(model, algorithm, n_replicas=6, n_thin=3000).sample(1)
        monkeypatch.setattr(threads, "n_threads", lambda: 3)
        three = self.make(model, algorithm, n_replicas=6, n_thin=3000).sample(1)
        np.testing.assert_array_equal(one, three)

    def test_interpreted_code_makes_the_same_chain(self, model, algorithm):
        chains = self.make(model, algorithm, n_replicas=2, n_burn_in=0, n_thin=1)
        with use_backend("reference") as record:
            slow = self.make(
                model, algorithm, n_replicas=2, n_burn_in=0, n_thin=1
            ).sample(2)
        assert record.calls[0].implementation == "reference"
        fast = chains.sample(2)
        if model in ("ising", "potts"):
            np.testing.assert_array_equal(slow, fast)
        else:  # products and sums may be fused: some eps an update
            np.testing.assert_allclose(slow, fast, rtol=0, atol=64 * 2.0**-52)


def test_thinned_chain_is_every_third_of_the_whole_one():
    whole = LatticeSampler("ising", (4, 4), n_burn_in=0, random_state=1).sample(12)
    thin = LatticeSampler("ising", (4, 4), n_burn_in=3, n_thin=3, random_state=1)
    np.testing.assert_array_equal(thin.sample(3), whole[:, 5::3])


def test_critical_coupling_is_the_default():
    chains = LatticeSampler("potts", (3, 3), q=3)
    assert chains.coupling == (fisher.critical_coupling("potts", "square", 3),) * 2


def test_labels_and_no_labels_make_the_same_chain():
    plain = LatticeSampler("ising", (4, 4), random_state=1).sample(3)
    labelled, _ = LatticeSampler("ising", (4, 4), random_state=1).sample_with_clusters(
        3
    )
    np.testing.assert_array_equal(plain, labelled)


def test_very_strong_coupling_freezes_all_bonds():
    chains = LatticeSampler("ising", (5, 5), 400.0, n_burn_in=500, random_state=0)
    x, labels = chains.sample_with_clusters(3)
    assert (np.abs(x.sum((2, 3))) == 25).all()
    assert (labels == 0).all()
