"""The chains: whatever is changed behind Satark's back shows."""

from __future__ import annotations

import pytest

from satark.core.clock import MICROS_PER_DAY
from satark.core.errors import InputInvalid, SettingInvalid
from satark.storage import Retention, read_heads


@pytest.fixture
def filled(backend, entry):
    """Return a storage with 30 log entries in 6 batches and 5 audit entries."""
    storage = backend.open()
    for start in range(1, 31, 5):
        storage.events.append([entry(seq) for seq in range(start, start + 5)])
    for number in range(5):
        storage.audit.append(
            actor="asha", action="case_opened", subject=f"c{number}", detail={"कारण": number, "a": [1, None]}
        )
    return storage


def test_both_chains_verify_when_nothing_was_touched(filled):
    told = []
    report = filled.audit.verify(progress=lambda *step: told.append(step))
    assert (report.ok, report.audit_entries, report.log_entries, report.problems) == (True, 5, 30, ())
    assert told[-1] == ("log", 30, 30)
    head = filled.audit.head()
    assert (head.audit_hash, head.log_hash) == (report.audit_hash, report.log_hash)
    assert filled.audit.entries(2)[0].detail == {"कारण": 4, "a": [1, None]}
    assert [one.seq for one in filled.audit.entries(2, before_seq=4)] == [3, 2]
    assert [one.seq for one in filled.audit.entries(subject="c0", action="case_opened")] == [1]


@pytest.mark.parametrize(
    ("statement", "where", "seq"),
    [
        ("UPDATE events SET decision = features WHERE seq = 7", "log", 10),
        ("UPDATE events SET decision = NULL WHERE seq = 7", "log", 10),
        ("UPDATE events SET body = features WHERE seq = 7", "log", 7),
        ("UPDATE events SET features = NULL WHERE seq = 7", "log", 10),
        ("UPDATE events SET occurred_us = occurred_us + 1 WHERE seq = 7", "log", 10),
        ("UPDATE events SET flags = 1 WHERE seq = 7", "log", 10),
        ("UPDATE events SET owner = 2 WHERE seq = 7", "log", 10),
        ("UPDATE events SET event_id = 'x', ref = 'y' WHERE seq = 7", "log", 10),
        ("DELETE FROM events WHERE seq = 7", "log", 7),
        ("DELETE FROM events WHERE seq = 30", "log", 30),
        ("DELETE FROM log_chain WHERE last_seq = 10", "log", 6),
        ("UPDATE log_chain SET hash = digest FROM events WHERE last_seq = 10 AND seq = 1", "log", 10),
        ("UPDATE audit SET actor = 'ravi' WHERE seq = 3", "audit", 3),
        ("UPDATE audit SET detail = '{}' WHERE seq = 3", "audit", 3),
        ("DELETE FROM audit WHERE seq = 3", "audit", 3),
    ],
)
def test_chain_breaks_at_the_place_when_something_was_changed(backend, filled, statement, where, seq):
    backend.run(statement)
    report = filled.audit.verify()
    assert not report.ok
    assert (report.problems[0].where, report.problems[0].seq) == (where, seq)


def test_cut_tail_shows_when_a_head_was_exported(backend, filled, entry, tmp_path):
    file = tmp_path / "heads"
    filled.audit.export_head(file)
    filled.events.append([entry(31)])
    filled.audit.export_head(file)
    heads = read_heads(file)
    assert [(head.audit_seq, head.log_seq) for head in heads] == [(6, 30), (7, 31)]
    assert filled.audit.verify(heads=heads).ok
    backend.run("DELETE FROM events WHERE seq = 31")
    backend.run("DELETE FROM log_chain WHERE last_seq = 31")
    # The trail's own note of the log's end gives the cut away; without the trail's tail the exported head does.
    assert [(one.where, one.seq) for one in filled.audit.verify().problems] == [("log", 31)]
    backend.run("DELETE FROM audit WHERE seq = 7")
    assert filled.audit.verify().ok
    assert [(one.where, one.seq) for one in filled.audit.verify(heads=heads).problems] == [
        ("audit", 7),
        ("log", 31),
    ]


def test_heads_are_refused_when_the_file_holds_something_else(tmp_path):
    file = tmp_path / "heads"
    with pytest.raises(InputInvalid):
        read_heads(file)
    file.write_text("hello\n")
    with pytest.raises(InputInvalid):
        read_heads(file)


def test_chain_still_verifies_when_retention_removed_bodies_and_decisions(backend, filled, entry):
    backend.clock.advance(200 * 86_400)
    filled.events.append([entry(31, arrived_us=backend.clock.now_us())])
    rule = Retention(body_days=190, decision_days=195)
    dry = filled.retain(rule, dry_run=True)
    assert (dry.bodies, dry.decisions, dry.bodies_until_seq, dry.decisions_until_seq) == (30, 30, 30, 30)
    assert filled.events.get(30).body
    told = []
    done = filled.retain(rule, dry_run=False, actor="asha", progress=lambda *step: told.append(step))
    assert (done.bodies, done.decisions) == (30, 30)
    assert told == [("bodies", 30, 30), ("decisions", 30, 30)]
    before, after = entry(30), filled.events.get(30)
    assert (after.body, after.decision, after.features) == (b"", None, None)
    assert (after.digest, after.event_id, after.occurred_us) == (before.digest, "pay_30", before.occurred_us)
    assert filled.events.get(31).decision is not None
    assert filled.audit.verify().ok
    again = filled.retain(rule, dry_run=False)
    assert (again.bodies, again.decisions) == (0, 0)
    assert filled.audit.entries(1)[0].action == "retention_finished"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET body = '' WHERE seq = 31",
        "UPDATE events SET decision = NULL, decision_digest = digest WHERE seq = 5",
        "UPDATE events SET decision_digest = digest WHERE seq = 5",
    ],
)
def test_removal_shows_when_it_was_not_retention(backend, filled, entry, statement):
    filled.retain(Retention(body_days=None, decision_days=1), dry_run=False)
    backend.clock.advance(200 * 86_400)
    filled.events.append([entry(31, arrived_us=backend.clock.now_us())])
    filled.retain(Retention(body_days=None, decision_days=30), dry_run=False)
    backend.run(statement)
    assert not filled.audit.verify().ok


def test_retention_goes_on_when_it_was_broken_off(backend, filled, monkeypatch):
    backend.clock.advance(200 * 86_400)
    rule = Retention(body_days=190, decision_days=None)
    monkeypatch.setattr("satark.storage.retention.CHUNK", 10)

    class Killed(BaseException):
        pass

    def kill(_step, done, _total):
        if done == 10:
            raise Killed

    with pytest.raises(Killed):
        filled.retain(rule, dry_run=False, progress=kill)
    assert filled.audit.verify().ok
    assert filled.retain(rule, dry_run=False).bodies == 20
    assert filled.audit.verify().ok


def test_retention_is_refused_when_windows_would_lose_their_events():
    for rule in ({"body_days": 180, "decision_days": None}, {"body_days": None, "decision_days": 0}):
        with pytest.raises(SettingInvalid):
            Retention(**rule)


def test_nothing_goes_when_nothing_is_old_enough(backend, filled):
    backend.clock.at_us += 181 * MICROS_PER_DAY
    report = filled.retain(Retention(body_days=182, decision_days=182), dry_run=False)
    assert (report.bodies, report.decisions, report.bodies_until_seq) == (0, 0, 0)
    assert filled.audit.head().audit_seq == 5
