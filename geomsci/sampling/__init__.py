"""Least squares from determinantal and volume-rescaled designs."""

__all__: list[str] = []
