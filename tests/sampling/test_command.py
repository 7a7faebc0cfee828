"""`geomsci sample` and `geomsci fit`: the files, the numbers, and wrong input."""

import csv
import json
import math

import numpy as np
import pytest
from scipy import stats

from geomsci import cli
from geomsci.sampling import MarginalTransform, total_degree
from geomsci.sampling.command_problem import frozen
from geomsci.sampling.optimal_design import OptimalDesign
from geomsci.sampling.regression import WeightedLeastSquares

INPUTS = {"a": "uniform:2,6", "b": "norm:10,3", "c": "gamma:a=2,scale=0.5"}
GIVEN = [
    word for name, text in INPUTS.items() for word in ("--input", f"{name}={text}")
]


def _run(*arguments):
    return cli.main([*map(str, arguments)])


def _sample(out, *arguments):
    return _run("sample", *GIVEN, "--degree", 2, "--out", out, *arguments)


def _read(path):
    with path.open(newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    return names, np.array(rows, dtype=float)


def _write(path, names, rows, delimiter=","):
    lines = [names, *rows]
    text = "\n".join(delimiter.join(map(str, line)) for line in lines)
    path.write_text(text + "\n", encoding="utf-8")


def quadratic(X):
    """In the span: a and b enter by polynomials, c not at all."""
    return 1 + X[:, 0] ** 2 + 0.5 * X[:, 0] * X[:, 1]


@pytest.fixture
def results(tmp_path, capsys):
    """A design of 15 runs with results, in design.csv."""
    assert _sample(tmp_path / "design.csv", "--seed", 3) == 0
    names, rows = _read(tmp_path / "design.csv")
    y = quadratic(rows)
    path = tmp_path / "design.csv"
    _write(path, [*names, "y"], np.column_stack((rows, y)).tolist())
    capsys.readouterr()
    return path


def _fit(results, *arguments):
    return _run("fit", results, *arguments)


def test_design_is_that_of_the_library(tmp_path):
    out = tmp_path / "runs.csv"
    assert _sample(out, "-n", 14, "--seed", 5) == 0
    marginals = [stats.uniform(2, 4), stats.norm(10, 3), stats.gamma(2, scale=0.5)]
    transform = MarginalTransform(marginals)
    basis = transform.basis(total_degree(3, 2))
    design = OptimalDesign(basis).sample(14, rng=5)
    names, rows = _read(out)
    assert names == ["a", "b", "c", "weight"]
    # The files carry all digits.
    np.testing.assert_array_equal(rows[:, :3], transform.from_standard(design.points))
    np.testing.assert_array_equal(rows[:, 3], design.weights)
    content = json.loads(out.with_suffix(".json").read_text())
    assert content["inputs"] == INPUTS
    assert (content["n_functions"], content["seed"]) == (10, 5)


@pytest.mark.parametrize("suffix", [".json", ".toml"])
def test_inputs_from_a_file_give_the_same_design(tmp_path, suffix):
    file = tmp_path / f"model{suffix}"
    if suffix == ".json":
        file.write_text(json.dumps({"inputs": INPUTS}))
    else:
        lines = (f'{name} = "{text}"' for name, text in INPUTS.items())
        file.write_text("\n".join(["[inputs]", *lines]))
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    assert _sample(one) == 0
    assert _run("sample", "--inputs", file, "--degree", 2, "--out", other) == 0
    assert one.read_bytes() == other.read_bytes()


SAMPLERS = [
    "optimal",
    "repeated-dpp",
    "volume-rescaled",
    "christoffel",
    "dpp",
    "fekete",
]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_gives_weights_with_the_trace_of_the_identity(tmp_path, sampler):
    out = tmp_path / "design.csv"
    assert _sample(out, "--sampler", sampler) == 0
    _, rows = _read(out)
    marginals = [frozen(text) for text in INPUTS.values()]
    transform = MarginalTransform(marginals)
    basis = transform.basis(total_degree(3, 2))
    k = basis.christoffel(transform.to_standard(rows[:, :3]))
    assert len(rows) == (10 if sampler in ("dpp", "fekete") else 15)
    # The isoprobabilistic map of c there and back loses some digits.
    assert np.mean(rows[:, 3] * k) == pytest.approx(10, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "m"),
    [
        (["--index-set", "hyperbolic-cross", "--degree", 3], 13),
        (["--index-set", "tensor-product", "--degree", 1], 8),
        (["--index-set", "tensor-product", "--degree", 1, 2, 0], 6),
    ],
)
def test_index_sets(tmp_path, arguments, m):
    out = tmp_path / "design.csv"
    assert _run("sample", *GIVEN, *arguments, "--out", out) == 0
    content = json.loads(out.with_suffix(".json").read_text())
    assert content["n_functions"] == m
    assert content["n_runs"] == math.ceil(3 * m / 2)


