"""Bad input of `EntropicCurvature`: one clear sentence each."""

import numpy as np
import pytest
import scipy.sparse

from geomsci.backends import machine
from geomsci.entropic import (
    EntropicCurvature,
    log_density_hessian,
    smooth_density,
    survey_curvature,
)

FIELD = np.exp(np.random.default_rng(0).standard_normal((12, 12, 12)))
POINTS = np.random.default_rng(1).uniform(0, 10, (200, 3))


def _with(value):
    field = FIELD.copy()
    field[3, 4, 5] = value
    return field


def _sentence(caught):
    text = str(caught.value)
    assert len(text) > 20
    assert "\n" not in text.split("Got")[0]


GRIDS = [
    (_with(np.nan), {}, "X must be finite, got nan at index"),
    (_with(np.inf), {}, "X must be finite, got inf"),
    (0 * FIELD, {}, "must hold a density with positive cells"),
    (-FIELD, {}, "must hold a density with positive cells"),
    (np.ones((2, 5)), {}, "at least 4 cells"),
    (np.ones((4, 4, 4, 4)), {}, "grid of 1 to 3 axes"),
    (np.ones((0, 8, 8)), {}, "at least 4 cells"),
    (np.ones(()), {}, "grid of 1 to 3 axes"),
    (FIELD, {"smoothing": 1.4}, "at least 1.5 cells"),
    (FIELD, {"smoothing": 7.0}, "at most half the box, 6, got 7"),
    (FIELD, {"smoothing": 3000.0, "box_size": 12.0}, "give both in one unit"),
    (FIELD, {"smoothing": ()}, "smoothing must be a positive length or a sequence"),
    (FIELD, {"smoothing": (2.0, -1.0)}, "smoothing must be a positive length"),
    (FIELD, {"smoothing": (2.0, np.nan)}, "smoothing must be a positive length"),
    (FIELD, {"smoothing": 0.0}, "smoothing"),
    (FIELD, {"box_size": (12.0, 12.0)}, "one for each of the 3 axes, got 2"),
    (FIELD, {"box_size": -1.0}, "box_size"),
    (FIELD, {"threshold": "high"}, "threshold"),
    (FIELD, {"threshold": ("rms", 1.0)}, r'finite number or \("sigma", number\)'),
    (FIELD, {"threshold": ("sigma", np.inf)}, r'finite number or \("sigma", number\)'),
    (FIELD, {"threshold": np.nan}, r'finite number or \("sigma", number\)'),
    (FIELD, {"dimension": 3.0}, "dimension must be above 3"),
    (FIELD, {"dimension": 0.0, "convention": "rigid"}, "dimension must be above 0"),
    (FIELD, {"dimension": np.nan}, "dimension"),
    (FIELD, {"convention": "sturm"}, "convention"),
    (FIELD, {"window": "gaussian"}, "window"),
    (FIELD, {"probe_width": -1.0}, "probe_width"),
    (FIELD, {"probe_width": 6.5}, "probe_width must be at most half the box, 6"),
    (FIELD, {"probe_step": 7.0}, "probe_step must be at most half the box, 6"),
    (FIELD, {"backend": "fortran"}, "backend"),
]


