"""The command line: exit status, files, and one sentence for wrong usage."""

import json
import os
import subprocess
import sys

import pytest

import geomsci
from geomsci import cli


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Registers a suite "fake" with one right case; "wrong" adds one over budget."""
    import types

    from geomsci.validation import suites
    from geomsci.validation.suites import Case, Conditioning

    def module(factor):
        import numpy as np

        case = Case(
            suite="fake",
            name="double",
            size="3",
            function="",
            inputs=lambda: {"x": np.arange(1.0, 4.0)},
            compute=lambda *, dtype, x: factor * x,
            conditioning=lambda inputs, expected: Conditioning(1.0, "exact"),
            n=1,
            expected=lambda inputs: 2 * inputs["x"],
        )
        found = types.ModuleType(f"geomsci_test_times_{factor}")
        found.cases = lambda quick: [case]
        return found

    for name, factor in (("fake", 2.0), ("wrong", 2.01)):
        found = module(factor)
        monkeypatch.setitem(sys.modules, found.__name__, found)
        monkeypatch.setitem(suites.SUITES, name, found.__name__)
    return tmp_path / "report"


def _validate(out, *arguments):
    return cli.main(["validate", "--quick", "--out", str(out), *arguments])


def test_all_within_budget_is_exit_status_0(fake, capsys):
    assert _validate(fake, "--suite", "fake", "--backends", "auto") == 0
    assert "within budget" in capsys.readouterr().out
    assert {"report.json", "report.md", "index.html"} <= {
        p.name for p in fake.iterdir()
    }


def test_row_over_budget_is_exit_status_1(fake, capsys):
    assert _validate(fake, "--suite", "wrong", "--backends", "auto") == 1
    out = capsys.readouterr().out
    assert "exceeds the budget" in out
    counts = json.loads((fake / "report.json").read_text())["counts"]
    assert counts["over budget"] == 2


def test_dtype_option_is_honoured(fake):
    _validate(fake, "--suite", "fake", "--backends", "auto", "--dtype", "float32")
    rows = json.loads((fake / "report.json").read_text())["rows"]
    assert [row["dtype"] for row in rows] == ["float32"]


def test_missing_backend_is_a_row_that_says_why(fake):
    from geomsci.backends import machine

    if machine.cupy_status().usable:
        pytest.skip("this machine has a GPU")
    assert _validate(fake, "--suite", "fake", "--backends", "cupy") == 0
    rows = json.loads((fake / "report.json").read_text())["rows"]
    assert {row["status"] for row in rows} == {"skipped"}
    assert "cannot run here because" in rows[0]["reason"]


def test_compare_with_the_report_that_is_overwritten(fake, capsys):
    arguments = ["--suite", "fake", "--backends", "auto"]
    _validate(fake, *arguments)
    assert _validate(fake, *arguments, "--compare", str(fake / "report.json")) == 0
    assert "Compared with the report of" in capsys.readouterr().out
    assert "What changed" in (fake / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--suite", "nothing"], "suite must be one of eeg, "),
        (["--backends", "abacus"], "backend must be one of reference, auto, numba"),
        (["--dtype", "float16"], "dtype must be one of float64, float32"),
        (["--data", "no/such/folder"], "no/such/folder, which does not exist"),
        (["--data", __file__], "which is not a folder"),
        (["--compare", "no.json"], "no.json, which does not exist"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_status_2(fake, capsys, arguments, says):
    assert _validate(fake, *arguments) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.strip().splitlines()) == 1
    assert not fake.exists()


def test_data_without_archives_is_wrong_usage(fake, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert _validate(fake, "--data", str(tmp_path / "empty")) == 2
    assert "must hold archives" in capsys.readouterr().err


def test_folder_that_cannot_be_made_is_wrong_usage(fake, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("")
    assert _validate(file / "report", "--suite", "fake") == 2
    assert "choose another folder with --out" in capsys.readouterr().err


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_folder_without_permission_is_wrong_usage(fake, tmp_path, capsys):
    tmp_path.chmod(0o500)
    assert _validate(tmp_path / "report", "--suite", "fake") == 2
    assert "Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--suite", "nothing"], "suite must be one of eeg, spd, fisher, sampling"),
        (["--repeats", "0"], "--repeats must be at least 1"),
    ],
)
def test_wrong_usage_of_bench_is_exit_status_2(tmp_path, capsys, arguments, says):
    assert cli.main(["bench", "--out", str(tmp_path), *arguments]) == 2
    assert says in capsys.readouterr().err


COMMANDS = ["validate", "bench", "backends", "fisher", "sample", "fit", "entropic"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([command, "--help"])
    assert stop.value.code == 0
    assert f"geomsci {command}" in capsys.readouterr().out.partition("example")[2]


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["validate", "--nothing"]])
def test_unknown_arguments_are_exit_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert "usage: geomsci" in capsys.readouterr().err


def test_version(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out.split() == ["geomsci", geomsci.__version__]


def test_backends_tells_what_the_machine_has(capsys):
    assert cli.main(["backends"]) == 0
    out = capsys.readouterr().out
    assert "numpy" in out
    assert "cupy" in out


def test_progress_bar_is_silent_where_nobody_looks(fake, capsys):
    _validate(fake, "--suite", "fake", "--backends", "auto")
    assert capsys.readouterr().err == ""


def test_command_line_starts_without_heavy_imports():
    code = (
        "import sys, geomsci.cli; "
        "print([m for m in ('numba', 'torch', 'sklearn', 'matplotlib') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_wrong_environment_variable_is_one_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "geomsci.cli", "backends"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GEOMSCI_BACKEND": "abacus"},
    )
    assert done.returncode == 2
    assert "GEOMSCI_BACKEND must be one of" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
