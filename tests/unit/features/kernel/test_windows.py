"""The windows against a few lines of plain Python, and what only the memory behind them can get wrong."""

import math
from fractions import Fraction

import numpy as np
import pytest

from satark.core.errors import WindowsFull
from satark.features.hashing import word_of_float
from satark.features.kernel.layout import (
    FLAG_EVALUATE,
    FLAG_INSERT,
    FLAG_RETRACT,
    ColumnDef,
    FeatureDef,
    LogDef,
    build_layout,
)
from satark.features.kernel.windows import Windows
from satark.features.spec import EXCLUDES_ITSELF, Statistic

M = 60_000_000
LATE_US = 5 * M
BOTH = FLAG_EVALUATE | FLAG_INSERT
SPANS = [(M, 0), (10 * M, 0), (30 * M, 0), (7 * M, 5 * M), (3 * M, 20 * M)]
VALUELESS = {Statistic.COUNT, Statistic.RATE, Statistic.SINCE_FIRST, Statistic.SINCE_LAST}
STATISTICS = [s for s in Statistic if s not in {Statistic.SHARE_OF, Statistic.SPEED}]
FLOATS = {Statistic.MEAN, Statistic.STD, Statistic.RATE, Statistic.SINCE_LAST, Statistic.SINCE_FIRST}
FLOAT_COLUMN = 2


def lay_out():
    """Two logs (keys in columns 3 and 4, filters in bits 0 and 1), every statistic over every span."""
    logs, wanted = [], []
    for log in range(2):
        definition = LogDef(3 + log, log, [ColumnDef(5), ColumnDef(6), ColumnDef(7, is_float=True)])
        for window, delay in SPANS:
            for statistic in STATISTICS:
                column = (
                    -1 if statistic in VALUELESS else int(statistic in {Statistic.DISTINCT, Statistic.NEW})
                )
                columns = [column]
                if statistic in {Statistic.SUM, Statistic.MAX, Statistic.STD, Statistic.FIRST}:
                    columns.append(FLOAT_COLUMN)
                for each in columns:
                    bit = 2 if statistic == Statistic.NEW else -1
                    definition.features.append(FeatureDef(statistic, each, window, delay, len(wanted), bit))
                    wanted.append((log, statistic, each, window, delay))
        logs.append(definition)
    return build_layout(logs, n_inputs=8, n_masks=1, n_outputs=len(wanted)), wanted


