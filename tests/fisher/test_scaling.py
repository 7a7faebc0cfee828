"""Exponents and fits in the number of sites."""

import math

import numpy as np
import pytest

from geomsci import fisher

# |R| of the critical Ising torus, published for L = 3 .. 9.
SIDES = np.arange(3, 10)
PUBLISHED = np.array([105.64, 265.31, 446.24, 671.25, 945.53, 1272.14, 1653.34])


def doubles(xp, *values):
    if xp.single:
        pytest.skip("float32 is refused")
    return tuple(xp.asarray(np.asarray(v, dtype=float)) for v in values)


def test_effective_exponents_of_a_power_law_are_its_exponent(xp):
    n = SIDES**2
    sizes, R = doubles(xp, n, -3.5 * n ** (10 / 9))
    # ln(R' / R) is divided by ln(n' / n), which is above 0.23.
    xp.assert_close(fisher.effective_exponents(sizes, R), np.full(6, 10 / 9), kappa=10)


def test_power_law_is_recovered(xp):
    n = SIDES**3
    sizes, R = doubles(xp, n, 0.7 * n**1.3)
    law = fisher.fit_power_law(sizes, R)
    xp.assert_close(law.exponent, np.array(1.3), kappa=10)
    xp.assert_close(law.amplitude, np.array(0.7), kappa=10)
    assert float(law.residual) < 1e-13


def test_logarithmic_law_is_recovered(xp):
    n = SIDES**2
    sizes, R = doubles(xp, n, -n * (2.5 * np.log(n) - 1.25))
    law = fisher.fit_logarithmic_law(sizes, R)
    xp.assert_close(law.slope, np.array(2.5), kappa=10)
    xp.assert_close(law.intercept, np.array(-1.25), kappa=10)
    assert float(law.residual) < 1e-13


def test_power_law_has_the_least_squares_of_the_logarithms():
    law = fisher.fit_power_law(SIDES**2, PUBLISHED)
    slope, intercept = np.polyfit(np.log(SIDES**2), np.log(PUBLISHED), 1)
    assert float(law.exponent) == pytest.approx(slope, rel=1e-12)
    assert float(law.amplitude) == pytest.approx(math.exp(intercept), rel=1e-12)
    fit = law.amplitude * SIDES ** (2 * law.exponent)
    misfit = np.sqrt(np.mean((fit / PUBLISHED - 1) ** 2))
    assert float(law.residual) == pytest.approx(misfit, rel=1e-10)


def test_logarithmic_law_has_the_least_squares_of_the_density():
    law = fisher.fit_logarithmic_law(SIDES**2, PUBLISHED)
    slope, intercept = np.polyfit(np.log(SIDES**2), PUBLISHED / SIDES**2, 1)
    assert float(law.slope) == pytest.approx(slope, rel=1e-12)
    assert float(law.intercept) == pytest.approx(intercept, rel=1e-12)
    fit = SIDES**2 * (law.slope * np.log(SIDES**2) + law.intercept)
    misfit = np.sqrt(np.mean((fit / PUBLISHED - 1) ** 2))
    assert float(law.residual) == pytest.approx(misfit, rel=1e-10)


def test_exponents_do_not_depend_on_the_units_of_the_curvature():
    n = SIDES**2
    np.testing.assert_allclose(
        fisher.effective_exponents(n, -8 * PUBLISHED),
        fisher.effective_exponents(n, PUBLISHED),
        rtol=1e-13,
    )


def test_exponents_join_the_ends_of_the_table():
    # Weighted by the steps in ln n they add up to the overall change of ln |R|.
    n = SIDES**2
    exponents = fisher.effective_exponents(n, PUBLISHED)
    total = np.sum(exponents * np.diff(np.log(n)))
    assert total == pytest.approx(math.log(PUBLISHED[-1] / PUBLISHED[0]), rel=1e-14)


@pytest.mark.parametrize(
    ("n", "R", "match"),
    [
        ([9, 16], [1.0], "one length"),
        ([[9, 16]], [[1.0, 2.0]], "two vectors"),
        ([9], [1.0], "at least 2"),
        ([9, 9], [1.0, 2.0], "neighbours equal"),
        ([-9, 16], [1.0, 2.0], "positive"),
        ([9, 16], [0.0, 2.0], "not be zero"),
        ([9, 16], [np.nan, 2.0], "curvatures must be finite"),
    ],
)
def test_sizes_without_an_exponent_are_refused(n, R, match):
    with pytest.raises(ValueError, match=match):
        fisher.effective_exponents(n, R)