@pytest.mark.parametrize(("X", "options", "message"), GRIDS)
def test_bad_grids_and_options_are_refused(X, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        EntropicCurvature(**{"smoothing": 2.0, **options}).fit(X)
    _sentence(caught)


@pytest.mark.parametrize(
    "X",
    [FIELD + 0j, scipy.sparse.eye(12), "a file", [["a", "b", "c", "d"]], None],
)
def test_wrong_types_are_type_errors(X):
    with pytest.raises(TypeError):
        EntropicCurvature(2.0).fit(X)


def test_negative_cells_are_counted_and_warned_of():
    with pytest.warns(UserWarning, match="X has 1 of 1728 cells below zero"):
        EntropicCurvature(3.0).fit(_with(-0.1))


@pytest.mark.filterwarnings("ignore:X has")
def test_contrast_instead_of_density_is_counted():
    contrast = FIELD / FIELD.mean() - 1
    message = r"got \d+ of 1728 cells that are not .* a density contrast needs 1 added"
    with pytest.raises(ValueError, match=message):
        EntropicCurvature(2.0).fit(contrast)
    with pytest.raises(ValueError, match=message):
        EntropicCurvature(2.0, threshold=("sigma", 1)).fit(contrast)


def test_zero_cells_are_a_density():
    assert np.all(np.isfinite(EntropicCurvature(3.0).fit(_with(0.0)).transform()))


def test_scales_below_two_cells_are_warned_of():
    with pytest.warns(UserWarning, match="R = 1.75 is 1.75 cells"):
        EntropicCurvature(1.75).fit(FIELD)


@pytest.mark.filterwarnings("ignore:X has")
def test_compensated_fields_that_went_negative_name_what_works():
    sparse = np.random.default_rng(2).uniform(0, 32, (40, 3))
    web = EntropicCurvature(1.5, box_size=32.0, n_grid=32)
    message = (
        r"got \d+ of 32768 cells that are not .* catalogue route.*compensate=False"
    )
    with (
        pytest.warns(UserWarning, match="1.5|below"),
        pytest.raises(ValueError, match=message),
    ):
        web.set_params(smoothing=1.6).fit(sparse)


def test_voids_at_the_rounding_of_single_precision_are_warned_of():
    x = np.arange(48) - 24.0
    field = np.exp(-0.5 * x**2 / 4).astype(np.float32) + np.float32(2e-6)
    with pytest.warns(UserWarning, match="in a void, where transforms round"):
        EntropicCurvature(2.0).fit(field)


POSITIONS = [
    (POINTS, {"box_size": 5.0}, "X must lie in the box"),
    (POINTS - 5.0, {"box_size": 10.0}, r"open space \(box_size=None\)"),
    (POINTS, {"n_grid": 8}, "box_size must be given with n_grid"),
    (POINTS, {"n_grid": 8, "box_size": 5.0}, r"got \d+ of 200 points outside"),
    (POINTS, {"n_grid": 3, "box_size": 10.0}, "n_grid"),
    (POINTS, {"n_grid": (8, 8), "box_size": 10.0}, "one for each of the 3 axes"),
    (POINTS, {"box_size": 10.0, "smoothing": 6.0}, "at most half the box, 5, got 6"),
    (POINTS, {"probe_width": 1.0}, "probe_width and probe_step need a grid"),
    (POINTS[:0], {}, "at least one point, got none"),
    (POINTS[:0], {"n_grid": 8, "box_size": 10.0}, "at least one point, got none"),
    (np.where(POINTS > 9.9, np.nan, POINTS), {}, "must be finite, got nan"),
]


@pytest.mark.parametrize(("X", "options", "message"), POSITIONS)
def test_bad_positions_are_refused(X, options, message):
    with pytest.raises(ValueError, match=message):
        EntropicCurvature(**{"smoothing": 2.0, **options}).fit(X)


COMPANIONS = [
    (FIELD, {"sample_weight": np.ones(12)}, "sample_weight needs positions"),
    (FIELD, {"randoms": POINTS}, "randoms need positions without a grid"),
    (POINTS, {"sample_weight": np.ones(3)}, r"weights must have shape \(200,\)"),
    (POINTS, {"sample_weight": -np.ones(200)}, "weights must be positive"),
    (POINTS, {"sample_weight": np.zeros(200)}, "weights must be positive"),
    (POINTS, {"randoms": POINTS[:, :2]}, "randoms must have as many columns"),
    (POINTS, {"randoms": POINTS[:0]}, "randoms must hold at least one point"),
]


@pytest.mark.parametrize(("X", "companions", "message"), COMPANIONS)
def test_bad_weights_and_randoms_are_refused(X, companions, message):
    with pytest.raises(ValueError, match=message):
        EntropicCurvature(2.0).fit(X, **companions)


def test_randoms_on_a_grid_of_positions_are_refused():
    web = EntropicCurvature(2.5, n_grid=8, box_size=10.0)
    with pytest.raises(ValueError, match="leave n_grid at None"):
        web.fit(POINTS, randoms=POINTS)


def test_a_survey_without_randoms_is_told_so():
    with pytest.raises(ValueError, match="randoms must be an array of shape"):
        survey_curvature(POINTS, POINTS, None, 2.0)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.ones((3, 2)), r"points must have shape \(m, 3\)"),
        (np.ones(3), r"points must have shape \(m, 3\)"),
        (np.full((2, 3), np.nan), "points must be finite"),
        (np.full((2, 3), 12.5), "points must lie in the box"),
        (np.full((2, 3), -0.5), "points must lie in the box"),
    ],
)
def test_bad_points_are_refused(points, message):
    web = EntropicCurvature(2.0).fit(FIELD)
    for ask in (web.transform, web.predict):
        with pytest.raises(ValueError, match=message):
            ask(points)


