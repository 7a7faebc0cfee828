"""The work of `geomsci entropic`: check what was asked, compute, write."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import sys
import time
import warnings
from typing import Any

from tqdm import tqdm

from geomsci.backends import use_backend
from geomsci.command_errors import (
    EXIT_INTERRUPTED,
    EXIT_OK,
    CommandError,
    as_command_error,
    check_file,
    writing,
)
from geomsci.entropic.command_input import Request, Source, read
from geomsci.entropic.command_output import (
    Report,
    check_maps,
    check_plot,
    draw,
    report,
    table,
    write_json,
    write_maps,
)
from geomsci.entropic.estimator import EntropicCurvature


@dataclasses.dataclass(frozen=True)
class Options:
    """What was typed."""

    file: pathlib.Path
    smoothing: list[float]
    form: str = "auto"
    key: str | None = None
    columns: tuple[str, ...] = ()
    weights: str | None = None
    randoms: pathlib.Path | None = None
    velocity: str = "czHelio"
    frame: str = "heliocentric"
    box_size: tuple[float, ...] = ()
    n_grid: tuple[int, ...] = ()
    window: str = "pcs"
    compensate: bool = True
    interlaced: bool = False
    dimension: float = float("inf")
    convention: str = "bakry-emery"
    threshold: str = "0"
    probe_width: float = 0.0
    probe_step: float = 0.0
    backend: str | None = None
    maps: tuple[str, ...] = ("signature", "eigenvalues")
    out: pathlib.Path | None = None
    json: pathlib.Path | None = None
    plot: pathlib.Path | None = None
    axis: str = "z"
    at: float | None = None
    unit: str | None = None


def run_command(options: Options) -> int:
    """Compute, print and write; returns the exit status.

    Raises
    ------
    CommandError
        One sentence on what cannot be done, or went wrong.
    """
    _check_files(options)
    threshold = _threshold(options.threshold)
    try:
        with as_command_error():
            source = read(options.file, _request(options))
            randoms = None
            if options.randoms is not None:
                randoms = _randoms(options, source)
            model = _model(options, source, threshold)
            started = time.perf_counter()
            _fit(model, source, randoms, options)
            seconds = time.perf_counter() - started
            found = report(
                model,
                file=str(options.file),
                shape=source.values.shape,
                positions=source.positions,
                n_randoms=None if randoms is None else len(randoms),
                seconds=seconds,
                remarks=source.remarks,
            )
            sys.stdout.write(table(found))
            sys.stdout.flush()
            _write(options, model, source, found)
    except KeyboardInterrupt:
        tqdm.write("geomsci entropic: interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    return EXIT_OK


def _check_files(options: Options) -> None:
    """Refuse files that cannot be written before the work, not after it."""
    for option in ("out", "json", "plot"):
        check_file(option, getattr(options, option))
    check_maps(options.out, options.maps)
    check_plot(options.plot, options.axis)


def _threshold(text: str) -> Any:
    """A number, or ``sigma:x`` as the pair that the estimator takes."""
    name, colon, number = text.rpartition(":")
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if value != value or (name, colon) not in (("", ""), ("sigma", ":")):
        raise CommandError(
            "--threshold must be a number, or sigma:x in standard deviations of the "
            f"trace, got {text!r}."
        )
    return ("sigma", value) if colon else value


def _request(options: Options) -> Request:
    return Request(
        options.form,
        options.key,
        options.columns,
        options.weights,
        options.velocity,
        options.frame,
    )


def _randoms(options: Options, source: Source) -> Any:
    """Positions of the random catalogue."""
    if not source.positions or options.n_grid:
        raise CommandError(
            "--randoms need positions without --n-grid: on a grid divide the density "
            "by that of the randoms."
        )
    assert options.randoms is not None
    found = read(options.randoms, Request(columns=options.columns))
    if not found.positions:
        raise CommandError(
            f"--randoms must hold positions, got a grid in {options.randoms}."
        )
    return found.values


def _model(options: Options, source: Source, threshold: Any) -> EntropicCurvature:
    box: Any = options.box_size or source.box_size
    cells: Any = options.n_grid or None
    return EntropicCurvature(
        options.smoothing,
        dimension=options.dimension,
        convention=options.convention,
        probe_width=options.probe_width,
        probe_step=options.probe_step,
        box_size=_one_or_all(box),
        window=options.window,
        compensate=options.compensate,
        interlaced=options.interlaced,
        threshold=threshold,
        n_grid=_one_or_all(cells),
    )


def _one_or_all(values: Any) -> Any:
    """One number for all axes, or a list with one for each."""
    if isinstance(values, tuple):
        return values[0] if len(values) == 1 else list(values)
    return values


def _fit(
    model: EntropicCurvature, source: Source, randoms: Any, options: Options
) -> None:
    """Compute; the library's warnings become sentences on stderr."""
    backend = options.backend
    chosen = contextlib.nullcontext() if backend is None else use_backend(backend)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with chosen:
            try:
                model.fit(source.values, sample_weight=source.weights, randoms=randoms)
            except (ValueError, TypeError) as error:
                raise CommandError(_of_file(error, options.file)) from error
    texts = [
        _of_file(w.message, options.file)
        for w in caught
        if issubclass(w.category, UserWarning)
    ]
    if source.positions and model.box_size is None and randoms is None:
        texts.append(
            "Positions in open space without --randoms: the edge of the data, and a "
            "selection if there is one, count as structure."
        )
    for R, noise, sigma in zip(
        model.smoothing, model.shot_noise_, model.sigma_trace_, strict=True
    ):
        if noise >= sigma:
            texts.append(
                f"The shot noise of the positions at R = {R:g} is {noise:.3g}, above "
                f"the scatter of the trace, {sigma:.3g}: take a larger R, and check "
                "that R and the positions have one unit."
            )
    for text in dict.fromkeys(texts):
        tqdm.write(f"geomsci entropic: warning: {text}", file=sys.stderr)


def _of_file(message: object, file: pathlib.Path) -> str:
    """A sentence of the estimator about X as one about the file."""
    text = str(message)
    return f"{file}{text[1:]}" if text.startswith("X ") else text


def _write(
    options: Options, model: EntropicCurvature, source: Source, found: Report
) -> None:
    with writing():
        if options.json is not None:
            write_json(options.json, found)
        if options.out is not None:
            write_maps(options.out, model, source, found, options.maps)
        if options.plot is not None:
            draw(
                options.plot,
                model,
                source,
                axis=options.axis,
                at=options.at,
                unit=options.unit,
            )
