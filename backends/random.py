"""Random numbers that are the same on every machine, library and batch size.

Small draws happen on the host and are moved, so they are identical everywhere.
Draws inside kernels use Philox4x64-10 (Salmon et al., SC 2011), a counter-based
generator: word ``w`` of the stream ``key`` is a pure function of both, so results
depend on no tile size, no order and no number of workers. The words are bit-equal
with ``numpy.random.Philox(key=key)`` at every offset.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.backends.arrays import Array, from_host

ROUNDS = 10
MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_MASK32 = np.uint64(0xFFFFFFFF)
_MASK64 = (1 << 64) - 1


def generator(rng: Any = None) -> np.random.Generator:
    """Generator of ``rng`` as `numpy.random.default_rng` understands it (SPEC 7)."""
    if isinstance(rng, np.random.RandomState):
        return np.random.default_rng(rng.randint(0, 2**32, size=4, dtype=np.uint64))
    return np.random.default_rng(rng)


def standard_normal(rng: Any, shape: tuple[int, ...], *, like: Array) -> Array:
    """Standard normal numbers drawn on the host, in the library of ``like``."""
    return from_host(generator(rng).standard_normal(shape), like)


def uniform(rng: Any, shape: tuple[int, ...], *, like: Array) -> Array:
    """Uniform numbers on [0, 1) drawn on the host, in the library of ``like``."""
    return from_host(generator(rng).random(shape), like)


def _high_and_low(a: int, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two 64-bit halves of the 128-bit products ``a * b``, by 32-bit pieces."""
    a_low, a_high = np.uint64(a & 0xFFFFFFFF), np.uint64(a >> 32)
    b_low, b_high = b & _MASK32, b >> np.uint64(32)
    middle = a_high * b_low + ((a_low * b_low) >> np.uint64(32))
    carry = (middle & _MASK32) + a_low * b_high
    high = a_high * b_high + (middle >> np.uint64(32)) + (carry >> np.uint64(32))
    return high, np.uint64(a) * b


def philox(key: int, offset: int, count: int) -> np.ndarray:
    """Words ``offset .. offset + count - 1`` of the Philox4x64-10 stream ``key``.

    Parameters
    ----------
    key : int, 0 <= key < 2**128
        Stream; the same number that ``numpy.random.Philox(key=key)`` takes.
    offset : int, >= 0
        Index of the first word; word ``w`` is lane ``w mod 4`` of ten rounds on the
        counter ``(w // 4 + 1, 0, 0, 0)``.
    count : int, >= 0

    Returns
    -------
    words : ndarray of uint64, shape (count,)

    Raises
    ------
    ValueError
        If the key or the range of words is outside the stream.
    """
    if not 0 <= key < 1 << 128:
        raise ValueError(f"key must be an integer in [0, 2**128), got {key}.")
    if offset < 0 or count < 0 or offset + count > 1 << 64:
        raise ValueError(
            f"offset and count must select words in [0, 2**64), got {offset}, {count}."
        )
    first, last = offset // 4, -(-(offset + count) // 4)
    counter = np.arange(last - first, dtype=np.uint64) + np.uint64(first + 1)
    lanes = [counter] + [np.zeros_like(counter) for _ in range(3)]
    k0, k1 = key & _MASK64, key >> 64
    for _ in range(ROUNDS):
        high0, low0 = _high_and_low(MULTIPLIERS[0], lanes[0])
        high1, low1 = _high_and_low(MULTIPLIERS[1], lanes[2])
        lanes = [
            high1 ^ lanes[1] ^ np.uint64(k0),
            low1,
            high0 ^ lanes[3] ^ np.uint64(k1),
            low0,
        ]
        k0, k1 = (k0 + WEYL[0]) & _MASK64, (k1 + WEYL[1]) & _MASK64
    words = np.stack(lanes, axis=-1).reshape(-1)
    return words[offset - 4 * first : offset - 4 * first + count]


def philox_uniform(key: int, offset: int, count: int) -> np.ndarray:
    """Uniform numbers on [0, 1): the upper 53 bits of the words of `philox`."""
    return (philox(key, offset, count) >> np.uint64(11)) * 2.0**-53
