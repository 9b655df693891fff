"""One event through all logs: the compiled entry points that Python calls.

`run` is used online with one row and in bulk with many; there is no other implementation of the windows, so online
and replay agree by construction (DESIGN promise 2).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from satark.features.kernel.cursor import build, clear_state, move, put, take
from satark.features.kernel.entries import chain_in, chain_out, climb_from, insert, remove
from satark.features.kernel.evaluate import evaluate, has_bit
from satark.features.kernel.layout import (
    CO_FIELDS,
    CO_INPUT,
    FLAG_EVALUATE,
    FLAG_INSERT,
    FLAG_RETRACT,
    FT_FIELDS,
    FT_OUT,
    IN_TIME,
    LG_BIT,
    LG_COL0,
    LG_FEAT0,
    LG_FIELDS,
    LG_KEY,
    LG_MAX_OFFSET,
    LG_NBND,
    LG_NCOL,
    LG_NFEAT,
    LG_STATE,
    STATE_UNIT_WORDS,
)
from satark.features.kernel.memory import (
    LM_BUCKETS,
    LM_FIELDS,
    LM_HEAD,
    LM_HORIZON,
    LM_STATE_FREE,
    LM_TAIL,
    M_BUMP,
    M_LATENESS,
    M_LIMIT,
    M_LIVE,
    M_MAX_TIME,
    M_RESERVE,
    M_SCRATCH,
    M_SLOT_BUMP,
    M_SLOTS,
    M_THRESHOLD,
    NEXT,
    PREV,
    S_COUNT,
    S_FIRST,
    S_LAST,
    S_LOG,
    S_STATE,
    SLOT,
    SLOT_WORDS,
    Memory,
    address,
    bucket_at,
    find_in,
    link,
    new_entry,
    new_slot,
    new_state,
    release_tail,
    remove_slot,
    set_link,
    state_of,
)
from satark.features.kernel.raw import get, get8, get32, prefetch, put8, put64, putf, set32
from satark.features.kernel.room import MOST_FREED, can_make_room, has_room

DONE, FULL = 0, 1
_BUSY, _COLD = True, False
_FREE_PER_STEP = (
    4  # More than one per log, so that recycling catches up, and few, so that no event waits long.
)


@njit(cache=True)
def _may_promote(k, log):
    """Return whether a state can be had without taking the last memory from entries."""
    return get(k.lm, log * LM_FIELDS + LM_STATE_FREE) != 0 or get(k.m, M_BUMP) + get(k.m, M_RESERVE) <= get(
        k.m, M_LIMIT
    )


@njit(cache=True)
def _make_room(k):
    """Let go of all that no window can reach any more (`_recycle` keeps up with it only in the usual case)."""
    for log in range(k.n_logs):
        horizon = get(k.m, M_MAX_TIME) - get(k.m, M_LATENESS) - get(k.lg, log * LG_FIELDS + LG_MAX_OFFSET)
        for _ in range(MOST_FREED // _FREE_PER_STEP):
            tail = get(k.lm, log * LM_FIELDS + LM_TAIL)
            _recycle(k, log, horizon)
            if get(k.lm, log * LM_FIELDS + LM_TAIL) == tail:
                break


@njit(cache=True)
def fill(k, log, slot, entry, row):
    """Write a row's time and columns into a fresh entry."""
    at = address(k, log, entry)
    put64(k.a, at, get(row, IN_TIME))
    first = get(k.lg, log * LG_FIELDS + LG_COL0)
    for index in range(get(k.lg, log * LG_FIELDS + LG_NCOL)):
        put64(k.a, at + 1 + index, get(row, get(k.co, (first + index) * CO_FIELDS + CO_INPUT)))
    set_link(k, log, at, SLOT, slot)


