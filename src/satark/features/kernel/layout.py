"""How the windows of one policy are laid out in flat arrays.

The plan (`satark.features.plan`) names logs, columns and features; `build_layout` turns them into the integer tables
that the compiled kernel walks. A *log* holds the entries of one entity, one event type and one filter: a key (for
instance one card) owns a list of entries in it, in order of time and, among equals, of arrival.

Words are 64 bits. An entry is ``[time, column 0, ..., column k]`` followed by 32-bit links: previous, next, slot, and
for each column the aids that its statistics need. The state of a busy key is ``[cursor time, one entry per boundary,
aggregates of each window]``; a boundary is a distance into the past at which some window begins or ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from satark.features.spec import Statistic

Table = NDArray[np.int64]

PAGE_ENTRIES = 256
MASK_BITS = 62
STATE_UNIT_WORDS = 8

# Columns of an input row; masks of MASK_BITS filters each follow, then keys and values.
IN_SEQ = 0
IN_TIME = 1
IN_MASK = 2

FLAG_EVALUATE = 1
FLAG_INSERT = 2
FLAG_RETRACT = 4

# Log table.
(
    LG_KEY,
    LG_BIT,
    LG_STRIDE,
    LG_NCOL,
    LG_COL0,
    LG_NBND,
    LG_BND0,
    LG_NWIN,
    LG_WIN0,
    LG_NFEAT,
    LG_FEAT0,
    LG_STATE,
) = range(12)
LG_MAX_OFFSET = 12
LG_LINK = 13  # 32-bit offset of the links within an entry.
LG_NEED_CHAIN = 14  # 1 when any column keeps a chain of equal values.
LG_FIELDS = 15

# Column table.
CO_INPUT, CO_FLOAT, CO_CHAIN, CO_UP, CO_DOWN, CO_MAP, CO_FIELDS = range(7)

# Boundary table: distance, then which windows begin (enter) and end (leave) there.
BD_OFFSET, BD_HEAD0, BD_NHEAD, BD_TAIL0, BD_NTAIL, BD_FIELDS = range(6)

# Window table.
WN_WIDTH, WN_DELAY, WN_HEAD, WN_TAIL, WN_COUNT, WN_AGG0, WN_NAGG, WN_FIELDS = range(8)

# Aggregate table.
AG_KIND, AG_COL, AG_AT, AG_FIELDS = range(4)
AGG_SUM, AGG_SQUARES, AGG_DISTINCT = range(3)

# Feature table.
FT_STAT, FT_WIN, FT_COL, FT_OUT, FT_SUM_AT, FT_SQ_AT, FT_DISTINCT_AT, FT_BIT, FT_EXCLUSIVE, FT_FIELDS = range(
    10
)

(
    ST_COUNT,
    ST_SUM,
    ST_MEAN,
    ST_MIN,
    ST_MAX,
    ST_STD,
    ST_DISTINCT,
    ST_FIRST,
    ST_LAST,
    ST_SINCE_LAST,
    ST_SINCE_FIRST,
    ST_RATE,
    ST_SPEED,
    ST_NEW,
) = range(14)

STAT_CODES = {
    Statistic.COUNT: ST_COUNT,
    Statistic.SUM: ST_SUM,
    Statistic.MEAN: ST_MEAN,
    Statistic.MIN: ST_MIN,
    Statistic.MAX: ST_MAX,
    Statistic.STD: ST_STD,
    Statistic.DISTINCT: ST_DISTINCT,
    Statistic.FIRST: ST_FIRST,
    Statistic.LAST: ST_LAST,
    Statistic.SINCE_LAST: ST_SINCE_LAST,
    Statistic.SINCE_FIRST: ST_SINCE_FIRST,
    Statistic.RATE: ST_RATE,
    Statistic.SPEED: ST_SPEED,
    Statistic.NEW: ST_NEW,
}
_EXCLUSIVE = {ST_FIRST, ST_LAST, ST_SINCE_LAST, ST_SINCE_FIRST, ST_SPEED, ST_NEW}


@dataclass(frozen=True, slots=True)
class ColumnDef:
    """A value that entries of a log carry: its input column, and whether it is an ordered float."""

    input: int
    is_float: bool = False


@dataclass(frozen=True, slots=True)
class FeatureDef:
    """One output of the kernel; `column` indexes the log's columns (-1 for none), times in microseconds."""

    statistic: Statistic
    column: int
    window_us: int
    delay_us: int
    out: int
    present_bit: int = -1


