"""Checkpoints, interrupts and bad input of `LatticeSampler`."""

from __future__ import annotations

import numpy as np
import pytest

from geomsci import use_backend
from geomsci.backends import dispatch
from geomsci.fisher import sampler as module
from geomsci.fisher.sampler import LatticeSampler

MODELS = [("ising", None), ("potts", 3), ("xy", None), ("heisenberg", None)]


@pytest.fixture
def file(tmp_path):
    """A checkpoint of an Ising model."""
    path = tmp_path / "chains.npz"
    LatticeSampler("ising", (4, 3), 0.4, random_state=0).checkpoint(path)
    return path


@pytest.mark.parametrize(("model", "q"), MODELS)
@pytest.mark.parametrize("algorithm", ["swendsen-wang", "wolff", "metropolis"])
def test_resumed_chains_go_on_bit_by_bit(model, q, algorithm, tmp_path):
    chains = LatticeSampler(
        model, (3, 4), 0.5, q=q, algorithm=algorithm, n_replicas=3, n_burn_in=7,
        n_thin=3, random_state=6,
    )  # fmt: skip
    chains.sample(2)
    chains.checkpoint(tmp_path / "chains")
    again = LatticeSampler.resume(tmp_path / "chains")
    assert again.n_updates == chains.n_updates == 13
    np.testing.assert_array_equal(again.sample(4), chains.sample(4))


def test_restored_sampler_takes_over_the_chains(file):
    expected = LatticeSampler.resume(file).sample(3)
    other = LatticeSampler("ising", (4, 3), 0.4, random_state=77)
    other.sample(5)
    np.testing.assert_array_equal(other.restore(file).sample(3), expected)


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("model", {"model": "xy"}),
        ("shape", {"shape": (3, 4)}),
        ("coupling", {"coupling": 0.5}),
        ("coupling", {"coupling": (0.4, 0.41)}),
        ("algorithm", {"algorithm": "wolff"}),
        ("n_replicas", {"n_replicas": 2}),
        ("lattice", {"lattice": "triangular"}),
    ],
)
def test_checkpoint_of_another_model_is_refused_by_name(field, options, file):
    other = LatticeSampler(
        **{"model": "ising", "shape": (4, 3), "coupling": 0.4} | options
    )
    before = other.configurations
    with pytest.raises(ValueError, match=f"checkpoint with {field} = "):
        other.restore(file)
    np.testing.assert_array_equal(other.configurations, before)


@pytest.mark.parametrize("kept", [0, 10, 200, -1])
def test_truncated_checkpoint_is_refused(kept, file):
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(ValueError, match="truncated or of another kind"):
        LatticeSampler.resume(file)


def test_damaged_checkpoint_is_refused(file):
    data = bytearray(file.read_bytes())
    at = data.find(b"state.npy") + 150
    data[at] ^= 255
    file.write_bytes(data)
    with pytest.raises(ValueError, match="checkpoint of LatticeSampler"):
        LatticeSampler.resume(file)


