"""Diffusion times: where the entropy passes its level; the published knee."""

import math

import numpy as np
import pytest

from geomsci.embedding import diffusion_time, heat_kernel
from geomsci.reference.embedding import diffusion_time as reference

chosen = pytest.mark.capability("embedding.diffusion_time")


def cycle(n):
    hops = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    return np.eye(n) - 0.5 * np.isin(hops, [1, n - 1])


def entropy(L, t):
    """Normalised row entropy by another route: the logarithms of host numbers."""
    total = 0.0
    for row in heat_kernel(L, t):
        p = [x / math.fsum(row) for x in row]
        total -= math.fsum(x * math.log(x) for x in p if x > 0)
    return total / (len(L) * math.log(len(L)))


@chosen
@pytest.mark.parametrize("doublings", [0, 1, 3])
def test_the_entropy_is_theta_at_a_node_of_the_grid(xp, doublings):
    L = cycle(60)
    t = 2.0 * 2**doublings
    theta = entropy(L, t)
    got = diffusion_time(xp.asarray(L), theta=theta, t_min=2.0, t_max=100.0)
    # dt / t is the rounding of e over its slope in log t, which is above 0.05 here.
    assert got == pytest.approx(t, rel=1e-11)


@pytest.mark.parametrize("theta", [0.45, 0.6, 0.75, 0.9])
def test_the_entropy_is_close_to_theta_between_nodes(theta):
    L = cycle(60)
    t = diffusion_time(L, theta=theta, t_min=1.0, t_max=1000.0)
    # e is nearly linear in log t: half a log of t over log n. Its curvature is below
    # 0.1, which leaves log(2)^2 / 8 of that.
    assert entropy(L, t) == pytest.approx(theta, abs=0.1 * math.log(2) ** 2 / 8)


def test_levels_out_of_reach_give_the_ends_of_the_range():
    L = cycle(60)
    assert diffusion_time(L, theta=0.01) == 20.0
    assert diffusion_time(L, theta=0.999, t_min=3.0, t_max=50.0) == 50.0
    assert diffusion_time(L, theta=0.999, t_min=7.0, t_max=7.0) == 7.0


def test_higher_levels_take_longer():
    times = [diffusion_time(cycle(80), theta=x, t_min=1.0) for x in (0.5, 0.6, 0.7)]
    assert times[0] < times[1] < times[2]


@chosen
def test_entropy_is_one_for_uniform_rows_and_zero_for_the_identity(xp):
    assert reference.row_entropy(xp.asarray(np.full((7, 7), 0.3))) == pytest.approx(1)
    assert reference.row_entropy(xp.asarray(np.eye(7))) == 0


@chosen
def test_the_published_rule_takes_the_knee_of_ten_times(xp):
    L = cycle(30)
    times = np.linspace(0.05, 200, 10)
    E = [-np.sum(H * np.log(H + 1e-10)) for H in (heat_kernel(L, t) for t in times)]
    # Without ties the first local maximum of a concave curve less a line is the only.
    y = (np.array(E) - min(E)) / (max(E) - min(E))
    best = times[np.argmax(y - np.linspace(0, 1, 10))]
    got = diffusion_time(xp.asarray(L), rule="knee")
    assert got == pytest.approx(best, rel=1e-14)


def test_knees_of_broken_lines_are_their_corners():
    x = [float(i) for i in range(9)]
    for corner in (1, 4, 7):
        y = [min(i, corner) + 0.01 * i for i in range(9)]
        assert reference.knee(x, y) == corner
    assert reference.knee(x, [1.0] * 9) == 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rule": "elbow"}, "rule must be one of entropy, knee"),
        ({"theta": 0.0}, r"theta must lie in \(0, 1\)"),
        ({"theta": math.nan}, r"theta must lie in \(0, 1\)"),
        ({"t_min": 0.0}, "t_min must be finite and above 0"),
        ({"t_min": 9.0, "t_max": 3.0}, "t_min must not be above t_max"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        diffusion_time(cycle(5), **options)


def test_bad_matrices_are_refused():
    with pytest.raises(ValueError, match="at least two rows"):
        diffusion_time([[0.0]])
    with pytest.raises(ValueError, match="symmetric"):
        diffusion_time(np.triu(cycle(5)))
    with pytest.raises(TypeError, match="theta must be a number"):
        diffusion_time(cycle(5), theta="0.5")
