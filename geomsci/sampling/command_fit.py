"""The work of `geomsci fit`: a surrogate of the results that came back."""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib
from typing import Any

import numpy as np
from tqdm import tqdm

from geomsci.backends import LinAlgError
from geomsci.command_errors import EXIT_OK, CommandError, check_file, writing
from geomsci.sampling.basis import PolynomialBasis
from geomsci.sampling.command_problem import (
    WEIGHT,
    Problem,
    optimal_weights,
    read_problem,
)
from geomsci.sampling.command_tables import Table, read_table, write_table
from geomsci.sampling.regression import WeightedLeastSquares

FORMAT = 1
"""Of the JSON file; goes up when a field changes its meaning."""

WEIGHT_TOLERANCE = 0.01
"""Relative: files round their inputs, and a weight is a function of them."""

ROWS_AT_A_TIME = 4096
"""Of the predictions, whose intervals take memory for each pair of points."""


@dataclasses.dataclass(frozen=True)
class Options:
    """Options of the command line; the fields are those of `geomsci fit --help`."""

    results: pathlib.Path
    design: pathlib.Path | None = None
    column: str = "y"
    predict: pathlib.Path | None = None
    out: pathlib.Path | None = None
    coverage: float = 0.95
    json: pathlib.Path | None = None


@dataclasses.dataclass(frozen=True)
class Results:
    """Runs that came back.

    Attributes
    ----------
    Z : ndarray, shape (n, d)
        Standard variables of the good runs.
    y, weights : ndarray, shape (n,)
    n_rows : int
        Runs in the file.
    failed : list of int
        Lines of the file with a failed run.
    """

    Z: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    n_rows: int
    failed: list[int]


def run_command(options: Options) -> int:
    """Read the results, fit, print and write; returns the exit status.

    Raises
    ------
    CommandError
        One sentence on what is wrong with a file or cannot be done.
    """
    table = read_table(options.results)
    design = _design_file(options)
    problem, facts = read_problem(design)
    basis = problem.basis()
    _check_options(options, problem, design)
    results = _read_results(table, options.column, problem, basis)
    # Read before the work, so that a wrong file is refused at once.
    new = None if options.predict is None else _points(options.predict, problem)
    model = _fitted(basis, results, options)
    summary = _summary(model, problem, results)
    for line in _printed(summary, options, design, facts, problem):
        tqdm.write(line)
    with writing():
        if options.json is not None:
            content = {"format": FORMAT, "results": str(options.results), **summary}
            text = json.dumps(content, indent=2, allow_nan=False)
            options.json.write_text(text + "\n", encoding="utf-8")
        if new is not None:
            tqdm.write(_predict(model, problem, *new, options))
    return EXIT_OK


# What is read


def _design_file(options: Options) -> pathlib.Path:
    """The JSON file of the design: as given, or beside the results."""
    if options.design is not None:
        return options.design
    beside = options.results.with_suffix(".json")
    usual = options.results.with_name("design.json")
    for file in (beside, usual):
        if file.is_file():
            return file
    raise CommandError(
        "--design must name the JSON file that geomsci sample wrote; there is no "
        f"{beside} and no {usual}."
    )


def _check_options(options: Options, problem: Problem, design: pathlib.Path) -> None:
    if (options.predict is None) != (options.out is None):
        raise CommandError(
            "--predict and --out go together: the points to predict at, and the file "
            "for the predictions."
        )
    if not 0 < options.coverage < 1:
        raise CommandError(f"--coverage must lie in (0, 1), got {options.coverage:g}.")
    if options.column in (*problem.names, WEIGHT):
        raise CommandError(
            f"--column must be the column of the results, got {options.column!r}, "
            "which belongs to the design."
        )
    read = [
        file.resolve() for file in (options.results, design, options.predict) if file
    ]
    for name in ("json", "out"):
        file: pathlib.Path | None = getattr(options, name)
        check_file(name, file)
        if file is None:
            continue
        if file.resolve() in read:
            raise CommandError(
                f"--{name} must not be a file that is read, got {file}: choose another."
            )
        read.append(file.resolve())


