"""What is known of the truth, and how much each payment counts."""

from __future__ import annotations

import polars as pl

from satark.core.clock import MICROS_PER_DAY
from satark.decisions.backtest.labelling import Truth
from satark.decisions.label_index import FRAUD, GENUINE, NONE, LabelIndex
from satark.decisions.replay_stage import SHARE, THEN
from satark.policies.label_rules import LabelRules

AS_OF = 100 * MICROS_PER_DAY
OLD, YOUNG = 10 * MICROS_PER_DAY, 99 * MICROS_PER_DAY
NOBODY = pl.DataFrame(
    schema={"payment": pl.String(), "label": pl.String(), "reporter": pl.String(), "reported_us": pl.Int64()}
)


def told(*rows):
    return pl.DataFrame([(*row, 0) for row in rows], schema=NOBODY.schema, orient="row") if rows else NOBODY


def payments(*rows):
    schema = {"id": pl.String(), "occurred_at": pl.Int64(), THEN: pl.Int8(), SHARE: pl.Float64()}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def test_silence_means_genuine_only_of_what_went_through_long_ago():
    truth = Truth(NOBODY, LabelRules(), as_of_us=AS_OF, weighted=False)
    codes, weights = truth.add(
        payments(
            ("a", OLD, 0, None),
            ("b", OLD, 2, None),
            ("c", YOUNG, 0, None),
            ("d", OLD, 1, None),
            ("e", OLD, None, None),
        )
    )
    # Of the last one nobody knows any more what was done with it.
    assert codes.tolist() == [GENUINE, NONE, NONE, GENUINE, NONE]
    assert weights.tolist() == [1, 0, 0, 1, 0]
    assert truth.labels().presumed == 2
    assert {"presumed", "young", "selective"} <= {note.code for note in truth.notes()}


def test_of_a_file_silence_means_nothing():
    truth = Truth(NOBODY, LabelRules(), as_of_us=None, weighted=False)
    codes, _ = truth.add(payments(("a", OLD, 0, None)).drop(THEN, SHARE))
    assert codes.tolist() == [NONE]


def test_what_was_only_looked_at_counts_while_there_is_no_control_group():
    labels = told(("held", "fraud", "analyst"), ("free", "genuine", "issuer"))
    truth = Truth(labels, LabelRules(mature_days=None), as_of_us=AS_OF, weighted=False)
    _, weights = truth.add(payments(("held", OLD, 2, None), ("free", OLD, 0, None)))
    assert weights.tolist() == [1, 1]
    assert (truth.labels().stopped_then, truth.labels().stopped_labelled) == (1, 1)


def test_a_control_group_stands_for_all_that_were_stopped():
    labels = told(("held", "fraud", "analyst"), ("let", "fraud", "issuer"), ("free", "genuine", "issuer"))
    truth = Truth(labels, LabelRules(mature_days=None), as_of_us=AS_OF, weighted=True)
    codes, weights = truth.add(
        payments(("held", OLD, 2, None), ("let", OLD, 0, 0.02), ("free", OLD, 0, None), ("new", OLD, 0, None))
    )
    assert codes.tolist() == [FRAUD, FRAUD, GENUINE, NONE]
    assert weights.tolist() == [0, 50, 1, 0]
    found = truth.labels()
    assert (found.control, found.weighted) == (1, True)
    assert found.base_rate.value == 50 / 51
    # One payment with a weight of fifty says little: the interval must show it.
    assert found.base_rate.low < 0.3
    assert {"control_group", "selective_weighted"} <= {note.code for note in truth.notes()}


def test_contradicting_reporters_are_counted_and_the_most_trusted_one_holds():
    labels = told(("a", "fraud", "customer"), ("a", "genuine", "issuer"), ("b", "fraud", "issuer"))
    truth = Truth(labels, LabelRules(), as_of_us=None, weighted=False)
    codes, _ = truth.add(payments(("a", OLD, 0, None), ("b", OLD, 0, None)))
    assert codes.tolist() == [GENUINE, FRAUD]
    assert truth.labels().disputed == 1


def test_labels_are_found_again_even_where_two_ids_have_one_hash(monkeypatch):
    ids = [f"id-{number}" for number in range(500)]
    labels = pl.DataFrame({"id": ids, "label": ["fraud" if n % 3 == 0 else "genuine" for n in range(500)]})
    index = LabelIndex(labels)
    asked = pl.Series(["nobody", *reversed(ids)])
    want = [NONE, *(FRAUD if n % 3 == 0 else GENUINE for n in reversed(range(500)))]
    assert index.codes(asked).tolist() == want

    import numpy as np

    # All ids share their first hash: only the second tells them apart.
    index._first = np.zeros(500, dtype=np.uint64)
    found = LabelIndex.codes
    order = np.arange(500)
    index._second = labels["id"].hash(0x7A5A).to_numpy()[order]
    index._codes = np.array([FRAUD if n % 3 == 0 else GENUINE for n in range(500)], dtype=np.uint8)
    kept = pl.Series.hash

    def one_hash(series, seed=0, *rest):
        return pl.Series([0] * len(series), dtype=pl.UInt64) if seed == 0x5A7A else kept(series, seed, *rest)

    monkeypatch.setattr(pl.Series, "hash", one_hash)
    assert found(index, asked).tolist() == want
