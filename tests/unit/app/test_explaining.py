"""From scored decisions in the log to explanations at the desk: once each, behind the log, never in its way."""

from __future__ import annotations

import msgspec
import pytest
import sqlalchemy as sa
from tests.support.engine import NOW_US
from tests.support.scored_log import ScoredLog, small_model

from satark.app.explaining import AT_ONCE, Explaining
from satark.app.worker import forget
from satark.core.clock import MICROS_PER_DAY, FixedClock, Micros
from satark.core.errors import StorageUnavailable
from satark.decisions.explaining import Explained, Failure
from satark.decisions.logged_roster import logged_model
from satark.storage.desk import open_desk

OTHER_FEATURES = msgspec.msgpack.encode(["x", [1, 2, 3], None])


@pytest.fixture
def desk(tmp_path):
    clock = FixedClock(Micros(NOW_US + 1_000_000))
    with open_desk(tmp_path / "data", clock=clock, audit_key=b"k" * 32) as opened:
        yield opened


def explaining(scored, desk):
    return Explaining(scored.log, desk, lambda model_hash: logged_model(scored.log, model_hash))


def catch_up(part, steps=50):
    """Step as the worker's loop does, over its pauses; return how many steps paused."""
    paused = 0
    for _ in range(steps):
        before = part.place.seq
        if not part.step():
            if part.place.seq == before:
                return paused
            paused += 1
    pytest.fail("never came to the end of the log")


def rows(desk):
    with desk.reading() as connection:
        return connection.execute(sa.text("SELECT * FROM explanations ORDER BY seq")).all()


def test_what_was_not_allowed_is_explained_and_what_was_allowed_is_not(desk):
    scored = ScoredLog()
    entries = [scored.pay(f"p{number}") for number in range(4)]
    actions = [msgspec.json.decode(entry.decision)["action"] for entry in entries]
    assert actions == ["allow", "allow", "challenge", "challenge"]
    catch_up(explaining(scored, desk))
    found = {row.seq: desk.explanations.get(row.seq) for row in rows(desk)}
    assert list(found) == [entry.seq for entry in entries[2:]]
    third = found[entries[2].seq]
    assert third.inputs[0].en == "3 payments on this card in 10 minutes, usually 1"
    assert third.inputs[0].hi == "इस कार्ड से 10 मिनट में 3 बार, सामान्यतः 1"


def test_pushes_add_up_to_the_stored_score(desk):
    scored = ScoredLog()
    for number in range(5):
        entry = scored.pay(f"p{number}", amount_minor=60_000 + number)
    catch_up(explaining(scored, desk))
    found = desk.explanations.get(entry.seq)
    raw = found.start + sum(one.push for one in found.inputs) + found.rest
    knots = scored.model.head.calibration
    assert found.score == msgspec.json.decode(entry.decision)["model"]["score"]
    assert raw == pytest.approx(-3.0 + 1.5 * 4 + (60_004 - 12_345) / 100_000)
    assert knots[0][0] < raw < knots[0][-1]


def test_each_is_written_once_when_the_worker_starts_again_and_again(desk):
    scored = ScoredLog()
    for number in range(10):
        scored.pay(f"p{number}")
    while True:
        part = explaining(scored, desk)
        part.step()
        if part.place.seq == scored.log.last_seq():
            break
    first = rows(desk)
    assert len(first) == 8
    with desk.writing() as connection:
        connection.execute(sa.text("UPDATE followers SET seq = 0 WHERE name = 'explanations'"))
    later = FixedClock(Micros(NOW_US + MICROS_PER_DAY))
    desk.explanations._clock = later
    catch_up(explaining(scored, desk))
    assert rows(desk) == first


def test_at_most_a_few_are_made_between_two_pauses(desk):
    scored = ScoredLog()
    for number in range(3 * AT_ONCE + 2):
        scored.pay(f"p{number}")
    part = explaining(scored, desk)
    assert part.step() == 0
    assert len(rows(desk)) == AT_ONCE
    assert catch_up(part) == 2
    assert len(rows(desk)) == 3 * AT_ONCE


