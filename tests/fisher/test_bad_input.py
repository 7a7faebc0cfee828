"""Bad input gets one clear sentence of a fitting type."""

import array_api_strict
import numpy as np
import pytest

from geomsci import fisher
from geomsci.backends import LinAlgError
from geomsci.fisher import cumulants

# Every public function that takes a shape and a coupling of the square lattice.
SQUARE = {
    "ising": fisher.ising_torus_curvature,
    "cumulants": fisher.ising_torus_cumulants,
    "potts": lambda shape, J=None: fisher.potts_torus_curvature(
        shape, 3, J, method="enumeration"
    ),
    "lattice": lambda shape, J=None: fisher.lattice_curvature("square", shape, J),
    "log_partition": fisher.log_partition,
}


@pytest.fixture(params=SQUARE)
def function(request):
    return SQUARE[request.param]


def sentence(caught):
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith("."), text
    assert text.count(". ") == 0, text


@pytest.mark.parametrize("shape", [(2, 4), (4, 2), (1, 1), (0, 3), (3, -5)])
def test_short_sides_are_refused_because_the_metric_is_singular(function, shape):
    with pytest.raises(ValueError, match="side 2 two bonds join.*singular") as caught:
        function(shape)
    sentence(caught)


def test_two_bonds_between_the_same_sites_have_a_singular_metric():
    # The reason for the refusal: at side 2 the bonds up and down are one variable.
    s = np.array(np.meshgrid(*[[-1, 1]] * 6)).reshape(6, -1)  # a 2 x 3 torus
    rows = [s[3 * x + y] * s[3 * (1 - x) + y] for x in range(2) for y in range(3)]
    assert np.linalg.matrix_rank(np.cov(rows)) == 3


@pytest.mark.parametrize(
    "shape", [(3.0, 3), (3.5, 3), ("3", 3), (True, 3), 4, None, "33", (3, None)]
)
def test_sides_that_are_not_integers_are_refused(function, shape):
    with pytest.raises(TypeError, match="2 integers of at least 3.*square") as caught:
        function(shape)
    sentence(caught)


def test_integers_of_numpy_are_integers():
    result = fisher.ising_torus_curvature(np.array([3, 4]), 0.3)
    assert result == fisher.ising_torus_curvature((3, 4), 0.3)
    assert all(type(side) is int for side in result.shape)


@pytest.mark.parametrize("shape", [(), (5,), (3, 3, 3)])
def test_the_wrong_number_of_sides_is_refused(function, shape):
    with pytest.raises(ValueError, match=f"2 integers.*square.*got {len(shape)}"):
        function(shape)


def test_a_cubic_torus_has_three_sides():
    with pytest.raises(ValueError, match="3 integers of at least 3.*cubic.*got 2"):
        fisher.lattice_curvature("cubic", (4, 4))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_couplings_that_are_not_finite_are_refused(function, bad):
    with pytest.raises(ValueError, match=r"coupling must be finite.*\(1,\)"):
        function((3, 3), [0.3, bad])
    with pytest.raises(ValueError, match="coupling must be finite"):
        function((3, 3), bad)


@pytest.mark.parametrize("coupling", [[0.1], [0.1, 0.2, 0.3], [], [[0.1, 0.2]]])
def test_the_wrong_number_of_couplings_is_refused(function, coupling):
    with pytest.raises(ValueError, match=r"one per bond type of the square.*\(2,\)"):
        function((3, 3), coupling)


def test_single_precision_is_refused(function):
    with pytest.raises(TypeError, match="coupling must be float64, got float32"):
        function((3, 3), np.array([0.3, 0.3], dtype=np.float32))


@pytest.mark.parametrize("coupling", ["hot", [0.3, "0.3"], 0.3 + 0.1j, object()])
def test_couplings_that_are_not_real_numbers_are_refused(function, coupling):
    with pytest.raises(TypeError, match="coupling must"):
        function((3, 3), coupling)


def test_integer_couplings_are_numbers():
    expected = fisher.ising_torus_curvature((3, 3), 0.0)
    assert fisher.ising_torus_curvature((3, 3), 0) == expected
    integers = array_api_strict.asarray([0, 0])
    assert fisher.ising_torus_curvature((3, 3), integers).coupling == (0.0, 0.0)
    assert float(fisher.log_partition((3, 3), integers)) == pytest.approx(
        expected.log_partition, rel=1e-15
    )


