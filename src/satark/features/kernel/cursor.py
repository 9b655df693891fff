"""The state of a key: move its windows to a time, put an entry in, take one out.

A state holds, for the time at which its cursor stands, the last entry at or before each boundary and the aggregates of
each window. Moving the cursor lets entries enter at the near boundary of a window and leave at the far one, forwards
or, for a late event, backwards. Every entry moves over every boundary once, so the cost per event does not depend on
how long a window is.
"""

from __future__ import annotations

import numpy as np
from numba import njit

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
    CO_DOWN,
    CO_FIELDS,
    CO_UP,
    LG_BND0,
    LG_COL0,
    LG_FIELDS,
    LG_NBND,
    LG_NCOL,
    LG_NEED_CHAIN,
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
    S_COUNT,
    S_FIRST,
    S_LAST,
    address,
    is_live,
    link,
    map_add,
    map_find,
    map_replace,
    set_link,
)
from satark.features.kernel.raw import get, get32, put64, set32
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
def is_before(k, log, a, b):
    """Return whether entry a stands before entry b in its key's list (time, then arrival)."""
    time_a, time_b = get(k.a, address(k, log, a)), get(k.a, address(k, log, b))
    if time_a != time_b:
        return time_a < time_b
    return np.int32(np.int64(b) - np.int64(a)) > 0


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


# ---------------------------------------------------------------- the list of a key


@njit(cache=True)
def insert(k, log, slot, entry):
    """Link an entry into its key's list at its place in time, after its equals."""
    at = address(k, log, entry)
    time = get(k.a, at)
    before = get32(k.s32, slot * 8 + S_LAST)
    after = np.int32(0)
    while before != 0:
        before_at = address(k, log, before)
        if get(k.a, before_at) <= time:
            break
        after = before
        before = link(k, log, before_at, PREV)
    set_link(k, log, at, PREV, before)
    set_link(k, log, at, NEXT, after)
    if before == 0:
        set32(k.s32, slot * 8 + S_FIRST, entry)
    else:
        set_link(k, log, address(k, log, before), NEXT, entry)
    if after == 0:
        set32(k.s32, slot * 8 + S_LAST, entry)
    else:
        set_link(k, log, address(k, log, after), PREV, entry)
    set32(k.s32, slot * 8 + S_COUNT, get32(k.s32, slot * 8 + S_COUNT) + 1)


@njit(cache=True)
def remove(k, log, slot, entry):
    """Unlink an entry from its key's list."""
    at = address(k, log, entry)
    before, after = link(k, log, at, PREV), link(k, log, at, NEXT)
    if before == 0:
        set32(k.s32, slot * 8 + S_FIRST, after)
    else:
        set_link(k, log, address(k, log, before), NEXT, after)
    if after == 0:
        set32(k.s32, slot * 8 + S_LAST, before)
    else:
        set_link(k, log, address(k, log, after), PREV, before)
    set32(k.s32, slot * 8 + S_COUNT, get32(k.s32, slot * 8 + S_COUNT) - 1)


@njit(cache=True)
def climb(k, log, entry):
    """Set, for each column with extremes, the nearest earlier entry that is greater (or smaller).

    Following these links from the newest entry of a window visits the successive maxima seen from its end, so the
    maximum of any window is found in about ln(n) steps.
    """
    at = address(k, log, entry)
    before = link(k, log, at, PREV)
    first_column = get(k.lg, log * LG_FIELDS + LG_COL0)
    for index in range(get(k.lg, log * LG_FIELDS + LG_NCOL)):
        up = get(k.co, (first_column + index) * CO_FIELDS + CO_UP)
        down = get(k.co, (first_column + index) * CO_FIELDS + CO_DOWN)
        value = get(k.a, at + 1 + index)
        if up >= 0:
            p = before
            while p != 0 and is_live(k, log, p) and get(k.a, address(k, log, p) + 1 + index) <= value:
                p = get32(k.a32, 2 * address(k, log, p) + up)
            set32(k.a32, 2 * at + up, p)
        if down >= 0:
            p = before
            while p != 0 and is_live(k, log, p) and get(k.a, address(k, log, p) + 1 + index) >= value:
                p = get32(k.a32, 2 * address(k, log, p) + down)
            set32(k.a32, 2 * at + down, p)


@njit(cache=True)
def climb_from(k, log, entry):
    """Renew the links of `climb` for an entry and all that stand after it (few, unless the entry is late)."""
    while entry != 0:
        climb(k, log, entry)
        entry = link(k, log, address(k, log, entry), NEXT)


