"""Independent results for the entropic rows, each from its definition in NumPy."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.special import iv

from geomsci.reference.entropic.log_hessian import packed_pairs


def plain_curvature(
    field: np.ndarray, lengths: tuple[float, ...], R: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Density, gradient of its logarithm and packed K by transforms of the field."""
    shape, d = field.shape, field.ndim
    k = [2 * np.pi * n * np.fft.fftfreq(n) / L for n, L in zip(shape, lengths)]
    k = list(np.meshgrid(*k, indexing="ij"))
    odd = [
        np.where(np.abs(ki) >= np.pi * n / L * (1 - 1e-9), 0, ki)
        for ki, n, L in zip(k, shape, lengths)
    ]
    F = np.fft.fftn(field) * np.exp(-0.5 * sum(ki**2 for ki in k) * R**2)
    rho = np.fft.ifftn(F).real
    slope = [np.fft.ifftn(1j * ki * F).real / rho for ki in odd]
    K = []
    for i, j in packed_pairs(d):
        product = k[i] ** 2 if i == j else odd[i] * odd[j]
        K.append(slope[i] * slope[j] + np.fft.ifftn(product * F).real / rho)
    return rho, np.stack(slope, axis=-1), np.stack(K, axis=-1)


def bessel_curvature(
    x: np.ndarray,
    modes: np.ndarray,
    amplitudes: np.ndarray,
    phases: np.ndarray,
    R: float,
    terms: int = 24,
) -> np.ndarray:
    """Packed K of ``prod_a exp(A_a cos(k_a x + phi_a))`` smoothed: Bessel series."""
    d = x.shape[-1]
    pairs = packed_pairs(d)
    rho = np.zeros(x.shape[:-1])
    first = np.zeros((d, *x.shape[:-1]))
    second = np.zeros((len(pairs), *x.shape[:-1]))
    for orders in itertools.product(range(-terms, terms + 1), repeat=len(modes)):
        k = np.asarray(orders) @ modes
        size = np.prod(iv(orders, amplitudes)) * np.exp(-0.5 * (k @ k) * R**2)
        if abs(size) < 1e-30:
            continue
        angle = x @ k + np.asarray(orders) @ phases
        wave, slope = size * np.cos(angle), size * np.sin(angle)
        rho += wave
        for i in range(d):
            first[i] -= k[i] * slope
        for p, (i, j) in enumerate(pairs):
            second[p] -= k[i] * k[j] * wave
    parts = [
        first[i] * first[j] / rho**2 - second[p] / rho for p, (i, j) in enumerate(pairs)
    ]
    return np.stack(parts, axis=-1)


