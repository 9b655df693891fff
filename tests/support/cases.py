"""Alerts for tests, and the ways to bring them onto a desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satark.cases.model import EntityKind, EntityRef, NewAlert
from satark.policies.case_rules import JoinRule

if TYPE_CHECKING:
    from satark.cases.model import Alert
    from satark.storage.desk import Desk

START_US = 1_790_000_000_000_000
JOIN = JoinRule(frozenset({"card", "device"}), within_seconds=3_600, at_most=5)


def ref(kind: str, value: str) -> EntityRef:
    """Return a thing."""
    return EntityRef(EntityKind(kind), value)


def new_alert(seq: int, **changes: Any) -> NewAlert:
    """Return an alert of a payment; `card=` and `device=` are short for its things."""
    things = [ref(kind, changes.pop(kind)) for kind in EntityKind if kind.value in changes]
    values: dict[str, Any] = {
        "seq": seq,
        "owner": 1,
        "event_id": f"pay_{seq}",
        "occurred_us": START_US + seq,
        "action": "hold",
        "score": 0.8,
        "amount_minor": 1_000_00,
        "queue": "review",
        "deadline_seconds": 1_800,
        "kinds": ("stolen_card",),
        "rules": ("card_velocity",),
        "entities": tuple(things) or (ref("card", f"tok_{seq}"),),
        "four_eyes": False,
    }
    return NewAlert(**{**values, **changes})


def take_in(desk: Desk, *alerts: NewAlert, join: JoinRule = JOIN) -> list[Alert]:
    """Bring alerts onto the desk."""
    with desk.writing("a test") as connection:
        return desk.cases.take_in(connection, alerts, join)


def open_case(desk: Desk, seq: int, **changes: Any) -> int:
    """Open a case with one alert; return its id."""
    return take_in(desk, new_alert(seq, **changes))[0].case_id
