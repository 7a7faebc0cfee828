"""Diffusion times: agreement of distances, entropy at its level, published knee."""

import math

import numpy as np
import pytest

from geomsci.embedding import (
    diffusion_time,
    graph_laplacian,
    heat_geodesic_distance,
    heat_kernel,
)
from geomsci.reference.embedding import diffusion_time as reference

chosen = pytest.mark.capability("embedding.diffusion_time")


def cycle(n):
    hops = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    return np.eye(n) - 0.5 * np.isin(hops, [1, n - 1])


def entropy(L, t):
    """Normalised row entropy by another route: the logarithms of host numbers."""
    total = 0.0
    for row in heat_kernel(L, t):
        mass = math.fsum(row)
        p = [x / mass for x in row]
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


# The choice of the estimator


def ring(n, jumps=0):
    """Laplacian of a ring of next and second neighbours, and some random edges."""
    hops = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    W = np.isin(hops, [1, 2, n - 2, n - 1]) * 1.0
    for i, j in np.random.default_rng(0).integers(n, size=(jumps, 2)):
        if i != j:
            W[i, j] = W[j, i] = 1.0
    return graph_laplacian(W, "normalized")


def select(L, rate=1.0, n=1000):
    """The choice with the times of a graph of n vertices."""
    return reference.select_diffusion_time(lambda t: heat_kernel(L, t), n, rate=rate)


def test_times_fall_with_the_size_of_a_small_graph():
    path, H = select(ring(200), n=200)
    np.testing.assert_allclose(path.times, [4.0, 8.0, 16.0])
    assert path.time == 8.0
    np.testing.assert_allclose(H, heat_kernel(ring(200), 8.0), rtol=1e-11)


def agreement(L, t, u, rows=slice(None)):
    """Mean correlation of rows of distances, from kernels computed at the times."""
    D, E = (heat_geodesic_distance(heat_kernel(L, s), s)[rows, rows] for s in (t, u))
    return np.mean([np.corrcoef(d, e)[0, 1] for d, e in zip(D, E, strict=True)])


@pytest.mark.parametrize("n", [120, 200])
def test_rings_without_jumps_take_forty_steps(n):
    L = ring(n)
    path, H = select(L)
    assert path.time == 40.0
    assert path.agreement == pytest.approx(agreement(L, 20, 80), abs=1e-10)
    assert path.agreement >= 0.997
    np.testing.assert_allclose(H, heat_kernel(L, 40.0), rtol=1e-11)
    expected = [entropy(L, t) for t in (20.0, 40.0, 80.0)]
    np.testing.assert_allclose(path.entropies, expected, rtol=1e-11)


@pytest.mark.parametrize(("n", "jumps"), [(200, 2), (200, 5), (200, 20), (100, 40)])
def test_jumps_take_the_time_of_the_entropy(n, jumps):
    L = ring(n, jumps)
    path, H = select(L)
    assert path.agreement < 0.997
    times, e = [20.0, 40.0], [entropy(L, 20.0), entropy(L, 40.0)]
    while e[-1] < 0.92 or len(e) < 3:
        times.append(2 * times[-1])
        e.append(entropy(L, times[-1]))
    np.testing.assert_allclose(path.times, times)
    np.testing.assert_allclose(path.entropies, e, rtol=1e-11)
    # Linear in log t, and constant before the first time.
    crossing = math.exp(np.interp(0.92, e, np.log(times)))
    assert path.time == pytest.approx(math.sqrt(40 * crossing), rel=1e-9)
    np.testing.assert_allclose(H, heat_kernel(L, path.time), rtol=1e-11)


def test_an_entropy_passed_before_20_steps_counts_as_passed_there():
    path, _ = select(ring(100, 40))
    assert path.agreement < 0.997
    assert path.entropies[0] > 0.92
    assert path.time == pytest.approx(math.sqrt(40 * 20), rel=1e-12)


def test_the_entropy_is_followed_up_to_320_steps():
    path, _ = select(ring(500, 10))
    assert path.entropies[-1] < 0.92
    assert path.time == pytest.approx(math.sqrt(40 * 320))


def test_large_graphs_are_compared_on_every_other_vertex():
    L = ring(600, 3)
    expected = agreement(L, 20, 80, slice(None, None, 2))
    assert select(L).path.agreement == pytest.approx(expected, abs=1e-10)


def test_times_count_steps_of_the_walk():
    L = ring(200, 5)
    # A walk at twice the rate is there in half the time.
    usual, fast = select(L).path, select(2 * L, rate=2.0).path
    assert fast.time == pytest.approx(usual.time / 2, rel=1e-9)
    assert fast.agreement == pytest.approx(usual.agreement, abs=1e-10)


def test_times_double_while_the_kernel_underflows():
    n = 400
    L = np.eye(n) - 0.5 * (np.eye(n, k=1) + np.eye(n, k=-1))
    L[0, 0] = L[-1, -1] = 0.5
    assert (heat_kernel(L, 20.0) == 0).any()
    path, H = select(L)
    doublings = math.log2(path.times[0] / 20)
    assert doublings == int(doublings) >= 1
    assert (heat_kernel(L, path.times[0] / 2) == 0).any()
    assert (H > 0).all()
    assert path.time == path.times[1]
    np.testing.assert_allclose(H, heat_kernel(L, path.time), rtol=1e-10)


@pytest.mark.parametrize("jumps", [0, 10])
def test_every_library_chooses_the_time_of_numpy(xp, jumps):
    L = ring(120, jumps)
    expected, found = select(L), select(xp.asarray(L))
    # dt / t is the rounding of e over its slope in log t, about a tenth.
    assert found.path.time == pytest.approx(expected.path.time, rel=1e3 * xp.eps)
    assert found.path.agreement == pytest.approx(
        expected.path.agreement, abs=1e4 * xp.eps
    )
    xp.assert_is_native(found.H)
    xp.assert_is_native(found.path.entropies)
