"""Labels read off a log, and what a payment counts as when labels are late, missing or made by stopping it."""

from __future__ import annotations

import polars as pl
import pytest

from satark.core.clock import MICROS_PER_DAY
from satark.decisions.labels import (
    UNLABELLED,
    Act,
    Basis,
    LabelRules,
    Standing,
    TrustOrder,
    history_of,
    outcome,
    report_of,
)
from satark.decisions.labels_frame import standing_frame
from satark.decisions.ports import LogEntry


def entry(seq, body, kind="label", ref="p1", owner=1):
    return LogEntry(seq, owner, f"l{seq}", kind, 0, 0, 0, ref, b"", body)


def label(seq, label, reporter, at="2026-11-02T10:00:00+05:30", **more):
    told = "".join(f',"{name}":"{value}"' for name, value in more.items())
    body = (
        f'{{"type":"label","id":"l{seq}","event":"p1","label":"{label}","reporter":"{reporter}",'
        f'"reported_at":"{at}"{told}}}'
    )
    return entry(seq, body.encode())


class _Log:
    def __init__(self, *entries):
        self._entries = entries

    def find_by_ref(self, owner, payment_id):
        return iter([one for one in self._entries if (one.owner, one.ref) == (owner, payment_id)])


def test_history_holds_the_labels_of_the_payment_alone():
    log = _Log(
        label(3, "fraud", "customer"),
        entry(4, b'{"type":"payment_result"}', kind="payment_result"),
        label(9, "genuine", "issuer:exbank", "2026-11-09T10:00:00+05:30"),
    )
    history = history_of(log, 1, "p1")
    assert [(one.label, one.seq) for one in history] == [("fraud", 3), ("genuine", 9)]
    assert history.standing().reporter == "issuer:exbank"
    assert history.standing().contradicted
    assert not history_of(log, 2, "p1")
    assert history_of(log, 1, "p1", before_seq=9).standing().label == "fraud"


def test_reported_time_and_kind_come_from_the_label():
    report = report_of(label(3, "fraud", "1930", "1970-01-02T05:30:00+05:30", kind="upi_scam"))
    assert (report.reported_us, report.kind) == (MICROS_PER_DAY, "upi_scam")


@pytest.mark.parametrize("body", [b"", b"{", b'{"type":"label"}'])
def test_a_label_that_cannot_be_read_is_none(body):
    assert report_of(entry(1, body)) is None


def test_reporters_of_a_policy_come_before_the_known_ones():
    trust = TrustOrder(("analyst", "bank"), {"issuer": "analyst", "desk:north": "bank"})
    assert (trust.kind_of("Issuer:x"), trust.kind_of("desk:north"), trust.kind_of("desk:south")) == (
        "analyst",
        "bank",
        "",
    )
    assert trust.rank("1930") == 0, "police are left out of this order"


@pytest.mark.parametrize(
    ("known", "through", "age_days", "expected"),
    [
        (Standing("fraud"), True, 0, ("fraud", Basis.REPORTED)),
        (Standing("fraud"), False, 0, ("fraud", Basis.LOOKED_AT)),
        (Standing("genuine"), False, 400, ("genuine", Basis.LOOKED_AT)),
        (UNLABELLED, True, 59.9, (None, Basis.UNKNOWN)),
        (UNLABELLED, True, 60, ("genuine", Basis.PRESUMED)),
        (UNLABELLED, False, 400, (None, Basis.UNKNOWN)),
    ],
)
def test_silence_means_something_only_of_what_went_through(known, through, age_days, expected):
    found = outcome(known, Act(5, went_through=through), 5 + int(age_days * MICROS_PER_DAY))
    assert (found.label, found.basis, found.weight) == (*expected, 1.0)


def test_silence_never_means_genuine_when_the_rules_say_so():
    rules = LabelRules(mature_days=None)
    assert outcome(UNLABELLED, Act(0, went_through=True), 10**18, rules).label is None


def test_released_payments_stand_for_those_that_were_stopped():
    found = outcome(UNLABELLED, Act(0, went_through=True, control_share=0.005), 61 * MICROS_PER_DAY)
    assert (found.label, found.basis, found.weight) == ("genuine", Basis.PRESUMED, 200.0)


def test_estimate_from_the_control_group_is_that_of_all():
    """Of 20,000 payments that rules would stop a known share is fraud; 1 in 20 is released by its number."""
    share, n = 0.05, 20_000
    truth = ["fraud" if i % 7 == 0 else "genuine" for i in range(n)]
    weights = {"fraud": 0.0, "genuine": 0.0}
    for i, label in enumerate(truth):
        released = i % 20 == 3
        found = outcome(
            Standing(label) if released else UNLABELLED,
            Act(0, went_through=released, control_share=share if released else None),
            0,
        )
        if found.label is not None:
            weights[found.label] += found.weight
    assert weights["fraud"] / sum(weights.values()) == pytest.approx(1 / 7, abs=0.01)
    assert sum(weights.values()) == pytest.approx(n)


def test_a_frame_without_places_takes_its_rows_in_order():
    labels = pl.DataFrame(
        {
            "owner": [1, 1, 2],
            "payment": ["a", "a", "a"],
            "label": ["fraud", "genuine", None],
            "reporter": ["issuer", "issuer", "issuer"],
            "reported_us": [7, 7, 7],
        }
    )
    found = standing_frame(labels, by=("owner", "payment"))
    assert found.select("owner", "label", "revised", "reports").rows() == [(1, "genuine", True, 2)]
    assert standing_frame(labels, by=("owner", "payment"), as_of_us=6).height == 0
