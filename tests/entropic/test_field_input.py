"""Bad density fields, scales, boxes and positions: one sentence each."""

import numpy as np
import pytest

from geomsci.backends import machine
from geomsci.entropic.curvature import log_density_hessian
from geomsci.entropic.density_field import (
    assign_mass,
    compensate_window,
    smooth_density,
)
from geomsci.entropic.scale_flow import scale_flow_rhs

FIELD = np.exp(np.random.default_rng(0).standard_normal((16, 16, 16)))
POINTS = np.random.default_rng(1).uniform(0, 10, (50, 3))


def _with(value):
    field = FIELD.copy()
    field[3, 4, 5] = value
    return field


FIELDS = [
    (_with(np.nan), 3.0, None, "field must be finite, got nan at index"),
    (_with(np.inf), 3.0, None, "field must be finite, got inf"),
    (0 * FIELD, 3.0, None, "must hold a density with positive cells"),
    (-FIELD, 3.0, None, "must hold a density with positive cells"),
    (FIELD[:3], 3.0, None, "at least 4 cells"),
    (FIELD[None], 3.0, None, "grid of 1 to 3 axes"),
    (FIELD, 1.4, None, "at least 1.5 cells"),
    (FIELD, 20.0, 250.0, "at least 1.5 cells, 23.4375"),
    (FIELD, 9.0, None, "at most half the box, 8, got 9"),
    (FIELD, -1.0, None, "at least 0"),
    (FIELD, np.nan, None, "at least 0"),
    (FIELD, [], None, "at least one number"),
    (FIELD, 3.0, -16.0, "box_size must be positive"),
    (FIELD, 3.0, (16.0, 16.0), "one for each of the 3 axes, got 2"),
]


@pytest.mark.parametrize(("field", "R", "box", "message"), FIELDS)
def test_bad_fields_and_scales_are_refused(field, R, box, message):
    with pytest.raises(ValueError, match=message):
        log_density_hessian(field, R, box)


@pytest.mark.parametrize(("R", "box"), [("three", None), (3.0, "large"), (None, None)])
def test_scales_that_are_no_numbers_are_type_errors(R, box):
    with pytest.raises(TypeError, match="must be a number or a sequence"):
        log_density_hessian(FIELD, R, box)


def test_complex_fields_are_type_errors():
    with pytest.raises(TypeError, match="field must be real"):
        smooth_density(FIELD + 0j, 3.0)


def test_scales_between_one_and_a_half_and_two_cells_are_warned_of():
    with pytest.warns(UserWarning, match=r"R = 1.75 is 1.75 cells"):
        log_density_hessian(FIELD, 1.75)


def test_two_cells_pass_in_silence(recwarn):
    log_density_hessian(FIELD, [2.0, 3.0], 16)
    log_density_hessian(FIELD, 2 * 0.1 / 16, 0.1)
    assert not recwarn.list


def test_negative_cells_are_counted_and_warned_of():
    with pytest.warns(UserWarning, match=r"field has 1 of 4096 cells below zero"):
        log_density_hessian(_with(-0.5), 3.0)


@pytest.mark.filterwarnings("ignore:field has")
def test_contrast_instead_of_density_is_refused_with_a_count():
    contrast = FIELD / FIELD.mean() - 1
    with pytest.raises(ValueError, match=r"got \d+ of 4096 cells .* needs 1 added"):
        log_density_hessian(contrast, 2.0)


@pytest.mark.filterwarnings("ignore:field has", "ignore:R = 0.9375")
def test_compensated_sparse_fields_name_the_way_out():
    mass = assign_mass(POINTS[:6], 16, 10.0, "pcs")
    compensated = compensate_window(mass, 10.0, "pcs")
    with pytest.raises(ValueError, match=r"catalogue route.*compensate=False"):
        log_density_hessian(compensated, 1.5 * 10 / 16, 10.0)
    with pytest.raises(ValueError, match="catalogue route"):
        scale_flow_rhs(compensated, 1.5 * 10 / 16, 10.0)


def test_voids_near_the_rounding_are_warned_of():
    field = np.full((32, 32), 1e-4)
    field[16, 16] = 1e4
    with pytest.warns(UserWarning, match=r"in a void.*take float64"):
        log_density_hessian(field.astype("f4"), 2.5)


def test_scale_flow_takes_one_scale():
    with pytest.raises(ValueError, match="one smoothing scale"):
        scale_flow_rhs(FIELD, [2.0, 3.0])


POSITIONS = [
    ({"positions": POINTS - 1}, r"got \d+ of 50 points outside"),
    ({"box_size": 5.0}, "points outside: wrap"),
    ({"positions": POINTS[:, 0]}, r"shape \(n, d\)"),
    ({"positions": POINTS[:0]}, "at least one point"),
    ({"positions": np.where(POINTS > 9.5, np.nan, POINTS)}, "positions must be finite"),
    ({"n_grid": 3}, "at least 4"),
    ({"n_grid": (8, 8)}, "for each of the 3 axes"),
    ({"n_grid": 8.5}, "must be an integer"),
    ({"window": "tophat"}, "ngp, cic, tsc, pcs"),
    ({"weights": np.ones(3)}, r"shape \(50,\)"),
    ({"weights": -np.ones(50)}, "must not be negative"),
    ({"weights": np.zeros(50)}, "nor all zero"),
]


@pytest.mark.parametrize(("change", "message"), POSITIONS)
def test_bad_positions_are_refused(change, message):
    arguments = {"positions": POINTS, "n_grid": 8, "box_size": 10.0} | change
    with pytest.raises(ValueError, match=message):
        assign_mass(**arguments)


def test_grids_larger_than_memory_are_refused(monkeypatch):
    monkeypatch.setattr(machine, "available_memory", lambda: 100_000)
    with pytest.raises(MemoryError, match=r"needs about 0.3 MiB.*EntropicCurvature"):
        log_density_hessian(FIELD, 3.0)
    with pytest.raises(MemoryError, match="catalogue route"):
        assign_mass(POINTS, 32, 10.0)
    with pytest.raises(MemoryError, match="coarser grid"):
        scale_flow_rhs(FIELD, 3.0)


@pytest.mark.parametrize("n", [32, np.int64(32)])
def test_integers_become_float64(n):
    mass = assign_mass(POINTS.astype(int), n, 10)
    assert mass.dtype == np.float64
    assert mass.shape == (32, 32, 32)
    assert log_density_hessian(1 + np.arange(64) % 7, 4).dtype == np.float64


def test_offload_runs_on_a_device(offload):
    from geomsci.backends import use_backend

    expected = log_density_hessian(FIELD, (2.0, 3.0))
    with use_backend("cupy"):
        K = log_density_hessian(FIELD, (2.0, 3.0))
        mass = assign_mass(POINTS, 8, 10.0)
    np.testing.assert_allclose(K, expected, atol=1e-12)
    np.testing.assert_allclose(mass, assign_mass(POINTS, 8, 10.0), atol=1e-12)
