"""What `geomsci.fisher.FisherCurvature` asks of sampled configurations."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from geomsci.backends import LinAlgError
from geomsci.backends.arrays import (
    Array,
    array_namespace,
    common_arrays,
    is_array,
    require_finite,
)
from geomsci.backends.tiling import tile_bytes, tiles
from geomsci.fisher.checks import lattice_named, model_states, torus_shape
from geomsci.reference.fisher.bispectrum import Torus
from geomsci.reference.fisher.cluster_averages import torn_clusters

COMPONENTS = {"xy": 2, "heisenberg": 3}
UNIT_TOLERANCE = 1e-6


class Samples(NamedTuple):
    """Checked chains (R, N, n_sites, ...), their clusters, and the torus they live on.

    ``q`` is 0 for a model without finitely many states.
    """

    chains: Array
    labels: Array | None
    torus: Torus
    q: int


def samples(
    configurations: Any, clusters: Any, lattice: Any, model: str, q: Any
) -> Samples:
    """Check configurations and labels, and give them an axis of replicas.

    Raises
    ------
    TypeError, ValueError
        One sentence: wrong shape, wrong alphabet, NaN, torn clusters.
    """
    cell = lattice_named(lattice)
    if model in COMPONENTS:
        if q is not None:
            raise ValueError(f"q must be None for the {model} model, got {q!r}.")
        states = 0
    else:
        _, states = model_states(model, q)
    xp, x = _numbers("configurations", configurations)
    tail = (() if cell.n_basis == 1 else (cell.n_basis,)) + (
        (COMPONENTS[model],) if model in COMPONENTS else ()
    )
    axes = cell.dimension + len(tail)
    expected = ", ".join(
        ["n_samples", *(f"L{i + 1}" for i in range(cell.dimension)), *map(str, tail)]
    )
    if x.ndim not in (axes + 1, axes + 2) or tuple(x.shape[x.ndim - len(tail) :]) != (
        tail
    ):
        raise ValueError(
            f"configurations of the {model} model on the {cell.name} lattice must have "
            f"shape ({expected}) or (n_replicas, {expected}), got {tuple(x.shape)}."
        )
    shape = torus_shape(x.shape[x.ndim - axes : x.ndim - len(tail)], cell)
    n_sites = math.prod(shape) * cell.n_basis
    replicas = 1 if x.ndim == axes + 1 else x.shape[0]
    n_samples = x.shape[x.ndim - axes - 1]
    if 0 in (replicas, n_samples):
        raise ValueError(
            "configurations must hold at least one replica of at least one sample, got "
            f"shape {tuple(x.shape)}."
        )
    parts = (COMPONENTS[model],) if model in COMPONENTS else ()
    chains = xp.reshape(x, (replicas, n_samples, n_sites, *parts))
    _require_alphabet(xp, chains, model, states)
    torus = Torus(cell, shape, model)
    labels = None
    if clusters is not None:
        labels = _labels(clusters, chains, torus)
    return Samples(chains, labels, torus, states)


def _numbers(name: str, values: Any) -> tuple[Any, Array]:
    """An array of integers or float64; small integers stay as small as they are."""
    if not is_array(values):
        return common_arrays(**{name: values})
    xp = array_namespace(values)
    if xp.isdtype(values.dtype, "integral") or values.dtype == xp.float64:
        return xp, values
    raise TypeError(
        f"{name} must hold integers or float64, got {values.dtype}: convert them with "
        "astype."
    )


def _require_alphabet(xp: Any, chains: Array, model: str, q: int) -> None:
    """Refuse NaN and values that are not states of the model."""
    if xp.isdtype(chains.dtype, "real floating"):
        require_finite(xp, configurations=chains)
    rows = xp.reshape(chains, (-1, *chains.shape[2:]))
    for tile in tiles(
        rows.shape[0], 16 * math.prod(rows.shape[1:]), target=8 * tile_bytes(chains)
    ):
        x = rows[tile, ...]
        if model == "ising":
            good, wanted = (x == 1) | (x == -1), "-1 or 1"
        elif model == "potts":
            good, wanted = (x >= 0) & (x < q), f"integers from 0 to {q - 1}"
            if xp.isdtype(x.dtype, "real floating"):
                good = good & (xp.floor(x) == x)
        else:
            norms = xp.sum(xp.astype(x, xp.float64) ** 2, axis=-1)
            good = xp.abs(norms - 1) <= UNIT_TOLERANCE
            wanted = f"unit vectors of {chains.shape[-1]} components"
        if bool(xp.all(good)):
            continue
        first = int(xp.argmin(xp.astype(xp.reshape(good, (-1,)), xp.int8)))
        if model in COMPONENTS:
            bad = float(xp.reshape(norms, (-1,))[first]) ** 0.5
            got = f"a vector of length {bad:.6g}"
        else:
            got = f"{float(xp.reshape(x, (-1,))[first]):g}"
        raise ValueError(
            f"configurations of the {model} model must hold {wanted}, got {got}: "
            "convert the spins to this alphabet."
        )


def _labels(clusters: Any, chains: Array, torus: Torus) -> Array:
    """Labels (R, N, n_sites) that fit the configurations."""
    if torus.model in COMPONENTS:
        raise ValueError(
            f"clusters must be None for the {torus.model} model, because its clusters "
            "do not take colours; got an array."
        )
    xp, labels = _numbers("clusters", clusters)
    if array_namespace(labels) is not array_namespace(chains):
        common_arrays(configurations=chains, clusters=labels)  # names the libraries
    want = tuple(chains.shape[:3])
    if math.prod(labels.shape) != math.prod(want) or tuple(labels.shape[:1]) not in (
        want[:1],
        want[1:2],
    ):
        raise ValueError(
            "clusters must hold one label a site of every configuration, shape "
            f"{want} or {want[1:]} for a single chain, got {tuple(labels.shape)}."
        )
    if not xp.isdtype(labels.dtype, "integral"):
        raise TypeError(
            f"clusters must hold integers, got {labels.dtype}: pass the labels of the "
            "sampler."
        )
    labels = xp.reshape(labels, want)
    low, high = int(xp.min(labels)), int(xp.max(labels))
    if low < 0 or high >= want[2]:
        raise ValueError(
            f"clusters must be labels from 0 to {want[2] - 1}, the number of sites "
            f"less one, got labels from {low} to {high}."
        )
    for r in range(want[0]):
        if torn_clusters(chains[r, ...], labels[r, ...], torus):
            raise ValueError(
                "clusters must be those that the configurations were coloured by, got "
                "a bond inside a cluster whose ends differ: pass labels and "
                "configurations of the same sweeps."
            )
    return labels


def require_motion(energies: Array) -> None:
    """Refuse a bond type whose energy is the same in every sample.

    Parameters
    ----------
    energies : array, shape (R, N, d)
    """
    xp = array_namespace(energies)
    flat = xp.reshape(energies, (-1, energies.shape[2]))
    widths = xp.max(flat, axis=0) - xp.min(flat, axis=0)
    if flat.shape[0] > 1 and bool(xp.any(widths == 0)):
        raise LinAlgError(
            "The Fisher metric must be positive definite, got configurations in which "
            "the energy of a bond type never changes: the couplings are too deep in an "
            "ordered phase, or the chain does not move."
        )
