"""Published methods as settings of `HeatGeodesicEmbedding`."""

from __future__ import annotations

from typing import Any


class PublishedSettings:
    """Mixin of class methods that build the estimator with published settings."""

    @classmethod
    def huguet2023(cls: Any, n_components: int = 2, **params: Any) -> Any:
        """Settings of the published method.

        Chebyshev polynomials, a floor of 1e-16 under the kernel, Varadhan's formula
        without volume term, the normalised Laplacian, 5 neighbours, the time at the
        knee of the entropy, all points. Its kernel has an absolute error only, so long
        distances end at the floor; it is here to compare with. The coordinates keep the
        units of the distances, which the published code scales away.

        Parameters
        ----------
        n_components : int
        **params
            Parameters of `HeatGeodesicEmbedding` to set otherwise.

        Returns
        -------
        estimator : HeatGeodesicEmbedding
        """
        published: dict[str, Any] = {
            "n_neighbors": 5,
            "laplacian": "normalized",
            "t": "knee",
            "distance": "varadhan",
            "sigma": 0.0,
            "volume": "arithmetic",
            "n_representatives": None,
            "shortcuts": "keep",
            "denoise": None,
            "n_pca": None,
            "heat_kernel_method": "chebyshev",
            "floor": 1e-16,
            "mds": "smacof",
        }
        return cls(n_components, **(published | params))

    @classmethod
    def phate(cls: Any, n_components: int = 2, **params: Any) -> Any:
        """Potential distances of the heat kernel, as PHATE takes of a random walk.

        Euclidean distances between the logarithms of the rows of the row-stochastic
        kernel ``exp(-t (I - D^-1 W))``, 5 neighbours, floor 1e-7, metric scaling; the
        walk moves in continuous time, which PHATE's does not.

        Parameters
        ----------
        n_components : int
        **params
            Parameters of `HeatGeodesicEmbedding` to set otherwise.

        Returns
        -------
        estimator : HeatGeodesicEmbedding

        References
        ----------
        Moon et al., Nature Biotechnology 37 (2019) 1482.
        """
        published: dict[str, Any] = {
            "n_neighbors": 5,
            "laplacian": "normalized",
            "distance": "potential",
            "shortcuts": "keep",
            "denoise": None,
            "n_pca": None,
            "floor": 1e-7,
            "mds": "smacof",
        }
        return cls(n_components, **(published | params))

    @classmethod
    def sne_affinities(cls: Any, n_components: int = 2, **params: Any) -> Any:
        """Stochastic neighbour embedding of the affinities of the heat kernel.

        The symmetrised row-stochastic kernel takes the place of the Gaussian
        affinities of t-SNE: it keeps clusters, not distances.

        Parameters
        ----------
        n_components : int
        **params
            Parameters of `HeatGeodesicEmbedding` to set otherwise.

        Returns
        -------
        estimator : HeatGeodesicEmbedding

        References
        ----------
        van der Maaten and Hinton, J. Mach. Learn. Res. 9 (2008) 2579.
        """
        settings: dict[str, Any] = {"laplacian": "normalized", "mds": "kl"}
        return cls(n_components, **(settings | params))
