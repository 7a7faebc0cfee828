"""Delay embedding: an epoch beside its own past.

For an epoch ``X`` of C channels and T samples, order p and lag tau, the embedded
epoch stacks p delayed copies,

    Z = [X[:, 0:L]; X[:, tau:tau+L]; ...; X[:, (p-1)tau:(p-1)tau+L]],

so row ``k C + c`` is channel c, k tau samples later. Source: arXiv 2302.04508,
section II.C. Nothing here is needed for augmented covariances, which
`geomsci.reference.eeg.covariance` computes without forming Z.
"""

from __future__ import annotations

from geomsci.backends.arrays import Array, array_namespace


def window_length(n_times: int, order: int, lag: int, trim: str) -> int:
    """Number L of embedded samples; zero or negative if the epoch is too short.

    ``trim="full"`` keeps every sample, L = T - (p-1) tau. ``trim="moabb"`` is the
    convention of MOABB and of the method's published code, which drop one lag more,
    L = T - p tau, except at order 1, where they keep the epoch whole.
    """
    if order == 1:
        return n_times
    lost = order - 1 if trim == "full" else order
    return n_times - lost * lag


def delay_embedding(
    X: Array, *, order: int = 1, lag: int = 1, trim: str = "full"
) -> Array:
    """Stack of the epoch's delayed copies.

    Parameters
    ----------
    X : array, shape (..., C, T), real or complex floating
    order, lag : int, at least 1
        Number of copies and the samples between two of them.
    trim : {"full", "moabb"}
        Which samples are kept, see `window_length`.

    Returns
    -------
    Z : array, shape (..., order * C, L)

    Notes
    -----
    Time and memory O(order C L) per epoch.
    """
    xp = array_namespace(X)
    L = window_length(X.shape[-1], order, lag, trim)
    copies = [X[..., k * lag : k * lag + L] for k in range(order)]
    return xp.concat(copies, axis=-2)
