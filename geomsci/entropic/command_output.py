"""What `geomsci entropic` prints and writes: table, JSON, maps, figure."""

from __future__ import annotations

import dataclasses
import json
import math
import pathlib
from typing import Any

import numpy as np

from geomsci.command_errors import CommandError, check_figure
from geomsci.entropic.command_input import Source
from geomsci.entropic.estimator import EntropicCurvature
from geomsci.entropic.statistics import doroshkevich_fractions
from geomsci.plotting_web import AXIS_NAMES, CLASS_NAMES, class_handles

FORMAT = 1
"""Of the JSON file and the maps; goes up when a field changes its meaning."""

MAPS = ("signature", "eigenvalues", "curvature")
_HDF5 = (".h5", ".hdf5")


@dataclasses.dataclass(frozen=True)
class Scale:
    """Results of one smoothing scale; None where there is no such number."""

    smoothing: float
    threshold: float
    volume_fractions: list[float]
    mass_fractions: list[float]
    gaussian_fractions: list[float] | None
    sigma_trace: float
    shot_noise: float | None
    entropy: float | None
    fisher_information: float


@dataclasses.dataclass(frozen=True)
class Report:
    """What was computed, of what."""

    file: str
    shape: list[int]
    route: str
    classes: list[str]
    box_size: Any
    n_grid: Any
    window: str | None
    compensate: bool | None
    interlaced: bool | None
    dimension: float | None
    convention: str
    probe_width: float
    probe_step: float
    threshold: Any
    n_randoms: int | None
    seconds: float
    remarks: list[str]
    scales: list[Scale]


def report(
    model: EntropicCurvature,
    *,
    file: str,
    shape: tuple[int, ...],
    positions: bool,
    n_randoms: int | None,
    seconds: float,
    remarks: tuple[str, ...],
) -> Report:
    """The results of a fitted model as plain numbers."""
    assigned = positions and model.n_grid is not None
    route = "catalogue" if positions and not assigned else "grid"
    if n_randoms is not None:
        route = "survey"
    sigma_units = isinstance(model.threshold, tuple)
    scales = []
    for s, R in enumerate(model.smoothing):
        sigma = float(model.sigma_trace_[s])
        level = model.threshold[1] * sigma if sigma_units else float(model.threshold)
        gaussian = None
        if sigma > 0 and math.isinf(model.dimension):
            found = doroshkevich_fractions(level / sigma, n_axes=model.n_features_in_)
            gaussian = np.asarray(found).tolist()
        scales.append(
            Scale(
                float(R),
                level,
                np.asarray(model.volume_fractions_[s]).tolist(),
                np.asarray(model.mass_fractions_[s]).tolist(),
                gaussian,
                sigma,
                _finite(model.shot_noise_[s]),
                _finite(model.entropy_[s]),
                float(model.fisher_information_[s]),
            )
        )
    return Report(
        file,
        list(shape),
        route,
        list(CLASS_NAMES[model.n_features_in_]),
        model.box_size,
        model.n_grid,
        model.window if assigned else None,
        model.compensate if assigned else None,
        model.interlaced if assigned else None,
        _finite(model.dimension),
        model.convention,
        model.probe_width,
        model.probe_step,
        model.threshold,
        n_randoms,
        seconds,
        list(remarks),
        scales,
    )


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


# The table on stdout


def table(found: Report) -> str:
    """What was computed, one block of lines a scale, and what the columns mean."""
    lines = [_title(found), *found.remarks, ""]
    heads = ["R", "of", *found.classes, "sigma(tr K)", "noise", "Fisher", "entropy"]
    widths = [10, 9, *(10 for _ in found.classes), 12, 11, 11, 10]
    lines.append(" ".join(f"{name:>{w}}" for name, w in zip(heads, widths)))
    for scale in found.scales:
        numbers = [
            f"{scale.sigma_trace:.4g}",
            _shown(scale.shot_noise),
            f"{scale.fisher_information:.4g}",
            _shown(scale.entropy),
        ]
        rows = [("volume", scale.volume_fractions), ("mass", scale.mass_fractions)]
        if scale.gaussian_fractions is not None:
            rows.append(("Gaussian", scale.gaussian_fractions))
        for i, (name, fractions) in enumerate(rows):
            cells = [f"{scale.smoothing:g}" if i == 0 else "", name]
            cells += [f"{f:.4f}" for f in fractions]
            cells += numbers if i == 0 else []
            lines.append(" ".join(f"{c:>{w}}" for c, w in zip(cells, widths)).rstrip())
    lines += ["", _legend(found), f"{found.seconds:.2f} seconds", ""]
    return "\n".join(lines)


def _title(found: Report) -> str:
    what = "x".join(map(str, found.shape))
    kind = "grid" if found.route == "grid" and found.window is None else "positions"
    text = f"{found.file}: {what} {kind}"
    if found.window is not None:
        cells = found.n_grid
        cells = cells if isinstance(cells, list) else [cells]
        text += f" on {'x'.join(map(str, cells))} cells ({found.window}"
        text += ", interlaced" if found.interlaced else ""
        text += ", compensated)" if found.compensate else ")"
    if found.n_randoms is not None:
        text += f", {found.n_randoms} randoms"
    return text


def _legend(found: Report) -> str:
    level = "0"
    if isinstance(found.threshold, tuple):
        level = f"{found.threshold[1]:g} sigma(tr K)"
    elif found.threshold:
        level = f"{found.threshold:g}"
    text = f"classes: eigenvalues of K above {level}"
    if found.dimension is not None:
        text += f"; K of dimension N = {found.dimension:g}, {found.convention}"
    if found.route != "grid":
        text += "; volume: each position stands for 1 / density"
    return text + "; curvature in the inverse square of the unit of R"


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


