"""The command `geomsci fisher`: its options and its help."""

from __future__ import annotations

import argparse

from geomsci.cli_options import add_backend, add_command, add_file, add_list

FISHER_EXAMPLES = """examples:
  geomsci fisher --lattice square --size 32
  geomsci fisher --size 8 16 32 64 --json table.json --plot growth.png
  geomsci fisher --shape 8x12 --coupling-per-axis 0.5 0.3
  geomsci fisher --size 16 --coupling 0.3 0.4 0.44 0.5 --plot scan.png
  geomsci fisher --model potts --q 3 --size 3 4 5 6
  geomsci fisher --lattice cubic --size 6 --method monte-carlo --samples 5000

exit status: 0 done, 2 wrong usage or a size that cannot be done, 130 interrupted
"""


def add_fisher(commands: argparse._SubParsersAction) -> None:
    """Add the options of ``geomsci fisher``."""
    command = add_command(
        commands,
        "fisher",
        help="scalar curvature of the Fisher metric of lattice models",
        description="Compute the scalar curvature R of the Fisher metric of a model "
        "on a periodic lattice, one coupling a bond, exactly or by Monte Carlo. "
        "Prints a row for every coupling and size as soon as it is known.",
        examples=FISHER_EXAMPLES,
    )
    _add_problem(command)
    _add_sampling(command)
    files = command.add_argument_group("files")
    for name, what in (
        ("json", "all numbers in full precision"),
        ("csv", "the same, one line a row"),
        ("plot", "a figure: |R|/n and exponents against n, or R/n against J"),
    ):
        add_file(files, f"--{name}", what)
    command.set_defaults(run=_fisher)


def _add_problem(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--lattice",
        default="square",
        metavar="NAME",
        help="square, triangular, honeycomb, kagome, cubic (default: square)",
    )
    command.add_argument(
        "--model",
        default="ising",
        metavar="NAME",
        help="ising, potts; xy and heisenberg by Monte Carlo (default: ising)",
    )
    command.add_argument(
        "--q", type=int, metavar="Q", help="states of a site of the potts model"
    )
    add_list(
        command,
        "--size",
        type=int,
        metavar="L",
        help="lattices with L cells along every axis",
    )
    add_list(
        command,
        "--shape",
        metavar="AxB",
        help="lattices with other sides, for example 8x12 or 3x3x4",
    )
    add_list(
        command,
        "--coupling",
        type=float,
        metavar="J",
        help="couplings of all bonds, one run each (default: the critical one)",
    )
    command.add_argument(
        "--coupling-per-axis",
        nargs="+",
        action="append",
        type=float,
        default=[],
        metavar="J",
        help="one coupling per bond type of the lattice; repeat it for another run",
    )
    command.add_argument(
        "--method",
        metavar="NAME",
        help="pfaffian, transfer-matrix, enumeration, monte-carlo (default: the "
        "fastest exact one)",
    )
    add_backend(command)


def _add_sampling(command: argparse.ArgumentParser) -> None:
    sampling = command.add_argument_group("with --method monte-carlo")
    for name, default, what in (
        ("samples", 2000, "configurations kept of every replica"),
        ("replicas", 8, "independent chains"),
        ("burn-in", 200, "updates before the first configuration"),
        ("thin", 1, "updates from one kept configuration to the next"),
        ("seed", 0, "of the random numbers"),
    ):
        sampling.add_argument(
            f"--{name}",
            type=int,
            default=default,
            metavar="N",
            help=f"{what} (default: {default})",
        )
    sampling.add_argument(
        "--algorithm",
        default="swendsen-wang",
        metavar="NAME",
        help="swendsen-wang, wolff, metropolis (default: swendsen-wang)",
    )


def _fisher(arguments: argparse.Namespace) -> int:
    from geomsci.fisher.command import Options, run_command

    return run_command(
        Options(
            lattice=arguments.lattice,
            model=arguments.model,
            q=arguments.q,
            sizes=arguments.size,
            shapes=arguments.shape,
            couplings=arguments.coupling,
            couplings_per_axis=arguments.coupling_per_axis,
            method=arguments.method,
            samples=arguments.samples,
            replicas=arguments.replicas,
            burn_in=arguments.burn_in,
            thin=arguments.thin,
            algorithm=arguments.algorithm,
            seed=arguments.seed,
            backend=arguments.backend,
            json=arguments.json,
            csv=arguments.csv,
            plot=arguments.plot,
        )
    )
