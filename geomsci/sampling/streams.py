"""Random numbers on the host from the key of a draw."""

from __future__ import annotations

import numpy as np


def generator_of(key: np.ndarray) -> np.random.Generator:
    """Generator of a stream of `geomsci.sampling.design.stream_keys`.

    Parameters
    ----------
    key : ndarray of int64, shape (4,)
        The 32-bit pieces, lowest first.
    """
    whole = sum(int(piece) << (32 * i) for i, piece in enumerate(key))
    return np.random.Generator(np.random.Philox(key=whole))