def test_two_workers_at_once_share_the_log(desk):
    scored = ScoredLog()
    for number in range(12):
        scored.pay(f"p{number}")
    one, other = explaining(scored, desk), explaining(scored, desk)
    for _ in range(6):
        one.step()
        other.step()
    assert len(rows(desk)) == 10
    assert one.place.seq == scored.log.last_seq()


def test_nothing_is_kept_and_the_place_stays_when_the_desk_cannot_be_written(desk, monkeypatch):
    scored = ScoredLog()
    for number in range(4):
        scored.pay(f"p{number}")
    part = explaining(scored, desk)
    with monkeypatch.context() as patch:
        patch.setattr(desk.explanations, "add", _broken)
        with pytest.raises(StorageUnavailable):
            part.step()
    assert rows(desk) == []
    catch_up(part)
    assert len(rows(desk)) == 2


def _broken(connection, new):
    raise StorageUnavailable("the disk is full")


@pytest.mark.parametrize(
    ("damage", "failure"),
    [
        (lambda log, entry: _replace(log, entry, body=b""), Failure.GONE),
        (lambda log, entry: _replace(log, entry, features=None), Failure.GONE),
        (lambda log, entry: _replace(log, entry, features=OTHER_FEATURES), Failure.GONE),
        (lambda log, entry: _replace(log, log.entries[0], body=b""), Failure.GONE),
        (lambda log, entry: _replace(log, log.entries[1], body=b""), Failure.GONE),
        (lambda log, entry: _replace(log, log.entries[1], body=b"SATARKM1 broken"), Failure.UNUSABLE),
        (lambda log, entry: _replace(log, log.entries[1], body=small_model("another")), Failure.UNUSABLE),
        (lambda log, entry: _replace(log, entry, decision=entry.decision.replace(b'"score":0.2', b'"score":0.3')),
         Failure.DIFFERENT),
    ],
    ids=["body", "features", "other features", "policy", "model", "damaged model", "other model", "score"],
)  # fmt: skip
def test_reason_is_kept_when_there_can_be_no_explanation(desk, damage, failure):
    scored = ScoredLog()
    for number in range(3):
        entry = scored.pay(f"p{number}")
    assert b'"score":0.2' in entry.decision
    damage(scored.log, entry)
    catch_up(explaining(scored, desk))
    assert desk.explanations.get(entry.seq) is failure


def _replace(log, entry, **changes):
    log.entries[entry.seq - 1] = msgspec.structs.replace(entry, **changes)


def test_one_that_fails_does_not_stop_the_next(desk, monkeypatch):
    scored = ScoredLog()
    entries = [scored.pay(f"p{number}") for number in range(4)]
    part = explaining(scored, desk)
    explain = part._explainer.explain

    def sometimes(entry, decision):
        if entry is entries[2]:
            raise ZeroDivisionError
        return explain(entry, decision)

    monkeypatch.setattr(part._explainer, "explain", sometimes)
    catch_up(part)
    assert desk.explanations.get(entries[2].seq) is Failure.FAILED
    assert isinstance(desk.explanations.get(entries[3].seq), Explained)


def test_explanations_go_when_the_bodies_go(desk):
    scored = ScoredLog()
    for number in range(3):
        entry = scored.pay(f"p{number}")
    catch_up(explaining(scored, desk))
    forget(desk, entry.occurred_us + 30 * MICROS_PER_DAY, keep_days=30)
    assert desk.explanations.get(entry.seq) is not None
    forget(desk, entry.occurred_us + 30 * MICROS_PER_DAY + 1, keep_days=30)
    assert desk.explanations.get(entry.seq) is None
    assert desk.explanations.is_past(entry.seq)


def test_place_is_told_for_what_is_still_to_come(desk):
    scored = ScoredLog()
    entry = [scored.pay(f"p{number}") for number in range(3)][-1]
    assert not desk.explanations.is_past(entry.seq)
    catch_up(explaining(scored, desk))
    assert desk.explanations.is_past(entry.seq)
