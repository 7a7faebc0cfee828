"""The work of `geomsci fisher`: check what was asked, compute row by row, write."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from tqdm import tqdm

from geomsci.command_errors import (
    EXIT_INTERRUPTED,
    EXIT_OK,
    CommandError,
    as_command_error,
    check_figure,
    check_file,
    writing,
)
from geomsci.fisher.checks import known, lattice_named
from geomsci.fisher.command_output import (
    draw,
    footnotes,
    header,
    line,
    write_csv,
    write_json,
)
from geomsci.fisher.command_rows import (
    MONTE_CARLO,
    VECTOR_MODELS,
    Options,
    Row,
    Run,
    compute,
    sampler,
    with_growth,
)
from geomsci.fisher.critical import critical_coupling
from geomsci.fisher.methods import METHODS, automatic, checked_torus
from geomsci.fisher.zero_momentum import zero_momentum_amplitude

AMPLITUDE_SHAPE = (127, 127)
"""Seven digits of the infinite lattice."""

# Critical exponents (nu, eta): exact in two dimensions; in three of the conformal
# bootstrap: Kos et al., JHEP 08 (2016) 036; Chester et al., JHEP 06 (2020) 142 and
# Phys. Rev. D 104 (2021) 105013.
_EXPONENTS = {
    ("ising", 2, 2): (1, 1 / 4),
    ("potts", 2, 2): (1, 1 / 4),
    ("potts", 2, 3): (5 / 6, 4 / 15),
    ("potts", 2, 4): (2 / 3, 1 / 4),
    ("ising", 3, 2): (0.629971, 0.036298),
    ("potts", 3, 2): (0.629971, 0.036298),
    ("xy", 3, None): (0.671754, 0.038176),
    ("heisenberg", 3, None): (0.711690, 0.037884),
}


def run_command(options: Options) -> int:
    """Compute, print and write; returns the exit status.

    What was computed is printed and written even if a later size fails or the work is
    interrupted.

    Raises
    ------
    CommandError
        One sentence on what cannot be done, or went wrong.
    """
    shapes, couplings = _shapes(options), _couplings(options)
    method = _method(options)
    with as_command_error():
        _check_work(options, method, shapes, couplings)
    _check_files(options, shapes, couplings)
    run = _described(options, method, couplings)
    tqdm.write(header(run))
    rows: list[Row] = []
    interrupted = False
    try:
        for row in _computed(run, options, shapes, couplings):
            rows.append(row)
    except KeyboardInterrupt:
        interrupted = True
        tqdm.write(
            f"geomsci fisher: interrupted after {len(rows)} of "
            f"{len(shapes) * len(couplings)} rows, which are kept.",
            file=sys.stderr,
        )
    finally:
        if rows:
            _finish(run, rows, options)
    return EXIT_INTERRUPTED if interrupted else EXIT_OK


# What is checked before the work begins


def _shapes(options: Options) -> list[tuple[int, ...]]:
    with as_command_error():
        dimension = lattice_named(options.lattice).dimension
    shapes = [(size,) * dimension for size in options.sizes]
    shapes += [_parsed(text) for text in options.shapes]
    if not shapes:
        raise CommandError(
            "--size or --shape must name at least one lattice, for example --size 8 16."
        )
    return list(dict.fromkeys(shapes))


def _parsed(text: str) -> tuple[int, ...]:
    """``8x12`` as (8, 12)."""
    try:
        return tuple(int(side) for side in text.lower().split("x"))
    except ValueError:
        raise CommandError(
            f"--shape must be sides joined by x, for example 8x12, got {text!r}."
        ) from None


def _couplings(options: Options) -> list[Any]:
    """None stands for the critical coupling."""
    isotropic: list[Any] = list(dict.fromkeys(options.couplings))
    per_axis = list(dict.fromkeys(map(tuple, options.couplings_per_axis)))
    return isotropic + per_axis or [None]


def _method(options: Options) -> str | None:
    """Name of the method in Python, None for the fastest exact one."""
    if options.method is None:
        return MONTE_CARLO if options.model in VECTOR_MODELS else None
    method = options.method.replace("-", "_")
    with as_command_error():
        known("--method", method, (*METHODS, MONTE_CARLO))
    return method


def _check_work(
    options: Options, method: str | None, shapes: list[Any], couplings: list[Any]
) -> None:
    """Refuse in the first second what would be refused after hours."""
    if method == MONTE_CARLO:
        for name in ("samples", "replicas", "thin"):
            if getattr(options, name) < 1:
                raise CommandError(
                    f"--{name} must be at least 1, got {getattr(options, name)}."
                )
    for shape in shapes:
        for coupling in couplings:
            if method == MONTE_CARLO:
                sampler(options, shape, coupling, replicas=1)
                continue
            torus = checked_torus(
                options.lattice, shape, coupling, options.model, options.q
            )
            if method is None:
                automatic(torus)


def _check_files(options: Options, shapes: list[Any], couplings: list[Any]) -> None:
    """Refuse files that cannot be written before the work, not after it."""
    for option in ("json", "csv", "plot"):
        check_file(option, getattr(options, option))
    if options.plot is None:
        return
    check_figure(options.plot)
    scan = len(couplings) > 1
    if scan and any(isinstance(J, tuple) for J in couplings):
        raise CommandError(
            "--plot draws a scan of --coupling or the sizes of one coupling, got "
            "several --coupling-per-axis: leave it out."
        )
    if not scan and len(shapes) < 2:
        raise CommandError(
            "--plot needs at least two sizes or two couplings, got one of each."
        )


# The work


def _described(options: Options, method: str | None, couplings: list[Any]) -> Run:
    """What the table, the files and the figure say about all rows."""
    lattice = lattice_named(options.lattice)
    try:
        critical = critical_coupling(options.model, lattice.name, options.q)
    except ValueError:
        critical = None
    exponent = amplitude = None
    at_transition = len(couplings) == 1 and couplings[0] in (None, critical)
    if at_transition:
        q = 2 if options.model == "ising" else options.q
        found = _EXPONENTS.get((options.model, lattice.dimension, q))
        if found is not None:
            nu, eta = found
            dnu = lattice.dimension * nu
            exponent = (dnu + 2 * eta) / (dnu + eta)
        # The law of the heat capacity asks for more digits of it than samples give.
        exact = method != MONTE_CARLO
        if exact and options.model == "ising" and lattice.name == "square":
            amplitude = float(zero_momentum_amplitude(AMPLITUDE_SHAPE))
    return Run(
        lattice=lattice.name,
        model=options.model,
        q=options.q,
        method=method,
        critical_coupling=critical,
        published_exponent=exponent,
        zero_momentum_amplitude=amplitude,
        at_transition=at_transition,
        sampled=method == MONTE_CARLO,
    )


def _computed(
    run: Run, options: Options, shapes: list[Any], couplings: list[Any]
) -> Iterator[Row]:
    """The rows, printed as they come, under a bar of the estimated work."""
    work = [math.prod(shape) ** 2 for shape in shapes]
    with tqdm(
        total=len(couplings) * sum(work),
        file=sys.stderr,
        disable=None,
        leave=False,
        bar_format="{desc}{percentage:3.0f}%|{bar}| {elapsed}",
    ) as bar:
        for coupling in couplings:
            before: Row | None = None
            for shape, cost in zip(shapes, work):
                bar.set_description("x".join(map(str, shape)))
                row = with_growth(_one(options, run, shape, coupling, bar), before)
                before = row
                tqdm.write(line(run, row))
                sys.stdout.flush()
                bar.update(cost)
                yield row


def _one(options: Options, run: Run, shape: Any, coupling: Any, bar: Any) -> Row:
    """One size at one coupling; the library's warnings become sentences on stderr."""
    with as_command_error(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        row = compute(run, options, shape, coupling)
    for warning in caught:
        if not issubclass(warning.category, UserWarning):
            continue  # deprecations in other libraries
        text = f"geomsci fisher: warning at {row.name}: {warning.message}"
        bar.write(text, file=sys.stderr)
    return row


def _finish(run: Run, rows: list[Row], options: Options) -> None:
    """Footnotes, files and figure of the rows that there are."""
    for note in footnotes(run, rows):
        tqdm.write(note)
    with writing():
        if options.json is not None:
            write_json(options.json, run, rows)
        if options.csv is not None:
            write_csv(options.csv, run, rows)
        if options.plot is not None:
            draw(options.plot, run, rows)