# Files


def write_json(path: pathlib.Path, found: Report) -> None:
    """Everything, full precision; what is not there is null."""
    import geomsci

    content = {
        "format": FORMAT,
        "geomsci": geomsci.__version__,
        **dataclasses.asdict(found),
    }
    text = json.dumps(content, indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def check_maps(path: pathlib.Path | None, names: tuple[str, ...]) -> None:
    """Refuse formats and maps that are not known, and HDF5 without its library."""
    if path is None:
        return
    unknown = [name for name in names if name not in MAPS]
    if unknown:
        raise CommandError(
            f"--maps must be some of {', '.join(MAPS)}, got {unknown[0]!r}."
        )
    if path.suffix not in (".npz", *_HDF5):
        raise CommandError(
            f"--out must end in .npz or {' or '.join(_HDF5)}, got {path}."
        )
    if path.suffix in _HDF5:
        try:
            import h5py  # noqa: F401
        except ImportError as error:
            raise CommandError(
                "--out in HDF5 needs h5py, which is not installed: install it, or end "
                "the name in .npz."
            ) from error


def write_maps(
    path: pathlib.Path,
    model: EntropicCurvature,
    source: Source,
    found: Report,
    names: tuple[str, ...],
) -> None:
    """Maps of all scales, and the report as JSON in the entry or attribute report."""
    arrays: dict[str, Any] = {"smoothing": np.asarray(model.smoothing, np.float64)}
    for name in dict.fromkeys(names):
        arrays[name] = np.asarray(getattr(model, f"{name}_"))
    if found.route != "grid":
        arrays["positions"] = source.values
    text = json.dumps(dataclasses.asdict(found), allow_nan=False)
    if path.suffix == ".npz":
        np.savez(path, **arrays, report=np.asarray(text))
        return
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["report"] = text
        for name, values in arrays.items():
            # Classes shrink a lot; the digits of floats hardly do, and cost minutes.
            packed = {"compression": "gzip"} if values.dtype == np.int8 else {}
            file.create_dataset(name, data=values, **packed)


# The figure


def check_plot(path: pathlib.Path | None, axis: str) -> None:
    """Refuse a figure that cannot be drawn, before the work."""
    if len(axis) != 1 or axis not in AXIS_NAMES:
        raise CommandError(f"--axis must be x, y or z, got {axis!r}.")
    check_figure(path)


def draw(
    path: pathlib.Path,
    model: EntropicCurvature,
    source: Source,
    *,
    axis: str,
    at: float | None,
    unit: str | None,
) -> None:
    """A column a scale: classes, largest eigenvalue, densities of the eigenvalues."""
    from matplotlib.figure import Figure

    from geomsci import plotting

    d, n_scales = model.n_features_in_, len(model.smoothing)
    rows = 3 if d > 1 else 1
    figure = Figure(figsize=(3.8 * n_scales + 1.2, 3.9 * rows), layout="compressed")
    axes = figure.subplots(rows, n_scales, squeeze=False)
    eigenvalues = np.asarray(model.eigenvalues_)
    drawn = _slicer(model, source, AXIS_NAMES.index(axis), at, unit) if d > 1 else None
    for s, R in enumerate(model.smoothing):
        if drawn is not None:
            drawn(np.asarray(model.signature_[s]), ax=axes[0, s])
            # No eigenvalue of a density passes 1 / R^2, so one scale serves all.
            drawn(eigenvalues[s, ..., -1] * R**2, ax=axes[1, s], limit=1.0)
        plotting.eigenvalue_pdf(
            eigenvalues[s],
            sigma=float(model.sigma_trace_[s]),
            gaussian=math.isinf(model.dimension),
            ax=axes[-1, s],
        )
        axes[-1, s].set_box_aspect(1)
        axes[-1, s].spines[["top", "right"]].set_visible(False)
        axes[0, s].set_title(f"R = {R:g}{f' {unit}' if unit else ''}")
    if d > 1:
        figure.legend(
            handles=class_handles(d), ncols=d + 1, loc="outside upper center",
            frameon=False, handlelength=1.0, handleheight=1.0,
        )  # fmt: skip
        shown = [*axes[1, 0].images, *axes[1, 0].collections][0]
        label = r"$R^2$ times the largest eigenvalue"
        bar = figure.colorbar(shown, ax=list(axes[1]), label=label, shrink=0.9)
        bar.outline.set_visible(False)
    figure.savefig(path, dpi=150)


def _slicer(
    model: EntropicCurvature,
    source: Source,
    axis: int,
    at: float | None,
    unit: str | None,
) -> Any:
    """Draws the values of the grid or of the positions in one plane."""
    from geomsci import plotting

    shape = model.signature_.shape[1:]
    if len(shape) == 1:  # positions without a grid

        def points(values: Any, *, ax: Any, **how: Any) -> None:
            ax.set_box_aspect(1)
            plotting.catalogue_slice(
                source.values, values, axis=axis, at=at, legend=False, unit=unit,
                ax=ax, **how,
            )  # fmt: skip

        return points
    box = model.box_size
    index = None
    if at is not None and len(shape) == 3:
        side = (box[axis] if isinstance(box, list) else box) or float(shape[axis])
        if not 0 <= at <= side:
            raise CommandError(
                f"--at must lie in the box from 0 to {side:g}, got {at:g}."
            )
        index = min(int(at / side * shape[axis]), shape[axis] - 1)
    return lambda values, **how: plotting.web_slice(
        values, axis=axis, index=index, box_size=box, legend=False, unit=unit, **how
    )