def test_uniform_takes_both_ends_and_scipy_names_its_own_parameters():
    assert frozen("uniform:0.05,0.15").support() == pytest.approx((0.05, 0.15))
    assert frozen("uniform:loc=1,scale=3").support() == (1, 4)
    assert frozen("lognorm:s=0.5,scale=7").median() == pytest.approx(7)
    assert frozen("expon").mean() == 1


def test_fit_finds_the_function_in_the_span(results, tmp_path, capsys):
    assert _fit(results, "--json", tmp_path / "fit.json") == 0
    found = json.loads((tmp_path / "fit.json").read_text())
    # E a = 4, var a = 4/3, and by the moments of independent a and b:
    mean = 1 + (4 / 3 + 16) + 0.5 * 4 * 10
    assert found["mean"] == pytest.approx(mean, rel=1e-12)
    b_alone = (0.5 * 4) ** 2 * 9
    both = 0.25 * (4 / 3) * 9
    # a alone: a^2 + 5 a with a = 4 + 2 u, u uniform on [-1, 1]: 26 u + 4 u^2 + const.
    a_alone = 26**2 / 3 + 16 * (1 / 5 - 1 / 9)
    variance = a_alone + b_alone + both
    assert found["variance"] == pytest.approx(variance, rel=1e-12)
    first, total = found["sobol_first"], found["sobol_total"]
    assert first["a"] == pytest.approx(a_alone / variance, rel=1e-12)
    assert total["b"] == pytest.approx((b_alone + both) / variance, rel=1e-12)
    assert first["c"] < 1e-20
    assert "mean      38.3333" in capsys.readouterr().out


def test_failed_runs_are_named_and_left_out(results, capsys):
    names, rows = _read(results)
    table = rows.tolist()
    table[3][-1], table[7][-1] = "", "NaN"
    _write(results, names, table)
    out = results.with_name("fit.json")
    assert _fit(results, "--json", out) == 0
    assert "13 results, 2 failed runs left out (lines 5, 9)" in capsys.readouterr().out
    found = json.loads(out.read_text())
    assert found["failed_lines"] == [5, 9]
    marginals = [frozen(text) for text in INPUTS.values()]
    transform = MarginalTransform(marginals)
    good = np.delete(np.arange(15), [3, 7])
    Z = transform.to_standard(rows[good, :3])
    model = WeightedLeastSquares(transform.basis(total_degree(3, 2)))
    model.fit(Z, rows[good, -1], sample_weight=rows[good, 3])
    assert found["lambda_min"] == pytest.approx(model.lambda_min_, rel=1e-9)


def test_predictions_are_those_of_the_function(results, tmp_path):
    new, out = tmp_path / "new.csv", tmp_path / "predictions.csv"
    X = np.array([[2.5, 9.0, 1.0], [6.0, 12.0, 0.1]])
    _write(new, ["note", "c", "b", "a"], [["x", *row[::-1]] for row in X.tolist()])
    arguments = ("--predict", new, "--out", out, "--coverage", 0.9)
    assert _fit(results, *arguments) == 0
    names, rows = _read(out)
    assert names == ["a", "b", "c", "y", "y_lower", "y_upper"]
    np.testing.assert_array_equal(rows[:, :3], X)
    # The condition number of the design is below 1e3.
    np.testing.assert_allclose(rows[:, 3], quadratic(X), rtol=1e-10)
    assert (rows[:, 4] <= rows[:, 3] + 1e-10).all()