@dataclass(slots=True)
class LogDef:
    """One log: the input column of its key, the bit of its filter, its columns and features."""

    key_input: int
    bit: int
    columns: list[ColumnDef] = field(default_factory=list)
    features: list[FeatureDef] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class QuotientDef:
    """An output that is one count divided by another (`share_of`)."""

    out: int
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Layout:
    """The integer tables of one policy, as the kernel reads them; shapes are (rows, *_FIELDS)."""

    logs: Table
    columns: Table
    boundaries: Table
    boundary_windows: Table
    windows: Table
    aggregates: Table
    features: Table
    quotients: Table
    n_inputs: int
    n_masks: int
    n_outputs: int
    max_offset_us: int
    reserve_words: int
    n_maps: int


def build_layout(
    logs: list[LogDef],
    *,
    n_inputs: int,
    n_masks: int,
    n_outputs: int,
    quotients: list[QuotientDef] | None = None,
) -> Layout:
    """Lay logs out for the kernel.

    Parameters
    ----------
    logs
        What a policy keeps.
    n_inputs
        Width of an input row in words.
    n_masks
        How many mask words follow the time.
    n_outputs
        Width of an output row, hidden counts included.
    quotients
        Outputs computed from other outputs at the end of an event.

    Returns
    -------
    Layout
        Tables of int64.
    """
    builder = _Builder()
    for log in logs:
        builder.add(log)
    return Layout(
        logs=_table(builder.logs, LG_FIELDS),
        columns=_table(builder.columns, CO_FIELDS),
        boundaries=_table(builder.boundaries, BD_FIELDS),
        boundary_windows=np.asarray(builder.boundary_windows or [0], dtype=np.int64),
        windows=_table(builder.windows, WN_FIELDS),
        aggregates=_table(builder.aggregates, AG_FIELDS),
        features=_table(builder.features, FT_FIELDS),
        quotients=_table([[q.out, q.numerator, q.denominator] for q in quotients or []], 3),
        n_inputs=n_inputs,
        n_masks=n_masks,
        n_outputs=n_outputs,
        max_offset_us=max((row[LG_MAX_OFFSET] for row in builder.logs), default=0),
        reserve_words=sum(row[LG_STRIDE] * PAGE_ENTRIES + row[LG_STATE] for row in builder.logs) + 64,
        n_maps=builder.n_maps,
    )


def _table(rows: list[list[int]], width: int) -> Table:
    if not rows:
        return np.zeros((0, width), dtype=np.int64)
    return np.asarray(rows, dtype=np.int64)


