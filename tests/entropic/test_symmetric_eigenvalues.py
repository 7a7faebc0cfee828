"""Closed-form eigenvalues against LAPACK, mpmath and their own definitions."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from geomsci.reference.entropic import symmetric_eigenvalues as own

EPS = float(np.finfo(np.float64).eps)
GAPS = [1.0, 1e-4, 1e-8, 1e-12, 1e-15, 0.0]


def packed(A):
    d = A.shape[-1]
    return np.stack([A[..., i, j] for i in range(d) for j in range(i, d)], axis=-1)


def matrices(n, d, gap, seed=0):
    """Random symmetric matrices; two of their eigenvalues differ by about ``gap``."""
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((n, d, d)))[0]
    values = rng.standard_normal((n, d)) * rng.choice([1e-3, 1.0, 1e3], (n, 1))
    values[:, 1] = values[:, 0] * (1 + gap * rng.random(n))
    A = (Q * values[:, None, :]) @ np.swapaxes(Q, -1, -2)
    return (A + np.swapaxes(A, -1, -2)) / 2


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("d", [1, 2, 3])
def test_eigenvalues_are_those_of_lapack(xp, d, gap):
    A = matrices(300, max(d, 2), gap)[:, :d, :d]
    A = xp.to_numpy(xp.asarray(A)).astype(float)  # as the case rounds them
    found = own.symmetric_eigenvalues(xp.asarray(packed(A)))
    xp.assert_is_native(found)
    error = np.abs(xp.to_numpy(found) - np.linalg.eigvalsh(A))
    assert np.all(error <= 16 * xp.eps * np.abs(A).max(axis=(-2, -1))[:, None])


@pytest.mark.parametrize("gap", GAPS)
def test_scalar_source_agrees_with_fifty_digits(gap):
    for A in matrices(12, 3, gap, seed=3):
        with mpmath.workdps(50):
            exact = sorted(mpmath.eigsy(mpmath.matrix(A.tolist()), eigvals_only=True))
            exact = [float(v) for v in exact]
        found = own.eigenvalues_3(*packed(A).tolist())
        assert np.max(np.abs(np.subtract(found, exact))) <= 12 * EPS * np.abs(A).max()


def test_gap_of_nearly_equal_eigenvalues_is_right_to_the_rounding():
    # Clamped arccos loses half of the digits here: it finds the gap 1e-10 as 0 or 1e-8.
    values = own.eigenvalues_3(1.0, 0.0, 5e-11, -2.0, 0.0, 1.0)
    assert values[2] - values[1] == pytest.approx(1e-10, abs=8 * EPS)


@pytest.mark.parametrize("size", [1e-150, 1e-60, 1.0, 1e60, 1e150])
def test_eigenvalues_scale_with_the_unit(size):
    A = packed(matrices(5, 3, 1.0, seed=4))
    found = own.symmetric_eigenvalues(A * size) / size
    np.testing.assert_allclose(found, own.symmetric_eigenvalues(A), rtol=1e-12)


def test_multiples_of_the_identity_are_exact():
    for value in (0.0, 0.1, -7.3, 1e-310):
        entries = (value, 0.0, 0.0, value, 0.0, value)
        np.testing.assert_allclose(
            own.eigenvalues_3(*entries), value, rtol=4 * EPS, atol=1e-300
        )


@pytest.mark.parametrize("angle", np.linspace(0.0, math.pi, 33))
def test_trisected_angle(angle):
    c, s = own.trisected(7.0 * abs(math.sin(angle)), 7.0 * math.cos(angle))
    assert c == pytest.approx(math.cos(angle / 3), abs=4 * EPS)
    assert s == pytest.approx(math.sin(angle / 3), abs=4 * EPS)
