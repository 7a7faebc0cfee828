"""`geomsci fisher`: the table, the files, the figure, and one sentence for mistakes."""

import csv
import json
import math
import subprocess
import sys

import pytest

from geomsci import cli, fisher


def _fisher(*arguments):
    return cli.main(["fisher", *map(str, arguments)])


def _rows(path):
    return json.loads(path.read_text(encoding="utf-8"))["rows"]


def test_json_holds_the_values_of_the_library(tmp_path):
    out = tmp_path / "table.json"
    assert _fisher("--size", 3, 5, "--shape", "3x4", "--json", out) == 0
    content = json.loads(out.read_text(encoding="utf-8"))
    assert content["critical_coupling"] == fisher.critical_coupling("ising", "square")
    for row, shape in zip(content["rows"], ((3, 3), (5, 5), (3, 4)), strict=True):
        expected = fisher.ising_torus_curvature(shape)
        assert tuple(row["shape"]) == shape
        assert row["n_sites"] == math.prod(shape)
        assert row["scalar_curvature"] == expected.scalar_curvature
        assert row["log_partition"] == expected.log_partition


def test_csv_and_json_agree(tmp_path):
    table, numbers = tmp_path / "t.csv", tmp_path / "t.json"
    arguments = ["--shape", "3x4", "--coupling-per-axis", 0.5, 0.3]
    assert _fisher(*arguments, "--csv", table, "--json", numbers) == 0
    with table.open(newline="", encoding="utf-8") as file:
        (line,) = csv.DictReader(file)
    (row,) = _rows(numbers)
    assert float(line["scalar_curvature"]) == row["scalar_curvature"]
    assert [float(line["coupling_0"]), float(line["coupling_1"])] == row["coupling"]
    assert line["shape"] == "3x4"
    assert line["standard_error"] == ""
    assert row["standard_error"] is None


def test_table_shows_the_exponents_between_like_tori(capsys):
    assert _fisher("--size", 4, 8, "--shape", "8x12") == 0
    out = capsys.readouterr().out.splitlines()
    head = next(line for line in out if "|R|/n" in line).split()
    at = head.index("exponent")
    results = [fisher.ising_torus_curvature((L, L)) for L in (4, 8)]
    d = fisher.effective_exponents([16, 64], [r.scalar_curvature for r in results])
    rows = [line.split() for line in out if line.split()[:1] and "x" in line.split()[0]]
    assert rows[1][at] == f"{d[0]:.4f}"
    assert len(rows[2]) == len(rows[0]) == len(head) - 2  # 8x12 has another form


def test_laws_are_told_at_the_critical_coupling_only(tmp_path, capsys):
    _fisher("--size", 3, 4)
    assert "the power law says 1.1111" in (critical := capsys.readouterr().out)
    assert "the n ln n law says 6.6678" in critical
    _fisher("--size", 3, 4, "--coupling", 0.3)
    assert "law" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "exponent"),
    [
        (("--model", "potts", "--q", 3), 33 / 29),
        (("--lattice", "triangular"), 10 / 9),
        (("--lattice", "cubic", "--method", "transfer-matrix"), 1.01885),
    ],
)
def test_published_exponent_of_other_models(tmp_path, arguments, exponent):
    out = tmp_path / "table.json"
    assert _fisher("--size", 3, *arguments, "--json", out) == 0
    found = json.loads(out.read_text(encoding="utf-8"))["published_exponent"]
    assert found == pytest.approx(exponent, abs=1e-5)


def test_every_coupling_runs_over_every_size(tmp_path):
    out = tmp_path / "scan.json"
    assert _fisher("--size", 3, 4, "--coupling", 0.3, -0.2, "--json", out) == 0
    assert [(row["coupling"][0], row["n_sites"]) for row in _rows(out)] == [
        (0.3, 9), (0.3, 16), (-0.2, 9), (-0.2, 16),
    ]  # fmt: skip


def test_monte_carlo_gives_an_error_and_repeats_with_its_seed(tmp_path):
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    arguments = ["--size", 4, "--method", "monte-carlo", "--samples", 400, "--seed", 3]
    for out in (first, second):
        assert _fisher(*arguments, "--replicas", 4, "--json", out) == 0
    (row,), (again,) = _rows(first), _rows(second)
    assert row["scalar_curvature"] == again["scalar_curvature"]
    exact = fisher.ising_torus_curvature((4, 4)).scalar_curvature
    assert abs(row["scalar_curvature"] - exact) < 5 * row["standard_error"]
    assert row["log_partition"] is None


