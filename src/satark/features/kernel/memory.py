"""The memory of the windows: entries in pages, keys in slots, and hash tables that grow without a pause.

Everything lies in a few large arrays that are reserved at start and touched only as needed, so nothing is ever moved:
a page of entries is handed out when the log's head reaches it and taken back when its last entry has left the longest
window. The hash tables use linear hashing (Litwin, 1980): each new key splits one bucket, so there is no rehash.
Zero means none everywhere (entry numbers, slots and state units start at 1), because reserved memory reads as zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from satark.features.kernel.layout import (
    CO_CHAIN,
    CO_FIELDS,
    CO_MAP,
    LG_FIELDS,
    LG_LINK,
    LG_STRIDE,
    PAGE_ENTRIES,
    STATE_UNIT_WORDS,
)
from satark.features.kernel.raw import get, get32, put64, set32

# Counters shared by all logs.
M_BUMP, M_LIMIT, M_SLOT_BUMP, M_SLOT_FREE, M_SLOT_LIMIT, M_MAX_TIME, M_LATENESS, M_PAGES_PER_LOG = range(8)
M_KEY_REGION, M_MAP_REGION, M_RESERVE, M_SCRATCH, M_LIVE, M_HOT, M_THRESHOLD, M_SLOTS = range(8, 16)
M_FIELDS = 16

# Counters of one log.
LM_HEAD, LM_TAIL, LM_PAGE_FREE, LM_STATE_FREE, LM_HORIZON, LM_BUCKETS, LM_KEYS, LM_FIELDS = range(8)

# A slot: one word of key, then 32-bit fields.
SLOT_WORDS = 4
S_NEXT, S_LOG, S_FIRST, S_LAST, S_COUNT, S_STATE = range(2, 8)

PREV, NEXT, SLOT = range(3)
CH_PREV, CH_NEXT, CH_BUCKET = range(3)
_PAGE_MASK = PAGE_ENTRIES - 1
_PAGE_SHIFT = 8


class Memory(NamedTuple):
    """The addresses of one kernel's arrays (see `satark.features.kernel.raw`), bundled for passing on."""

    a: int  # arena, int64
    a32: int  # the same bytes as int32
    pages: int  # page table, int64 (log, page)
    s: int  # slots, int64
    s32: int  # the same bytes as int32
    keys: int  # buckets of keys, int32 (log, bucket)
    maps: int  # buckets of last occurrences, int32 (map, bucket)
    map_meta: int  # int64 (map, 2): buckets, items
    m: int  # shared counters
    lm: int  # counters per log
    lg: int  # layout tables
    co: int
    bd: int
    bw: int
    wn: int
    ag: int
    ft: int
    qu: int
    n_logs: int
    n_quotients: int


@njit(cache=True)
def mix(value):
    """Return a well-mixed non-negative int64 of an int64 (the finaliser of SplitMix64, Steele et al. 2014)."""
    z = np.uint64(value)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((z ^ (z >> np.uint64(31))) >> np.uint64(1))


@njit(cache=True)
def address(k, log, entry):
    """Return the word at which an entry begins; `entry` is the low 32 bits of its number."""
    number = np.int64(entry) & np.int64(0xFFFFFFFF)
    page = (number >> _PAGE_SHIFT) & (get(k.m, M_PAGES_PER_LOG) - 1)
    return get(k.pages, log * get(k.m, M_PAGES_PER_LOG) + page) + (number & _PAGE_MASK) * get(
        k.lg, log * LG_FIELDS + LG_STRIDE
    )


@njit(cache=True)
def link(k, log, at, which):
    """Return the 32-bit link field `which` of the entry at word `at`."""
    return get32(k.a32, 2 * at + get(k.lg, log * LG_FIELDS + LG_LINK) + which)


@njit(cache=True)
def set_link(k, log, at, which, value):
    """Set a link field."""
    set32(k.a32, 2 * at + get(k.lg, log * LG_FIELDS + LG_LINK) + which, value)


@njit(cache=True)
def is_live(k, log, entry):
    """Return whether an entry number has not been recycled."""
    head = get(k.lm, log * LM_FIELDS + LM_HEAD)
    age = (head - np.int64(entry)) & np.int64(0xFFFFFFFF)
    return entry != 0 and age < head - get(k.lm, log * LM_FIELDS + LM_TAIL)


