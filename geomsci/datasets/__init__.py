"""EEG recordings: a packaged example, archives on disk, objects of MNE and MOABB."""

from geomsci.datasets.adapters import from_mne, from_moabb
from geomsci.datasets.archive import load_archive
from geomsci.datasets.recording import Recording
from geomsci.datasets.ssvep import load_ssvep

__all__ = ["Recording", "from_mne", "from_moabb", "load_archive", "load_ssvep"]
