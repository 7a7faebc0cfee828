"""Geometry of symmetric (Hermitian) positive definite matrices, metric by metric.

`affine`, `log_euclidean` and `bures_wasserstein` each define one Riemannian metric by
the same set of functions; `metrics` looks them up by name. `matrix_functions` and
`vectorisation` are what the metrics share.
"""
