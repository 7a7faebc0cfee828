"""Linear interpolation of periodic fields, whole and slab by slab."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from geomsci.reference.entropic.interpolation import SlabInterpolation, interpolated

EPS = np.finfo(float).eps
LENGTHS = (5.0, 4.0, 6.0)


def _case(shape, seed=0, m=300):
    rng = np.random.default_rng(seed)
    lengths = LENGTHS[: len(shape)]
    field = rng.standard_normal((*shape, 2))
    points = rng.uniform(0, 1, (m, len(shape))) * lengths
    points[0], points[1] = 0.0, lengths
    return field, points, lengths


def _oracle(field, points, lengths):
    """Cell i is centred at (i + 1/2) L / n: coordinates of SciPy count centres."""
    shape = field.shape[:-1]
    x = (points / np.array(lengths) * shape - 0.5).T
    columns = [
        map_coordinates(field[..., c], x, order=1, mode="grid-wrap")
        for c in range(field.shape[-1])
    ]
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("shape", [(9,), (4, 7), (6, 5, 8)])
def test_interpolation_is_scipys_on_a_wrapped_grid(shape):
    case = _case(shape)
    found, expected = interpolated(*case), _oracle(*case)
    # Coordinates of up to n cells are rounded, and the field changes by its size.
    atol = 16 * max(shape) * EPS * np.abs(case[0]).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("shape", [(9,), (4, 7), (6, 5, 8)])
@pytest.mark.parametrize("planes", [1, 2, 3])
def test_slabs_in_any_order_are_the_whole(shape, planes):
    field, points, lengths = _case(shape, seed=1)
    found = SlabInterpolation(points, shape, lengths, 2, field.dtype)
    starts = np.random.default_rng(2).permutation(np.arange(0, shape[0], planes))
    for start in starts.tolist():
        part = slice(start, min(start + planes, shape[0]))
        found.add(part, field[part])
    np.testing.assert_array_equal(found.values(), interpolated(field, points, lengths))


def test_planes_without_points_are_not_needed():
    points = np.array([[2.5, 1.0], [0.2, 3.0]])  # between planes 2, 3 and 9, 0
    found = SlabInterpolation(points * 1.0, (10, 4), (10.0, 4.0), 1, np.float64)
    needed = [p for p in range(10) if found.needs(slice(p, p + 1))]
    assert needed == [0, 2, 3, 9]


def test_no_points_have_no_values():
    field, _, lengths = _case((6, 5, 8))
    assert interpolated(field, np.empty((0, 3)), lengths).shape == (0, 2)


def test_libraries_agree(xp):
    field, points, lengths = _case((6, 5, 8), seed=3, m=40)
    expected = interpolated(field, points, lengths)
    found = interpolated(xp.asarray(field), xp.asarray(points), lengths)
    xp.assert_close(found, expected, kappa=20, n=field.size)
