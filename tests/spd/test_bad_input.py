"""Bad input gets one clear sentence of a fitting type, and loses nothing."""

import array_api_strict
import numpy as np
import pytest

from geomsci import spd
from geomsci.backends import LinAlgError

ONE_ARRAY = {
    "mean": spd.mean,
    "pairwise_distances": spd.pairwise_distances,
    "nearest_spd": spd.nearest_spd,
    "distance": lambda C: spd.distance(C, C),
    "log_map": lambda C: spd.log_map(C, C),
    "tangent_vectors": lambda C: spd.tangent_vectors(C, C),
    "geodesic": lambda C: spd.geodesic(C, C, 0.5),
    "TangentSpace": lambda C: spd.TangentSpace().fit(C),
    "MDM": lambda C: spd.MDM().fit(C, np.arange(len(C)) % 2),
    "FgMDM": lambda C: spd.FgMDM().fit(C, np.arange(len(C)) % 2),
}


@pytest.fixture(params=ONE_ARRAY)
def function(request):
    return ONE_ARRAY[request.param]


def _sentence(caught):
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith((".", ")")), text
    return text


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite(function, spd_batch, bad):
    spd_batch[3, 1, 2] = bad
    with pytest.raises(ValueError, match=r"finite.*\(3, 1, 2\)") as caught:
        function(spd_batch)
    _sentence(caught)


def test_not_square(function, spd_batch):
    with pytest.raises(ValueError, match=r"\(\.\.\., n, n\), got shape \(12, 4, 3\)"):
        function(spd_batch[:, :, :3])


def test_empty(function, spd_batch):
    with pytest.raises(ValueError, match="at least one matrix"):
        function(spd_batch[:0])


def test_words_are_not_numbers(function):
    with pytest.raises(TypeError, match="must hold numbers"):
        function([[["a", "b"], ["c", "d"]]])


def test_half_precision_is_refused(function, spd_batch):
    with pytest.raises(TypeError, match="got float16"):
        function(spd_batch.astype(np.float16))


NEED_SPD = [name for name in ONE_ARRAY if name != "nearest_spd"]


@pytest.mark.parametrize("name", NEED_SPD)
def test_indefinite_matrix_is_named_with_its_eigenvalue(name, spd_batch):
    spd_batch[5] = np.diag([1.0, 2.0, 3.0, -0.25])
    with pytest.raises(LinAlgError, match=r"\[5\].*-0\.25") as caught:
        ONE_ARRAY[name](spd_batch)
    assert isinstance(caught.value, np.linalg.LinAlgError)
    assert isinstance(caught.value, ValueError)
    _sentence(caught)


@pytest.mark.parametrize("name", NEED_SPD)
def test_asymmetric_matrix_is_refused(name, spd_batch):
    spd_batch[0, 0, 1] += 0.5
    with pytest.raises(ValueError, match="symmetric.*0.5"):
        ONE_ARRAY[name](spd_batch)


@pytest.mark.parametrize("name", NEED_SPD)
def test_float32_refuses_what_it_cannot_carry(name):
    C = np.stack([np.diag([1.0, 1e-7]), np.eye(2)])
    ONE_ARRAY[name](np.concatenate([C, C]))
    with pytest.raises(ValueError, match="float64.*condition number"):
        ONE_ARRAY[name](np.concatenate([C, C]).astype(np.float32))


def test_lists_and_integers_become_float64(function, spd_batch):
    whole = np.round(8 * spd_batch) + 20 * np.eye(4)
    from_integers = function(whole.astype(int))
    from_lists = function(whole.astype(int).tolist())
    if isinstance(from_integers, np.ndarray):
        assert from_integers.dtype == np.float64
        np.testing.assert_array_equal(from_integers, from_lists)
        np.testing.assert_array_equal(from_integers, function(whole))


def test_two_libraries_are_named(spd_batch):
    other = array_api_strict.asarray(spd_batch)
    with pytest.raises(TypeError, match="numpy and array_api_strict"):
        spd.distance(spd_batch, other)


def test_two_devices_are_named(spd_batch):
    A = array_api_strict.asarray(spd_batch)
    B = array_api_strict.asarray(spd_batch, device=array_api_strict.Device("device1"))
    with pytest.raises(ValueError, match="CPU_DEVICE.*device1"):
        spd.distance(A, B)


def test_two_sizes_are_named(spd_batch):
    with pytest.raises(ValueError, match="4 x 4, got 3 x 3"):
        spd.distance(spd_batch, np.eye(3))


def test_unknown_metric_lists_the_known_ones(spd_batch):
    with pytest.raises(ValueError, match="affine, log-euclidean, bures-wasserstein"):
        spd.mean(spd_batch, metric="riemann")


def test_unequal_lists_are_refused():
    with pytest.raises(ValueError, match="unequal lengths"):
        spd.nearest_spd([[1.0, 2.0], [3.0]])


def test_bures_wasserstein_needs_t_inside_and_short_vectors(spd_batch):
    A, B = spd_batch[:2]
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        spd.geodesic(A, B, 1.5, metric="bures-wasserstein")
    with pytest.raises(LinAlgError, match="too long"):
        spd.exp_map(-4 * np.eye(2), np.eye(2), metric="bures-wasserstein")


@pytest.mark.parametrize("rtol", [0.0, 1.0, -1.0, np.nan])
def test_nearest_spd_needs_a_sensible_floor(rtol):
    with pytest.raises(ValueError, match="rtol"):
        spd.nearest_spd(np.eye(2), rtol=rtol)


def test_nearest_spd_needs_a_positive_eigenvalue():
    with pytest.raises(LinAlgError, match="positive eigenvalue"):
        spd.nearest_spd(-np.eye(3))


@pytest.mark.parametrize("length", [2, 4, 0])
def test_tangent_vectors_of_impossible_length(length):
    with pytest.raises(ValueError, match=r"n \(n \+ 1\) / 2"):
        spd.from_tangent_vectors(np.zeros(length), np.eye(2))
