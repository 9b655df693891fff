"""The state of a key: move its windows to a time, put an entry in, take one out.

A state holds, for the time at which its cursor stands, the last entry at or before each boundary and the aggregates of
each window. Moving the cursor lets entries enter at the near boundary of a window and leave at the far one, forwards
or, for a late event, backwards. Every entry moves over every boundary once, so the cost per event does not depend on
how long a window is.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from satark.features.kernel.entries import chain_append, climb, is_before, untie
from satark.features.kernel.layout import (
    AG_AT,
    AG_COL,
    AG_FIELDS,
    AG_KIND,
    AGG_DISTINCT,
    AGG_SUM,
    BD_FIELDS,
    BD_HEAD0,
    BD_NHEAD,
    BD_NTAIL,
    BD_OFFSET,
    BD_TAIL0,
    CO_CHAIN,
    CO_FIELDS,
    LG_BND0,
    LG_COL0,
    LG_FIELDS,
    LG_NBND,
    LG_NWIN,
    LG_STATE,
    LG_WIN0,
    WN_AGG0,
    WN_COUNT,
    WN_DELAY,
    WN_FIELDS,
    WN_NAGG,
    WN_WIDTH,
)
from satark.features.kernel.memory import (
    CH_NEXT,
    CH_PREV,
    NEXT,
    PREV,
    S_FIRST,
    address,
    link,
)
from satark.features.kernel.raw import get, get32, put64
from satark.features.kernel.wide import add_at, extend, square, subtract_at

# How an entry changes a window: entering or leaving, seen from the cursor moving forwards or backwards.
ENTER, LEAVE, UNLEAVE, UNENTER, PUT, TAKE = range(6)


@njit(cache=True)
def _is_only_one(k, log, at, chain, how, low, high):
    """Return whether the window (low, high] holds no other entry with the value of the entry at `at`.

    Entering, only an earlier one can be inside; leaving, only a later one; put or taken in the middle, either.
    """
    if how != LEAVE and how != UNLEAVE:
        before = get32(k.a32, 2 * at + chain + CH_PREV)
        if before != 0 and get(k.a, address(k, log, before)) > low:
            return False
    if how != ENTER and how != UNENTER:
        after = get32(k.a32, 2 * at + chain + CH_NEXT)
        if after != 0 and get(k.a, address(k, log, after)) <= high:
            return False
    return True


@njit(cache=True)
def _change(k, log, state, window, at, how, low, high):
    """Add an entry to a window's aggregates, or take it out; (low, high] is the window at that moment."""
    add = how == ENTER or how == UNLEAVE or how == PUT
    if add:
        put64(
            k.a,
            state + get(k.wn, window * WN_FIELDS + WN_COUNT),
            get(k.a, state + get(k.wn, window * WN_FIELDS + WN_COUNT)) + 1,
        )
    else:
        put64(
            k.a,
            state + get(k.wn, window * WN_FIELDS + WN_COUNT),
            get(k.a, state + get(k.wn, window * WN_FIELDS + WN_COUNT)) - 1,
        )
    first = get(k.wn, window * WN_FIELDS + WN_AGG0)
    for g in range(first, first + get(k.wn, window * WN_FIELDS + WN_NAGG)):
        kind = get(k.ag, g * AG_FIELDS + AG_KIND)
        where = state + get(k.ag, g * AG_FIELDS + AG_AT)
        value = get(k.a, at + 1 + get(k.ag, g * AG_FIELDS + AG_COL))
        if kind == AGG_DISTINCT:
            column = get(k.lg, log * LG_FIELDS + LG_COL0) + get(k.ag, g * AG_FIELDS + AG_COL)
            if _is_only_one(k, log, at, get(k.co, column * CO_FIELDS + CO_CHAIN), how, low, high):
                if add:
                    put64(k.a, where, get(k.a, where) + 1)
                else:
                    put64(k.a, where, get(k.a, where) - 1)
            continue
        if kind == AGG_SUM:
            words_low, words_high = extend(value)
        else:
            words_low, words_high = square(value)
        if add:
            add_at(k.a, where, words_low, words_high)
        else:
            subtract_at(k.a, where, words_low, words_high)


