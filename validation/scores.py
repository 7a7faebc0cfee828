"""Scores on real recordings with paired bootstrap intervals.

One score belongs to one data set, subject and method; its gain is the difference to
the baseline on the same test trials, so the interval of the gain is narrower than
the two intervals suggest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

N_RESAMPLES = 2000
SEED = 20261121


@dataclasses.dataclass(frozen=True)
class Score:
    """One method on one subject's test trials."""

    suite: str
    dataset: str
    subject: str
    protocol: str
    metric: str
    method: str
    value: float
    low: float
    high: float
    n_test: int
    chance: float
    seconds: float
    baseline: str = ""
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """The score as plain values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Score:
        """The score that `as_json` wrote."""
        return cls(**values)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a method said about the test trials.

    ``values`` are decision values for ``metric="AUC"`` (two classes) and predicted
    labels for ``metric="accuracy"``.
    """

    values: np.ndarray
    seconds: float


def auc_weights(decision: np.ndarray, positive: np.ndarray, W: np.ndarray):
    """Area under the ROC curve for trials counted ``W`` times.

    With ``K[i, j] = [s_i > s_j] + [s_i = s_j] / 2`` over positive trials i and
    negative trials j, the area is ``w_+^T K w_- / (sum w_+ sum w_-)`` (Mann and
    Whitney): a bootstrap sample only changes the weights.

    Parameters
    ----------
    decision : ndarray, shape (n,)
    positive : ndarray of bool, shape (n,)
    W : ndarray, shape (n_resamples, n)
        Multiplicity of every trial.

    Returns
    -------
    areas : ndarray, shape (n_resamples,)
    """
    s, t = decision[positive][:, None], decision[~positive][None, :]
    K = (s > t) + 0.5 * (s == t)
    wp, wn = W[:, positive], W[:, ~positive]
    return np.sum((wp @ K) * wn, axis=1) / (wp.sum(axis=1) * wn.sum(axis=1))


def accuracy_weights(predicted: np.ndarray, y: np.ndarray, W: np.ndarray) -> np.ndarray:
    """Share of right predictions for trials counted ``W`` times."""
    return W @ (predicted == y) / W.sum(axis=1)


def stratified_counts(
    y: np.ndarray, trial: np.ndarray, n_resamples: int, seed: int
) -> np.ndarray:
    """Multiplicities of the epochs when whole trials are drawn within every class.

    Epochs cut from one trial resemble each other: drawn one by one they would feign a
    larger sample, and an interval that is too narrow.

    Parameters
    ----------
    y, trial : ndarray, shape (n,)
        Class and trial of every epoch; a trial has one class.

    Returns
    -------
    W : ndarray, shape (n_resamples, n)
        Every class keeps its number of trials in every sample.
    """
    rng = np.random.default_rng(seed)
    _, first, of_epoch = np.unique(trial, return_index=True, return_inverse=True)
    label_of_trial = y[first]
    counts = np.zeros((n_resamples, first.size))
    for label in np.unique(y):
        members = np.flatnonzero(label_of_trial == label)
        equal = np.full(members.size, 1 / members.size)
        counts[:, members] = rng.multinomial(members.size, equal, size=n_resamples)
    return counts[:, of_epoch]


def scores_of(
    outcomes: Mapping[str, Outcome],
    y: np.ndarray,
    trial: np.ndarray,
    *,
    metric: str,
    suite: str,
    dataset: str,
    subject: str,
    protocol: str,
    baseline: str,
    notes: Mapping[str, str] | None = None,
) -> list[Score]:
    """Scores of several methods on the same trials, with 95 % bootstrap intervals.

    Parameters
    ----------
    outcomes : mapping of str to Outcome
        Method name to what it said; must hold ``baseline``.
    y : ndarray, shape (n,)
        True labels of the test epochs; for ``metric="AUC"`` the larger label is the
        positive class.
    trial : ndarray, shape (n,)
        Trial of every epoch; the bootstrap draws whole trials.
    metric : {"AUC", "accuracy"}
    """
    measure: Callable[[np.ndarray, np.ndarray], np.ndarray]
    labels = np.unique(y)
    if metric == "AUC":
        positive = y == labels[-1]
        chance = 0.5

        def measure(values: np.ndarray, W: np.ndarray) -> np.ndarray:
            return auc_weights(values, positive, W)
    else:
        chance = 1 / labels.size

        def measure(values: np.ndarray, W: np.ndarray) -> np.ndarray:
            return accuracy_weights(values, y, W)

    once = np.ones((1, y.shape[0]))
    W = stratified_counts(y, trial, N_RESAMPLES, SEED)
    points = {m: float(measure(o.values, once)[0]) for m, o in outcomes.items()}
    samples = {m: measure(o.values, W) for m, o in outcomes.items()}
    scores = []
    for method, outcome in outcomes.items():
        low, high = np.percentile(samples[method], [2.5, 97.5])
        gains: dict[str, Any] = {}
        if method != baseline:
            gain_low, gain_high = np.percentile(
                samples[method] - samples[baseline], [2.5, 97.5]
            )
            gains = {
                "baseline": baseline,
                "gain": points[method] - points[baseline],
                "gain_low": float(gain_low),
                "gain_high": float(gain_high),
            }
        scores.append(
            Score(
                suite=suite,
                dataset=dataset,
                subject=subject,
                protocol=protocol,
                metric=metric,
                method=method,
                value=points[method],
                low=float(low),
                high=float(high),
                n_test=int(np.unique(trial).size),
                chance=chance,
                seconds=outcome.seconds,
                note=(notes or {}).get(method, ""),
                **gains,
            )
        )
    return scores
