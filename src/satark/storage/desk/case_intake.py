"""Alerts on their way into cases: what the worker writes in its transactions.

A batch of alerts is joined in memory and written in a handful of statements: what is read is only the open cases that
share a thing with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from satark.cases.joining import Candidate, choose
from satark.cases.model import CaseOutcome, CaseState
from satark.cases.priority import priority_of
from satark.core.clock import MICROS_PER_SECOND
from satark.core.errors import NotFound
from satark.storage.desk.case_rows import ALERT_COLUMNS, GRAVITY, CasePart, alert_of, chunks
from satark.storage.desk.tables.cases import ALERTS, CASE_ENTITIES, CASE_TERMS, CASE_TIMELINE, CASES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satark.cases.model import Alert, NewAlert
    from satark.policies.case_rules import CaseTerms, JoinRule

SYSTEM = "system"
CUSTOMER = "customer"


@dataclass(slots=True)
class _Sums:
    """What a case comes to, with the alerts of this batch."""

    queue: str
    n_alerts: int = 0
    priority: float = 0.0
    amount_minor: int = 0
    score: float = 0.0
    gravity: int = 0
    deadline_us: int = 0
    four_eyes: bool = False
    is_new: bool = False

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
class _Batch:
    """One call of `take_in`: open cases by what they may be joined by, and what is to be written."""

    sums: dict[int, _Sums] = field(default_factory=dict)
    seen: dict[tuple[int, str, str], dict[int, int]] = field(default_factory=dict)
    """(owner, kind, value) to case to when it was last seen."""
    things: dict[tuple[int, str, str], dict[str, Any]] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)


class CaseIntake(CasePart):
    """The worker's half of `satark.cases.ports.CaseStore`; every call is part of the caller's transaction."""

    def adopt(self, connection: sa.Connection, terms: CaseTerms) -> None:
        """Keep the words of the policy in use, for the pages; nothing happens when they are the same."""
        body = msgspec.json.encode(terms, order="deterministic").decode()
        if connection.scalar(sa.select(CASE_TERMS.c.body).where(CASE_TERMS.c.id == 1)) == body:
            return
        connection.execute(sa.delete(CASE_TERMS))
        connection.execute(sa.insert(CASE_TERMS).values(id=1, at_us=self._clock.now_us(), body=body))

    def take_in(self, connection: sa.Connection, alerts: Sequence[NewAlert], join: JoinRule) -> list[Alert]:
        """Open alerts and join them to cases; those that are already there are left out.

        Returns
        -------
        list of Alert
            The ones that were opened, in log order.
        """
        fresh = self._fresh(connection, alerts)
        if not fresh:
            return []
        now_us = self._clock.now_us()
        batch = _Batch()
        self._load(connection, batch, fresh, join)
        for alert in fresh:
            self._place(connection, batch, alert, join, now_us)
        opened = self._write(connection, batch, now_us)
        n_new = sum(sums.is_new for sums in batch.sums.values())
        self._audit.note(
            connection,
            actor=SYSTEM,
            action="alerts_taken_in",
            subject=f"log:{fresh[-1].seq}",
            detail={"alerts": len(opened), "cases_opened": n_new, "first_seq": fresh[0].seq},
        )
        return opened

    def record(
        self, connection: sa.Connection, case_id: int, actor: str, kind: str, detail: Mapping[str, Any]
    ) -> int:
        """Add a line to the timeline, for what happens beside case work.

        Raises
        ------
        NotFound
            There is no such case.
        """
        if connection.scalar(sa.select(CASES.c.id).where(CASES.c.id == case_id)) is None:
            message = "there is no such case"
            raise NotFound(message)
        return self._line(connection, case_id, actor, kind, detail)

    def answered(
        self, connection: sa.Connection, case_id: int, answer: str, detail: Mapping[str, Any]
    ) -> None:
        """Note a customer's answer; a case that waited for the customer is worked on again.

        One that was closed as anything but fraud is opened again when the customer denies a payment of it.
        """
        row = self._one(connection, case_id)
        self._line(connection, case_id, CUSTOMER, "answer", {"answer": answer, **detail})
        state = CaseState.OPEN if row.assignee is None else CaseState.IN_PROGRESS
        fraud = CaseOutcome.FRAUD.value
        if row.state == CaseState.CLOSED.value and answer == fraud and row.outcome != fraud:
            self._open_again(connection, case_id, state=state.value)
            self._line(connection, case_id, CUSTOMER, "reopened", {"outcome": row.outcome})
        elif row.state == CaseState.WAITING_FOR_CUSTOMER.value:
            self._change(connection, case_id, state=state.value)
            self._line(connection, case_id, CUSTOMER, "state", {"from": row.state, "to": state.value})
        self._note(connection, CUSTOMER, "customer_answered", case_id, {"answer": answer})

    def _fresh(self, connection: sa.Connection, alerts: Sequence[NewAlert]) -> list[NewAlert]:
        """Return the alerts that are not there yet, each once, in log order."""
        by_seq = {alert.seq: alert for alert in alerts}
        known: set[int] = set()
        for part in chunks(sorted(by_seq)):
            known.update(connection.scalars(sa.select(ALERTS.c.seq).where(ALERTS.c.seq.in_(part))))
        return [by_seq[seq] for seq in sorted(by_seq) if seq not in known]

    def _load(
        self, connection: sa.Connection, batch: _Batch, alerts: Sequence[NewAlert], join: JoinRule
    ) -> None:
        """Read the open cases that an alert of the batch may join."""
        wanted = {
            (alert.owner, ref.kind.value, ref.value)
            for alert in alerts
            for ref in alert.entities
            if ref.kind.value in join.kinds
        }
        least_us = min(alert.occurred_us for alert in alerts) - join.within_seconds * MICROS_PER_SECOND
        columns = (
            CASE_ENTITIES.c.owner,
            CASE_ENTITIES.c.kind,
            CASE_ENTITIES.c.value,
            CASE_ENTITIES.c.case_id,
            CASE_ENTITIES.c.last_us,
        )
        for part in chunks(sorted({value for _, _, value in wanted})):
            rows = connection.execute(
                sa.select(*columns).where(
                    CASE_ENTITIES.c.value.in_(part), sa.text("joins"), CASE_ENTITIES.c.last_us >= least_us
                )
            )
            for owner, kind, value, case_id, last_us in rows:
                if (owner, kind, value) in wanted:
                    batch.seen.setdefault((owner, kind, value), {})[case_id] = last_us
        ids = sorted({case_id for cases in batch.seen.values() for case_id in cases})
        for part in chunks(ids):
            for row in connection.execute(sa.select(CASES).where(CASES.c.id.in_(part))):
                batch.sums[row.id] = _Sums(
                    row.queue,
                    row.n_alerts,
                    row.priority,
                    row.amount_minor,
                    row.score,
                    row.gravity,
                    row.deadline_us,
                    bool(row.four_eyes),
                )

    def _place(
        self, connection: sa.Connection, batch: _Batch, alert: NewAlert, join: JoinRule, now_us: int
    ) -> None:
        """Join an alert to the case that it belongs to, or open one."""
        shared: dict[int, list[tuple[int, str]]] = {}
        for ref in alert.entities:
            if ref.kind.value in join.kinds:
                for case_id, last_us in batch.seen.get((alert.owner, ref.kind.value, ref.value), {}).items():
                    shared.setdefault(case_id, []).append((last_us, ref.kind.value))
        chosen = choose(
            [
                Candidate(one, batch.sums[one].n_alerts, tuple(last_us for last_us, _ in seen))
                for one, seen in shared.items()
            ],
            alert.occurred_us,
            join,
        )
        if chosen is None:
            case_id = self._open(connection, alert, now_us)
            batch.sums[case_id] = _Sums(alert.queue, is_new=True)
            batch.lines.append(_line(case_id, now_us, "opened", {"queue": alert.queue}))
            by: list[str] = []
        else:
            case_id = chosen
            by = sorted({kind for _, kind in shared[case_id]})
        batch.sums[case_id].add(alert, now_us)
        batch.lines.append(
            _line(
                case_id,
                now_us,
                "alert_joined",
                {"event": alert.event_id, "seq": alert.seq, "action": alert.action, "by": by},
            )
        )
        batch.alerts.append(_alert_row(case_id, alert, now_us))
        for ref in dict.fromkeys(alert.entities):
            key = (case_id, ref.kind.value, ref.value)
            thing = batch.things.get(key)
            if thing is None:
                batch.things[key] = {
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
                seen = batch.seen.setdefault((alert.owner, ref.kind.value, ref.value), {})
                seen[case_id] = max(seen.get(case_id, alert.occurred_us), alert.occurred_us)

    def _open(self, connection: sa.Connection, alert: NewAlert, now_us: int) -> int:
        """Open an empty case; its sums are written with the rest of the batch."""
        done = connection.execute(
            sa.insert(CASES)
            .values(
                owner=alert.owner,
                queue=alert.queue,
                state=CaseState.OPEN.value,
                locked_until_us=0,
                priority=0.0,
                amount_minor=0,
                score=0.0,
                gravity=0,
                opened_us=now_us,
                deadline_us=now_us,
                changed_us=now_us,
                n_alerts=0,
                n_closings=0,
                four_eyes=False,
                version=0,
            )
            .returning(CASES.c.id)
        )
        return int(done.scalar_one())

    def _write(self, connection: sa.Connection, batch: _Batch, now_us: int) -> list[Alert]:
        touched = sorted({row["case_id"] for row in batch.alerts})
        connection.execute(
            sa.update(CASES)
            .where(CASES.c.id == sa.bindparam("of_case"))
            .values(
                priority=sa.bindparam("new_priority"),
                amount_minor=sa.bindparam("new_amount"),
                score=sa.bindparam("new_score"),
                gravity=sa.bindparam("new_gravity"),
                deadline_us=sa.bindparam("new_deadline"),
                n_alerts=sa.bindparam("new_n"),
                four_eyes=sa.bindparam("new_four_eyes"),
                changed_us=now_us,
                version=CASES.c.version + 1,
            ),
            [
                {
                    "of_case": case_id,
                    "new_priority": sums.priority,
                    "new_amount": sums.amount_minor,
                    "new_score": sums.score,
                    "new_gravity": sums.gravity,
                    "new_deadline": sums.deadline_us,
                    "new_n": sums.n_alerts,
                    "new_four_eyes": sums.four_eyes,
                }
                for case_id in touched
                for sums in (batch.sums[case_id],)
            ],
        )
        opened = connection.execute(
            sa.insert(ALERTS).returning(*ALERT_COLUMNS, sort_by_parameter_order=True), batch.alerts
        ).all()
        if batch.things:
            insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(CASE_ENTITIES)
            new, old = insert.excluded, CASE_ENTITIES.c
            connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["case_id", "kind", "value"],
                    set_={
                        "n_alerts": old.n_alerts + new.n_alerts,
                        "first_us": sa.case((new.first_us < old.first_us, new.first_us), else_=old.first_us),
                        "last_us": sa.case((new.last_us > old.last_us, new.last_us), else_=old.last_us),
                    },
                ),
                list(batch.things.values()),
            )
        connection.execute(sa.insert(CASE_TIMELINE), batch.lines)
        return [alert_of(row) for row in opened]


def _line(case_id: int, now_us: int, kind: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "at_us": now_us,
        "actor": SYSTEM,
        "kind": kind,
        "detail": msgspec.json.encode(detail).decode(),
    }


def _alert_row(case_id: int, alert: NewAlert, now_us: int) -> dict[str, Any]:
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
