"""The worker's watch: counts, judges once an hour, opens cases, and begins again from the database after a failure."""

from __future__ import annotations

import pytest
from tests.support.watch import DAY, POLICY, POLICY_TEXT, MemoryLog, noon

from satark.app.watching import JUDGE_EVERY_US, Watching, with_supervision
from satark.core.clock import FixedClock, Micros
from satark.core.errors import StorageUnavailable
from satark.decisions.watch import Kind, Verdict
from satark.decisions.watch import measures as m
from satark.policies import load_bundled, load_policy
from satark.storage.desk import open_desk
from satark.storage.desk.watch import BATCH

WEEK = m.week_of(DAY)


@pytest.fixture
def clock():
    return FixedClock(Micros(noon(DAY + 2)))


@pytest.fixture
def desk(tmp_path, clock):
    with open_desk(tmp_path / "data", clock=clock, audit_key=b"a key of a test, with 32 bytes!!!") as opened:
        yield opened


@pytest.fixture
def quick_warm_up(monkeypatch):
    monkeypatch.setattr("satark.decisions.watch.gauges.WARM_UP", 200)


def watching(log, desk, clock, **options):
    return Watching(
        log, desk, load_bundled(), clock, give_way=options.pop("give_way", lambda: None), **options
    )


def run(part):
    while part.step():
        pass


def drifting_log():
    """Two hundred usual payments once the windows are full, then as many that come from another world."""
    log = MemoryLog()
    log.payment("first", day=DAY - 50, features=(1, 1.0))
    for place in range(200):
        log.payment(f"u{place}", day=DAY - 7, features=(place % 5, 1.0 + place % 7))
    for place in range(200):
        log.payment(f"d{place}", day=DAY, features=(40 + place % 5, None), degraded=("geo",))
    return log


def in_force(desk, log):
    desk.rollups.catch_up(log)


def test_a_change_is_found_and_told_in_cases_of_the_policys_queue(desk, clock, quick_warm_up):
    log = drifting_log()
    in_force(desk, log)
    run(watching(log, desk, clock))
    found = {(one.kind, one.subject): one for one in desk.watch.findings(WEEK, WEEK + 1)}
    assert found[Kind.FEATURE_DRIFT, "card_10m"].verdict is Verdict.BREACH
    assert found[Kind.MISSING, "card_mean"].verdict is Verdict.BREACH
    assert found[Kind.MISSING, "card_10m"].verdict is Verdict.OK
    assert found[Kind.DEGRADED, "geo"].verdict is Verdict.BREACH
    assert found[Kind.ALERTS, "cards"].limit == 40
    opened = desk.watch_cases.open_cases()
    assert opened.keys() == {"feature_drift", "missing", "degraded"}
    assert {desk.cases.get(case_id).queue for case_id in opened.values()} == {"supervision"}


def test_an_hour_must_pass_before_the_weeks_are_judged_again(desk, clock, monkeypatch):
    log = MemoryLog()
    part = watching(log, desk, clock)
    judged = []
    monkeypatch.setattr(part, "judge", lambda: judged.append(clock.now_us()) or Watching.judge(part))
    run(part)
    part.step()
    clock.advance(JUDGE_EVERY_US / 1_000_000 - 1)
    part.step()
    assert len(judged) == 1
    clock.advance(1)
    part.step()
    part.step()
    assert len(judged) == 2
    assert desk.watch.last_run().at_us == clock.now_us()


def test_nothing_is_claimed_before_the_whole_log_was_counted(desk, clock):
    log = MemoryLog()
    for place in range(BATCH):
        log.append("rates", f"r{place}")
    part = watching(log, desk, clock)
    assert part.step() == BATCH
    assert desk.watch.last_run() is None
    run(part)
    assert desk.watch.last_run().seq == log.last_seq()


def test_running_again_opens_no_second_case(desk, clock, quick_warm_up):
    log = drifting_log()
    in_force(desk, log)
    part = watching(log, desk, clock)
    run(part)
    before = desk.watch_cases.open_cases()
    assert part.judge() == []
    assert watching(log, desk, clock).judge() == []
    assert desk.watch_cases.open_cases() == before


def test_nothing_is_lost_or_counted_twice_when_a_commit_fails(desk, clock, quick_warm_up, monkeypatch):
    log = drifting_log()
    part = watching(log, desk, clock)
    good = desk.watch._write
    fails = iter([True, False, False, False])

    def write(connection, counter):
        good(connection, counter)
        if next(fails, False):
            raise StorageUnavailable("the disk is full")

    monkeypatch.setattr(desk.watch, "_write", write)
    with pytest.raises(StorageUnavailable):
        part.step()
    assert desk.watch.last_seq() == 0
    run(part)
    counts = desk.watch.days(DAY - 50, DAY + 1)
    assert counts[m.DECIDED]["allow"][0] == 401
    reference = {one.name: one for one in desk.watch.references()}["card_10m"]
    assert reference.n == 200


def test_the_policy_in_force_in_the_log_says_the_limits(desk, clock):
    log = MemoryLog()
    part = watching(log, desk, clock)
    gauges = desk.watch.gauges(log)
    assert part.policy(gauges).name == "payments", "until the worker has counted the log"
    in_force(desk, log)
    assert part.policy(gauges).content_hash == POLICY.content_hash


def test_it_gives_way_after_a_full_batch(desk, clock):
    log = MemoryLog()
    for place in range(BATCH):
        log.append("rates", f"r{place}")
    waits = []
    run(watching(log, desk, clock, give_way=lambda: waits.append(1)))
    assert len(waits) == 1


def test_the_queue_of_the_watch_has_words_unless_the_policy_names_its_own():
    assert with_supervision(POLICY).queues["supervision"].hi == "पर्यवेक्षण"
    own = load_policy(POLICY_TEXT.replace("watch: {", "watch: {queue: cards, "))
    assert with_supervision(own) is own.cases.terms
