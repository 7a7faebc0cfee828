"""Tools for tests: array libraries side by side, and the estimator contract."""

from geomsci.testing.array_cases import ArrayCase, array_cases, assert_close_across
from geomsci.testing.estimator_contract import check_estimator_contract, contract_checks

__all__ = [
    "ArrayCase",
    "array_cases",
    "assert_close_across",
    "check_estimator_contract",
    "contract_checks",
]
