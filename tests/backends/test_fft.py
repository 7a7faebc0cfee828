"""Fourier transforms: the defining sum, and inverses, on every library."""

import numpy as np
import pytest

from geomsci.backends import fft

DFT = np.exp(-2j * np.pi * np.outer(np.arange(6), np.arange(6)) / 6)


@pytest.fixture
def signal():
    return np.random.default_rng(0).standard_normal((4, 6))


def test_rfft_is_the_defining_sum(xp, signal):
    xp.assert_close(fft.rfft(xp.asarray(signal)), (signal @ DFT)[:, :4], n=6)


def test_fft_is_the_defining_sum(xp, signal):
    Z = signal + 1j * signal[::-1]
    xp.assert_close(fft.fft(xp.asarray(Z)), Z @ DFT, n=6)


def test_real_transforms_go_back(xp, signal):
    x = xp.asarray(signal)
    xp.assert_close(fft.irfft(fft.rfft(x), n=6), signal, n=6)
    back = fft.irfftn(fft.rfftn(x, axes=(0, 1)), s=(4, 6), axes=(0, 1))
    xp.assert_close(back, signal, n=24)


def test_complex_transforms_go_back(xp, signal):
    Z = signal + 1j * signal[::-1]
    z = xp.asarray(Z)
    xp.assert_close(fft.ifft(fft.fft(z, axis=0), axis=0), Z, n=4)
    xp.assert_close(fft.ifftn(fft.fftn(z, axes=(0, 1)), axes=(0, 1)), Z, n=24)


def test_orthonormal_transform_keeps_the_norm(xp, signal):
    z = fft.fftn(xp.asarray(signal + 0j), axes=(0, 1), norm="ortho")
    norm = np.linalg.norm(xp.to_numpy(z))
    assert norm == pytest.approx(np.linalg.norm(signal), rel=64 * xp.eps)
