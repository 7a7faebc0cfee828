"""XY and Heisenberg chains: rings that are solved exactly, identities, isometries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from geomsci.fisher.sampler import LatticeSampler

ALGORITHMS = ("swendsen-wang", "wolff", "metropolis")
MODELS = {"xy": 2, "heisenberg": 3}
THIN = {"swendsen-wang": 3, "wolff": 10, "metropolis": 10}


def _chains(model, algorithm, shape, J, **options):
    options = {"n_replicas": 50, "n_burn_in": 200, "random_state": 9} | options
    return LatticeSampler(
        model, shape, J, algorithm=algorithm, n_thin=THIN[algorithm], **options
    )


def _z_score(values, exact=0.0):
    """Of the mean over replicas; values (R, n)."""
    means = values.mean(1)
    return (means.mean() - exact) / (means.std(ddof=1) / math.sqrt(len(means)))


def _ring_energy(model, J, length):
    """<s_i . s_j> of neighbours on a ring, from the characters of the weight.

    XY: Z = sum_k I_k(J)^L over all integers k. Heisenberg:
    Z = sum_l (2 l + 1) i_l(J)^L with modified spherical Bessel functions. The energy
    is d log Z / dJ / L.
    """
    k = np.arange(40)
    if model == "xy":
        degeneracy, f, df = np.where(k == 0, 1, 2), special.iv(k, J), special.ivp(k, J)
    else:
        degeneracy = 2 * k + 1
        f = special.spherical_in(k, J)
        df = special.spherical_in(k, J, derivative=True)
    terms = degeneracy * f ** (length - 1)
    return (terms * df).sum() / (terms * f).sum()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("J", [0.8, -0.8, 2.5])
def test_uncoupled_rings_have_their_exact_energy(model, algorithm, J):
    x = _chains(model, algorithm, (3, 5), (0.0, J)).sample(100)
    along = (x * np.roll(x, -1, 3)).sum(-1).mean((2, 3))
    across = (x * np.roll(x, -1, 2)).sum(-1).mean((2, 3))
    assert abs(_z_score(along, _ring_energy(model, J, 5))) < 4
    assert abs(_z_score(across)) < 4


def _fields(x, J):
    """Sum of J_ij s_j over the neighbours of every site; x (R, n, *shape, parts)."""
    return sum(
        J[a] * (np.roll(x, 1, a + 2) + np.roll(x, -1, a + 2)) for a in range(len(J))
    )


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("J", [(0.4, 0.5, 0.3), (-0.5, 0.6, 0.4)])
def test_rotations_of_one_spin_leave_the_measure_invariant(model, algorithm, J):
    """Integration by parts: E |h|^2 - (s . h)^2 = (parts - 1) E s . h at every J."""
    x = _chains(model, algorithm, (3, 3, 3), J).sample(100)
    h = _fields(x, J)
    along = (x * h).sum(-1)
    gap = (h * h).sum(-1) - along**2 - (MODELS[model] - 1) * along
    assert abs(_z_score(gap.mean((2, 3, 4)))) < 4


@pytest.mark.parametrize("model", MODELS)
def test_three_algorithms_agree_near_the_transition(model):
    J = {"xy": 0.45, "heisenberg": 0.69}[model]
    means = []
    for algorithm in ALGORITHMS:
        x = _chains(model, algorithm, (3, 3, 4), J, n_burn_in=300).sample(60)
        energies = (x * _fields(x, (J, J, J))).sum(-1).mean((1, 2, 3, 4))
        means.append((energies.mean(), energies.var(ddof=1) / len(energies)))
    for a, b in [(0, 1), (0, 2), (1, 2)]:
        gap = means[a][0] - means[b][0]
        assert abs(gap) < 4 * math.sqrt(means[a][1] + means[b][1])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("model", MODELS)
def test_vectors_stay_of_unit_length(model, algorithm):
    chains = _chains(model, algorithm, (4, 4, 4), 0.6, n_replicas=2, n_burn_in=2000)
    lengths = np.linalg.norm(chains.sample(1), axis=-1)
    # Each Newton step squares the error, so what is left is that of one update.
    assert np.abs(lengths - 1).max() < 8 * 2.0**-52


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("model", MODELS)
def test_directions_are_uniform_at_zero_coupling(model, algorithm):
    x = _chains(model, algorithm, (3, 4), 0.0, n_burn_in=50).sample(200)
    parts = MODELS[model]
    for c in range(parts):
        square = (x[..., c] ** 2).mean((2, 3))
        fourth = (x[..., c] ** 4).mean((2, 3))
        assert abs(_z_score(x[..., c].mean((2, 3)))) < 4
        assert abs(_z_score(square, 1 / parts)) < 4
        assert abs(_z_score(fourth, 3 / (parts * (parts + 2)))) < 4
