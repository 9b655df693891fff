"""A batch of alerts joined to cases in memory, before anything is written.

Cases that the batch opens have provisional ids, greater than all real ones, so that all of them can be written in one
statement; `settle` puts the real ones in their place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from satark.cases.joining import Candidate, choose
from satark.cases.priority import priority_of
from satark.core.clock import MICROS_PER_SECOND
from satark.storage.desk.case_rows import GRAVITY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.cases.model import NewAlert
    from satark.policies.case_rules import JoinRule

SYSTEM = "system"
UNBORN = 2**62


@dataclass(slots=True)
class Sums:
    """What a case comes to, with the alerts of this batch."""

    queue: str
    owner: int
    n_alerts: int = 0
    priority: float = 0.0
    amount_minor: int = 0
    score: float = 0.0
    gravity: int = 0
    deadline_us: int = 0
    four_eyes: bool = False

    def add(self, alert: NewAlert, now_us: int) -> None:
        """Count one alert in."""
        deadline_us = now_us + alert.deadline_seconds * MICROS_PER_SECOND
        self.deadline_us = min(self.deadline_us, deadline_us) if self.n_alerts else deadline_us
        self.n_alerts += 1
        self.priority = round(self.priority + priority_of(alert.amount_minor, alert.score), 2)
        self.amount_minor += alert.amount_minor
        self.score = max(self.score, alert.score)
        self.gravity = max(self.gravity, GRAVITY.get(alert.action, 0))
        self.four_eyes = self.four_eyes or alert.four_eyes


@dataclass(slots=True)
class Batch:
    """One call of `take_in`: open cases by what they may be joined by, and what is to be written."""

    sums: dict[int, Sums] = field(default_factory=dict)
    born: dict[int, Sums] = field(default_factory=dict)
    """The cases that the batch opens, in order; their ids are provisional until they are written."""
    seen: dict[tuple[int, str, str], dict[int, int]] = field(default_factory=dict)
    """(owner, kind, value) to case to when it was last seen."""
    things: dict[tuple[int, str, str], dict[str, Any]] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)

    def place(self, alert: NewAlert, join: JoinRule, now_us: int) -> None:
        """Join an alert to the case that it belongs to, or open one."""
        shared: dict[int, list[tuple[int, str]]] = {}
        for ref in alert.entities:
            if ref.kind.value in join.kinds:
                for case_id, last_us in self.seen.get((alert.owner, ref.kind.value, ref.value), {}).items():
                    shared.setdefault(case_id, []).append((last_us, ref.kind.value))
        chosen = choose(
            [
                Candidate(one, self.sums[one].n_alerts, tuple(last_us for last_us, _ in seen))
                for one, seen in shared.items()
            ],
            alert.occurred_us,
            join,
        )
        if chosen is None:
            case_id = UNBORN + len(self.born)
            self.sums[case_id] = self.born[case_id] = Sums(alert.queue, alert.owner)
            self.lines.append(line_of(case_id, now_us, "opened", {"queue": alert.queue}))
            by: list[str] = []
        else:
            case_id = chosen
            by = sorted({kind for _, kind in shared[case_id]})
        self.sums[case_id].add(alert, now_us)
        self.lines.append(
            line_of(
                case_id,
                now_us,
                "alert_joined",
                {"event": alert.event_id, "seq": alert.seq, "action": alert.action, "by": by},
            )
        )
        self.alerts.append(row_of(case_id, alert, now_us))
        for ref in dict.fromkeys(alert.entities):
            key = (case_id, ref.kind.value, ref.value)
            thing = self.things.get(key)
            if thing is None:
                self.things[key] = {
                    "case_id": case_id,
                    "kind": ref.kind.value,
                    "value": ref.value,
                    "owner": alert.owner,
                    "joins": True,
                    "n_alerts": 1,
                    "first_us": alert.occurred_us,
                    "last_us": alert.occurred_us,
                }
            else:
                thing["n_alerts"] += 1
                thing["first_us"] = min(thing["first_us"], alert.occurred_us)
                thing["last_us"] = max(thing["last_us"], alert.occurred_us)
            if ref.kind.value in join.kinds:
                seen = self.seen.setdefault((alert.owner, ref.kind.value, ref.value), {})
                seen[case_id] = max(seen.get(case_id, alert.occurred_us), alert.occurred_us)

    def settle(self, ids: Mapping[int, int]) -> None:
        """Put real ids in the place of provisional ones."""
        for row in (*self.lines, *self.alerts, *self.things.values()):
            row["case_id"] = ids.get(row["case_id"], row["case_id"])


def line_of(case_id: int, now_us: int, kind: str, detail: dict[str, Any]) -> dict[str, Any]:
    """Return a line of the timeline."""
    return {
        "case_id": case_id,
        "at_us": now_us,
        "actor": SYSTEM,
        "kind": kind,
        "detail": msgspec.json.encode(detail).decode(),
    }


def row_of(case_id: int, alert: NewAlert, now_us: int) -> dict[str, Any]:
    """Return an alert's row."""
    return {
        "case_id": case_id,
        "seq": alert.seq,
        "owner": alert.owner,
        "event_id": alert.event_id,
        "occurred_us": alert.occurred_us,
        "opened_us": now_us,
        "deadline_us": now_us + alert.deadline_seconds * MICROS_PER_SECOND,
        "action": alert.action,
        "score": alert.score,
        "amount_minor": alert.amount_minor,
        "priority": priority_of(alert.amount_minor, alert.score),
        "queue": alert.queue,
        "kinds": " ".join("_".join(kind.split()) for kind in alert.kinds),
        "rules": " ".join(alert.rules),
    }