@njit(cache=True)
def new_entry(k, log):
    """Hand out the next entry number of a log; the caller has checked that memory is left."""
    head = get(k.lm, log * LM_FIELDS + LM_HEAD) + 1
    if head & np.int64(0xFFFFFFFF) == 0:
        # Zero means none, so this number is burnt: it is an entry without a slot, at the time of its neighbour.
        put64(k.lm, log * LM_FIELDS + LM_HEAD, head)
        _ensure_page(k, log, head)
        at = address(k, log, np.int32(0))
        put64(k.a, at, 0)
        set_link(k, log, at, SLOT, 0)
        head += 1
    put64(k.lm, log * LM_FIELDS + LM_HEAD, head)
    _ensure_page(k, log, head)
    return np.int32(np.uint32(head & np.int64(0xFFFFFFFF)))


@njit(cache=True)
def _ensure_page(k, log, number):
    page = ((number & np.int64(0xFFFFFFFF)) >> _PAGE_SHIFT) & (get(k.m, M_PAGES_PER_LOG) - 1)
    if get(k.pages, log * get(k.m, M_PAGES_PER_LOG) + page) == 0:
        free = get(k.lm, log * LM_FIELDS + LM_PAGE_FREE)
        if free != 0:
            put64(k.lm, log * LM_FIELDS + LM_PAGE_FREE, get(k.a, free))
        else:
            free = get(k.m, M_BUMP)
            put64(k.m, M_BUMP, get(k.m, M_BUMP) + get(k.lg, log * LG_FIELDS + LG_STRIDE) * PAGE_ENTRIES)
        put64(k.pages, log * get(k.m, M_PAGES_PER_LOG) + page, free)


@njit(cache=True)
def release_tail(k, log):
    """Move the tail over one entry, giving its page back when it was the page's last."""
    tail = get(k.lm, log * LM_FIELDS + LM_TAIL) + 1
    put64(k.lm, log * LM_FIELDS + LM_TAIL, tail)
    low = tail & np.int64(0xFFFFFFFF)
    if (low & _PAGE_MASK) == _PAGE_MASK:
        page = (low >> _PAGE_SHIFT) & (get(k.m, M_PAGES_PER_LOG) - 1)
        base = get(k.pages, log * get(k.m, M_PAGES_PER_LOG) + page)
        put64(k.pages, log * get(k.m, M_PAGES_PER_LOG) + page, 0)
        put64(k.a, base, get(k.lm, log * LM_FIELDS + LM_PAGE_FREE))
        put64(k.lm, log * LM_FIELDS + LM_PAGE_FREE, base)


@njit(cache=True)
def new_state(k, log, words):
    """Hand out a zeroed state block and return its word address."""
    at = get(k.lm, log * LM_FIELDS + LM_STATE_FREE)
    if at != 0:
        put64(k.lm, log * LM_FIELDS + LM_STATE_FREE, get(k.a, at))
    else:
        at = get(k.m, M_BUMP)
        put64(k.m, M_BUMP, get(k.m, M_BUMP) + words)
    for i in range(at, at + words):
        put64(k.a, i, 0)
    put64(k.m, M_HOT, get(k.m, M_HOT) + 1)
    return at


@njit(cache=True)
def free_state(k, log, at):
    """Take a state block back."""
    put64(k.a, at, get(k.lm, log * LM_FIELDS + LM_STATE_FREE))
    put64(k.lm, log * LM_FIELDS + LM_STATE_FREE, at)
    put64(k.m, M_HOT, get(k.m, M_HOT) - 1)


@njit(cache=True)
def state_of(k, slot):
    """Return the word address of a slot's state, 0 when it has none."""
    return np.int64(get32(k.s32, slot * 8 + S_STATE)) * STATE_UNIT_WORDS


@njit(cache=True)
def highest_bit(number):
    """Return the greatest power of two that is not above a positive number below 2**32."""
    number |= number >> 1
    number |= number >> 2
    number |= number >> 4
    number |= number >> 8
    number |= number >> 16
    return number - (number >> 1)


@njit(cache=True)
def bucket_of(hashed, buckets):
    """Return the bucket of a hash among `buckets` buckets (linear hashing)."""
    top = highest_bit(buckets)
    index = hashed & (2 * top - 1)
    if index >= buckets:
        index &= top - 1
    return index


