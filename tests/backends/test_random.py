"""Philox4x64-10 bit by bit, and draws that do not depend on the library."""

import numpy as np
import pytest

from geomsci.backends import random

KEYS = (0, 1, 2**64 - 1, 2**64, 2**127 + 12345)


@pytest.mark.parametrize("key", KEYS)
def test_words_are_numpy_s(key):
    words = np.random.Philox(key=key).random_raw(1000)
    np.testing.assert_array_equal(random.philox(key, 0, 1000), words)


@pytest.mark.parametrize("offset", [0, 1, 2, 3, 4, 5, 103])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 9])
def test_any_window_of_the_stream(offset, count):
    words = np.random.Philox(key=99).random_raw(120)
    window = random.philox(99, offset, count)
    np.testing.assert_array_equal(window, words[offset : offset + count])


def test_far_offsets_are_numpy_s_after_advance():
    source = np.random.Philox(key=7)
    source.advance(2**40)
    np.testing.assert_array_equal(random.philox(7, 4 * 2**40, 8), source.random_raw(8))


def test_uniforms_are_numpy_s():
    expected = np.random.Generator(np.random.Philox(key=3)).random(500)
    np.testing.assert_array_equal(random.philox_uniform(3, 0, 500), expected)


@pytest.mark.parametrize(
    "bad", [(-1, 0, 1), (2**128, 0, 1), (0, -1, 1), (0, 0, -1), (0, 2**64, 1)]
)
def test_outside_the_stream(bad):
    with pytest.raises(ValueError, match="must"):
        random.philox(*bad)


def test_draws_are_the_same_on_every_library(xp):
    like = xp.asarray(np.zeros(1))
    expected = np.random.default_rng(5).standard_normal((3, 2))
    xp.assert_close(random.standard_normal(5, (3, 2), like=like), expected)
    expected = np.random.default_rng(5).random((3, 2))
    xp.assert_close(random.uniform(5, (3, 2), like=like), expected)


def test_generators_are_used_not_copied():
    rng = np.random.default_rng(0)
    assert random.generator(rng) is rng
    legacy = random.generator(np.random.RandomState(0)).random()
    assert legacy == random.generator(np.random.RandomState(0)).random()
