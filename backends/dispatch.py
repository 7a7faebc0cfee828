"""Which implementation runs: `use_backend`, the registry and `public`.

A public function is decorated with ``@public("family.name")``, where the name is a
row of `geomsci.backends.capabilities`. Its body checks the input and hands the
arrays to ``run("family.name", ...)``, which picks a kernel or the reference. Only
the outermost public call looks at the choice of backend; what it calls inside takes
a kernel where one fits and the reference otherwise.
"""

from __future__ import annotations

import contextvars
import copy
import dataclasses
import functools
import importlib
import os
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from geomsci.backends import arrays, machine
from geomsci.backends.capabilities import CAPABILITIES, Kernel, implementations

CHOICES = ("auto", "reference", "numba", "cupy")
ENVIRONMENT_VARIABLE = "GEOMSCI_BACKEND"

F = TypeVar("F", bound=Callable[..., Any])


class Call(NamedTuple):
    """One leaf that ran."""

    function: str
    implementation: str


class Transfer(NamedTuple):
    """One array that crossed between host and device."""

    direction: str
    bytes: int


class Record:
    """What happened inside a `use_backend` block: ``.calls`` and ``.transfers``."""

    def __init__(self, choice: str) -> None:
        self.choice = choice
        self.calls: list[Call] = []
        self.transfers: list[Transfer] = []

    def __repr__(self) -> str:
        return (
            f"Record(choice={self.choice!r}, calls={len(self.calls)}, "
            f"transfers={len(self.transfers)})"
        )


class _State(NamedTuple):
    choice: str
    record: Record | None
    outermost: str | None  # name of the public call that is running, if any
    to_device: Callable[[np.ndarray], Any] | None = None  # set inside an offload


_state: contextvars.ContextVar[_State | None] = contextvars.ContextVar(
    "geomsci_backend", default=None
)


def _checked(choice: str, source: str) -> str:
    """Normalised choice; raises if unknown or if the machine cannot run it."""
    if choice == "numpy":
        choice = "reference"
    if choice not in CHOICES:
        raise ValueError(
            f"{source} must be one of {', '.join(CHOICES)} or numpy (an alias of "
            f"reference), got {choice!r}."
        )
    if choice == "cupy":
        machine.require_cupy()
    elif choice == "numba":
        machine.require_numba()
    return choice


@functools.cache
def _default() -> _State:
    """State of a thread that is in no block: from the environment, read once."""
    choice = os.environ.get(ENVIRONMENT_VARIABLE, "auto")
    return _State(_checked(choice, ENVIRONMENT_VARIABLE), None, None)


def current_backend() -> str:
    """Name of the choice in force: hand it to workers, which do not inherit it."""
    return (_state.get() or _default()).choice


def placed(values: np.ndarray) -> Any:
    """NumPy values as an array where the running call computes.

    For functions whose arguments are plain numbers: a NumPy array, or its copy on the
    GPU inside an offloaded call.
    """
    to_device = (_state.get() or _default()).to_device
    return values if to_device is None else to_device(values)


class use_backend:
    """Context manager that chooses the implementation of the calls inside it.

    Parameters
    ----------
    choice : {"auto", "reference", "numpy", "numba", "cupy"}
        ``"auto"``: a kernel where one is registered and fits, else the reference.
        ``"reference"`` (alias ``"numpy"``): always the reference.
        ``"numba"``: the Numba kernel, or ``NotImplementedError``.
        ``"cupy"``: NumPy arguments go to the GPU once, results come back as NumPy.

    Yields
    ------
    record : Record
        ``.calls`` lists (function, implementation) of every leaf that ran,
        ``.transfers`` lists (direction, bytes) of every array that crossed.

    Raises
    ------
    BackendUnavailable
        If the machine cannot run the choice; never a silent fallback.
    ValueError
        If the choice is unknown.

    Notes
    -----
    The choice lives in a ``ContextVar``: a new thread or process does not inherit
    it and starts from ``GEOMSCI_BACKEND``, else ``"auto"``.

    Examples
    --------
    >>> import numpy as np, geomsci
    >>> from geomsci import spd
    >>> with geomsci.use_backend("reference") as record:
    ...     d = spd.distance(np.eye(2), 4 * np.eye(2))
    >>> record.calls[-1]
    Call(function='spd.distance', implementation='reference')
    """

    def __init__(self, choice: str = "auto") -> None:
        self._choice = _checked(choice, "backend")
        self._tokens: list[contextvars.Token] = []

    def __enter__(self) -> Record:
        record = Record(self._choice)
        self._tokens.append(_state.set(_State(self._choice, record, None)))
        return record

    def __exit__(self, *exc: object) -> None:
        _state.reset(self._tokens.pop())


