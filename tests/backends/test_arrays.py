"""Library, dtype and device of a call."""

import array_api_strict
import numpy as np
import pytest

from geomsci.backends import array_namespace
from geomsci.backends.arrays import common_arrays, from_host, require_finite, to_host


def test_namespace_follows_the_arrays(xp):
    x = xp.asarray(np.ones(3))
    assert array_namespace(x, [1.0], 2, None) is xp.xp


def test_lists_alone_mean_numpy():
    namespace, x = common_arrays(x=[[1, 2], [3, 4]])
    assert isinstance(x, np.ndarray)
    assert x.dtype == np.float64
    assert namespace.__name__.endswith("numpy")


def test_mixed_libraries_are_named():
    with pytest.raises(TypeError, match="numpy and array_api_strict"):
        array_namespace(np.ones(2), array_api_strict.ones(2))


def test_values_beside_arrays_take_their_place(xp):
    x = xp.asarray(np.ones(3))
    _, a, b = common_arrays(a=x, b=[1, 2, 3])
    xp.assert_is_native(b)
    assert b.dtype == a.dtype == x.dtype


def test_arrays_that_fit_are_not_copied(xp):
    x = xp.asarray(np.ones(3))
    assert common_arrays(a=x)[1] is x
    assert common_arrays(a=x, b=x)[2] is x


@pytest.mark.parametrize(
    ("first", "second", "joint"),
    [
        ("float32", "float32", "float32"),
        ("float32", "float64", "float64"),
        ("int32", "float32", "float64"),
        ("int8", "bool", "float64"),
        ("complex64", "float64", "complex128"),
    ],
)
def test_result_dtype(first, second, joint):
    _, a, b = common_arrays(a=np.ones(2, first), b=np.ones(2, second))
    assert a.dtype == b.dtype == np.dtype(joint)


@pytest.mark.parametrize("bad", [np.float16, np.longdouble, object])
def test_other_dtypes_are_refused(bad):
    with pytest.raises(TypeError, match="x must be float32"):
        common_arrays(x=np.ones(2, bad))


def test_first_bad_entry_is_named(xp):
    values = np.ones((2, 3))
    values[1, 2] = np.nan
    with pytest.raises(ValueError, match=r"x must be finite.*\(1, 2\)"):
        require_finite(xp.xp, x=xp.asarray(values))


def test_a_sum_that_overflows_is_still_finite(xp):
    largest = np.finfo(np.float32 if xp.single else np.float64).max
    assert require_finite(xp.xp, x=xp.asarray([largest, largest])) is None


def test_host_and_back(xp):
    values = np.arange(6.0).reshape(2, 3)
    x = xp.asarray(values)
    np.testing.assert_array_equal(to_host(x), values)
    back = from_host(values, x)
    xp.assert_close(back, values)
