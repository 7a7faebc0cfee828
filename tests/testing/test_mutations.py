"""The fixture goes red on the five classic backend mistakes.

Each mutation is written into the source of a real function behind a public function
of `geomsci.spd`; the same comparison that the suite makes must then fail, and it must
pass without the mutation.
"""

import importlib
import inspect
import textwrap

import numpy as np
import pytest

from geomsci import spd
from geomsci.testing import array_cases, assert_close_across

# mistake, module of the function, its name, text, replacement, public calls
MUTATIONS = [
    (
        "creation without device",
        "geomsci.reference.spd.affine",
        "_factor",
        "dtype=P.dtype, device=device(P)",
        "dtype=P.dtype",
        ("distance", "log_map", "pairwise_distances"),
    ),
    (
        "creation without dtype",
        "geomsci.reference.spd.vectorisation",
        "_weights",
        "dtype=like.dtype, device=device(like)",
        "device=device(like)",
        ("tangent_vectors",),
    ),
    (
        "np.asarray of a user's array",
        "geomsci.spd.distances",
        "distance",
        "_, A, B = spd_matrices(A=A, B=B)",
        "import numpy; _, A, B = spd_matrices(A=numpy.asarray(A), B=numpy.asarray(B))",
        ("distance",),
    ),
    (
        "writing into an input",
        "geomsci.reference.spd.affine",
        "log_map",
        "L, X = _factor(P)",
        "P *= 1; L, X = _factor(P)",
        ("log_map",),
    ),
    (
        "arithmetic with a NumPy scalar",
        "geomsci.reference.spd.affine",
        "distance_between",
        "xp.sqrt(xp.sum(logs * logs, axis=-1))",
        "__import__('numpy').float64(1) * xp.sqrt(xp.sum(logs * logs, axis=-1))",
        ("distance", "pairwise_distances"),
    ),
]
CALLS = [(*m[:5], call) for m in MUTATIONS for call in m[5]]


def _compare(call, values):
    """What the suite asks of the public function ``call``."""
    home = importlib.import_module(getattr(spd, call).__module__)
    function = getattr(home, call)
    arguments = values[:1] if call == "pairwise_distances" else values
    assert_close_across(function, *arguments, kappa=1e3, n=4)


def _mutated(function, text, replacement):
    """``function`` compiled again from its source with ``text`` replaced."""
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(text) == 1, f"{function.__name__} no longer says {text!r}"
    scope = inspect.unwrap(function).__globals__
    local: dict = {}
    exec(compile(source.replace(text, replacement), "<mutation>", "exec"), scope, local)
    return local[function.__name__]


@pytest.mark.parametrize(
    ("mistake", "module", "name", "text", "replacement", "call"),
    CALLS,
    ids=[f"{c[0]}-{c[5]}" for c in CALLS],
)
def test_each_mistake_is_caught(
    monkeypatch, spd_batch, mistake, module, name, text, replacement, call
):
    values = (spd_batch[:6], spd_batch[6:])
    _compare(call, values)
    owner = importlib.import_module(module)
    monkeypatch.setattr(owner, name, _mutated(getattr(owner, name), text, replacement))
    with pytest.raises(AssertionError, match="numpy|strict"):
        _compare(call, values)


def test_no_single_case_is_enough(spd_batch):
    """Every mistake is invisible to float64 NumPy, which most suites stop at."""
    plain = [case for case in array_cases() if case.name == "numpy"]
    assert_close_across(spd.distance, spd_batch, spd_batch, cases=plain)
    assert {"strict-device1", "numpy-float32", "numpy-readonly"} <= {
        case.name for case in array_cases()
    }


def test_a_changed_input_is_noticed(spd_batch):
    def greedy(A):
        A *= 2
        return A

    writable = [case for case in array_cases() if case.name == "numpy"]
    with pytest.raises(AssertionError, match="input changed"):
        assert_close_across(greedy, np.ones(3), cases=writable)
