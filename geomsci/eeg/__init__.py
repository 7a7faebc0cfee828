"""EEG epochs to augmented covariances to classes."""

from geomsci.eeg.acm import ACMClassifier
from geomsci.eeg.covariances import AugmentedCovariances
from geomsci.eeg.embedding import DelayEmbedding

__all__ = ["ACMClassifier", "AugmentedCovariances", "DelayEmbedding"]
