"""The exceptions that every floor raises: machines and failed factorisations."""

import numpy as np


class BackendUnavailable(RuntimeError):
    """The chosen backend cannot run on this machine; the message says why."""


class LinAlgError(np.linalg.LinAlgError):
    """A factorisation failed, whatever the array library.

    It is a ``numpy.linalg.LinAlgError`` and therefore a ``ValueError`` too.
    """
