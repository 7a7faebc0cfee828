"""Reads the table of the 2MASS Redshift Survey with its groups of galaxies."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping

import numpy as np

SPEED_OF_LIGHT = 299792.458
"""km/s."""

HUBBLE = 100.0
"""Hubble constant in km/s per Mpc/h."""

FRAMES: dict[str, tuple[float, float, float]] = {
    "cmb": (369.82, 264.021, 48.253),
    "heliocentric": (0.0, 0.0, 0.0),
    "local-group": (316.0, 93.0, -4.0),
}
"""Velocity of the Sun in each frame, km/s, towards Galactic (longitude, latitude)."""

# Velocity columns, with the columns of the direction that belongs to each.
_DIRECTIONS = {"czHelio": ("lat", "long"), "czGroupHelio": ("latGroup", "longGroup")}


@dataclasses.dataclass(frozen=True)
class GalaxySurvey:
    """Galaxies of a redshift survey.

    Attributes
    ----------
    columns : mapping of str to NumPy array, shape (n_rows,)
        The table as it stands, all rows, by the names of its first line less the units:
        float64, int64 or strings.
    units : mapping of str to str
        Units of the columns that state one, such as ``{"lat": "deg"}``.
    positions : NumPy array, shape (n_kept, 3), float64
        Comoving redshift-space positions in Mpc/h, Galactic Cartesian: x to the
        Galactic centre, z to the north pole, the observer at the origin.
    velocities : NumPy array, shape (n_kept,), float64
        cz in km/s in ``frame``, from which the distances come.
    kept : NumPy array of bool, shape (n_rows,)
        Rows with cz > 0 in that frame; the others have no distance.
    velocity : str
        Name of the velocity column.
    frame : str
        Frame of reference of ``velocities``.
    omega_m : float
        Matter density of the flat model behind the distances.
    """

    columns: Mapping[str, np.ndarray]
    units: Mapping[str, str]
    positions: np.ndarray
    velocities: np.ndarray
    kept: np.ndarray
    velocity: str
    frame: str
    omega_m: float

    @property
    def n_masked(self) -> int:
        """Number of rows without a distance, because cz <= 0."""
        return int(np.sum(~self.kept))

    def __len__(self) -> int:
        return len(self.positions)

    def __repr__(self) -> str:
        return (
            f"GalaxySurvey({len(self)} galaxies, {self.n_masked} masked for cz <= 0, "
            f"{self.velocity} in the {self.frame} frame)"
        )


def read_2mrs(
    path: str | os.PathLike[str],
    *,
    velocity: str = "czHelio",
    frame: str = "heliocentric",
    omega_m: float = 0.3175,
) -> GalaxySurvey:
    """Read the table of the 2MASS Redshift Survey with positions of its galaxies.

    ``r = (c/100) int_0^z dz / E(z)`` in Mpc/h with ``z = cz / c`` and ``E^2 = omega_m
    (1 + z)^3 + 1 - omega_m``, along the Galactic direction.

    Parameters
    ----------
    path : path
        Text; the first line, behind ``#``, names the columns with their units in
        brackets, each further line is a galaxy. Columns are parted by tabs, or by
        spaces if no line has a tab.
    velocity : {"czHelio", "czGroupHelio"}
        Column of heliocentric cz in km/s. The group velocity takes the directions of
        the groups too: all galaxies of a group then stand at one point.
    frame : {"heliocentric", "local-group", "cmb"}
        cz is moved to this frame by the projection of the Sun's velocity: 316 km/s
        towards (l, b) = (93, -4) degrees in the Local Group, 369.82 km/s towards
        (264.021, 48.253) in the rest frame of the background radiation.
    omega_m : float, 0 <= omega_m <= 1
        Of the flat model. It shortens distances by the share 0.75 omega_m z: 1.2 per
        cent at cz = 15000 km/s.

    Returns
    -------
    survey : GalaxySurvey

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not such a table, lacks a column, has a row that does not fit or is not
        a number, or an option is unknown.

    Notes
    -----
    O(n). Galaxies with cz <= 0 (blueshifted neighbours) have no redshift distance: they
    stay in ``columns``, are counted in ``n_masked`` and have no position. Distances are
    in redshift space, and the sample is limited by flux: the density of unweighted
    galaxies falls with distance.

    References
    ----------
    J. P. Huchra et al., Astrophys. J. Suppl. 199 (2012) 26; L. M. Macri et al., ibid.
    245 (2019) 6; R. B. Tully, Astron. J. 149 (2015) 171 (groups). Frames: I. D.
    Karachentsev, D. I. Makarov, Astron. J. 111 (1996) 794; Planck collaboration,
    Astron. Astrophys. 641 (2020) A1.
    """
    if velocity not in _DIRECTIONS:
        raise ValueError(
            f"velocity must be one of {', '.join(_DIRECTIONS)}, got {velocity!r}."
        )
    if frame not in FRAMES:
        raise ValueError(f"frame must be one of {', '.join(FRAMES)}, got {frame!r}.")
    if not 0 <= omega_m <= 1:
        raise ValueError(f"omega_m must lie in [0, 1], got {omega_m!r}.")
    name = os.fspath(path)
    columns, units = _table(name)
    latitude, longitude = _DIRECTIONS[velocity]
    b, longitudes, cz = (
        _real(name, columns, c) for c in (latitude, longitude, velocity)
    )
    if np.any(np.abs(b) > 90):
        raise ValueError(
            f"{latitude} in {name} must hold degrees of latitude, got "
            f"{b[np.argmax(np.abs(b))]}."
        )
    directions = _directions(longitudes, b)
    speed, towards_l, towards_b = FRAMES[frame]
    apex = _directions(np.asarray([towards_l]), np.asarray([towards_b]))[0]
    cz = cz + speed * directions @ apex
    kept = cz > 0
    distances = comoving_distance(cz[kept] / SPEED_OF_LIGHT, omega_m=omega_m)
    return GalaxySurvey(
        columns=columns,
        units=units,
        positions=distances[:, None] * directions[kept],
        velocities=cz[kept],
        kept=kept,
        velocity=velocity,
        frame=frame,
        omega_m=float(omega_m),
    )


def comoving_distance(z: np.ndarray, *, omega_m: float) -> np.ndarray:
    """Comoving distance in Mpc/h to redshift ``z`` in a flat model.

    Gauss-Legendre quadrature with 16 nodes: relative error under 1e-13 for z < 1.
    """
    nodes, weights = np.polynomial.legendre.leggauss(16)
    at = z[:, None] * (nodes + 1) / 2
    E = np.sqrt(omega_m * (1 + at) ** 3 + 1 - omega_m)
    return SPEED_OF_LIGHT / HUBBLE * z * ((1 / E) @ weights) / 2


def _directions(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Unit vectors of angles in degrees, shape (n, 3)."""
    phi, b = np.deg2rad(longitude), np.deg2rad(latitude)
    x, y = np.cos(b) * np.cos(phi), np.cos(b) * np.sin(phi)
    return np.stack((x, y, np.sin(b)), axis=-1)


