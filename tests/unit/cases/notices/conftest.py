"""A book of notices in memory, and a planner over it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.support import notices as support
from tests.support.notices import ADDRESS, CHANNELS, NOON_US, policy_text

from satark.cases.notices import Links, NoticePlan, NoticePlanner
from satark.cases.notices.model import NoticeState, Told
from satark.core.clock import FixedClock, Micros
from satark.policies.loader import load_policy


class Book:
    """Notices in memory; the same calls as the desk's."""

    def __init__(self) -> None:
        self.links = Links(bytes(32))
        self.notices: list[Any] = []
        self.kept: list[Any] = []
        self.customers: dict[tuple[int, str], Any] = {}
        self.asked_floor = 0

    def has(self, connection, owner, event_id):
        return any((one.owner, one.event_id) == (owner, event_id) for one in self.notices)

    def customer(self, connection, owner, customer):
        return self.customers.get((owner, customer))

    def least_threshold(self, connection):
        self.asked_floor += 1
        return min(
            (one.threshold_minor for one in self.customers.values() if one.threshold_minor), default=None
        )

    def told(self, connection, owner, customer, targets, since_us):
        at_targets = {
            one.notice_id for link_set in self.kept for one in link_set if one.target_hash in targets
        }
        return [
            Told(one.kind, one.shown.amount_minor)
            for one in self.notices
            if one.state is NoticeState.SENT
            and one.created_us > since_us
            and (one.id in at_targets or (customer and (one.owner, one.customer) == (owner, customer)))
        ]

    def add(self, connection, notice, links):
        number = len(self.notices) + 1
        self.notices.append(msgspec.structs.replace(notice, id=number))
        self.kept.append([_Kept(number, link) for link in links])
        return number


class _Kept:
    def __init__(self, notice_id, link):
        self.notice_id = notice_id
        self.link = link
        self.target_hash = link.target_hash


class Cases:
    def __init__(self) -> None:
        self.lines: list[tuple[int, str, str, dict[str, Any]]] = []

    def record(self, connection, case_id, actor, kind, detail):
        self.lines.append((case_id, actor, kind, dict(detail)))
        return len(self.lines)


@pytest.fixture
def make_event():
    return support.make_event


@pytest.fixture
def make_entry():
    return support.make_entry


@pytest.fixture
def make_decision():
    return support.make_decision


@pytest.fixture
def clock():
    return FixedClock(Micros(NOON_US))


@pytest.fixture
def book():
    return Book()


@pytest.fixture
def cases():
    return Cases()


@pytest.fixture
def make_planner(book, cases, clock):
    def make(channels=CHANNELS, address=ADDRESS, **changes):
        plan = NoticePlan.of(load_policy(policy_text(**changes)))
        return NoticePlanner(
            plan, book=book, cases=cases, channels=lambda: frozenset(channels), address=address, clock=clock
        )

    return make


@pytest.fixture
def tell(make_planner, make_event, make_entry, make_decision):
    """Plan the notice of one payment."""
    made = {}

    def tell(
        action="hold",
        *,
        planner=None,
        rules=("velocity",),
        case_id=7,
        seq=1,
        owner=1,
        at_us=NOON_US,
        **changes,
    ):
        planner = planner or made.setdefault("planner", make_planner())
        event = make_event(**changes)
        entry = make_entry(event, seq=seq, owner=owner, occurred_us=at_us)
        return planner.plan(entry, make_decision(action, *rules), event, connection=None, case_id=case_id)

    return tell


@pytest.fixture
def notice_policy():
    return policy_text
