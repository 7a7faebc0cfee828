"""The command `geomsci entropic`: its options and its help."""

from __future__ import annotations

import argparse
import pathlib

from geomsci.cli_options import add_backend, add_command, add_file

ENTROPIC_EXAMPLES = """examples:
  geomsci entropic density.npy --smoothing 2 4 8
  geomsci entropic density.npz --key rho --box-size 256 --smoothing 5 10 --out web.npz
  geomsci entropic snapshot.gad --n-grid 128 --smoothing 1 2 --plot web.png
  geomsci entropic galaxies.csv --columns x y z --weights w --smoothing 8
  geomsci entropic galaxies.csv --randoms randoms.csv --smoothing 8 --json web.json
  geomsci entropic density.npy --smoothing 4 --threshold sigma:0.2 --dimension 4

exit status: 0 done, 2 wrong usage or a file that is not as it must be, 130 interrupted
"""


def add_entropic(commands: argparse._SubParsersAction) -> None:
    """Add the options of ``geomsci entropic``."""
    command = add_command(
        commands,
        "entropic",
        help="voids, sheets, filaments and nodes of a density by entropic curvature",
        description="Compute the entropic curvature K = -Hess log rho_R of a density "
        "on a periodic grid or of a catalogue of points, at one or more smoothing "
        "scales R, and count its eigenvalues above a threshold: 0 void, 1 sheet, 2 "
        "filament, 3 node. Prints the fractions of volume and mass beside those of a "
        "Gaussian field.",
        examples=ENTROPIC_EXAMPLES,
    )
    command.add_argument(
        "file",
        type=pathlib.Path,
        metavar="FILE",
        help="a grid or positions in .npy or .npz, a text table of positions, a "
        "GADGET snapshot of format 1, or the 2MRS table",
    )
    _add_input(command)
    _add_curvature(command)
    _add_files(command)
    command.set_defaults(run=run_entropic)


def _add_input(command: argparse.ArgumentParser) -> None:
    source = command.add_argument_group("input")
    source.add_argument(
        "--format",
        default="auto",
        metavar="NAME",
        help="auto, grid, positions, gadget, 2mrs (default: auto; an array of shape "
        "(n, 1) to (n, 3) is positions)",
    )
    source.add_argument("--key", metavar="NAME", help="array of an .npz archive")
    source.add_argument(
        "--columns",
        nargs="+",
        default=[],
        metavar="NAME",
        help="of the positions in a table, by name or by number from 1 (default: x, "
        "y, z, or all there are)",
    )
    source.add_argument(
        "--weights",
        metavar="NAME",
        help="column of the weights of positions, array of an archive, or masses of "
        "a snapshot",
    )
    add_file(source, "--randoms", "positions that sample the selection of a survey")
    source.add_argument(
        "--velocity",
        default="czHelio",
        metavar="NAME",
        help="velocities of 2MRS: czHelio, czGroupHelio (default: czHelio)",
    )
    source.add_argument(
        "--frame",
        default="heliocentric",
        metavar="NAME",
        help="their frame: heliocentric, local-group, cmb (default: heliocentric)",
    )
    source.add_argument(
        "--box-size",
        nargs="+",
        type=float,
        default=[],
        metavar="L",
        help="side of the periodic box, or one for each axis (default: one unit per "
        "cell of a grid, the header of a snapshot, open space for other positions)",
    )


def _add_curvature(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("curvature")
    group.add_argument(
        "--smoothing",
        "-R",
        nargs="+",
        type=float,
        required=True,
        metavar="R",
        help="standard deviations of the Gaussian, in the unit of the box",
    )
    group.add_argument(
        "--n-grid",
        nargs="+",
        type=int,
        default=[],
        metavar="N",
        help="cells an axis to put positions on (default: positions without a grid)",
    )
    group.add_argument(
        "--window",
        default="pcs",
        metavar="NAME",
        help="assignment to that grid: pcs, tsc, cic, ngp (default: pcs)",
    )
    group.add_argument(
        "--no-compensate",
        action="store_true",
        help="leave the window in the density",
    )
    group.add_argument(
        "--interlaced",
        action="store_true",
        help="assign twice, half a cell apart: less aliasing at small R",
    )
    group.add_argument(
        "--dimension",
        type=float,
        default=float("inf"),
        metavar="N",
        help="N of the condition CD(K, N) (default: inf)",
    )
    group.add_argument(
        "--convention",
        default="bakry-emery",
        metavar="NAME",
        help="bakry-emery, over all geodesics, or rigid, over translations (default: "
        "bakry-emery)",
    )
    group.add_argument(
        "--threshold",
        default="0",
        metavar="T",
        help="of the eigenvalues: a curvature, or sigma:x for x standard deviations "
        "of the trace (default: 0)",
    )
    group.add_argument(
        "--probe-width",
        type=float,
        default=0.0,
        metavar="S",
        help="standard deviation of the probes, grids only (default: 0)",
    )
    group.add_argument(
        "--probe-step",
        type=float,
        default=0.0,
        metavar="H",
        help="distance of the two probes, grids only (default: 0, the limit)",
    )
    add_backend(group)


def _add_files(command: argparse.ArgumentParser) -> None:
    files = command.add_argument_group("files")
    add_file(files, "--out", "maps of all scales, as .npz or (with h5py) .h5")
    files.add_argument(
        "--maps",
        nargs="+",
        default=["signature", "eigenvalues"],
        metavar="NAME",
        help="what --out holds: signature, eigenvalues, curvature (default: signature "
        "eigenvalues)",
    )
    add_file(files, "--json", "all numbers of the table in full precision")
    add_file(
        files,
        "--plot",
        "a figure: slices of classes and of the largest eigenvalue, densities of "
        "the eigenvalues",
    )
    files.add_argument(
        "--axis",
        default="z",
        metavar="NAME",
        help="across the slices: x, y or z (default: z)",
    )
    files.add_argument(
        "--at", type=float, metavar="X", help="place of the slices (default: middle)"
    )
    files.add_argument(
        "--unit", metavar="NAME", help="of length, written at the axes, such as Mpc/h"
    )


def run_entropic(arguments: argparse.Namespace) -> int:
    """Run ``geomsci entropic``; returns the exit status."""
    from geomsci.entropic.command import Options, run_command

    return run_command(
        Options(
            file=arguments.file,
            smoothing=arguments.smoothing,
            form=arguments.format,
            key=arguments.key,
            columns=tuple(arguments.columns),
            weights=arguments.weights,
            randoms=arguments.randoms,
            velocity=arguments.velocity,
            frame=arguments.frame,
            box_size=tuple(arguments.box_size),
            n_grid=tuple(arguments.n_grid),
            window=arguments.window,
            compensate=not arguments.no_compensate,
            interlaced=arguments.interlaced,
            dimension=arguments.dimension,
            convention=arguments.convention,
            threshold=arguments.threshold,
            probe_width=arguments.probe_width,
            probe_step=arguments.probe_step,
            backend=arguments.backend,
            maps=tuple(arguments.maps),
            out=arguments.out,
            json=arguments.json,
            plot=arguments.plot,
            axis=arguments.axis,
            at=arguments.at,
            unit=arguments.unit,
        )
    )