def test_complex_points_are_type_errors():
    with pytest.raises(TypeError, match="points must be real"):
        EntropicCurvature(2.0).fit(FIELD).transform(np.ones((2, 3)) + 0j)


def test_no_points_have_no_answers():
    for X in (FIELD, POINTS):
        web = EntropicCurvature(2.0).fit(X)
        assert web.transform(np.ones((0, 3))).shape == (1, 0, 3)
        assert web.predict(np.ones((0, 3))).shape == (1, 0)


def test_a_grid_larger_than_memory_names_what_works(monkeypatch):
    monkeypatch.setattr(machine, "available_memory", lambda: 40_000)
    message = r"1728 cells needs about .* MiB, this machine has .* take float32, a coar"
    with pytest.raises(MemoryError, match=message):
        EntropicCurvature(2.0).fit(FIELD)


def test_memory_for_classes_alone_streams_and_refuses_the_maps(monkeypatch):
    monkeypatch.setattr(machine, "available_memory", lambda: 70_000)
    web = EntropicCurvature([2.0, 3.0]).fit(FIELD)
    assert web.predict().shape == (2, 12, 12, 12)
    for ask in (web.transform, lambda: web.curvature_, lambda: web.eigenvalues_):
        with pytest.raises(MemoryError, match="take fewer scales at once or float32"):
            ask()


@pytest.mark.filterwarnings("ignore:R = 2 is 1.6 cells")
def test_nested_lists_are_taken():
    web = EntropicCurvature(2.0).fit(FIELD[0].tolist())
    np.testing.assert_array_equal(
        web.transform(), EntropicCurvature(2.0).fit(FIELD[0]).transform()
    )
    points = EntropicCurvature(2.0, box_size=10.0, n_grid=8).fit(POINTS.tolist())
    assert points.signature_.shape == (1, 8, 8, 8)


def test_a_grid_is_put_on_no_grid():
    with pytest.raises(ValueError, match="n_grid needs positions of shape") as caught:
        EntropicCurvature(2.0, n_grid=12, box_size=12.0).fit(FIELD)
    _sentence(caught)


@pytest.mark.parametrize("n_grid", [None, 12])
def test_open_data_in_a_periodic_box_are_told(n_grid):
    web = EntropicCurvature(25.0, box_size=100.0, n_grid=n_grid)
    places = 40.0 + POINTS  # a tenth of the box on every axis
    with pytest.warns(UserWarning, match="of a periodic box of 100 on axis 0"):
        web.fit(places)


def test_a_survey_outside_of_its_randoms_is_told():
    randoms = np.random.default_rng(2).uniform(0, 10, (1000, 3))
    with pytest.warns(UserWarning, match="outside of them the curvature means nothing"):
        EntropicCurvature(2.0).fit(POINTS * [1.0, 1.0, 3.0], randoms=randoms)


def test_points_are_told_to_wrap():
    web = EntropicCurvature(2.0).fit(FIELD)
    with pytest.raises(ValueError, match=r"points % box_size") as caught:
        web.transform(np.array([[1.0, 2.0, 30.0]]))
    _sentence(caught)


@pytest.mark.parametrize("function", [log_density_hessian, smooth_density])
def test_fields_beyond_the_memory_are_refused_unread(function, monkeypatch):
    monkeypatch.setattr(machine, "available_memory", lambda: 1 << 20)
    beyond = np.broadcast_to(np.nan, (64, 64, 64))  # reading it would find the NaN
    with pytest.raises(MemoryError, match="262144 cells, needs about 4.0 MiB"):
        function(beyond, 2.0)
    with pytest.raises(MemoryError, match="streamed"):
        EntropicCurvature(2.0).fit(beyond)
