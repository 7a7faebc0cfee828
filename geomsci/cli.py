"""The command line: `geomsci validate`, `bench`, `fisher`, `sample`, `fit`, ..."""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Sequence

import geomsci
from geomsci import cli_entropic, cli_fisher, cli_sampling
from geomsci.backends import BackendUnavailable, current_backend, show_backends
from geomsci.cli_options import add_command, add_list
from geomsci.command_errors import EXIT_OK, EXIT_OVER_BUDGET, EXIT_USAGE, CommandError

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
    cli_fisher.add_fisher(commands)
    cli_sampling.add_sample(commands)
    cli_sampling.add_fit(commands)
    cli_entropic.add_entropic(commands)
    add_command(
        commands,
        "backends",
        help="show what is installed, what is usable and which kernels exist",
        description="Show which array libraries and compilers this machine has, why "
        "one is not usable, and which kernels exist for which function.",
        examples="example:\n  geomsci backends",
    )
    return parser


def _add_validate(commands: argparse._SubParsersAction) -> None:
    command = add_command(
        commands,
        "validate",
        help="compare all backends with the reference and write a report",
        description="Run every public function on every backend of this machine, "
        "compare with the float64 reference within the stated error budget, check "
        "invariants, take times, score real recordings, and write report.json, "
        "report.md, figures and index.html.",
        examples=VALIDATE_EXAMPLES,
    )
    add_list(command, "--suite", metavar="NAME", help="suites to run (default: all)")
    add_list(
        command,
        "--backends",
        metavar="NAME",
        help="backends to run: reference, auto, numba, torch, strict, strict-device1, "
        "cupy-offload, cupy (default: all; a missing one is a row that says why)",
    )
    add_list(
        command, "--dtype", metavar="NAME", help="float64, float32 (default: both)"
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
    command = add_command(
        commands,
        "bench",
        help="measure kernels, dispatch and, on request, other libraries",
        description="Measure kernels against the reference code, the cost of a call "
        "and of the import, and with --against-peers other libraries on the same "
        "input, in turns. Writes bench.json and bench.md.",
        examples=BENCH_EXAMPLES,
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
    add_list(
        command,
        "--suite",
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


def _refusals(command: str) -> tuple[type[Exception], ...]:
    """Errors that say in one sentence what the user can change."""
    if command not in ("validate", "bench"):
        return CommandError, BackendUnavailable
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
