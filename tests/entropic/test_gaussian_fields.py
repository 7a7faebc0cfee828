"""Random fields: exact mode variances, spectra over ensembles, lognormal moments."""

import numpy as np
import pytest

from geomsci.backends import use_backend
from geomsci.entropic.simulation import gaussian_field, lognormal_field
from geomsci.reference.entropic import gaussian_fields as reference

BOX = 50.0


def spectrum(k):
    return 300 / (1 + (4 * k) ** 2) ** 1.5


def modes(field, box):
    """Length of k and delta_k = (V / N) sum of delta e^{-ikx} at every mode."""
    n, d = field.shape[0], field.ndim
    axes = np.meshgrid(*[2 * np.pi * np.fft.fftfreq(n, box / n)] * d, indexing="ij")
    k = np.sqrt(sum(a**2 for a in axes))
    return k, np.fft.fftn(field) * (box / n) ** d


@pytest.mark.parametrize(("n", "d"), [(16, 1), (15, 1), (8, 2), (9, 2), (8, 3), (7, 3)])
def test_every_mode_has_its_exact_variance(n, d):
    # A single spike has |F w| = 1 at every mode, white noise N on average, so N times
    # the power of the spike's field is the variance of the mode.
    spike = np.zeros((n,) * d)
    spike[(0,) * d] = 1
    k, delta = modes(reference.gaussian_field(spike, spectrum, (BOX,) * d), BOX)
    expected = BOX**d * spectrum(k)
    expected[(0,) * d] = 0
    scale = 64 * np.finfo(float).eps * expected.max()
    np.testing.assert_allclose(n**d * np.abs(delta) ** 2, expected, atol=scale)


def test_spectra_of_an_ensemble_agree_with_pk():
    n, draws = 32, 40
    rng = np.random.default_rng(1)
    k = modes(np.zeros((n, n, n)), BOX)[0]
    bins = np.digitize(k, np.linspace(0.05, np.sqrt(3) * np.pi * n / BOX, 17))
    bins[0, 0, 0] = -1
    ratios = []
    for _ in range(draws):
        delta = modes(gaussian_field(spectrum, n, BOX, rng=rng), BOX)[1]
        ratio = np.abs(delta) ** 2 / (BOX**3 * spectrum(k))
        ratios.append([ratio[bins == b].mean() for b in np.unique(bins)[1:]])
    mean, error = np.mean(ratios, axis=0), np.std(ratios, axis=0, ddof=1)
    assert np.all(np.abs(mean - 1) < 4 * error / np.sqrt(draws))
    # Half the modes are free: the scatter of a bin is that of so many exponentials.
    count = np.unique(bins, return_counts=True)[1][1:]
    known = np.sqrt(2 / count[1:-1])
    assert np.all(np.abs(error[1:-1] / known - 1) < 4 / np.sqrt(2 * (draws - 1)))