@njit(cache=True)
def _promote(k, log, slot, t):
    state = new_state(k, log, get(k.lg, log * LG_FIELDS + LG_STATE))
    set32(k.s32, slot * 8 + S_STATE, state // STATE_UNIT_WORDS)
    build(k, log, slot, state, t, _BUSY)
    return state


@njit(cache=True)
def _one_log(k, log, slot, row, flags, out, nul, scratch):
    key = get(row, get(k.lg, log * LG_FIELDS + LG_KEY))
    wants = flags & FLAG_EVALUATE != 0 and get(k.lg, log * LG_FIELDS + LG_NFEAT) > 0
    if key == 0:
        if wants:
            first = get(k.lg, log * LG_FIELDS + LG_FEAT0)
            for f in range(first, first + get(k.lg, log * LG_FIELDS + LG_NFEAT)):
                put8(nul, get(k.ft, f * FT_FIELDS + FT_OUT), 1)
        return
    matches = has_bit(row, get(k.lg, log * LG_FIELDS + LG_BIT))
    if not wants and not (matches and flags & FLAG_INSERT != 0):
        return
    t = get(row, IN_TIME)
    state = np.int64(0)
    busy = False
    if slot != 0:
        state = state_of(k, slot)
        busy = state != 0
        if (
            not busy
            and wants
            and get32(k.s32, slot * 8 + S_COUNT) >= get(k.m, M_THRESHOLD)
            and _may_promote(k, log)
        ):
            state = _promote(k, log, slot, t)
            busy = True
    if wants:
        if busy:
            move(k, log, slot, state, t)
        else:
            state = get(k.m, M_SCRATCH)
            clear_state(k, log, state)
            put64(k.a, state, t)
            if slot != 0:
                build(k, log, slot, state, t, _COLD)
        evaluate(k, log, slot, state, busy, row, 1, out, nul, scratch)
    entry = np.int32(0)
    if matches:
        if slot == 0:
            slot = new_slot(k, log, key)
        entry = new_entry(k, log)
        put64(k.m, M_LIVE, get(k.m, M_LIVE) + 1)
        fill(k, log, slot, entry, row)
        insert(k, log, slot, entry)
        if busy or wants:
            climb_from(k, log, entry)
            chain_in(k, log, slot, entry, busy)
            put(k, log, slot, state, entry)
    if wants:
        evaluate(k, log, slot, state, busy, row, 0, out, nul, scratch)
    if matches and flags & FLAG_INSERT == 0:
        # A too late event sees itself and leaves no trace.
        following = link(k, log, address(k, log, entry), NEXT)
        _detach(k, log, slot, entry, state, busy)
        if following != 0 and get32(k.s32, slot * 8 + S_COUNT) > 0:
            climb_from(k, log, following)
        if get32(k.s32, slot * 8 + S_COUNT) == 0:
            remove_slot(k, log, slot)
        put64(k.lm, log * LM_FIELDS + LM_HEAD, get(k.lm, log * LM_FIELDS + LM_HEAD) - 1)
        put64(k.m, M_LIVE, get(k.m, M_LIVE) - 1)


@njit(cache=True)
def _look_ahead(k, row, flags, newest):
    """Find the slots of the logs that an event concerns, and ask for the memory that they will need.

    A log is marked with -1 when the event neither asks it nor enters it; an entry that no window of the log can reach
    any more does not enter, which makes the start from kept rows short.

    A key's state and entries are rarely in the processor's cache, and each miss takes longer than all the arithmetic;
    asked for together, the misses of all logs overlap.
    """
    slots = get(k.m, M_SLOTS)
    for log in range(k.n_logs):
        # The horizon is a function of the log alone (not of what happens to be recycled already), so that a restart
        # or a replay answers a very late event alike.
        horizon = newest - get(k.lg, log * LG_FIELDS + LG_MAX_OFFSET)
        put64(k.lm, log * LM_FIELDS + LM_HORIZON, horizon)
        bucket = np.int64(0)
        if flags & FLAG_EVALUATE == 0 and (
            not has_bit(row, get(k.lg, log * LG_FIELDS + LG_BIT)) or get(row, IN_TIME) <= horizon
        ):
            bucket = np.int64(-1)
        else:
            key = get(row, get(k.lg, log * LG_FIELDS + LG_KEY))
            if key != 0 and get(k.lm, log * LM_FIELDS + LM_BUCKETS) != 0:
                # One more than the bucket, since zero stands for a log that cannot know the key.
                bucket = bucket_at(k, log, key) + 1
                prefetch(k.keys, bucket // 2)
        put64(k.a, slots + log, bucket)
    for log in range(k.n_logs):
        bucket = get(k.a, slots + log)
        if bucket > 0:
            prefetch(k.s, np.int64(get32(k.keys, bucket - 1)) * SLOT_WORDS)
    for log in range(k.n_logs):
        slot = get(k.a, slots + log)
        if slot <= 0:
            continue
        slot = find_in(k, slot - 1, get(row, get(k.lg, log * LG_FIELDS + LG_KEY)))
        put64(k.a, slots + log, slot)
        if slot > 0:
            state = state_of(k, slot)
            if state != 0:
                for word in range(0, get(k.lg, log * LG_FIELDS + LG_STATE), 8):
                    prefetch(k.a, state + word)
    for log in range(k.n_logs):
        slot = get(k.a, slots + log)
        if slot <= 0:
            continue
        prefetch(k.a, address(k, log, get32(k.s32, slot * 8 + S_LAST)))
        state = state_of(k, slot)
        if state != 0:
            for i in range(get(k.lg, log * LG_FIELDS + LG_NBND)):
                prefetch(k.a, address(k, log, get(k.a, state + 1 + i)))


@njit(cache=True)
def _detach(k, log, slot, entry, state, busy):
    if busy:
        take(k, log, slot, state, entry)
        chain_out(k, log, slot, entry, _BUSY)
    remove(k, log, slot, entry)


@njit(cache=True)
def _retract(k, log, slot, row):
    """Take the entry that equals a row out again; its number stays, as an entry without a slot."""
    if slot <= 0:
        return
    time = get(row, IN_TIME)
    first = get(k.lg, log * LG_FIELDS + LG_COL0)
    entry = get32(k.s32, slot * 8 + S_LAST)
    while entry != 0:
        at = address(k, log, entry)
        if get(k.a, at) < time:
            return
        same = get(k.a, at) == time
        for index in range(get(k.lg, log * LG_FIELDS + LG_NCOL)):
            if get(k.a, at + 1 + index) != get(row, get(k.co, (first + index) * CO_FIELDS + CO_INPUT)):
                same = False
        if same:
            following = link(k, log, at, NEXT)
            state = state_of(k, slot)
            _detach(k, log, slot, entry, state, state != 0)
            set_link(k, log, at, SLOT, 0)
            put64(k.m, M_LIVE, get(k.m, M_LIVE) - 1)
            if get32(k.s32, slot * 8 + S_COUNT) == 0:
                remove_slot(k, log, slot)
            elif following != 0:
                climb_from(k, log, following)
            return
        entry = link(k, log, at, PREV)


@njit(cache=True)
def _recycle(k, log, horizon):
    for _ in range(_FREE_PER_STEP):
        tail = get(k.lm, log * LM_FIELDS + LM_TAIL)
        if tail == get(k.lm, log * LM_FIELDS + LM_HEAD):
            return
        entry = np.int32(np.uint32((tail + 1) & np.int64(0xFFFFFFFF)))
        at = address(k, log, entry)
        if get(k.a, at) > horizon:
            return
        slot = np.int64(link(k, log, at, SLOT))
        if slot != 0:
            state = state_of(k, slot)
            _detach(k, log, slot, entry, state, state != 0)
            if get32(k.s32, slot * 8 + S_COUNT) == 0:
                remove_slot(k, log, slot)
            put64(k.m, M_LIVE, get(k.m, M_LIVE) - 1)
        release_tail(k, log)


@njit(cache=True)
def memory_of(where):
    """Return the addresses as one value."""
    return Memory(
        where[0], where[1], where[2], where[3], where[4], where[5], where[6], where[7], where[8], where[9],
        where[10], where[11], where[12], where[13], where[14], where[15], where[16], where[17], where[18], where[19],
    )  # fmt: skip


@njit(cache=True)
def run(where, rows, flags, start, stop, outputs, nulls, word):
    """Run rows[start:stop] through the windows; return (status, rows done).

    Shapes: where (len(Memory),) addresses; rows (n, inputs) int64; flags (n,) uint8 of FLAG_*; outputs (n, outputs)
    int64; nulls (n, outputs) uint8, 1 where the output is null; word one spare int64. Rows without FLAG_EVALUATE leave
    their outputs as they are.
    """
    k = memory_of(where)
    scratch = word.ctypes.data
    slots = get(k.m, M_SLOTS)
    for i in range(start, stop):
        row = rows.ctypes.data + i * rows.shape[1] * 8
        out = outputs.ctypes.data + i * outputs.shape[1] * 8
        nul = nulls.ctypes.data + i * nulls.shape[1]
        flag = flags[i]
        room = flag & FLAG_RETRACT != 0 or has_room(k)
        if not room and not can_make_room(k, row, flag):
            return FULL, i - start
        if flag & FLAG_INSERT != 0:
            put64(k.m, M_MAX_TIME, max(get(k.m, M_MAX_TIME), get(row, IN_TIME)))
        if not room:
            _make_room(k)
        newest = get(k.m, M_MAX_TIME) - get(k.m, M_LATENESS)
        _look_ahead(k, row, flag, newest)
        for log in range(k.n_logs):
            slot = get(k.a, slots + log)
            if flag & FLAG_RETRACT != 0:
                _retract(k, log, slot, row)
                continue
            if slot >= 0:
                _one_log(k, log, slot, row, flag, out, nul, scratch)
            _recycle(k, log, get(k.lm, log * LM_FIELDS + LM_HORIZON))
        if flag & FLAG_EVALUATE != 0:
            for q in range(k.n_quotients):
                target, over, under = get(k.qu, q * 3), get(k.qu, q * 3 + 1), get(k.qu, q * 3 + 2)
                if get8(nul, over) == 1 or get8(nul, under) == 1 or get(out, under) == 0:
                    put8(nul, target, 1)
                else:
                    put8(nul, target, 0)
                    putf(out, target, get(out, over) / get(out, under))
    return DONE, stop - start


@njit(cache=True)
def warm(where, start, stop):
    """Build the state of every busy key among the slots [start, stop), so that no later event waits for it."""
    k = memory_of(where)
    for slot in range(start, min(stop, get(k.m, M_SLOT_BUMP))):
        if (
            get32(k.s32, slot * 8 + S_FIRST) == 0
            or get32(k.s32, slot * 8 + S_STATE) != 0
            or get32(k.s32, slot * 8 + S_COUNT) < get(k.m, M_THRESHOLD)
        ):
            continue
        if not has_room(k):
            return FULL
        log = np.int64(get32(k.s32, slot * 8 + S_LOG))
        _promote(k, log, np.int64(slot), get(k.a, address(k, log, get32(k.s32, slot * 8 + S_LAST))))
    return DONE
