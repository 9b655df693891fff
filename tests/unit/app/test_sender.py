"""The sender over a real desk database, with carriers that do as they are told."""

from __future__ import annotations

import dataclasses
import threading
import time

import pytest
from tests.support.outside import mailbox, receiver

from satark.app.sender import Sender, SenderOptions, carriers_of
from satark.app.settings import Settings
from satark.cases.outbox import MessageState, Outcome, PostedFilter, Verdict
from satark.cases.ports import Message
from satark.core.clock import SystemClock
from satark.core.errors import SettingInvalid, StorageUnavailable
from satark.storage.desk import open_desk

SENT = Outcome(verdict=Verdict.SENT, reason="accepted")
PATIENCE_SECONDS = 20


class Told:
    """A carrier that answers as it is told, and can be held."""

    def __init__(self, outcome=SENT, *, free=True):
        self.outcome = outcome
        self.got = []
        self.most = self.busy = 0
        self.gate = threading.Event()
        self.lock = threading.Lock()
        if free:
            self.gate.set()

    def deliver(self, parcel):
        with self.lock:
            self.busy += 1
            self.most = max(self.most, self.busy)
        self.gate.wait(PATIENCE_SECONDS)
        with self.lock:
            self.busy -= 1
            self.got.append(parcel.key)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path / "data", clock=SystemClock(), audit_key=b"k" * 32) as opened:
        yield opened


@pytest.fixture
def put(desk):
    def put(channel="sms", number=1, **changes):
        values = {"target": "+919876543210", "body": b'{"text":"hello"}', **changes}
        with desk.writing() as connection:
            desk.outbox.put_all(
                connection,
                [Message("notice.requested", f"{channel}:{one}", channel, **values) for one in range(number)],
            )

    return put


@pytest.fixture
def make(desk):
    """Return a maker of senders that run; all are stopped in the end."""
    made = []

    def make(sending=None, **carriers):
        options = SenderOptions(threads=4, per_lane=2, poll_seconds=0.01)
        sender = Sender(desk.outbox, sending or desk.outbox.sending(), carriers, SystemClock(), options)
        made.append(sender)
        sender.start()
        return sender

    yield make
    for sender in made:
        sender.stop(PATIENCE_SECONDS)


def wait_until(ready):
    end = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.005)


def states(desk):
    return {posted.key: posted.state.value for posted in desk.outbox.posted(PostedFilter(), 1_000)}


def test_everything_is_delivered_once_when_there_is_much(desk, put, make):
    put("sms", 30)
    put("push", 30)
    sms, push = Told(), Told()
    make(sms=sms, push=push)
    wait_until(lambda: set(states(desk).values()) == {"sent"})
    assert sorted(sms.got) == sorted(f"sms:{number}" for number in range(30))
    assert len(push.got) == 30


def test_others_go_on_when_one_receiver_is_slow(desk, put, make):
    put("sms", 9)
    slow, quick = Told(free=False), Told()
    make(sms=slow, push=quick)
    wait_until(lambda: slow.busy == 2)
    put("push", 5)
    wait_until(lambda: len(quick.got) == 5)
    assert slow.most == 2
    slow.gate.set()
    wait_until(lambda: len(slow.got) == 9)
    assert slow.most == 2


def test_message_fails_visibly_when_its_channel_is_not_set_up(desk, put, make):
    put("whatsapp")
    make()
    wait_until(lambda: states(desk) == {"whatsapp:0": "failed"})
    assert desk.outbox.posted(PostedFilter())[0].reason == "channel_not_set_up"


def test_message_is_in_doubt_when_its_carrier_fails(desk, put, make):
    put("sms")
    make(sms=Told(RuntimeError("+919876543210")))
    wait_until(lambda: states(desk) == {"sms:0": "unknown"})
    assert desk.outbox.posted(PostedFilter())[0].reason == "carrier_failed"


def test_delivery_under_way_comes_to_its_end_when_the_sender_stops(desk, put, make):
    put("sms", 5)
    slow = Told(free=False)
    sender = make(sms=slow)
    wait_until(lambda: slow.busy == 2)
    threading.Timer(0.2, slow.gate.set).start()
    sender.stop(PATIENCE_SECONDS)
    found = states(desk)
    assert list(found.values()).count("sent") == len(slow.got) == 2
    assert list(found.values()).count("waiting") == 3


def test_what_a_dead_sender_left_is_in_doubt_when_the_next_one_starts(desk, put, make):
    put("sms")
    desk.outbox.sending().claim(1, lease_seconds=600)
    told = Told()
    make(sms=told)
    wait_until(lambda: states(desk) == {"sms:0": "unknown"})
    assert told.got == []


