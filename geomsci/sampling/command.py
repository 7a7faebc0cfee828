"""The work of `geomsci sample`: a design as a CSV file, for any simulator."""

from __future__ import annotations

import dataclasses
import importlib
import math
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from geomsci.backends import LinAlgError
from geomsci.command_errors import EXIT_OK, CommandError, writing
from geomsci.sampling.basis import PolynomialBasis
from geomsci.sampling.command_problem import (
    WEIGHT,
    Problem,
    named_inputs,
    write_problem,
)
from geomsci.sampling.command_tables import write_table
from geomsci.sampling.design import Design
from geomsci.sampling.marginals import MarginalTransform
from geomsci.sampling.reduce import weighted_rows
from geomsci.sampling.stability import gram

# Of every one each point has the optimal measure and so the weight m / k_m.
SAMPLERS = {
    "optimal": "optimal_design:OptimalDesign",
    "repeated-dpp": "repeated:RepeatedDPP",
    "volume-rescaled": "volume:VolumeRescaledSampler",
    "christoffel": "christoffel:ChristoffelSampler",
    "dpp": "projection:ProjectionDPP",
    "fekete": "fekete:FeketeDesign",
}


@dataclasses.dataclass(frozen=True)
class Options:
    """Options of the command line; the fields are those of `geomsci sample --help`."""

    given: Sequence[str] = ()
    inputs: pathlib.Path | None = None
    degree: Sequence[int] = ()
    index_set: str = "total-degree"
    sampler: str = "optimal"
    runs: int | None = None
    seed: int = 0
    out: pathlib.Path = pathlib.Path("design.csv")
    force: bool = False


def run_command(options: Options) -> int:
    """Draw a design, print what it is and write it; returns the exit status.

    Raises
    ------
    CommandError
        One sentence on what cannot be done.
    """
    problem = Problem(
        named_inputs(options.given, options.inputs),
        options.index_set,
        tuple(options.degree),
    )
    basis, transform = problem.basis(), problem.transform()
    n = _number_of_runs(options, basis.size)
    sidecar = _checked_files(options)
    for line in _described(problem, transform):
        tqdm.write(line)
    tqdm.write(f"basis    {problem.described(basis.size)}")
    tqdm.write(f"design   {options.sampler}, n = {n} runs, seed {options.seed}")
    design = _drawn(options, basis, n)
    lambda_min, condition = _stability(basis, design)
    tqdm.write(
        f"         lambda_min = {lambda_min:.4g}, condition number = {condition:.4g}"
    )
    X = transform.from_standard(design.points)
    with writing("design", another="--out"):
        write_table(options.out, [*problem.names, WEIGHT], [X, design.weights])
        write_problem(
            sidecar,
            problem,
            n_functions=basis.size,
            n_runs=n,
            sampler=options.sampler,
            seed=options.seed,
            lambda_min=lambda_min,
            condition_number=condition if math.isfinite(condition) else None,
        )
    tqdm.write(f"\nWritten: {options.out}, {sidecar}")
    tqdm.write(
        "Add a column y with the results, empty where a run failed, then: "
        f"geomsci fit {options.out}"
    )
    return EXIT_OK


def _number_of_runs(options: Options, m: int) -> int:
    """Runs of the design; refuses what the sampler would refuse."""
    if options.sampler not in SAMPLERS:
        raise CommandError(
            f"--sampler must be one of {', '.join(SAMPLERS)}, got {options.sampler!r}."
        )
    if options.seed < 0:
        raise CommandError(f"--seed must be at least 0, got {options.seed}.")
    n = options.runs
    if options.sampler == "dpp":
        if n is not None and n != m:
            raise CommandError(
                f"-n must be {m}, the number of functions, with --sampler dpp, got "
                f"{n}: leave it out, or take --sampler optimal."
            )
        return m
    if n is None:
        return m if options.sampler == "fekete" else math.ceil(3 * m / 2)
    if n < m:
        raise CommandError(
            f"-n must be at least {m}, the number of functions, got {n}: lower "
            "--degree, or allow more runs."
        )
    return n


def _checked_files(options: Options) -> pathlib.Path:
    """The JSON file beside the CSV file; neither may hold anything yet."""
    out = options.out
    if out.suffix == ".json" or out.is_dir() or not out.resolve().parent.is_dir():
        raise CommandError(
            "--out must be a CSV file in a folder that exists, for example design.csv, "
            f"got {out}."
        )
    sidecar = out.with_suffix(".json")
    for file in (out, sidecar):
        if file.exists() and not options.force:
            raise CommandError(
                f"{file} exists, and results in it would be lost: choose another "
                "--out, or give --force."
            )
    return sidecar


def _described(problem: Problem, transform: MarginalTransform) -> list[str]:
    """One line for each input: what was understood."""
    rows = []
    for j, (name, text) in enumerate(problem.inputs.items()):
        marginal = transform.marginals[j]
        low, high = marginal.support()
        if math.isfinite(low) and math.isfinite(high):
            where = f"{low:.6g} to {high:.6g}"
        else:
            low, high = marginal.ppf([0.005, 0.995])
            where = f"99 % in {low:.6g} to {high:.6g}"
        rows.append((name, text, where, transform.families[j]))
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    heads = ["inputs", *[""] * (len(rows) - 1)]
    return [
        f"{head:<9}"
        + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths))
        + f"  {row[3]}"
        for head, row in zip(heads, rows)
    ]


def _drawn(options: Options, basis: PolynomialBasis, n: int) -> Design:
    module, name = SAMPLERS[options.sampler].split(":")
    sampler: Any = getattr(importlib.import_module(f"geomsci.sampling.{module}"), name)
    try:
        return sampler(basis).sample(n, rng=options.seed)
    except (ValueError, LinAlgError, MemoryError) as error:
        raise CommandError(
            f"--sampler {options.sampler} cannot draw this design: {error}"
        ) from error


def _stability(basis: PolynomialBasis, design: Design) -> tuple[float, float]:
    """Smallest eigenvalue and condition number of the Gram matrix of a design."""
    eigenvalues = np.linalg.eigvalsh(gram(weighted_rows(design, basis)))
    lambda_min = max(float(eigenvalues[0]), 0.0)
    largest = float(eigenvalues[-1])
    return lambda_min, largest / lambda_min if lambda_min > 0 else math.inf
