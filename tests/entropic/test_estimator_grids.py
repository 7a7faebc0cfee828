"""`EntropicCurvature` on grids: rooms, scales, probes, points, streaming."""

import tracemalloc

import numpy as np
import pytest

from geomsci.backends import use_backend
from geomsci.entropic import (
    EntropicCurvature,
    assign_mass,
    compensate_window,
    curvature_stages,
    grid_stages,
    log_density_hessian,
    smooth_density,
)
from geomsci.reference.entropic import rigid_probe
from geomsci.reference.entropic.finite_dimension import finite_dimension
from geomsci.reference.entropic.interpolation import interpolated
from geomsci.reference.entropic.log_hessian import full_tensor, prepare, slab
from geomsci.reference.entropic.smoothing import transform

WHITE = np.exp(np.random.default_rng(3).standard_normal((12, 10, 14)))
PLANE = np.exp(np.random.default_rng(4).standard_normal((16, 12)))
POINTS = np.random.default_rng(5).uniform(0, 8.0, (4000, 3))
EPS = np.finfo(float).eps


def _close(found, expected, digits=64):
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=digits * EPS * scale)


def test_several_scales_equal_single_ones():
    radii = (2.0, 2.5, 4.0)
    web = EntropicCurvature(radii).fit(WHITE)
    for s, R in enumerate(radii):
        alone = EntropicCurvature(R).fit(WHITE)
        np.testing.assert_array_equal(web.eigenvalues_[s], alone.eigenvalues_[0])
        np.testing.assert_array_equal(web.signature_[s], alone.signature_[0])
        for name in ("entropy_", "fisher_information_", "sigma_trace_"):
            assert getattr(web, name)[s] == getattr(alone, name)[0]


@pytest.mark.parametrize("field", [WHITE, PLANE, PLANE[0]])
def test_log_hessian_is_the_room_of_fields(field):
    R = 17.0 / min(field.shape)
    web = EntropicCurvature([2.0 * R, 3.0 * R], box_size=17.0).fit(field)
    expected = log_density_hessian(field, [2.0 * R, 3.0 * R], 17.0)
    _close(web.curvature_, expected)
    dense = full_tensor(expected, field.ndim)
    _close(web.eigenvalues_, np.linalg.eigvalsh(dense), digits=200)


@pytest.mark.parametrize(
    ("convention", "N", "n"),
    [("bakry-emery", 4.0, 1.0), ("rigid", 4.0, 4.0), ("bakry-emery", -2.0, -5.0)],
)
def test_finite_dimension_subtracts_the_slopes(convention, N, n):
    web = EntropicCurvature(2.0, dimension=N, convention=convention).fit(WHITE)
    part = slab(prepare(transform(WHITE, WHITE.shape), 2.0), slice(0, None))
    expected = finite_dimension(part.curvature, part.gradient, n)
    _close(web.curvature_[0], expected)
    dense = np.linalg.eigvalsh(full_tensor(expected, 3))
    _close(web.eigenvalues_[0], dense, digits=200)


def test_plain_hessian_of_the_density_is_dimension_four():
    web = EntropicCurvature(2.0, dimension=4).fit(WHITE)
    rho = smooth_density(WHITE, 2.0)
    k = 2 * np.pi * np.fft.fftfreq(12)
    xx = np.fft.ifft(-(k[:, None, None] ** 2) * np.fft.fft(rho, axis=0), axis=0).real
    _close(web.curvature_[0, ..., 0], -xx / rho, digits=1000)


@pytest.mark.parametrize("n", [np.inf, 6.0])
def test_probes_are_the_rooms_of_rigid_probes(n):
    u = np.log(smooth_density(WHITE, 2.0))
    options = {"dimension": n, "convention": "rigid"}
    web = EntropicCurvature(2.0, probe_step=1.5, probe_width=0.7, **options).fit(WHITE)
    if np.isinf(n):
        expected = rigid_probe.probe_tensor(u, WHITE.shape, step=1.5, width=0.7)
    else:
        expected = rigid_probe.probe_tensor_finite(
            u, WHITE.shape, n, step=1.5, width=0.7
        )
    _close(web.curvature_[0], expected, digits=1000)
    dense = np.linalg.eigvalsh(full_tensor(expected, 3))
    _close(web.eigenvalues_[0], dense, digits=1000)
    np.testing.assert_array_equal(web.signature_[0], np.sum(dense > 0, axis=-1))
    assert web.volume_fractions_[0, 2] == np.mean(web.signature_[0] == 2)
    trace = expected[..., 0] + expected[..., 3] + expected[..., 5]
    assert float(web.sigma_trace_[0]) == pytest.approx(np.std(trace), rel=1e-10)


