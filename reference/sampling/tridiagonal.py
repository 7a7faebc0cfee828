r"""Random tridiagonal matrices whose eigenvalues are classical projection DPPs.

For all polynomials of degree below m in one coordinate the projection DPP is a
classical ensemble of random matrices (beta = 2), the spectrum of a tridiagonal matrix
of independent entries:

========= ============================================================================
measure   matrix
========= ============================================================================
normal    diagonal N(0, 1), squared off-diagonal Gamma(1), ..., Gamma(m - 1)
exponen-  ``B B^T``, B lower bidiagonal, squared diagonal Gamma(m), ..., Gamma(1),
tial      squared sub-diagonal Gamma(m - 1), ..., Gamma(1)
Jacobi    Verblunsky coefficients alpha_0 .. alpha_{2m-2} in (-1, 1), with densities
          ``(1 - x)^(s-1) (1 + x)^(t-1)``: for even k
          ``s = (2m-k-2)/2 + a + 1, t = (2m-k-2)/2 + b + 1``, for odd k
          ``s = (2m-k-3)/2 + a + b + 2, t = (2m-k-1)/2``; Geronimus' relations
========= ============================================================================

The functions here take the random numbers and return the matrices, so they are an
independent check of the samplers by rejection.

References
----------
I. Dumitriu and A. Edelman, "Matrix models for beta ensembles", J. Math. Phys. 43
(2002) 5830.
R. Killip and I. Nenciu, "Matrix models for circular ensembles", Int. Math. Res. Not.
2004, 2665, theorem 2.
"""

from __future__ import annotations

from geomsci.backends.arrays import Array, array_namespace, device


def hermite_shapes(m: int) -> list[float]:
    """Shapes of the m - 1 gamma variables of `hermite`."""
    return [float(k) for k in range(1, m)]


def hermite(normals: Array, gammas: Array) -> tuple[Array, Array]:
    """Diagonal (..., m) and off-diagonal (..., m - 1) for the normal measure.

    Parameters
    ----------
    normals : array, shape (..., m)
        Independent standard normal numbers.
    gammas : array, shape (..., m - 1)
        Independent gamma variables of the shapes `hermite_shapes`.
    """
    xp = array_namespace(normals)
    return normals, xp.sqrt(gammas)


def laguerre_shapes(m: int) -> list[float]:
    """Shapes of the 2 m - 1 gamma variables of `laguerre`."""
    diagonal = [float(m - k) for k in range(m)]
    return diagonal + [float(m - 1 - k) for k in range(m - 1)]


def laguerre(gammas: Array) -> tuple[Array, Array]:
    """Diagonal (..., m) and off-diagonal (..., m - 1) for the exponential measure.

    Parameters
    ----------
    gammas : array, shape (..., 2 m - 1)
        Independent gamma variables of the shapes `laguerre_shapes`.
    """
    xp = array_namespace(gammas)
    m = (gammas.shape[-1] + 1) // 2
    g, h = gammas[..., :m], gammas[..., m:]
    diagonal = xp.concat([g[..., :1], g[..., 1:] + h], axis=-1)
    return diagonal, xp.sqrt(g[..., : m - 1] * h)


def jacobi_shapes(m: int, alpha: float, beta: float) -> tuple[list[float], list[float]]:
    """Both parameters (s and t) of the 2 m - 1 beta variables of `jacobi`."""
    first, second = [], []
    for k in range(2 * m - 1):
        if k % 2 == 0:
            first.append(0.5 * (2 * m - k - 2) + alpha + 1.0)
            second.append(0.5 * (2 * m - k - 2) + beta + 1.0)
        else:
            first.append(0.5 * (2 * m - k - 3) + alpha + beta + 2.0)
            second.append(0.5 * (2 * m - k - 1))
    return first, second


def jacobi(betas: Array) -> tuple[Array, Array]:
    """Diagonal (..., m) and off-diagonal (..., m - 1) for a Jacobi measure.

    Parameters
    ----------
    betas : array, shape (..., 2 m - 1)
        Independent beta variables of the parameters `jacobi_shapes`.

    Notes
    -----
    With ``alpha_{-1} = -1``: ``2 d_k = (1 - alpha_{2k-1}) alpha_{2k} -
    (1 + alpha_{2k-1}) alpha_{2k-2}`` and ``4 e_k^2 = (1 - alpha_{2k-1})
    (1 - alpha_{2k}^2) (1 + alpha_{2k+1})``. Here ``1 - alpha = 2 beta``, so no
    difference of nearly equal numbers is taken at either end.
    """
    xp = array_namespace(betas)
    m = (betas.shape[-1] + 1) // 2
    shape = (*betas.shape[:-1], 1)
    one = xp.ones(shape, dtype=betas.dtype, device=device(betas))
    # 1 - alpha and 1 + alpha, halved, at even numbers and at the odd ones before them
    even, odd = betas[..., 0::2], betas[..., 1::2]
    low, high = even, 1.0 - even
    before_low = xp.concat([one, odd], axis=-1)
    before_high = xp.concat([0.0 * one, 1.0 - odd], axis=-1)
    earlier = xp.concat([one, even[..., : m - 1]], axis=-1)
    diagonal = before_low * (1.0 - 2.0 * low) - before_high * (1.0 - 2.0 * earlier)
    squares = before_low[..., : m - 1] * (low * high)[..., : m - 1] * (1.0 - odd)
    return diagonal, 2.0 * xp.sqrt(squares)
