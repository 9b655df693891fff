"""Properties of labels: which one holds depends on trust and time, never on the order in which they are read."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from satark.decisions.labels import LabelHistory, LabelReport, TrustOrder, standing
from satark.decisions.labels_frame import COLUMNS, standing_frame

REPORTERS = (
    "1930",
    "issuer",
    "issuer:exbank",
    "case:asha",
    "case:ravi",
    "customer",
    "merchant",
    "rule:x",
    "who",
)
ORDERS = (
    TrustOrder(),
    TrustOrder(("customer", "police")),
    TrustOrder(("analyst", "bank"), {"who": "analyst", "1930": "bank"}),
)


def reports(min_size: int = 0):
    """Draw labels of one payment; a place in the log belongs to one label."""
    one = st.builds(
        LabelReport,
        st.sampled_from(["fraud", "genuine"]),
        st.sampled_from(REPORTERS),
        st.integers(0, 12),
        st.integers(1, 10**6),
    )
    return st.lists(one, min_size=min_size, max_size=12, unique_by=lambda report: report.seq)


trusts = st.sampled_from(ORDERS)


def oracle(known, trust):
    """Find by hand the last word of the most trusted kind that said anything."""
    ranked: dict[int, list[LabelReport]] = {}
    for report in known:
        kind = trust.kind_of(report.reporter)
        place = list(trust.order).index(kind) if kind in trust.order else len(trust.order)
        ranked.setdefault(place, []).append(report)
    if not ranked:
        return None
    return max(ranked[min(ranked)], key=lambda report: (report.reported_us, report.seq))


@given(reports(), trusts)
def test_the_newest_of_the_most_trusted_holds(known, trust):
    best = oracle(known, trust)
    found = standing(known, trust)
    assert (found.label, found.reporter) == ((None, "") if best is None else (best.label, best.reporter))


@given(reports(), trusts, st.randoms())
def test_the_order_of_reading_does_not_matter(known, trust, random):
    shuffled = list(known)
    random.shuffle(shuffled)
    assert standing(shuffled, trust) == standing(known, trust)


@given(reports(), reports(), reports())
def test_histories_merge_in_any_order_and_once(a, b, c):
    one, two, three = LabelHistory(a), LabelHistory(b), LabelHistory(c)
    assert one.merge(two) == two.merge(one)
    assert one.merge(two).merge(three) == one.merge(two.merge(three))
    assert one.merge(one) == one


@given(reports(), reports(), trusts)
def test_what_nobody_trusts_never_overrides(known, more, trust):
    best = max((trust.rank(report.reporter) for report in known), default=-1)
    quieter = [report for report in more if trust.rank(report.reporter) < best]
    assert standing([*known, *quieter], trust)[:4] == standing(known, trust)[:4]


@given(reports(min_size=1), trusts)
def test_a_newer_word_of_as_trusted_a_reporter_holds(known, trust):
    before = standing(known, trust)
    newer = LabelReport("fraud", before.reporter, 99, 10**7)
    assert standing([*known, newer], trust).label == "fraud"


@given(reports(), trusts, st.integers(0, 12))
def test_the_past_stays_as_it_was(known, trust, now):
    later = [
        LabelReport("fraud", "1930", now + 1, 10**7),
        LabelReport("genuine", "issuer", now + 5, 10**7 + 1),
    ]
    assert standing([*known, *later], trust, now) == standing(known, trust, now)
    assert standing(known, trust, now) == standing([one for one in known if one.reported_us <= now], trust)


@given(reports(min_size=1))
def test_contradiction_is_between_reporters_and_revision_within_one(known):
    found = standing(known)
    last = {}
    for report in sorted(known, key=lambda one: (one.reported_us, one.seq)):
        last[report.reporter] = report.label
    assert found.contradicted == (len(set(last.values())) == 2)
    said = {(report.reporter, report.label) for report in known}
    assert found.revised == any({(who, "fraud"), (who, "genuine")} <= said for who in REPORTERS)


@given(st.dictionaries(st.sampled_from("abc"), reports(min_size=1)), trusts, st.none() | st.integers(0, 12))
def test_a_frame_says_the_same_as_single_payments(payments, trust, as_of_us):
    rows = [
        {
            "payment": payment,
            "label": one.label,
            "reporter": one.reporter,
            "reported_us": one.reported_us,
            "seq": one.seq,
        }
        for payment, known in payments.items()
        for one in known
    ]
    schema = {
        "payment": pl.String(),
        "label": pl.String(),
        "reporter": pl.String(),
        "reported_us": pl.Int64(),
        "seq": pl.Int64(),
    }
    found = standing_frame(pl.DataFrame(rows, schema=schema), trust, as_of_us=as_of_us)
    expected = {
        payment: one
        for payment, known in payments.items()
        if (one := standing(known, trust, as_of_us)).label is not None
    }
    assert found["payment"].to_list() == sorted(expected)
    for row in found.iter_rows(named=True):
        assert {name: row[name] for name in COLUMNS} == {
            name: getattr(expected[row["payment"]], name) for name in COLUMNS
        }
