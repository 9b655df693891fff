"""Read the statistics off a state whose cursor stands at the event's time."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from satark.features.kernel.entries import is_before
from satark.features.kernel.layout import (
    CO_CHAIN,
    CO_DOWN,
    CO_FIELDS,
    CO_FLOAT,
    CO_INPUT,
    CO_UP,
    FT_BIT,
    FT_COL,
    FT_DISTINCT_AT,
    FT_EXCLUSIVE,
    FT_FIELDS,
    FT_OUT,
    FT_SQ_AT,
    FT_STAT,
    FT_SUM_AT,
    FT_WIN,
    IN_MASK,
    IN_TIME,
    LG_COL0,
    LG_FEAT0,
    LG_FIELDS,
    LG_NFEAT,
    MASK_BITS,
    ST_COUNT,
    ST_DISTINCT,
    ST_FIRST,
    ST_LAST,
    ST_MAX,
    ST_MEAN,
    ST_MIN,
    ST_NEW,
    ST_RATE,
    ST_SINCE_FIRST,
    ST_SINCE_LAST,
    ST_SPEED,
    ST_STD,
    ST_SUM,
    WN_COUNT,
    WN_DELAY,
    WN_FIELDS,
    WN_HEAD,
    WN_TAIL,
    WN_WIDTH,
)
from satark.features.kernel.memory import (
    CH_PREV,
    LM_FIELDS,
    LM_HORIZON,
    NEXT,
    PREV,
    S_FIRST,
    address,
    is_live,
    link,
    map_find,
)
from satark.features.kernel.raw import get, get32, getf, put8, put64, putf
from satark.features.kernel.wide import to_float, variance

_EARTH_KM = 6371.0088  # Mean radius of the Earth (IUGG).
_SECOND_US = 1_000_000.0


@njit(cache=True)
def has_bit(row, bit):
    """Return whether a filter's bit is set in an input row."""
    return (get(row, IN_MASK + bit // MASK_BITS) >> (bit % MASK_BITS)) & 1 == 1


@njit(cache=True)
def ordered_to_float(value, scratch):
    """Turn the order-preserving integer form of a float back into the float.

    `scratch` is the address of one spare word.
    """
    put64(scratch, 0, value ^ np.int64(0x7FFFFFFFFFFFFFFF) if value < 0 else value)
    return getf(scratch, 0)


@njit(cache=True)
def _first_in(k, log, slot, state, window):
    tail = np.int32(get(k.a, state + 1 + get(k.wn, window * WN_FIELDS + WN_TAIL)))
    if tail == 0:
        return get32(k.s32, slot * 8 + S_FIRST)
    return link(k, log, address(k, log, tail), NEXT)


@njit(cache=True)
def _extreme(k, log, state, window, index, offset, start):
    """Walk the climbing links from `start` to the extreme entry of a window."""
    low = (
        get(k.a, state) - get(k.wn, window * WN_FIELDS + WN_DELAY) - get(k.wn, window * WN_FIELDS + WN_WIDTH)
    )
    current = start
    while True:
        following = get32(k.a32, 2 * address(k, log, current) + offset)
        if following == 0 or not is_live(k, log, following) or get(k.a, address(k, log, following)) <= low:
            return current
        current = following


@njit(cache=True)
def _float_moments(k, log, slot, state, window, index, scratch):
    """Return (n, sum, sum of squared deviations) of a float column, entry by entry in order.

    Floats are not kept as running sums, because those drift and would depend on the path (DESIGN promise 2).
    """
    last = np.int32(get(k.a, state + 1 + get(k.wn, window * WN_FIELDS + WN_HEAD)))
    first = _first_in(k, log, slot, state, window)
    total = 0.0
    n = 0
    entry = first
    while entry != 0:
        at = address(k, log, entry)
        total += ordered_to_float(get(k.a, at + 1 + index), scratch)
        n += 1
        if entry == last:
            break
        entry = link(k, log, at, NEXT)
    mean = total / n
    squares = 0.0
    entry = first
    while entry != 0:
        at = address(k, log, entry)
        deviation = ordered_to_float(get(k.a, at + 1 + index), scratch) - mean
        squares += deviation * deviation
        if entry == last:
            break
        entry = link(k, log, at, NEXT)
    return n, total, squares


@njit(cache=True)
def speed_kmh(lat_a, lon_a, radius_a, lat_b, lon_b, radius_b, seconds):
    """Return the least speed in km/h between two places with accuracy radii in metres.

    The great-circle distance (haversine) less both radii, over at least one second, since clocks of cards and phones
    often tick in seconds.
    """
    p, q = math.radians(lat_a), math.radians(lat_b)
    a = (
        math.sin((q - p) / 2.0) ** 2
        + math.cos(p) * math.cos(q) * math.sin(math.radians(lon_b - lon_a) / 2.0) ** 2
    )
    distance = 2.0 * _EARTH_KM * math.asin(math.sqrt(min(1.0, a)))
    distance = max(0.0, distance - (radius_a + radius_b) / 1000.0)
    return distance / (max(seconds, 1.0) / 3600.0)


@njit(cache=True)
def _is_new(k, log, slot, state, window, column, index, value, busy):
    low = (
        get(k.a, state) - get(k.wn, window * WN_FIELDS + WN_DELAY) - get(k.wn, window * WN_FIELDS + WN_WIDTH)
    )
    head = np.int32(get(k.a, state + 1 + get(k.wn, window * WN_FIELDS + WN_HEAD)))
    if head == 0:
        return True
    if busy:
        entry = map_find(k, log, column, index, slot, value)
        while entry != 0 and is_before(k, log, head, entry):
            entry = get32(
                k.a32, 2 * address(k, log, entry) + get(k.co, column * CO_FIELDS + CO_CHAIN) + CH_PREV
            )
        return entry == 0 or get(k.a, address(k, log, entry)) <= low
    entry = head
    while entry != 0:
        at = address(k, log, entry)
        if get(k.a, at) <= low:
            return True
        if get(k.a, at + 1 + index) == value:
            return False
        entry = link(k, log, at, PREV)
    return True


@njit(cache=True)
def evaluate(k, log, slot, state, busy, row, exclusive, out, nul, scratch):
    """Write the features of one log for one event; exclusive ones before the event is put in, the rest after."""
    t = get(k.a, state)
    first = get(k.lg, log * LG_FIELDS + LG_FEAT0)
    run_stat, run_col, run_head, run_entry = np.int64(-1), np.int64(-1), np.int64(-1), np.int32(0)
    for f in range(first, first + get(k.lg, log * LG_FIELDS + LG_NFEAT)):
        if get(k.ft, f * FT_FIELDS + FT_EXCLUSIVE) != exclusive:
            continue
        stat = get(k.ft, f * FT_FIELDS + FT_STAT)
        w = get(k.ft, f * FT_FIELDS + FT_WIN)
        o = get(k.ft, f * FT_FIELDS + FT_OUT)
        index = get(k.ft, f * FT_FIELDS + FT_COL)
        column = get(k.lg, log * LG_FIELDS + LG_COL0) + index
        n = get(k.a, state + get(k.wn, w * WN_FIELDS + WN_COUNT))
        put8(nul, o, 0)
        if t - get(k.wn, w * WN_FIELDS + WN_DELAY) - get(k.wn, w * WN_FIELDS + WN_WIDTH) < get(
            k.lm, log * LM_FIELDS + LM_HORIZON
        ):
            # Only a very late event reaches behind what has been recycled; its window cannot be exact any more.
            put8(nul, o, 1)
        elif stat == ST_COUNT:
            put64(out, o, n)
        elif stat == ST_DISTINCT:
            put64(out, o, get(k.a, state + get(k.ft, f * FT_FIELDS + FT_DISTINCT_AT)))
        elif stat == ST_RATE:
            putf(out, o, n / (get(k.wn, w * WN_FIELDS + WN_WIDTH) / _SECOND_US))
        elif stat == ST_NEW:
            if not has_bit(row, get(k.ft, f * FT_FIELDS + FT_BIT)):
                put8(nul, o, 1)
            elif n == 0:
                put64(out, o, 1)
            else:
                new = _is_new(
                    k,
                    log,
                    slot,
                    state,
                    w,
                    column,
                    index,
                    get(row, get(k.co, column * CO_FIELDS + CO_INPUT)),
                    busy,
                )
                put64(out, o, 1 if new else 0)
        elif stat == ST_SUM and n == 0:
            if get(k.co, column * CO_FIELDS + CO_FLOAT) == 1:
                putf(out, o, 0.0)
            else:
                put64(out, o, 0)
        elif n == 0:
            put8(nul, o, 1)
        elif stat == ST_MAX or stat == ST_MIN:
            head = get(k.wn, w * WN_FIELDS + WN_HEAD)
            if not (run_stat == stat and run_col == index and run_head == head):
                run_stat, run_col, run_head = stat, index, head
                run_entry = np.int32(get(k.a, state + 1 + head))
            offset = (
                get(k.co, column * CO_FIELDS + CO_UP)
                if stat == ST_MAX
                else get(k.co, column * CO_FIELDS + CO_DOWN)
            )
            run_entry = _extreme(k, log, state, w, index, offset, run_entry)
            put64(out, o, _plain(k, column, get(k.a, address(k, log, run_entry) + 1 + index)))
        elif stat == ST_SUM or stat == ST_MEAN or stat == ST_STD:
            _moments(k, log, slot, state, f, w, index, column, stat, n, o, out, nul, scratch)
        elif stat == ST_FIRST:
            entry = _first_in(k, log, slot, state, w)
            put64(out, o, _plain(k, column, get(k.a, address(k, log, entry) + 1 + index)))
        elif stat == ST_LAST:
            entry = np.int32(get(k.a, state + 1 + get(k.wn, w * WN_FIELDS + WN_HEAD)))
            put64(out, o, _plain(k, column, get(k.a, address(k, log, entry) + 1 + index)))
        elif stat == ST_SINCE_LAST:
            entry = np.int32(get(k.a, state + 1 + get(k.wn, w * WN_FIELDS + WN_HEAD)))
            putf(out, o, (get(row, IN_TIME) - get(k.a, address(k, log, entry))) / _SECOND_US)
        elif stat == ST_SINCE_FIRST:
            entry = _first_in(k, log, slot, state, w)
            putf(out, o, (get(row, IN_TIME) - get(k.a, address(k, log, entry))) / _SECOND_US)
        elif stat == ST_SPEED:
            if not has_bit(row, get(k.ft, f * FT_FIELDS + FT_BIT)):
                put8(nul, o, 1)
            else:
                entry = np.int32(get(k.a, state + 1 + get(k.wn, w * WN_FIELDS + WN_HEAD)))
                at = address(k, log, entry)
                speed = speed_kmh(
                    ordered_to_float(get(k.a, at + 1), scratch),
                    ordered_to_float(get(k.a, at + 2), scratch),
                    ordered_to_float(get(k.a, at + 3), scratch),
                    ordered_to_float(get(row, get(k.co, column * CO_FIELDS + CO_INPUT)), scratch),
                    ordered_to_float(get(row, get(k.co, (column + 1) * CO_FIELDS + CO_INPUT)), scratch),
                    ordered_to_float(get(row, get(k.co, (column + 2) * CO_FIELDS + CO_INPUT)), scratch),
                    (get(row, IN_TIME) - get(k.a, at)) / _SECOND_US,
                )
                putf(out, o, speed)


@njit(cache=True)
def _plain(k, column, value):
    """Return a stored value as the bits that the caller reads: floats as IEEE bits, all else as it is."""
    if get(k.co, column * CO_FIELDS + CO_FLOAT) == 1 and value < 0:
        return value ^ np.int64(0x7FFFFFFFFFFFFFFF)
    return value


@njit(cache=True)
def _moments(k, log, slot, state, f, w, index, column, stat, n, o, out, nul, scratch):
    if get(k.co, column * CO_FIELDS + CO_FLOAT) == 1:
        n, total, squares = _float_moments(k, log, slot, state, w, index, scratch)
        if stat == ST_SUM:
            putf(out, o, total)
        elif stat == ST_MEAN:
            putf(out, o, total / n)
        else:
            putf(out, o, math.sqrt(squares / n))
        if not math.isfinite(getf(out, o)):
            put8(nul, o, 1)
        return
    at = state + get(k.ft, f * FT_FIELDS + FT_SUM_AT)
    low, high = np.uint64(get(k.a, at)), np.uint64(get(k.a, at + 1))
    if stat == ST_SUM:
        value = np.int64(low)
        if (np.int64(high) == 0 and value >= 0) or (np.int64(high) == -1 and value < 0):
            put64(out, o, value)
        else:
            put8(nul, o, 1)
    elif stat == ST_MEAN:
        putf(out, o, to_float(low, high) / n)
    else:
        at = state + get(k.ft, f * FT_FIELDS + FT_SQ_AT)
        putf(out, o, math.sqrt(variance(n, low, high, np.uint64(get(k.a, at)), np.uint64(get(k.a, at + 1)))))
