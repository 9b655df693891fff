"""Puts the memory of this process on large pages, so that the processor finds its way in it sooner.

The engine's memory is many small Python objects all over some hundred megabytes. On pages of 4 KB the processor looks
up nearly each of them anew, and in a virtual machine such a look-up passes through two tables. On pages of 2 MB there
are few enough places for it to remember. Linux does so on its own only where it is asked, and Python does not ask.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LARGE = 1 << 21
PIECE = 32 * LARGE
"""So much is asked for by one call."""
BUDGET_SECONDS = 1.0
_MAPS = Path("/proc/self/maps")
_HUGEPAGE, _COLLAPSE = 14, 25  # MADV_HUGEPAGE and MADV_COLLAPSE (Linux 6.1) of madvise(2).
_HEAP = "[heap]"


class Span(NamedTuple):
    """A span of memory, in bytes from 0; both ends on a large page."""

    start: int
    length: int


def spans(lines: Iterable[str]) -> Iterator[Span]:
    """Yield what can lie on large pages: memory that is written, belongs to no file and is shared with nobody.

    Parameters
    ----------
    lines
        Of /proc/self/maps; see proc_pid_maps(5).

    Examples
    --------
    >>> list(spans(["00300000-00900000 rw-p 00000000 00:00 0"]))
    [Span(start=4194304, length=4194304)]
    >>> list(spans(["00300000-00900000 rw-p 00000000 fe:00 17 /data/windows"]))
    []
    """
    for line in lines:
        fields = line.split(maxsplit=5)
        where, kind = fields[0], fields[1]
        name = fields[5].strip() if len(fields) > 5 else ""  # noqa: PLR2004 - the sixth field is the name
        if kind != "rw-p" or name not in {"", _HEAP}:
            continue
        first, _, last = where.partition("-")
        start = -(-int(first, 16) // LARGE) * LARGE
        end = int(last, 16) // LARGE * LARGE
        if end > start:
            yield Span(start, end - start)


def gather(stop: Callable[[], bool] = lambda: False) -> int:
    """Move what this process has in memory to large pages; return how many pieces of it were asked for.

    Meant for a thread of its own: it takes some milliseconds for each page that is moved, and the others go on
    meanwhile. Where the system has no large pages, or has them switched off, nothing happens. Memory that Python takes
    later, and what could not be done in a second, is moved by the next call.

    Parameters
    ----------
    stop
        Asked between two pieces whether to leave it at that.
    """
    madvise = _madvise()
    if madvise is None or not _MAPS.exists():
        return 0
    with _MAPS.open(encoding="ascii", errors="replace") as lines:
        found = list(spans(lines))
    asked, until = 0, monotonic() + BUDGET_SECONDS
    for span in found:
        for start in range(span.start, span.start + span.length, PIECE):
            # A system that is short of memory looks long for a large page; nobody shall wait for that at the end.
            if stop() or monotonic() > until:
                return asked
            length = min(PIECE, span.start + span.length - start)
            # An error means that the system does not know the wish, or that a part is empty; the rest is done.
            madvise(start, length, _HUGEPAGE)
            madvise(start, length, _COLLAPSE)
            asked += 1
    return asked


@cache
def _madvise() -> Callable[[int, int, int], int] | None:
    """Return madvise(2), or None where there is none."""
    try:
        found = ctypes.CDLL(None).madvise
    except (AttributeError, OSError):
        return None
    found.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    found.restype = ctypes.c_int
    return cast("Callable[[int, int, int], int]", found)
