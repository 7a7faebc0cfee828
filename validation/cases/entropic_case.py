"""A case of the entropic suite: a function, its input and its condition number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci.backends.arrays import array_namespace
from geomsci.validation.cases.conditioning import fixed, measured_conditioning
from geomsci.validation.cases.entropic_fields import quiet
from geomsci.validation.suites import CASE_SEED, Case, Inputs


def input_rng() -> np.random.Generator:
    """Random numbers of the input: every case draws the same."""
    return np.random.default_rng(CASE_SEED)


def flat(*parts: Any) -> Any:
    """One vector of all results."""
    xp = array_namespace(*parts)
    return xp.concat([xp.reshape(x, (-1,)) for x in parts])


def case(
    function: str,
    inputs: Callable[[], Inputs],
    compute: Callable[..., Any],
    *,
    size: str,
    n: int,
    name: str = "",
    kappa: float | None = None,
    why: str = "products, sums and roots of rounded numbers",
    keep: tuple[str, ...] = (),
    expected: Callable[[Inputs], np.ndarray] | None = None,
    against: str = "the definition in NumPy",
    **fields: Any,
) -> Case:
    """A case of a public function.

    Without ``kappa`` the condition number is measured; without ``expected`` the float64
    reference is the oracle.
    """

    def told(*, dtype: str, **arrays: Any) -> Any:
        with quiet():
            return compute(**arrays)

    if kappa is None:
        conditioning = measured_conditioning(told, keep)
    else:
        conditioning = fixed(kappa, why)
    if expected is not None:
        fields |= {"expected": expected, "against": against}
    return Case(
        suite="entropic",
        name=name or function,
        size=size,
        function=f"entropic.{function}",
        inputs=inputs,
        compute=told,
        conditioning=conditioning,
        n=n,
        **fields,
    )
