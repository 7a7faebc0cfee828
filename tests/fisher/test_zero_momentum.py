"""The amplitude of a zero-momentum insertion of energy at the critical point."""

import itertools
import math

import numpy as np
import pytest

from geomsci.reference.fisher import streaming
from geomsci.reference.fisher.cumulants import heat_capacity
from geomsci.reference.fisher.lattices import SQUARE
from geomsci.reference.fisher.sectors import L, R, square_propagator
from geomsci.reference.fisher.zero_momentum import zero_momentum_amplitude

Z = math.sqrt(2) - 1


def amplitude(side):
    return float(zero_momentum_amplitude((side, side), like=np.zeros(1)))


@pytest.mark.parametrize("side", [5, 9, 31])
def test_bond_energy_of_the_antiperiodic_sector_approaches_one_over_root_two(side):
    Khat = square_propagator((Z, Z), (side, side), (1, 1), np.zeros(1))
    energy = Z + (1 - Z * Z) * Khat[L, R].mean().real
    assert energy == pytest.approx(math.sqrt(0.5), abs=1e-15 * side)


def test_converges_faster_than_the_third_power_of_the_side():
    errors = [abs(amplitude(side) - amplitude(255)) for side in (15, 31, 63)]
    assert errors[0] < 5e-4 * abs(amplitude(255))
    for coarse, fine in itertools.pairwise(errors):
        assert coarse / fine > 2**3


def test_is_negative():
    assert amplitude(15) < 0


def test_growth_of_the_trace_norm_rises_to_its_square():
    """|tau|^2/n against 2 lambda_0: slopes between doubled sizes rise to cbar^2."""
    slopes, last = [], None
    for side in (8, 16, 32, 64):
        J = np.array([math.asinh(1) / 2] * 2)
        torus = streaming.curvature(SQUARE, (side, side), J)
        point = (
            float(torus.invariants.trace_norm) / side**2,
            2 * float(heat_capacity(torus.metric)),
        )
        if last is not None:
            slopes.append((point[0] - last[0]) / (point[1] - last[1]))
        last = point
    gaps = [amplitude(127) ** 2 - slope for slope in slopes]
    assert gaps[0] > gaps[1] > gaps[2] > 0
    assert gaps[2] < 0.4 * gaps[0]


def test_in_every_library(xp):
    if xp.single:
        pytest.skip("float64 only")
    like = xp.asarray(np.zeros(1))
    result = zero_momentum_amplitude((9, 7), like=like)
    expected = zero_momentum_amplitude((9, 7), like=np.zeros(1))
    assert float(result) == pytest.approx(float(expected), rel=1e-13)
