"""Independent oracles: 50-digit arithmetic and pyRiemann."""

import mpmath
import numpy as np
import pytest

from geomsci import spd


def _exact_log(A):
    """Eigen-decomposition logarithm in 50 digits."""
    w, U = mpmath.eigsy(A)
    return U * mpmath.diag([mpmath.log(x) for x in w]) * U.T


def _mp(A):
    return mpmath.matrix(A.tolist())


@pytest.fixture
def pair():
    rng = np.random.default_rng(11)
    X = rng.standard_normal((2, 5, 20))
    return X @ np.swapaxes(X, -1, -2) / 20


def _whitened(A, B):
    """``A^{-1/2} B A^{-1/2}`` and ``A^{1/2}`` in 50 digits."""
    w, U = mpmath.eigsy(_mp(A))
    root = U * mpmath.diag([mpmath.sqrt(x) for x in w]) * U.T
    inverse = U * mpmath.diag([1 / mpmath.sqrt(x) for x in w]) * U.T
    W = inverse * _mp(B) * inverse
    return (W + W.T) / 2, root


def test_affine_distance_and_vectors_have_twelve_digits(pair):
    with mpmath.workdps(50):
        W, _ = _whitened(*pair)
        L = _exact_log(W)
        exact = float(mpmath.mnorm(L, "f"))
        vector = [
            L[i, j] * (1 if i == j else mpmath.sqrt(2))
            for i in range(5)
            for j in range(i, 5)
        ]
        vector = np.array([float(v) for v in vector])
    assert spd.distance(*pair) == pytest.approx(exact, rel=1e-12)
    T = spd.tangent_vectors(pair[1], pair[0])
    np.testing.assert_allclose(T, vector, atol=1e-12 * exact)


def test_affine_mean_of_two_has_twelve_digits(pair):
    with mpmath.workdps(50):
        W, root = _whitened(*pair)
        w, U = mpmath.eigsy(W)
        middle = root * U * mpmath.diag([mpmath.sqrt(x) for x in w]) * U.T * root
        exact = np.array(middle.tolist(), dtype=float)
    M = spd.mean(pair, tol=1e-14)
    assert np.linalg.norm(M - exact) <= 1e-12 * np.linalg.norm(exact)


def test_log_euclidean_distance_has_twelve_digits(pair):
    with mpmath.workdps(50):
        gap = _exact_log(_mp(pair[0])) - _exact_log(_mp(pair[1]))
        exact = float(mpmath.mnorm(gap, "f"))
    assert spd.distance(*pair, metric="log-euclidean") == pytest.approx(
        exact, rel=1e-12
    )


def test_bures_wasserstein_distance_has_twelve_digits(pair):
    with mpmath.workdps(50):
        w, U = mpmath.eigsy(_mp(pair[0]))
        root = U * mpmath.diag([mpmath.sqrt(x) for x in w]) * U.T
        inner = root * _mp(pair[1]) * root
        cross = sum(mpmath.sqrt(x) for x in mpmath.eigsy((inner + inner.T) / 2)[0])
        traces = sum(mpmath.mpf(float(np.trace(0 * A))) for A in pair)
        traces += sum(sum(_mp(A)[i, i] for i in range(5)) for A in pair)
        exact = float(mpmath.sqrt(traces - 2 * cross))
    d = spd.distance(*pair, metric="bures-wasserstein")
    assert d == pytest.approx(exact, rel=1e-12)


geometry = pytest.importorskip("pyriemann.geometry")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("affine", "riemann"),
        ("log-euclidean", "logeuclid"),
        ("bures-wasserstein", "wasserstein"),
    ],
)
def test_pyriemann_agrees_on_distances_and_means(spd_batch, ours, theirs):
    from pyriemann.geometry.distance import distance, pairwise_distance
    from pyriemann.geometry.mean import gmean

    np.testing.assert_allclose(
        spd.distance(spd_batch, spd_batch[0], metric=ours),
        distance(spd_batch, spd_batch[0], metric=theirs)[:, 0],
        atol=1e-7,  # the peer cancels: it keeps half of the digits near zero
    )
    np.testing.assert_allclose(
        spd.pairwise_distances(spd_batch[:4], spd_batch[4:], metric=ours),
        pairwise_distance(spd_batch[:4], spd_batch[4:], metric=theirs),
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        spd.mean(spd_batch, metric=ours),
        gmean(spd_batch, metric=theirs),
        rtol=1e-7,  # the peer stops at 1e-8
    )


def test_pyriemann_has_the_same_affine_tangent_layout(spd_batch):
    from pyriemann.tangentspace import TangentSpace

    theirs = TangentSpace().fit(spd_batch)
    M = theirs.reference_
    np.testing.assert_allclose(
        spd.tangent_vectors(spd_batch, M), theirs.transform(spd_batch), atol=1e-12
    )
    ours = spd.TangentSpace().fit(spd_batch)
    np.testing.assert_allclose(
        ours.transform(spd_batch), theirs.transform(spd_batch), atol=1e-6
    )
