"""Orders to publish that come from the console: carried out once, in order, without holding up the rest."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from tests.support.engine import NOW_US, payment
from tests.support.publishing import BASE, OTHER_WINDOWS, SAME_WINDOWS, PublishingBench, hash_of

from satark.app.inbox import Inbox
from satark.core.errors import Forbidden, NotFound
from satark.decisions.logged_roster import roster_at


@dataclass
class Command:
    id: int
    kind: str
    body: dict[str, Any]
    owner: int = 0
    actor: str = "asha"
    at_us: int = NOW_US


@dataclass
class Commands:
    rows: list[Command]
    forged: set[int] = field(default_factory=set)
    settled: dict[int, tuple[str, str]] = field(default_factory=dict)

    def waiting(self, limit):
        return [row for row in self.rows if row.id not in self.settled][:limit]

    def settle(self, command_id, state, result=""):
        self.settled[command_id] = (state, result)

    def check(self, command):
        if command.id in self.forged:
            raise Forbidden("nobody gave this order")


class Lists:
    def set(self, *args, **named):
        pass

    def remove(self, *args, **named):
        raise NotFound("not there")


@pytest.fixture
def bench():
    made = PublishingBench().start()
    yield made
    made.stop()


@pytest.fixture
def inbox(bench):
    return Inbox(bench.service, None, Lists())


def order(number, live, **more):
    body = {"live": hash_of(live), "texts": {hash_of(live): live}, **more}
    return Command(number, "publish", msgspec.json.decode(msgspec.json.encode(body)))


def take_until_settled(inbox, commands, count):
    for _ in range(200):
        inbox.take(commands)
        if len(commands.settled) == count:
            return
        threading.Event().wait(0.01)
    raise AssertionError(commands.settled)


def test_order_is_carried_out_under_the_commands_own_id(bench, inbox):
    commands = Commands([order(7, SAME_WINDOWS, note="stricter from today")])
    take_until_settled(inbox, commands, 1)
    assert commands.settled == {7: ("done", "")}
    roster = roster_at(bench.log)
    assert (roster.live, roster.actor, roster.note) == (hash_of(SAME_WINDOWS), "asha", "stricter from today")
    assert bench.log.find(0, "command:7").kind == "roster"
    assert bench.decide(payment("p1")).policy.name == "stricter"


def test_order_taken_twice_counts_once(bench, inbox):
    for _ in range(2):
        take_until_settled(inbox, Commands([order(7, SAME_WINDOWS)]), 1)
    assert [entry.kind for entry in bench.log.read(0)].count("roster") == 1


def test_orders_are_carried_out_in_order(bench, inbox):
    commands = Commands([order(1, SAME_WINDOWS), order(2, OTHER_WINDOWS), order(3, BASE)])
    take_until_settled(inbox, commands, 3)
    lives = [msgspec.json.decode(e.body)["live"] for e in bench.log.read(0) if e.kind == "roster"]
    assert lives == [hash_of(SAME_WINDOWS), hash_of(OTHER_WINDOWS), hash_of(BASE)]


def test_edits_of_lists_go_on_while_an_order_is_carried_out_and_later_orders_wait(bench, inbox, monkeypatch):
    going, may_go = threading.Event(), threading.Event()
    cast = bench.casting.cast

    def slow(*args):
        going.set()
        assert may_go.wait(20)
        return cast(*args)

    monkeypatch.setattr(bench.casting, "cast", slow)
    edit = Command(2, "list_set", {"list": "stolen", "value": "card_7"})
    commands = Commands([order(1, OTHER_WINDOWS), edit, order(3, BASE)])
    inbox.take(commands)
    assert going.wait(20)
    inbox.take(commands)
    assert commands.settled == {2: ("done", "")}
    may_go.set()
    take_until_settled(inbox, commands, 3)
    assert roster_at(bench.log).live == hash_of(BASE)
    assert bench.decide(payment("p1", card="card_7")).action == "block"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (order(1, SAME_WINDOWS, canary={"hash": hash_of(BASE), "percent": 0}), "input_invalid"),
        (order(1, SAME_WINDOWS, percent=3), "input_invalid"),
        (order(1, SAME_WINDOWS, shadows=["ab"]), "input_invalid"),
        (order(1, SAME_WINDOWS, shadows=["ab" * 32]), "input_invalid"),
        (order(1, SAME_WINDOWS, shadows=[f"{n:064x}" for n in range(9)]), "input_invalid"),
        (order(1, SAME_WINDOWS, note="x" * 2_001), "input_invalid"),
        (order(1, SAME_WINDOWS, texts={hash_of(SAME_WINDOWS): BASE}), "input_invalid"),
        (order(1, SAME_WINDOWS, texts={"ab" * 32: "policy"}), "policy_invalid"),
        (order(1, SAME_WINDOWS, models={"ab" * 32: "no base64"}), "model_invalid"),
        (Command(1, "publish", {"live": 7}), "input_invalid"),
    ],
)
def test_order_that_cannot_be_carried_out_is_refused(bench, inbox, command, code):
    commands = Commands([command])
    take_until_settled(inbox, commands, 1)
    assert commands.settled == {1: ("refused", code)}
    assert roster_at(bench.log) is None


def test_order_that_nobody_gave_is_refused(bench, inbox):
    commands = Commands([order(1, SAME_WINDOWS)], forged={1})
    take_until_settled(inbox, commands, 1)
    assert commands.settled == {1: ("refused", "forbidden")}
    assert roster_at(bench.log) is None


def test_order_that_breaks_something_is_refused_and_the_next_is_carried_out(bench, inbox, monkeypatch):
    cast = bench.casting.cast
    failing = iter([True])

    def broken(*args):
        if next(failing, False):
            raise ZeroDivisionError
        return cast(*args)

    monkeypatch.setattr(bench.casting, "cast", broken)
    commands = Commands([order(1, OTHER_WINDOWS), order(2, SAME_WINDOWS)])
    take_until_settled(inbox, commands, 2)
    assert commands.settled == {1: ("refused", "input_invalid"), 2: ("done", "")}


def test_order_waits_while_the_engine_is_not_ready(bench, inbox):
    commands = Commands([order(1, SAME_WINDOWS)])
    bench.service._state = "rebuilding"
    for _ in range(3):
        inbox.take(commands)
    assert commands.settled == {}
    bench.service._state = "ready"
    take_until_settled(inbox, commands, 1)
    assert commands.settled == {1: ("done", "")}
