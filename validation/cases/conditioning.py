"""Condition numbers of cases: known beforehand, or measured instead of derived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci.validation.cases.spd_matrices import hermitian
from geomsci.validation.suites import CASE_SEED, Conditioning, Inputs


def fixed(kappa: float, reason: str) -> Callable[..., Conditioning]:
    """A condition number that is known beforehand."""
    return lambda inputs, expected: Conditioning(kappa, reason)


def measured_conditioning(
    compute: Callable[..., Any], keep: tuple[str, ...] = ()
) -> Callable[..., Conditioning]:
    """Condition number of a composed method, measured on its float64 reference.

    The largest relative change of the result over relative perturbations of the input
    by 1e-8, times the square root of the number of entries of one matrix: random
    directions miss the worst one by about that factor.

    Parameters
    ----------
    keep : tuple of str
        Names of inputs that are not perturbed.
    """

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        rng = np.random.default_rng(CASE_SEED)
        step, changes, entries = 1e-8, [], 1
        for _ in range(3):
            moved = dict(inputs)
            for name, x in inputs.items():
                if x.dtype.kind != "f" or name in keep:
                    continue
                entries = max(entries, int(np.prod(x.shape[1:])))
                noise = rng.standard_normal(x.shape)
                if x.ndim > 1 and x.shape[-1] == x.shape[-2]:
                    noise = hermitian(noise)
                scale = np.linalg.norm(x) / np.linalg.norm(noise)
                moved[name] = x + step * scale * noise
            change = np.asarray(compute(dtype="float64", **moved)) - expected
            changes.append(np.linalg.norm(change) / np.linalg.norm(expected) / step)
        return Conditioning(
            float(max(changes)) * entries**0.5,
            "measured: the largest of three relative changes under perturbations of "
            "1e-8, times the square root of the number of entries",
        )

    return conditioning
