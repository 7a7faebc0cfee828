"""Fisher curvature of lattice models, exact and by Monte Carlo."""

__all__: list[str] = []