def test_wide_probes_smooth_the_components():
    web = EntropicCurvature(2.0, probe_width=1.3).fit(WHITE)
    K = log_density_hessian(WHITE, 2.0)
    expected = np.stack([smooth_density(K[..., m], 1.3) for m in range(6)], axis=-1)
    _close(web.curvature_[0], expected)


def test_wide_probes_of_finite_dimension_smooth_the_logarithm():
    n = 5.0
    web = EntropicCurvature(2.0, probe_width=1.0, dimension=n, convention="rigid").fit(
        WHITE
    )
    u = smooth_density(np.log(smooth_density(WHITE, 2.0)), 1.0)
    part = slab(prepare(transform(np.exp(u), WHITE.shape), 0.0), slice(0, None))
    expected = finite_dimension(part.curvature, part.gradient, n)
    _close(web.curvature_[0], expected, digits=1000)


@pytest.mark.filterwarnings("ignore:field has")
@pytest.mark.parametrize("compensate", [True, False])
@pytest.mark.parametrize("window", ["pcs", "cic"])
def test_positions_on_a_grid_are_assigned_first(window, compensate):
    web = EntropicCurvature(
        1.6, box_size=8.0, n_grid=(10, 12, 14), window=window, compensate=compensate
    ).fit(POINTS)
    mass = assign_mass(POINTS, (10, 12, 14), 8.0, window)
    if compensate:
        mass = compensate_window(mass, 8.0, window)
    expected = log_density_hessian(mass, 1.6, 8.0)
    _close(web.curvature_[0], expected, digits=1000)
    assert web.signature_.shape == (1, 10, 12, 14)


@pytest.mark.filterwarnings("ignore:field has")
def test_weights_act_on_the_grid_and_on_its_noise():
    weights = np.random.default_rng(6).uniform(0.5, 2.0, len(POINTS))
    options = {"box_size": 8.0, "n_grid": 10}
    web = EntropicCurvature(1.6, **options).fit(POINTS, sample_weight=weights)
    mass = compensate_window(assign_mass(POINTS, 10, 8.0, "pcs", weights), 8.0)
    _close(web.curvature_[0], log_density_hessian(mass, 1.6, 8.0), digits=1000)
    n = weights.sum() ** 2 / (weights**2).sum() / 8.0**3
    noise = np.sqrt(15 / (32 * np.pi**1.5 * n * 1.6**3)) / 1.6**2
    np.testing.assert_allclose(web.shot_noise_, noise, rtol=1e-12)


def test_scaled_weights_change_nothing():
    options = {"box_size": 8.0, "n_grid": 10}
    web = EntropicCurvature(1.6, **options).fit(POINTS)
    same = EntropicCurvature(1.6, **options).fit(
        POINTS, sample_weight=np.full(len(POINTS), 4.0)
    )
    _close(same.eigenvalues_, web.eigenvalues_, digits=1000)
    np.testing.assert_allclose(same.shot_noise_, web.shot_noise_, rtol=1e-14)
    np.testing.assert_allclose(same.entropy_, web.entropy_, rtol=1e-10)