@njit(cache=True)
def move(k, log, slot, state, t):
    """Move the cursor of a state to time t (microseconds), forwards or backwards."""
    before = get(k.a, state)
    if t == before:
        return
    first_boundary = get(k.lg, log * LG_FIELDS + LG_BND0)
    count = get(k.lg, log * LG_FIELDS + LG_NBND)
    if t > before:
        for i in range(count):
            b = first_boundary + i
            limit = t - get(k.bd, b * BD_FIELDS + BD_OFFSET)
            current = np.int32(get(k.a, state + 1 + i))
            if current == 0:
                following = get32(k.s32, slot * 8 + S_FIRST)
            else:
                following = link(k, log, address(k, log, current), NEXT)
            while following != 0:
                at = address(k, log, following)
                if get(k.a, at) > limit:
                    break
                head = get(k.bd, b * BD_FIELDS + BD_HEAD0)
                for j in range(head, head + get(k.bd, b * BD_FIELDS + BD_NHEAD)):
                    w = get(k.bw, j)
                    low = before - get(k.wn, w * WN_FIELDS + WN_DELAY) - get(k.wn, w * WN_FIELDS + WN_WIDTH)
                    _change(k, log, state, w, at, ENTER, low, limit)
                tail = get(k.bd, b * BD_FIELDS + BD_TAIL0)
                for j in range(tail, tail + get(k.bd, b * BD_FIELDS + BD_NTAIL)):
                    w = get(k.bw, j)
                    _change(k, log, state, w, at, LEAVE, np.int64(0), t - get(k.wn, w * WN_FIELDS + WN_DELAY))
                current = following
                following = link(k, log, at, NEXT)
            put64(k.a, state + 1 + i, current)
    else:
        for i in range(count - 1, -1, -1):
            b = first_boundary + i
            limit = t - get(k.bd, b * BD_FIELDS + BD_OFFSET)
            current = np.int32(get(k.a, state + 1 + i))
            while current != 0:
                at = address(k, log, current)
                if get(k.a, at) <= limit:
                    break
                tail = get(k.bd, b * BD_FIELDS + BD_TAIL0)
                for j in range(tail, tail + get(k.bd, b * BD_FIELDS + BD_NTAIL)):
                    w = get(k.bw, j)
                    _change(
                        k,
                        log,
                        state,
                        w,
                        at,
                        UNLEAVE,
                        np.int64(0),
                        before - get(k.wn, w * WN_FIELDS + WN_DELAY),
                    )
                head = get(k.bd, b * BD_FIELDS + BD_HEAD0)
                for j in range(head, head + get(k.bd, b * BD_FIELDS + BD_NHEAD)):
                    w = get(k.bw, j)
                    low = t - get(k.wn, w * WN_FIELDS + WN_DELAY) - get(k.wn, w * WN_FIELDS + WN_WIDTH)
                    _change(k, log, state, w, at, UNENTER, low, limit)
                current = link(k, log, at, PREV)
            put64(k.a, state + 1 + i, current)
    put64(k.a, state, t)


@njit(cache=True)
def put(k, log, slot, state, entry):
    """Let a linked entry count in the windows of a state, if it lies in them at the cursor's time."""
    at = address(k, log, entry)
    time = get(k.a, at)
    now = get(k.a, state)
    first_boundary = get(k.lg, log * LG_FIELDS + LG_BND0)
    for i in range(get(k.lg, log * LG_FIELDS + LG_NBND)):
        if time <= now - get(k.bd, (first_boundary + i) * BD_FIELDS + BD_OFFSET):
            current = np.int32(get(k.a, state + 1 + i))
            if current == 0 or is_before(k, log, current, entry):
                put64(k.a, state + 1 + i, entry)
    _count_everywhere(k, log, state, at, PUT)


@njit(cache=True)
def take(k, log, slot, state, entry):
    """Undo `put`: the entry no longer counts; it is still linked."""
    at = address(k, log, entry)
    _count_everywhere(k, log, state, at, TAKE)
    for i in range(get(k.lg, log * LG_FIELDS + LG_NBND)):
        if np.int32(get(k.a, state + 1 + i)) == entry:
            put64(k.a, state + 1 + i, link(k, log, at, PREV))


@njit(cache=True)
def _count_everywhere(k, log, state, at, how):
    time = get(k.a, at)
    now = get(k.a, state)
    first_window = get(k.lg, log * LG_FIELDS + LG_WIN0)
    for w in range(first_window, first_window + get(k.lg, log * LG_FIELDS + LG_NWIN)):
        high = now - get(k.wn, w * WN_FIELDS + WN_DELAY)
        low = high - get(k.wn, w * WN_FIELDS + WN_WIDTH)
        if low < time <= high:
            _change(k, log, state, w, at, how, low, high)


@njit(cache=True)
def build(k, log, slot, state, t, busy):
    """Fill a zeroed state for time t from the entries of a key, with all chains and climbs.

    Cold keys build theirs in scratch memory at each event (they have few entries); a key that has become busy builds
    it once and keeps it.
    """
    put64(k.a, state, t)
    entry = get32(k.s32, slot * 8 + S_FIRST)
    untie(k, log, slot)
    while entry != 0:
        climb(k, log, entry)
        chain_append(k, log, slot, entry, busy)
        put_in_order(k, log, state, entry, t)
        entry = link(k, log, address(k, log, entry), NEXT)


@njit(cache=True)
def put_in_order(k, log, state, entry, t):
    """Count an entry while a state is built from oldest to newest."""
    at = address(k, log, entry)
    time = get(k.a, at)
    first_boundary = get(k.lg, log * LG_FIELDS + LG_BND0)
    for i in range(get(k.lg, log * LG_FIELDS + LG_NBND)):
        if time <= t - get(k.bd, (first_boundary + i) * BD_FIELDS + BD_OFFSET):
            put64(k.a, state + 1 + i, entry)
    first_window = get(k.lg, log * LG_FIELDS + LG_WIN0)
    for w in range(first_window, first_window + get(k.lg, log * LG_FIELDS + LG_NWIN)):
        high = t - get(k.wn, w * WN_FIELDS + WN_DELAY)
        low = high - get(k.wn, w * WN_FIELDS + WN_WIDTH)
        if low < time <= high:
            _change(k, log, state, w, at, ENTER, low, high)


@njit(cache=True)
def clear_state(k, log, state):
    """Zero a state block."""
    for i in range(state, state + get(k.lg, log * LG_FIELDS + LG_STATE)):
        put64(k.a, i, 0)