def _table(name: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Columns and units by name."""
    try:
        with open(name, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name} must be a table in text, got other bytes: check that it is the "
            "survey's catalogue."
        ) from error
    if not lines or not lines[0].startswith("#"):
        raise ValueError(
            f"{name} must name its columns in a first line that starts with #, got "
            f"{lines[0][:40]!r}."
            if lines
            else f"{name} must be a table of galaxies, got an empty file."
        )
    separator = "\t" if any("\t" in line for line in lines) else None
    titles = lines[0][1:].strip().split(separator)
    rows = []
    for i, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        fields = line.split(separator)
        if len(fields) != len(titles):
            raise ValueError(
                f"{name} must have {len(titles)} columns in every line, got "
                f"{len(fields)} in line {i}: the file is damaged or cut short."
            )
        rows.append(fields)
    if not rows:
        raise ValueError(
            f"{name} must hold at least one galaxy, got only column names."
        )
    names = [title.partition("[")[0].strip() for title in titles]
    units = {
        column: title.partition("[")[2].rstrip("] ")
        for column, title in zip(names, titles)
        if "[" in title
    }
    columns = {
        column: _typed([field.strip() for field in values])
        for column, values in zip(names, zip(*rows))
    }
    return columns, units


def _typed(values: list[str]) -> np.ndarray:
    """Integers if all are, else floats if all are, else strings."""
    text = np.array(values)
    # A sign inside, as in the name 02485298+5302143, is no number in either form.
    for dtype in (np.int64, np.float64):
        try:
            return text.astype(dtype)
        except ValueError:
            continue
    return text


def _real(name: str, columns: Mapping[str, np.ndarray], column: str) -> np.ndarray:
    """A numeric column in float64."""
    if column not in columns:
        raise ValueError(
            f"{name} must have the column {column}, got {', '.join(columns)}."
        )
    values = columns[column]
    if values.dtype.kind not in "if":
        raise ValueError(
            f"{column} in {name} must hold numbers, got {_first_text(values)!r}."
        )
    values = values.astype(np.float64)
    if not np.all(np.isfinite(values)):
        raise ValueError(
            f"{column} in {name} must be finite, got {values[~np.isfinite(values)][0]}."
        )
    return values


def _first_text(values: np.ndarray) -> str:
    """The first entry that is not a number."""
    for value in values:
        try:
            float(value)
        except ValueError:
            return str(value)
    return str(values[0])
