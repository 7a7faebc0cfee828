"""Stochastic gradient descent of the stress, pair by pair, in rounds of a tournament.

A pair i, j with the distance d and the weight w moves both its ends towards d,

    mu = min(1, eta w),    y_i -= mu (|y_i - y_j| - d) / 2 u,    y_j += (the same),

with u the unit vector from y_j to y_i: mu = 1 satisfies the pair exactly. Every epoch
visits every pair once; ``eta`` falls geometrically from epoch to epoch.

The order of the pairs is that of a tournament, so that many pairs can be moved at once
without a race: the n points are shuffled and seated in an odd number m of blocks of b
seats (b a power of 2, seats n, n + 1, ... stay empty). In round r block u meets block
(r - u) mod m, and in the turn s of the round the seat l of one block meets the seat
l XOR s of the other. Every two seats meet exactly once, one block a round plays within
itself, and the pairs of blocks of one round share no point: their order, and the number
of threads, cannot change a bit of the result.

The functions below are scalar code: `geomsci.backends.compile` turns this very source
into the host kernel; interpreted, they are its specification. The same steps in arrays,
for every library, are in `geomsci.reference.embedding.mds`.

References
----------
J. X. Zheng, S. Pawar and D. F. M. Goodman, "Graph drawing by stochastic gradient
descent", IEEE Trans. Vis. Comput. Graph. 25 (2019) 2738, equations (4) to (8).
"""

import math

HELPERS = ("move", "meet")
"""Functions that `play_round` calls, for the compiler."""


def take_seats(M, seats, n, seated, begin, end):
    """Rows ``begin .. end - 1`` of ``seated[p, q] = M[seats[p], seats[q]]``.

    -1 where a seat is empty. Reading along the rows of M once an epoch is what keeps
    the meetings below from waiting for memory.
    """
    for p in range(begin, end):
        i = seats[p]
        for q in range(seats.shape[0]):
            j = seats[q]
            if i < n and j < n:
                seated[p, q] = M[i, j]
            else:
                seated[p, q] = -1.0


def move(d, w, Y, p, q, eta):
    """Move the points on the seats p < q towards the distance d.

    Points that coincide part along the first axis.
    """
    mu = eta * w
    if mu > 1.0:
        mu = 1.0
    square = 0.0
    for c in range(Y.shape[1]):
        t = Y[p, c] - Y[q, c]
        square += t * t
    if square > 0.0:
        f = 0.5 * mu * (1.0 - d / math.sqrt(square))
        for c in range(Y.shape[1]):
            t = f * (Y[p, c] - Y[q, c])
            Y[p, c] -= t
            Y[q, c] += t
    else:
        Y[p, 0] -= 0.5 * mu * d
        Y[q, 0] += 0.5 * mu * d


def meet(D, W, Y, first, second, size, eta):
    """All pairs of the seats from ``first`` on with those from ``second`` on."""
    w = 1.0
    for s in range(size):
        for a in range(size):
            p = first + a
            q = second + (a ^ s)
            d = D[p, q]
            if p < q and d >= 0.0:
                if W.shape[0] > 1:
                    w = W[p, q]
                move(d, w, Y, p, q, eta)


def play_round(D, W, Y, size, r, eta, begin, end):
    """Part of one round: its pairs of blocks ``begin .. end - 1``.

    Parameters
    ----------
    D : array, shape (m size, m size)
        Distances in the order of the seats, -1 where one is empty.
    W : array, shape (m size, m size) or (1, 1)
        Weights; one entry stands for unit weights.
    Y : array, shape (m size, n_components)
        Points in the order of the seats; moved in place.
    size : int
        Seats of a block.
    r : int, 0 <= r < m
    eta : float
    begin, end : int
        Within ``0 .. (m + 1) / 2``. Pair k is that of the blocks c + k and c - k mod m
        with 2 c = r mod m; pair 0 is a block with itself.
    """
    m = Y.shape[0] // size
    centre = (r * ((m + 1) // 2)) % m
    for k in range(begin, end):
        u = (centre + k) % m
        v = (centre - k + m) % m
        meet(D, W, Y, min(u, v) * size, max(u, v) * size, size, eta)
