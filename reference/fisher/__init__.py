"""Fisher curvature of lattice models: exact routes and Monte Carlo."""
