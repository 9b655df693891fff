"""The engine takes what people decided on in the console: labels and edits of lists, once each, in order."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.engine import NOW_US, Bench, BreakableLog, payment

from satark.app import inbox as inbox_module
from satark.app.inbox import Inbox, edit_of
from satark.core.errors import InputInvalid, NotFound, StorageUnavailable


@dataclass
class Command:
    id: int
    kind: str
    body: dict[str, Any]
    owner: int = 1
    actor: str = "asha"
    at_us: int = NOW_US


@dataclass
class Commands:
    rows: list[Command]
    settled: dict[int, tuple[str, str]] = field(default_factory=dict)

    def waiting(self, limit):
        return [row for row in self.rows if row.id not in self.settled][:limit]

    def settle(self, command_id, state, result=""):
        self.settled[command_id] = (state, result)


class Lists:
    def __init__(self):
        self.now = {}

    def set(self, name, value, *, actor, expires_us=None, note=""):
        self.now[name, value] = (actor, expires_us, note)

    def remove(self, name, value, *, actor, note=""):
        if (name, value) not in self.now:
            raise NotFound("not there")
        del self.now[name, value]


@pytest.fixture
def bench():
    bench = Bench(BreakableLog()).start()
    yield bench
    bench.service.stop(20)


def inbox_of(bench, *rows):
    commands, lists = Commands(list(rows)), Lists()

    class Taking(Inbox):
        def take(self):
            return super().take(commands)

    return Taking(bench.service, None, lists), commands, lists


def test_label_reaches_the_windows(bench):
    bench.decide(payment("p1"))
    body = {"id": "case_1_1_1", "event": "p1", "label": "fraud", "kind": "stolen_card"}
    inbox, commands, _ = inbox_of(bench, Command(1, "label", body))
    assert inbox.take() == 1
    assert commands.settled == {1: ("done", "")}
    bench.decide(payment("p2"))
    assert bench.features("p2")["merchant_fraud_1h"] == 1


def test_edit_of_a_list_counts_and_is_shown(bench):
    inbox, commands, lists = inbox_of(
        bench, Command(1, "list_set", {"list": "stolen", "value": "tok_5", "expires_us": NOW_US * 2})
    )
    inbox.take()
    assert bench.decide(payment("p1", card="tok_5")).action == "block"
    assert lists.now == {("stolen", "tok_5"): ("asha", NOW_US * 2, "")}
    commands.rows.append(Command(2, "list_remove", {"list": "stolen", "value": "tok_5"}))
    commands.rows.append(Command(3, "list_remove", {"list": "stolen", "value": "tok_stolen"}))
    assert inbox.take() == 2
    assert lists.now == {}
    assert bench.decide(payment("p2", card="tok_5")).action == "allow"
    assert bench.decide(payment("p3", card="tok_stolen")).action == "allow"


def test_what_was_taken_before_a_crash_counts_once(bench):
    bench.decide(payment("p1"))
    rows = (
        Command(1, "label", {"id": "c1", "event": "p1", "label": "fraud"}),
        Command(2, "list_set", {"list": "stolen", "value": "tok_5"}),
    )
    inbox_of(bench, *rows)[0].take()
    count = bench.log.count()
    inbox, commands, _ = inbox_of(bench, *rows)
    inbox.take()
    assert bench.log.count() == count
    assert {state for state, _ in commands.settled.values()} == {"done"}


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("label", {"id": "c1", "event": "p1", "label": "maybe"}, "invalid_event"),
        ("label", {"event": "p1", "label": "fraud"}, "invalid_event"),
        ("list_set", {"list": "nowhere", "value": "x"}, "input_invalid"),
        ("list_set", {"value": "x"}, "input_invalid"),
        ("format_disk", {}, "input_invalid"),
    ],
)
def test_what_the_engine_cannot_take_is_refused_and_holds_up_nothing(bench, kind, body, reason):
    inbox, commands, _ = inbox_of(
        bench, Command(1, kind, body), Command(2, "list_set", {"list": "stolen", "value": "tok_5"})
    )
    inbox.take()
    assert commands.settled == {1: ("refused", reason), 2: ("done", "")}


def test_commands_wait_while_the_engine_cannot_write(bench, monkeypatch):
    monkeypatch.setattr("satark.decisions.room._RETRY_SECONDS", 0.01)
    inbox, commands, _ = inbox_of(
        bench,
        Command(1, "list_set", {"list": "stolen", "value": "tok_5"}),
        Command(2, "list_remove", {"list": "stolen", "value": "tok_5"}),
    )
    bench.log.break_with(28, times=1)
    assert inbox.take() == 0
    assert commands.settled == {}
    bench.settle()
    assert inbox.take() == 2
    assert bench.decide(payment("p1", card="tok_5")).action == "allow"


def test_expiry_must_be_a_number():
    with pytest.raises(InputInvalid):
        edit_of("list_set", {"list": "a", "value": "b", "expires_us": "never"}, "asha")


def test_inbox_asks_again_when_the_desk_could_not_be_opened(bench, monkeypatch):
    monkeypatch.setattr(inbox_module, "POLL_SECONDS", 0.001)
    monkeypatch.setattr(inbox_module, "RETRY_SECONDS", 0.001)
    commands = Commands([Command(1, "list_set", {"list": "stolen", "value": "tok_5"})])
    failures = iter([StorageUnavailable("not now"), OSError("not now either")])

    @contextlib.contextmanager
    def open_desk():
        failure = next(failures, None)
        if failure is not None:
            raise failure
        yield SimpleNamespace(commands=commands)

    inbox = Inbox(bench.service, open_desk, Lists())
    inbox.start()
    for _ in range(5_000):
        if commands.settled:
            break
        time.sleep(0.002)
    inbox.stop()
    assert commands.settled == {1: ("done", "")}