@functools.cache
def resolve(target: str) -> Callable[..., Any]:
    """Object behind ``"package.module:attribute"``, imported at first use."""
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _usable(kernel: Kernel | None, choice: str, args: tuple, kwargs: dict) -> bool:
    """The kernel is right for the arguments and, unless asked for by name, pays."""
    if kernel is None or not resolve(kernel.accepts)(*args, **kwargs):
        return False
    if choice == "numba" or kernel.pays is None:
        return True
    return resolve(kernel.pays)(*args, **kwargs)


def _kind_of(args: tuple) -> str:
    for x in args:
        if arrays.is_array(x):
            return arrays.kind(x)
    return "numpy"


def run(name: str, *args: Any, **kwargs: Any) -> Any:
    """Run row ``name`` of the capability table by the current choice.

    Parameters
    ----------
    name : str
        Row with a reference, such as ``"spd.distance"``.
    *args : arrays and plain values
        They have passed the door: arrays of one library, dtype and device.
    **kwargs
        Options of the row's implementations.

    Returns
    -------
    result
        What the implementation returns.

    Raises
    ------
    NotImplementedError
        Under ``use_backend("numba")``, if the row is the outermost public call and has
        no kernel for these arguments.
    """
    state = _state.get() or _default()
    row = CAPABILITIES[name]
    choice, implementation, target = state.choice, "reference", row.reference
    if row.kernels and choice != "reference":
        kind = _kind_of(args)
        wanted = ("numba",) if choice == "numba" or kind == "numpy" else ("cuda",)
        for candidate in wanted:
            kernel = row.kernels.get((candidate, kind))
            if _usable(kernel, choice, args, kwargs):
                assert kernel is not None
                implementation, target = candidate, kernel.target
                break
        else:
            if choice == "numba" and state.outermost == name:
                raise NotImplementedError(
                    f"{name} has no numba kernel for these arguments ({kind} arrays; "
                    'see geomsci.show_backends()): use_backend("auto") falls back to '
                    "the reference."
                )
    if state.record is not None:
        state.record.calls.append(Call(name, implementation))
    assert target is not None
    return resolve(target)(*args, **kwargs)


def _require_row(name: str, choice: str, kind: str) -> None:
    """Refuse an explicit choice that the outermost function cannot honour."""
    if choice == "numba" and ("numba", kind) not in implementations(name):
        raise NotImplementedError(
            f"{name} has no numba kernel for {kind} arrays (see "
            'geomsci.show_backends()): use_backend("auto") falls back to the reference.'
        )


def public(name: str) -> Callable[[F], F]:
    """Decorator of a public function or method: applies the choice of backend once.

    ``name`` is a row of the capability table; a missing row fails at import. A
    keyword ``backend`` of the function, or on a method the estimator's ``backend``
    parameter, is the choice if it is not None.
    """
    if name not in CAPABILITIES:
        raise KeyError(f"{name} must be a row of geomsci.backends.capabilities.")

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            state = _state.get() or _default()
            if state.outermost is not None:
                return function(*args, **kwargs)
            own = kwargs.get("backend")
            if own is None and args:
                own = getattr(args[0], "backend", None)
            if own is not None:
                state = state._replace(choice=_checked(own, "backend"))
            if state.choice == "cupy":
                return _offload(function, name, state, args, kwargs)
            if state.choice == "numba":
                values = (*args, *kwargs.values())
                _require_row(name, state.choice, _kind_of(values))
            token = _state.set(state._replace(outermost=name))
            try:
                result = function(*args, **kwargs)
            finally:
                _state.reset(token)
            # NumPy turns 0-d results into scalars; an array in is an array out.
            return np.asarray(result) if isinstance(result, np.generic) else result

        return call  # type: ignore[return-value]

    return decorate


