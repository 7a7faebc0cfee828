"""Exact curvature of the Ising and Potts models on periodic lattices."""

from __future__ import annotations

from typing import Any

from geomsci.backends import public
from geomsci.fisher.checks import known
from geomsci.fisher.methods import METHODS, STATE_METHODS, automatic, checked_torus
from geomsci.fisher.result import FisherCurvatureResult


@public("fisher.ising_torus_curvature")
def ising_torus_curvature(
    shape: Any,
    coupling: Any = None,
    *,
    method: str = "pfaffian",
    backend: str | None = None,
) -> FisherCurvatureResult:
    r"""Exact scalar curvature of the Ising model on the square torus.

    Every bond b has its own coupling, so the manifold has :math:`m = 2n` dimensions;
    the curvature is taken where all couplings of an axis are equal:

    .. math:: p(s) \propto \exp \sum_b J_b \phi_b, \quad
              g_{ab} = \mathrm{cov}(\phi_a, \phi_b), \quad
              R = \tfrac14 (|T|^2 - |\tau|^2), \quad \tau_a = g^{bc} T_{abc},

    with :math:`\phi = s_i s_j` and T the third central moments.

    ===================== ============================ ==========================
    method                time                         sides
    ===================== ============================ ==========================
    ``"pfaffian"``        O(n^2 log n), memory O(n)    hundreds
    ``"transfer_matrix"`` O(4^L), L the shorter side   shorter side up to 12 or so
    ``"enumeration"``     O(2^n)                       up to 30 sites
    ===================== ============================ ==========================

    Parameters
    ----------
    shape : (int, int)
        Sides, each at least 3. At 2 two bonds join the same sites and g is singular.
    coupling : float or array, shape (2,), optional
        One for both axes or one per axis, axis 0 first; any sign, zero allowed.
        Default: critical. A float64 array of any library says where to compute.
    method : {"pfaffian", "transfer_matrix", "enumeration"}
    backend : {"auto", "reference", "numba", "cupy"}, optional
        As in `geomsci.use_backend`; default: the choice in force.

    Returns
    -------
    result : FisherCurvatureResult
        Plain numbers; ``log_partition`` is that of the sum over all 2^n states.

    Raises
    ------
    TypeError
        Sides that are not integers, couplings that are not float64 numbers.
    ValueError
        A side below 3, the wrong number of sides or couplings, NaN, an unknown method,
        a size beyond the method.
    LinAlgError
        A metric with a condition number above 1e12, deep in an ordered phase, or a
        frustrated torus whose sectors cancel by more than 1e12.
    MemoryError
        A transfer matrix that does not fit.

    Warns
    -----
    UserWarning
        If the sectors of a frustrated torus cancel by more than 1e6.

    Notes
    -----
    The critical point needs no limit: its zero mode is treated exactly. g, T and the
    logarithm of the partition function have a relative error of about 1e-15 times
    ``sign_cancellation``. R is a difference of large numbers built with the inverse of
    g and loses up to ``condition_number`` times more.

    References
    ----------
    M. Zhuravlev, Fisher Curvature Scaling at Critical Points, arXiv:2603.07651.

    Examples
    --------
    >>> from geomsci import fisher
    >>> print(f"{fisher.ising_torus_curvature((4, 4)).scalar_curvature:.2f}")
    -265.31
    """
    known("method", method, METHODS)
    return METHODS[method](checked_torus("square", shape, coupling))


@public("fisher.potts_torus_curvature")
def potts_torus_curvature(
    shape: Any,
    q: int,
    coupling: Any = None,
    *,
    method: str = "transfer_matrix",
    backend: str | None = None,
) -> FisherCurvatureResult:
    r"""Exact scalar curvature of the Potts model on the square torus.

    As `ising_torus_curvature` with :math:`\phi = \delta(s_i, s_j)`. At q = 2 and
    coupling J the curvature is that of the Ising model at J / 2.

    Parameters
    ----------
    shape : (int, int)
        Sides, each at least 3.
    q : int
        States of a site, at least 2.
    coupling : float or array, shape (2,), optional
        One for both axes or one per axis. Default: the transition ``ln(1 + sqrt q)``.
    method : {"transfer_matrix", "enumeration"}
    backend : {"auto", "reference", "numba", "cupy"}, optional
        As in `geomsci.use_backend`; default: the choice in force.

    Returns
    -------
    result : FisherCurvatureResult

    Raises
    ------
    TypeError, ValueError, LinAlgError, MemoryError
        As `ising_torus_curvature`, and a q that is not an integer of at least 2.

    Notes
    -----
    O(q^{2L}) time by the transfer matrix, L the shorter side, times powers of the
    sides.

    References
    ----------
    M. Zhuravlev, Fisher Curvature Scaling at Critical Points, arXiv:2603.07651.

    Examples
    --------
    >>> from geomsci import fisher
    >>> result = fisher.potts_torus_curvature((3, 3), 3, method="enumeration")
    >>> print(f"{result.scalar_curvature:.2f}")
    -79.85
    """
    known("method", method, STATE_METHODS)
    return METHODS[method](checked_torus("square", shape, coupling, "potts", q))


@public("fisher.lattice_curvature")
def lattice_curvature(
    lattice: str,
    shape: Any,
    coupling: Any = None,
    *,
    model: str = "ising",
    q: int | None = None,
    method: str | None = None,
    backend: str | None = None,
) -> FisherCurvatureResult:
    """Exact scalar curvature of the Ising or Potts model on a periodic lattice.

    As `ising_torus_curvature`, for other lattices and models.

    ============== ===== ==== ===============================================
    lattice        sites d    bond types, in the order of ``coupling``
    ============== ===== ==== ===============================================
    ``square``     1     2    axis 0, axis 1
    ``triangular`` 1     3    axis 0, axis 1, (-1, 1)
    ``honeycomb``  2     3    inside the cell, to (0, 1), to (-1, 1)
    ``kagome``     3     6    two along each of the three lines
    ``cubic``      1     3    axis 0, axis 1, axis 2
    ============== ===== ==== ===============================================

    Parameters
    ----------
    lattice : {"square", "triangular", "honeycomb", "kagome", "cubic"}
    shape : tuple of int
        Cells per axis, each at least 3.
    coupling : float or array, shape (d,), optional
        One for all bonds or one per bond type. Default: `critical_coupling`.
    model : {"ising", "potts"}
    q : int, optional
        States of a Potts site.
    method : {"pfaffian", "transfer_matrix", "enumeration"}, optional
        Default: ``"pfaffian"`` for the Ising model on a planar lattice, else
        ``"transfer_matrix"`` on a square or cubic lattice whose smallest layer has at
        most 2^13 states, else ``"enumeration"`` up to 2^30 states.
    backend : {"auto", "reference", "numba", "cupy"}, optional
        As in `geomsci.use_backend`; default: the choice in force.

    Returns
    -------
    result : FisherCurvatureResult

    Raises
    ------
    TypeError, ValueError, LinAlgError, MemoryError
        As `ising_torus_curvature`.

    References
    ----------
    M. Zhuravlev, Fisher Curvature Scaling at Critical Points, arXiv:2603.07651.

    Examples
    --------
    >>> from geomsci import fisher
    >>> result = fisher.lattice_curvature("triangular", (3, 3), method="enumeration")
    >>> print(f"{result.scalar_curvature:.4f}")
    -277.0485
    """
    if method is not None:
        known("method", method, METHODS)
    torus = checked_torus(lattice, shape, coupling, model, q)
    return METHODS[method or automatic(torus)](torus)