def test_foreign_files_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    np.save(tmp_path / "b.npy", np.ones(3))
    (tmp_path / "c.txt").write_text("not a checkpoint", encoding="utf-8")
    for name in ("a.npz", "b.npy", "c.txt"):
        with pytest.raises(ValueError, match="truncated or of another kind"):
            LatticeSampler.resume(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        LatticeSampler.resume(tmp_path / "missing")


@pytest.mark.parametrize(
    "damage", [lambda s: s + 5, lambda s: s[:, :-1], lambda s: s.astype(float)]
)
def test_state_that_is_none_of_the_model_is_refused(damage, file):
    with np.load(file) as saved:
        contents = dict(saved)
    with file.open("wb") as out:
        np.savez(out, **contents | {"state": damage(contents["state"])})
    with pytest.raises(ValueError, match="another shape, type or alphabet"):
        LatticeSampler.resume(file)


def test_failed_write_leaves_the_old_checkpoint(file, monkeypatch):
    old = file.read_bytes()
    chains = LatticeSampler("ising", (4, 3), 0.4, random_state=1)

    def half(out, **arrays):
        out.write(b"half a file")
        raise OSError("the disk is full")

    monkeypatch.setattr(np, "savez", half)
    with pytest.raises(OSError, match="disk is full"):
        chains.checkpoint(file)
    assert file.read_bytes() == old
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("at", [0, 1, 3, 6])
def test_interrupt_loses_no_sweep(at, monkeypatch):
    def make():
        return LatticeSampler(
            "ising", (4, 4), 0.4, n_replicas=2, n_burn_in=3, n_thin=4, random_state=2
        )

    whole = make().sample(12)
    chains, run, calls = make(), module.run, []

    def interrupted(*args, **options):
        calls.append(options["first"])
        result = run(*args, **options)
        if len(calls) == at + 1:
            raise KeyboardInterrupt  # the work of this call is not taken over
        return result

    monkeypatch.setattr(module, "SECONDS_PER_CALL", 1e-9)
    monkeypatch.setattr(module, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        chains.sample(8)
    assert chains.n_updates == calls[-1] - 1
    passed = max(0, chains.n_updates - 3) // 4
    np.testing.assert_array_equal(chains.sample(12 - passed), whole[:, passed:])


def test_offloaded_chains_move_to_the_device_and_back(offload, monkeypatch):
    seen = []

    def on_device(name, keys, state, tables, **options):
        seen.extend([keys, state, *tables])
        kept = state[:, None, ...]
        return state, kept, kept[:, :0, ...]

    monkeypatch.setattr(module, "run", on_device)
    chains = LatticeSampler("ising", (3, 3), 0.4, n_burn_in=0, random_state=0)
    with use_backend("cupy"):
        x = chains.sample(1)
    assert all(str(a.device).endswith("device1')") for a in seen)
    assert type(x) is np.ndarray
    np.testing.assert_array_equal(x[:, 0], chains.configurations)


def test_numba_by_name_runs_the_kernel():
    chains = LatticeSampler("ising", (3, 3), backend="numba", random_state=0)
    plain = LatticeSampler("ising", (3, 3), backend="reference", n_burn_in=0)
    with use_backend("auto") as record:
        chains.sample(2)
        plain.sample(1)
    found = {call.implementation for call in record.calls}
    assert found == {"numba", "reference"}
    assert set(dispatch.CAPABILITIES["fisher.LatticeSampler.sample"].libraries) == {
        "numpy",
        "cupy",
    }


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"model": "clock"}, "model must be one of ising, potts, xy, heisenberg"),
        ({"model": "potts"}, "q must be an integer of at least 2 for the Potts model"),
        ({"model": "potts", "q": 1}, "q must be an integer of at least 2"),
        ({"model": "potts", "q": 128}, "q must be at most 127, got 128"),
        ({"q": 3}, "q must be None or 2 for the Ising model, got 3"),
        ({"model": "xy", "q": 2}, "q must be None for the xy model, got 2"),
        ({"algorithm": "heat-bath"}, "algorithm must be one of swendsen-wang, wolff"),
        ({"shape": (2, 3)}, "at side 2 two bonds join the same two"),
        ({"shape": (3,)}, "shape must hold 2 integers of at least 3"),
        ({"shape": (3, 3, 3, 3)}, "shape must hold 2 integers of at least 3"),
        ({"lattice": "cubic"}, "shape must hold 3 integers of at least 3"),
        ({"lattice": "bcc"}, "lattice must be one of square, triangular"),
        ({"coupling": float("nan")}, "coupling must be finite, got nan"),
        ({"coupling": (0.1, float("inf"))}, "coupling must be finite, got inf"),
        ({"coupling": 1.5e308}, "coupling must be below"),
        ({"coupling": (0.1, 0.2, 0.3)}, "one number or one per bond type"),
        ({"model": "potts", "q": 3, "coupling": -1}, "use algorithm='metropolis'"),
        ({"n_replicas": 0}, "n_replicas must be an integer of at least 1, got 0"),
        ({"n_thin": 0}, "n_thin must be an integer of at least 1, got 0"),
        ({"n_burn_in": -1}, "n_burn_in must be an integer of at least 0, got -1"),
        ({"backend": "gpu"}, "backend must be one of auto, reference, numba, cupy"),
        ({"model": "xy", "coupling": None}, "pass a coupling"),
    ],
)
def test_bad_values_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        LatticeSampler(**{"model": "ising", "shape": (3, 3), "coupling": 0.4} | options)


@pytest.mark.parametrize(
    "options", [{"shape": 3}, {"shape": (3.0, 3)}, {"n_thin": 1.5}, {"coupling": "a"}]
)
def test_bad_types_are_refused(options):
    with pytest.raises(TypeError):
        LatticeSampler(**{"model": "ising", "shape": (3, 3), "coupling": 0.4} | options)


@pytest.mark.parametrize("n", [-1, 2.5])
def test_bad_numbers_of_samples_are_refused(n):
    with pytest.raises((TypeError, ValueError), match="n must be an integer"):
        LatticeSampler("ising", (3, 3), 0.4).sample(n)


@pytest.mark.parametrize(
    "options",
    [{"algorithm": "wolff"}, {"model": "xy"}, {"coupling": (0.4, -0.1)}],
)
def test_clusters_are_refused_where_they_are_none(options):
    chains = LatticeSampler(
        **{"model": "ising", "shape": (3, 3), "coupling": 0.4} | options
    )
    with pytest.raises(ValueError, match="use sample"):
        chains.sample_with_clusters(1)


def test_too_many_samples_name_the_memory_they_need():
    with pytest.raises(MemoryError, match="iterate over the sampler"):
        LatticeSampler("ising", (3, 3), 0.4).sample(10**18)
