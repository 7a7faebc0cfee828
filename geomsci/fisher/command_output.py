"""What `geomsci fisher` prints and writes: table, JSON, CSV, figure."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import pathlib
from typing import Any

from geomsci.fisher.command_rows import Row, Run

FORMAT = 1
"""Of the JSON file; goes up when a field changes its meaning."""

TITLES = {"ising": "Ising", "potts": "Potts", "xy": "XY", "heisenberg": "Heisenberg"}


# The table on stdout


def _columns(run: Run) -> list[tuple[str, int]]:
    """Names and widths."""
    sampled = [("+-", 9), ("N_eff", 8)] if run.sampled else []
    slope = [("slope", 8)] if run.at_transition and not run.sampled else []
    return [
        ("shape", 10),
        ("n", 7),
        ("J", 10),
        ("R", 16),
        *sampled,
        ("|R|/n", 10),
        ("exponent", 16 if run.sampled else 9),
        ("lambda_0", 9),
        *slope,
        ("cond(g)", 9),
        ("seconds", 8),
    ]


def header(run: Run) -> str:
    """What is computed, and the heads of the columns."""
    model = TITLES[run.model] + (f" model, q = {run.q}" if run.q else " model")
    critical = (
        f"; critical J = {run.critical_coupling:.6f}" if run.critical_coupling else ""
    )
    heads = " ".join(f"{name:>{width}}" for name, width in _columns(run))
    return f"{model}, {run.lattice} lattice{critical}\n\n{heads}"


def line(run: Run, row: Row) -> str:
    """One row of the table."""
    exponent = _shown(row.effective_exponent, ".4f")
    if row.exponent_error is not None:
        exponent += f" +- {row.exponent_error:.4f}"
    couplings = row.coupling if len(set(row.coupling)) > 1 else row.coupling[:1]
    cells = {
        "shape": row.name,
        "n": str(row.n_sites),
        "J": ",".join(f"{J:.6g}" for J in couplings),
        "R": f"{row.scalar_curvature:.{2 if run.sampled else 6}f}",
        "+-": _shown(row.standard_error, ".2f"),
        "N_eff": _shown(row.effective_sample_size, ".0f"),
        "|R|/n": f"{row.per_site:.4f}",
        "exponent": exponent,
        "lambda_0": f"{row.heat_capacity:.4f}",
        "slope": _shown(row.slope, ".4f"),
        "cond(g)": f"{row.condition_number:.4g}",
        "seconds": f"{row.seconds:.2f}",
    }
    return " ".join(f"{cells[name]:>{width}}" for name, width in _columns(run))


def _shown(value: float | None, form: str) -> str:
    return "" if value is None or not math.isfinite(value) else format(value, form)


def footnotes(run: Run, rows: list[Row]) -> list[str]:
    """What the columns mean, and what the laws say about them."""
    methods = ", ".join(dict.fromkeys(row.method for row in rows))
    notes = ["", f"method: {methods}"]
    if any(row.effective_exponent is not None for row in rows):
        note = "exponent: of |R| in n, from the row above to this one"
        if run.published_exponent is not None:
            note += f"; the power law says {run.published_exponent:.4f}"
        notes.append(note)
    if ("slope", 8) in _columns(run) and any(row.slope is not None for row in rows):
        note = "slope: of |R|/n in lambda_0, from the row above to this one"
        if run.zero_momentum_amplitude is not None:
            limit = run.zero_momentum_amplitude**2 / 2
            note += f"; the n ln n law says {limit:.4f} in the limit of large n"
        notes.append(note)
    return notes


# Files


def write_json(path: pathlib.Path, run: Run, rows: list[Row]) -> None:
    """Everything, full precision; what is not there is null."""
    import geomsci

    content = {
        "format": FORMAT,
        "geomsci": geomsci.__version__,
        **dataclasses.asdict(run),
        "rows": [_finite(dataclasses.asdict(row)) for row in rows],
    }
    text = json.dumps(content, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN and no infinity."""
    return {
        key: None if isinstance(x, float) and not math.isfinite(x) else x
        for key, x in values.items()
    }


def write_csv(path: pathlib.Path, run: Run, rows: list[Row]) -> None:
    """One line a row; one column a bond type for coupling and bond energy."""
    tables = [_flat(run, row) for row in rows]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(tables[0]))
        writer.writeheader()
        writer.writerows(tables)


def _flat(run: Run, row: Row) -> dict[str, Any]:
    flat: dict[str, Any] = {"lattice": run.lattice, "model": run.model, "q": run.q}
    for key, value in dataclasses.asdict(row).items():
        if key == "shape":
            flat[key] = row.name
        elif isinstance(value, tuple):
            flat |= {f"{key}_{i}": x for i, x in enumerate(value)}
        else:
            flat[key] = value
    return {k: "" if v is None else v for k, v in flat.items()}


def draw(path: pathlib.Path, run: Run, rows: list[Row]) -> None:
    """Growth with n if there is one coupling, else ``R / n`` against the coupling."""
    from matplotlib.figure import Figure

    couplings = {row.coupling for row in rows}
    if len(couplings) > 1:
        figure = Figure(figsize=(7, 4.4), layout="constrained")
        _draw_scan(figure.subplots(), run, rows)
    else:
        figure = Figure(figsize=(11, 4.4), layout="constrained")
        _draw_growth(figure.subplots(1, 2), run, rows)
    for ax in figure.axes:
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def _draw_growth(axes: Any, run: Run, rows: list[Row]) -> None:
    from geomsci.plotting import plot_curvature_growth, plot_effective_exponents

    values: dict[str, Any] = {
        "n_sites": [row.n_sites for row in rows],
        "curvatures": [row.scalar_curvature for row in rows],
        "heat_capacities": [row.heat_capacity for row in rows],
        "exponent": run.published_exponent,
        "amplitude": run.zero_momentum_amplitude,
        "standard_errors": _errors(rows),
    }
    plot_curvature_growth(**values, ax=axes[0])
    if len(set(values["n_sites"])) == len(rows) > 1:
        plot_effective_exponents(**values, ax=axes[1])
    else:
        axes[1].set_visible(False)


def _draw_scan(ax: Any, run: Run, rows: list[Row]) -> None:
    from geomsci.plotting import plot_coupling_scan

    for shape in dict.fromkeys(row.shape for row in rows):
        own = [row for row in rows if row.shape == shape]
        plot_coupling_scan(
            [row.coupling[0] for row in own],
            [row.scalar_curvature for row in own],
            n_sites=own[0].n_sites,
            critical=run.critical_coupling,
            standard_errors=_errors(own),
            label=own[0].name,
            ax=ax,
        )


def _errors(rows: list[Row]) -> list[float | None] | None:
    errors = [row.standard_error for row in rows]
    return None if None in errors else errors
