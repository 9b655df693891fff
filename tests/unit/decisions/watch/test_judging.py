"""From counts to findings: each verdict against numbers computed independently."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.support.watch import DAY

from satark.core.errors import InputInvalid
from satark.decisions.watch import Finding, Judged, Kind, Verdict, judge_weeks
from satark.decisions.watch import measures as m
from satark.decisions.watch.gauges import keep
from satark.decisions.watch.words import number, sentence
from satark.models.drift import Reference
from satark.policies.label_rules import LabelRules
from satark.policies.watch_rules import WatchRules

WEEK = m.week_of(DAY)
KEPT = keep("card_10m", "sig", Reference((1.0, 2.0), (0.5, 0.3, 0.2), missing=0.1, n=2_000))


def told(weeks, *, kept=(KEPT,), rules=None, labels=None, today=DAY + 6, alerts=None):
    return Judged(
        weeks=weeks,
        kept={one.head: one for one in kept},
        rules=rules or WatchRules(least=100),
        labels=labels or LabelRules(),
        today=today,
        alerts=alerts or {},
    )


def only(kind, judged, week=WEEK):
    return [one for one in judge_weeks(judged, [week]) if one.kind is kind]


def bins(head, counts, total=0):
    return {f"{head}:{place:02d}": (n, total) for place, n in enumerate(counts)}


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [((500, 300, 200), Verdict.OK), ((100, 200, 700), Verdict.BREACH), ((20, 5, 40), Verdict.THIN)],
)
def test_a_feature_is_told_when_its_values_lie_elsewhere(counts, verdict):
    (found,) = only(Kind.FEATURE_DRIFT, told({WEEK: {m.VALUE: bins(KEPT.head, counts)}}))
    assert (found.subject, found.verdict, found.n) == ("card_10m", verdict, sum(counts))
    q, p = np.array(KEPT.shares), np.array(counts) / sum(counts)
    raw = float(((p - q) * np.log(p / q)).sum())
    assert found.value == pytest.approx(max(0, raw - 2 * (1 / sum(counts) + 1 / 1_800)), abs=5 / sum(counts))
    assert found.low <= found.value <= found.high


def test_near_the_limit_is_not_told():
    counts = (52, 38, 70)
    (found,) = only(
        Kind.FEATURE_DRIFT, told({WEEK: {m.VALUE: bins(KEPT.head, counts)}}, rules=WatchRules(least=100))
    )
    assert found.low < 0.2 < found.value
    assert found.verdict is Verdict.NEAR


def test_bins_without_a_known_reference_are_passed_over():
    assert not judge_weeks(told({WEEK: {m.VALUE: bins("gone:1234", (500, 1))}}), [WEEK])


def test_scores_are_held_against_the_four_weeks_before():
    before = {m.SCORE: {"00": (900, 0), "12": (100, 0)}}
    same = told({**{WEEK - i: before for i in range(1, 5)}, WEEK: {m.SCORE: {"00": (450, 0), "12": (50, 0)}}})
    assert [one.verdict for one in only(Kind.SCORE_DRIFT, same)] == [Verdict.OK]
    other = told({WEEK - 1: before, WEEK: {m.SCORE: {"00": (300, 0), "19": (200, 0)}}})
    assert [one.verdict for one in only(Kind.SCORE_DRIFT, other)] == [Verdict.BREACH]
    assert not only(Kind.SCORE_DRIFT, told({WEEK: {m.SCORE: {"00": (900, 0)}}})), "nothing to compare with"
    old = told({WEEK - 5: before, WEEK: {m.SCORE: {"00": (900, 0)}}})
    assert not only(Kind.SCORE_DRIFT, old), "five weeks ago is too long"


def test_a_model_is_held_against_its_card():
    score = keep("model:abcd", "abcd" * 16, Reference((0.01, 0.1), (0.8, 0.15, 0.05), n=50_000), "model:abcd")
    weeks = {WEEK: {m.MODEL: bins(score.head, (400, 300, 300))}}
    (found,) = only(Kind.MODEL_DRIFT, told(weeks, kept=(score,)))
    assert (found.subject, found.verdict) == ("abcd" * 4, Verdict.BREACH)


@pytest.mark.parametrize(
    ("observed", "today", "verdict"),
    [
        (20, DAY + 100, Verdict.OK),
        (60, DAY + 100, Verdict.BREACH),
        (60, DAY + 7, Verdict.BREACH),
        (4, DAY + 100, Verdict.BREACH),
        (4, DAY + 7, Verdict.OPEN),
        (20, DAY + 7, Verdict.OPEN),
        (32, DAY + 100, Verdict.NEAR),
    ],
)
def test_frauds_are_held_against_what_the_model_expected(observed, today, verdict):
    """Twenty frauds are expected; too few mean something only once the labels have come."""
    weeks = {WEEK: {m.EXPECTED: {"ab": (5_000, 20 * m.MILLION)}, m.OBSERVED: {"ab": (observed, 0)}}}
    (found,) = only(Kind.CALIBRATION, told(weeks, today=today))
    assert found.verdict is verdict
    assert found.value == pytest.approx(observed / 20)
    assert found.low == pytest.approx(stats.chi2.ppf(0.025, 2 * observed) / 2 / 20, rel=0.03)


def test_missing_values_are_told_by_how_much_they_grew():
    def judged(gone, there):
        weeks = {WEEK: {m.VALUE: bins(KEPT.head, there), m.MISSING: {KEPT.head: (gone, 0)}}}
        return only(Kind.MISSING, told(weeks))[0]

    usual = judged(100, (450, 270, 180))
    assert (usual.verdict, usual.value, usual.before) == (Verdict.OK, pytest.approx(0.0), 0.1)
    broken = judged(500, (250, 150, 100))
    assert (broken.verdict, broken.value) == (Verdict.BREACH, pytest.approx(0.4))
    gone = only(Kind.MISSING, told({WEEK: {m.MISSING: {KEPT.head: (500, 0)}}}))[0]
    assert (gone.verdict, gone.value) == (Verdict.BREACH, pytest.approx(0.9))


def test_degraded_decisions_are_told_by_what_was_missing():
    weeks = {
        WEEK: {m.DECIDED: {"allow": (900, 0), "hold": (100, 0)}, m.DEGRADED: {m.ANY: (60, 0), "geo": (60, 0)}}
    }
    found = only(Kind.DEGRADED, told(weeks))
    assert [(one.subject, one.verdict, one.value) for one in found] == [
        ("", Verdict.BREACH, 0.06),
        ("geo", Verdict.BREACH, 0.06),
    ]
    interval = stats.binomtest(60, 1_000).proportion_ci(method="wilson")
    assert (found[0].low, found[0].high) == pytest.approx((interval.low, interval.high))
    fine = only(Kind.DEGRADED, told({WEEK: {m.DECIDED: {"allow": (900, 0)}}}))
    assert [(one.subject, one.verdict) for one in fine] == [("", Verdict.OK)]


@pytest.mark.parametrize(
    ("frauds", "genuine", "verdict"),
    [(80, 20, Verdict.OK), (40, 60, Verdict.BREACH), (55, 45, Verdict.NEAR), (1, 3, Verdict.THIN)],
)
def test_a_rule_is_told_when_it_became_worse(frauds, genuine, verdict):
    weeks = {
        WEEK - 1: {m.RULE_FRAUD: {"big": (160, 0)}, m.RULE_GENUINE: {"big": (40, 0)}},
        WEEK: {m.RULE_FRAUD: {"big": (frauds, 0)}, m.RULE_GENUINE: {"big": (genuine, 0)}},
    }
    (found,) = only(Kind.PRECISION, told(weeks))
    assert (found.verdict, found.before) == (verdict, 0.8)
    interval = stats.binomtest(frauds, frauds + genuine).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_reports_that_come_late_are_told():
    def judged(counts):
        return only(Kind.LABEL_DELAY, told({WEEK: {m.DELAY: bins("x", counts)}}))

    def delays(**at):
        return {WEEK: {m.DELAY: {key[1:]: (n, 0) for key, n in at.items()}}}

    quick = only(Kind.LABEL_DELAY, told(delays(_02=50, _05=45, _08=5)))[0]
    assert quick.verdict is Verdict.OK
    assert 3 < quick.value <= 7, "nine in ten within the bin of three to seven days"
    slow = only(Kind.LABEL_DELAY, told(delays(_02=50, _08=50)))[0]
    assert slow.verdict is Verdict.BREACH
    assert 30 <= slow.value <= 45
    assert slow.low <= slow.value <= slow.high
    assert only(Kind.LABEL_DELAY, told(delays(_13=5)))[0].verdict is Verdict.THIN
    assert not judged(())


def test_a_budget_of_alerts_is_per_day():
    rules = WatchRules({"cards": 40, "upi": 10})
    found = only(Kind.ALERTS, told({}, rules=rules, alerts={WEEK: {"cards": {DAY: 30, DAY + 1: 41}}}))
    assert [(one.subject, one.value, one.verdict) for one in found] == [
        ("cards", 41.0, Verdict.BREACH),
        ("upi", 0.0, Verdict.OK),
    ]
    assert found[0].before == pytest.approx(71 / 7)


def test_weeks_have_names_and_days():
    assert m.week_named(m.week_name(WEEK)) == WEEK
    assert m.week_words(m.week_named("2026-W01")) == "29 Dec 2025 to 4 Jan 2026"
    assert m.week_words(m.week_named("2026-W53"), "hi") == "28 दिसंबर 2026 से 3 जनवरी 2027"
    for wrong in ("2026-W54", "2025-W53", "2026W01", "soon", ""):
        with pytest.raises(InputInvalid):
            m.week_named(wrong)


@pytest.mark.parametrize("lang", ["en", "hi"])
@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_sentence_that_names_its_numbers(kind, lang):
    finding = Finding(kind, "card_{x}", WEEK, 0.25, 0.125, 0.5, 0.75, 1_234_567, Verdict.BREACH, 0.0625)
    text = sentence(finding, lang)
    for value in (finding.value, finding.limit):
        assert number(kind, value) in text
    assert "{" not in text.replace("card_{x}", "")
    if kind is not Kind.ALERTS:
        assert "12,34,567" in text
        assert number(kind, finding.low) in text
    assert kind in {Kind.SCORE_DRIFT, Kind.LABEL_DELAY} or "card_{x}" in text
    unknown = Finding(kind, "", WEEK, None, None, None, 1.0, 0, Verdict.THIN)
    assert "None" not in sentence(unknown, lang)
