"""Checkpoint files of `geomsci.fisher.LatticeSampler`."""

from __future__ import annotations

import json
import os
import pathlib
import tempfile
import zipfile
import zlib
from typing import Any, NamedTuple

import numpy as np

FORMAT = "geomsci.fisher.LatticeSampler 1"


class Checkpoint(NamedTuple):
    """Contents of a file: what identifies the model, the plan, and the chains."""

    identity: dict[str, Any]
    plan: dict[str, int]
    keys: np.ndarray
    state: np.ndarray
    n_updates: int


def save(
    path: str | os.PathLike[str],
    identity: dict[str, Any],
    plan: dict[str, int],
    keys: np.ndarray,
    state: np.ndarray,
    n_updates: int,
) -> None:
    """Write beside ``path`` and rename, so that half a file is never seen."""
    target = pathlib.Path(path)
    header = {"format": FORMAT, "identity": identity, "plan": plan}
    text = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, header=text, keys=keys, state=state, n_updates=n_updates)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def load(path: str | os.PathLike[str]) -> Checkpoint:
    """Contents of a checkpoint; ValueError if it is truncated or something else."""
    expected = f"{os.fspath(path)} must be a checkpoint of LatticeSampler"
    try:
        with np.load(path, allow_pickle=False) as file:
            header = json.loads(bytes(file["header"]))
            arrays = file["keys"], file["state"], int(file["n_updates"])
        identity, plan = dict(header["identity"]), dict(header["plan"])
        form = header["format"]
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except (
        ValueError, TypeError, KeyError, IndexError, AttributeError,
        EOFError, OSError, zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        raise ValueError(
            f"{expected}, got a file that is truncated or of another kind ({error})."
        ) from None
    if form != FORMAT:
        raise ValueError(
            f"{expected} in the format {FORMAT!r}, got {form!r}: read it with the "
            "version that wrote it."
        )
    for name in ("shape", "coupling"):
        identity[name] = tuple(identity[name])
    return Checkpoint(identity, plan, *arrays)


def require_same(
    path: str | os.PathLike[str], saved: dict[str, Any], own: dict[str, Any]
) -> None:
    """Refuse a checkpoint of another model; the sentence names what differs."""
    for name, value in own.items():
        if saved.get(name) != value:
            raise ValueError(
                f"{os.fspath(path)} must be a checkpoint with {name} = {value!r}, got "
                f"{saved.get(name)!r}: use LatticeSampler.resume, or another file."
            )
