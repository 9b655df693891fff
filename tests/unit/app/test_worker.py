"""A part of the worker goes on whatever happens to it."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from satark.app import worker
from satark.app.settings import Settings
from satark.app.wiring import AppWiring
from satark.app.worker import Loop, delivery_noted, make_planner, notices_off
from satark.cases.model import EntityKind, EntityRef, NewAlert
from satark.cases.outbox import MessageState, Posted
from satark.core.clock import FixedClock, Micros
from satark.core.errors import StorageUnavailable
from satark.policies import load_bundled
from satark.storage.desk import open_desk

PATIENCE_SECONDS = 20


class Step:
    """A piece of work that goes as it is told, then has nothing to do."""

    def __init__(self, *ends):
        self.ends = list(ends)
        self.idle = threading.Event()

    def __call__(self):
        if not self.ends:
            self.idle.set()
            return 0
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(worker, "FIRST_PAUSE_SECONDS", 0.001)


@pytest.mark.parametrize("trouble", [StorageUnavailable("the disk is full"), ValueError("a mistake")])
def test_a_part_that_fails_tries_again(trouble):
    step = Step(3, trouble, trouble, 2)
    loop = Loop("test", step, idle_seconds=0.001)
    loop.start()
    assert step.idle.wait(PATIENCE_SECONDS)
    loop.stop(PATIENCE_SECONDS)
    assert (step.ends, loop.failures) == ([], 0)


def test_pauses_grow_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(worker, "FIRST_PAUSE_SECONDS", 1.0)
    loop = Loop("test", Step())
    assert [loop._failed() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_part_stops_while_it_has_nothing_to_do():
    step = Step()
    loop = Loop("test", step, idle_seconds=3_600)
    loop.start()
    assert step.idle.wait(PATIENCE_SECONDS)
    loop.stop(PATIENCE_SECONDS)
    assert not loop._thread.is_alive()


@pytest.fixture
def desk(tmp_path):
    clock = FixedClock(Micros(1_790_000_000_000_000))
    with open_desk(tmp_path / "data", clock=clock, audit_key=b"a key of a test, with 32 bytes!!!") as opened:
        yield opened


def test_the_end_of_a_notice_stands_in_the_timeline_of_its_case(desk):
    card = EntityRef(EntityKind.CARD, "tok_1")
    alert = NewAlert(1, 1, "p1", 0, "hold", 0.7, 100, "review", 60, (), (), (card,), four_eyes=False)
    note = delivery_noted(desk)
    with desk.writing() as connection:
        (opened,) = desk.cases.take_in(connection, [alert], load_bundled("payments").cases.join)
        for topic, case_id in (
            ("notice.requested", opened.case_id),
            ("notice.requested", None),
            ("case.closed", opened.case_id),
        ):
            note(connection, posted(topic, case_id))
    kinds = [(line.kind, line.detail.get("state")) for line in desk.cases.timeline(opened.case_id)]
    assert kinds.count(("notice", "sent")) == 1
    with desk.reading() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM case_timeline WHERE kind = 'notice'")) == 1


def posted(topic, case_id):
    return Posted(
        id=7, key="n:p1", topic=topic, channel="smtp", target="", endpoint_id=None, state=MessageState.SENT,
        attempts=1, put_us=0, due_us=0, changed_us=0, settled_us=0, reason="", status=250, case_id=case_id,
        has_body=True,
    )  # fmt: skip


@pytest.mark.parametrize("address", ["", "alerts.bank.example", "https://alerts.bank.example/pages"])
def test_a_channel_without_an_address_for_its_links_keeps_only_the_notices_off(desk, tmp_path, address):
    settings = Settings(
        home=tmp_path, smtp_host="mail.example", sms_gateway="sns://x", public_address=address
    )
    told = notices_off(settings)
    assert told is not None
    assert (told["setting"], told["channels"]) == ("public_address", ["email", "sms"])
    assert "public_address must be such as" in told["message"]
    assert make_planner(AppWiring(settings), desk)._channels() == frozenset()


def test_nothing_is_off_where_the_address_can_be_used_or_no_channel_needs_it(desk, tmp_path):
    address = "https://alerts.bank.example/"
    settings = Settings(home=tmp_path, smtp_host="mail.example", public_address=address)
    assert notices_off(settings) is None
    assert make_planner(AppWiring(settings), desk)._channels() == {"email"}
    assert notices_off(Settings(home=tmp_path)) is None
    assert make_planner(AppWiring(Settings(home=tmp_path)), desk)._channels() == frozenset()
