"""Signature from invariants: equal to the count of eigenvalues, ties included."""

from __future__ import annotations

import numpy as np
import pytest

from geomsci.reference.entropic import signature as own
from geomsci.reference.entropic.symmetric_eigenvalues import (
    eigenvalues_3,
    symmetric_eigenvalues,
)

SHAPES = {1: 1, 2: 3, 3: 6}


def _random(n, d, seed=0):
    """Packed matrices, among them diagonal, zero, definite and of rank one."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, d, d))
    A = A + np.swapaxes(A, -1, -2)
    v = rng.standard_normal((n // 4, d, 1))
    A[: n // 4] = v @ np.swapaxes(v, -1, -2)
    A[n // 4 : n // 2] = A[n // 4 : n // 2] @ A[n // 4 : n // 2]
    A[: n // 8] *= -1
    A[0] = 0.0
    A[1] = np.eye(d)
    A[2] = np.diag([1.0, 0.0, -1.0][:d])
    return np.stack([A[:, i, j] for i in range(d) for j in range(i, d)], axis=-1)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0, -1.0, 1e-9])
@pytest.mark.parametrize("d", [1, 2, 3])
def test_invariants_count_the_eigenvalues_of_every_matrix(xp, d, threshold):
    K = xp.asarray(_random(2000, d))
    found = own.eigenvalue_signature(K, threshold)
    xp.assert_is_native(found)
    values = xp.to_numpy(symmetric_eigenvalues(K))
    np.testing.assert_array_equal(
        xp.to_numpy(found), np.sum(values > threshold, axis=-1)
    )


@pytest.mark.parametrize("d", [2, 3])
def test_count_is_that_of_lapack_away_from_ties(d):
    K = _random(2000, d, seed=1)
    A = np.empty((2000, d, d))
    pairs = [(i, j) for i in range(d) for j in range(i, d)]
    for k, (i, j) in enumerate(pairs):
        A[:, i, j] = A[:, j, i] = K[:, k]
    values = np.linalg.eigvalsh(A)
    size = np.abs(A).max(axis=(1, 2), initial=0)[:, None]
    clear = np.all(np.abs(values) > 64 * np.finfo(float).eps * size, axis=1)
    found = own.eigenvalue_signature(K)
    assert clear.sum() > 1000
    np.testing.assert_array_equal(found[clear], np.sum(values > 0, axis=1)[clear])


@pytest.mark.parametrize("small", [1e-3, 1e-6, 1e-9, 1e-12])
def test_two_small_eigenvalues_of_one_or_two_signs_are_told_apart(small):
    # The determinant, small^2, is lost in rounding from 1e-8 on; the signs are not.
    Q = np.linalg.qr(np.random.default_rng(2).standard_normal((3, 3)))[0]
    for values in ([1, small, small], [1, small, -small], [1, -small, -small]):
        A = Q @ np.diag(values) @ Q.T
        found = own.signature_3(*A[np.triu_indices(3)].tolist(), 0.0)
        assert found == sum(v > 0 for v in values)


@pytest.mark.parametrize("d", [2, 3])
def test_scalar_source_agrees_with_arrays(d):
    # The first quarter is of rank one: exact ties, which rounding decides.
    K = _random(400, d, seed=3)[100:]
    scalar = {2: own.signature_2, 3: own.signature_3}[d]
    for threshold in (0.0, 0.7):
        found = [scalar(*row, threshold) for row in K.tolist()]
        np.testing.assert_array_equal(found, own.eigenvalue_signature(K, threshold))


@pytest.mark.parametrize("unit", [1e-25, 1e-12, 1.0, 1e12])
def test_unit_of_length_does_not_matter_in_single_precision(unit):
    K = _random(2000, 3, seed=4).astype(np.float32)[500:]
    found = own.eigenvalue_signature(K * np.float32(unit))
    # Changing the unit rounds the entries, so ties may move.
    values = symmetric_eigenvalues(K)
    clear = np.all(np.abs(values) > 64 * np.finfo("f4").eps * np.abs(K).max(), axis=1)
    expected = own.eigenvalue_signature(K)
    np.testing.assert_array_equal(found[clear], expected[clear])


def test_counts_of_a_matrix_and_its_negative_add_up_to_three():
    for row in _random(400, 3, seed=5)[200:].tolist():
        back = own.signature_3(*(-x for x in row), 0.0)
        if min(abs(v) for v in eigenvalues_3(*row)) > 1e-12:
            assert own.signature_3(*row, 0.0) + back == 3
