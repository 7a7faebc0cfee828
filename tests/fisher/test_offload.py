"""Calls on plain numbers inside an offload: the arrays of the work are the device's."""

import dataclasses

import numpy as np
import pytest

import geomsci
from geomsci import fisher
from geomsci.backends import dispatch


@pytest.mark.parametrize("shape", [(4, 5), (9, 8)], ids=["dense", "streamed"])
def test_curvature_of_plain_numbers_runs_on_the_device(offload, shape):
    here = fisher.ising_torus_curvature(shape, 0.4)
    with geomsci.use_backend("cupy") as record:
        there = fisher.ising_torus_curvature(shape, 0.4)
    assert [t.direction for t in record.transfers] == ["to device"]
    for ours, reference in zip(
        dataclasses.astuple(there)[:7], dataclasses.astuple(here)[:7]
    ):
        np.testing.assert_allclose(ours, reference, rtol=1e-12)


def test_the_keyword_backend_offloads_too(offload, monkeypatch):
    seen = []
    place = dispatch.placed
    monkeypatch.setattr(
        "geomsci.fisher.checks.placed", lambda x: seen.append(place(x)) or seen[-1]
    )
    fisher.ising_torus_curvature((4, 4), 0.4, backend="cupy")
    assert type(seen[0]) is not np.ndarray


def test_cumulants_come_back_as_numpy(offload):
    here = fisher.ising_torus_cumulants((3, 4), 0.4)
    with geomsci.use_backend("cupy"):
        there = fisher.ising_torus_cumulants((3, 4), 0.4)
    for ours, reference in zip(there, here):
        assert type(ours) is np.ndarray
        np.testing.assert_allclose(ours, reference, atol=1e-14)


def test_estimator_is_fitted_on_the_device(offload):
    sampler = fisher.LatticeSampler("ising", (3, 3), 0.3, n_replicas=4, random_state=0)
    configurations = sampler.sample(200)
    here = fisher.FisherCurvature().fit(configurations)
    with geomsci.use_backend("cupy"):
        there = fisher.FisherCurvature().fit(configurations)
    assert type(there.metric_) is np.ndarray
    np.testing.assert_allclose(there.metric_, here.metric_, rtol=1e-12)
    np.testing.assert_allclose(
        there.scalar_curvature_, here.scalar_curvature_, rtol=1e-9
    )