def test_result_is_kept_when_the_storage_is_away_for_a_while(desk, put, make):
    sending = desk.outbox.sending()
    real, left = sending.turn, [3]

    def turn(results, limit, **options):
        if results and left[0]:
            left[0] -= 1
            raise StorageUnavailable("the disk is full")
        return real(results, limit, **options)

    sending.turn = turn
    put("sms")
    told = Told()
    make(sending, sms=told)
    wait_until(lambda: states(desk) == {"sms:0": "sent"})
    assert told.got == ["sms:0"]


def test_sender_ends_when_the_storage_never_comes_back(desk, put, make):
    sending = desk.outbox.sending()

    real = sending.turn

    def turn(results, limit, **options):
        if results:
            raise StorageUnavailable("the disk is full")
        return real(results, limit, **options)

    sending.turn = turn
    put("sms")
    told = Told()
    sender = make(sending, sms=told)
    wait_until(lambda: told.got)
    sender.stop(0.2)
    wait_until(lambda: not sender._thread.is_alive())
    assert states(desk) == {"sms:0": "sending"}


def test_others_are_written_down_when_one_result_cannot_be(desk, put, make):
    sending = desk.outbox.sending()
    real_turn, real_settle = sending.turn, sending.settle

    def refuse(results):
        if any(result.parcel.key == "sms:1" for result in results):
            raise RuntimeError

    def turn(results, limit, **options):
        refuse(results)
        return real_turn(results, limit, **options)

    def settle(results):
        refuse(results)
        return real_settle(results)

    sending.turn, sending.settle = turn, settle
    put("sms", 4)
    told = Told()
    make(sending, sms=told)
    wait_until(lambda: sorted(states(desk).values()) == ["sending", "sent", "sent", "sent"])
    assert states(desk)["sms:1"] == "sending"
    assert len(told.got) == 4


def test_message_goes_out_at_once_when_the_sender_is_called(desk, put):
    told = Told()
    options = SenderOptions(poll_seconds=3_600)
    sender = Sender(desk.outbox, desk.outbox.sending(), {"sms": told}, SystemClock(), options)
    sender.start()
    put("sms")
    sender.wake()
    wait_until(lambda: told.got)
    sender.stop(PATIENCE_SECONDS)
    assert states(desk) == {"sms:0": "sent"}


def test_one_round_delivers_what_is_due_when_asked_for(desk, put):
    put("sms", 3)
    told = Told()
    sender = Sender(desk.outbox, desk.outbox.sending(), {"sms": told}, SystemClock())
    assert (sender.step(), sender.step()) == (3, 0)
    assert set(states(desk).values()) == {"sent"}


def test_real_receivers_get_everything_when_the_settings_name_them(desk, put):
    with receiver() as there, mailbox() as post:
        settings = Settings(
            webhook_networks="127.0.0.1",
            smtp_host=post.host,
            smtp_port=post.port,
            smtp_security="none",
            smtp_from="alerts@bank.example",
            sms_gateway=there.url.replace("http://", "json://").replace("/hook", "/sms/{to}"),
        )
        desk.outbox.endpoints.add("Core", there.url, ["case.closed", "notice.delivered"], "asha")
        put("smtp", target="asha.k@example.in", body='{"subject":"रोका गया","text":"₹1"}'.encode())
        put("sms")
        with desk.writing() as connection:
            desk.outbox.put(connection, Message("case.closed", "case.closed:1", "", "", b"{}"))
        sender = Sender(desk.outbox, desk.outbox.sending(), carriers_of(settings, desk), SystemClock())
        while sender.step():
            pass
        assert set(states(desk).values()) == {"sent"}
        assert [mail["Subject"] for mail in post.got] == ["रोका गया"]
        types = [got.event["type"] for got in there.got if got.path == "/hook"]
        assert sorted(types) == ["case.closed", "notice.delivered", "notice.delivered"]
        assert sum(got.path.startswith("/sms/") for got in there.got) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook_networks": "10.0.0.1/8"},
        {"smtp_host": "mail", "smtp_security": "maybe"},
        {"sms_gateway": "json://gateway.example/"},
    ],
)
def test_settings_are_refused_when_they_cannot_be_used(desk, wrong):
    with pytest.raises(SettingInvalid):
        carriers_of(dataclasses.replace(Settings(), **wrong), desk)


def test_state_names_agree_when_they_are_compared():
    assert {state.value for state in MessageState} == {
        "waiting",
        "sending",
        "sent",
        "failed",
        "unknown",
        "dead",
    }