def draw_events(seed, count):
    draw = np.random.default_rng(seed)
    rows = np.zeros((count, 8), dtype=np.int64)
    now = 0
    for i in range(count):
        now += int(draw.choice([0, 0, 1, M // 10, M // 3, M, 3 * M]))
        back = int(draw.choice([0, 0, 0, 0, 1, M, 4 * M, LATE_US, 6 * M, 40 * M])) if i > 20 else 0
        rows[i, 1] = now - back
    rows[:, 2] = draw.integers(0, 8, count) | 1
    rows[:, 3] = draw.integers(0, 4, count)
    rows[:, 4] = draw.integers(1, 3, count)
    rows[:, 5] = draw.integers(-5, 1_000, count) * int(10 ** draw.integers(0, 12))
    rows[:, 6] = draw.integers(0, 6, count)
    floats = draw.normal(size=count) * 100
    rows[:, 7] = [word_of_float(value) for value in floats]
    flags = np.zeros(count, dtype=np.uint8)
    newest, horizons = -(1 << 62), []
    for i in range(count):
        flags[i] = FLAG_EVALUATE if draw.random() < 0.85 else 0
        if rows[i, 1] >= newest - LATE_US:
            flags[i] |= FLAG_INSERT
            newest = max(newest, int(rows[i, 1]))
        horizons.append(newest - LATE_US)
    return rows, floats, flags, horizons


def expected(rows, floats, flags, horizons, i, feature):  # noqa: PLR0911 - one per statistic
    log, statistic, column, window, delay = feature
    at, key = rows[i, 1], rows[i, 3 + log]
    if key == 0 or at - delay - window < horizons[i] - 30 * M:
        return None
    inside = sorted(
        (rows[j, 1], j)
        for j in range(i + 1)
        if rows[j, 3 + log] == key
        and rows[j, 2] >> log & 1
        and (flags[j] & FLAG_INSERT or j == i)
        and at - delay - window < rows[j, 1] <= at - delay
        and not (j == i and statistic in EXCLUDES_ITSELF)
    )
    places = [j for _, j in inside]
    values = []
    if column >= 0:
        values = [float(floats[j]) if column == FLOAT_COLUMN else int(rows[j, 5 + column]) for j in places]
    if statistic == Statistic.COUNT:
        return len(places)
    if statistic == Statistic.RATE:
        return len(places) / (window / 1e6)
    if statistic == Statistic.SUM:
        return math.fsum(values) if column == FLOAT_COLUMN else sum(values)
    if statistic == Statistic.DISTINCT:
        return len(set(values))
    if statistic == Statistic.NEW:
        return int(int(rows[i, 6]) not in values) if rows[i, 2] >> 2 & 1 else None
    if not places:
        return None
    if statistic == Statistic.MEAN:
        return sum(values) / len(values)
    if statistic == Statistic.STD:
        mean = sum(map(Fraction, values)) / len(values)
        return math.sqrt(sum((Fraction(value) - mean) ** 2 for value in values) / len(values))
    if statistic == Statistic.SINCE_LAST:
        return (at - rows[places[-1], 1]) / 1e6
    if statistic == Statistic.SINCE_FIRST:
        return (at - rows[places[0], 1]) / 1e6
    return {Statistic.MIN: min, Statistic.MAX: max, Statistic.FIRST: _first, Statistic.LAST: _last}[
        statistic
    ](values)


def _first(values):
    return values[0]


def _last(values):
    return values[-1]


def small_windows(layout, **options):
    return Windows(
        layout,
        lateness_us=LATE_US,
        **({"memory_bytes": 1 << 24, "max_keys": 1 << 8, "max_entries": 1 << 11} | options),
    )


def run(windows, rows, flags):
    out = np.zeros((len(rows), windows.layout.n_outputs), dtype=np.int64)
    nul = np.zeros((len(rows), windows.layout.n_outputs), dtype=np.uint8)
    windows.run(rows, flags, out, nul)
    return out, nul


@pytest.mark.parametrize("seed", range(9))
def test_every_statistic_when_ties_late_and_recycled(seed):
    layout, wanted = lay_out()
    rows, floats, flags, horizons = draw_events(seed, 260)
    windows = small_windows(layout, busy_threshold=[2, 4, 16][seed % 3])
    out, nul = run(windows, rows, flags)
    as_float = out.view(np.float64)
    for i in np.flatnonzero(flags & FLAG_EVALUATE):
        for o, feature in enumerate(wanted):
            want = expected(rows, floats, flags, horizons, i, feature)
            is_float = feature[1] in FLOATS or feature[2] == FLOAT_COLUMN
            got = None if nul[i, o] else (as_float[i, o] if is_float else int(out[i, o]))
            if want is None or got is None:
                assert got is want, (i, feature)
            elif is_float:
                assert math.isclose(got, want, rel_tol=1e-9, abs_tol=1e-11), (i, feature)
            else:
                assert got == want, (i, feature)


def test_answers_are_equal_bit_for_bit_when_one_by_one_or_in_bulk():
    layout, _ = lay_out()
    rows, _, flags, _ = draw_events(3, 200)
    bulk = run(small_windows(layout), rows, flags)
    one = small_windows(layout)
    for i in range(len(rows)):
        out, nul = run(one, rows[i : i + 1], flags[i : i + 1])
        if flags[i] & FLAG_EVALUATE:
            assert nul[0].tolist() == bulk[1][i].tolist()
            known = nul[0] == 0
            assert out[0][known].tolist() == bulk[0][i][known].tolist()


def test_a_key_entered_without_answers_equals_one_entered_with_when_asked_later():
    layout, _ = lay_out()
    rows, _, flags, _ = draw_events(5, 200)
    flags |= FLAG_INSERT
    rows[:, 1] = np.sort(rows[:, 1])
    silent, told = small_windows(layout), small_windows(layout)
    run(told, rows[:-1], np.full(len(rows) - 1, BOTH, dtype=np.uint8))
    run(silent, rows[:-1], np.full(len(rows) - 1, FLAG_INSERT, dtype=np.uint8))
    silent.warm()
    last = np.full(1, BOTH, dtype=np.uint8)
    assert [part.tolist() for part in run(silent, rows[-1:], last)] == [
        part.tolist() for part in run(told, rows[-1:], last)
    ]


def test_memory_stays_when_the_rings_wrap_many_times():
    layout, _ = lay_out()
    windows = small_windows(layout)
    sizes = []
    for turn in range(12):
        rows, _, _, _ = draw_events(turn, 1_500)
        rows[:, 1] = np.sort(np.abs(rows[:, 1])) + turn * 10_000 * M
        run(windows, rows, np.full(len(rows), BOTH, dtype=np.uint8))
        sizes.append(windows.stats()["bytes"])
    # 18,000 events went through rings of 2,048; after the first turns nothing more is taken.
    assert sizes[-1] <= sizes[2]
    assert windows.stats()["entries"] < 4 * 1_500


def test_a_retracted_entry_is_gone_when_it_stood_in_the_middle():
    layout, wanted = lay_out()
    rows, _, _, _ = draw_events(8, 120)
    rows[:, 1] = np.sort(np.abs(rows[:, 1]))
    rows[:, 1] += np.arange(len(rows))  # No ties: the retracted entry is then certain.
    insert = np.full(1, FLAG_INSERT, dtype=np.uint8)
    both = np.full(1, BOTH, dtype=np.uint8)
    for threshold in (2, 1_000):
        with_it, without = (small_windows(layout, busy_threshold=threshold) for _ in range(2))
        for i in range(len(rows) - 1):
            run(with_it, rows[i : i + 1], both)
            if i != 100:
                run(without, rows[i : i + 1], insert)
        run(with_it, rows[100:101], np.full(1, FLAG_RETRACT, dtype=np.uint8))
        got, want = run(with_it, rows[-1:], both), run(without, rows[-1:], both)
        assert got[1].tolist() == want[1].tolist()
        known = want[1][0] == 0
        assert got[0][0][known].tolist() == want[0][0][known].tolist()
    assert len(wanted) == layout.n_outputs


def test_a_full_memory_is_refused_and_changes_nothing_when_reached():
    layout, _ = lay_out()
    windows = small_windows(layout, max_keys=64)
    rows = np.zeros((100, 8), dtype=np.int64)
    rows[:, 1], rows[:, 2] = np.arange(100), 3
    rows[:, 3] = rows[:, 4] = np.arange(1, 101)
    with pytest.raises(WindowsFull) as refused:
        run(windows, rows, np.full(100, BOTH, dtype=np.uint8))
    done = refused.value.fields["row"]
    before = windows.stats()
    with pytest.raises(WindowsFull):
        run(windows, rows[done : done + 1], np.full(1, BOTH, dtype=np.uint8))
    assert windows.stats() == before


def test_rows_without_outputs_are_refused_when_they_ask_to_be_evaluated():
    layout, _ = lay_out()
    windows = small_windows(layout)
    one = np.zeros((1, layout.n_outputs), dtype=np.int64), np.zeros((1, layout.n_outputs), dtype=np.uint8)
    with pytest.raises(ValueError, match="evaluated"):
        windows.run_silent(np.zeros((3, 8), dtype=np.int64), np.full(3, BOTH, dtype=np.uint8), *one)