def test_vector_models_are_sampled(capsys):
    arguments = ["--model", "xy", "--lattice", "cubic", "--size", 3]
    assert _fisher(*arguments, "--samples", 50, "--replicas", 2) == 0
    assert "monte_carlo" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["growth.png", "growth.svg", "growth.pdf"])
def test_plot_is_written(tmp_path, name):
    pytest.importorskip("matplotlib")
    assert _fisher("--size", 3, 4, 6, "--plot", tmp_path / name) == 0
    assert (tmp_path / name).stat().st_size > 5000


def test_scan_is_plotted(tmp_path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "scan.svg"
    assert _fisher("--size", 3, "--coupling", 0.2, 0.3, 0.4, "--plot", out) == 0
    assert out.stat().st_size > 5000


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--size or --shape must name at least one lattice"),
        (["--size", 2], "integers of at least 3, got (2, 2)"),
        (["--size", -4], "integers of at least 3, got (-4, -4)"),
        (["--shape", "8by12"], "sides joined by x, for example 8x12, got '8by12'"),
        (["--shape", "8x8x8"], "must hold 2 integers"),
        (["--size", 4, "--lattice", "moon"], "lattice must be one of square"),
        (["--size", 4, "--model", "moon"], "model must be one of ising, potts"),
        (["--size", 4, "--model", "potts"], "q must be an integer of at least 2"),
        (["--size", 4, "--method", "guess"], "--method must be one of pfaffian"),
        (["--size", 4, "--coupling", "nan"], "coupling"),
        (["--size", 4, "--coupling-per-axis", 1, 2, 3], "got shape (3,)"),
        (["--size", 90, "--model", "potts", "--q", 3], "Monte Carlo"),
        (["--size", 4, "--json", "no/such/folder/t.json"], "in no folder that exists"),
        (["--size", 4, "--method", "monte-carlo", "--samples", 0], "--samples must be"),
        (["--size", 4, "--model", "xy", "--method", "pfaffian"], "model must be one"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_status_2(capsys, arguments, says):
    assert _fisher(*arguments) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert captured.out == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--size", 4], "at least two sizes or two couplings"),
        (["--size", 4, 5, "--plot", "growth.doc"], "--plot must end in one of"),
    ],
)
def test_plot_that_cannot_be_drawn_is_refused_before_the_work(
    tmp_path, capsys, arguments, says
):
    pytest.importorskip("matplotlib")
    assert _fisher("--plot", tmp_path / "growth.png", *arguments) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.out == ""


def test_missing_matplotlib_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert _fisher("--size", 3, 4, "--plot", tmp_path / "growth.png") == 2
    assert "install geomsci[plot]" in capsys.readouterr().err


def test_rows_before_a_failure_are_kept(tmp_path, capsys):
    out = tmp_path / "table.json"
    # Deep in the ordered phase the metric is singular.
    assert _fisher("--size", 3, "--coupling", 0.4, 20, "--json", out) == 2
    assert [row["coupling"][0] for row in _rows(out)] == [0.4]
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_interrupt_keeps_the_rows(tmp_path, monkeypatch, capsys):
    from geomsci.fisher import command

    def impatient(run, options, shape, coupling):
        if shape == (4, 4):
            raise KeyboardInterrupt
        return compute(run, options, shape, coupling)

    compute = command.compute
    monkeypatch.setattr(command, "compute", impatient)
    out = tmp_path / "table.json"
    assert _fisher("--size", 3, 4, 5, "--json", out) == 130
    assert [row["n_sites"] for row in _rows(out)] == [9]
    assert "interrupted after 1 of 3 rows" in capsys.readouterr().err


def test_frustrated_torus_warns_in_one_sentence(capsys):
    assert _fisher("--size", 9, "--coupling", -0.9) == 0
    error = capsys.readouterr().err
    assert error.startswith("geomsci fisher: warning at 9x9: The sectors")
    assert len(error.strip().splitlines()) == 1


def test_nothing_but_the_table_where_nobody_looks(capsys):
    assert _fisher("--size", 3) == 0
    assert capsys.readouterr().err == ""


def test_exact_command_starts_without_heavy_imports():
    code = (
        "import sys; from geomsci import cli; cli.main(['fisher', '--size', '3']); "
        "print([m for m in ('torch', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
