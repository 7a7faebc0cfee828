"""Scalar Philox4x64-10: the random words of scalar samplers.

Word ``w`` of the stream ``key`` is lane ``w mod 4`` of ten rounds on the counter
``(w // 4 + 1, 0, 0, 0)``. A round maps the lanes ``x`` to

    (high(M1 x2) ^ x1 ^ k0, low(M1 x2), high(M0 x0) ^ x3 ^ k1, low(M0 x0)),

with ``high`` and ``low`` the 64-bit halves of a product, and the key of round ``r``
is ``key + r W``. The words are bit-equal with `geomsci.backends.random.philox`.

Every 64-bit number is a pair of integers below ``2**32``, low half first, because
that is the form in which interpreted Python (integers without end), compiled code
and a GPU thread (signed 64-bit integers that wrap) agree: a product of two halves is
only read through ``& 0xFFFFFFFF`` and ``(x >> 32) & 0xFFFFFFFF``. Many blocks at a time
go through every round together, so that a compiler puts them into vector registers:
about a fifth of the time of one block after the other.

The functions use no globals but each other, so that other modules can import and
compile them.

References
----------
J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section
3.2.
"""


def philox_product(al, ah, bl, bh):
    """Halves of the 128-bit product of two 64-bit numbers, lowest first."""
    low = al * bl
    left = al * bh
    right = ah * bl
    high = ah * bh
    middle = ((low >> 32) & 0xFFFFFFFF) + (left & 0xFFFFFFFF) + (right & 0xFFFFFFFF)
    upper = (
        (high & 0xFFFFFFFF)
        + ((left >> 32) & 0xFFFFFFFF)
        + ((right >> 32) & 0xFFFFFFFF)
        + (middle >> 32)
    )
    top = ((high >> 32) & 0xFFFFFFFF) + (upper >> 32)
    return low & 0xFFFFFFFF, middle & 0xFFFFFFFF, upper & 0xFFFFFFFF, top & 0xFFFFFFFF


def philox_round(key, x):
    """One round; ``key`` and the lanes ``x`` as halves, low half first."""
    k0, l0, k1, l1 = key
    a0, b0, a1, b1, a2, b2, a3, b3 = x
    x0, x1, x2, x3 = philox_product(0xE14C6C93, 0xD2E7470E, a0, b0)
    y0, y1, y2, y3 = philox_product(0x95121157, 0xCA5A8263, a2, b2)
    return y2 ^ a1 ^ k0, y3 ^ b1 ^ l0, y0, y1, x2 ^ a3 ^ k1, x3 ^ b3 ^ l1, x0, x1


def philox_next(key):
    """Key of the next round."""
    k0, l0, k1, l1 = key
    k0 += 0x7F4A7C15
    l0 += 0x9E3779B9 + (k0 >> 32)
    k1 += 0x84CAA73B
    l1 += 0xBB67AE85 + (k1 >> 32)
    return k0 & 0xFFFFFFFF, l0 & 0xFFFFFFFF, k1 & 0xFFFFFFFF, l1 & 0xFFFFFFFF


def philox_key(key):
    """The four 32-bit pieces of a key, lowest first, as integers."""
    return int(key[0]), int(key[1]), int(key[2]), int(key[3])


def philox_word(low, high):
    """A word from its halves, as the signed number of the same bits."""
    return (((high ^ 0x80000000) - 0x80000000) << 32) | low


def philox_block(key, block, words):
    """The words of one block.

    Parameters
    ----------
    key : tuple of int
        See `philox_key`.
    block : int, >= 0
        Its words have the numbers ``4 block .. 4 block + 3``.
    words : array of int64, shape (4,)
        Written.
    """
    c = int(block) + 1
    x = c & 0xFFFFFFFF, (c >> 32) & 0xFFFFFFFF, 0, 0, 0, 0, 0, 0
    for _ in range(10):
        x = philox_round(key, x)
        key = philox_next(key)
    for lane in range(4):
        words[lane] = philox_word(x[2 * lane], x[2 * lane + 1])


def philox_blocks(key, block, n_blocks, words):
    """The words of consecutive blocks.

    Parameters
    ----------
    key : tuple of int
    block : int, >= 0
        The first block.
    n_blocks : int, >= 0
    words : array of int64, shape (8, >= n_blocks)
        Rows 0 to 3 receive the lanes; all rows are workspace for the halves.
    """
    for i in range(n_blocks):
        c = int(block) + i + 1
        words[0, i] = c & 0xFFFFFFFF
        words[1, i] = (c >> 32) & 0xFFFFFFFF
        for half in range(2, 8):
            words[half, i] = 0
    philox_rounds(key, n_blocks, words)


def philox_groups(key, block, stride, words):
    """The words of groups of four blocks; group g begins at ``block + g stride``.

    ``words``: array of int64, shape (8, n), n a multiple of 4, as in `philox_blocks`.
    """
    n_blocks = words.shape[1]
    for i in range(n_blocks):
        c = int(block) + (i // 4) * stride + i % 4 + 1
        words[0, i] = c & 0xFFFFFFFF
        words[1, i] = (c >> 32) & 0xFFFFFFFF
        for half in range(2, 8):
            words[half, i] = 0
    philox_rounds(key, n_blocks, words)


def philox_rounds(key, n_blocks, words):
    """Ten rounds on the counters in ``words``, in place."""
    for _ in range(10):
        for i in range(n_blocks):
            x = (
                int(words[0, i]), int(words[1, i]), int(words[2, i]), int(words[3, i]),
                int(words[4, i]), int(words[5, i]), int(words[6, i]), int(words[7, i]),
            )  # fmt: skip
            x = philox_round(key, x)
            words[0, i], words[1, i], words[2, i], words[3, i] = x[:4]
            words[4, i], words[5, i], words[6, i], words[7, i] = x[4:]
        key = philox_next(key)
    for lane in range(4):
        for i in range(n_blocks):
            words[lane, i] = philox_word(words[2 * lane, i], words[2 * lane + 1, i])
