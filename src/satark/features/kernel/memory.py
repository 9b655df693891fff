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
    CO_MAP,
    LG_LINK,
    LG_STRIDE,
    PAGE_ENTRIES,
    STATE_UNIT_WORDS,
)

# Counters shared by all logs.
M_BUMP, M_LIMIT, M_SLOT_BUMP, M_SLOT_FREE, M_SLOT_LIMIT, M_MAX_TIME, M_LATENESS, M_PAGES_PER_LOG = range(8)
M_KEY_REGION, M_MAP_REGION, M_RESERVE, M_SCRATCH, M_LIVE, M_HOT, M_THRESHOLD, M_DROPPED = range(8, 16)
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
    """The arrays of one kernel, bundled; built anew inside each compiled entry point."""

    a: object  # arena, int64
    a32: object  # the same bytes as int32
    pages: object  # page table, int64 (log, page)
    s: object  # slots, int64
    s32: object  # the same bytes as int32
    keys: object  # buckets of keys, int32 (log, bucket)
    maps: object  # buckets of last occurrences, int32 (map, bucket)
    map_meta: object  # int64 (map, 2): buckets, items
    m: object  # shared counters
    lm: object  # counters per log
    lg: object  # layout tables
    co: object
    bd: object
    bw: object
    wn: object
    ag: object
    ft: object
    qu: object


@njit(cache=True, nogil=True)
def mix(value):
    """Return a well-mixed non-negative int64 of an int64 (the finaliser of SplitMix64, Steele et al. 2014)."""
    z = np.uint64(value)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.int64((z ^ (z >> np.uint64(31))) >> np.uint64(1))


@njit(cache=True, nogil=True)
def address(k, log, entry):
    """Return the word at which an entry begins; `entry` is the low 32 bits of its number."""
    number = np.int64(entry) & np.int64(0xFFFFFFFF)
    page = (number >> _PAGE_SHIFT) % k.m[M_PAGES_PER_LOG]
    return k.pages[log, page] + (number & _PAGE_MASK) * k.lg[log, LG_STRIDE]


@njit(cache=True, nogil=True)
def link(k, log, at, which):
    """Return the 32-bit link field `which` of the entry at word `at`."""
    return k.a32[2 * at + k.lg[log, LG_LINK] + which]


@njit(cache=True, nogil=True)
def set_link(k, log, at, which, value):
    """Set a link field."""
    k.a32[2 * at + k.lg[log, LG_LINK] + which] = value


@njit(cache=True, nogil=True)
def is_live(k, log, entry):
    """Return whether an entry number has not been recycled."""
    head = k.lm[log, LM_HEAD]
    age = (head - np.int64(entry)) & np.int64(0xFFFFFFFF)
    return entry != 0 and age < head - k.lm[log, LM_TAIL]


@njit(cache=True, nogil=True)
def new_entry(k, log):
    """Hand out the next entry number of a log; the caller has checked that memory is left."""
    head = k.lm[log, LM_HEAD] + 1
    if head & np.int64(0xFFFFFFFF) == 0:
        # Zero means none, so this number is burnt: it is an entry without a slot, at the time of its neighbour.
        k.lm[log, LM_HEAD] = head
        _ensure_page(k, log, head)
        at = address(k, log, np.int32(0))
        k.a[at] = 0
        set_link(k, log, at, SLOT, 0)
        head += 1
    k.lm[log, LM_HEAD] = head
    _ensure_page(k, log, head)
    return np.int32(np.uint32(head & np.int64(0xFFFFFFFF)))


@njit(cache=True, nogil=True)
def _ensure_page(k, log, number):
    page = ((number & np.int64(0xFFFFFFFF)) >> _PAGE_SHIFT) % k.m[M_PAGES_PER_LOG]
    if k.pages[log, page] == 0:
        free = k.lm[log, LM_PAGE_FREE]
        if free != 0:
            k.lm[log, LM_PAGE_FREE] = k.a[free]
        else:
            free = k.m[M_BUMP]
            k.m[M_BUMP] += k.lg[log, LG_STRIDE] * PAGE_ENTRIES
        k.pages[log, page] = free