def test_intervals_are_left_out_with_a_reason_where_there_are_too_few_runs(
    results, tmp_path, capsys
):
    arguments = ("--predict", results, "--out", tmp_path / "p.csv")
    assert _fit(results, *arguments) == 0  # 15 runs, 0.95 needs 19
    assert "without intervals: predict_interval needs" in capsys.readouterr().out
    assert _read(tmp_path / "p.csv")[0] == ["a", "b", "c", "y"]


def test_spreadsheets_may_rewrite_the_file(results, capsys):
    names, rows = _read(results)
    order = [4, 2, 1, 0]  # without the weights
    table = [[f"{x:.7g}" for x in row] for row in rows[::-1, order].tolist()]
    results.write_bytes(
        ("\ufeff" + ";".join(names[j] for j in order) + "\r\n").encode()
        + "\r\n".join(";".join(row) for row in table).encode()
        + b"\r\n;;;\r\n"
    )
    assert _fit(results) == 0
    out = capsys.readouterr().out
    assert "15 results, 0 failed runs" in out
    assert "mean      38.3333" in out


def test_runs_of_two_seeds_make_one_design(results, tmp_path, capsys):
    assert _sample(tmp_path / "more.csv", "--seed", 4) == 0
    _, more = _read(tmp_path / "more.csv")
    names, rows = _read(results)
    more = np.column_stack((more, quadratic(more)))
    _write(results, names, np.concatenate((rows, more)).tolist())
    assert _fit(results) == 0
    assert "30 results" in capsys.readouterr().out


def test_interpolation_has_no_error_estimate(tmp_path, capsys):
    out = tmp_path / "design.csv"
    assert _sample(out, "--sampler", "fekete") == 0
    names, rows = _read(out)
    _write(out, [*names, "y"], np.column_stack((rows, quadratic(rows))).tolist())
    assert _fit(out, "--json", tmp_path / "fit.json") == 0
    assert "error     not known" in capsys.readouterr().out
    assert json.loads((tmp_path / "fit.json").read_text())["loo_error"] is None


def test_constant_results_have_no_indices(results):
    names, rows = _read(results)
    rows[:, -1] = 0.0
    _write(results, names, rows.tolist())
    assert _fit(results, "--json", results.with_name("fit.json")) == 0
    found = json.loads(results.with_name("fit.json").read_text())
    assert found["variance"] == 0
    assert found["sobol_first"]["a"] is None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--input or --inputs must name the inputs"),
        (["--input", "a"], "--input must be NAME=DISTRIBUTION:PARAMETERS"),
        (["--input", "a=uniform:100,50"], "uniform takes its lower and its upper end"),
        (["--input", "a=gausian:0,1"], "must be a continuous one of scipy.stats"),
        (["--input", "a=poisson:3"], "must be a continuous one of scipy.stats"),
        (["--input", "a=norm:0,x"], "parameters must be numbers, got 'x'"),
        (["--input", "a=norm:0,-1"], "positive scale"),
        (["--input", "a=beta:2"], "beta takes the parameters a, b, loc, scale"),
        (["--input", "a=norm:loc=0,2"], "parameters with names must come last"),
        (["--input", "weight=norm"], "none of them 'weight'"),
        (["--input", "a=norm", "--input", "a=expon"], "got 'a' twice"),
        (["--inputs", "no.json"], "--inputs must be a file that can be read"),
        ([*GIVEN, "--degree", "-1"], "--degree must be at least 0"),
        ([*GIVEN, "--degree", "2", "3"], "only a tensor-product has one for each"),
        ([*GIVEN, "--degree", "99"], "must leave at most 3000 functions"),
        ([*GIVEN, "--index-set", "simplex"], "--index-set must be one of total-degree"),
        ([*GIVEN, "--sampler", "sobol"], "--sampler must be one of optimal"),
        ([*GIVEN, "-n", "9"], "-n must be at least 10, the number of functions"),
        ([*GIVEN, "-n", "12", "--sampler", "dpp"], "-n must be 10"),
        ([*GIVEN, "--seed", "-1"], "--seed must be at least 0"),
        (
            [*GIVEN, "--out", "no/such/design.csv"],
            "--out must be a CSV file in a folder",
        ),
        ([*GIVEN, "--out", "design.json"], "--out must be a CSV file"),
    ],
)
def test_wrong_usage_of_sample_is_one_sentence(
    tmp_path, monkeypatch, capsys, arguments, says
):
    monkeypatch.chdir(tmp_path)
    degree = [] if "--degree" in arguments else ["--degree", "2"]
    assert _run("sample", *arguments, *degree) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_results_are_never_overwritten(results, capsys):
    before = results.read_bytes()
    assert _sample(results) == 2
    assert "results in it would be lost" in capsys.readouterr().err
    assert results.read_bytes() == before
    assert _sample(results, "--force") == 0