@njit(cache=True)
def find_slot(k, log, key):
    """Return the slot of a key in a log, 0 when there is none."""
    if get(k.lm, log * LM_FIELDS + LM_BUCKETS) == 0:
        return np.int64(0)
    return find_in(k, bucket_at(k, log, key), key)


@njit(cache=True)
def bucket_at(k, log, key):
    """Return where the bucket of a key is, in a log that has any."""
    return log * get(k.m, M_KEY_REGION) + bucket_of(mix(key), get(k.lm, log * LM_FIELDS + LM_BUCKETS))


@njit(cache=True)
def find_in(k, bucket, key):
    """Return the slot of a key in its bucket, 0 when there is none."""
    slot = np.int64(get32(k.keys, bucket))
    while slot != 0 and get(k.s, slot * SLOT_WORDS) != key:
        slot = np.int64(get32(k.s32, slot * 8 + S_NEXT))
    return slot


@njit(cache=True)
def new_slot(k, log, key):
    """Add a key to a log and return its slot; the key must not be there yet."""
    slot = get(k.m, M_SLOT_FREE)
    if slot != 0:
        put64(k.m, M_SLOT_FREE, np.int64(get32(k.s32, slot * 8 + S_NEXT)))
    else:
        slot = get(k.m, M_SLOT_BUMP)
        put64(k.m, M_SLOT_BUMP, get(k.m, M_SLOT_BUMP) + 1)
    put64(k.s, slot * SLOT_WORDS, key)
    for field in range(2, 8):
        set32(k.s32, slot * 8 + field, 0)
    set32(k.s32, slot * 8 + S_LOG, log)
    buckets = get(k.lm, log * LM_FIELDS + LM_BUCKETS)
    if buckets == 0:
        buckets = np.int64(1)
        put64(k.lm, log * LM_FIELDS + LM_BUCKETS, buckets)
    if get(k.lm, log * LM_FIELDS + LM_KEYS) >= buckets and buckets < get(k.m, M_KEY_REGION):
        _split_keys(k, log, buckets)
        buckets += 1
    where = bucket_of(mix(key), buckets)
    set32(k.s32, slot * 8 + S_NEXT, get32(k.keys, log * get(k.m, M_KEY_REGION) + where))
    set32(k.keys, log * get(k.m, M_KEY_REGION) + where, slot)
    put64(k.lm, log * LM_FIELDS + LM_KEYS, get(k.lm, log * LM_FIELDS + LM_KEYS) + 1)
    return slot


@njit(cache=True)
def _split_keys(k, log, buckets):
    source = buckets - highest_bit(buckets)
    put64(k.lm, log * LM_FIELDS + LM_BUCKETS, buckets + 1)
    slot = np.int64(get32(k.keys, log * get(k.m, M_KEY_REGION) + source))
    set32(k.keys, log * get(k.m, M_KEY_REGION) + source, 0)
    set32(k.keys, log * get(k.m, M_KEY_REGION) + buckets, 0)
    while slot != 0:
        following = np.int64(get32(k.s32, slot * 8 + S_NEXT))
        where = bucket_of(mix(get(k.s, slot * SLOT_WORDS)), buckets + 1)
        set32(k.s32, slot * 8 + S_NEXT, get32(k.keys, log * get(k.m, M_KEY_REGION) + where))
        set32(k.keys, log * get(k.m, M_KEY_REGION) + where, slot)
        slot = following


@njit(cache=True)
def remove_slot(k, log, slot):
    """Forget a key whose entries are all gone."""
    state = state_of(k, slot)
    if state != 0:
        free_state(k, log, state)
    where = bucket_of(mix(get(k.s, slot * SLOT_WORDS)), get(k.lm, log * LM_FIELDS + LM_BUCKETS))
    current = np.int64(get32(k.keys, log * get(k.m, M_KEY_REGION) + where))
    if current == slot:
        set32(k.keys, log * get(k.m, M_KEY_REGION) + where, get32(k.s32, slot * 8 + S_NEXT))
    else:
        while np.int64(get32(k.s32, current * 8 + S_NEXT)) != slot:
            current = np.int64(get32(k.s32, current * 8 + S_NEXT))
        set32(k.s32, current * 8 + S_NEXT, get32(k.s32, slot * 8 + S_NEXT))
    put64(k.lm, log * LM_FIELDS + LM_KEYS, get(k.lm, log * LM_FIELDS + LM_KEYS) - 1)
    set32(k.s32, slot * 8 + S_NEXT, get(k.m, M_SLOT_FREE))
    put64(k.m, M_SLOT_FREE, slot)


