"""`geomsci entropic`: the table, the files, the figure, one sentence for mistakes."""

import json
import subprocess
import sys

import numpy as np
import pytest

from geomsci import cli
from geomsci.entropic import EntropicCurvature, doroshkevich_fractions


def _entropic(*arguments):
    return cli.main(["entropic", *map(str, arguments)])


def _report(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def density(tmp_path):
    """A positive grid of 16^3 cells in a box of side 32."""
    field = np.exp(np.random.default_rng(0).standard_normal((16, 16, 16)))
    np.save(tmp_path / "density.npy", field)
    return field


@pytest.fixture
def points(tmp_path):
    """300 positions in a box of side 10, with weights, as CSV."""
    rng = np.random.default_rng(1)
    places, weights = rng.uniform(0, 10, (300, 3)), rng.uniform(1, 2, 300)
    rows = [
        ",".join(map(repr, row)) for row in np.column_stack((places, weights)).tolist()
    ]
    lines = ["x,y,z,w", *rows]
    (tmp_path / "points.csv").write_text("\n".join(lines), encoding="utf-8")
    return places, weights


def test_json_holds_the_values_of_the_estimator(tmp_path, density):
    out = tmp_path / "web.json"
    options = ["--box-size", 32, "-R", 4, 6, "--threshold", "sigma:0.3"]
    assert _entropic(tmp_path / "density.npy", *options, "--json", out) == 0
    model = EntropicCurvature([4, 6], box_size=32, threshold=("sigma", 0.3))
    model.fit(density)
    gaussian = doroshkevich_fractions(0.3)
    for s, scale in enumerate(_report(out)["scales"]):
        assert scale["volume_fractions"] == model.volume_fractions_[s].tolist()
        assert scale["mass_fractions"] == model.mass_fractions_[s].tolist()
        assert scale["sigma_trace"] == model.sigma_trace_[s]
        assert scale["entropy"] == model.entropy_[s]
        assert scale["fisher_information"] == model.fisher_information_[s]
        assert scale["threshold"] == 0.3 * model.sigma_trace_[s]
        np.testing.assert_allclose(scale["gaussian_fractions"], gaussian, atol=1e-12)
        assert scale["shot_noise"] is None  # nobody knows it of a grid


def test_table_shows_the_fractions(tmp_path, density, capsys):
    assert _entropic(tmp_path / "density.npy", "-R", 2.5) == 0
    model = EntropicCurvature(2.5).fit(density)
    lines = capsys.readouterr().out.splitlines()
    rows = {cells[-5 if cells[0] != "2.5" else 1]: cells for cells in _fractions(lines)}
    shown = [f"{f:.4f}" for f in model.volume_fractions_[0]]
    assert rows["volume"][2:6] == shown
    assert rows["Gaussian"][1:] == ["0.0797", "0.4203", "0.4203", "0.0797"]


def _fractions(lines):
    """Cells of the lines that hold fractions."""
    names = ("volume", "mass", "Gaussian")
    return [cells for line in lines if set(names) & set((cells := line.split())[:2])]


@pytest.mark.parametrize("name", ["web.npz", "web.h5"])
def test_maps_are_those_of_the_estimator(tmp_path, density, name):
    out = tmp_path / name
    every = ["--maps", "signature", "eigenvalues", "curvature"]
    if name.endswith(".h5"):
        h5py = pytest.importorskip("h5py")
    options = ["-R", 2.5, 4, "--out", out, *every]
    assert _entropic(tmp_path / "density.npy", *options) == 0
    model = EntropicCurvature([2.5, 4.0]).fit(density)
    with h5py.File(out) if name.endswith(".h5") else np.load(out) as content:
        np.testing.assert_array_equal(content["signature"][()], model.signature_)
        np.testing.assert_array_equal(content["eigenvalues"][()], model.eigenvalues_)
        np.testing.assert_array_equal(content["curvature"][()], model.curvature_)
        assert content["smoothing"][()].tolist() == [2.5, 4.0]


def test_options_reach_the_estimator(tmp_path, points):
    places, weights = points
    out = tmp_path / "web.json"
    _entropic(
        *(tmp_path / "points.csv", "--weights", "w", "--box-size", 10, "--n-grid", 16),
        *("--window", "tsc", "--no-compensate", "-R", 1.5, "--dimension", 7),
        "--interlaced",
        *("--convention", "rigid", "--threshold", -0.1, "--probe-step", 1),
        *("--probe-width", 0.5, "--json", out),
    )
    model = EntropicCurvature(
        1.5, dimension=7, convention="rigid", probe_width=0.5, probe_step=1.0,
        box_size=10, window="tsc", compensate=False, threshold=-0.1, n_grid=16,
        interlaced=True,
    ).fit(places, sample_weight=weights)  # fmt: skip
    (scale,) = _report(out)["scales"]
    assert scale["volume_fractions"] == model.volume_fractions_[0].tolist()
    assert scale["shot_noise"] == model.shot_noise_[0]
    assert scale["gaussian_fractions"] is None  # Doroshkevich is for N = inf


@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
@pytest.mark.parametrize("head", ["id{0}z{0}y{0}x\n", "# id{0}z{0}y{0}x\n", ""])
def test_columns_of_a_table_are_found(tmp_path, points, separator, head):
    places, _ = points
    file, out = tmp_path / "table.txt", tmp_path / "web.npz"
    rows = [
        separator.join(map(repr, [float(i), *row[::-1]]))
        for i, row in enumerate(places.tolist())
    ]
    file.write_text(head.format(separator) + "\n".join(rows), encoding="utf-8")
    columns = [] if head else ["--columns", 4, 3, 2]
    assert _entropic(file, "-R", 2, *columns, "--out", out) == 0
    with np.load(out) as content:
        np.testing.assert_array_equal(content["positions"], places)


def test_randoms_make_it_a_survey(tmp_path, points):
    places, _ = points
    randoms = np.random.default_rng(2).uniform(0, 10, (900, 3))
    np.save(tmp_path / "randoms.npy", randoms)
    out = tmp_path / "web.json"
    file, reference = tmp_path / "points.csv", tmp_path / "randoms.npy"
    assert _entropic(file, "-R", 2, "--randoms", reference, "--json", out) == 0
    model = EntropicCurvature(2).fit(places, randoms=randoms)
    report = _report(out)
    assert (report["route"], report["n_randoms"]) == ("survey", 900)
    assert report["scales"][0]["mass_fractions"] == model.mass_fractions_[0].tolist()


def test_snapshot_gives_its_own_box(tmp_path):
    n, box = 64, 8.0
    places = np.random.default_rng(3).uniform(0, box, (n, 3)).astype("<f4")
    header = bytearray(256)
    header[:24] = np.array([0, n, 0, 0, 0, 0], "<i4").tobytes()
    header[24:72] = np.array([0, 1, 0, 0, 0, 0], "<f8").tobytes()
    header[128:136] = np.array([box], "<f8").tobytes()
    ids = np.arange(n, dtype="<u4").tobytes()
    records = [bytes(header), places.tobytes(), bytes(12 * n), ids]
    marks = [np.array([len(r)], "<i4").tobytes() for r in records]
    file, out = tmp_path / "snapshot", tmp_path / "web.json"
    file.write_bytes(b"".join(m + r + m for m, r in zip(marks, records)))
    options = ["-R", 2, "--n-grid", 8, "--json", out]
    assert _entropic(file, *options, "--weights", "masses") == 0
    model = EntropicCurvature(2, box_size=box, n_grid=8).fit(places.astype(float))
    (scale,) = _report(out)["scales"]
    assert scale["volume_fractions"] == model.volume_fractions_[0].tolist()
    (remark,) = _report(out)["remarks"]
    assert "64 particles" in remark
    assert "box 8" in remark


def test_survey_table_counts_what_it_left_out(tmp_path, capsys):
    file = tmp_path / "2mrs.dat"
    rows = [f"{i}\t{10 * i}\t{20 * i}\t{400 * (i - 1)}" for i in range(6)]
    head = "# ID\tlat[deg]\tlong[deg]\tczHelio[km/s]"
    file.write_text("\n".join([head, *rows]), encoding="utf-8")
    assert _entropic(file, "-R", 5) == 0
    assert "4 galaxies in Mpc/h, 2 left out" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["web.png", "web.svg"])