class _Builder:
    """Collects the rows of all tables while logs are added one by one."""

    def __init__(self) -> None:
        self.logs: list[list[int]] = []
        self.columns: list[list[int]] = []
        self.boundaries: list[list[int]] = []
        self.boundary_windows: list[int] = []
        self.windows: list[list[int]] = []
        self.aggregates: list[list[int]] = []
        self.features: list[list[int]] = []
        self.n_maps = 0

    def add(self, log: LogDef) -> None:
        """Add one log with its columns, boundaries, windows and features."""
        row = [0] * LG_FIELDS
        row[LG_KEY], row[LG_BIT] = log.key_input, log.bit
        row[LG_NCOL], row[LG_COL0] = len(log.columns), len(self.columns)
        self._add_columns(log, row)
        offsets = sorted({o for f in log.features for o in (f.delay_us, f.delay_us + f.window_us)})
        row[LG_NBND], row[LG_BND0] = len(offsets), len(self.boundaries)
        row[LG_MAX_OFFSET] = offsets[-1] if offsets else 0
        window_index = self._add_windows(log, row, offsets)
        self._add_features(log, row, window_index)
        self.logs.append(row)

    def _add_columns(self, log: LogDef, row: list[int]) -> None:
        link = 2 * (1 + len(log.columns))
        at = link + 3
        for index, column in enumerate(log.columns):
            stats = {STAT_CODES[f.statistic] for f in log.features if f.column == index}
            fields = [0] * CO_FIELDS
            fields[CO_INPUT], fields[CO_FLOAT] = column.input, int(column.is_float)
            fields[CO_CHAIN] = fields[CO_UP] = fields[CO_DOWN] = fields[CO_MAP] = -1
            if stats & {ST_DISTINCT, ST_NEW}:
                fields[CO_CHAIN], fields[CO_MAP] = at, self.n_maps
                self.n_maps += 1
                at += 3
                row[LG_NEED_CHAIN] = 1
            if ST_MAX in stats:
                fields[CO_UP] = at
                at += 1
            if ST_MIN in stats:
                fields[CO_DOWN] = at
                at += 1
            self.columns.append(fields)
        row[LG_LINK] = link
        row[LG_STRIDE] = (at + 1) // 2

    def _add_windows(self, log: LogDef, row: list[int], offsets: list[int]) -> dict[tuple[int, int], int]:
        row[LG_WIN0] = len(self.windows)
        at = 1 + len(offsets)
        index: dict[tuple[int, int], int] = {}
        for feature in sorted(log.features, key=lambda f: (f.delay_us, f.window_us)):
            key = (feature.delay_us, feature.window_us)
            if key in index:
                continue
            index[key] = len(self.windows)
            fields = [0] * WN_FIELDS
            fields[WN_WIDTH], fields[WN_DELAY] = feature.window_us, feature.delay_us
            fields[WN_HEAD] = offsets.index(feature.delay_us)
            fields[WN_TAIL] = offsets.index(feature.delay_us + feature.window_us)
            fields[WN_COUNT], at = at, at + 1
            fields[WN_AGG0] = len(self.aggregates)
            for kind, column in self._needs(log, key):
                self.aggregates.append([kind, column, at])
                at += 1 if kind == AGG_DISTINCT else 2
            fields[WN_NAGG] = len(self.aggregates) - fields[WN_AGG0]
            self.windows.append(fields)
        row[LG_NWIN] = len(index)
        row[LG_STATE] = -(-at // STATE_UNIT_WORDS) * STATE_UNIT_WORDS
        for local, offset in enumerate(offsets):
            mine = range(row[LG_WIN0], len(self.windows))
            heads = [w for w in mine if self.windows[w][WN_HEAD] == local]
            tails = [w for w in mine if self.windows[w][WN_TAIL] == local]
            head0 = len(self.boundary_windows)
            self.boundary_windows += heads + tails
            self.boundaries.append([offset, head0, len(heads), head0 + len(heads), len(tails)])
        return index

    def _needs(self, log: LogDef, key: tuple[int, int]) -> list[tuple[int, int]]:
        needs: set[tuple[int, int]] = set()
        for feature in log.features:
            if (feature.delay_us, feature.window_us) != key or feature.column < 0:
                continue
            stat = STAT_CODES[feature.statistic]
            if stat in {ST_SUM, ST_MEAN, ST_STD} and not log.columns[feature.column].is_float:
                needs.add((AGG_SUM, feature.column))
            if stat == ST_STD and not log.columns[feature.column].is_float:
                needs.add((AGG_SQUARES, feature.column))
            if stat == ST_DISTINCT:
                needs.add((AGG_DISTINCT, feature.column))
        return sorted(needs)

    def _add_features(self, log: LogDef, row: list[int], window_index: dict[tuple[int, int], int]) -> None:
        row[LG_NFEAT], row[LG_FEAT0] = len(log.features), len(self.features)
        # Extremes of one column are evaluated from the narrowest window outwards, so that one walk serves all.
        order = sorted(
            log.features, key=lambda f: (STAT_CODES[f.statistic], f.column, f.delay_us, f.window_us, f.out)
        )
        for feature in order:
            window = window_index[feature.delay_us, feature.window_us]
            at = {
                (kind, column): where
                for kind, column, where in self.aggregates[
                    self.windows[window][WN_AGG0] : self.windows[window][WN_AGG0]
                    + self.windows[window][WN_NAGG]
                ]
            }
            stat = STAT_CODES[feature.statistic]
            self.features.append(
                [
                    stat,
                    window,
                    feature.column,
                    feature.out,
                    at.get((AGG_SUM, feature.column), -1),
                    at.get((AGG_SQUARES, feature.column), -1),
                    at.get((AGG_DISTINCT, feature.column), -1),
                    feature.present_bit,
                    int(stat in _EXCLUSIVE),
                ]
            )
