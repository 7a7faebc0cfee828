"""The table of the 2MASS Redshift Survey: columns, positions, refusals."""

from pathlib import Path

import numpy as np
import pytest

from geomsci.datasets.two_mass_redshift_survey import FRAMES, read_2mrs

REAL = (
    Path(__file__).resolve().parents[3]
    / "shared/data/cosmology/2MRS_group_member_catalog.dat"
)
TITLES = (
    "# ID\tlat[deg]\tlong[deg]\tczHelio[km/s]\tKs\t"
    "latGroup[deg]\tlongGroup[deg]\tczGroupHelio[km/s]"
)
C = 299792.458


def table(tmp_path, *rows, titles=TITLES):
    path = tmp_path / "galaxies.dat"
    path.write_text("\n".join((titles, *rows)) + "\n")
    return path


def row(lat, long, cz, *, group=(0.0, 0.0, 100.0)):
    values = (lat, long, cz, 9.5, *group)
    return "\t".join(["02485298+5302143", *(str(v) for v in values)])


def test_columns_come_by_name(tmp_path):
    survey = read_2mrs(table(tmp_path, row(-5.5, 140, 4735), row(1.25, 2, 3)))
    assert list(survey.columns) == [
        *("ID", "lat", "long", "czHelio", "Ks"),
        *("latGroup", "longGroup", "czGroupHelio"),
    ]
    np.testing.assert_array_equal(survey.columns["lat"], [-5.5, 1.25])
    assert survey.columns["ID"].tolist() == ["02485298+5302143"] * 2
    assert survey.columns["czHelio"].dtype == np.int64
    assert survey.units["czHelio"] == "km/s"
    assert "Ks" not in survey.units


def test_order_of_columns_does_not_matter(tmp_path):
    swapped = "# czHelio[km/s] long[deg] lat[deg]"
    here = read_2mrs(table(tmp_path, "4000 20 30", titles=swapped)).positions
    there = read_2mrs(table(tmp_path, row(30, 20, 4000))).positions
    np.testing.assert_array_equal(here, there)


@pytest.mark.parametrize(
    ("omega_m", "distance"),
    [
        (0.0, lambda z: z),  # a model of constant expansion rate
        (1.0, lambda z: 2 * (1 - 1 / np.sqrt(1 + z))),  # Einstein and de Sitter
    ],
)
def test_distances_in_closed_form(tmp_path, omega_m, distance):
    cz = np.array([100.0, 5000.0, 30000.0, 250000.0])
    path = table(tmp_path, *(row(0, 0, v) for v in cz))
    survey = read_2mrs(path, omega_m=omega_m)
    expected = C / 100 * distance(cz / C)
    # The closed form itself loses digits of 1 - 1/sqrt(1 + z) at small z.
    np.testing.assert_allclose(survey.positions[:, 0], expected, rtol=1e-12)


def test_axes_are_galactic(tmp_path):
    rows = (row(0, 0, 1000), row(0, 90, 1000), row(90, 17, 1000), row(0, 180, 1000))
    x = read_2mrs(table(tmp_path, *rows), omega_m=0.0).positions
    np.testing.assert_allclose(
        x, [[10, 0, 0], [0, 10, 0], [0, 0, 10], [-10, 0, 0]], atol=1e-14
    )


@pytest.mark.parametrize("frame", ["cmb", "local-group"])
def test_frames_add_the_motion_of_the_sun(tmp_path, frame):
    speed, long, lat = FRAMES[frame]
    rows = (
        row(lat, long, 2000),
        row(-lat, long + 180, 2000),
        row(lat - np.copysign(90, lat), long, 2000),
    )
    survey = read_2mrs(table(tmp_path, *rows), frame=frame)
    expected = [2000 + speed, 2000 - speed, 2000]
    np.testing.assert_allclose(survey.velocities, expected, rtol=1e-12)
    assert survey.frame == frame


def test_blueshifted_galaxies_are_masked_and_counted(tmp_path):
    path = table(tmp_path, row(1, 2, -300), row(3, 4, 500), row(5, 6, 0))
    survey = read_2mrs(path)
    np.testing.assert_array_equal(survey.kept, [False, True, False])
    assert survey.n_masked == 2
    assert survey.positions.shape == (1, 3)
    assert len(survey.columns["lat"]) == 3
    assert repr(survey) == (
        "GalaxySurvey(1 galaxies, 2 masked for cz <= 0, czHelio in the heliocentric "
        "frame)"
    )


def test_the_mask_follows_the_frame(tmp_path):
    speed, long, lat = FRAMES["cmb"]
    path = table(tmp_path, row(lat, long, -speed / 2), row(-lat, long + 180, speed / 2))
    assert read_2mrs(path).kept.tolist() == [False, True]
    assert read_2mrs(path, frame="cmb").kept.tolist() == [True, False]


def test_group_velocities_take_group_directions(tmp_path):
    path = table(tmp_path, row(10, 20, 3000, group=(0, 90, 1000)))
    x = read_2mrs(path, velocity="czGroupHelio", omega_m=0.0).positions
    np.testing.assert_allclose(x, [[0, 10, 0]], atol=1e-14)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([""], "got ''"),
        (["ID lat long", "1 2 3"], "first line that starts with #"),
        ([TITLES], "at least one galaxy"),
        ([TITLES, row(1, 2, 3), "short\tline"], "got 2 in line 3"),
        ([TITLES, row(1, 2, "fast")], "czHelio .* must hold numbers, got 'fast'"),
        ([TITLES, row(1, 2, "nan")], "czHelio .* must be finite, got nan"),
        ([TITLES, row(91, 2, 3)], "degrees of latitude, got 91"),
        (["# lat long", "1 2"], "must have the column czHelio, got lat, long"),
    ],
)
def test_other_tables_are_refused(tmp_path, lines, message):
    path = tmp_path / "galaxies.dat"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match=message):
        read_2mrs(path)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "galaxies.dat"
    path.write_bytes(bytes(range(256)) * 4)
    with pytest.raises(ValueError, match="must be a table in text"):
        read_2mrs(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="got an empty file"):
        read_2mrs(path)
    with pytest.raises(FileNotFoundError):
        read_2mrs(tmp_path / "none.dat")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"velocity": "cz"}, "velocity must be one of czHelio, czGroupHelio"),
        ({"frame": "galactic"}, "frame must be one of cmb, heliocentric"),
        ({"omega_m": 1.5}, "omega_m must lie in"),
    ],
)
def test_bad_options_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        read_2mrs(table(tmp_path, row(1, 2, 3)), **options)


@pytest.mark.skipif(not REAL.exists(), reason="needs the catalogue of the survey")
def test_the_whole_survey():
    survey = read_2mrs(REAL)
    assert len(survey.kept) == 44572
    assert survey.n_masked == np.sum(survey.columns["czHelio"] <= 0) == 25
    radius = np.linalg.norm(survey.positions, axis=1)
    # At low redshift r = cz / 100 to first order, short by 0.75 omega_m z.
    z = survey.velocities / C
    assert np.all(radius <= C / 100 * z)
    assert np.all(radius >= C / 100 * z * (1 - 0.75 * 0.3175 * z - z**2))