def _points(file: pathlib.Path, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and standard variables of the rows of a file."""
    table = read_table(file)
    X = table.numbers(problem.names)
    return X, _standard(table, X, problem)


def _standard(table: Table, X: np.ndarray, problem: Problem) -> np.ndarray:
    """Standard variables; a value outside its marginal is named with its line."""
    transform = problem.transform()
    for j, name in enumerate(problem.names):
        low, high = (float(end) for end in transform.marginals[j].support())
        # Nine digits of an end may round to just outside of it.
        slack = 1e-8 * max((abs(e) for e in (low, high) if math.isfinite(e)), default=1)
        outside = (X[:, j] < low - slack) | (X[:, j] > high + slack)
        if outside.any():
            row = int(np.argmax(outside))
            raise CommandError(
                f"{table.file} must hold {name} between {low:.6g} and {high:.6g}, as "
                f"designed, got {X[row, j]:.6g} in line {table.lines[row]}: a fit says "
                "nothing out there."
            )
    supports = np.array([marginal.support() for marginal in transform.marginals])
    return transform.to_standard(np.clip(X, supports[:, 0], supports[:, 1]))


def _read_results(
    table: Table, column: str, problem: Problem, basis: PolynomialBasis
) -> Results:
    """The good runs, with their weights."""
    y = table.results(column) if column in table.columns else None
    if y is None:
        raise CommandError(
            f"{table.file} must have a column {column} with the results, got "
            f"{', '.join(table.columns)}: name it with --column."
        )
    Z = _standard(table, table.numbers(problem.names), problem)
    weights = optimal_weights(basis, Z)
    if WEIGHT in table.columns:
        given = table.numbers([WEIGHT])[:, 0]
        far = np.abs(given - weights) > WEIGHT_TOLERANCE * weights
        if far.any():
            row = int(np.argmax(far))
            raise CommandError(
                f"{table.file} must hold the weights of the design, got "
                f"{given[row]:.6g} in line {table.lines[row]} where it has "
                f"{weights[row]:.6g}: these runs belong to another design, or a line "
                "was changed."
            )
    good = np.isfinite(y)
    failed = [line for line, ok in zip(table.lines, good) if not ok]
    if int(good.sum()) < basis.size:
        raise CommandError(
            f"{table.file} must hold at least {basis.size} results, one a function, "
            f"got {int(good.sum())} and {len(failed)} failed runs: repeat these, or "
            "add the runs of another seed."
        )
    return Results(Z[good], y[good], weights[good], len(y), failed)


# The fit


def _fitted(
    basis: PolynomialBasis, results: Results, options: Options
) -> WeightedLeastSquares:
    try:
        return WeightedLeastSquares(basis).fit(
            results.Z, results.y, sample_weight=results.weights
        )
    except LinAlgError as error:
        raise CommandError(
            f"{options.results} does not determine the {basis.size} coefficients: add "
            "runs, those of another seed for example."
        ) from error


def _summary(
    model: WeightedLeastSquares, problem: Problem, results: Results
) -> dict[str, Any]:
    """Everything that is printed and more; what is not known is None."""
    basis = model.basis_
    sobol = model.sobol_indices()
    constant = np.flatnonzero(~basis.indices.any(axis=1))
    variance = model.coef_cov_[constant, constant]
    return {
        "inputs": problem.inputs,
        "index_set": problem.index_set,
        "degree": list(problem.degree),
        "n_functions": basis.size,
        "n_runs": len(results.y),
        "failed_lines": results.failed,
        "lambda_min": _known(model.lambda_min_),
        "condition_number": _known(model.condition_number_),
        "loo_error": _known(model.loo_error_),
        "mean": _known(model.mean_),
        "mean_standard_error": _known(math.sqrt(variance[0]) if variance.size else 0),
        "variance": _known(model.variance_),
        "sobol_first": dict(zip(problem.names, map(_known, sobol.first))),
        "sobol_total": dict(zip(problem.names, map(_known, sobol.total))),
        "families": list(basis.families),
        "indices": basis.indices.tolist(),
        "coefficients": model.coef_.tolist(),
    }


def _known(value: Any) -> float | None:
    """A float; None for NaN and infinity, which JSON does not have."""
    number = float(value)
    return number if math.isfinite(number) else None


def _printed(
    summary: dict[str, Any],
    options: Options,
    design: pathlib.Path,
    facts: dict[str, Any],
    problem: Problem,
) -> list[str]:
    """The report on the terminal."""
    n, failed, m = summary["n_runs"], summary["failed_lines"], summary["n_functions"]
    runs = "1 failed run" if len(failed) == 1 else f"{len(failed)} failed runs"
    lines = [f"{options.results}: {n} results, {runs}"]
    if failed:
        shown = ", ".join(map(str, failed[:8])) + (", ..." if len(failed) > 8 else "")
        lines[0] += f" left out (line{'s'[: len(failed) > 1]} {shown})"
    designed = facts.get("n_runs")
    if isinstance(designed, int) and n + len(failed) < designed:
        lines.append(
            f"{designed - n - len(failed)} of the {designed} runs of {design} are not "
            "in the file"
        )
    variance, error = summary["variance"], summary["loo_error"]
    lines += [
        f"basis     {problem.described(m)}",
        f"stability lambda_min = {_shown(summary['lambda_min'])}, condition number = "
        f"{_shown(summary['condition_number'])}",
    ]
    if error is None:
        lines.append("error     not known: some runs alone decide a coefficient")
    else:
        share = (
            f" ({100 * math.sqrt(error / variance):.2g} % of it)" if variance else ""
        )
        lines.append(
            f"error     {math.sqrt(error):.4g}, leave-one-out, root of the mean "
            f"square; standard deviation {math.sqrt(variance):.6g}{share}"
        )
    spread = summary["mean_standard_error"]
    more = "" if spread is None else f" +- {spread:.2g}"
    lines += [
        f"mean      {summary['mean']:.6g}{more}",
        f"variance  {variance:.6g}",
        "",
        "Sobol' indices   first    total",
    ]
    for name in problem.names:
        first, total = summary["sobol_first"][name], summary["sobol_total"][name]
        lines.append(f"{name:<14}{_share(first):>8} {_share(total):>8}")
    return lines


def _shown(value: float | None) -> str:
    return "infinite" if value is None else f"{value:.4g}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _predict(
    model: WeightedLeastSquares,
    problem: Problem,
    X: np.ndarray,
    Z: np.ndarray,
    options: Options,
) -> str:
    """Write the predictions; returns what was written, in words."""
    assert options.out is not None
    columns: list[Any] = [X, model.predict(Z)]
    names = [*problem.names, options.column]
    said = f"\nWritten: {options.out}, {len(Z)} predictions"
    pieces = np.array_split(Z, max(1, math.ceil(len(Z) / ROWS_AT_A_TIME)))
    try:
        ends = [model.predict_interval(piece, options.coverage) for piece in pieces]
    except ValueError as error:
        said += f" without intervals: {error}"
    else:
        columns += [np.concatenate(side) for side in zip(*ends)]
        names += [f"{options.column}_lower", f"{options.column}_upper"]
        said += f" with {100 * options.coverage:g} % intervals"
    write_table(options.out, names, columns)
    return said
