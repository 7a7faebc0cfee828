"""Figures of the cosmic web show the plane, the points and the numbers given."""

import numpy as np
import pytest

from geomsci.entropic import doroshkevich_fractions
from geomsci.plotting import catalogue_slice, eigenvalue_pdf, web_fractions, web_slice

pytest.importorskip("matplotlib").use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

CLASSES = np.random.default_rng(0).integers(0, 4, (6, 8, 10)).astype(np.int8)
POINTS = np.random.default_rng(1).uniform(-1, 1, (400, 3))


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


@pytest.mark.parametrize(("axis", "shown"), [(0, "yz"), (1, "xz"), (2, "xy")])
def test_slice_is_the_plane_across_the_axis(ax, axis, shown):
    web_slice(CLASSES, axis=axis, index=3, box_size=(3, 4, 5), unit="Mpc/h", ax=ax)
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), np.take(CLASSES, 3, axis).T)
    sides = [s for i, s in enumerate((3.0, 4.0, 5.0)) if i != axis]
    assert image.get_extent() == [0.0, sides[0], 0.0, sides[1]]
    assert [ax.get_xlabel(), ax.get_ylabel()] == [f"{name} [Mpc/h]" for name in shown]


@pytest.mark.parametrize(
    ("field", "names"),
    [
        (CLASSES, ["void", "sheet", "filament", "node"]),
        (CLASSES[0] % 3, ["void", "filament", "node"]),
    ],
)
def test_each_class_has_the_colour_of_its_name(ax, field, names):
    web_slice(field, ax=ax)
    (image,) = ax.images
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == names
    colours = [mark.get_facecolor() for mark in legend.legend_handles]
    drawn = image.to_rgba(np.arange(len(names)))
    np.testing.assert_allclose(drawn, colours, atol=1 / 255)


def test_numbers_have_white_at_zero_and_one_scale_on_both_sides(ax):
    web_slice(CLASSES - 0.5, limit=2.0, label="K", ax=ax)
    (image,) = ax.images
    assert image.get_clim() == (-2.0, 2.0)
    assert min(image.to_rgba(np.zeros(1))[0, :3]) > 0.95
    assert ax.figure.axes[1].get_ylabel() == "K"


def test_plane_cut_from_space_keeps_its_classes_and_its_place(ax):
    web_slice(CLASSES[0], n_axes=3, box_size=2.0, origin=(-1.0, 5.0), ax=ax)
    assert len(ax.get_legend().get_texts()) == 4
    assert ax.images[0].get_extent() == [-1.0, 1.0, 5.0, 7.0]


def test_legend_can_be_left_out(ax):
    web_slice(CLASSES, legend=False, ax=ax)
    assert ax.get_legend() is None
    web_slice(CLASSES - 0.5, legend=False, ax=ax)
    assert ax.figure.axes == [ax]


def test_slab_holds_its_points_and_no_others(ax):
    catalogue_slice(POINTS, POINTS[:, 0], axis=1, at=0.5, thickness=0.4, ax=ax)
    inside = np.abs(POINTS[:, 1] - 0.5) <= 0.2
    (dots,) = ax.collections
    np.testing.assert_array_equal(dots.get_offsets(), POINTS[inside][:, [0, 2]])
    np.testing.assert_array_equal(dots.get_array(), POINTS[inside, 0])


def test_classes_of_points_are_coloured(ax):
    classes = np.arange(400) % 4
    catalogue_slice(POINTS, classes, thickness=9.0, ax=ax)
    (dots,) = ax.collections
    np.testing.assert_array_equal(dots.get_array(), classes)
    assert len(ax.get_legend().get_texts()) == 4


def test_fractions_are_drawn_in_the_order_of_the_scales(ax):
    volume = [[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]]
    gaussian = doroshkevich_fractions(0.0)
    web_fractions([8.0, 2.0], volume, mass=volume[::-1], gaussian=gaussian, ax=ax)
    for c in range(4):
        lines = ax.get_lines()[3 * c : 3 * c + 3]
        expected = (volume[1][c], volume[0][c]), (volume[0][c], volume[1][c])
        for line, values in zip(lines, (*expected, (gaussian[c],) * 2)):
            assert tuple(line.get_xdata()) == (2.0, 8.0)
            assert tuple(line.get_ydata()) == values
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names[:4] == ["void", "sheet", "filament", "node"]
    assert names[4:] == ["volume", "mass", "Gaussian field"]


@pytest.mark.parametrize("d", [1, 2, 3])
def test_gaussian_field_lies_on_the_curves_of_doroshkevich(ax, d):
    # Hessians of an isotropic Gaussian field, by their covariance, with variance of
    # the trace 1: K = a I s + b times a symmetric Gaussian matrix.
    rng = np.random.default_rng(2)
    G = rng.standard_normal((40_000, d, d))
    H = (G + np.swapaxes(G, 1, 2)) / 2**0.5
    unit = d * (d + 2)  # <(tr K)^2> of delta_ij delta_kl + 2 permutations
    K = (H + rng.standard_normal((40_000, 1, 1)) * np.eye(d)) / unit**0.5
    eigenvalue_pdf(np.linalg.eigvalsh(K), ax=ax)
    for steps, curve in zip(ax.patches, ax.get_lines()):
        counts, edges, _ = steps.get_data()
        middle = (edges[1:] + edges[:-1]) / 2
        expected = np.interp(middle, *curve.get_data())
        per_bin = 40_000 * (edges[1] - edges[0])
        error = 6 * np.sqrt((expected + 0.01) / per_bin) + 0.02
        assert (np.abs(counts - expected) < error).all()


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda ax: web_slice(CLASSES[0, 0], ax=ax), "two or three axes"),
        (lambda ax: web_slice(CLASSES, axis=3, ax=ax), "axis must be 0 to 2"),
        (lambda ax: web_slice(CLASSES, index=10, ax=ax), "a plane from 0 to 9"),
        (lambda ax: web_slice(CLASSES + 1, ax=ax), "classes must lie from 0 to 3"),
        (lambda ax: web_slice(CLASSES, box_size=(1, 2), ax=ax), "box_size must be"),
        (lambda ax: web_slice(CLASSES, n_axes=4, ax=ax), "n_axes must be 1, 2"),
        (lambda ax: web_slice(1.0 * CLASSES, limit=-1, ax=ax), "limit must be"),
        (lambda ax: catalogue_slice(POINTS, [1], ax=ax), "one for each position"),
        (lambda ax: catalogue_slice([1], [1], ax=ax), "shape (n, 2) or (n, 3)"),
        (lambda ax: catalogue_slice(POINTS, POINTS[:, 0], at=9, ax=ax), "got none"),
        (lambda ax: web_fractions([1], [[0.5] * 5], ax=ax), "2 or 3 or 4"),
        (lambda ax: web_fractions([-1], [[0.5] * 4], ax=ax), "all positive"),
        (lambda ax: eigenvalue_pdf(POINTS[:, :0], ax=ax), "with d = 1, 2 or 3"),
        (lambda ax: eigenvalue_pdf(np.zeros((9, 3)), ax=ax), "the trace must vary"),
    ],
)
def test_wrong_input_is_told(ax, draw, says):
    with pytest.raises(ValueError, match="must") as caught:
        draw(ax)
    assert says in str(caught.value)
