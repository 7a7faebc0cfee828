"""Classification of real recordings: earlier sessions train, later ones test.

Nothing of the test sessions is seen before they are scored once. Methods are scored
on the same trials, so their differences come with paired bootstrap intervals.
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from geomsci import datasets, eeg, spd
from geomsci.datasets import Recording
from geomsci.validation import rows
from geomsci.validation.cases.spd_oracles import optional
from geomsci.validation.environment import usable_cores
from geomsci.validation.rows import Row
from geomsci.validation.scores import Outcome, Score, scores_of
from geomsci.validation.suites import CaseUnavailable, Experiment

BASELINE = "TS+SVM"
PEER = "TS+SVM, pyRiemann"
PARITY = 0.005
"""Largest difference of a score from that of the same pipeline of pyRiemann."""

QUICK_ORDERS, QUICK_LAGS = (1, 2, 4), (2, 4)


@dataclasses.dataclass(frozen=True)
class Split:
    """One subject's recording, and how many of its sessions train."""

    dataset: str
    subject: str
    recording: Recording
    n_train_sessions: int

    @property
    def train(self) -> np.ndarray:
        """Mask of the training trials."""
        sessions = np.unique(self.recording.session)
        return np.isin(self.recording.session, sessions[: self.n_train_sessions])

    @property
    def metric(self) -> str:
        """AUC for two classes, accuracy for more."""
        return "AUC" if np.unique(self.recording.y).size == 2 else "accuracy"

    @property
    def protocol(self) -> str:
        """The split in words."""
        names = [str(s) for s in np.unique(self.recording.session)]
        n = self.n_train_sessions
        return f"sessions {' '.join(names[:n])} train, {' '.join(names[n:])} test"


Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], Any]
"""``fit(X, y, groups)`` gives a fitted classifier."""


