"""`FisherCurvature`: curvature of a lattice model from Monte Carlo configurations."""

from __future__ import annotations

import math
import warnings
from numbers import Integral
from typing import Any

from scipy.special import stdtrit
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions

from geomsci.backends import public
from geomsci.backends.arrays import Array, array_namespace
from geomsci.backends.dispatch import CHOICES
from geomsci.fisher.configurations import COMPONENTS, Samples, require_motion, samples
from geomsci.reference.fisher.autocorrelation import integrated_time
from geomsci.reference.fisher.bispectrum import energies, moments
from geomsci.reference.fisher.blocks import (
    BLOCK_TIMES,
    FEWEST_TIMES,
    LARGEST_NUMBER,
    SMALLEST_NUMBER,
    SMALLEST_REPLICA,
    cut,
    joined,
    parts_of,
)
from geomsci.reference.fisher.cluster_averages import cluster_sums
from geomsci.reference.fisher.lattices import LATTICES
from geomsci.reference.fisher.running_sums import (
    RunningSums,
    all_triads,
    by_replica,
    coarser,
    extended,
    one_block,
    stacked,
)
from geomsci.reference.fisher.sampled_curvature import (
    SampledCurvature,
    sampled_curvature,
    third_moments,
)

ONE_SIGMA = 0.8413447460685429
"""Chance that a standard normal number is below 1."""

LARGEST_SUMS = 2**31
"""Bytes of third moments that `FisherCurvature.partial_fit` keeps at most."""


