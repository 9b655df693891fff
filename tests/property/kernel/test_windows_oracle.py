"""The windows equal an independent computation in DuckDB, whatever comes: ties, late events, repeats, recycling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satark.features.kernel import memory as mem

MINUTE_US = 60_000_000
LATENESS_US = 2 * MINUTE_US
BYS = ("card", "merchant", "card+merchant", "line_count")
WINDOWS = ("over 1m", "over 3m", "over 10m", "over 2m delayed 3m", "over 5m delayed 1m")
LINES = (
    "count()", 'count(method == "card")', "count() of payment_result", 'count(outcome == "declined")',
    'count(label == "fraud")', "sum(amount)", "sum(amount, where=amount > 100)", "sum(custom.f)", "mean(amount)",
    "mean(custom.f)", "min(amount)", "min(custom.f)", "max(amount)", "max(custom.f)", "std(amount)", "std(custom.f)",
    "distinct(device)", "distinct(amount)", "distinct(custom.f)", "distinct(custom.flag)", "first(device)",
    "last(device)", "first(amount)", "last(custom.f)", "last(custom.flag)", "since_last()", "since_first()",
    'since_last(method == "card")', "rate()", 'rate(method == "card")', 'share_of(method == "card")',
    'share_of(method == "card", where=amount > 100)', 'share_of(outcome == "declined")', "speed(location)",
    "new(device)", "new(amount)",
)  # fmt: skip
SMALL = {"memory_bytes": 1 << 26, "max_keys": 1 << 12, "max_entries": 1 << 12}


def event(kind, at, draw):
    """Make one event's facts from a drawer of choices."""
    here = draw(PLACES)
    return {
        "kind": kind,
        "t": at,
        "amount": draw((None, 0, 7, 7, 100, 101, -3, 2**53 - 1, 10**12 + 1, 2**60)),
        "method": draw(("card", "upi", None)),
        "card": draw(("c1", "c1", "c2", None)),
        "merchant": draw(("m1", "m2")),
        "device": draw(("d1", "d2", "d3", None)),
        "outcome": draw(("declined", "captured")) if kind == "payment_result" else None,
        "label": draw(("fraud", "genuine")) if kind == "label" else None,
        "line_count": draw((0, 1)),
        "custom.f": draw((None, 0.0, -0.0, 0.1, 0.1, -12.25, 1e9, 33.333)),
        "custom.flag": draw((True, False, None)),
        "lat": here and here[0],
        "lon": here and here[1],
        "accuracy_m": here and here[2],
    }


