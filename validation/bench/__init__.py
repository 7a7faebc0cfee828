"""Measured comparisons: kernels with the reference, geomsci with other libraries."""