@pytest.mark.parametrize("fit", [fisher.fit_power_law, fisher.fit_logarithmic_law])
def test_two_sizes_are_no_fit(fit):
    with pytest.raises(ValueError, match="at least 3 sizes, got 2"):
        fit([9, 16], [1.0, 2.0])
    with pytest.raises(TypeError, match="float32"):
        fit(np.ones(3, np.float32), np.ones(3, np.float32))


# Couplings at the transition


@pytest.mark.parametrize("lattice", ["square", "triangular", "honeycomb", "cubic"])
def test_two_colours_are_critical_at_twice_the_ising_coupling(lattice):
    ising = fisher.critical_coupling("ising", lattice)
    assert fisher.critical_coupling("potts", lattice, 2) == pytest.approx(
        2 * ising, rel=1e-15
    )


@pytest.mark.parametrize("q", [2, 3, 4, 5, 10, 1000])
def test_potts_couplings_are_roots_of_their_equations(q):
    v = math.expm1(fisher.critical_coupling("potts", "square", q))
    assert v**2 == pytest.approx(q, rel=1e-13)
    v = math.expm1(fisher.critical_coupling("potts", "triangular", q))
    assert v**3 + 3 * v**2 == pytest.approx(q, rel=1e-13)
    v = math.expm1(fisher.critical_coupling("potts", "honeycomb", q))
    assert v**3 - 3 * q * v == pytest.approx(q**2, rel=1e-12)


def test_ising_couplings_are_dual_and_star_triangle_partners():
    z = {
        name: math.tanh(fisher.critical_coupling("ising", name))
        for name in ("square", "triangular", "honeycomb")
    }
    assert z["square"] == pytest.approx(math.sqrt(2) - 1, rel=1e-15)
    assert z["triangular"] == pytest.approx(2 - math.sqrt(3), rel=1e-15)
    assert z["honeycomb"] == pytest.approx(1 / math.sqrt(3), rel=1e-15)
    # Kramers and Wannier: z* = (1 - z) / (1 + z).
    dual = (1 - z["triangular"]) / (1 + z["triangular"])
    assert z["honeycomb"] == pytest.approx(dual, rel=1e-14)


def test_decorated_honeycomb_gives_the_kagome_coupling():
    # Decoration and star-triangle transformation: e^{4 J} = 3 + 2 sqrt 3.
    J = fisher.critical_coupling("ising", "kagome")
    assert math.exp(4 * J) == pytest.approx(3 + 2 * math.sqrt(3), rel=1e-14)


def test_potts_honeycomb_with_two_colours_is_not_another_formula():
    from geomsci.fisher.critical import _potts_honeycomb, _potts_triangular

    for name, formula in (
        ("honeycomb", _potts_honeycomb),
        ("triangular", _potts_triangular),
    ):
        ising = fisher.critical_coupling("ising", name)
        assert formula(2) == pytest.approx(2 * ising, rel=1e-14)


@pytest.mark.parametrize(
    ("model", "lattice", "value"),
    [("ising", 0, 0.2216546), ("xy", 0, 0.45416), ("heisenberg", 0, 0.69300)],
)
def test_numerical_couplings_have_the_digits_of_older_measurements(
    model, lattice, value
):
    # Hasenbusch 2010, Hasenbusch and Toeroek 1999, Campostrini et al. 2002.
    assert fisher.critical_coupling(model, "cubic") == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize(
    ("model", "lattice", "q"),
    [("xy", "square", None), ("potts", "kagome", 3), ("potts", "cubic", 4)],
)
def test_unknown_transitions_list_the_known_ones(model, lattice, q):
    with pytest.raises(ValueError, match="ising on square.*heisenberg on cubic"):
        fisher.critical_coupling(model, lattice, q)


def test_words_and_colours_are_checked():
    with pytest.raises(ValueError, match="ising, potts, xy, heisenberg, got 'clock'"):
        fisher.critical_coupling("clock", "square")
    with pytest.raises(ValueError, match="square, triangular.*got 'hexagonal'"):
        fisher.critical_coupling("ising", "hexagonal")
    with pytest.raises(TypeError, match="q must be an integer of at least 2"):
        fisher.critical_coupling("potts", "square")
    with pytest.raises(ValueError, match="None unless"):
        fisher.critical_coupling("xy", "cubic", 3)
