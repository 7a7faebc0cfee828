"""Which implementation runs, what is recorded, what crosses to the device."""

import subprocess
import sys
import threading

import array_api_strict
import numpy as np
import pytest

import geomsci
from geomsci import spd
from geomsci.backends import capabilities, dispatch, machine
from geomsci.backends.capabilities import CAPABILITIES, Capability, Kernel

HERE = "geomsci.testing_dispatch_probe"
without_gpu = pytest.mark.skipif(
    machine.status("cupy").usable, reason="this machine has a GPU"
)


def reference_twice(x):
    """Reference of the probe rows."""
    return x + x


def kernel_twice(x):
    """Kernel of the probe rows."""
    return 2 * x


def accepts_short(x):
    return x.shape[0] < 5


@pytest.fixture
def probe(monkeypatch):
    """A public function ``twice`` with a Numba kernel for short NumPy arrays."""
    module = type(sys)(HERE)
    vars(module).update(
        reference=reference_twice, kernel=kernel_twice, accepts=accepts_short
    )
    monkeypatch.setitem(sys.modules, HERE, module)
    kernel = Kernel(f"{HERE}:kernel", f"{HERE}:accepts", "never measured")
    row = Capability(f"{HERE}:reference", {("numba", "numpy"): kernel})
    monkeypatch.setitem(CAPABILITIES, "probe.twice", row)
    monkeypatch.setitem(CAPABILITIES, "probe.outer", Capability(uses=("probe.twice",)))
    monkeypatch.setitem(CAPABILITIES, "probe.plain", Capability(f"{HERE}:reference"))
    dispatch.resolve.cache_clear()
    yield dispatch.public("probe.twice")(lambda x: dispatch.run("probe.twice", x))
    dispatch.resolve.cache_clear()


SHORT, LONG = np.ones(3), np.ones(9)


@pytest.mark.parametrize(
    ("choice", "x", "implementation"),
    [
        ("auto", SHORT, "numba"),
        ("auto", LONG, "reference"),
        ("auto", array_api_strict.ones(3), "reference"),
        ("reference", SHORT, "reference"),
        ("numpy", SHORT, "reference"),
        ("numba", SHORT, "numba"),
    ],
)
def test_the_table_of_implementations(probe, choice, x, implementation):
    with geomsci.use_backend(choice) as record:
        result = probe(x)
    assert record.calls == [("probe.twice", implementation)]
    assert record.transfers == []
    assert np.all(np.asarray(result) == 2)


@pytest.mark.parametrize("x", [LONG, array_api_strict.ones(3)])
def test_numba_without_a_fitting_kernel_names_the_function(probe, x):
    with (
        geomsci.use_backend("numba"),
        pytest.raises(NotImplementedError, match=r"probe\.twice has no numba kernel"),
    ):
        probe(x)


def test_inner_calls_fall_back_to_the_reference(probe):
    outer = dispatch.public("probe.outer")(lambda x: probe(probe(x)))
    with geomsci.use_backend("numba") as record:
        outer(LONG)
        outer(SHORT)
    assert [call.implementation for call in record.calls] == [
        *["reference"] * 2,
        *["numba"] * 2,
    ]


def test_an_outermost_call_without_any_kernel_is_refused(probe):
    plain = dispatch.public("probe.plain")(lambda x: dispatch.run("probe.plain", x))
    with geomsci.use_backend("numba"), pytest.raises(NotImplementedError):
        plain(SHORT)


def test_a_missing_row_fails_at_import():
    with pytest.raises(KeyError):
        dispatch.public("no.such.row")


def test_nested_blocks_record_innermost_and_are_undone(probe):
    with geomsci.use_backend("reference") as outer:
        with geomsci.use_backend("auto") as inner:
            probe(SHORT)
        probe(SHORT)
    assert inner.calls == [("probe.twice", "numba")]
    assert outer.calls == [("probe.twice", "reference")]
    assert dispatch.current_backend() == "auto"


def test_a_failing_block_is_undone(probe):
    with pytest.raises(ZeroDivisionError), geomsci.use_backend("reference"):
        raise ZeroDivisionError
    assert dispatch.current_backend() == "auto"


def test_a_new_thread_starts_from_the_default():
    seen = []
    with geomsci.use_backend("reference"):
        thread = threading.Thread(
            target=lambda: seen.append(dispatch.current_backend())
        )
        thread.start()
        thread.join()
    assert seen == ["auto"]


