"""What the SPD cases are put together from: inputs, bounds, calls, tolerances."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci.validation.cases import spd_bounds, spd_matrices
from geomsci.validation.suites import Conditioning, Inputs

TOL = {"float64": 1e-10, "float32": 1e-5}
"""Tolerance of the means: float32 cannot resolve a gradient below its rounding."""


def _inputs(count: int, n: int) -> Inputs:
    """Two stacks, a base point near them, tangent vectors there, and times."""
    A = spd_matrices.scattered(count, n)
    B = spd_matrices.scattered(count, n, stream=1)
    P = spd_matrices.centre(A)
    return {
        "A": A,
        "B": B,
        "P": P,
        # Short enough for the domain of the Bures-Wasserstein exponential: the affine
        # norm bounds the spectrum of P^{-1/2} V P^{-1/2}, and I + L > 0 below length 1.
        "V": spd_matrices.tangents(count, n, P, length=0.5),
        "t": np.linspace(0.1, 0.9, count),
    }


@functools.lru_cache(maxsize=4)
def ingredients(count: int, n: int) -> Inputs:
    """The inputs of one size, drawn once."""
    return _inputs(count, n)


def pick(count: int, n: int, **names: str) -> Callable[[], dict[str, np.ndarray]]:
    """Inputs of a case: argument name to the name in `_inputs`."""
    return lambda: {
        argument: ingredients(count, n)[name] for argument, name in names.items()
    }


def bounded(bound: Callable, metric: str, *names: str) -> Callable[..., Conditioning]:
    """Condition number from one of the rounding bounds on the named inputs."""

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        value, reason = bound(*(inputs[name] for name in names), metric)
        return spd_bounds.relative(value, expected, reason)

    return conditioning


def mean_conditioning(metric: str) -> Callable[..., Conditioning]:
    """Condition number of a mean, from its bound at the expected result."""

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        value, reason = spd_bounds.mean(inputs["C"], expected, metric)
        return spd_bounds.relative(value, expected, reason)

    return conditioning


def call(function: Callable, metric: str, *names: str) -> Callable[..., Any]:
    """``function`` on the named arrays, in the order of its signature."""

    def compute(*, dtype: str, **arrays: Any) -> Any:
        return function(*(arrays[name] for name in names), metric=metric)

    return compute