@pytest.mark.parametrize("method", ["Pfaffian", "exact", 3, ["pfaffian"]])
def test_unknown_methods_list_the_known_ones(method):
    with pytest.raises(ValueError, match="pfaffian, transfer_matrix, enumeration, got"):
        fisher.ising_torus_curvature((3, 3), method=method)
    with pytest.raises(ValueError, match="pfaffian, transfer_matrix, enumeration, got"):
        fisher.lattice_curvature("square", (3, 3), method=method)
    with pytest.raises(ValueError, match="one of transfer_matrix, enumeration, got"):
        fisher.potts_torus_curvature((3, 3), 3, method=method)


def test_unknown_lattices_and_models_list_the_known_ones():
    with pytest.raises(
        ValueError, match="square, triangular, honeycomb, kagome, cubic"
    ):
        fisher.lattice_curvature("hexagonal", (3, 3))
    with pytest.raises(ValueError, match="model must be one of ising, potts, got 'xy'"):
        fisher.lattice_curvature("cubic", (3, 3, 3), 0.4, model="xy")


@pytest.mark.parametrize("q", [1, 0, -3])
def test_too_few_colours_are_refused(q):
    with pytest.raises(ValueError, match=f"q must be an integer.*2, got {q}"):
        fisher.potts_torus_curvature((3, 3), q)


@pytest.mark.parametrize("q", [3.0, "3", True, np.array([3, 4])])
def test_colours_that_are_not_an_integer_are_refused(q):
    with pytest.raises(TypeError, match="q must be an integer"):
        fisher.potts_torus_curvature((3, 3), q)


def test_ising_has_two_states_and_potts_says_how_many():
    with pytest.raises(ValueError, match="None or 2 for the Ising model, got 3"):
        fisher.lattice_curvature("square", (3, 3), q=3)
    with pytest.raises(ValueError, match="Potts model, got None"):
        fisher.lattice_curvature("square", (3, 3), model="potts")


@pytest.mark.parametrize(
    ("lattice", "shape", "model", "q"),
    [("cubic", (3, 3, 3), "ising", None), ("square", (3, 3), "potts", 2)],
)
def test_free_fermions_are_planar_ising_only(lattice, shape, model, q):
    with pytest.raises(ValueError, match="pfaffian.*planar.*transfer_matrix"):
        fisher.lattice_curvature(lattice, shape, model=model, q=q, method="pfaffian")
    with pytest.raises(ValueError, match="pfaffian.*planar.*transfer_matrix"):
        fisher.log_partition(
            shape, lattice=lattice, model=model, q=q, method="pfaffian"
        )


@pytest.mark.parametrize(
    ("lattice", "shape", "model", "q"),
    [
        ("cubic", (10, 10, 10), "ising", None),
        ("cubic", (300, 300, 300), "ising", None),
        ("square", (20, 20), "potts", 3),
        ("honeycomb", (6, 6), "potts", 4),
    ],
)
def test_sizes_beyond_exact_methods_name_monte_carlo(lattice, shape, model, q):
    with pytest.raises(ValueError, match="No exact method.*Monte Carlo") as caught:
        fisher.lattice_curvature(lattice, shape, 0.2, model=model, q=q)
    sentence(caught)


def test_too_many_states_name_the_method_that_works():
    with pytest.raises(ValueError, match=r"2\^36.*method='pfaffian'") as caught:
        fisher.ising_torus_curvature((6, 6), method="enumeration")
    sentence(caught)
    with pytest.raises(ValueError, match=r"3\^36.*method='transfer_matrix'"):
        fisher.potts_torus_curvature((6, 6), 3, method="enumeration")


@pytest.mark.parametrize(
    ("shape", "q"), [((14, 14), 4), ((30, 30), 3), ((300, 300), 3)]
)
def test_transfer_matrices_that_do_not_fit_say_so(shape, q):
    with pytest.raises(MemoryError, match="GiB.*Monte Carlo"):
        fisher.potts_torus_curvature(shape, q)


def test_a_transfer_matrix_beside_free_fermions_names_them():
    with pytest.raises(MemoryError, match="pfaffian"):
        fisher.ising_torus_curvature((40, 40), method="transfer_matrix")


