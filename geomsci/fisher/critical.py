"""Critical couplings of the models and lattices of this family."""

from __future__ import annotations

import math

from geomsci.fisher.checks import integer, known
from geomsci.reference.fisher.lattices import LATTICES

MODELS = ("ising", "potts", "xy", "heisenberg")


def _potts_triangular(q: int) -> float:
    """``v^3 + 3 v^2 = q`` with ``v = w - 1``, ``w = e^J``: ``w^3 - 3 w = q - 2``."""
    half = (q - 2) / 2
    if half <= 1:
        return math.log(2 * math.cos(math.acos(half) / 3))
    return math.log(2 * math.cosh(math.acosh(half) / 3))


def _potts_honeycomb(q: int) -> float:
    """``v^3 - 3 q v - q^2 = 0``: the dual of the triangular lattice, ``v v* = q``."""
    return math.log1p(q / math.expm1(_potts_triangular(q)))


_ISING = {
    "square": math.asinh(1) / 2,
    "triangular": math.log(3) / 4,
    "honeycomb": math.atanh(1 / math.sqrt(3)),
    "kagome": math.log(3 + 2 * math.sqrt(3)) / 4,
    "cubic": 0.221654626,
}

_POTTS = {
    "square": lambda q: math.log1p(math.sqrt(q)),
    "triangular": _potts_triangular,
    "honeycomb": _potts_honeycomb,
}

_NUMERICAL = {
    ("potts", "cubic", 3): 0.550565,
    ("xy", "cubic", None): 1 / 2.2018441,
    ("heisenberg", "cubic", None): 0.693003,
}

_KNOWN = (
    "ising on square, triangular, honeycomb, kagome and cubic, potts with any q on "
    "square, triangular and honeycomb, with q = 2 on all lattices and with q = 3 on "
    "cubic, xy and heisenberg on cubic"
)


def critical_coupling(model: str, lattice: str, q: int | None = None) -> float:
    r"""Coupling at the transition of the infinite isotropic lattice.

    The weight of a state is :math:`\exp(J \sum_b \phi_b)` with
    :math:`\phi = s_i s_j` (Ising), :math:`\delta(s_i, s_j)` (Potts) and
    :math:`s_i \cdot s_j` (XY, Heisenberg).

    ================ ================ ============================================
    model            lattice          critical J
    ================ ================ ============================================
    ising            square           ln(1 + sqrt 2) / 2
    ising            triangular       artanh(2 - sqrt 3) = ln(3) / 4
    ising            honeycomb        artanh(1 / sqrt 3)
    ising            kagome           ln(3 + 2 sqrt 3) / 4
    ising            cubic            0.221654626(5), numerical [1]_
    potts            square           ln(1 + sqrt q)
    potts            triangular       v^3 + 3 v^2 = q, v = e^J - 1
    potts            honeycomb        v^3 - 3 q v - q^2 = 0, v = e^J - 1
    potts, q = 2     all              twice that of Ising
    potts, q = 3     cubic            0.550565(10), numerical, first order [2]_
    xy               cubic            1 / 2.2018441(5), numerical [3]_
    heisenberg       cubic            0.693003(2), numerical [4]_
    ================ ================ ============================================

    Parameters
    ----------
    model : {"ising", "potts", "xy", "heisenberg"}
    lattice : {"square", "triangular", "honeycomb", "kagome", "cubic"}
    q : int, optional
        States of a Potts site, at least 2. Planar Potts models with q > 4 and the
        cubic ones with q > 2 have a transition of first order there.

    Returns
    -------
    coupling : float

    Raises
    ------
    ValueError
        A transition that is not known, with a list of the known ones.
    TypeError
        ``q`` is not an integer.

    References
    ----------
    .. [1] Ferrenberg, Xu and Landau, Phys. Rev. E 97 (2018) 043301.
    .. [2] Janke and Villanova, Nucl. Phys. B 489 (1997) 679.
    .. [3] Xu, Sun, Lv and Deng, Phys. Rev. B 100 (2019) 064525.
    .. [4] Deng, Bloete and Nightingale, Phys. Rev. E 72 (2005) 016128.

    The exact values: Kramers and Wannier, Phys. Rev. 60 (1941) 252; Wu, Rev. Mod. Phys.
    54 (1982) 235; Syozi, Prog. Theor. Phys. 6 (1951) 306.

    Examples
    --------
    >>> from geomsci import fisher
    >>> print(f"{fisher.critical_coupling('ising', 'square'):.6f}")
    0.440687
    >>> print(f"{fisher.critical_coupling('potts', 'triangular', q=4):.6f}")
    0.693147
    """
    known("model", model, MODELS)
    known("lattice", lattice, LATTICES)
    if model == "potts":
        q = integer("q", q, at_least=2)
    elif q not in (None, 2):
        raise ValueError(f"q must be None unless the model is potts, got {q!r}.")
    else:
        q = None
    if model == "ising":
        return _ISING[lattice]
    if model == "potts" and q == 2:
        return 2 * _ISING[lattice]
    if model == "potts" and q is not None and lattice in _POTTS:
        return _POTTS[lattice](q)
    if (model, lattice, q) in _NUMERICAL:
        return _NUMERICAL[model, lattice, q]
    states = "" if q is None else f" with q = {q}"
    raise ValueError(
        f"The transition of {model}{states} on the {lattice} lattice is not known "
        f"here, only {_KNOWN}: pass a coupling."
    )
