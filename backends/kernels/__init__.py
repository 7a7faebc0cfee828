"""Kernels and their drivers; what runs when is said in the capability table."""

if __name__ != "geomsci.backends.kernels":
    raise ImportError("import this package as geomsci.backends.kernels")
