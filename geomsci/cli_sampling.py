"""The commands `geomsci sample` and `geomsci fit`: their options and their help."""

from __future__ import annotations

import argparse
import pathlib

from geomsci.cli_options import add_command, add_file

SAMPLE_EXAMPLES = """examples:
  geomsci sample --input rw=uniform:0.05,0.15 --input Tl=norm:90,10 --degree 3
  geomsci sample --inputs model.toml --degree 4 -n 120 --seed 1 --out runs.csv
  geomsci sample --inputs model.toml --index-set hyperbolic-cross --degree 8

model.toml:
  [inputs]
  rw = "uniform:0.05,0.15"
  L = "lognorm:s=0.1,scale=1400"

exit status: 0 done, 2 wrong usage
"""

FIT_EXAMPLES = """examples:
  geomsci fit design.csv
  geomsci fit results.csv --design design.json --column flow --json fit.json
  geomsci fit results.csv --predict new.csv --out predictions.csv

exit status: 0 done, 2 wrong usage or a file that is not as it must be
"""


def add_sample(commands: argparse._SubParsersAction) -> None:
    """Add the options of ``geomsci sample``."""
    command = add_command(
        commands,
        "sample",
        help="write the runs from which a simulator is best learnt, as CSV",
        description="Choose where to run an expensive simulator: an optimal design "
        "for a polynomial surrogate. Writes the inputs of the runs as CSV, and beside "
        "it a JSON file that geomsci fit reads.",
        examples=SAMPLE_EXAMPLES,
    )
    command.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=DIST:P,...",
        help="an input and its distribution by its name in scipy.stats, with the "
        "parameters by position or as scale=2; uniform takes both ends; repeat it",
    )
    add_file(command, "--inputs", "JSON or TOML file with the same in a table inputs")
    command.add_argument(
        "--degree",
        nargs="+",
        type=int,
        required=True,
        metavar="P",
        help="of the polynomials; one for each input with tensor-product",
    )
    command.add_argument(
        "--index-set",
        default="total-degree",
        metavar="NAME",
        help="total-degree, hyperbolic-cross, tensor-product (default: total-degree)",
    )
    command.add_argument(
        "--sampler",
        default="optimal",
        metavar="NAME",
        help="optimal, repeated-dpp, volume-rescaled, christoffel, dpp, fekete "
        "(default: optimal)",
    )
    command.add_argument(
        "-n",
        "--runs",
        type=int,
        metavar="N",
        help="number of runs (default: 1.5 for each function of the basis; 1 with dpp "
        "and fekete)",
    )
    command.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="of the random numbers (default: 0)",
    )
    command.add_argument(
        "--out",
        type=pathlib.Path,
        default=pathlib.Path("design.csv"),
        metavar="FILE",
        help="CSV file; the JSON file has the same name (default: design.csv)",
    )
    command.add_argument(
        "--force", action="store_true", help="replace files that exist"
    )
    command.set_defaults(run=_sample)


def add_fit(commands: argparse._SubParsersAction) -> None:
    """Add the options of ``geomsci fit``."""
    command = add_command(
        commands,
        "fit",
        help="fit a surrogate to the results of the runs of geomsci sample",
        description="Fit polynomials to the results of a design by weighted least "
        "squares. Prints how far to trust the fit, mean, variance and Sobol' indices. "
        "Runs with an empty result or NaN failed: they are named and left out.",
        examples=FIT_EXAMPLES,
    )
    command.add_argument(
        "results",
        type=pathlib.Path,
        metavar="RESULTS.csv",
        help="the CSV file of the design with a column of results",
    )
    add_file(
        command,
        "--design",
        "JSON file of the design (default: beside the results, with their name "
        "or named design.json)",
    )
    command.add_argument(
        "--column", default="y", metavar="NAME", help="of the results (default: y)"
    )
    command.add_argument(
        "--predict",
        type=pathlib.Path,
        metavar="NEW.csv",
        help="points to predict at: a CSV file with the columns of the inputs",
    )
    add_file(command, "--out", "CSV file of the predictions")
    command.add_argument(
        "--coverage",
        type=float,
        default=0.95,
        metavar="P",
        help="of the intervals of the predictions (default: 0.95)",
    )
    add_file(command, "--json", "all numbers in full precision, with the coefficients")
    command.set_defaults(run=_fit)


def _sample(arguments: argparse.Namespace) -> int:
    from geomsci.sampling.command import Options, run_command

    return run_command(
        Options(
            given=arguments.input,
            inputs=arguments.inputs,
            degree=arguments.degree,
            index_set=arguments.index_set,
            sampler=arguments.sampler,
            runs=arguments.runs,
            seed=arguments.seed,
            out=arguments.out,
            force=arguments.force,
        )
    )


def _fit(arguments: argparse.Namespace) -> int:
    from geomsci.sampling.command_fit import Options, run_command

    return run_command(
        Options(
            results=arguments.results,
            design=arguments.design,
            column=arguments.column,
            predict=arguments.predict,
            out=arguments.out,
            coverage=arguments.coverage,
            json=arguments.json,
        )
    )