@njit(cache=True, nogil=True)
def release_tail(k, log):
    """Move the tail over one entry, giving its page back when it was the page's last."""
    tail = k.lm[log, LM_TAIL] + 1
    k.lm[log, LM_TAIL] = tail
    low = tail & np.int64(0xFFFFFFFF)
    if (low & _PAGE_MASK) == _PAGE_MASK:
        page = (low >> _PAGE_SHIFT) % k.m[M_PAGES_PER_LOG]
        base = k.pages[log, page]
        k.pages[log, page] = 0
        k.a[base] = k.lm[log, LM_PAGE_FREE]
        k.lm[log, LM_PAGE_FREE] = base


@njit(cache=True, nogil=True)
def new_state(k, log, words):
    """Hand out a zeroed state block and return its word address."""
    at = k.lm[log, LM_STATE_FREE]
    if at != 0:
        k.lm[log, LM_STATE_FREE] = k.a[at]
    else:
        at = k.m[M_BUMP]
        k.m[M_BUMP] += words
    for i in range(at, at + words):
        k.a[i] = 0
    k.m[M_HOT] += 1
    return at


@njit(cache=True, nogil=True)
def free_state(k, log, at):
    """Take a state block back."""
    k.a[at] = k.lm[log, LM_STATE_FREE]
    k.lm[log, LM_STATE_FREE] = at
    k.m[M_HOT] -= 1


@njit(cache=True, nogil=True)
def state_of(k, slot):
    """Return the word address of a slot's state, 0 when it has none."""
    return np.int64(k.s32[slot * 8 + S_STATE]) * STATE_UNIT_WORDS


@njit(cache=True, nogil=True)
def bucket_of(hashed, buckets):
    """Return the bucket of a hash among `buckets` buckets (linear hashing)."""
    top = np.int64(1)
    while top * 2 <= buckets:
        top *= 2
    index = hashed & (2 * top - 1)
    if index >= buckets:
        index &= top - 1
    return index


@njit(cache=True, nogil=True)
def find_slot(k, log, key):
    """Return the slot of a key in a log, 0 when there is none."""
    if k.lm[log, LM_BUCKETS] == 0:
        return np.int64(0)
    slot = np.int64(k.keys[log, bucket_of(mix(key), k.lm[log, LM_BUCKETS])])
    while slot != 0 and k.s[slot * SLOT_WORDS] != key:
        slot = np.int64(k.s32[slot * 8 + S_NEXT])
    return slot


@njit(cache=True, nogil=True)
def new_slot(k, log, key):
    """Add a key to a log and return its slot; the key must not be there yet."""
    slot = k.m[M_SLOT_FREE]
    if slot != 0:
        k.m[M_SLOT_FREE] = np.int64(k.s32[slot * 8 + S_NEXT])
    else:
        slot = k.m[M_SLOT_BUMP]
        k.m[M_SLOT_BUMP] += 1
    k.s[slot * SLOT_WORDS] = key
    for field in range(2, 8):
        k.s32[slot * 8 + field] = 0
    k.s32[slot * 8 + S_LOG] = log
    buckets = k.lm[log, LM_BUCKETS]
    if buckets == 0:
        buckets = np.int64(1)
        k.lm[log, LM_BUCKETS] = buckets
    if k.lm[log, LM_KEYS] >= buckets and buckets < k.m[M_KEY_REGION]:
        _split_keys(k, log, buckets)
        buckets += 1
    where = bucket_of(mix(key), buckets)
    k.s32[slot * 8 + S_NEXT] = k.keys[log, where]
    k.keys[log, where] = slot
    k.lm[log, LM_KEYS] += 1
    return slot


@njit(cache=True, nogil=True)
def _split_keys(k, log, buckets):
    top = np.int64(1)
    while top * 2 <= buckets:
        top *= 2
    source = buckets - top
    k.lm[log, LM_BUCKETS] = buckets + 1
    slot = np.int64(k.keys[log, source])
    k.keys[log, source] = 0
    k.keys[log, buckets] = 0
    while slot != 0:
        following = np.int64(k.s32[slot * 8 + S_NEXT])
        where = bucket_of(mix(k.s[slot * SLOT_WORDS]), buckets + 1)
        k.s32[slot * 8 + S_NEXT] = k.keys[log, where]
        k.keys[log, where] = slot
        slot = following


