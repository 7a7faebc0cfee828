"""`Evaluations`: the ledger of an expensive function at the points of a design."""

from __future__ import annotations

import numpy as np

CLOSE = 1e-8
"""A told point is the asked one within this, relative to 1 + |x|: CSV files round."""


class Evaluations:
    """Points of a design, each once, and what is known about f there.

    A point drawn several times is evaluated once: its weights add up, and ``counts``
    says how often it was drawn.

    Parameters
    ----------
    n_features : int

    Attributes
    ----------
    points : ndarray, shape (N, d)
    weights : ndarray, shape (N,)
        Sum of the weights of all draws of the point.
    counts : ndarray of int, shape (N,)
    asked : ndarray of bool, shape (N,)
        Handed out to be evaluated.
    failed : ndarray of bool, shape (N,)
        The last evaluation told was NaN or infinite, and there is no good one.
    values : ndarray, shape (N, k), or None before the first are told
        NaN where nothing is known.
    shape : tuple of int
        Of one value: () or (k,).
    """

    def __init__(self, n_features: int) -> None:
        self.points = np.empty((0, n_features))
        self.weights = np.empty(0)
        self.counts = np.empty(0, dtype=np.int64)
        self.asked = np.empty(0, dtype=bool)
        self.failed = np.empty(0, dtype=bool)
        self.values: np.ndarray | None = None
        self.shape: tuple[int, ...] = ()
        self._row_of: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        return (
            f"Evaluations({len(self)} points: {int(self.known.sum())} known, "
            f"{int(self.pending.sum())} pending, of which {int(self.failed.sum())} "
            "failed)"
        )

    @property
    def known(self) -> np.ndarray:
        """Points whose values were told, shape (N,)."""
        if self.values is None:
            return np.zeros(len(self), dtype=bool)
        return np.isfinite(self.values).all(axis=1)

    @property
    def pending(self) -> np.ndarray:
        """Points handed out whose values are not known, shape (N,)."""
        return self.asked & ~self.known

    def extend(self, points: np.ndarray, weights: np.ndarray) -> None:
        """Add the points of a further design."""
        new: list[int] = []
        for i, key in enumerate(map(_key, points)):
            row = self._row_of.setdefault(key, len(self) + len(new))
            if row == len(self) + len(new):
                new.append(i)
        added = len(new)
        self.points = np.concatenate((self.points, points[new]))
        self.weights = np.concatenate((self.weights, np.zeros(added)))
        self.counts = np.concatenate((self.counts, np.zeros(added, dtype=np.int64)))
        self.asked = np.concatenate((self.asked, np.zeros(added, dtype=bool)))
        self.failed = np.concatenate((self.failed, np.zeros(added, dtype=bool)))
        rows = [self._row_of[_key(x)] for x in points]
        np.add.at(self.weights, rows, weights)
        np.add.at(self.counts, rows, 1)
        if self.values is not None:
            holes = np.full((added, self.values.shape[1]), np.nan)
            self.values = np.concatenate((self.values, holes))

    def hand_out(self, n: int | None) -> np.ndarray:
        """The next n points, or all, that nobody has been asked for; marks them."""
        (fresh,) = np.nonzero(~self.asked)
        fresh = fresh[:n]
        self.asked[fresh] = True
        return self.points[fresh]

    def rows_of(self, X: np.ndarray) -> np.ndarray:
        """Positions of the rows of ``X`` among the points; ValueError if one is new."""
        rows = np.empty(len(X), dtype=np.int64)
        for i, x in enumerate(X):
            row = self._row_of.get(_key(x), -1)
            if row < 0:
                gap = np.abs(self.points - x) / (1 + np.abs(x))
                nearest = gap.max(axis=1)
                row = int(np.argmin(nearest))
                if not nearest[row] <= CLOSE:
                    raise ValueError(
                        f"X must hold points that ask handed out, got in row {i} "
                        f"{x.tolist()}, which differs from the nearest one "
                        f"{self.points[row].tolist()}: tell the points as asked, "
                        "nothing of this call was kept."
                    )
            rows[i] = row
        return rows

    def record(self, rows: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Store the values ``y`` (n, k); returns which rows of ``y`` are not finite.

        A value that is not finite never replaces one that is.
        """
        if self.values is None:
            self.values = np.full((len(self), y.shape[1]), np.nan)
        bad = ~np.isfinite(y).all(axis=1)
        self.values[rows[~bad]] = y[~bad]
        self.asked[rows] = True
        known = self.known
        self.failed[rows] = ~known[rows]
        return bad

    def sample(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Known points, their values, and weights whose Gram matrix is the design's.

        Each point counts once in the mean ``(1/n) sum w phi phi^T`` of the fit, so the
        weights carry the number of points over the number of draws.
        """
        assert self.values is not None
        known = self.known
        share = known.sum() / self.counts[known].sum()
        y = self.values[known].reshape(-1, *self.shape)
        return self.points[known], y, self.weights[known] * share


def _key(x: np.ndarray) -> bytes:
    """Bytes of a point; 0.0 and -0.0 are one number."""
    return (np.asarray(x, dtype=np.float64) + 0.0).tobytes()
