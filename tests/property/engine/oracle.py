"""What the windows of the small policy should say, worked out from the log alone in plain Python.

Written from the definition (DESIGN 5a) and sharing nothing with the kernel, the recovery or the service: an event sees
what entered before it in the order of the log, at times in (t - width, t], and itself where the statistic says so.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import Any

import msgspec

MINUTE_US = 60_000_000
LATENESS_US = 5 * MINUTE_US
HOUR = 60
LONG_AGO_US = -(1 << 62)


@dataclass
class Entered:
    """One event in the windows."""

    kind: str
    at_us: int
    facts: dict[str, Any]


@dataclass
class Oracle:
    """Goes through a log and tells what each payment should have seen."""

    newest_us: int = LONG_AGO_US
    entered: list[Entered] = field(default_factory=list)
    payments: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    waiting: dict[tuple[int, str], list[tuple[str, int, dict[str, Any], bool]]] = field(default_factory=dict)
    labels: dict[tuple[int, str], Entered] = field(default_factory=dict)

    def take(self, entry) -> tuple[bool, bool, dict[str, Any] | None]:
        """Take one line of the log; return whether it is late, whether it waits, and what a payment should see."""
        body = msgspec.json.decode(entry.body)
        at_us, late = entry.occurred_us, entry.occurred_us < self.newest_us - LATENESS_US
        if not late:
            self.newest_us = max(self.newest_us, at_us)
        if entry.kind == "payment":
            facts = facts_of(body)
            seen = None if late else self.see(at_us, facts)
            if not late:
                self.entered.append(Entered("payment", at_us, facts))
            self.payments[entry.owner, entry.event_id] = facts
            self._let_in((entry.owner, entry.event_id), facts)
            return late, False, seen
        if entry.kind == "payee_change":
            if not late:
                facts = {"customer": body["customer"]["id"], "change": body["change"]}
                self.entered.append(Entered("payee_change", at_us, facts))
            return late, False, None
        of = entry.owner, body["payment"] if entry.kind == "payment_result" else body["event"]
        own = {name: body[name] for name in ("outcome", "label") if name in body}
        if of not in self.payments:
            self.waiting.setdefault(of, []).append((entry.kind, at_us, own, late))
            return late, True, None
        if not late:
            self._enter(of, entry.kind, at_us, self.payments[of] | own)
        return late, False, None

    def _let_in(self, of, facts) -> None:
        waiting = self.waiting.pop(of, [])
        on_time = [one for one in waiting if not one[3]]
        labels = [one for one in on_time if one[0] == "label"]
        for one in on_time:
            kind, at_us, own, _ = one
            if at_us >= self.newest_us - LATENESS_US and (kind != "label" or one is labels[-1]):
                self._enter(of, kind, at_us, facts | own)

    def _enter(self, of, kind, at_us, facts) -> None:
        made = Entered(kind, at_us, facts)
        if kind == "label":
            earlier = self.labels.get(of)
            self.entered = [one for one in self.entered if one is not earlier]
            self.labels[of] = made
        self.entered.append(made)

    def see(self, t: int, me: dict[str, Any]) -> dict[str, Any]:
        """Work out the features of a payment that has not entered yet."""
        mine = Entered("payment", t, me)

        def window(kind, by, minutes, *, delay=0, itself=False, value=None, **wanted):
            if any(me[name] is None for name in by):
                return None
            low, high = t - (minutes + delay) * MINUTE_US, t - delay * MINUTE_US
            found = [
                one
                for one in [*self.entered, *([mine] if itself and not delay else [])]
                if one.kind == kind
                and low < one.at_us <= high
                and all(one.facts.get(name) == me[name] for name in by)
                and all(one.facts[name] == text for name, text in wanted.items())
                and (value is None or one.facts[value] is not None)
            ]
            return sorted(found, key=lambda one: one.at_us)

        def count(*arguments, **options):
            found = window(*arguments, **options)
            return None if found is None else len(found)

        def amounts(minutes):
            found = window("payment", ["card"], minutes, itself=True)
            return None if found is None else [one.facts["amount"] for one in found]

        def of(values, work, empty):
            if values is None:
                return None
            return work(values) if values else empty

        hour, ten = amounts(HOUR), amounts(10)
        devices = window("payment", ["card"], HOUR, itself=True, value="device")
        places = window("payment", ["card"], HOUR, value="ip_country")
        before = window("payment", ["customer"], HOUR)
        same = window("payment", ["customer"], HOUR, value="device")
        results = window("payment_result", ["merchant"], HOUR)
        pair = window("payment", ["card", "merchant"], 10, itself=True)
        return {
            "card_count_1m": count("payment", ["card"], 1, itself=True),
            "card_count_1h": count("payment", ["card"], HOUR, itself=True),
            "card_sum_1h": of(hour, sum, 0),
            "card_mean_10m": of(ten, statistics.fmean, None),
            "card_std_1h": of(hour, statistics.pstdev, None),
            "card_max_10m": of(ten, max, None),
            "card_devices_1h": of(devices, lambda found: len({one.facts["device"] for one in found}), 0),
            "card_first_ip": of(places, lambda found: found[0].facts["ip_country"], None),
            "card_small": of(ten, lambda found: sum(amount < 20_000 for amount in found), 0),
            "card_declines_1h": count("payment_result", ["card"], HOUR, outcome="declined"),
            "device_new": None
            if me["device"] is None or same is None
            else me["device"] not in {one.facts["device"] for one in same},
            "customer_since": of(before, lambda found: (t - found[-1].at_us) / 1e6, None),
            "customer_added_1h": count("payee_change", ["customer"], HOUR, change="added"),
            "merchant_count_1h": count("payment", ["merchant"], HOUR, itself=True),
            "merchant_delayed": count("payment", ["merchant"], 10, delay=5),
            "merchant_fraud_1h": count("label", ["merchant"], HOUR, label="fraud"),
            "merchant_genuine_1h": count("label", ["merchant"], HOUR, label="genuine"),
            "merchant_decline_share": of(
                results, lambda found: sum(o.facts["outcome"] == "declined" for o in found) / len(found), None
            ),
            "pair_rate": of(pair, lambda found: len(found) / 600, 0.0),
        }


def facts_of(body: dict[str, Any]) -> dict[str, Any]:
    """Read the facts of a payment that the small policy uses."""
    return {
        "amount": body["amount_minor"],
        "card": body.get("card", {}).get("token"),
        "merchant": body.get("payee", {}).get("merchant"),
        "device": body.get("device", {}).get("id"),
        "customer": body.get("customer", {}).get("id"),
        "ip_country": body.get("ip_country"),
    }


def agree(have: Any, should: Any) -> bool:
    """Whole numbers, texts and truth exactly, floats to 1e-9."""
    if isinstance(have, float) and isinstance(should, int | float):
        return math.isclose(have, should, rel_tol=1e-9, abs_tol=1e-9)
    return type(have) is type(should) and have == should