def test_a_third_cumulant_that_does_not_fit_says_how_large_it_is(monkeypatch):
    monkeypatch.setattr(cumulants.machine, "available_memory", lambda: 2**20)
    with pytest.raises(MemoryError, match="GiB.*use ising_torus_curvature") as caught:
        fisher.ising_torus_cumulants((12, 12))
    assert str(caught.value).count("\n") == 0
    monkeypatch.undo()
    with pytest.raises(MemoryError, match="use ising_torus_curvature"):
        fisher.ising_torus_cumulants((10_000, 10_000))


@pytest.mark.parametrize("method", ["pfaffian", "transfer_matrix", "enumeration"])
@pytest.mark.parametrize("J", [3.0, 8.0, 25.0, 400.0])
def test_zero_temperature_has_no_metric(method, J):
    # Deep in the ordered phase all bonds are one: g tends to zero and to rank one.
    with pytest.raises(LinAlgError, match="condition number below 1e12"):
        fisher.ising_torus_curvature((3, 3), J, method=method)


@pytest.mark.parametrize("method", ["pfaffian", "transfer_matrix", "enumeration"])
def test_zero_coupling_is_a_coupling(method):
    result = fisher.ising_torus_curvature((4, 4), 0.0, method=method)
    assert result.scalar_curvature == pytest.approx(0, abs=1e-12)
    assert result.bond_energy == pytest.approx((0, 0), abs=1e-15)


def test_cancelling_sectors_warn_and_name_the_transfer_matrix():
    for function in (
        fisher.ising_torus_cumulants,
        fisher.ising_torus_curvature,
        fisher.log_partition,
    ):
        with pytest.warns(UserWarning, match="cancel.*transfer_matrix") as caught:
            function((9, 9), -0.9)
        assert caught[0].filename == __file__


@pytest.mark.parametrize(("shape", "J"), [((9, 9), -5.0), ((13, 13), -2.0)])
def test_sectors_that_cancel_wholly_are_refused(shape, J):
    for function in (fisher.ising_torus_curvature, fisher.log_partition):
        with pytest.raises(LinAlgError, match="frustrated.*transfer_matrix"):
            function(shape, J)


def test_seams_are_refused():
    with pytest.raises(ValueError, match="odd sides, got"):
        fisher.zero_momentum_amplitude((15, 16))
    with pytest.raises(ValueError, match="at least 3"):
        fisher.zero_momentum_amplitude((1, 15))
    with pytest.raises(TypeError, match="integers"):
        fisher.zero_momentum_amplitude(15)


# General families


def test_arrays_of_wrong_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(m, m\) and \(m, m, m\), got"):
        fisher.hessian_scalar_curvature(np.eye(3), np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="one row per state"):
        fisher.exponential_family_curvature(np.zeros(5))
    with pytest.raises(ValueError, match=r"weights must have shape \(4,\)"):
        fisher.exponential_family_curvature(np.eye(4)[:, :2], np.ones(3))


def test_asymmetric_arrays_are_refused():
    T = np.zeros((2, 2, 2))
    with pytest.raises(ValueError, match="metric must be symmetric"):
        fisher.hessian_scalar_curvature([[1.0, 0.5], [0.0, 1.0]], T)
    T[0, 0, 1] = 1.0
    with pytest.raises(ValueError, match="third_cumulant must be symmetric"):
        fisher.hessian_scalar_curvature(np.eye(2), T)


@pytest.mark.parametrize("weights", [[0.5, -0.1, 0.6], [0.0, 0.0, 0.0]])
def test_weights_that_are_no_probabilities_are_refused(weights):
    with pytest.raises(ValueError, match="weights must be non-negative"):
        fisher.exponential_family_curvature(np.eye(3)[:, :2], weights)


def test_general_families_refuse_nan_and_single_precision():
    with pytest.raises(ValueError, match="sufficient_statistics must be finite"):
        fisher.exponential_family_curvature([[np.nan], [0.0]])
    with pytest.raises(TypeError, match="metric must be float64, got float32"):
        fisher.hessian_scalar_curvature(
            np.eye(2, dtype=np.float32), np.zeros((2, 2, 2), dtype=np.float32)
        )
    strict = array_api_strict.asarray(np.eye(2))
    with pytest.raises(TypeError, match="array_api_strict and numpy"):
        fisher.hessian_scalar_curvature(strict, np.zeros((2, 2, 2)))
