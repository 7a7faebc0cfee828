"""Data to try methods on: manifolds with known geodesics, and EEG recordings.

Swiss rolls and trees are drawn on the fly. Recordings are a packaged example, archives
on disk, and objects of MNE and MOABB.
"""

from geomsci.datasets.adapters import from_mne, from_moabb
from geomsci.datasets.archive import load_archive
from geomsci.datasets.manifolds import BranchingTree, make_swiss_roll, make_tree
from geomsci.datasets.recording import Recording
from geomsci.datasets.ssvep import load_ssvep

__all__ = [
    "BranchingTree",
    "Recording",
    "from_mne",
    "from_moabb",
    "load_archive",
    "load_ssvep",
    "make_swiss_roll",
    "make_tree",
]
