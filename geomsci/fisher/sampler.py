"""`LatticeSampler`: Monte Carlo configurations of lattice models."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from os import PathLike, fspath
from typing import Any

import numpy as np
from tqdm import tqdm

from geomsci.backends import public, run
from geomsci.backends.arrays import to_host
from geomsci.backends.dispatch import CHOICES, placed
from geomsci.backends.random import generator
from geomsci.fisher import checkpoints
from geomsci.fisher.checks import (
    bond_couplings,
    integer,
    known,
    lattice_named,
    model_states,
    torus_shape,
)
from geomsci.fisher.critical import MODELS, critical_coupling
from geomsci.reference.fisher.chains import ALGORITHMS, Tables, lattice_tables

COMPONENTS = {"xy": 2, "heisenberg": 3}
LARGEST_Q = 127
"""Colours are int8, and 56 random bits times q fit 63 bits."""

SECONDS_PER_CALL = 0.25
"""Length of a kernel call, after which an interrupt is noticed."""


class LatticeSampler:
    r"""Sample lattice models on a torus by cluster or single-spin updates.

    The weight of a configuration is :math:`\exp(\sum_b J_b \phi_b)` with
    :math:`\phi = s_i s_j` (Ising), :math:`\delta(s_i, s_j)` (Potts) and
    :math:`s_i \cdot s_j` (XY, Heisenberg).

    Parameters
    ----------
    model : {"ising", "potts", "xy", "heisenberg"}
    shape : tuple of int
        Cells per axis, at least 3 each.
    coupling : float or sequence of float, optional
        One number, or one per bond type of the lattice (axis 0 first on the square and
        the cubic lattice). None: the critical coupling.
    q : int, optional
        Colours of the Potts model, from 2 to 127.
    algorithm : {"swendsen-wang", "wolff", "metropolis"}
        One update is a Swendsen-Wang sweep, one Wolff cluster, or n single-spin
        proposals at random sites. Swendsen-Wang and Wolff refuse the
        antiferromagnetic Potts model.
    n_replicas : int, >= 1
        Independent chains. They are spread over threads, or over the threads of a GPU.
    lattice : {"square", "triangular", "honeycomb", "kagome", "cubic"}, optional
        None: square for two axes, cubic for three.
    n_burn_in : int, >= 0
        Updates of every chain before the first kept configuration. The start is
        random, so Wolff needs far more updates than Swendsen-Wang.
    n_thin : int, >= 1
        Updates from one kept configuration to the next.
    random_state : None, int or generator
        Whatever `numpy.random.default_rng` takes.
    backend : {None, "auto", "reference", "numpy", "numba", "cupy"}
        None: the choice of `geomsci.use_backend` in force.

    Attributes
    ----------
    n_updates : int
        Updates that every chain has made.
    configurations : ndarray, shape (n_replicas, \*shape[, n_basis][, components])
        Where the chains stand.

    Notes
    -----
    Time O(n) an update (Wolff: of the size of the cluster). A chain is a function of
    ``random_state``, of its number and of nothing else: the number of threads, of
    replicas and of calls and the backend do not matter (XY and Heisenberg: to rounding
    between backends). Every replica has a Philox stream of its own, and every update
    its own part of it. Probabilities have double precision: no coarser grid is used.

    An interrupt (Ctrl-C) is noticed within about a second and leaves the chains after
    their last complete piece of work: sampling goes on from there.

    References
    ----------
    R. H. Swendsen and J.-S. Wang, Phys. Rev. Lett. 58 (1987) 86.
    U. Wolff, Phys. Rev. Lett. 62 (1989) 361.

    Examples
    --------
    >>> from geomsci.fisher import LatticeSampler
    >>> sampler = LatticeSampler("ising", (8, 8), 0.4, n_replicas=2, random_state=0)
    >>> sampler.sample(5).shape
    (2, 5, 8, 8)
    """

    def __init__(
        self,
        model: str,
        shape: tuple[int, ...],
        coupling: Any = None,
        *,
        q: int | None = None,
        algorithm: str = "swendsen-wang",
        n_replicas: int = 1,
        lattice: str | None = None,
        n_burn_in: int = 100,
        n_thin: int = 1,
        random_state: Any = None,
        backend: str | None = None,
    ) -> None:
        self.model = known("model", model, MODELS)
        self.algorithm = known("algorithm", algorithm, ALGORITHMS)
        self.q = _colours(model, q)
        if lattice is None:
            lattice = _default_lattice(shape)
        self._lattice = lattice_named(lattice)
        self.lattice = self._lattice.name
        self.shape = torus_shape(shape, self._lattice)
        if coupling is None:
            coupling = critical_coupling(model, lattice, q)
        self.coupling = bond_couplings(coupling, self._lattice)[1]
        if model == "potts" and algorithm != "metropolis" and min(self.coupling) < 0:
            raise ValueError(
                f"coupling of the Potts model must not be negative for {algorithm}, "
                f"got {min(self.coupling):g}: use algorithm='metropolis'."
            )
        self.n_replicas = integer("n_replicas", n_replicas, at_least=1)
        self.n_burn_in = integer("n_burn_in", n_burn_in, at_least=0)
        self.n_thin = integer("n_thin", n_thin, at_least=1)
        if backend is not None:
            known("backend", backend, (*CHOICES, "numpy"))
        self.backend = backend
        self._tables = self._make_tables()
        entropy = generator(random_state).integers(0, 2**32, 4, dtype=np.uint32)
        starts = [self._start(entropy, r) for r in range(self.n_replicas)]
        self._keys = np.stack([key for key, _ in starts])
        # The state and the number of its updates change in one assignment.
        self._chain = np.stack([state for _, state in starts]), 0

    def _make_tables(self) -> Tables:
        scale = 2.0 if self.model == "ising" else 1.0
        strengths = tuple(scale * J for J in self.coupling)
        if not all(map(math.isfinite, strengths)):
            raise ValueError(f"coupling must be below 1e308, got {self.coupling}.")
        return lattice_tables(self._lattice, self.shape, strengths, np.zeros(1))

    def _start(self, entropy: np.ndarray, r: int) -> tuple[np.ndarray, np.ndarray]:
        """Key of the random stream and random first state of replica ``r``."""
        seed = np.random.SeedSequence(entropy.tolist(), spawn_key=(r,))
        rng = np.random.default_rng(seed)
        key = rng.integers(0, 2**32, 4)
        n = self._tables.neighbours.shape[0]
        if self.model not in COMPONENTS:
            return key, rng.integers(0, self.q, n, dtype=np.int8)
        vectors = rng.standard_normal((n, COMPONENTS[self.model]))
        return key, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def __repr__(self) -> str:
        q = f", q={self.q}" if self.model == "potts" else ""
        return (
            f"LatticeSampler({self.model!r}, {self.shape}, {self.coupling}{q}, "
            f"algorithm={self.algorithm!r}, n_replicas={self.n_replicas}, "
            f"lattice={self.lattice!r}, n_updates={self.n_updates})"
        )

    @property
    def n_updates(self) -> int:
        """Updates that every chain has made."""
        return self._chain[1]

    @property
    def configurations(self) -> np.ndarray:
        """Where the chains stand, ``(n_replicas, *shape[, n_basis][, parts])``."""
        return self._public_spins(self._chain[0][:, None])[:, 0]

    @public("fisher.LatticeSampler.sample")
    def sample(self, n: int) -> np.ndarray:
        """Run the chains and keep ``n`` configurations of each.

        Parameters
        ----------
        n : int, >= 0

        Returns
        -------
        configurations : ndarray, ``(n_replicas, n, *shape[, n_basis][, components])``
            Ising int8 in {-1, 1}, Potts int8 in 0 .. q - 1, XY and Heisenberg unit
            vectors of 2 and 3 components. Honeycomb and kagome have an axis over the
            sites of the cell.
        """
        return self._sampled(integer("n", n, at_least=0), labelled=False)[0]

    @public("fisher.LatticeSampler.sample_with_clusters")
    def sample_with_clusters(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Keep configurations and the Fortuin-Kasteleyn clusters they came from.

        Given its clusters a configuration is one of equal chance for every colour of
        every cluster.

        Parameters
        ----------
        n : int, >= 0

        Returns
        -------
        configurations : ndarray
            As of `sample`: both methods continue the same chains.
        labels : ndarray of int32, shape (n_replicas, n, n_sites)
            One number from 0 to n_sites - 1 for every cluster, sites in the order of
            the configurations.

        Raises
        ------
        ValueError
            For another algorithm than Swendsen-Wang, for XY and Heisenberg, and for
            negative couplings.
        """
        n = integer("n", n, at_least=0)
        if self.algorithm != "swendsen-wang" or self.model in COMPONENTS:
            raise ValueError(
                "Clusters need the swendsen-wang algorithm and the ising or potts "
                f"model, got {self.algorithm} and {self.model}: use sample."
            )
        if min(self.coupling) < 0:
            raise ValueError(
                "Clusters of equal spins need couplings of at least 0, got "
                f"{min(self.coupling):g}: use sample."
            )
        return self._sampled(n, labelled=True)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Endless: one kept configuration of every replica at a time."""
        return self

    def __next__(self) -> np.ndarray:
        return self.sample(1)[:, 0]

    def _sampled(self, n: int, *, labelled: bool) -> tuple[np.ndarray, np.ndarray]:
        state = self._chain[0]
        n_sites = state.shape[1]
        try:
            kept = np.empty((self.n_replicas, n, *state.shape[1:]), dtype=state.dtype)
            labels = np.empty((self.n_replicas, n * labelled, n_sites), dtype=np.uint32)
        except MemoryError:
            size = self.n_replicas * n * (state[0].nbytes + 4 * n_sites * labelled)
            raise MemoryError(
                f"{n} configurations of {self.n_replicas} replicas need "
                f"{size / 2**30:.1f} GiB: ask for fewer at a time, or iterate over the "
                "sampler."
            ) from None
        done = 0
        with tqdm(total=n, disable=None, leave=False, unit="configuration") as bar:
            work = _Pieces(self)
            while done < n:
                k, own, own_labels = work.next_piece(n - done, labelled)
                kept[:, done : done + k] = own
                labels[:, done : done + k * labelled] = own_labels
                done += k
                bar.update(k)
        return self._public_spins(kept), self._public_labels(labels)

    def _public_spins(self, kept: np.ndarray) -> np.ndarray:
        """Sites of (R, n, n_sites[, parts]) in the order of cells; Ising as signs."""
        basis = self._lattice.n_basis
        x = kept.reshape(*kept.shape[:2], basis, *self.shape, *kept.shape[3:])
        x = x[:, :, 0] if basis == 1 else np.moveaxis(x, 2, 2 + len(self.shape))
        return 2 * x - 1 if self.model == "ising" else np.ascontiguousarray(x)

    def _public_labels(self, labels: np.ndarray) -> np.ndarray:
        basis = self._lattice.n_basis
        n_cells = labels.shape[2] // basis
        named = (labels % n_cells) * basis + labels // n_cells
        by_cell = named.reshape(*labels.shape[:2], basis, n_cells).swapaxes(2, 3)
        return by_cell.reshape(labels.shape).astype(np.int32)

    def _advance(
        self, n_updates: int, n_thin: int, n_kept: int, n_labels: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Run all chains; they move only if the whole piece of work succeeds."""
        state, count = self._chain
        state, kept, labels = run(
            "fisher.sweeps",
            placed(self._keys),
            placed(state),
            Tables(*map(placed, self._tables)),
            q=self.q,
            algorithm=self.algorithm,
            first=count + 1,
            n_updates=n_updates,
            n_thin=n_thin,
            n_kept=n_kept,
            n_labels=n_labels,
        )
        self._chain = to_host(state), count + n_updates
        return to_host(kept), to_host(labels)

    def checkpoint(self, path: str | PathLike[str]) -> None:
        """Write everything that `resume` needs to a file.

        The file appears at once and complete, or not at all.

        Parameters
        ----------
        path : str or path
            An existing file is replaced.
        """
        state, count = self._chain
        checkpoints.save(path, self._identity(), self._plan(), self._keys, state, count)

    def restore(self, path: str | PathLike[str]) -> LatticeSampler:
        """Go on from a checkpoint of the same model.

        Burn-in and thinning stay those of this sampler.

        Parameters
        ----------
        path : str or path

        Returns
        -------
        self

        Raises
        ------
        ValueError
            The file is no complete checkpoint, or of another model, lattice, shape,
            coupling, algorithm or number of replicas.
        """
        saved = checkpoints.load(path)
        checkpoints.require_same(path, saved.identity, self._identity())
        self._take(path, saved)
        return self

    @classmethod
    def resume(
        cls, path: str | PathLike[str], *, backend: str | None = None
    ) -> LatticeSampler:
        """Sampler that goes on from a checkpoint, bit by bit.

        Parameters
        ----------
        path : str or path
        backend : str, optional
            As of the class.

        Raises
        ------
        ValueError
            The file is no complete checkpoint.
        """
        saved = checkpoints.load(path)
        arguments = dict(saved.identity) | saved.plan
        arguments["q"] = None if arguments["model"] != "potts" else arguments["q"]
        sampler = cls(**arguments, random_state=0, backend=backend)
        sampler._take(path, saved)
        return sampler

    def _take(self, path: str | PathLike[str], saved: checkpoints.Checkpoint) -> None:
        """Take the chains of a checkpoint over if they can be chains of this model."""
        if self.model in COMPONENTS:
            lengths = np.sum(saved.state * saved.state, axis=-1)
            good = bool(np.all(np.abs(lengths - 1) < 1e-6))
        else:
            good = bool(np.all((saved.state >= 0) & (saved.state < self.q)))
        for own, other in ((self._keys, saved.keys), (self._chain[0], saved.state)):
            good = good and own.shape == other.shape and own.dtype == other.dtype
        if not good or saved.n_updates < 0:
            raise ValueError(
                f"{fspath(path)} must hold the chains of the model that it names, got "
                "arrays of another shape, type or alphabet: use another file."
            )
        self._keys, self._chain = saved.keys, (saved.state, saved.n_updates)

    def _identity(self) -> dict[str, Any]:
        """What two samplers must share to exchange checkpoints."""
        names = (
            "model", "q", "lattice", "shape", "coupling", "algorithm", "n_replicas"
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def _plan(self) -> dict[str, int]:
        return {"n_burn_in": self.n_burn_in, "n_thin": self.n_thin}


class _Pieces:
    """Cuts the work into calls short enough for an interrupt to be noticed.

    A configuration is kept when the number of updates less the burn-in is a multiple
    of ``n_thin``, wherever the calls begin and end.
    """

    def __init__(self, sampler: LatticeSampler) -> None:
        self._sampler = sampler
        self._updates = 1.0  # that fit one call

    def next_piece(self, wanted: int, labelled: bool) -> tuple[int, Any, Any]:
        """One call: the number of configurations, they, and their labels."""
        sampler = self._sampler
        thin, done = sampler.n_thin, sampler.n_updates - sampler.n_burn_in
        room = max(1, int(self._updates))
        if done < 0:
            steps, kept, every = min(-done, room), 0, 1
        elif done % thin == 0 and room >= thin:
            kept = min(wanted, room // thin)
            steps, every = kept * thin, thin
        else:
            rest = thin - done % thin
            steps = every = min(rest, room)
            kept = int(steps == rest)
        begin = time.perf_counter()
        own, labels = sampler._advance(steps, every, kept, kept * labelled)
        elapsed = max(time.perf_counter() - begin, 1e-9)
        growth = min(4.0, SECONDS_PER_CALL / elapsed)
        self._updates = max(1.0, min(steps * growth, 2.0**30))
        return kept, own, labels


def _colours(model: str, q: Any) -> int:
    """Colours of the discrete models, 0 for vectors."""
    if model in COMPONENTS:
        if q is not None:
            raise ValueError(f"q must be None for the {model} model, got {q!r}.")
        return 0
    _, q = model_states(model, q)
    if q > LARGEST_Q:
        raise ValueError(f"q must be at most {LARGEST_Q}, got {q}.")
    return q


def _default_lattice(shape: Any) -> str:
    """Square for two axes, cubic for three."""
    try:
        axes = len(shape)
    except TypeError:
        axes = 2
    return "cubic" if axes == 3 else "square"
