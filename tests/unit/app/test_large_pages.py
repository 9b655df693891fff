"""Memory on large pages: which of it, and that asking for it changes nothing that is in it."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest

from satark.app import large_pages
from satark.app.large_pages import LARGE, Span, gather, spans

MAPS = """\
55d000000000-55d000500000 r-xp 00000000 fe:00 11 /usr/bin/python3.11
55d000600000-55d000900000 rw-p 00000000 00:00 0                          [heap]
7f0000100000-7f00001ff000 rw-p 00000000 00:00 0
7f0000200000-7f0000a00000 rw-p 00000000 00:00 0
7f0000a00000-7f0001000000 ---p 00000000 00:00 0
7f0001000000-7f0002000000 rw-p 00000000 fe:00 12 /data/windows/log with spaces
7f0002000000-7f0003000000 rw-s 00000000 00:01 13 /dev/zero (deleted)
7f0003000000-7f0004000000 r--p 00000000 00:00 0
7ffc00000000-7ffc00800000 rw-p 00000000 00:00 0                          [stack]
"""


def test_only_written_memory_of_this_process_alone_is_taken() -> None:
    assert list(spans(MAPS.splitlines())) == [
        Span(0x55D000600000, 0x200000),
        Span(0x7F0000200000, 0x800000),
    ]


def test_both_ends_of_a_span_lie_on_large_pages() -> None:
    (span,) = spans(["00100000-00b00000 rw-p 00000000 00:00 0"])
    assert span.start % LARGE == 0
    assert span.length % LARGE == 0
    assert (span.start, span.start + span.length) == (0x200000, 0xA00000)


def test_less_than_a_large_page_is_left_alone() -> None:
    assert not list(spans(["00100000-003fffff rw-p 00000000 00:00 0"]))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="there is no /proc")
def test_what_is_in_memory_stays_as_it_is() -> None:
    memory = mmap.mmap(-1, 4 * LARGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    numbers = np.frombuffer(memory, dtype=np.int64)
    numbers[:] = np.arange(len(numbers))
    numbers[: LARGE // 8] = 7
    assert gather() > 0
    assert (numbers[: LARGE // 8] == 7).all()
    assert (numbers[LARGE // 8 :] == np.arange(LARGE // 8, len(numbers))).all()
    numbers[-1] = -1
    assert numbers[-1] == -1


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="there is no /proc")
def test_it_leaves_off_when_told_or_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = iter([False, False, True])
    assert gather(lambda: next(asked)) <= 2
    monkeypatch.setattr(large_pages, "BUDGET_SECONDS", -1.0)
    assert gather() == 0


def test_without_a_list_of_what_is_in_memory_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(large_pages, "_MAPS", tmp_path / "maps")
    assert gather() == 0