class FisherCurvature(BaseEstimator):
    """Estimate the Fisher curvature of a torus from sampled configurations.

    ``R = (|T|^2 - |tau|^2) / 4`` from the second and third cumulants of the bonds,
    averaged over translations, with the bias of their noise removed.

    Parameters
    ----------
    lattice : {"square", "triangular", "honeycomb", "kagome", "cubic"}
    model : {"ising", "potts", "xy", "heisenberg"}
        ``phi = s_i s_j``, ``delta(s_i, s_j)``, ``s_i . s_j``.
    q : int, >= 2, optional
        States of a Potts site.
    n_blocks : int, >= 1, optional
        Blocks a replica for the standard error. None: 64 blocks in all if each keeps
        twenty autocorrelation times, fewer if not.
    backend : {None, "auto", "reference", "numpy", "numba", "cupy"}
        None: the choice of `geomsci.use_backend` in force.

    Attributes
    ----------
    scalar_curvature_ : float
        R, without bias; a sphere has R > 0, the Ising torus at criticality R < 0.
    standard_error_ : float
        Of R: the true value is within it with the chance 0.68 (Student's factor for
        the number of blocks is included).
    bias_ : float
        What the jackknife removed from the plain estimate of R.
    third_norm_, trace_norm_ : float
        ``|T|^2`` and ``|tau|^2``, without bias.
    metric_ : array, shape ``(d, d, *shape)``
        ``g_ab(r)``, bond a in the cell 0, b in the cell r.
    bond_energy_ : array, shape (d,)
        Mean of phi a bond type.
    heat_capacity_ : float
        Variance of the sum of all phi, divided by the number of bonds.
    condition_number_ : float
        Of the metric.
    effective_sample_size_ : float
        Samples divided by the integrated autocorrelation time of the energy.
    autocorrelation_time_ : float
        ``1 + 2 sum_t rho(t)``, in samples.
    n_replicas_, n_blocks_ : int
        Replicas (for a single chain: its parts) and all blocks.
    shape_ : tuple of int
        Cells per axis.
    sums_ : RunningSums
        Of `partial_fit` only: what the next call adds to.

    Notes
    -----
    Noise. The noise of N independent samples adds about ``d^3 n^2 / N`` to the plain
    ``|T|^2``. Products of different replicas have no such
    bias, and the delete-one jackknife over replicas is just that for the two squares;
    it also removes the bias of order 1/N of the means and of the inverse metric. Give
    independent replicas. A single chain is cut into eight parts with gaps of three
    autocorrelation times.

    Error. Delete-one jackknife over blocks; a `ConvergenceWarning` says if they are
    shorter than ten autocorrelation times. Most of it comes from ``|tau|^2``, whose
    noise is that of the variance of the energy.

    Clusters. With the labels of the clusters that the configurations were coloured by,
    ``bond_energy_`` and ``heat_capacity_`` are replaced by their conditional
    expectations (exactly, with no recolouring), and the two differences serve as
    control variates of R, ``|T|^2`` and ``|tau|^2``, if there are at least 20 blocks.
    ``metric_`` is not improved.
    Recolouring the clusters several times would lower the error too, but every colour
    costs as much as a further sample.

    Contact rules (``phi^2`` linear in phi) hold exactly in the sample cumulants.

    Cost a sample: O(d^3 n^2 / 12). Third moments are made in batches of 64 MB on the
    host, whatever the torus.

    References
    ----------
    Zhuravlev, arXiv:2603.07651. Efron, The Jackknife, the Bootstrap and Other
    Resampling Plans (1982), ch. 2. Sokal, in Functional Integration (1997), section 3.
    Edwards and Sokal, Phys. Rev. D 38 (1988) 2009.

    Examples
    --------
    Independent draws at J = 0, where g is the identity and T vanishes on distinct
    bonds that close no loop:

    >>> import numpy as np
    >>> from geomsci.fisher import FisherCurvature
    >>> rng = np.random.default_rng(0)
    >>> spins = rng.choice([-1, 1], size=(4, 2000, 5, 5)).astype(np.int8)
    >>> model = FisherCurvature("square", "ising").fit(spins)
    >>> abs(model.scalar_curvature_) < 4 * model.standard_error_
    True
    """

    _parameter_constraints = {
        "lattice": [StrOptions(set(LATTICES))],
        "model": [StrOptions({"ising", "potts", *COMPONENTS})],
        "q": [None, Interval(Integral, 2, None, closed="left")],
        "n_blocks": [None, Interval(Integral, 1, None, closed="left")],
        "backend": [None, StrOptions({*CHOICES, "numpy"})],
    }

    def __init__(
        self,
        lattice: str = "square",
        model: str = "ising",
        q: int | None = None,
        n_blocks: int | None = None,
        backend: str | None = None,
    ) -> None:
        self.lattice = lattice
        self.model = model
        self.q = q
        self.n_blocks = n_blocks
        self.backend = backend

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = False
        tags.array_api_support = True
        return tags

    @public("fisher.FisherCurvature.fit")
    def fit(
        self, configurations: Any, y: Any = None, *, clusters: Any = None
    ) -> FisherCurvature:
        """Estimate the curvature from all configurations at once.

        Parameters
        ----------
        configurations : array
            Shape ``(n_samples, *shape)`` or ``(n_replicas, n_samples, *shape)``.
            Integers, or float64: -1 and 1 (Ising), 0 to q - 1 (Potts); unit vectors
            on a last axis of 2 (XY) or 3 (Heisenberg). Honeycomb and kagome have an
            axis of 2 or 3 basis sites after the cells. Every side at least 3.
        y : None
            Not used.
        clusters : array of int, shape (n_replicas, n_samples, n_sites), optional
            Labels from 0 to n_sites - 1 of the Fortuin-Kasteleyn clusters that the
            configurations were coloured by.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Wrong shape or alphabet, NaN, too few samples, torn clusters.
        LinAlgError
            If the metric is singular or conditioned above 1e12.
        """
        self._validate_params()
        given = samples(configurations, clusters, self.lattice, self.model, self.q)
        own, torus = given.chains, given.torus
        if own.shape[0] > 1 or own.shape[1] < SMALLEST_REPLICA:
            parts_of(own.shape[0], own.shape[1], 1.0)
        series = _energies(given)
        require_motion(series)
        tau = integrated_time(_total(series))
        total = series.shape[0] * series.shape[1]
        own = joined(own)
        plan = cut(own.shape[0], own.shape[1], tau, self.n_blocks)
        reference = _overall_mean(series)
        blocks = plan.blocks(own)
        sums = None
        if given.labels is not None:
            sums = stacked(
                [
                    cluster_sums(x, reference, torus, given.q)
                    for x in plan.blocks(joined(given.labels))
                ]
            )
        result = sampled_curvature(
            stacked([moments(x, reference, torus) for x in blocks]),
            third_moments(blocks, reference, torus),
            plan.n_replicas,
            torus.shape,
            reference,
            sums,
        )
        if hasattr(self, "sums_"):
            del self.sums_
        self._learn(result, given, tau, total, plan.n_replicas, len(blocks))
        self._warn(plan.block_length / tau)
        return self

    @public("fisher.FisherCurvature.partial_fit")
    def partial_fit(
        self, configurations: Any, y: Any = None, *, clusters: Any = None
    ) -> FisherCurvature:
        """Add the next piece of every replica, for runs longer than memory.

        Each call makes one block of every replica. Neighbours are added up when there
        are more than 64, and for the error until they keep twenty autocorrelation
        times; ``n_blocks`` is not used. The first call after `fit` starts anew.

        Parameters
        ----------
        configurations : array, shape ``(n_replicas, n_samples, *shape)``
            At least two replicas, the same in every call, of at least 16 samples.
        y : None
            Not used.
        clusters : array of int, shape (n_replicas, n_samples, n_sites), optional
            In every call or in none.

        Returns
        -------
        self

        Raises
        ------
        MemoryError
            If the sums would take more than 2 GiB: O(n^2) numbers a block are kept.
        ValueError, TypeError, LinAlgError
            As `fit`, and for another torus or number of replicas than before.
        """
        self._validate_params()
        given = samples(configurations, clusters, self.lattice, self.model, self.q)
        replicas, count = given.chains.shape[:2]
        if replicas < 2 or count < SMALLEST_REPLICA:
            raise ValueError(
                f"partial_fit needs at least 2 replicas of {SMALLEST_REPLICA} samples "
                f"a call, got {replicas} of {count}: use fit for a single chain."
            )
        series = _energies(given)
        before: RunningSums | None = getattr(self, "sums_", None)
        if before is None:
            _require_memory(given)
            reference = _overall_mean(series)
            found = all_triads(given.torus, like=reference)
            before = RunningSums(reference, found, 1, [], series[:, :0, :])
        else:
            self._require_same_run(given, before)
        block = one_block(
            given.chains,
            given.labels,
            before.reference,
            given.torus,
            given.q,
            before.triads,
        )
        after = extended(before, block, series)
        tau = integrated_time(_total(after.energies))
        length = after.energies.shape[1] / len(after.blocks)
        least = -(-SMALLEST_NUMBER // replicas)
        group = min(math.ceil(BLOCK_TIMES * tau / length), len(after.blocks) // least)
        kept = coarser(after.blocks, max(1, group))
        sums, thirds, clusters_sums = by_replica(kept)
        result = sampled_curvature(
            sums,
            [(after.triads, thirds)],
            replicas,
            given.torus.shape,
            after.reference,
            clusters_sums,
        )
        self.sums_ = after
        total = replicas * after.energies.shape[1]
        blocks = replicas * len(kept)
        self._learn(result, given, tau, total, replicas, blocks)
        self._warn(total / blocks / tau)
        return self

    def _require_same_run(self, given: Samples, before: RunningSums) -> None:
        replicas = before.energies.shape[0]
        if given.torus.shape != self.shape_ or given.chains.shape[0] != replicas:
            raise ValueError(
                f"configurations must continue {replicas} replicas on the torus "
                f"{self.shape_} of the calls before, got {given.chains.shape[0]} on "
                f"{given.torus.shape}: use a new estimator for another run."
            )
        if (given.labels is None) != (before.blocks[0].clusters is None):
            raise ValueError(
                "clusters must come in every call of partial_fit or in none, got "
                f"{'none' if given.labels is None else 'some'} in this one."
            )

    def _learn(
        self,
        result: SampledCurvature,
        given: Samples,
        tau: float,
        n_samples: int,
        n_replicas: int,
        n_blocks: int,
    ) -> None:
        value, bias, error, freedom = result.invariants
        student = float(stdtrit(freedom, ONE_SIGMA))
        self.scalar_curvature_ = float(value[0])
        self.third_norm_ = float(value[1])
        self.trace_norm_ = float(value[2])
        self.bias_ = float(bias[0])
        self.standard_error_ = student * float(error[0])
        self.bond_energy_ = result.bond_energy
        self.metric_ = result.metric
        self.heat_capacity_ = float(result.heat_capacity)
        self.condition_number_ = float(result.condition_number)
        self.autocorrelation_time_ = tau
        self.effective_sample_size_ = n_samples / tau
        self.n_replicas_ = n_replicas
        self.n_blocks_ = n_blocks
        self.shape_ = given.torus.shape

    def _warn(self, times: float) -> None:
        if times < FEWEST_TIMES:
            warnings.warn(
                "standard_error_ needs blocks of at least "
                f"{FEWEST_TIMES} autocorrelation times, got {times:.2g}: the error may "
                "be too small; sample longer chains or take fewer blocks.",
                ConvergenceWarning,
                stacklevel=4,
            )


def _energies(given: Samples) -> Array:
    """Mean phi by replica, sample and bond type, (R, N, d)."""
    xp = array_namespace(given.chains)
    rows = xp.reshape(given.chains, (-1, *given.chains.shape[2:]))
    return xp.reshape(energies(rows, given.torus), (*given.chains.shape[:2], -1))


def _total(series: Array) -> Array:
    xp = array_namespace(series)
    return xp.sum(series, axis=2)


def _overall_mean(series: Array) -> Array:
    xp = array_namespace(series)
    return xp.mean(series, axis=(0, 1))


def _require_memory(given: Samples) -> None:
    d = len(given.torus.lattice.bonds)
    n = given.chains.shape[2] // given.torus.lattice.n_basis
    blocks = max(LARGEST_NUMBER, 2 * given.chains.shape[0])
    size = 16 * d**3 * n * n // 12 * blocks
    if size > LARGEST_SUMS:
        raise MemoryError(
            f"partial_fit keeps third moments of {blocks} blocks, at most "
            f"{LARGEST_SUMS / 2**30:.0f} GiB, got {size / 2**30:.1f} GiB for "
            f"{n} cells: use fit, whose memory does not grow, or fewer replicas."
        )
