"""Custom attributes: what a caller may add to a payment, as the policy declares it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.events.facts import FactType
from satark.events.kinds import Payment
from satark.events.refusals import json_type, near, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.events.kinds import Event

_UNDECLARED = "is not declared in the policy"
_ACCEPTED: dict[FactType, tuple[type, ...]] = {
    FactType.STR: (str,),
    FactType.BOOL: (bool,),
    FactType.INT: (int,),
    FactType.FLOAT: (float, int),
}


def check_custom(event: Event, attributes: Mapping[str, FactType]) -> None:
    """Check a payment's custom attributes against the policy's declaration; other events have none.

    An int is welcome where a float is declared. None may be left out, all may be missing.

    Raises
    ------
    InvalidEvent
        An attribute is not declared (with a near name as hint), or has another type.

    Examples
    --------
    >>> from satark.events import decode_event
    >>> body = b'{"id":"p1","occurred_at":"2026-01-31T10:00:00Z","amount_minor":5,"method":"upi"'
    >>> body += b',"custom":{"teir":"gold"}}'
    >>> check_custom(decode_event(body, "payment"), {"tier": FactType.STR})
    Traceback (most recent call last):
    satark.core.errors.InvalidEvent: custom.teir is not declared in the policy; did you mean tier?
    """
    if type(event) is not Payment:
        return
    for name, value in event.custom.items():
        declared = attributes.get(name)
        if declared is None:
            expected = "declared under attributes in the policy"
            raise refuse(f"custom.{name}", expected, json_type(value), near(name, attributes), _UNDECLARED)
        if type(value) not in _ACCEPTED[declared]:
            raise refuse(f"custom.{name}", declared.value, json_type(value))
