"""Least squares from determinantal and volume-rescaled designs."""
