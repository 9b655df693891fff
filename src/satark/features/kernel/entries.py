"""The list of a key: entries in order of time and arrival, and the links by which statistics are found.

Each entry knows its neighbours; where a statistic needs it, also the neighbours with the same value (distinct, new)
and the nearest earlier entry that beats it (min, max). On the way of an event this is where it takes its place.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from satark.features.kernel.layout import (
    CO_CHAIN,
    CO_DOWN,
    CO_FIELDS,
    CO_UP,
    LG_COL0,
    LG_FIELDS,
    LG_NCOL,
    LG_NEED_CHAIN,
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
from satark.features.kernel.raw import get, get32, set32


@njit(cache=True)
def is_before(k, log, a, b):
    """Return whether entry a stands before entry b in its key's list (time, then arrival)."""
    time_a, time_b = get(k.a, address(k, log, a)), get(k.a, address(k, log, b))
    if time_a != time_b:
        return time_a < time_b
    return np.int32(np.int64(b) - np.int64(a)) > 0


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
def untie(k, log, slot):
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
