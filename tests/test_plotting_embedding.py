"""Figures of embeddings show every point, pair and time where it is."""

import io
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from geomsci.plotting import diffusion_time_curve, embedding, shepard_diagram

pytest.importorskip("matplotlib").use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import to_rgb, to_rgba  # noqa: E402

Y = np.random.default_rng(0).standard_normal((200, 2)) * [3.0, 1.0]
PATH = {"times": [40, 20, 80], "entropies": [0.8, 0.7, 0.9], "time": 56.57}


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def _dots(ax):
    """Positions and colours of all points, in one order for every drawing."""
    at = np.concatenate([dots.get_offsets().data for dots in ax.collections])
    colours = np.concatenate(
        [
            np.broadcast_to(d.get_facecolor(), (len(d.get_offsets()), 4))
            for d in ax.collections
        ]
    )
    order = np.lexsort(at.T)
    return at[order], colours[order]


def test_every_point_has_the_colour_of_its_label(ax):
    names = np.where(Y[:, 0] > 0, "right", "left")
    embedding(Y, labels=names, label="side", ax=ax)
    at, colours = _dots(ax)
    np.testing.assert_array_equal(at, Y[np.lexsort(Y.T)])
    legend = ax.get_legend()
    assert legend.get_title().get_text() == "side"
    named = {t.get_text(): h for t, h in zip(legend.get_texts(), legend.legend_handles)}
    for name, side in (("left", at[:, 0] <= 0), ("right", at[:, 0] > 0)):
        expected = to_rgb(named[name].get_color())
        np.testing.assert_array_equal(
            colours[side, :3], [expected] * np.count_nonzero(side)
        )


def test_sixty_groups_differ_in_colour_or_mark(ax):
    labels = np.repeat(np.arange(60), 3)
    embedding(Y[:180], labels=labels, ax=ax)
    handles = ax.get_legend().legend_handles
    assert len({(h.get_color(), h.get_marker()) for h in handles}) == 60
    with pytest.raises(ValueError, match="at most 60 different entries, got 61"):
        embedding(Y, labels=np.arange(200) % 61, ax=ax)


# Rows that the red-green blind see of linear RGB: Viénot, Brettel and Mollon (1999).
DICHROMATS = {
    "protan": ([0.1124, 0.8876, 0.0], [0.004, -0.004, 1.0]),
    "deutan": ([0.2928, 0.7072, 0.0], [-0.0223, 0.0223, 1.0]),
}


