"""Every library, device and precision that a public function must run on.

``array_api_strict`` on its non-default ``device1`` refuses conversion to NumPy and
mixing with the default device, so it stands in for a GPU on a machine without one.
Together with NumPy float32 and read-only NumPy it catches the classic mistakes:
creation without ``device=`` or ``dtype=``, ``np.asarray`` of a user's array, writing
into an input, arithmetic with NumPy scalars.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci.backends import arrays, machine


@dataclasses.dataclass(frozen=True)
class ArrayCase:
    """One library, device and precision.

    Attributes
    ----------
    name : str
        ``"numpy"``, ``"numpy-readonly"``, ``"numpy-float32"``, ``"strict"``,
        ``"strict-device1"``, ``"torch"``, ``"cupy"``.
    library : str
    single : bool
        True for float32 (complex64).
    device : str, optional
        Device name in the library's terms; None for its default.
    readonly : bool
    """

    name: str
    library: str
    single: bool = False
    device: str | None = None
    readonly: bool = False

    @property
    def xp(self) -> Any:
        """Array namespace of the case."""
        return arrays.array_namespace(self.asarray(np.zeros(1)))

    @property
    def eps(self) -> float:
        """Relative spacing of the floating numbers of the case."""
        return float(np.finfo(np.float32 if self.single else np.float64).eps)

    def asarray(self, values: Any) -> Any:
        """Copy of NumPy ``values`` as the case has them; integers stay integers."""
        values = np.array(values)
        if self.single and values.dtype.kind in "fc":
            values = values.astype(
                np.complex64 if values.dtype.kind == "c" else np.float32
            )
        if self.library == "numpy":
            values.flags.writeable = not self.readonly
            return values
        module = importlib.import_module(self.library)
        if self.library == "array_api_strict" and self.device is not None:
            return module.asarray(values, device=module.Device(self.device))
        return module.asarray(values)

    def to_numpy(self, x: Any) -> np.ndarray:
        """NumPy copy of an array of the case."""
        return arrays.to_host(x)

    def assert_is_native(self, actual: Any) -> None:
        """Fail unless ``actual`` is an array of this library on this device."""
        assert arrays.library(actual) == self.library, (
            f"the input was an array of {self.library}, the result is "
            f"{type(actual).__name__}"
        )
        expected = arrays.device(self.asarray(np.zeros(1)))
        assert arrays.device(actual) == expected, (
            f"the input was on {expected}, the result is on {arrays.device(actual)}"
        )

    def assert_close(
        self, actual: Any, expected: Any, *, kappa: float = 1.0, n: int = 1
    ) -> None:
        """Fail unless ``actual`` is native, of the case's precision and close.

        ``||actual - expected|| <= 64 eps kappa max(1, log2 n) ||expected||``, with the
        precision ``eps`` of the case. Integers must be equal.

        Parameters
        ----------
        actual : array of the case
        expected : NumPy array
            In double precision.
        kappa : float
            Condition number of the computation, which the test states.
        n : int
            Length of its sums.
        """
        self.assert_is_native(actual)
        result, expected = self.to_numpy(actual), np.asarray(expected)
        assert result.shape == expected.shape, f"{result.shape} != {expected.shape}"
        if expected.dtype.kind in "iub":
            np.testing.assert_array_equal(result, expected)
            return
        precision = np.dtype(
            {("f", True): "f4", ("f", False): "f8", ("c", True): "c8"}.get(
                (expected.dtype.kind, self.single), "c16"
            )
        )
        assert result.dtype == precision, f"{result.dtype} is not {precision}"
        scale = np.linalg.norm(expected.ravel())
        error = np.linalg.norm((result - expected).ravel()) / (scale or 1.0)
        budget = 64 * self.eps * kappa * max(1.0, math.log2(n))
        assert error <= budget, f"relative error {error:.3g} over budget {budget:.3g}"


_CASES = (
    ArrayCase("numpy", "numpy"),
    ArrayCase("numpy-readonly", "numpy", readonly=True),
    ArrayCase("numpy-float32", "numpy", single=True),
    ArrayCase("strict", "array_api_strict"),
    ArrayCase("strict-device1", "array_api_strict", device="device1"),
    ArrayCase("torch", "torch"),
    ArrayCase("cupy", "cupy"),
)


def array_cases(*, available_only: bool = True) -> list[ArrayCase]:
    """List the array cases.

    Parameters
    ----------
    available_only : bool
        True: leave out the libraries that this machine cannot run.

    Returns
    -------
    cases : list of ArrayCase
    """
    if not available_only:
        return list(_CASES)
    return [case for case in _CASES if machine.status(case.library).usable]


def assert_close_across(
    function: Callable[..., Any],
    *values: np.ndarray,
    kappa: float = 1.0,
    n: int = 1,
    cases: list[ArrayCase] | None = None,
    **options: Any,
) -> None:
    """Fail unless ``function`` agrees over all libraries, devices and precisions.

    The comparison is the function itself on float64 NumPy arrays, so this shows that
    the libraries agree, not that the function is right.

    Parameters
    ----------
    function : callable
        Takes arrays, returns one array.
    *values : NumPy arrays
        Its positional arguments, in double precision.
    kappa, n : float, int
        As in `ArrayCase.assert_close`.
    cases : list of ArrayCase, optional
        Default: all that this machine can run.
    **options
        Keyword arguments of ``function``.

    Raises
    ------
    AssertionError
        With the name of the first case that fails and why.
    """
    expected = function(*(np.array(v) for v in values), **options)
    for case in array_cases() if cases is None else cases:
        native = [case.asarray(v) for v in values]
        before = [case.to_numpy(x).copy() for x in native]
        try:
            actual = function(*native, **options)
            case.assert_close(actual, expected, kappa=kappa, n=n)
        except (AssertionError, TypeError, ValueError, RuntimeError) as error:
            raise AssertionError(f"{case.name}: {error}") from error
        for x, old in zip(native, before):
            assert np.array_equal(case.to_numpy(x), old), f"{case.name}: input changed"
