"""Heat extension: interpolation, barycentres of Euclidean points, extreme scales."""

import numpy as np
import pytest

from geomsci.backends.arrays import device
from geomsci.reference.embedding import extension

EPS = float(np.finfo(np.float64).eps)


def _distances(A, B):
    return np.linalg.norm(A[:, None, :] - B[None, :, :], axis=-1)


def _numbers(xp, near):
    """Row numbers beside the arrays of a case."""
    here = device(xp.asarray([0.0]))
    return xp.xp.asarray(near.tolist(), dtype=xp.xp.int64, device=here)


def _case(q=7, m=20, s=5, seed=0):
    """Representatives, their distances, and neighbours and weights of new points."""
    rng = np.random.default_rng(seed)
    Y = rng.standard_normal((m, 3))
    near = np.stack([rng.permutation(m)[:s] for _ in range(q)])
    w = extension.extension_weights(rng.uniform(0.1, 2.0, (q, s)))
    return Y, _distances(Y, Y), near, w


def test_weights_are_inverse_squares(xp):
    d = np.array([[1.0, 2.0, 4.0], [3.0, 3.0, 3.0]])
    w = extension.extension_weights(xp.asarray(d))
    xp.assert_close(w, np.array([[16.0, 4.0, 1.0], [7.0, 7.0, 7.0]]) / 21, kappa=4)


def test_weight_is_one_where_the_distance_is_zero(xp):
    d = xp.asarray(np.array([[0.0, 1.0, 2.0], [0.0, 0.0, 5.0]]))
    expected = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    xp.assert_close(extension.extension_weights(d), expected)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e300])
def test_weights_do_not_depend_on_the_unit(scale):
    d = np.array([[1.0, 2.0, 5.0], [0.0, 1.0, 2.0]])
    found = extension.extension_weights(scale * d)
    expected = extension.extension_weights(d)
    np.testing.assert_allclose(found, expected, rtol=16 * EPS, atol=0)


def test_weights_survive_distances_of_all_sizes():
    w = extension.extension_weights(np.array([[1e-200, 1.0, 1e200], [5e-324, 1, 2]]))
    assert np.array_equal(w, [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])


def test_weights_are_continuous_at_a_representative():
    near = extension.extension_weights(np.array([[1e-6, 1.0, 2.0]]))
    np.testing.assert_allclose(near, [[1.0, 0.0, 0.0]], atol=2e-12)


def test_coordinates_are_the_weighted_means(xp):
    Y, _, near, w = _case()
    found = extension.extend(xp.asarray(Y), _numbers(xp, near), xp.asarray(w))
    xp.assert_close(found, np.einsum("qs,qsk->qk", w, Y[near]), kappa=50)


def test_rows_do_not_depend_on_their_batch():
    Y, D, near, w = _case(q=50)
    together = (
        extension.extend(Y, near, w),
        extension.extended_dissimilarity(D, near, w),
    )
    for i in (0, 17, 49):
        alone = near[i : i + 1], w[i : i + 1]
        assert np.array_equal(extension.extend(Y, *alone)[0], together[0][i])
        d = extension.extended_dissimilarity(D, *alone)
        assert np.array_equal(d[0], together[1][i])


def test_dissimilarity_is_that_of_the_barycentre(xp):
    Y, D, near, w = _case()
    found = extension.extended_dissimilarity(
        xp.asarray(D), _numbers(xp, near), xp.asarray(w)
    )
    centres = np.einsum("qs,qsk->qk", w, Y[near])
    # A difference of squares below the largest one: eps D^2 / d^2.
    expected = _distances(centres, Y)
    xp.assert_close(found, expected, kappa=20 * (D.max() / expected.min()) ** 2)


def test_dissimilarity_at_a_representative_is_its_row():
    _, D, near, w = _case()
    w = np.zeros_like(w)
    w[:, 2] = 1.0
    found = extension.extended_dissimilarity(D, near, w)
    np.testing.assert_allclose(found, D[near[:, 2]], rtol=8 * EPS, atol=0)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_dissimilarity_scales_with_the_distances(scale):
    _, D, near, w = _case()
    found = extension.extended_dissimilarity(scale * D, near, w) / scale
    expected = extension.extended_dissimilarity(D, near, w)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_plain_means_of_distances_miss_the_cone():
    # Why squares: midway between two representatives on a line, a third between them.
    Y = np.array([[-1.0], [0.0], [1.0]])
    near, w = np.array([[0, 2]]), np.array([[0.5, 0.5]])
    found = extension.extended_dissimilarity(_distances(Y, Y), near, w)
    np.testing.assert_allclose(found, [[1.0, 0.0, 1.0]], atol=EPS)
