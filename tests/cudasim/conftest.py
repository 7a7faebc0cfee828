"""These tests run only where Numba's CUDA simulator is on.

The choice is made when Numba is imported, so it cannot be a fixture: the tests have a
process of their own, which tests/kernels/test_cuda_simulator.py starts.
"""

import os

collect_ignore_glob = (
    [] if os.environ.get("NUMBA_ENABLE_CUDASIM") == "1" else ["test_*.py"]
)