@njit(cache=True, nogil=True)
def remove_slot(k, log, slot):
    """Forget a key whose entries are all gone."""
    state = state_of(k, slot)
    if state != 0:
        free_state(k, log, state)
    where = bucket_of(mix(k.s[slot * SLOT_WORDS]), k.lm[log, LM_BUCKETS])
    current = np.int64(k.keys[log, where])
    if current == slot:
        k.keys[log, where] = k.s32[slot * 8 + S_NEXT]
    else:
        while np.int64(k.s32[current * 8 + S_NEXT]) != slot:
            current = np.int64(k.s32[current * 8 + S_NEXT])
        k.s32[current * 8 + S_NEXT] = k.s32[slot * 8 + S_NEXT]
    k.lm[log, LM_KEYS] -= 1
    k.s32[slot * 8 + S_NEXT] = k.m[M_SLOT_FREE]
    k.m[M_SLOT_FREE] = slot


# ---------------------------------------------------------------- last occurrences of a value under a busy key


@njit(cache=True, nogil=True)
def _map_hash(slot, value):
    return mix(value ^ (slot * np.int64(-7046029254386353131)))


@njit(cache=True, nogil=True)
def map_find(k, log, column, index, slot, value):
    """Return the newest entry of `slot` whose column holds `value`, 0 when there is none."""
    which = k.co[column, CO_MAP]
    buckets = k.map_meta[which, 0]
    if buckets == 0:
        return np.int32(0)
    entry = k.maps[which, bucket_of(_map_hash(slot, value), buckets)]
    while entry != 0:
        at = address(k, log, entry)
        if k.a[at + 1 + index] == value and link(k, log, at, SLOT) == slot:
            return entry
        entry = k.a32[2 * at + k.co[column, CO_CHAIN] + CH_BUCKET]
    return np.int32(0)


@njit(cache=True, nogil=True)
def map_add(k, log, column, index, slot, value, entry):
    """Add the newest entry of a value that is not in the map yet."""
    which = k.co[column, CO_MAP]
    buckets = k.map_meta[which, 0]
    if buckets == 0:
        buckets = np.int64(1)
        k.map_meta[which, 0] = buckets
    if k.map_meta[which, 1] >= buckets and buckets < k.m[M_MAP_REGION]:
        _split_map(k, log, column, index, which, buckets)
        buckets += 1
    where = bucket_of(_map_hash(slot, value), buckets)
    k.a32[2 * address(k, log, entry) + k.co[column, CO_CHAIN] + CH_BUCKET] = k.maps[which, where]
    k.maps[which, where] = entry
    k.map_meta[which, 1] += 1


@njit(cache=True, nogil=True)
def _split_map(k, log, column, index, which, buckets):
    top = np.int64(1)
    while top * 2 <= buckets:
        top *= 2
    source = buckets - top
    k.map_meta[which, 0] = buckets + 1
    chain = k.co[column, CO_CHAIN] + CH_BUCKET
    entry = k.maps[which, source]
    k.maps[which, source] = 0
    k.maps[which, buckets] = 0
    while entry != 0:
        at = address(k, log, entry)
        following = k.a32[2 * at + chain]
        hashed = _map_hash(np.int64(link(k, log, at, SLOT)), k.a[at + 1 + index])
        where = bucket_of(hashed, buckets + 1)
        k.a32[2 * at + chain] = k.maps[which, where]
        k.maps[which, where] = entry
        entry = following


@njit(cache=True, nogil=True)
def map_replace(k, log, column, slot, value, old, new):
    """Put `new` (0 to remove) in the place of `old`, which must be in the map."""
    which = k.co[column, CO_MAP]
    chain = k.co[column, CO_CHAIN] + CH_BUCKET
    where = bucket_of(_map_hash(slot, value), k.map_meta[which, 0])
    following = k.a32[2 * address(k, log, old) + chain]
    replacement = following
    if new != 0:
        k.a32[2 * address(k, log, new) + chain] = following
        replacement = new
    else:
        k.map_meta[which, 1] -= 1
    current = k.maps[which, where]
    if current == old:
        k.maps[which, where] = replacement
        return
    while True:
        at = address(k, log, current)
        following = k.a32[2 * at + chain]
        if following == old:
            k.a32[2 * at + chain] = replacement
            return
        current = following
