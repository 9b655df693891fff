"""The watch's store and its cases on both databases: counted once, judged, told once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from tests.support.cases import open_case
from tests.support.watch import DAY, HASH, MemoryLog

from satark.cases.model import CaseOutcome, CaseState, QueueFilter
from satark.core.clock import ist_day
from satark.core.words import Words
from satark.decisions.labels import TrustOrder
from satark.decisions.watch import Finding, Kind, Verdict
from satark.decisions.watch import measures as m
from satark.storage.desk.watch import Run, TroubledSums

TRUST = TrustOrder()
WEEK = m.week_of(DAY)
QUEUES = {"cards": Words("Cards", "कार्ड")}


@pytest.fixture
def desk(backend):
    return backend.open_desk()


def a_log():
    log = MemoryLog()
    for place in range(6):
        log.payment(f"p{place}", action="hold" if place % 2 else "allow", customer=f"C{place // 4}")
    for place in (1, 3, 5):
        log.label(f"p{place}", "genuine", day=DAY + 1)
    log.label("p3", "fraud", "1930", day=DAY + 2)
    return log


def test_counts_are_the_same_in_batches_and_at_once(desk, backend):
    log, other = a_log(), backend.beside("other").open_desk()
    assert [desk.watch.catch_up(log, desk.watch.gauges(log), TRUST, limit=4) for _ in range(4)] == [
        4,
        4,
        3,
        0,
    ]
    other.watch.catch_up(log, other.watch.gauges(log), TRUST)
    counts = desk.watch.days(DAY, DAY + 7)
    assert counts == other.watch.days(DAY, DAY + 7)
    assert counts[m.LABELLED] == {"genuine.stopped": (2, 20_000), "fraud.stopped": (1, 10_000)}
    assert desk.watch.last_seq() == log.last_seq()
    assert desk.watch.troubled(DAY, DAY + 1) == TroubledSums(customers=2, payments=2, minor=20_000)
    assert desk.watch.troubled(DAY + 1, DAY + 7) == TroubledSums(0, 0, 0)


def test_weeks_are_sums_of_their_days(desk):
    log = MemoryLog()
    for day in (DAY - 1, DAY, DAY + 6, DAY + 7):
        log.payment(f"d{day}", day=day)
    desk.watch.catch_up(log, desk.watch.gauges(log), TRUST)
    weeks = desk.watch.weeks(WEEK - 1, WEEK + 2)
    assert {week: sums[m.DECIDED]["allow"][0] for week, sums in weeks.items()} == {
        WEEK - 1: 1,
        WEEK: 2,
        WEEK + 1: 1,
    }


def test_nothing_is_counted_when_another_was_quicker(desk, monkeypatch):
    log = a_log()
    gauges = desk.watch.gauges(log)
    desk.watch.catch_up(log, desk.watch.gauges(log), TRUST, limit=5)
    before = desk.watch.days(DAY, DAY + 7)
    monkeypatch.setattr(desk.watch, "last_seq", lambda: 0)
    assert desk.watch.catch_up(log, gauges, TRUST) == -1
    assert desk.watch.days(DAY, DAY + 7) == before


def test_references_survive_and_go_on(desk, monkeypatch):
    monkeypatch.setattr("satark.decisions.watch.gauges.WARM_UP", 10)
    log = MemoryLog()
    log.payment("first", day=DAY - 31)
    for place in range(30):
        log.payment(f"p{place}", features=(place % 4, None))
    desk.watch.catch_up(log, desk.watch.gauges(log), TRUST, limit=15)
    kept = {one.name: one for one in desk.watch.references()}
    assert kept.keys() == {"card_10m", "card_mean", "amount"}
    assert [column.kept for column in desk.watch.gauges(log).of(HASH).columns] == [
        kept[name] for name in ("card_10m", "card_mean", "amount")
    ]
    desk.watch.catch_up(log, desk.watch.gauges(log), TRUST)
    assert desk.watch.days(DAY, DAY + 1)[m.MISSING] == {kept["card_mean"].head: (20, 0)}


def test_alerts_count_on_the_day_in_india(desk, backend):
    open_case(desk, 1, queue="cards")
    backend.clock.advance(86_400)
    open_case(desk, 2, queue="cards")
    open_case(desk, 3, queue="upi")
    today = ist_day(backend.clock.now_us())
    found = desk.watch.alerts_per_day(today - 3, today + 1)
    assert found == {"cards": {today - 1: 1, today: 1}, "upi": {today: 1}}
    assert desk.watch.alerts_per_day(today, today + 1) == {"cards": {today: 1}, "upi": {today: 1}}


def finding(kind=Kind.MISSING, subject="pin", week=WEEK, verdict=Verdict.BREACH, value=0.5):
    return Finding(kind, subject, week, value, 0.4, 0.6, 0.05, 1_000, verdict, 0.1)


def test_findings_are_replaced_week_by_week(desk):
    assert desk.watch.last_run() is None
    desk.watch.put_findings([WEEK - 1, WEEK], [finding(), finding(week=WEEK - 1)], Run(5, 7))
    desk.watch.put_findings([WEEK], [finding(subject="other")], Run(6, 9))
    assert [(one.week, one.subject) for one in desk.watch.findings(WEEK - 1, WEEK + 1)] == [
        (WEEK - 1, "pin"),
        (WEEK, "other"),
    ]
    assert desk.watch.last_run() == Run(6, 9)


def tell(desk, *findings, queue="supervision"):
    return desk.watch_cases.tell(findings, queue=queue, deadline_seconds=3_600, names=QUEUES)


def told_in(desk, case_id):
    return [line.detail["subject"] for line in desk.cases.timeline(case_id) if line.kind == "watch"]


def test_a_cause_opens_one_case_and_not_one_per_run(desk, backend):
    (case_id,) = tell(desk, finding(), finding(subject="geo"))
    assert sorted(told_in(desk, case_id)) == ["geo", "pin"]
    case = desk.cases.get(case_id)
    assert (case.queue, case.state, case.n_alerts, case.amount_minor) == ("supervision", CaseState.OPEN, 0, 0)
    assert case.deadline_us == backend.clock.now_us() + 3_600_000_000
    assert tell(desk, finding(), finding(subject="geo")) == []
    assert tell(desk, finding(subject="ip")) == []
    assert sorted(told_in(desk, case_id)) == ["geo", "ip", "pin"], "what is new is told in the open case"
    assert desk.cases.count(QueueFilter(queue="supervision")) == 1
    assert desk.watch_cases.open_cases() == {"missing": case_id}


def test_only_what_is_beyond_a_limit_opens_a_case(desk):
    others = [finding(subject=one.value, verdict=one) for one in Verdict if one is not Verdict.BREACH]
    assert tell(desk, *others) == []
    assert desk.watch_cases.open_cases() == {}


def test_kinds_with_subjects_of_their_own_have_cases_of_their_own(desk):
    opened = tell(
        desk, finding(Kind.PRECISION, "big"), finding(Kind.PRECISION, "quick"), finding(Kind.ALERTS, "cards")
    )
    assert len(set(opened)) == 3
    words = [
        line.detail for case_id in opened for line in desk.cases.timeline(case_id) if line.kind == "watch"
    ]
    assert any("Queue “Cards”" in one["en"] and "“कार्ड”" in one["hi"] for one in words)


def close(desk, case_id):
    desk.cases.close([case_id], CaseOutcome.GENUINE, "customer_confirmed", "asha")


def test_a_closed_case_is_opened_anew_when_it_is_still_so_a_week_later(desk):
    (first,) = tell(desk, finding())
    close(desk, first)
    assert tell(desk, finding()) == [], "whoever closed it knows of this week"
    assert len(tell(desk, finding(week=WEEK + 1))) == 1


def test_a_drift_that_was_looked_at_is_quiet_for_a_month_unless_another_comes(desk):
    (first,) = tell(desk, finding(Kind.FEATURE_DRIFT))
    close(desk, first)
    assert tell(desk, finding(Kind.FEATURE_DRIFT, week=WEEK + 3)) == [], "what has drifted stays drifted"
    (second,) = tell(desk, finding(Kind.FEATURE_DRIFT, subject="other", week=WEEK + 3))
    assert told_in(desk, second) == ["other"]
    close(desk, second)
    assert len(tell(desk, finding(Kind.FEATURE_DRIFT, subject="other", week=WEEK + 7))) == 1


def test_closing_such_a_case_tells_the_engine_nothing_and_can_be_undone(desk):
    (case_id,) = tell(desk, finding())
    desk.cases.note(case_id, "looked at the feed", "asha")
    undo = desk.cases.close([case_id], CaseOutcome.FRAUD, "other_fraud", "asha")
    with desk.reading() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM commands")) == 0
    desk.cases.undo(undo.id, "asha")
    assert desk.cases.get(case_id).state is not CaseState.CLOSED
    assert desk.cases.entities(case_id) == desk.cases.alerts(case_id) == desk.cases.related(case_id) == []


def test_no_alert_ever_joins_such_a_case(desk):
    tell(desk, finding())
    assert open_case(desk, 1, card="tok_1") not in desk.watch_cases.open_cases().values()


def test_the_audit_chain_knows_who_opened_it(desk):
    (case_id,) = tell(desk, finding())
    entries = [one for one in desk.audit.entries() if one.subject == f"case:{case_id}"]
    assert [one.action for one in entries] == ["case_raised"]
