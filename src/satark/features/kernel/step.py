"""One event through all logs: the compiled entry points that Python calls.

`run` is used online with one row and in bulk with many; there is no other implementation of the windows, so online
and replay agree by construction (DESIGN promise 2).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from satark.features.kernel.cursor import (
    build,
    chain_in,
    chain_out,
    clear_state,
    climb_from,
    insert,
    move,
    put,
    remove,
    take,
)
from satark.features.kernel.evaluate import evaluate, has_bit
from satark.features.kernel.layout import (
    CO_INPUT,
    FLAG_EVALUATE,
    FLAG_INSERT,
    FT_OUT,
    IN_TIME,
    LG_BIT,
    LG_COL0,
    LG_FEAT0,
    LG_KEY,
    LG_MAX_OFFSET,
    LG_NCOL,
    LG_NFEAT,
    LG_STATE,
    PAGE_ENTRIES,
    STATE_UNIT_WORDS,
)
from satark.features.kernel.memory import (
    LM_HORIZON,
    LM_HEAD,
    LM_TAIL,
    M_BUMP,
    M_LATENESS,
    M_LIMIT,
    M_LIVE,
    M_MAX_TIME,
    M_PAGES_PER_LOG,
    M_RESERVE,
    M_SCRATCH,
    M_SLOT_BUMP,
    M_SLOT_LIMIT,
    M_THRESHOLD,
    NEXT,
    S_COUNT,
    S_FIRST,
    S_LAST,
    S_LOG,
    S_STATE,
    SLOT,
    Memory,
    address,
    find_slot,
    link,
    new_entry,
    new_slot,
    new_state,
    release_tail,
    remove_slot,
    set_link,
    state_of,
)

DONE, FULL = 0, 1
_FREE_PER_STEP = 4  # More than one per log, so that recycling catches up, and few, so that no event waits long.


@njit(cache=True, nogil=True)
def _has_room(k):
    if k.m[M_BUMP] + k.m[M_RESERVE] > k.m[M_LIMIT] or k.m[M_SLOT_BUMP] + k.lg.shape[0] >= k.m[M_SLOT_LIMIT]:
        return False
    most = (k.m[M_PAGES_PER_LOG] - 2) * PAGE_ENTRIES
    for log in range(k.lg.shape[0]):
        if k.lm[log, LM_HEAD] - k.lm[log, LM_TAIL] >= most:
            return False
    return True


@njit(cache=True, nogil=True)
def _fill(k, log, slot, entry, row):
    at = address(k, log, entry)
    k.a[at] = row[IN_TIME]
    first = k.lg[log, LG_COL0]
    for index in range(k.lg[log, LG_NCOL]):
        k.a[at + 1 + index] = row[k.co[first + index, CO_INPUT]]
    set_link(k, log, at, SLOT, slot)


@njit(cache=True, nogil=True)
def _promote(k, log, slot, t):
    state = new_state(k, log, k.lg[log, LG_STATE])
    k.s32[slot * 8 + S_STATE] = state // STATE_UNIT_WORDS
    build(k, log, slot, state, t, True)
    return state


@njit(cache=True, nogil=True)
def _one_log(k, log, row, flags, out, out_float, nul, scratch):
    key = row[k.lg[log, LG_KEY]]
    wants = flags & FLAG_EVALUATE != 0 and k.lg[log, LG_NFEAT] > 0
    if key == 0:
        if wants:
            first = k.lg[log, LG_FEAT0]
            for f in range(first, first + k.lg[log, LG_NFEAT]):
                nul[k.ft[f, FT_OUT]] = 1
        return
    matches = has_bit(row, k.lg[log, LG_BIT])
    if not wants and not (matches and flags & FLAG_INSERT != 0):
        return
    slot = find_slot(k, log, key)
    t = row[IN_TIME]
    state = np.int64(0)
    busy = False
    if slot != 0:
        state = state_of(k, slot)
        busy = state != 0
        if not busy and wants and k.s32[slot * 8 + S_COUNT] >= k.m[M_THRESHOLD]:
            state = _promote(k, log, slot, t)
            busy = True
    if wants:
        if busy:
            move(k, log, slot, state, t)
        else:
            state = k.m[M_SCRATCH]
            clear_state(k, log, state)
            k.a[state] = t
            if slot != 0:
                build(k, log, slot, state, t, False)
        evaluate(k, log, slot, state, busy, row, 1, out, out_float, nul, scratch)
    entry = np.int32(0)
    if matches:
        if slot == 0:
            slot = new_slot(k, log, key)
        entry = new_entry(k, log)
        k.m[M_LIVE] += 1
        _fill(k, log, slot, entry, row)
        insert(k, log, slot, entry)
        if busy or wants:
            climb_from(k, log, entry)
            chain_in(k, log, slot, entry, busy)
            put(k, log, slot, state, entry)
    if wants:
        evaluate(k, log, slot, state, busy, row, 0, out, out_float, nul, scratch)
    if matches and flags & FLAG_INSERT == 0:
        # A too late event sees itself and leaves no trace.
        following = link(k, log, address(k, log, entry), NEXT)
        _detach(k, log, slot, entry, state, busy)
        if following != 0 and k.s32[slot * 8 + S_COUNT] > 0:
            climb_from(k, log, following)
        if k.s32[slot * 8 + S_COUNT] == 0:
            remove_slot(k, log, slot)
        k.lm[log, LM_HEAD] -= 1
        k.m[M_LIVE] -= 1


@njit(cache=True, nogil=True)
def _detach(k, log, slot, entry, state, busy):
    if busy:
        take(k, log, slot, state, entry)
        chain_out(k, log, slot, entry, True)
    remove(k, log, slot, entry)


@njit(cache=True, nogil=True)
def _recycle(k, log, horizon):
    for _ in range(_FREE_PER_STEP):
        tail = k.lm[log, LM_TAIL]
        if tail == k.lm[log, LM_HEAD]:
            return
        entry = np.int32(np.uint32((tail + 1) & np.int64(0xFFFFFFFF)))
        at = address(k, log, entry)
        if k.a[at] > horizon:
            return
        slot = np.int64(link(k, log, at, SLOT))
        if slot != 0:
            state = state_of(k, slot)
            _detach(k, log, slot, entry, state, state != 0)
            if k.s32[slot * 8 + S_COUNT] == 0:
                remove_slot(k, log, slot)
            k.m[M_LIVE] -= 1
        release_tail(k, log)


@njit(cache=True, nogil=True)
def run(
    a, a32, pages, s, s32, keys, maps, map_meta, m, lm, lg, co, bd, bw, wn, ag, ft, qu,
    rows, flags, start, stop, out, out_float, nul, word, word_float,
):  # fmt: skip
    """Run rows[start:stop] through the windows; return (status, rows done).

    Shapes: rows (n, inputs) int64; flags (n,) uint8 of FLAG_*; out (n, outputs) int64 with `out_float` a float view of
    the same bytes; nul (n, outputs) uint8, 1 where the output is null. Rows without FLAG_EVALUATE leave theirs as is.
    """
    k = Memory(a, a32, pages, s, s32, keys, maps, map_meta, m, lm, lg, co, bd, bw, wn, ag, ft, qu)
    scratch = (word, word_float)
    for i in range(start, stop):
        if not _has_room(k):
            return FULL, i - start
        row = rows[i]
        flag = flags[i]
        if flag & FLAG_INSERT != 0:
            k.m[M_MAX_TIME] = max(k.m[M_MAX_TIME], row[IN_TIME])
        newest = k.m[M_MAX_TIME] - k.m[M_LATENESS]
        for log in range(k.lg.shape[0]):
            # The horizon is a function of the log alone (not of what happens to be recycled already), so that a
            # restart or a replay answers a very late event alike.
            k.lm[log, LM_HORIZON] = newest - k.lg[log, LG_MAX_OFFSET]
            _one_log(k, log, row, flag, out[i], out_float[i], nul[i], scratch)
            _recycle(k, log, k.lm[log, LM_HORIZON])
        if flag & FLAG_EVALUATE != 0:
            for q in range(qu.shape[0]):
                o, numerator, denominator = qu[q, 0], qu[q, 1], qu[q, 2]
                if nul[i, numerator] == 1 or nul[i, denominator] == 1 or out[i, denominator] == 0:
                    nul[i, o] = 1
                else:
                    nul[i, o] = 0
                    out_float[i, o] = out[i, numerator] / out[i, denominator]
    return DONE, stop - start


@njit(cache=True, nogil=True)
def warm(
    a, a32, pages, s, s32, keys, maps, map_meta, m, lm, lg, co, bd, bw, wn, ag, ft, qu, start, stop,
):  # fmt: skip
    """Build the state of every busy key among the slots [start, stop), so that no later event waits for it."""
    k = Memory(a, a32, pages, s, s32, keys, maps, map_meta, m, lm, lg, co, bd, bw, wn, ag, ft, qu)
    for slot in range(start, min(stop, m[M_SLOT_BUMP])):
        if s32[slot * 8 + S_FIRST] == 0 or s32[slot * 8 + S_STATE] != 0 or s32[slot * 8 + S_COUNT] < m[M_THRESHOLD]:
            continue
        if not _has_room(k):
            return FULL
        log = np.int64(s32[slot * 8 + S_LOG])
        _promote(k, log, np.int64(slot), a[address(k, log, s32[slot * 8 + S_LAST])])
    return DONE