@pytest.mark.parametrize("threshold", [0.0, ("sigma", 0.3)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("field", [WHITE, PLANE])
def test_streaming_equals_the_plain_form(monkeypatch, field, dtype, threshold):
    options = {"smoothing": [2.0, 3.0], "threshold": threshold}
    plain = EntropicCurvature(**options).fit(field.astype(dtype))
    monkeypatch.setattr(grid_stages, "KEPT_BYTES", 0)
    streamed = EntropicCurvature(**options).fit(field.astype(dtype))
    assert streamed._eigenvalues_ is None
    np.testing.assert_array_equal(streamed.signature_, plain.signature_)
    np.testing.assert_array_equal(streamed.eigenvalues_, plain.eigenvalues_)
    np.testing.assert_array_equal(streamed.curvature_, plain.curvature_)
    np.testing.assert_array_equal(streamed.mass_fractions_, plain.mass_fractions_)


def test_streamed_probes_equal_the_plain_form(monkeypatch):
    plain = EntropicCurvature(2.0, probe_step=1.0).fit(WHITE)
    monkeypatch.setattr(grid_stages, "KEPT_BYTES", 0)
    streamed = EntropicCurvature(2.0, probe_step=1.0).fit(WHITE)
    np.testing.assert_array_equal(streamed.eigenvalues_, plain.eigenvalues_)


def test_centres_of_cells_are_interpolated_exactly():
    web = EntropicCurvature([1.0, 1.5], box_size=(6.0, 5.0, 7.0)).fit(WHITE)
    cells = np.stack(np.meshgrid(*map(np.arange, WHITE.shape), indexing="ij"), -1)
    points = ((cells + 0.5) * 0.5).reshape(-1, 3)
    found = web.transform(points).reshape(web.eigenvalues_.shape)
    _close(found, web.eigenvalues_, digits=1000)


@pytest.mark.parametrize("field", [WHITE, PLANE, PLANE[0]])
@pytest.mark.parametrize("n", [np.inf, 6.0])
@pytest.mark.parametrize("probe", [(0.0, 0.0), (0.7, 0.0), (0.0, 1.5), (0.7, 1.5)])
def test_values_at_points_are_interpolated_maps(field, n, probe):
    """Points see the tensor slab by slab or component by component, never whole."""
    width, step = probe
    web = EntropicCurvature(
        (2.0, 2.5), dimension=n, convention="rigid", probe_width=width, probe_step=step
    ).fit(field)
    points = np.random.default_rng(9).uniform(0, 1, (50, field.ndim)) * field.shape
    found, K = web.transform(points), web.curvature_
    at = np.stack([interpolated(K[s], points, field.shape) for s in range(2)])
    _close(found, np.linalg.eigvalsh(full_tensor(at, field.ndim)), digits=1000)


@pytest.mark.parametrize("n_scales", [1, 2])
def test_points_need_no_more_memory_than_the_classes(monkeypatch, n_scales):
    """Of NumPy's arrays; a whole tensor would be six fields more."""
    monkeypatch.setattr(grid_stages, "KEPT_BYTES", 0)
    field = np.exp(np.random.default_rng(10).standard_normal((96, 96, 96)))
    web, points = EntropicCurvature((2.0, 3.0)[:n_scales]), field[:50, 0, :3]
    tracemalloc.start()
    web.fit(field)
    _, fitted = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    web.transform(points % 96)
    _, evaluated = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert evaluated <= fitted + 0.5 * field.nbytes
    assert fitted <= 6 * field.nbytes


def test_interpolation_errs_at_second_order():
    errors, exact = [], None
    points = np.random.default_rng(8).uniform(0, 2 * np.pi, (400, 1))
    for n in (1024, 32, 64, 128):
        x = (np.arange(n) + 0.5) * 2 * np.pi / n
        web = EntropicCurvature(0.6, box_size=2 * np.pi).fit(np.exp(np.cos(x)))
        found = web.transform(points)[0, :, 0]
        if exact is None:
            exact = found
        else:
            errors.append(np.sqrt(np.mean((found - exact) ** 2)))
    assert 3.5 < errors[0] / errors[1] < 4.5
    assert 3.5 < errors[1] / errors[2] < 4.5


def test_points_near_the_edge_wrap_around():
    web = EntropicCurvature(2.0).fit(PLANE)
    low, high = web.transform(np.array([[0.0, 3.5], [16.0, 3.5]]))[0]
    _close(low, high)
    np.testing.assert_array_equal(
        web.predict(np.array([[0.5, 0.5]]))[0], web.signature_[0, 0, :1]
    )


def test_no_eigenvalue_is_above_the_inverse_square_of_the_scale():
    lone = np.zeros((24, 24))
    lone[3, 4], lone[15, 9] = 1.0, 5.0
    for field, R in ((lone + 1e-3, 2.5), (PLANE, 2.0), (WHITE, 2.0)):
        web = EntropicCurvature(R).fit(field)
        assert web.eigenvalues_.max() * R**2 <= 1 + 1e-12


def test_what_was_learned_follows_the_device(offload):
    points = POINTS[:5, :2]
    expected = EntropicCurvature((2.0, 2.5)).fit(PLANE)
    model = EntropicCurvature((2.0, 2.5), backend="cupy").fit(PLANE[::-1] ** 2)
    model.fit(PLANE)
    _close(model.transform(), expected.transform())
    _close(model.curvature_, expected.curvature_)
    _close(model.transform(points), expected.transform(points))
    assert np.array_equal(model.predict(points), expected.predict(points))
    catalogue = EntropicCurvature(2.0, backend="cupy").fit(POINTS[:50])
    expected = EntropicCurvature(2.0).fit(POINTS[:50])
    _close(catalogue.transform(points := POINTS[:5]), expected.transform(points))


def test_what_comes_on_access_takes_the_backend_of_the_model(monkeypatch):
    monkeypatch.setattr(grid_stages, "KEPT_BYTES", 0)
    model = EntropicCurvature(2.0, backend="reference").fit(WHITE)
    with use_backend("numba") as record:
        assert model.eigenvalues_.shape == (1, *WHITE.shape, 3)
    assert record.calls
    assert {call.implementation for call in record.calls} == {"reference"}


def test_scales_share_one_forward_transform(monkeypatch):
    made = []

    def counted(*args):
        made.append(args)
        return transform(*args)

    monkeypatch.setattr(curvature_stages, "transform", counted)
    model = EntropicCurvature((2.0, 2.5, 3.0)).fit(WHITE)
    assert len(made) == 1
    assert model._eigenvalues_ is not None
