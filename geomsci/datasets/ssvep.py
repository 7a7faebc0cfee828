"""The packaged recording: steady-state visual evoked potentials."""

from __future__ import annotations

import dataclasses
from importlib import resources

from geomsci.datasets.archive import load_archive
from geomsci.datasets.recording import Recording

FREQUENCIES = {0: 12.0, 1: 10.0, 2: 8.57, 3: 7.5, 4: 6.66}


def load_ssvep() -> Recording:
    """Load the packaged recording of steady-state visual evoked potentials.

    One subject of the MAMEM EEG SSVEP data set II watched five boxes flicker at
    different frequencies. 8 channels over the occiput, 125 samples per second, 5
    sessions of 25 trials; every trial is cut into four epochs of one second.

    Returns
    -------
    recording : Recording
        ``X`` (500, 8, 125), ``y`` 0 to 4, ``session`` 0 to 4, ``trial`` 0 to 124, and
        ``class_frequencies`` in Hz.

    Notes
    -----
    Split by session or by trial, never between the epochs of one trial: they resemble
    each other, and the score would flatter. The usual protocol trains on sessions 0 to
    3 and tests on session 4.

    The frequencies were inferred from the spectra. The samples are stored as 16-bit
    integers; the rounding error is at most 0.0023 where the signal has a standard
    deviation of about 7. Licence ODC-By 1.0; the attribution is in
    ``ssvep_mamem2.md`` beside this file.

    References
    ----------
    V. P. Oikonomou et al., "Comparative evaluation of state-of-the-art algorithms for
    SSVEP-based BCIs", arXiv:1602.00904 (2016).
    A. Goldberger et al., "PhysioBank, PhysioToolkit, and PhysioNet", Circulation 101
    (2000) e215.

    Examples
    --------
    >>> from geomsci.datasets import load_ssvep
    >>> load_ssvep()
    Recording(500 epochs, 8 channels, 125 samples at 125 Hz, 5 classes, 5 sessions)
    """
    source = resources.files("geomsci.datasets") / "ssvep_mamem2.npz"
    with resources.as_file(source) as path:
        recording = load_archive(path)
    return dataclasses.replace(recording, class_frequencies=dict(FREQUENCIES))
