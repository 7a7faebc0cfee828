"""Exact algorithms as pure functions over an array namespace ``xp``."""

if __name__ != "geomsci.reference":
    raise ImportError("import this package as geomsci.reference")