def test_self_conjugate_modes_are_real_and_of_full_variance():
    n, draws = 32, 200
    rng, corners = np.random.default_rng(2), (0, n // 2)
    at = np.array([(a, b, c) for a in corners for b in corners for c in corners][1:])
    values = []
    for _ in range(draws):
        k, delta = modes(gaussian_field(spectrum, n, BOX, rng=rng), BOX)
        chosen = delta[tuple(at.T)] / np.sqrt(BOX**3 * spectrum(k[tuple(at.T)]))
        values.append(chosen)
    assert np.max(np.abs(np.imag(values))) < 1e-9
    power = np.mean(np.real(values) ** 2, axis=0)
    assert np.all(np.abs(power - 1) < 4 * np.sqrt(2 / draws))


def test_box_mean_is_zero_in_every_draw():
    field = gaussian_field(spectrum, 16, BOX, rng=3)
    assert abs(field.mean()) < 64 * np.finfo(float).eps * np.abs(field).max()


def test_lognormal_is_the_exponential_of_the_gaussian_field():
    n, d = 12, 2
    options = {"n_grid": n, "box_size": BOX, "dimension": d}
    g = gaussian_field(spectrum, rng=4, **options)
    rho = lognormal_field(spectrum, rng=4, **options)
    power = spectrum(modes(g, BOX)[0])
    power[0, 0] = 0
    np.testing.assert_allclose(
        rho, np.exp(g - power.sum() / BOX**d / 2), rtol=1e-13, atol=0
    )


def test_lognormal_correlation_is_the_exponential_of_the_logarithmic_one():
    n, draws, lags = 32, 60, (0, 1, 2, 5, 10)
    rng = np.random.default_rng(5)
    k = modes(np.zeros((n, n, n)), BOX)[0]
    power = spectrum(k) / BOX**3
    power[0, 0, 0] = 0
    xi = np.real(np.fft.ifftn(power))[0, 0, list(lags)] * n**3
    found, means = [], []
    for _ in range(draws):
        rho = lognormal_field(spectrum, n, BOX, rng=rng)
        means.append(rho.mean())
        found.append([(rho * np.roll(rho, lag, axis=2)).mean() for lag in lags])
    error = np.std(found, axis=0, ddof=1) / np.sqrt(draws)
    assert np.all(np.abs(np.mean(found, axis=0) - np.exp(xi)) < 4 * error)
    assert abs(np.mean(means) - 1) < 4 * np.std(means, ddof=1) / np.sqrt(draws)


@pytest.mark.capability("entropic.gaussian_field")
@pytest.mark.parametrize("draw", [gaussian_field, lognormal_field])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_one_seed_is_one_field_on_every_library(xp, draw, d):
    options = {"n_grid": 8, "box_size": BOX, "dimension": d, "rng": 6}
    expected = draw(spectrum, **options)
    found = draw(spectrum, **options, like=xp.asarray(np.zeros(2)))
    # exp multiplies errors of g by at most its largest value.
    kappa = max(1.0, float(np.abs(gaussian_field(spectrum, **options)).max()))
    xp.assert_close(found, expected, kappa=kappa, n=8**d)


@pytest.mark.usefixtures("offload")
@pytest.mark.parametrize("draw", [gaussian_field, lognormal_field])
def test_an_offloaded_draw_comes_home(draw):
    expected = draw(spectrum, 8, BOX, rng=10)
    with use_backend("cupy") as record:
        found = draw(spectrum, 8, BOX, rng=10)
    assert isinstance(found, np.ndarray)
    assert [t.direction for t in record.transfers][-1] == "to host"
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_generators_advance_and_seeds_repeat():
    rng = np.random.default_rng(7)
    first, second = (gaussian_field(spectrum, 8, BOX, rng=rng) for _ in range(2))
    assert not np.any(first == second)
    np.testing.assert_array_equal(first, gaussian_field(spectrum, 8, BOX, rng=7))


def test_unit_cells_are_the_default_box_and_sides_may_differ():
    sides = (8.0, 16.0)
    field = gaussian_field(spectrum, 8, sides, rng=8, dimension=2)
    noise = np.random.default_rng(8).standard_normal((8, 8))
    kx = 2 * np.pi * np.fft.fftfreq(8, 1.0)
    ky = 2 * np.pi * np.fft.fftfreq(8, 2.0)
    power = spectrum(np.hypot(kx[:, None], ky[None, :]))
    power[0, 0] = 0
    expected = np.fft.ifft2(np.fft.fft2(noise) * np.sqrt(power / 2.0))
    np.testing.assert_allclose(field, expected.real, atol=1e-12)
    unit = gaussian_field(spectrum, 8, rng=8)
    np.testing.assert_array_equal(unit, gaussian_field(spectrum, 8, 8.0, rng=8))


def test_power_is_never_asked_at_zero():
    asked = []
    gaussian_field(lambda k: asked.append(k.min()) or k**-2.0, 8, BOX, rng=9)
    np.testing.assert_allclose(asked, 2 * np.pi / BOX)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"pk": 3.0}, TypeError, "pk must be a function"),
        ({"pk": lambda k: -k}, ValueError, "pk must be finite and not negative"),
        ({"pk": lambda k: k * np.nan}, ValueError, "pk must be finite"),
        ({"pk": lambda k: k[0]}, ValueError, "one value for each k"),
        ({"pk": lambda k: 1.0}, TypeError, "pk must return an array of numpy"),
        ({"pk": lambda k: k + 1j}, TypeError, "pk must return real numbers"),
        ({"n_grid": 3}, ValueError, "n_grid must be at least 4"),
        ({"n_grid": 8.5}, TypeError, "n_grid must be an integer"),
        ({"dimension": 4}, ValueError, "dimension must be 1, 2 or 3"),
        ({"box_size": -1.0}, ValueError, "box_size must be positive"),
        ({"box_size": (1.0, 2.0)}, ValueError, "one for each of the 3 axes"),
        ({"like": "numpy"}, TypeError, "like must be an array"),
        ({"like": np.zeros(1, dtype=complex)}, TypeError, "like must be real"),
    ],
)
@pytest.mark.parametrize("draw", [gaussian_field, lognormal_field])
def test_bad_input_is_refused(draw, change, error, message):
    arguments = {"pk": spectrum, "n_grid": 8, "box_size": BOX, **change}
    with pytest.raises(error, match=message):
        draw(**arguments)