def _tangent_space_svm(X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> Any:
    pipeline = make_pipeline(
        eeg.AugmentedCovariances(), spd.TangentSpace(), SVC(kernel="linear")
    )
    return pipeline.fit(X, y)


def _pyriemann_svm(X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> Any:
    estimation = optional("pyriemann.estimation", "pyriemann")
    tangent = optional("pyriemann.tangentspace", "pyriemann")
    pipeline = make_pipeline(
        estimation.Covariances("cov"), tangent.TangentSpace(), SVC(kernel="linear")
    )
    return pipeline.fit(X, y)


def _mdm(X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> Any:
    return make_pipeline(eeg.AugmentedCovariances(), spd.MDM()).fit(X, y)


def _nested(X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> Any:
    return eeg.ACMClassifier(n_jobs=usable_cores()).fit(X, y, groups=groups)


def _nested_without_groups(X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> Any:
    if np.unique(y).size > 2:
        raise CaseUnavailable("the fit without groups is a row of two-class data")
    return eeg.ACMClassifier(n_jobs=usable_cores()).fit(X, y)


def _nested_small(X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> Any:
    # In one process: the grid is so small that starting workers would cost more.
    model = eeg.ACMClassifier(orders=QUICK_ORDERS, lags=QUICK_LAGS)
    return model.fit(X, y, groups=groups)


def _methods(quick: bool) -> dict[str, Fit]:
    """Name to method; the baseline first."""
    found: dict[str, Fit] = {BASELINE: _tangent_space_svm, "MDM": _mdm}
    if quick:
        orders = " ".join(map(str, QUICK_ORDERS))
        lags = " ".join(map(str, QUICK_LAGS))
        found[f"ACM nested (orders {orders}, lags {lags})"] = _nested_small
    else:
        found["ACM nested"] = _nested
        found["ACM nested, no groups"] = _nested_without_groups
    found[PEER] = _pyriemann_svm
    return found


def _said(model: Any, X: np.ndarray, metric: str) -> np.ndarray:
    """Decision values for an AUC, predicted labels for an accuracy."""
    if metric == "accuracy":
        return np.asarray(model.predict(X))
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(X))
    return np.asarray(model.predict_proba(X))[:, 1]


def _note(model: Any, caught: list[warnings.WarningMessage]) -> str:
    """What the classifier chose and what it warned of."""
    notes = []
    if hasattr(model, "best_params_"):
        chosen = ", ".join(f"{k} {v}" for k, v in model.best_params_.items())
        used = len(model.settings_)
        notes.append(
            f"{chosen}" if used == 1 else f"best {chosen}; {used} settings averaged"
        )
    notes += list(dict.fromkeys(w.category.__name__ for w in caught))
    return "; ".join(notes)


def classify(split: Split, methods: Mapping[str, Fit]) -> tuple[list[Score], list[Row]]:
    """Train every method, score it once, and compare with pyRiemann's pipeline."""
    train = split.recording.select(split.train)
    test = split.recording.select(~split.train)
    outcomes: dict[str, Outcome] = {}
    notes: dict[str, str] = {}
    missing = ""
    for name, fit in methods.items():
        start = time.perf_counter()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                model = fit(train.X, train.y, train.session)
            except CaseUnavailable as error:
                missing = str(error) if name == PEER else missing
                continue
            values = _said(model, test.X, split.metric)
        outcomes[name] = Outcome(values, time.perf_counter() - start)
        notes[name] = _note(model, caught)
    scores = scores_of(
        outcomes,
        test.y,
        test.trial,
        metric=split.metric,
        suite="eeg",
        dataset=split.dataset,
        subject=split.subject,
        protocol=split.protocol,
        baseline=BASELINE,
        notes=notes,
    )
    return scores, [_parity_row(split, scores, missing)]


def _parity_row(split: Split, scores: list[Score], missing: str) -> Row:
    """The same pipeline of pyRiemann must score within `PARITY`."""
    by_method = {s.method: s for s in scores}
    row = Row(
        suite="eeg",
        case=f"{BASELINE} {split.metric} as pyRiemann, {split.dataset} {split.subject}",
        backend="auto",
        dtype="float64",
        size="×".join(map(str, split.recording.X.shape)),
        status=rows.SKIPPED,
        reason=missing,
        against="pyRiemann, the same pipeline",
        unit=split.metric,
    )
    if PEER not in by_method:
        return row
    difference = abs(by_method[BASELINE].value - by_method[PEER].value)
    status, reason = rows.judged(difference, PARITY, {})
    return dataclasses.replace(
        row,
        status=status,
        reason=reason,
        error=difference,
        budget=PARITY,
        seconds_min=by_method[BASELINE].seconds,
        seconds_median=by_method[BASELINE].seconds,
    )


TRAIN_SESSIONS = {"mi_bnci2014_004": 3}
"""Number of training sessions where it is not all but the last."""


def _archive(path: pathlib.Path) -> Split:
    """The recording in one archive.

    Raises
    ------
    CaseUnavailable
        If the file is no archive of trials with labels and at least two sessions.
    """
    place = f"{path.parent.name}/{path.name}"
    try:
        recording = datasets.load_archive(path)
    except (OSError, ValueError) as error:
        # The message may hold the whole path; a report names only the folder.
        told = str(error).replace(str(path), place)
        raise CaseUnavailable(f"{place} cannot be scored: {told}") from error
    n_sessions = np.unique(recording.session).size
    if n_sessions < 2:
        raise CaseUnavailable(
            f"{place} cannot be scored: it holds one session, but training and test "
            "need one each."
        )
    n_train = TRAIN_SESSIONS.get(path.parent.name, n_sessions - 1)
    return Split(path.parent.name, path.stem, recording, n_train)


def _packaged() -> Split:
    """The packaged recording."""
    recording = datasets.load_ssvep()
    n_train = np.unique(recording.session).size - 1
    return Split("packaged SSVEP", "packaged", recording, n_train)


def experiments(quick: bool, data: pathlib.Path | None) -> list[Experiment]:
    """The packaged recording, then every archive in ``data``."""
    methods = _methods(quick)
    readers: dict[str, Callable[[], Split]] = {"packaged recording": _packaged}
    for path in sorted(data.rglob("*.npz")) if data is not None else []:
        readers[f"{path.parent.name} {path.stem}"] = functools.partial(_archive, path)
    return [
        Experiment(name, functools.partial(_read_and_classify, reader, methods))
        for name, reader in readers.items()
    ]


def _read_and_classify(
    reader: Callable[[], Split], methods: Mapping[str, Fit]
) -> tuple[list[Score], list[Row]]:
    return classify(reader(), methods)