def _broken(results, change):
    names, rows = _read(results)
    table = [names, *rows.tolist()]
    change(table)
    _write(results, table[0], table[1:])


def _rename(table):
    table[0][1] = "B"


def _no_results(table):
    table[0][4] = "z"


def _word(table):
    table[4][4] = "12 m3"


def _no_input(table):
    table[4][1] = ""


def _outside(table):
    table[6][0] = 6.1


def _moved(table):
    table[6][1] = 30.0  # far out for a mean of 10 and a deviation of 3


def _all_failed(table):
    for row in table[1:8]:
        row[4] = "nan"


def _headless(table):
    del table[0]


def _longer(table):
    table[5].append(7)


def _twice(table):
    table[0][4] = "a"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_rename, "must have the column b, got a, B, c, weight, y"),
        (_no_results, "must have a column y with the results"),
        (_word, "must hold numbers, got '12 m3' in the column y of line 5"),
        (_no_input, "must hold numbers, got '' in the column b of line 5"),
        (_outside, "must hold a between 2 and 6, as designed, got 6.1 in line 7"),
        (_moved, "in line 7 where it has"),
        (_all_failed, "must hold at least 10 results, one a function, got 8 and 7"),
        (_headless, "must begin with a line of column names"),
        (_longer, "must have 5 columns in every line, got 6 in line 6"),
        (_twice, "must name every column once, got a twice"),
    ],
)
def test_wrong_results_are_one_sentence(results, capsys, change, says):
    _broken(results, change)
    assert _fit(results) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--predict", "new.csv"], "--predict and --out go together"),
        (["--predict", "no.csv", "--out", "p.csv"], "no.csv must be a CSV file"),
        (["--coverage", "1.5"], "--coverage must lie in (0, 1)"),
        (["--column", "a"], "which belongs to the design"),
        (["--column", "flow"], "must have a column flow with the results"),
        (["--design", "no.json"], "--design must be a file that can be read"),
        (["--design", "design.csv"], "design.csv must be JSON"),
        (["--json", "design.json"], "--json must not be a file that is read"),
        (["--json", "no/such.json"], "in no folder that exists"),
    ],
)
def test_wrong_usage_of_fit_is_one_sentence(
    results, monkeypatch, capsys, arguments, says
):
    monkeypatch.chdir(results.parent)
    before = sorted(path.name for path in results.parent.iterdir())
    assert _fit("design.csv", *arguments) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.strip().splitlines()) == 1
    assert sorted(path.name for path in results.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "geomsci fit"}, "is not the JSON file of a design"),
        ({"format": 99}, "this version of geomsci reads 1"),
        ({"degree": None}, "lacks what a fit needs"),
        ({"inputs": {"a": "cauchyy"}}, "Input a=cauchyy"),
    ],
)
def test_wrong_design_file_is_one_sentence(results, capsys, change, says):
    file = results.with_suffix(".json")
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    assert _fit(results) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.strip().splitlines()) == 1


def test_results_without_a_design_say_what_is_missing(results, capsys):
    results.with_suffix(".json").unlink()
    assert _fit(results) == 2
    assert "--design must name the JSON file" in capsys.readouterr().err
    assert _fit(results.with_name("none.csv")) == 2
    assert "none.csv must be a CSV file that can be read" in capsys.readouterr().err