def _seen(colour, kind):
    """sRGB values of what is left of a colour."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    kept = np.clip(np.array(DICHROMATS[kind]) @ linear, 0, 1)
    return np.where(kept <= 0.0031308, 12.92 * kept, 1.055 * kept ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("kind", list(DICHROMATS))
@pytest.mark.parametrize("n_groups", [2, 7, 10])
def test_colours_differ_for_the_red_green_blind(ax, n_groups, kind):
    """A red and a green of equal light are less than 0.1 apart for them."""
    red, green = _seen("#ff0000", "deutan"), _seen("#00a000", "deutan")
    assert np.linalg.norm(red - green) < 0.1
    embedding(Y[:n_groups], labels=np.arange(n_groups), ax=ax)
    handles = ax.get_legend().legend_handles
    seen = np.array([_seen(h.get_color(), kind) for h in handles])
    assert cdist(seen, seen)[np.triu_indices(n_groups, 1)].min() > 0.1


def test_order_of_a_categorical_is_kept_and_unused_ones_left_out(ax):
    pandas = pytest.importorskip("pandas")
    entries = ["low", "high", None, "low"]
    labels = pandas.Categorical(entries, ["none", "low", "mid", "high"], ordered=True)
    for given in (labels, pandas.Series(labels)):
        ax.clear()
        embedding(Y[:4], labels=given, ax=ax)
        assert [t.get_text() for t in ax.get_legend().get_texts()] == ["low", "high"]
        grey = ax.collections[0]
        np.testing.assert_array_equal(grey.get_offsets().data, Y[2:3])


def test_names_stand_on_a_point_of_their_group(ax):
    labels = np.arange(200) % 3
    embedding(Y, labels=labels, legend="on_data", ax=ax)
    assert ax.get_legend() is None
    for text in ax.texts:
        group = Y[labels == int(text.get_text())]
        assert np.abs(group - text.get_position()).sum(axis=1).min() == 0
    assert len(ax.texts) == 3


def test_numbers_are_ordered_by_the_colour_bar(ax):
    values = Y[:, 0].copy()
    values[:5] = np.nan
    embedding(Y, values=values, label="height", ax=ax)
    missing, known = ax.collections
    np.testing.assert_array_equal(missing.get_offsets().data, Y[:5])
    np.testing.assert_array_equal(known.get_array(), known.get_offsets()[:, 0])
    assert ax.figure.axes[1].get_ylabel() == "height"


def test_one_scale_for_all_components(ax):
    embedding(Y, ax=ax)
    assert ax.get_aspect() == 1
    space = embedding(np.column_stack([Y, Y[:, 0]]))
    assert space.name == "3d"
    ranges = [np.ptp(limits) for limits in (space.get_xlim(), space.get_zlim())]
    box = np.asarray(space._box_aspect)
    assert box[0] / ranges[0] == pytest.approx(box[2] / ranges[1])
    plt.close(space.figure)


def test_many_points_are_small_and_one_picture(ax):
    rng = np.random.default_rng(1)
    sizes = []
    for n in (100, 1000, 20000):
        ax.clear()
        embedding(rng.standard_normal((n, 2)), labels=np.arange(n) % 4, ax=ax)
        sizes.append(ax.collections[0].get_sizes()[0])
    assert sizes == sorted(sizes, reverse=True)
    assert 0.05 < sizes[-1] < 5 < sizes[0] < 50
    file = io.BytesIO()
    ax.figure.savefig(file, format="svg")
    assert len(file.getvalue()) < 400_000  # 20000 marks alone would be 2 MB


def test_estimators_and_other_libraries_are_taken(ax, xp):
    given = xp.asarray(Y)
    embedding(SimpleNamespace(embedding_=given), ax=ax)
    at, colours = _dots(ax)
    np.testing.assert_allclose(at, Y[np.lexsort(Y.T)], rtol=1e-6)
    np.testing.assert_array_equal(colours[0], to_rgba("#0072b2", 0.9))


@pytest.mark.parametrize(
    ("Y", "options", "says"),
    [
        (Y[:, :1], {}, "two or three components to be drawn, got 1"),
        (Y[:0], {}, "n >= 1"),
        (np.full((3, 2), np.nan), {}, "Y must be finite"),
        (Y, {"labels": [1]}, r"labels must have shape \(200,\)"),
        (Y, {"values": [1.0]}, r"values must have shape \(200,\)"),
        (Y, {"labels": Y[:, 0], "values": Y[:, 0]}, "not both"),
        (Y, {"legend": "left"}, "beside, on_data or None, got 'left'"),
        (np.ones((3, 3)), {}, "ax must be three-dimensional"),
    ],
)
def test_points_that_cannot_be_drawn_are_refused(ax, Y, options, says):
    with pytest.raises(ValueError, match=says):
        embedding(Y, ax=ax, **options)


def test_exact_distances_lie_on_the_line(ax):
    shepard_diagram(cdist(Y, Y), Y, ax=ax)
    (text,) = ax.texts
    assert text.get_text() == "r = 1.0000\nstress 0.000"
    (line,) = ax.get_lines()
    np.testing.assert_array_equal(line.get_xdata(), line.get_ydata())
    assert np.sum(ax.collections[0].get_array()) == 200 * 199 / 2


def test_stress_and_correlation_are_those_of_all_pairs(ax):
    D = cdist(Y, Y)
    shepard_diagram(D, Y[:, :1], ax=ax)
    pairs = np.triu_indices(200, 1)
    given, kept = D[pairs], cdist(Y[:, :1], Y[:, :1])[pairs]
    r = np.corrcoef(given, kept)[0, 1]
    stress = np.linalg.norm(given - kept) / np.linalg.norm(given)
    shown_r, shown_stress = ax.texts[0].get_text().splitlines()
    assert float(shown_r[4:]) == pytest.approx(r, abs=1e-4)
    assert float(shown_stress[7:]) == pytest.approx(stress, abs=5e-4)


def test_chosen_rows_match_their_points(ax):
    rows = np.array([150, 3])
    shepard_diagram(2 * cdist(Y, Y)[rows], Y, rows=rows, ax=ax)
    (dots,) = ax.collections
    assert len(dots.get_offsets()) == 2 * 199
    np.testing.assert_allclose(dots.get_offsets()[:, 0], 2 * dots.get_offsets()[:, 1])


def test_thinned_pairs_are_pairs_of_different_points(ax):
    shepard_diagram(cdist(Y, Y), Y, max_pairs=3000, ax=ax)
    at = ax.collections[0].get_offsets().data
    assert at.shape == (3000, 2)
    np.testing.assert_allclose(at[:, 0], at[:, 1], rtol=1e-12)
    assert at.min() > 0


@pytest.mark.parametrize(
    ("D", "options", "says"),
    [
        (np.ones((3, 3)), {}, r"D must have shape \(200, 200\) to match Y, "),
        (np.ones((3, 200)), {"rows": [1]}, r"\(1, 200\) to match Y and rows"),
        (np.full((200, 200), np.inf), {}, "D must be finite"),
        (np.ones((200, 200)), {"max_pairs": 0}, "max_pairs must be at least 1"),
    ],
)
def test_distances_that_do_not_fit_are_refused(ax, D, options, says):
    with pytest.raises(ValueError, match=says):
        shepard_diagram(D, Y, ax=ax, **options)


@pytest.mark.parametrize("kind", ["mapping", "record", "estimator"])
def test_chosen_time_stands_on_the_curve(ax, kind):
    path = PATH if kind == "mapping" else SimpleNamespace(**PATH)
    if kind == "estimator":
        path = SimpleNamespace(diffusion_time_path_=path)
    diffusion_time_curve(path, threshold=0.85, ax=ax)
    curve = next(line for line in ax.get_lines() if line.get_marker() == "o")
    assert list(curve.get_xdata()) == [20, 40, 80]
    assert list(curve.get_ydata()) == [0.7, 0.8, 0.9]
    diamond = next(line for line in ax.get_lines() if line.get_marker() == "D")
    assert diamond.get_xdata() == [56.57]
    # 56.57 is half way from 40 to 80 on the logarithmic axis.
    assert diamond.get_ydata()[0] == pytest.approx(0.85, abs=1e-5)
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == ["threshold 0.85", "t = 56.57"]
    assert ax.get_xscale() == "log"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"time": None}, "got none of the name time"),
        ({"times": [1.0]}, r"one length, got shapes \(1,\) and \(3,\)"),
        ({"times": [0.0, 1.0, 2.0]}, "must be positive"),
    ],
)
def test_incomplete_paths_are_refused(ax, changes, says):
    with pytest.raises(ValueError, match=says):
        diffusion_time_curve(PATH | changes, ax=ax)


def test_nothing_heavy_is_imported_for_figures():
    code = "import sys, geomsci.plotting as p; print('matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.strip() == "False"