# ---------------------------------------------------------------- last occurrences of a value under a busy key


@njit(cache=True)
def _map_hash(slot, value):
    return mix(value ^ (slot * np.int64(-7046029254386353131)))


@njit(cache=True)
def map_find(k, log, column, index, slot, value):
    """Return the newest entry of `slot` whose column holds `value`, 0 when there is none."""
    which = get(k.co, column * CO_FIELDS + CO_MAP)
    buckets = get(k.map_meta, which * 2 + 0)
    if buckets == 0:
        return np.int32(0)
    entry = get32(k.maps, which * get(k.m, M_MAP_REGION) + bucket_of(_map_hash(slot, value), buckets))
    while entry != 0:
        at = address(k, log, entry)
        if get(k.a, at + 1 + index) == value and link(k, log, at, SLOT) == slot:
            return entry
        entry = get32(k.a32, 2 * at + get(k.co, column * CO_FIELDS + CO_CHAIN) + CH_BUCKET)
    return np.int32(0)


@njit(cache=True)
def map_add(k, log, column, index, slot, value, entry):
    """Add the newest entry of a value that is not in the map yet."""
    which = get(k.co, column * CO_FIELDS + CO_MAP)
    buckets = get(k.map_meta, which * 2 + 0)
    if buckets == 0:
        buckets = np.int64(1)
        put64(k.map_meta, which * 2 + 0, buckets)
    if get(k.map_meta, which * 2 + 1) >= buckets and buckets < get(k.m, M_MAP_REGION):
        _split_map(k, log, column, index, which, buckets)
        buckets += 1
    where = bucket_of(_map_hash(slot, value), buckets)
    set32(
        k.a32,
        2 * address(k, log, entry) + get(k.co, column * CO_FIELDS + CO_CHAIN) + CH_BUCKET,
        get32(k.maps, which * get(k.m, M_MAP_REGION) + where),
    )
    set32(k.maps, which * get(k.m, M_MAP_REGION) + where, entry)
    put64(k.map_meta, which * 2 + 1, get(k.map_meta, which * 2 + 1) + 1)


@njit(cache=True)
def _split_map(k, log, column, index, which, buckets):
    source = buckets - highest_bit(buckets)
    put64(k.map_meta, which * 2 + 0, buckets + 1)
    chain = get(k.co, column * CO_FIELDS + CO_CHAIN) + CH_BUCKET
    entry = get32(k.maps, which * get(k.m, M_MAP_REGION) + source)
    set32(k.maps, which * get(k.m, M_MAP_REGION) + source, 0)
    set32(k.maps, which * get(k.m, M_MAP_REGION) + buckets, 0)
    while entry != 0:
        at = address(k, log, entry)
        following = get32(k.a32, 2 * at + chain)
        hashed = _map_hash(np.int64(link(k, log, at, SLOT)), get(k.a, at + 1 + index))
        where = bucket_of(hashed, buckets + 1)
        set32(k.a32, 2 * at + chain, get32(k.maps, which * get(k.m, M_MAP_REGION) + where))
        set32(k.maps, which * get(k.m, M_MAP_REGION) + where, entry)
        entry = following


@njit(cache=True)
def map_replace(k, log, column, slot, value, old, new):
    """Put `new` (0 to remove) in the place of `old`, which must be in the map."""
    which = get(k.co, column * CO_FIELDS + CO_MAP)
    chain = get(k.co, column * CO_FIELDS + CO_CHAIN) + CH_BUCKET
    where = bucket_of(_map_hash(slot, value), get(k.map_meta, which * 2 + 0))
    following = get32(k.a32, 2 * address(k, log, old) + chain)
    replacement = following
    if new != 0:
        set32(k.a32, 2 * address(k, log, new) + chain, following)
        replacement = new
    else:
        put64(k.map_meta, which * 2 + 1, get(k.map_meta, which * 2 + 1) - 1)
    current = get32(k.maps, which * get(k.m, M_MAP_REGION) + where)
    if current == old:
        set32(k.maps, which * get(k.m, M_MAP_REGION) + where, replacement)
        return
    while True:
        at = address(k, log, current)
        following = get32(k.a32, 2 * at + chain)
        if following == old:
            set32(k.a32, 2 * at + chain, replacement)
            return
        current = following
