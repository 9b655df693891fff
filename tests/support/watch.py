"""A log in memory with decided payments and their labels, for tests of what is watched."""

from __future__ import annotations

from typing import Any

import msgspec

from satark.core.clock import IST_OFFSET_US, MICROS_PER_DAY, MICROS_PER_SECOND, from_us
from satark.decisions.logged_policy import PolicyInput, policy_ref
from satark.decisions.ports import LogEntry
from satark.decisions.stored import encode_stored
from satark.policies import load_policy

POLICY_TEXT = """
policy: tiny
version: 1
features:
  card_10m: count() by card over 10m
  card_mean: mean(amount) by card over 30d
rules:
  big: {when: "amount > rupees(500)", action: hold, reason: {en: "big", hi: "बड़ा"}}
  quick: {when: "card_10m > 3", action: challenge, reason: {en: "quick", hi: "जल्दी"}}
cases:
  queues: {cards: {en: Cards, hi: कार्ड}}
  routes: [{queue: cards}]
watch: {alerts_per_day: {cards: 40}, psi: 0.2, least: 100}
"""
POLICY = load_policy(POLICY_TEXT)
HASH = POLICY.content_hash
DAY = 20_780
"""A Monday."""


def noon(day: int) -> int:
    """Return noon in India of a day since 1970."""
    return day * MICROS_PER_DAY - IST_OFFSET_US + 12 * 3_600 * MICROS_PER_SECOND


class MemoryLog:
    """What the watch asks of a log."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []
        self.policy()

    def last_seq(self) -> int:
        return len(self.entries)

    def read(self, after_seq, *, limit=None):
        return iter(self.entries[after_seq : None if limit is None else after_seq + limit])

    def find(self, owner, event_id):
        return next((one for one in self.entries if (one.owner, one.event_id) == (owner, event_id)), None)

    def find_by_ref(self, owner, ref):
        return iter([one for one in self.entries if (one.owner, one.ref) == (owner, ref)])

    def append(self, kind: str, event_id: str, **values: Any) -> LogEntry:
        owner = values.pop("owner", 1)
        at_us = values.pop("at_us", noon(DAY))
        entry = LogEntry(
            seq=len(self.entries) + 1,
            owner=owner,
            event_id=event_id,
            kind=kind,
            occurred_us=at_us,
            arrived_us=at_us,
            flags=values.pop("flags", 0),
            ref=values.pop("ref", ""),
            digest=b"",
            body=values.pop("body", b""),
            **values,
        )
        self.entries.append(entry)
        return entry

    def policy(self, text: str = POLICY_TEXT) -> None:
        policy = load_policy(text)
        told = PolicyInput(policy.name, policy.version, policy.content_hash, text, {})
        self.append(
            "policy",
            f"policy:{len(self.entries)}",
            owner=0,
            ref=policy_ref(policy.content_hash),
            body=msgspec.json.encode(told),
        )

    def payment(
        self,
        event_id: str,
        *,
        day: int = DAY,
        rupees: int = 100,
        action: str = "allow",
        would: str | None = None,
        released: bool = False,
        score: float = 0.0,
        rules: tuple[str, ...] = (),
        degraded: tuple[str, ...] = (),
        features: tuple[Any, ...] = (1, 100.0),
        customer: str | None = None,
        model: tuple[str, float | None] | None = None,
        flags: int = 0,
        policy: str = HASH,
    ) -> LogEntry:
        """Add a decided payment at noon of a day."""
        at_us = noon(day)
        body: dict[str, Any] = {
            "type": "payment",
            "id": event_id,
            "occurred_at": from_us(at_us).isoformat(),
            "amount_minor": rupees * 100,
            "method": "card",
            "card": {"token": f"tok_{event_id}"},
        }
        if customer is not None:
            body["customer"] = {"id": customer}
        decision: dict[str, Any] = {
            "id": event_id,
            "action": action,
            "score": score,
            "reasons": [{"code": code, "en": code, "hi": code} for code in rules],
            "policy": {"name": "tiny", "version": 1, "hash": policy},
            "degraded": list(degraded),
            "would": would,
            "released": released,
        }
        if model is not None:
            decision["model"] = {"name": "m", "hash": model[0], "score": model[1]}
        return self.append(
            "payment",
            event_id,
            at_us=at_us,
            flags=flags,
            body=msgspec.json.encode(body),
            decision=msgspec.json.encode(decision),
            features=encode_stored("plan", list(features), None),
        )

    def label(
        self, payment: str, label: str, reporter: str = "issuer", *, day: float = DAY, owner: int = 1
    ) -> LogEntry:
        """Add a label, reported at a moment of a day."""
        at_us = round(noon(0) + day * MICROS_PER_DAY)
        number = len(self.entries) + 1
        body = {
            "type": "label",
            "id": f"l{number}",
            "event": payment,
            "label": label,
            "reporter": reporter,
            "reported_at": from_us(at_us).isoformat(),
        }
        return self.append(
            "label", f"l{number}", at_us=at_us, ref=payment, owner=owner, body=msgspec.json.encode(body)
        )
