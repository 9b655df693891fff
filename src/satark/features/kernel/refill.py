"""Fill the windows from kept rows, at a start: nothing is answered, so log after log instead of row after row.

`step.run` takes an event through all logs, which an answer needs; at ten million events nearly all of that time is
spent waiting for memory, one miss after the other. Here a log takes many rows in a row, and asks ahead for what the
next ones will touch (Chen et al., "Improving Hash Join Performance through Prefetching", ICDE 2004), so that the
misses overlap. What comes out is the same, entry for entry.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from satark.features.kernel.entries import insert
from satark.features.kernel.evaluate import has_bit
from satark.features.kernel.layout import (
    IN_TIME,
    LG_BIT,
    LG_FIELDS,
    LG_KEY,
    LG_MAX_OFFSET,
    LG_STRIDE,
    PAGE_ENTRIES,
)
from satark.features.kernel.memory import (
    LM_BUCKETS,
    LM_FIELDS,
    LM_HEAD,
    LM_HORIZON,
    LM_TAIL,
    M_BUMP,
    M_LATENESS,
    M_LIMIT,
    M_LIVE,
    M_MAX_TIME,
    M_PAGES_PER_LOG,
    M_RESERVE,
    M_SLOT_BUMP,
    M_SLOT_LIMIT,
    S_LAST,
    SLOT_WORDS,
    address,
    bucket_at,
    find_slot,
    new_entry,
    new_slot,
)
from satark.features.kernel.raw import get, get32, prefetch, put64
from satark.features.kernel.room import has_room
from satark.features.kernel.step import DONE, FULL, fill, memory_of

_BUCKET_AHEAD = 24
_SLOT_AHEAD = 16
_ENTRY_AHEAD = 8


@njit(cache=True)
def refill(where, rows, start, stop, picked):
    """Let rows[start:stop] enter the windows; return DONE, or FULL when the memory does not hold them.

    Shapes: where as of `step.run`; rows (n, inputs) int64, none of them a retraction; picked (at least stop - start,)
    int64, spare. No key may have a state yet, as it is after a start.
    """
    k = memory_of(where)
    width = rows.shape[1] * 8
    base = rows.ctypes.data
    newest = get(k.m, M_MAX_TIME)
    for i in range(start, stop):
        newest = max(newest, get(base + i * width, IN_TIME))
    put64(k.m, M_MAX_TIME, newest)
    for log in range(k.n_logs):
        # What no window can reach any more does not enter; see `step._look_ahead`.
        horizon = newest - get(k.m, M_LATENESS) - get(k.lg, log * LG_FIELDS + LG_MAX_OFFSET)
        put64(k.lm, log * LM_FIELDS + LM_HORIZON, horizon)
        bit, column = get(k.lg, log * LG_FIELDS + LG_BIT), get(k.lg, log * LG_FIELDS + LG_KEY)
        count = 0
        for i in range(start, stop):
            row = base + i * width
            if get(row, IN_TIME) > horizon and has_bit(row, bit) and get(row, column) != 0:
                picked[count] = row
                count += 1
        if not _enter(k, log, picked, count, column):
            return FULL
    return DONE


@njit(cache=True)
def _has_plenty(k, log, count):
    """Return whether so many entries of one log surely find room; when not, each is looked at alone."""
    pages = count // PAGE_ENTRIES + 2
    words = pages * PAGE_ENTRIES * get(k.lg, log * LG_FIELDS + LG_STRIDE)
    live = get(k.lm, log * LM_FIELDS + LM_HEAD) - get(k.lm, log * LM_FIELDS + LM_TAIL)
    return (
        get(k.m, M_BUMP) + get(k.m, M_RESERVE) + words <= get(k.m, M_LIMIT)
        and get(k.m, M_SLOT_BUMP) + k.n_logs + count < get(k.m, M_SLOT_LIMIT)
        and live + count < (get(k.m, M_PAGES_PER_LOG) - 2) * PAGE_ENTRIES
    )


@njit(cache=True)
def _enter(k, log, picked, count, column):
    """Let the picked rows enter one log; False when the memory is full."""
    known = get(k.lm, log * LM_FIELDS + LM_BUCKETS) != 0
    plenty = _has_plenty(k, log, count)
    for p in range(-_BUCKET_AHEAD, count):
        # Guesses: a bucket may be split and a key may not be the first of its bucket; then the wait is as long as ever.
        ahead = p + _BUCKET_AHEAD
        if known and ahead < count:
            prefetch(k.keys, bucket_at(k, log, get(picked[ahead], column)) // 2)
        ahead = p + _SLOT_AHEAD
        if known and 0 <= ahead < count:
            slot = np.int64(get32(k.keys, bucket_at(k, log, get(picked[ahead], column))))
            prefetch(k.s, slot * SLOT_WORDS)
        ahead = p + _ENTRY_AHEAD
        if known and 0 <= ahead < count:
            slot = np.int64(get32(k.keys, bucket_at(k, log, get(picked[ahead], column))))
            if slot != 0:
                last = get32(k.s32, slot * 8 + S_LAST)
                if last != 0:
                    prefetch(k.a, address(k, log, last))
        if p < 0:
            continue
        if not plenty and not has_room(k):
            return False
        row = picked[p]
        key = get(row, column)
        slot = find_slot(k, log, key)
        if slot == 0:
            slot = new_slot(k, log, key)
            known = True
        entry = new_entry(k, log)
        put64(k.m, M_LIVE, get(k.m, M_LIVE) + 1)
        fill(k, log, slot, entry, row)
        insert(k, log, slot, entry)
    return True
