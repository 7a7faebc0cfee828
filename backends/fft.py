"""One Fourier transform for every array library, with the array API's names.

NumPy goes through ``scipy.fft`` (float32 stays float32, several workers), CuPy
through ``cupyx.scipy.fft``, every other library through its own ``xp.fft``. Shapes,
normalisation and names are those of the array API standard.
"""

from __future__ import annotations

import importlib
from typing import Any

from geomsci.backends import arrays
from geomsci.backends.arrays import Array, array_namespace


def _transform(
    name: str, x: Array, workers: int | None, options: dict[str, Any]
) -> Array:
    library = arrays.library(x)
    if library == "numpy":
        import scipy.fft

        return getattr(scipy.fft, name)(x, workers=workers, **options)
    if library == "cupy":
        return getattr(importlib.import_module("cupyx.scipy.fft"), name)(x, **options)
    return getattr(array_namespace(x).fft, name)(x, **options)


def fft(x: Array, *, n=None, axis=-1, norm="backward", workers=None) -> Array:
    """Discrete Fourier transform of complex ``x`` along ``axis``."""
    return _transform("fft", x, workers, {"n": n, "axis": axis, "norm": norm})


def ifft(x: Array, *, n=None, axis=-1, norm="backward", workers=None) -> Array:
    """Inverse of `fft`."""
    return _transform("ifft", x, workers, {"n": n, "axis": axis, "norm": norm})


def rfft(x: Array, *, n=None, axis=-1, norm="backward", workers=None) -> Array:
    """Transform of real ``x``: the ``n // 2 + 1`` non-negative frequencies."""
    return _transform("rfft", x, workers, {"n": n, "axis": axis, "norm": norm})


def irfft(x: Array, *, n=None, axis=-1, norm="backward", workers=None) -> Array:
    """Inverse of `rfft`; give ``n`` if the real length was odd."""
    return _transform("irfft", x, workers, {"n": n, "axis": axis, "norm": norm})


def fftn(x: Array, *, s=None, axes=None, norm="backward", workers=None) -> Array:
    """Transform of complex ``x`` over several axes."""
    return _transform("fftn", x, workers, {"s": s, "axes": axes, "norm": norm})


def ifftn(x: Array, *, s=None, axes=None, norm="backward", workers=None) -> Array:
    """Inverse of `fftn`."""
    return _transform("ifftn", x, workers, {"s": s, "axes": axes, "norm": norm})


def rfftn(x: Array, *, s=None, axes=None, norm="backward", workers=None) -> Array:
    """Transform of real ``x`` over several axes, the last one halved."""
    return _transform("rfftn", x, workers, {"s": s, "axes": axes, "norm": norm})


def irfftn(x: Array, *, s=None, axes=None, norm="backward", workers=None) -> Array:
    """Inverse of `rfftn`; give ``s`` if the last real length was odd."""
    return _transform("irfftn", x, workers, {"s": s, "axes": axes, "norm": norm})