@pytest.mark.parametrize("file", ["density.npy", "points.csv", "plane.npy", "line.npy"])
def test_figure_is_written(tmp_path, density, points, file, name):
    pytest.importorskip("matplotlib")
    np.save(tmp_path / "plane.npy", density[0])
    np.save(tmp_path / "line.npy", density[0, 0])
    out = tmp_path / name
    columns = ["--columns", "x", "y", "z"] if file == "points.csv" else []
    options = ["-R", 2.5, 3, "--axis", "x", "--at", 4, "--unit", "Mpc/h"]
    assert _entropic(tmp_path / file, *options, *columns, "--plot", out) == 0
    assert out.stat().st_size > 5000


def test_noise_above_the_signal_is_told(tmp_path, points, capsys):
    options = ["--columns", "x", "y", "z", "--box-size", 10, "-R", 0.05]
    assert _entropic(tmp_path / "points.csv", *options) == 0
    error = capsys.readouterr().err
    assert error.startswith("geomsci entropic: warning: The shot noise")
    assert len(error.splitlines()) == 1


def test_negative_cells_are_told_as_a_warning(tmp_path, density, capsys):
    density[0, 0, 0] = -0.1
    np.save(tmp_path / "density.npy", density)
    assert _entropic(tmp_path / "density.npy", "-R", 4) == 0
    assert "1 of 4096 cells below zero" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no.npy", "-R", 4], "no.npy must be a file that can be read"),
        (["density.npy", "-R", 1], "at least 1.5 cells"),
        (["density.npy", "-R", 40], "R must be at most half the box"),
        (["density.npy", "-R", 4, "--threshold", "tau:1"], "or sigma:x in standard"),
        (["density.npy", "-R", 4, "--threshold", "nan"], "--threshold must be"),
        (["density.npy", "-R", 4, "--json", "no/folder/t"], "in no folder that exists"),
        (["density.npy", "-R", 4, "--out", "web.fits"], "--out must end in .npz"),
        (["density.npy", "-R", 4, "--out", "w.npz", "--maps", "x"], "--maps must be"),
        (["density.npy", "-R", 4, "--axis", "t"], "--axis must be x, y or z"),
        (["density.npy", "-R", 4, "--randoms", "points.csv"], "--randoms need posit"),
        (["density.npy", "-R", 4, "--key", "rho"], "--key needs an .npz archive"),
        (["density.npy", "-R", 4, "--format", "fits"], "--format must be one of auto"),
        (["density.npy", "-R", 4, "--window", "moon"], "'window' parameter"),
        (["zero.npy", "-R", 4], "positive cells"),
        (["nan.npy", "-R", 4], "finite"),
        (["objects.npy", "-R", 4], "objects.npy must be an array or archive"),
        (["text.npy", "-R", 4], "must hold real numbers"),
        (["cut.npz", "-R", 4], "cut.npz must be an array or archive"),
        (["two.npz", "-R", 4], "two.npz holds a, b: name the density"),
        (["two.npz", "-R", 4, "--key", "c"], "must hold 'c', got a, b"),
        (["four.txt", "-R", 4], "four.txt has 4 columns (1, 2, 3, 4): name those"),
        (["points.csv", "-R", 4, "--columns", "q"], "must have the column q, got x"),
        (["points.csv", "-R", 4, "--n-grid", 8, "--columns", 1, 2, 3], "box_size must"),
        (["points.csv", "-R", 1, "--box-size", 5, "--weights", "w"], "in the box"),
        (["words.txt", "-R", 4], "must hold numbers, got 'one' in line 2"),
        (["ragged.txt", "-R", 4], "must have 3 columns in every line, got 2 in line 2"),
        (["wide.txt", "-R", 4], "must have 1 column in every line, got 2 in line 2"),
        (["binary.dat", "-R", 4], "got other bytes"),
        (["short.gad", "-R", 4], "short.gad"),
        (["empty.txt", "-R", 4], "got nothing"),
        (["table.npy", "-R", 4], "wrote, got text: give a text table a name"),
        (["none.npz", "-R", 4], "must hold a density or positions, got no array"),
        (["maps.h5", "-R", 4], "got HDF5: save its density"),
        (["blocks.gad", "-R", 4], "format 2: write it with SnapFormat 1"),
        (["array.dat", "-R", 4], "ends in .npy or .npz"),
        (["long.npy", "-R", 4], "looks like a table: name the columns"),
        (["sky.csv", "-R", 4], "got angles (ra, dec): compute Cartesian"),
        (["nan.npy", "-R", 4], "nan.npy must be finite, got nan at index (0, 0, 0)"),
        (["density.npy", "-R", 4, "--n-grid", 8], "n_grid needs positions of shape"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_status_2(
    tmp_path, monkeypatch, capsys, density, points, arguments, says
):
    monkeypatch.chdir(tmp_path)
    _write_bad_files()
    assert _entropic(*arguments) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.err.startswith("geomsci entropic: ")
    assert len(captured.err.strip().splitlines()) == 1
    assert captured.out == ""


def _write_bad_files():
    np.save("zero.npy", np.zeros((8, 8, 8)))
    np.save("nan.npy", np.full((8, 8, 8), np.nan))
    np.save("objects.npy", np.array([{}, 1], object))
    np.save("text.npy", np.full((8, 8, 8), "a"))
    np.save("long.npy", np.ones((200, 4)))
    np.savez("none.npz")
    np.savez("two.npz", a=np.ones((8, 8, 8)), b=np.ones((8, 8, 8)))
    files = {
        "cut.npz": b"PK\x03\x04",
        "four.txt": b"1 2 3 4\n5 6 7 8\n",
        "words.txt": b"x y z\none 2 3\n",
        "ragged.txt": b"1 2 3\n1 2\n",
        "wide.txt": b"1\n1 2\n",
        "binary.dat": bytes(range(256)),
        "short.gad": (256).to_bytes(4, "little") + bytes(100),
        "empty.txt": b"",
        "table.npy": b"x y z\n1 2 3\n",
        "maps.h5": b"\x89HDF\r\n\x1a\n" + bytes(100),
        "blocks.gad": (8).to_bytes(4, "little") + b"HEAD" + bytes(100),
        "array.dat": b"\x93NUMPY" + bytes(100),
        "sky.csv": b"RA,Dec,z\n10,20,0.1\n11,21,0.2\n",
    }
    for name, content in files.items():
        with open(name, "wb") as file:
            file.write(content)


def test_missing_h5py_is_one_sentence(tmp_path, density, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "h5py", None)
    file, out = tmp_path / "density.npy", tmp_path / "web.h5"
    assert _entropic(file, "-R", 4, "--out", out) == 2
    assert "needs h5py, which is not installed" in capsys.readouterr().err


def test_interruption_is_exit_status_130(tmp_path, density, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(EntropicCurvature, "fit", interrupted)
    assert _entropic(tmp_path / "density.npy", "-R", 4) == 130
    assert capsys.readouterr().err == "geomsci entropic: interrupted.\n"


def test_smoothing_must_be_given(capsys):
    with pytest.raises(SystemExit) as stop:
        _entropic("density.npy")
    assert stop.value.code == 2
    assert "--smoothing" in capsys.readouterr().err


def test_command_is_installed(tmp_path, density):
    done = subprocess.run(
        [sys.executable, "-m", "geomsci.cli", "entropic", "density.npy", "-R", "4"],
        capture_output=True, text=True, cwd=tmp_path, check=True,
    )  # fmt: skip
    assert "filament" in done.stdout
    assert done.stderr == ""
