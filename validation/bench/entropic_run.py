"""One classification of one field in a process of its own: seconds and peak memory.

``python -m geomsci.validation.bench.entropic_run '{"what": "grid", ...}'`` prints one
line of JSON. A process holds one method only, so that its peak memory is that of the
method with its imports and its data; a first run on few cells, not counted, compiles
what is compiled.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from geomsci.validation.bench.embedding_run import peak_memory

SMALL = 16
SCALE = 2.5
"""Cells."""

N_GALAXIES, N_PLACES, REACH = 44_572, 100_000, 5.0


def density(n: int) -> np.ndarray:
    """A lognormal field of single precision, white before it is smoothed."""
    rng = np.random.default_rng(20261121)
    field = rng.standard_normal((n, n, n), dtype=np.float32)
    return np.exp(field, out=field)


# Methods: a density in, a class a voxel and what they are made of out


def _geomsci(field: np.ndarray) -> Any:
    from geomsci.entropic import EntropicCurvature

    return EntropicCurvature(SCALE).fit(field)


def _pycosmommf(field: np.ndarray) -> Any:
    import pycosmommf

    return pycosmommf.maximum_signature([SCALE], field)


def _nexus(field: np.ndarray) -> Any:
    import pycosmommf

    return pycosmommf.maximum_signature([SCALE], field, algorithm="NEXUS")


def _numpy(field: np.ndarray, power: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Complex transforms, the Hessian of the logarithm as a stack, `eigvalsh`.

    ``power`` 1 is the plain Hessian of the density over the density.
    """
    n = field.shape[0]
    k = (2 * np.pi * np.fft.fftfreq(n)).astype(field.dtype)
    waves = [k[:, None, None], k[None, :, None], k[None, None, :]]
    square = waves[0] ** 2 + waves[1] ** 2 + waves[2] ** 2
    F = np.fft.fftn(field) * np.exp(-0.5 * SCALE**2 * square)
    rho = np.fft.ifftn(F).real
    slope = [np.fft.ifftn(1j * w * F).real / rho for w in waves]
    K = np.empty((*field.shape, 3, 3), dtype=field.dtype)
    for i in range(3):
        for j in range(i, 3):
            second = np.fft.ifftn(waves[i] * waves[j] * F).real / rho
            K[..., i, j] = second if power else second + slope[i] * slope[j]
            K[..., j, i] = K[..., i, j]
    values = np.linalg.eigvalsh(K)
    return values, np.sum(values > 0, axis=-1)


METHODS: dict[str, Callable[[np.ndarray], Any]] = {
    "geomsci": _geomsci,
    "pycosmommf": _pycosmommf,
    "nexus": _nexus,
    "numpy": _numpy,
}


def grid_run(request: Mapping[str, Any]) -> dict[str, Any]:
    """One scale, everything: smooth, Hessian, eigenvalues, classes."""
    method = METHODS[request["method"]]
    method(density(SMALL))
    field = density(request["n"])
    start = time.perf_counter()
    method(field)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "peak": peak_memory()}


def classes_run(request: Mapping[str, Any]) -> dict[str, Any]:
    """Shares of voxels on which classes agree, all methods on one field.

    NEXUS signatures say more than a count, so that only what they share is compared:
    a cluster has three eigenvalues of the density's Hessian below zero, a filament at
    least two, a wall at least one.
    """
    from geomsci.entropic import EntropicCurvature

    field = density(request["n"])
    ours = np.asarray(EntropicCurvature(SCALE).fit(field).signature_)[0]
    plain = EntropicCurvature(SCALE, dimension=4.0).fit(field)
    same = np.asarray(plain.signature_)[0]
    _, theirs = _numpy(field)
    _, density_classes = _numpy(field, 1)
    found = {
        "numpy": float(np.mean(ours == theirs)),
        "numpy, N = 4": float(np.mean(same == density_classes)),
    }
    if request["peer"]:
        signature = np.asarray(_nexus(field))
        level = 1e-10 * signature.max(axis=(0, 1, 2))
        nodes, filaments, walls = np.moveaxis(signature > level, -1, 0)
        found["clusters"] = float(np.mean(nodes == (same == 3)))
        found["filaments"] = float(np.mean(~filaments | (same >= 2)))
        found["walls"] = float(np.mean(~walls | (same >= 1)))
    return found


def galaxies(n: int = N_GALAXIES) -> np.ndarray:
    """A clustered, flux-limited sphere of galaxies around an observer, Mpc/h."""
    rng = np.random.default_rng(20261121)
    centres = rng.standard_normal((n // 8, 3))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    centres *= rng.gamma(3.0, 25.0, (len(centres), 1))
    own = centres[rng.integers(0, len(centres), n)]
    return own + 3.0 * rng.standard_normal((n, 3))


def catalogue_run(request: Mapping[str, Any]) -> dict[str, Any]:
    """Curvature of galaxies at places, half of them galaxies and half uniform."""
    from geomsci.entropic import catalogue_curvature

    if request["path"]:
        from geomsci.entropic import read_2mrs

        positions = read_2mrs(request["path"]).positions
    else:
        positions = galaxies()
    rng = np.random.default_rng(7)
    half = request["places"] // 2
    low, high = positions.min(axis=0), positions.max(axis=0)
    places = np.concatenate([
        positions[rng.integers(0, len(positions), half)],
        rng.uniform(low, high, (half, 3)),
    ])  # fmt: skip
    catalogue_curvature(places[:50], positions[:500], REACH)
    start = time.perf_counter()
    catalogue_curvature(places, positions, REACH)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "peak": peak_memory(), "galaxies": len(positions)}


RUNS = {"grid": grid_run, "classes": classes_run, "catalogue": catalogue_run}


def main(text: str) -> None:
    """Run the request and print its result; what methods print goes nowhere."""
    request = json.loads(text)
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()):
        found = RUNS[request["what"]](request)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
