"""The command line: `geomsci validate`, `bench`, `fisher`, `sample`, `fit`, ..."""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Sequence

import geomsci
from geomsci import cli_entropic, cli_sampling
from geomsci.backends import BackendUnavailable, current_backend, show_backends

EXIT_OK, EXIT_OVER_BUDGET, EXIT_USAGE = 0, 1, 2

VALIDATE_EXAMPLES = """examples:
  geomsci validate --quick
  geomsci validate --suite spd --backends reference strict --dtype float64
  geomsci validate --data recordings/ --out report/
  geomsci validate --compare report/report.json

exit status: 0 all rows within budget, 1 a row over budget or failed, 2 wrong usage
"""

BENCH_EXAMPLES = """examples:
  geomsci bench
  geomsci bench --against-peers --suite eeg
  geomsci bench --suite kernels --repeats 20 --out numbers/
  geomsci bench --against-peers --suite embedding --full
"""

FISHER_EXAMPLES = """examples:
  geomsci fisher --lattice square --size 32
  geomsci fisher --size 8 16 32 64 --json table.json --plot growth.png
  geomsci fisher --shape 8x12 --coupling-per-axis 0.5 0.3
  geomsci fisher --size 16 --coupling 0.3 0.4 0.44 0.5 --plot scan.png
  geomsci fisher --model potts --q 3 --size 3 4 5 6
  geomsci fisher --lattice cubic --size 6 --method monte-carlo --samples 5000

exit status: 0 done, 2 wrong usage or a size that cannot be done, 130 interrupted
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="geomsci",
        description="Geometry for scientific computing, on any array library.",
        epilog="Every command has its own help: geomsci validate --help",
    )
    parser.add_argument(
        "--version", action="version", version=f"geomsci {geomsci.__version__}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_validate(commands)
    _add_bench(commands)
    _add_fisher(commands)
    cli_sampling.add_sample(commands)
    cli_sampling.add_fit(commands)
    cli_entropic.add_entropic(commands)
    commands.add_parser(
        "backends",
        help="show what is installed, what is usable and which kernels exist",
        description="Show which array libraries and compilers this machine has, why "
        "one is not usable, and which kernels exist for which function.",
        epilog="example:\n  geomsci backends",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def _add_validate(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "validate",
        help="compare all backends with the reference and write a report",
        description="Run every public function on every backend of this machine, "
        "compare with the float64 reference within the stated error budget, check "
        "invariants, take times, score real recordings, and write report.json, "
        "report.md, figures and index.html.",
        epilog=VALIDATE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--suite",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME",
        help="suites to run (default: all)",
    )
    command.add_argument(
        "--backends",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME",
        help="backends to run: reference, auto, numba, torch, strict, strict-device1, "
        "cupy-offload, cupy (default: all; a missing one is a row that says why)",
    )
    command.add_argument(
        "--dtype",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME",
        help="float64, float32 (default: both)",
    )
    command.add_argument(
        "--quick", action="store_true", help="small sizes only, about a minute"
    )
    command.add_argument(
        "--data",
        type=pathlib.Path,
        metavar="DIR",
        help="folder of further data: recordings to score (archives with X, y, "
        "session), california_housing.csv",
    )
    command.add_argument(
        "--out",
        type=pathlib.Path,
        default=pathlib.Path("validation-report"),
        metavar="DIR",
        help="folder of the report (default: validation-report)",
    )
    command.add_argument(
        "--compare",
        type=pathlib.Path,
        metavar="OLD.json",
        help="report.json of an earlier run; shows what changed",
    )
    command.set_defaults(run=_validate)


def _add_bench(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "bench",
        help="measure kernels, dispatch and, on request, other libraries",
        description="Measure kernels against the reference code, the cost of a call "
        "and of the import, and with --against-peers other libraries on the same "
        "input, in turns. Writes bench.json and bench.md.",
        epilog=BENCH_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--against-peers",
        action="store_true",
        help="compare with other libraries (those of geomsci[peers])",
    )
    command.add_argument(
        "--full",
        action="store_true",
        help="also the rows that take minutes each: a million points, 512³ cells",
    )
    command.add_argument(
        "--suite",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME",
        help="eeg, spd, fisher, sampling, embedding, entropic, kernels, overhead "
        "(default: all)",
    )
    command.add_argument(
        "--repeats",
        type=int,
        default=5,
        metavar="N",
        help="runs of each side, in turns (default: 5)",
    )
    command.add_argument(
        "--out",
        type=pathlib.Path,
        default=pathlib.Path("bench-report"),
        metavar="DIR",
        help="folder of bench.json and bench.md (default: bench-report)",
    )
    command.set_defaults(run=_bench)


def _add_fisher(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser(
        "fisher",
        help="scalar curvature of the Fisher metric of lattice models",
        description="Compute the scalar curvature R of the Fisher metric of a model "
        "on a periodic lattice, one coupling a bond, exactly or by Monte Carlo. "
        "Prints a row for every coupling and size as soon as it is known.",
        epilog=FISHER_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_fisher_problem(command)
    _add_fisher_sampling(command)
    files = command.add_argument_group("files")
    for name, what in (
        ("json", "all numbers in full precision"),
        ("csv", "the same, one line a row"),
        ("plot", "a figure: |R|/n and exponents against n, or R/n against J"),
    ):
        files.add_argument(f"--{name}", type=pathlib.Path, metavar="FILE", help=what)
    command.set_defaults(run=_fisher)


def _add_fisher_problem(command: argparse.ArgumentParser) -> None:
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
    command.add_argument(
        "--size",
        nargs="+",
        action="extend",
        type=int,
        default=[],
        metavar="L",
        help="lattices with L cells along every axis",
    )
    command.add_argument(
        "--shape",
        nargs="+",
        action="extend",
        default=[],
        metavar="AxB",
        help="lattices with other sides, for example 8x12 or 3x3x4",
    )
    command.add_argument(
        "--coupling",
        nargs="+",
        action="extend",
        type=float,
        default=[],
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
    command.add_argument(
        "--backend",
        metavar="NAME",
        help="auto, reference, numba, cupy (default: GEOMSCI_BACKEND, else auto)",
    )


def _add_fisher_sampling(command: argparse.ArgumentParser) -> None:
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


def _validate(arguments: argparse.Namespace) -> int:
    from geomsci.validation import job
    from geomsci.validation.compare import compare
    from geomsci.validation.report import read_report
    from geomsci.validation.report_markdown import terminal

    options = job.Options(
        suites=tuple(dict.fromkeys(arguments.suite)),
        backends=tuple(dict.fromkeys(arguments.backends)),
        dtypes=tuple(dict.fromkeys(arguments.dtype)) or job.Options.dtypes,
        quick=arguments.quick,
        data=arguments.data,
    )
    job.check(options)
    # The old report is read first: it may be the very file that is written at the end.
    old = read_report(arguments.compare) if arguments.compare is not None else None
    job.prepare_folder(arguments.out)
    report = job.validate(options)
    comparison = compare(report, old) if old is not None else None
    remarks = job.write_files(report, comparison, arguments.out)
    print(terminal(report, comparison))
    print(*remarks, f"Report: {arguments.out / 'index.html'}", sep="\n")
    return EXIT_OVER_BUDGET if report.bad_rows else EXIT_OK


def _bench(arguments: argparse.Namespace) -> int:
    from geomsci.validation.bench.job import check, measure, write_files
    from geomsci.validation.job import prepare_folder

    suites = list(dict.fromkeys(arguments.suite))
    check(suites, arguments.repeats)
    prepare_folder(arguments.out)
    bench = measure(suites, arguments.repeats, arguments.against_peers, arguments.full)
    print(write_files(bench, arguments.out))
    print(f"Written: {arguments.out / 'bench.md'}, {arguments.out / 'bench.json'}")
    return EXIT_OK


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


def _refusals(command: str) -> tuple[type[Exception], ...]:
    """Errors that say in one sentence what the user can change."""
    if command == "fisher":
        from geomsci.fisher.command import CommandError

        return CommandError, BackendUnavailable
    if command in ("sample", "fit"):
        from geomsci.sampling.command_problem import CommandError as SamplingError

        return SamplingError, BackendUnavailable
    if command == "entropic":
        from geomsci.entropic.command_input import CommandError as EntropicError

        return EntropicError, BackendUnavailable
    from geomsci.validation.job import JobError
    from geomsci.validation.report import ReportError
    from geomsci.validation.suites import UnknownName

    return JobError, ReportError, UnknownName, BackendUnavailable


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status.

    Wrong usage is one sentence on stderr and the status 2.
    """
    arguments = _parser().parse_args(argv)
    try:
        current_backend()  # a wrong GEOMSCI_BACKEND would break every command
    except (ValueError, BackendUnavailable) as error:
        return _wrong_usage(arguments, error)
    if arguments.command == "backends":
        show_backends()
        return EXIT_OK
    try:
        return arguments.run(arguments)
    except _refusals(arguments.command) as error:
        return _wrong_usage(arguments, error)


def _wrong_usage(arguments: argparse.Namespace, error: Exception) -> int:
    print(f"geomsci {arguments.command}: {error}", file=sys.stderr)
    return EXIT_USAGE


if __name__ == "__main__":
    sys.exit(main())
