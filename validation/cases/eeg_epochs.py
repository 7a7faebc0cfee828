"""The epochs that the EEG cases run on, and plain constructions to compare with."""

from __future__ import annotations

import numpy as np

from geomsci.validation.cases.spd_oracles import optional
from geomsci.validation.suites import CASE_SEED, Conditioning


def coloured(n_epochs: int, n_channels: int, n_times: int) -> np.ndarray:
    """Epochs of mixed sources with memory and an offset, as EEG has.

    Every source is an autoregression with a pole pair of modulus 0.8 at its own
    frequency; channels mix all sources; two classes (even and odd epochs) differ in
    the strength of the first source.

    Returns
    -------
    X : ndarray, shape (n_epochs, n_channels, n_times)
    """
    rng = np.random.default_rng([CASE_SEED, n_epochs, n_channels, n_times])
    burn = 50
    noise = rng.standard_normal((n_epochs, n_channels, n_times + burn))
    angle = np.linspace(0.2, 1.2, n_channels)
    a1, a2 = 2 * 0.8 * np.cos(angle), -(0.8**2)
    sources = np.zeros_like(noise)
    for t in range(2, n_times + burn):
        sources[:, :, t] = (
            a1 * sources[:, :, t - 1] + a2 * sources[:, :, t - 2] + noise[:, :, t]
        )
    sources[1::2, 0, :] *= 1.5
    mixing = np.eye(n_channels) + 0.3 * rng.standard_normal((n_channels, n_channels))
    offset = rng.standard_normal((n_channels, 1))
    return mixing @ sources[:, :, burn:] + offset


def embedded(X: np.ndarray, order: int, lag: int, trim: str) -> np.ndarray:
    """Delay embedding by slices: row ``k C + c`` is channel c shifted by ``k lag``.

    ``trim="full"`` keeps ``T - (order - 1) lag`` samples, ``trim="moabb"`` drops one
    lag more as MOABB's slice ``k lag : -(order - k) lag`` does, except at order 1.
    """
    n_times = X.shape[-1]
    dropped = (order - 1) * lag if trim == "full" or order == 1 else order * lag
    length = n_times - dropped
    shifts = [X[:, :, k * lag : k * lag + length] for k in range(order)]
    return np.concatenate(shifts, axis=1)


def covariances(Z: np.ndarray, estimator: str) -> np.ndarray:
    """Covariances of embedded epochs, one at a time, by NumPy and scikit-learn."""
    from sklearn.covariance import OAS, LedoitWolf

    if estimator == "cov":
        return np.stack([np.cov(z) for z in Z])
    if estimator == "scm":
        return np.stack([np.cov(z, bias=True) for z in Z])
    model = OAS() if estimator == "oas" else LedoitWolf()
    return np.stack([model.fit(z.T).covariance_ for z in Z])


def pyriemann_covariances(Z: np.ndarray) -> np.ndarray:
    """pyRiemann's sample covariances of embedded epochs."""
    module = optional("pyriemann.estimation", "pyriemann")
    return module.Covariances("cov").fit_transform(Z)


def covariance_conditioning(Z: np.ndarray, C: np.ndarray) -> Conditioning:
    """Rounding of a sum of products, as far as it can cancel.

    The sum over samples of ``|z_i| |z_j|``, means included, over the norm of the
    covariance: a covariance is small beside it where the mean is large or where
    products of both signs cancel.
    """
    absolute = np.abs(Z)
    size = absolute @ np.swapaxes(absolute, -1, -2) / Z.shape[-1]
    kappa = float(np.linalg.norm(size) / np.linalg.norm(C))
    return Conditioning(kappa, "‖ Σ |z||z|ᵀ / L ‖ / ‖C‖, the cancellation in the sums")
