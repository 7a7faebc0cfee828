"""Augmented covariances of EEG epochs and the choice among their settings."""