@njit(cache=True)
def chain_in(k, log, slot, entry, busy):
    """Tie an entry to the entries of the same key with the same value, for every column that needs it."""
    if get(k.lg, log * LG_FIELDS + LG_NEED_CHAIN) == 0:
        return
    at = address(k, log, entry)
    first_column = get(k.lg, log * LG_FIELDS + LG_COL0)
    for index in range(get(k.lg, log * LG_FIELDS + LG_NCOL)):
        column = first_column + index
        chain = get(k.co, column * CO_FIELDS + CO_CHAIN)
        if chain < 0:
            continue
        value = get(k.a, at + 1 + index)
        before, after = np.int32(0), np.int32(0)
        if busy:
            newest = map_find(k, log, column, index, slot, value)
            if newest == 0:
                map_add(k, log, column, index, slot, value, entry)
            else:
                before = newest
                while before != 0 and is_before(k, log, entry, before):
                    after = before
                    before = get32(k.a32, 2 * address(k, log, before) + chain + CH_PREV)
                if after == 0:
                    map_replace(k, log, column, slot, value, newest, entry)
        else:
            before = link(k, log, at, PREV)
            while before != 0 and get(k.a, address(k, log, before) + 1 + index) != value:
                before = link(k, log, address(k, log, before), PREV)
            if before != 0:
                after = get32(k.a32, 2 * address(k, log, before) + chain + CH_NEXT)
            else:
                after = link(k, log, at, NEXT)
                while after != 0 and get(k.a, address(k, log, after) + 1 + index) != value:
                    after = link(k, log, address(k, log, after), NEXT)
        set32(k.a32, 2 * at + chain + CH_PREV, before)
        set32(k.a32, 2 * at + chain + CH_NEXT, after)
        if before != 0:
            set32(k.a32, 2 * address(k, log, before) + chain + CH_NEXT, entry)
        if after != 0:
            set32(k.a32, 2 * address(k, log, after) + chain + CH_PREV, entry)


@njit(cache=True)
def chain_out(k, log, slot, entry, busy):
    """Undo `chain_in`."""
    if get(k.lg, log * LG_FIELDS + LG_NEED_CHAIN) == 0:
        return
    at = address(k, log, entry)
    first_column = get(k.lg, log * LG_FIELDS + LG_COL0)
    for index in range(get(k.lg, log * LG_FIELDS + LG_NCOL)):
        column = first_column + index
        chain = get(k.co, column * CO_FIELDS + CO_CHAIN)
        if chain < 0:
            continue
        before, after = get32(k.a32, 2 * at + chain + CH_PREV), get32(k.a32, 2 * at + chain + CH_NEXT)
        if before != 0:
            set32(k.a32, 2 * address(k, log, before) + chain + CH_NEXT, after)
        if after != 0:
            set32(k.a32, 2 * address(k, log, after) + chain + CH_PREV, before)
        elif busy:
            map_replace(k, log, column, slot, get(k.a, at + 1 + index), entry, before)


@njit(cache=True)
def build(k, log, slot, state, t, busy):
    """Fill a zeroed state for time t from the entries of a key, with all chains and climbs.

    Cold keys build theirs in scratch memory at each event (they have few entries); a key that has become busy builds
    it once and keeps it.
    """
    put64(k.a, state, t)
    entry = get32(k.s32, slot * 8 + S_FIRST)
    previous_chain_reset(k, log, slot)
    while entry != 0:
        climb(k, log, entry)
        chain_append(k, log, slot, entry, busy)
        put_in_order(k, log, state, entry, t)
        entry = link(k, log, address(k, log, entry), NEXT)


@njit(cache=True)
def previous_chain_reset(k, log, slot):
    """Clear the chains of all entries of a key before they are tied anew."""
    if get(k.lg, log * LG_FIELDS + LG_NEED_CHAIN) == 0:
        return
    first_column = get(k.lg, log * LG_FIELDS + LG_COL0)
    entry = get32(k.s32, slot * 8 + S_FIRST)
    while entry != 0:
        at = address(k, log, entry)
        for index in range(get(k.lg, log * LG_FIELDS + LG_NCOL)):
            chain = get(k.co, (first_column + index) * CO_FIELDS + CO_CHAIN)
            if chain >= 0:
                set32(k.a32, 2 * at + chain + CH_PREV, 0)
                set32(k.a32, 2 * at + chain + CH_NEXT, 0)
        entry = link(k, log, at, NEXT)


@njit(cache=True)
def chain_append(k, log, slot, entry, busy):
    """Tie an entry that is the newest so far of a list being walked in order."""
    if get(k.lg, log * LG_FIELDS + LG_NEED_CHAIN) == 0:
        return
    at = address(k, log, entry)
    first_column = get(k.lg, log * LG_FIELDS + LG_COL0)
    for index in range(get(k.lg, log * LG_FIELDS + LG_NCOL)):
        column = first_column + index
        chain = get(k.co, column * CO_FIELDS + CO_CHAIN)
        if chain < 0:
            continue
        value = get(k.a, at + 1 + index)
        if busy:
            before = map_find(k, log, column, index, slot, value)
            if before == 0:
                map_add(k, log, column, index, slot, value, entry)
            else:
                map_replace(k, log, column, slot, value, before, entry)
        else:
            before = link(k, log, at, PREV)
            while before != 0 and get(k.a, address(k, log, before) + 1 + index) != value:
                before = link(k, log, address(k, log, before), PREV)
        set32(k.a32, 2 * at + chain + CH_PREV, before)
        if before != 0:
            set32(k.a32, 2 * address(k, log, before) + chain + CH_NEXT, entry)


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
