"""Forces of Student neighbour embedding in the plane, as scalar code.

Row i of ``sums`` gets, over all other j and with ``w = 1 / (1 + |y_i - y_j|^2)``,

    sum p w (y_i - y_j),   sum w^2 (y_i - y_j),   sum w,

the pull, the push before its division by Z, and the part of Z. The functions are
compiled for the host by `geomsci.backends.compile`; interpreted, they are their
specification. The same in arrays, in any dimension, is
`geomsci.reference.embedding.student_neighbors.student_gradient`.
"""


def plane_forces(P, first, second, sums, begin, end):
    """Rows ``begin .. end - 1``; ``first`` and ``second`` hold the coordinates.

    One pass over a row of P; five sums without a branch, so that the compiler makes
    vectors of it. The order of the sums is that of the row, whatever the pieces are.
    """
    for i in range(begin, end):
        a = first[i]
        b = second[i]
        pull_a = 0.0
        pull_b = 0.0
        push_a = 0.0
        push_b = 0.0
        total = 0.0
        for side in range(2):
            # The point itself is left out: its w = 1 would swallow a small sum.
            start = side * (i + 1)
            stop = i + side * (first.shape[0] - i)
            for j in range(start, stop):
                u = a - first[j]
                v = b - second[j]
                w = 1.0 / (1.0 + u * u + v * v)
                pw = P[i, j] * w
                ww = w * w
                pull_a += pw * u
                pull_b += pw * v
                push_a += ww * u
                push_b += ww * v
                total += w
        sums[i, 0] = pull_a
        sums[i, 1] = pull_b
        sums[i, 2] = push_a
        sums[i, 3] = push_b
        sums[i, 4] = total
