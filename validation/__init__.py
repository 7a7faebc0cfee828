"""Cross-backend suites, benchmarks against peers, and the reports they write."""

if __name__ != "geomsci.validation":
    raise ImportError("import this package as geomsci.validation")
