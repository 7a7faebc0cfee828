"""Coarse (Ollivier-type) curvature from the contraction of local measures.

Source: Ollivier, J. Funct. Anal. 256 (2009) 810, definition 3, with the 2-Wasserstein
distance in the place of the 1-Wasserstein one.
"""

from __future__ import annotations

from geomsci.backends.arrays import Array


def coarse_ricci(W2: Array, h: Array) -> Array:
    """``1 - W2/h`` as ``(h - W2)/h``, so that small values keep their digits."""
    return (h - W2) / h
