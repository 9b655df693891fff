"""The words of many texts at once: XXH3 in 64 bits, as `satark.features.hashing.word_of_text` has it of one.

A replay hashes several texts per event; through Python each takes about a microsecond, here some nanoseconds. The
function follows the published algorithm (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, XXH3) for
texts of up to 128 bytes; longer ones, which ids never are, go to the library. A test holds the two equal.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numba import njit

from satark.features.hashing import word_of_text

SHORT, WORD, TWO_WORDS, LONGEST = 3, 8, 16, 128
"""Where XXH3 changes its way, in bytes."""
_SECRET = np.frombuffer(
    bytes.fromhex(
        "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
        "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
        "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
        "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
        "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
        "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
    ),
    dtype=np.uint8,
)
_P1 = np.uint64(0x9E3779B185EBCA87)
_P2 = np.uint64(0xC2B2AE3D27D4EB4F)
_P3 = np.uint64(0x165667B19E3779F9)
_MX1 = np.uint64(0x165667919E3779F9)
_MX2 = np.uint64(0x9FB21C651E98DF25)
_LOW32 = np.uint64(0xFFFFFFFF)


def words_of_texts(texts: pl.Series, seed: int = 0) -> pl.Series:
    """Return the word of each text (Int64); null stays null.

    Examples
    --------
    >>> words_of_texts(pl.Series(["a", None, "a"])).to_list() == [word_of_text("a"), None, word_of_text("a")]
    True
    """
    known = texts.cast(pl.String).fill_null("")
    lengths = known.str.len_bytes().to_numpy()
    ends = np.cumsum(lengths, dtype=np.int64)
    joined = known.str.join("").item() if len(known) else ""
    data = np.frombuffer(joined.encode(), dtype=np.uint8)
    words = np.empty(len(known), dtype=np.int64)
    _hash_all(data, ends, _SECRET, np.uint64(seed), words)
    for place in np.flatnonzero(lengths > LONGEST).tolist():
        words[place] = word_of_text(known[place], seed)
    found = pl.Series(texts.name, words)
    if not texts.null_count():
        return found
    return found.zip_with(
        texts.is_not_null(), pl.Series([None], dtype=pl.Int64).new_from_index(0, len(words))
    )


@njit(cache=True, inline="always")
def _read(data, at, n):
    """Return n bytes from a place, the first the lowest."""
    value = np.uint64(0)
    for i in range(n):
        value |= np.uint64(data[at + i]) << np.uint64(8 * i)
    return value


@njit(cache=True, inline="always")
def _folded(a, b):
    """Return the two halves of the 128-bit product, xored."""
    a_low, a_high = a & _LOW32, a >> np.uint64(32)
    b_low, b_high = b & _LOW32, b >> np.uint64(32)
    low = a_low * b_low
    middle = a_high * b_low + (low >> np.uint64(32))
    other = a_low * b_high + (middle & _LOW32)
    high = a_high * b_high + (middle >> np.uint64(32)) + (other >> np.uint64(32))
    return ((other << np.uint64(32)) | (low & _LOW32)) ^ high


@njit(cache=True, inline="always")
def _mixed(data, at, secret, key, seed):
    low = _read(data, at, 8) ^ (_read(secret, key, 8) + seed)
    return _folded(low, _read(data, at + 8, 8) ^ (_read(secret, key + 8, 8) - seed))


@njit(cache=True, inline="always")
def _swapped(value, n):
    """Return the lowest n bytes in the other order."""
    found = np.uint64(0)
    for i in range(n):
        found |= ((value >> np.uint64(8 * i)) & np.uint64(0xFF)) << np.uint64(8 * (n - 1 - i))
    return found


@njit(cache=True, inline="always")
def _avalanche(h):
    h = (h ^ (h >> np.uint64(37))) * _MX1
    return h ^ (h >> np.uint64(32))


@njit(cache=True, inline="always")
def _avalanche_short(h):
    h = (h ^ (h >> np.uint64(33))) * _P2
    h = (h ^ (h >> np.uint64(29))) * _P3
    return h ^ (h >> np.uint64(32))


@njit(cache=True, inline="always")
def _turned(h, by):
    return (h << np.uint64(by)) | (h >> np.uint64(64 - by))


@njit(cache=True)
def _hash(data, at, n, secret, seed):
    size = np.uint64(n)
    if n == 0:
        return _avalanche_short(seed ^ _read(secret, 56, 8) ^ _read(secret, 64, 8))
    if n <= SHORT:
        mixed = np.uint64(data[at]) << np.uint64(16) | np.uint64(data[at + (n >> 1)]) << np.uint64(24)
        mixed |= np.uint64(data[at + n - 1]) | size << np.uint64(8)
        return _avalanche_short(mixed ^ ((_read(secret, 0, 4) ^ _read(secret, 4, 4)) + seed))
    if n <= WORD:
        turned = seed ^ (_swapped(seed & _LOW32, 4) << np.uint64(32))
        flip = (_read(secret, 8, 8) ^ _read(secret, 16, 8)) - turned
        h = (_read(data, at + n - 4, 4) + (_read(data, at, 4) << np.uint64(32))) ^ flip
        h ^= _turned(h, 49) ^ _turned(h, 24)
        h *= _MX2
        h ^= (h >> np.uint64(35)) + size
        h *= _MX2
        return h ^ (h >> np.uint64(28))
    if n <= TWO_WORDS:
        low = _read(data, at, 8) ^ ((_read(secret, 24, 8) ^ _read(secret, 32, 8)) + seed)
        high = _read(data, at + n - 8, 8) ^ ((_read(secret, 40, 8) ^ _read(secret, 48, 8)) - seed)
        return _avalanche(size + _swapped(low, 8) + high + _folded(low, high))
    h = size * _P1
    for step in range((n - 1) // 32, -1, -1):
        h += _mixed(data, at + 16 * step, secret, 32 * step, seed)
        h += _mixed(data, at + n - 16 * (step + 1), secret, 32 * step + 16, seed)
    return _avalanche(h)


@njit(cache=True, nogil=True)
def _hash_all(data, ends, secret, seed, words):
    start = np.int64(0)
    for i in range(len(ends)):
        n = ends[i] - start
        if n <= LONGEST:
            found = np.int64(_hash(data, start, n, secret, seed))
            # 0 stands for no text.
            words[i] = found if found != 0 else np.int64(1)
        start = ends[i]