# Lognormal densities of a spectrum


def matter(k):
    return 4e4 * k / (1 + (12 * k) ** 2) ** 2


def test_the_density_has_the_spectrum_mode_by_mode():
    """exp(xi_g) - 1, transformed back, is P at every k > 0, and kappa at k = 0."""
    shape, lengths = (12, 10, 9), (60.0, 40.0, 45.0)
    F = reference.transform(np.zeros(shape), lengths)
    P = reference._power(F, matter)
    power, clipped = reference.logarithmic_power(P, F)
    assert clipped == 0
    cell = np.prod(np.divide(lengths, shape))
    xi = np.fft.irfftn(power / cell, s=shape, axes=(0, 1, 2))
    found = np.fft.rfftn(np.exp(xi) - 1).real * cell
    assert power[0, 0, 0] == 0 < found[0, 0, 0] < 0.1 * P.max()
    found[0, 0, 0] = 0
    np.testing.assert_allclose(found, P, atol=1e-12 * P.max())


def test_an_ensemble_of_densities_has_the_spectrum():
    n, draws = 16, 400
    k = modes(np.zeros((n, n, n)), BOX)[0]
    bins = np.digitize(k, np.linspace(0.1, np.pi * n / BOX, 6))
    rng = np.random.default_rng(11)
    ratios = {"density": [], "logarithm": []}
    for name, found in ratios.items():
        for _ in range(draws):
            rho = lognormal_field(matter, n, BOX, rng=rng, spectrum_of=name)
            power = np.abs(modes(rho, BOX)[1]) ** 2 / BOX**3
            sums = [power[bins == b].sum() / matter(k[bins == b]).sum() for b in (1, 5)]
            found.append(sums)
    mean = {name: np.mean(v, axis=0) for name, v in ratios.items()}
    error = np.std(ratios["density"], axis=0, ddof=1) / np.sqrt(draws)
    assert np.all(np.abs(mean["density"] - 1) < 4 * error)
    assert mean["logarithm"][1] > 1.1  # the two differ


def test_a_weak_density_has_the_spectrum_of_its_logarithm():
    one, two = (
        lognormal_field(lambda k: 1e-8 * matter(k), 8, BOX, rng=12, spectrum_of=name)
        for name in ("density", "logarithm")
    )
    np.testing.assert_allclose(one - 1, two - 1, atol=1e-6 * np.abs(two - 1).max())


@pytest.mark.capability("entropic.lognormal_field")
@pytest.mark.parametrize("d", [1, 2, 3])
def test_one_seed_is_one_density_on_every_library(xp, d):
    options = {"n_grid": 8, "box_size": BOX, "dimension": d, "rng": 13}
    options["spectrum_of"] = "density"

    def weak(k):  # in one dimension powers are lengths
        return spectrum(k) * 20.0 ** (d - 3)

    expected = lognormal_field(weak, **options)
    found = lognormal_field(weak, **options, like=xp.asarray(np.zeros(2)))
    xp.assert_close(found, expected, kappa=8.0, n=8**d)


def test_what_has_no_lognormal_density_is_clipped_and_told_or_refused():
    def steep(k):
        return 3000 * np.exp(-((4 * k) ** 2))

    with pytest.warns(UserWarning, match=r"negative power, 2(\.\d)? per cent"):
        rho = lognormal_field(steep, 32, 100.0, rng=14, spectrum_of="density")
    assert rho.min() > 0
    # A strong wave alone: its correlation is its own cosine.
    narrow = {"n_grid": 16, "box_size": 16.0, "dimension": 1, "rng": 14}
    with pytest.raises(ValueError, match="correlation above -1"):
        lognormal_field(lambda k: 20.0 * (k < 0.5), **narrow, spectrum_of="density")
    with pytest.raises(ValueError, match="spectrum_of must be logarithm or density"):
        lognormal_field(spectrum, 8, BOX, spectrum_of="log")
