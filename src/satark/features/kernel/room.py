"""Whether there is memory for one more row, and where it can come from when all of it is in use.

Nothing changes here: a row that finds no room must leave no trace, and what may leave the windows for it is only what
the row's own time makes unreachable. So the engine goes on by itself as soon as old entries leave.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from satark.features.kernel.layout import (
    FLAG_INSERT,
    IN_TIME,
    LG_FIELDS,
    LG_MAX_OFFSET,
    LG_STRIDE,
    PAGE_ENTRIES,
)
from satark.features.kernel.memory import (
    LM_FIELDS,
    LM_HEAD,
    LM_PAGE_FREE,
    LM_TAIL,
    M_BUMP,
    M_LATENESS,
    M_LIMIT,
    M_MAX_TIME,
    M_PAGES_PER_LOG,
    M_RESERVE,
    M_SLOT_BUMP,
    M_SLOT_FREE,
    M_SLOT_LIMIT,
    S_COUNT,
    S_NEXT,
    SLOT,
    address,
    link,
)
from satark.features.kernel.raw import get, get32

MOST_FREED = 1 << 14  # Entries looked at per log, so that a row that is refused does not take long either.


@njit(cache=True)
def has_room(k):
    """Return whether untouched memory is left for whatever a row may need (the usual case, and quick to see)."""
    if get(k.m, M_BUMP) + get(k.m, M_RESERVE) > get(k.m, M_LIMIT) or get(k.m, M_SLOT_BUMP) + k.n_logs >= get(
        k.m, M_SLOT_LIMIT
    ):
        return False
    most = (get(k.m, M_PAGES_PER_LOG) - 2) * PAGE_ENTRIES
    for log in range(k.n_logs):
        if get(k.lm, log * LM_FIELDS + LM_HEAD) - get(k.lm, log * LM_FIELDS + LM_TAIL) >= most:
            return False
    return True


@njit(cache=True)
def can_make_room(k, row, flag):
    """Return whether a row finds its pages and slots among those given back, or would once its own time is the newest.

    States are not counted: without one a busy key is answered as a quiet one, slower.
    """
    newest = get(k.m, M_MAX_TIME)
    if flag & FLAG_INSERT != 0:
        newest = max(newest, get(row, IN_TIME))
    words = get(k.m, M_LIMIT) - get(k.m, M_BUMP)
    slots = get(k.m, M_SLOT_LIMIT) - 1 - get(k.m, M_SLOT_BUMP)
    free = get(k.m, M_SLOT_FREE)
    while free != 0 and slots < k.n_logs:
        slots += 1
        free = np.int64(get32(k.s32, free * 8 + S_NEXT))
    most = (get(k.m, M_PAGES_PER_LOG) - 2) * PAGE_ENTRIES
    for log in range(k.n_logs):
        horizon = newest - get(k.m, M_LATENESS) - get(k.lg, log * LG_FIELDS + LG_MAX_OFFSET)
        head, tail = get(k.lm, log * LM_FIELDS + LM_HEAD), get(k.lm, log * LM_FIELDS + LM_TAIL)
        leaving, pages = np.int64(0), np.int64(0)
        while leaving < MOST_FREED and tail + leaving < head:
            low = (tail + leaving + 1) & np.int64(0xFFFFFFFF)
            at = address(k, log, np.int32(np.uint32(low)))
            if get(k.a, at) > horizon:
                break
            slot = np.int64(link(k, log, at, SLOT))
            if slot != 0 and get32(k.s32, slot * 8 + S_COUNT) == 1:
                slots += 1
            if low & (PAGE_ENTRIES - 1) == PAGE_ENTRIES - 1:
                pages += 1
            leaving += 1
        if head - tail - leaving >= most:
            return False
        page = (((head + 1) & np.int64(0xFFFFFFFF)) // PAGE_ENTRIES) & (get(k.m, M_PAGES_PER_LOG) - 1)
        if (
            get(k.pages, log * get(k.m, M_PAGES_PER_LOG) + page) == 0
            and get(k.lm, log * LM_FIELDS + LM_PAGE_FREE) == 0
            and pages == 0
        ):
            words -= get(k.lg, log * LG_FIELDS + LG_STRIDE) * PAGE_ENTRIES
    return words >= 0 and slots >= k.n_logs
