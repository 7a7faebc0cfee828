"""The job of `geomsci validate`: run suites, make a report, write its files."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence

from geomsci.validation import runner, suites
from geomsci.validation.compare import Comparison
from geomsci.validation.environment import environment
from geomsci.validation.figures import Figure, FiguresUnavailable, draw_figures
from geomsci.validation.report import Report, write_report
from geomsci.validation.report_html import html_page
from geomsci.validation.report_markdown import markdown
from geomsci.validation.rows import Row
from geomsci.validation.scores import SEED as BOOTSTRAP_SEED
from geomsci.validation.scores import Score
from geomsci.validation.suites import CASE_SEED
from geomsci.validation.variants import VARIANTS, variant


class JobError(ValueError):
    """The job cannot start as asked; the message says what to change."""


@dataclasses.dataclass(frozen=True)
class Options:
    """What to run."""

    suites: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = runner.DTYPES
    quick: bool = False
    data: pathlib.Path | None = None

    def described(self) -> dict[str, object]:
        """The options for the report; a folder is told by its last name only."""
        return {
            "suites": list(self.suites or sorted(suites.SUITES)),
            "backends": list(self.backends or VARIANTS),
            "dtypes": list(self.dtypes),
            "quick": self.quick,
            "data": self.data.resolve().name if self.data is not None else None,
        }


@contextlib.contextmanager
def progress(total: int, label: str) -> Iterator[Callable[[str], None]]:
    """A bar on stderr while something runs; nothing where stderr is no terminal."""
    from tqdm import tqdm

    with tqdm(
        total=total, desc=label, file=sys.stderr, disable=None, leave=False
    ) as bar:
        started = False

        def advance(what: str) -> None:
            nonlocal started
            if started:
                bar.update(1)
            started = True
            bar.set_postfix_str(what[:40])

        yield advance


DATA_FILES = ("*.npz", "*.csv", "*.gad", "*.dat")
"""What the experiments of the suites read."""


def check(options: Options) -> None:
    """Raise `JobError` or ValueError for options that cannot be honoured."""
    if options.data is not None and not options.data.is_dir():
        state = "is not a folder" if options.data.exists() else "does not exist"
        raise JobError(
            f"--data must be a folder of data, got {options.data}, which {state}."
        )
    if options.data is not None and not any(
        any(options.data.rglob(pattern)) for pattern in DATA_FILES
    ):
        raise JobError(
            "--data must hold archives (*.npz) of recordings, tables (*.csv, *.dat) or "
            f"snapshots (*.gad), got {options.data} without any."
        )
    for name in options.suites:
        if name not in suites.SUITES:
            suites.suite_module(name)  # raises the sentence that lists the known ones
    for name in options.backends:
        variant(name)
    for name in options.dtypes:
        if name not in runner.DTYPES:
            raise JobError(
                f"dtype must be one of {', '.join(runner.DTYPES)}, got {name!r}."
            )


def prepare_folder(out: pathlib.Path) -> None:
    """Make the folder of the report before the work, not after it.

    Raises
    ------
    JobError
        If it cannot be made or written to.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise JobError(
            f"The report cannot be written to {out} ({error.strerror}): choose another "
            "folder with --out."
        ) from error


def validate(options: Options) -> Report:
    """Run the suites on the backends and gather the report."""
    check(options)
    start = time.perf_counter()
    about = environment({"cases": CASE_SEED, "bootstrap": BOOTSTRAP_SEED})
    variants = [variant(name) for name in options.backends or VARIANTS]
    effort = runner.QUICK if options.quick else runner.Effort()
    rows: list[Row] = []
    scores: list[Score] = []
    for name in options.suites or sorted(suites.SUITES):
        cases = suites.suite_cases(name, options.quick)
        total = len(cases) * len(variants) * len(options.dtypes)
        with progress(total, name) as advance:
            rows += runner.run_cases(cases, variants, options.dtypes, effort, advance)
        experiments = suites.suite_experiments(name, options.quick, options.data)
        with progress(len(experiments), f"{name} recordings") as advance:
            more_scores, more_rows = runner.run_experiments(experiments, name, advance)
        scores += more_scores
        rows += more_rows
    return Report(
        about,
        options.described(),
        tuple(rows),
        tuple(scores),
        time.perf_counter() - start,
    )


def write_files(
    report: Report, comparison: Comparison | None, out: pathlib.Path
) -> list[str]:
    """Write JSON, Markdown, figures and the page; return what could not be done.

    Figures of an earlier run in the folder are removed, so that none is stale.
    """
    write_report(report, out / "report.json")
    folder = out / "figures"
    folder.mkdir(exist_ok=True)
    for stale in folder.glob("*.png"):
        stale.unlink()
    figures: Sequence[Figure] = ()
    remarks = []
    try:
        figures = draw_figures(report, folder)
    except FiguresUnavailable as error:
        remarks.append(str(error))
    names = {f.title: f"figures/{f.light.name}" for f in figures}
    text = markdown(report, comparison, names)
    (out / "report.md").write_text(text, encoding="utf-8")
    page = html_page(report, comparison, figures)
    (out / "index.html").write_text(page, encoding="utf-8")
    return remarks
