"""`plot_scores` draws every setting where it belongs, and says what it lacks."""

import subprocess
import sys

import numpy as np
import pytest

from geomsci.plotting import plot_scores

pytest.importorskip("matplotlib").use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

RESULTS = {
    "param_order": np.array([1, 2, 2, 4, 4]),
    "param_lag": np.array([1, 1, 6, 1, 6]),
    "mean_test_score": np.array([0.41, 0.52, 0.63, 0.5, np.nan]),
    "selected": np.array([False, False, True, False, False]),
}


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def _labels(ax):
    return {text.get_text(): text for text in ax.texts}


def test_every_score_stands_at_its_order_and_lag(ax):
    plot_scores(RESULTS, ax=ax)
    at = {label: text.get_position() for label, text in _labels(ax).items()}
    assert at == {
        "0.41": (0.5, 0), "0.52": (0, 1), "0.63": (1, 1), "0.50": (0, 2), "–": (1, 2),
    }  # fmt: skip
    assert [t.get_text() for t in ax.get_xticklabels()] == ["1", "6"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["1", "2", "4"]


def test_order_one_fills_its_row(ax):
    plot_scores(RESULTS, ax=ax)
    bottom = [p for p in ax.patches if p.get_y() == -0.5]
    assert [p.get_width() for p in bottom] == [2]


def test_only_the_selected_setting_is_framed(ax):
    plot_scores(RESULTS, ax=ax)
    frames = [p for p in ax.patches if not p.get_fill()]
    (box,) = (p.get_bbox() for p in frames)
    assert box.contains(1, 1)
    assert not box.contains(0, 1)


def test_text_keeps_its_contrast(ax):
    lags = np.arange(1, 20)
    ramp = {"param_order": np.full(19, 2), "param_lag": lags,
            "mean_test_score": lags / 19, "selected": lags < 0}  # fmt: skip
    plot_scores(ramp, ax=ax)
    for text, cell in zip(ax.texts, ax.patches):
        ink = _luminance(plt.matplotlib.colors.to_rgb(text.get_color()))
        paper = _luminance(cell.get_facecolor()[:3])
        light, dark = max(ink, paper), min(ink, paper)
        assert (light + 0.05) / (dark + 0.05) > 4  # WCAG 2.1 asks 3 of large text


def _luminance(rgb):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_results_of_something_else_are_refused(ax):
    with pytest.raises(ValueError, match="without param_lag, selected"):
        plot_scores({"param_order": [1], "mean_test_score": [0.5]}, ax=ax)


def test_no_score_at_all_is_refused(ax):
    nothing = RESULTS | {"mean_test_score": np.full(5, np.nan)}
    with pytest.raises(ValueError, match="at least one finite score"):
        plot_scores(nothing, ax=ax)


def test_current_axes_are_the_default(ax):
    plt.sca(ax)
    assert plot_scores(RESULTS) is ax


def test_matplotlib_is_imported_only_when_drawing():
    code = "import sys, geomsci.plotting; print('matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.strip() == "False"