def test_the_estimator_s_own_backend_wins(spd_batch):
    with geomsci.use_backend("auto") as record:
        spd.TangentSpace(backend="reference").fit(spd_batch)
    assert {call.implementation for call in record.calls} == {"reference"}


@pytest.mark.parametrize("bad", ["gpu", "", "NumPy"])
def test_unknown_backends_list_the_known_ones(bad):
    with pytest.raises(ValueError, match="auto, reference, numba, cupy or numpy"):
        geomsci.use_backend(bad)


def _python(code, **environment):
    import os

    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def test_environment_sets_the_default():
    code = "from geomsci.backends import current_backend; print(current_backend())"
    assert _python(code, GEOMSCI_BACKEND="numpy").stdout.strip() == "reference"
    wrong = _python(code, GEOMSCI_BACKEND="cuda")
    assert "GEOMSCI_BACKEND must be one of" in wrong.stderr


@without_gpu
def test_cupy_without_a_gpu_says_why():
    with pytest.raises(geomsci.BackendUnavailable, match="cannot run here because"):
        geomsci.use_backend("cupy")
    with pytest.raises(geomsci.BackendUnavailable):
        spd.TangentSpace(backend="cupy").fit(np.eye(2)[None])


# Offload, with the strict library's second device in the place of a GPU.


def test_offload_moves_once_and_brings_numpy_back(offload, spd_batch):
    expected = spd.distance(spd_batch, spd_batch[0])
    with geomsci.use_backend("cupy") as record:
        d = spd.distance(spd_batch, spd_batch[0])
    assert type(d) is np.ndarray
    np.testing.assert_allclose(d, expected, atol=1e-14)
    sizes = [(t.direction, t.bytes) for t in record.transfers]
    assert sizes == [
        ("to device", spd_batch.nbytes),
        ("to device", spd_batch[0].nbytes),
        ("to host", d.nbytes),
    ]


def test_offloaded_estimators_hold_numpy(offload, spd_batch):
    y = np.arange(12) % 2
    expected = spd.MDM().fit(spd_batch, y)
    with geomsci.use_backend("cupy"):
        model = spd.MDM()
        assert model.fit(spd_batch, y) is model
        labels = model.predict(spd_batch)
    assert type(model.means_) is type(model.classes_) is type(labels) is np.ndarray
    np.testing.assert_allclose(model.means_, expected.means_, rtol=1e-9)
    np.testing.assert_array_equal(labels, expected.predict(spd_batch))
    np.testing.assert_array_equal(model.predict(spd_batch), labels)


def test_offload_keeps_text_labels_on_the_host(offload, spd_batch):
    y = np.where(np.arange(12) % 2, "left", "right")
    with geomsci.use_backend("cupy"):
        labels = spd.MDM().fit(spd_batch, y).predict(spd_batch)
    assert set(labels) <= {"left", "right"}


def test_offload_refuses_third_libraries(offload):
    torch = pytest.importorskip("torch")
    with geomsci.use_backend("cupy"), pytest.raises(TypeError, match="got torch"):
        spd.nearest_spd(torch.eye(2))


def test_offload_refuses_host_only_rows(offload, probe, monkeypatch):
    monkeypatch.setitem(
        CAPABILITIES,
        "probe.host",
        Capability(f"{HERE}:reference", libraries=("numpy",)),
    )
    host = dispatch.public("probe.host")(lambda x: dispatch.run("probe.host", x))
    with geomsci.use_backend("cupy"), pytest.raises(NotImplementedError, match="host"):
        host(SHORT)


# The table itself


@pytest.mark.parametrize("name", sorted(CAPABILITIES))
def test_every_row_leads_somewhere(name):
    row = CAPABILITIES[name]
    for inner in row.uses:
        assert inner in CAPABILITIES
    if row.reference is not None:
        assert callable(dispatch.resolve(row.reference))
    for kernel in row.kernels.values():
        assert kernel.measured
        assert callable(dispatch.resolve(kernel.target))
        assert callable(dispatch.resolve(kernel.accepts))
    assert capabilities.implementations(name) is not None


def test_show_backends_prints_every_library_and_kernel(capsys):
    geomsci.show_backends()
    text = capsys.readouterr().out
    for library in ("numpy", "scipy", "numba", "cupy", "torch", "array_api_strict"):
        assert library in text
    for name, row in CAPABILITIES.items():
        assert (name in text) == bool(row.kernels) or row.reference is None
