"""Figures put every number where it belongs, and say what they lack."""

import subprocess
import sys

import numpy as np
import pytest

from geomsci.plotting import (
    plot_coupling_scan,
    plot_curvature_growth,
    plot_effective_exponents,
    plot_scores,
)

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


N, R = np.array([16.0, 64.0, 256.0]), np.array([-265.3, -1272.1, -5984.8])
HEAT = np.array([2.017, 2.949, 3.859])


def _line(ax, label):
    (line,) = (line for line in ax.get_lines() if line.get_label() == label)
    return line.get_ydata()


def test_both_laws_pass_through_the_largest_size(ax):
    c = 3.65
    plot_curvature_growth(
        N[::-1],
        R[::-1],
        exponent=10 / 9,
        heat_capacities=HEAT[::-1],
        amplitude=c,
        ax=ax,
    )
    power = _line(ax, "$A\\,n^{10/9} / n$")
    heat = _line(ax, r"$\bar{c}^2 \lambda_0 / 2 + B$")
    per_site = -R / N
    assert power[-1] == pytest.approx(per_site[-1], rel=1e-14)
    assert heat[-1] == pytest.approx(per_site[-1], rel=1e-14)
    assert np.allclose(power * N, power[-1] * N[-1] * (N / N[-1]) ** (10 / 9))
    assert np.allclose(np.diff(heat) / np.diff(HEAT), c**2 / 2)


def test_exponents_of_a_power_law_lie_on_its_line(ax):
    curvatures = -3 * N**1.25
    plot_effective_exponents(N, curvatures, exponent=1.25, ax=ax)
    drawn = next(line for line in ax.get_lines() if line.get_marker() == "o")
    assert np.allclose(drawn.get_ydata(), 1.25, rtol=1e-14)
    assert list(_line(ax, "5/4")) == [1.25, 1.25]


def test_exponents_of_the_heat_law_are_its_own(ax):
    c = 2.0
    curvatures = -N * (c**2 / 2 * HEAT + 7)
    plot_effective_exponents(N, curvatures, heat_capacities=HEAT, amplitude=c, ax=ax)
    drawn = next(line for line in ax.get_lines() if line.get_marker() == "o")
    law = _line(ax, r"$\bar{c}^2 \lambda_0 / 2 + B$")
    assert np.allclose(drawn.get_ydata(), law, rtol=1e-13)


def test_scans_of_several_sizes_share_one_critical_line(ax):
    J = [0.5, 0.3, 0.4]
    for n in (64, 256):
        plot_coupling_scan(J, [-9 * n, n, -n], n_sites=n, critical=0.44, ax=ax)
    lines = [line for line in ax.get_lines() if len(line.get_xdata()) == 3]
    assert [list(line.get_xdata()) for line in lines] == [[0.3, 0.4, 0.5]] * 2
    assert [list(line.get_ydata()) for line in lines] == [[1, -1, -9]] * 2
    critical = [line for line in ax.get_lines() if len(line.get_xdata()) == 2]
    assert [list(line.get_xdata()) for line in critical] == [[0.44, 0.44]]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([16, 64], [1.0]), r"one length, got n_sites \(2,\), curvatures \(1,\)"),
        (([], []), "at least one size"),
        (([16, -64], [1.0, 2.0]), "all positive"),
    ],
)
def test_wrong_sizes_are_refused(ax, arguments, says):
    with pytest.raises(ValueError, match=says):
        plot_curvature_growth(*arguments, ax=ax)


def test_amplitude_needs_heat_capacities(ax):
    with pytest.raises(ValueError, match="heat_capacities must be given"):
        plot_curvature_growth(N, R, amplitude=3.65, ax=ax)