PLACES = (None, (12.97, 77.59, 0.0), (19.07, 72.87, 50.0), (12.971, 77.591, 30.0), (-33.9, 151.2, 0.0))
GAPS_US = (0, 0, 1, 999_999, MINUTE_US // 4, MINUTE_US, 3 * MINUTE_US)
# On the edges of windows and of lateness, and far behind them.
BACK_US = (0,) * 8 + (1, MINUTE_US, LATENESS_US, LATENESS_US + 1, 20 * MINUTE_US)


@st.composite
def histories(draw):
    """Draw features and events."""
    lines = draw(
        st.lists(
            st.tuples(st.sampled_from(LINES), st.sampled_from(BYS), st.sampled_from(WINDOWS)).map(one_line),
            min_size=4,
            max_size=14,
        )
    )
    now, events = 0, []
    for _ in range(draw(st.integers(1, 40))):
        now += draw(st.sampled_from(GAPS_US))
        kind = draw(st.sampled_from(("payment", "payment", "payment", "payment_result", "label")))
        made = event(kind, now - draw(st.sampled_from(BACK_US)), lambda many: draw(st.sampled_from(many)))
        # An event that comes twice counts twice here: ids are the business of the door.
        events += [made] * draw(st.sampled_from((1, 1, 1, 2)))
    return lines, events


def one_line(parts):
    statistic, by, window = parts
    statistic, _, of = statistic.partition(" of ")
    return f"{statistic}{' of ' + of if of else ''} by {by} {window}"


@given(history=histories(), threshold=st.sampled_from((1, 2, 4, 64)))
@settings(max_examples=80)
def test_features_equal_duckdb_when_any_history_comes(oracle, history, threshold):
    case = oracle.make_case(*history, LATENESS_US)
    rows, texts = oracle.rows_of(case)
    out, nul, _ = oracle.run(case, rows, [len(rows)], busy_threshold=threshold, **SMALL)
    assert not oracle.differences(case, oracle.decoded(case, out, nul, texts), oracle.expected(case))


@given(history=histories(), steps=st.lists(st.integers(1, 9), min_size=1, max_size=5))
@settings(max_examples=40)
def test_answers_are_equal_bit_for_bit_when_events_come_one_by_one_or_in_bulk(oracle, history, steps):
    case = oracle.make_case(*history, LATENESS_US)
    rows, _ = oracle.rows_of(case)
    runs = [oracle.run(case, rows, sizes, **SMALL) for sizes in ([len(rows)], [1], steps)]
    evaluated = (oracle.flags_of(case) & 1) == 1
    for out, nul, _ in runs[1:]:
        assert np.array_equal(nul[evaluated], runs[0][1][evaluated])
        known = nul[evaluated] == 0
        assert np.array_equal(out[evaluated][known], runs[0][0][evaluated][known])


def long_history(seed, n):
    """Return n events over many windows: every log is filled and emptied again and again."""
    dice = np.random.default_rng(seed)
    now, events = 0, []
    for _ in range(n):
        now += int(dice.choice((0, 1, 400_000, 2_000_000, 9_000_000)))
        back = int(
            dice.choice((0, 0, 0, 0, 0, 0, 1, MINUTE_US, LATENESS_US, LATENESS_US + 1, 20 * MINUTE_US))
        )
        kind = ("payment", "payment", "payment", "payment_result", "label")[int(dice.integers(5))]
        events.append(event(kind, now - back, lambda many: many[int(dice.integers(len(many)))]))
    return events


@pytest.mark.parametrize("seed", [1, 2])
def test_features_equal_duckdb_when_buffers_were_filled_and_wrapped_more_than_twice(oracle, seed):
    lines = [
        one_line((LINES[i], BYS[(i + seed) % 4], WINDOWS[(i * 7 + seed) % 5])) for i in range(len(LINES))
    ]
    case = oracle.make_case(lines, long_history(seed, 9_000), LATENESS_US)
    rows, texts = oracle.rows_of(case)
    out, nul, windows = oracle.run(case, rows, [1_000], busy_threshold=3, **(SMALL | {"max_entries": 2048}))
    made = windows._lm[:, mem.LM_HEAD]
    assert made.max() > 2 * 8 * 256
    assert windows.stats()["entries"] < len(made) * 1_000
    assert not oracle.differences(case, oracle.decoded(case, out, nul, texts), oracle.expected(case))


@pytest.mark.parametrize("first", [2**31 - 300, 2**32 - 300])
def test_features_are_the_same_when_entry_numbers_pass_the_end_of_their_32_bits(oracle, first):
    lines = [one_line((LINES[i], BYS[i % 4], WINDOWS[(i * 3) % 5])) for i in range(len(LINES))]
    case = oracle.make_case(lines, long_history(3, 1_500), LATENESS_US)
    rows, _ = oracle.rows_of(case)
    out, nul, _ = oracle.run(case, rows, [100], busy_threshold=3, **SMALL)
    far_out, far_nul, _ = run_from(oracle, case, rows, first)
    evaluated = (oracle.flags_of(case) & 1) == 1
    assert np.array_equal(nul[evaluated], far_nul[evaluated])
    known = nul[evaluated] == 0
    assert np.array_equal(out[evaluated][known], far_out[evaluated][known])


def run_from(oracle, case, rows, first):
    """Run with entries numbered from `first`, as after billions of events."""

    class Moved(oracle.Windows):
        def __init__(self, layout, **options):
            super().__init__(layout, **options)
            self._lm[:, mem.LM_HEAD] = first
            self._lm[:, mem.LM_TAIL] = first

    return oracle.run(case, rows, [100], windows_type=Moved, busy_threshold=3, **SMALL)