# Explicit offload


class Mover:
    """Moves the arrays of one call to the device and its results back, once each."""

    def __init__(self, record: Record | None) -> None:
        self._cupy = machine.require_cupy()
        self._record = record

    def to_device(self, x: Any) -> Any:
        """The GPU copy of one NumPy array."""
        return self._cupy.asarray(x)

    def to_host(self, x: Any) -> Any:
        """The NumPy copy of one GPU array."""
        return arrays.to_host(x)

    def enter(self, x: Any) -> Any:
        """``x`` with its numeric NumPy arrays on the device."""
        if arrays.library(x) == "numpy":
            if x.dtype.kind not in "biufc":
                return x  # labels that are strings stay on the host
            self._note("to device", x.nbytes)
            return self.to_device(x)
        if arrays.library(x) not in (None, "cupy"):
            raise TypeError(
                "The cupy backend takes NumPy or CuPy arrays, got "
                f"{arrays.library(x)}: convert them first."
            )
        return _rebuilt(x, self.enter)

    def leave(self, x: Any) -> Any:
        """``x`` with its device arrays as NumPy."""
        if arrays.is_array(x) and arrays.library(x) != "numpy":
            host = self.to_host(x)
            self._note("to host", host.nbytes)
            return host
        return _rebuilt(x, self.leave)

    def _note(self, direction: str, size: int) -> None:
        if self._record is not None:
            self._record.transfers.append(Transfer(direction, size))


def _is_estimator(x: Any) -> bool:
    return hasattr(x, "get_params") and type(x).__module__.startswith("geomsci.")


def _learned(x: Any) -> dict[str, Any]:
    """What an estimator holds beside its parameters."""
    parameters = x.get_params(deep=False)
    return {k: v for k, v in vars(x).items() if k not in parameters}


def _rebuilt(x: Any, move: Callable[[Any], Any]) -> Any:
    """Container, record or estimator with ``move`` applied to the arrays inside it."""
    if _is_estimator(x):
        twin = copy.copy(x)
        vars(twin).update({k: move(v) for k, v in _learned(x).items()})
        return twin
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*(move(v) for v in x))
    if type(x) in (tuple, list):
        return type(x)(move(v) for v in x)
    if type(x) is dict:
        return {k: move(v) for k, v in x.items()}
    if dataclasses.is_dataclass(x) and type(x).__module__.startswith("geomsci."):
        twin = copy.copy(x)
        for field in dataclasses.fields(x):
            object.__setattr__(twin, field.name, move(getattr(x, field.name)))
        return twin
    return x


def _offload(
    function: Callable[..., Any], name: str, state: _State, args: tuple, kwargs: dict
) -> Any:
    """Run the call on the GPU; NumPy comes back only where NumPy went in."""
    mover = Mover(state.record)
    values = (*args, *kwargs.values())
    from_numpy = not any(arrays.library(x) == "cupy" for x in values)
    if "cupy" not in CAPABILITIES[name].libraries:
        raise NotImplementedError(
            f"{name} runs on the host only: leave the use_backend block and pass NumPy."
        )
    token = _state.set(state._replace(outermost=name, to_device=mover.enter))
    try:
        moved = [mover.enter(x) for x in args]
        moved_kwargs = {k: mover.enter(v) for k, v in kwargs.items()}
        result = function(*moved, **moved_kwargs)
        if args and _is_estimator(args[0]):
            # The method ran on a twin: what it learned comes home to the original.
            twin = moved[0]
            learned = _learned(twin)
            if from_numpy:
                learned = {k: mover.leave(v) for k, v in learned.items()}
            vars(args[0]).update(learned)
            if result is twin:
                return args[0]
        return mover.leave(result) if from_numpy else result
    finally:
        _state.reset(token)
