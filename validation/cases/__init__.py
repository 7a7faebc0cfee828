"""The cases of every family, one module a suite."""