def catalogue_moments(
    points: np.ndarray, positions: np.ndarray, R: float, box: float | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log weights, means and covariances of local measures, over all pairs."""
    D = positions[None] - points[:, None]
    if box is not None:
        span = [np.asarray(s) * box for s in itertools.product((-1, 0, 1), repeat=3)]
        D = np.concatenate([D + s for s in span], axis=1)
    score = np.sum(D**2, axis=-1)
    least = score.min(axis=1, keepdims=True)
    w = np.exp(-(score - least) / (2 * R * R))
    total = w.sum(axis=1)
    m = np.einsum("pn,pni->pi", w, D) / total[:, None]
    C = np.einsum("pn,pni,pnj->pij", w, D, D) / total[:, None, None]
    C = C - m[:, :, None] * m[:, None, :]
    return np.log(total) - least[:, 0] / (2 * R * R), m, C


def eigenvalue_fractions(threshold: float, nodes: int = 120) -> np.ndarray:
    """Doroshkevich's fractions by quadrature over the eigenvalues themselves.

    The lowest, the middle and the highest eigenvalue in turn is the first variable, the
    gaps to the others are the other two. Beyond 8 the density is below 1e-17.
    """
    x, w = np.polynomial.legendre.leggauss(nodes)
    gap, gap_w = 3.0 * (x + 1), 3.0 * w
    start, start_w = 4.0 * (x + 1), 4.0 * w

    def integral(lowest: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
        T = 3 * lowest + 2 * x + y
        log = -(T**2) / 2 - 2.5 * (x * x + x * y + y * y)
        # dT dx dy / 3 = d lowest dx dy
        value = np.exp(log) * x * y * (x + y)
        weight = start_w[:, None, None] * gap_w[:, None] * gap_w
        norm = 3375 / (8 * math.sqrt(5) * math.pi)
        return float(norm * np.sum(weight * value))

    a, b, c = start[:, None, None], gap[:, None], gap[None, :]
    three = integral(threshold + a, b, c)
    two = integral(threshold + a - b, b, c)  # the middle one is above
    zero = integral(threshold - a - b - c, b, c)
    return np.asarray([zero, 1 - zero - two, two - three, three])


def gaussian_entropy(
    a: np.ndarray, C: np.ndarray, b: np.ndarray, S: np.ndarray
) -> float:
    """Ent(N(a, C) | N(b, S))."""
    P = np.linalg.inv(S)
    logs = np.linalg.slogdet(S)[1] - np.linalg.slogdet(C)[1]
    gap = a - b
    return float(0.5 * (np.trace(P @ C) + gap @ P @ gap - len(a) + logs))


def gaussian_pair(
    values: tuple[np.ndarray, ...], t: float, N: float
) -> tuple[float, float]:
    """Curvature of a Gaussian pair by 50 digits of mpmath, and its distance.

    ``values`` are a0, C0, a1, C1, b, S. For finite N the root of the equation of the
    entropic condition by bisection.
    """
    import mpmath
    from scipy.linalg import sqrtm

    a0, C0, a1, C1, b, S = values
    root = sqrtm(C0).real
    inverse = np.linalg.inv(root)
    T = inverse @ sqrtm(root @ C1 @ root).real @ inverse
    D = T - np.eye(len(a0))
    W2 = math.sqrt((a1 - a0) @ (a1 - a0) + np.trace(D @ C0 @ D))
    G = np.eye(len(a0)) + t * D
    E0, E1, Et = (
        gaussian_entropy(a, C, b, S)
        for a, C in ((a0, C0), (a1, C1), ((1 - t) * a0 + t * a1, G @ C0 @ G))
    )
    if math.isinf(N):
        return 2 / (t * (1 - t) * W2**2) * ((1 - t) * E0 + t * E1 - Et), W2
    with mpmath.workdps(50):
        U0, U1, Ut = (mpmath.exp(-mpmath.mpf(E) / N) for E in (E0, E1, Et))

        def excess(K: mpmath.mpf) -> mpmath.mpf:
            angle = mpmath.sqrt(mpmath.mpc(K) / N) * W2
            if abs(angle) < 1e-30:
                return Ut - (1 - t) * U0 - t * U1
            low, high = mpmath.sin((1 - t) * angle), mpmath.sin(t * angle)
            total = (low * U0 + high * U1) / mpmath.sin(angle)
            return Ut - mpmath.re(total)

        top = mpmath.mpf(N) * mpmath.pi**2 / W2**2 * (1 - mpmath.mpf(10) ** -12)
        low, high = -mpmath.mpf(1), top
        while excess(low) < 0:
            low = 2 * low
        for _ in range(160):
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) > 0 else (low, middle)
        return float(low), W2


def two_point_curvature(p: float, q: float) -> float:
    """``(p + q)/2 + inf_b theta(b)/(1 - b^2)`` of Maas, the infimum by golden section.

    theta is the logarithmic mean of ``q (1 + b)`` and ``p (1 - b)``.
    """
    from scipy.optimize import minimize_scalar

    def value(b: float) -> float:
        x, y = q * (1 + b), p * (1 - b)
        mean = x if x == y else (x - y) / math.log1p((x - y) / y)
        return mean / (1 - b * b)

    coarse = np.linspace(-0.999, 0.999, 4001)
    start = coarse[np.argmin([value(b) for b in coarse])]
    found = minimize_scalar(
        value, bracket=(start - 1e-3, start, start + 1e-3), tol=1e-12
    )
    return (p + q) / 2 + float(found.fun)


def second_order_noise() -> tuple[float, float]:
    r"""Next order of Var tr K and of the Fisher information of Poisson points.

    Relative to the first order, over the variance s^2 = 1 / ((4 pi)^{3/2} n R^3) of the
    density. With u = delta - delta^2 / 2 + delta^3 / 3 and R = 1,

    .. math::
        \mathrm{Var} \nabla^2 u &= \nabla^4 \xi - \langle \nabla^2 \delta \,
            \nabla^2 \delta^2 \rangle + \tfrac12 \nabla^4 \xi^2
            + 2 s^2 \nabla^4 \xi , \\
        I &= \langle |\nabla \delta|^2 \rangle
            - \langle \delta |\nabla \delta|^2 \rangle
            + s^2 \langle |\nabla \delta|^2 \rangle

    at distance 0, with :math:`\xi = s^2 e^{-r^2 / 4}` and the cubic means those of
    Poisson points, integrals of three Gaussians over n^2: 14/3 of delta (Lap delta)^2,
    -4/3 of Lap delta |grad delta|^2 and 1 of delta |grad delta|^2, times
    :math:`8 s^4 / 3^{3/2}`.
    """
    cubic = 8.0 / 3.0**1.5
    trace = (2.0 * 3.75 + 7.5 - 2.0 * (14.0 / 3.0 - 4.0 / 3.0) * cubic) / 3.75
    return trace, (1.5 - cubic) / 1.5
