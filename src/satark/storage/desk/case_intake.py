"""Alerts on their way into cases: what the worker writes in its transactions.

A batch of alerts is joined in memory and written in a handful of statements: what is read is only the open cases that
share a thing with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from satark.cases.model import CaseOutcome, CaseState
from satark.core.clock import MICROS_PER_SECOND
from satark.core.errors import NotFound
from satark.storage.desk.case_batch import SYSTEM, Batch, Sums
from satark.storage.desk.case_rows import ALERT_COLUMNS, CasePart, alert_of, chunks
from satark.storage.desk.tables.cases import ALERTS, CASE_ENTITIES, CASE_TERMS, CASE_TIMELINE, CASES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satark.cases.model import Alert, NewAlert
    from satark.policies.case_rules import CaseTerms, JoinRule

CUSTOMER = "customer"


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
        batch = Batch()
        self._load(connection, batch, fresh, join)
        for alert in fresh:
            batch.place(alert, join, now_us)
        opened = self._write(connection, batch, now_us)
        self._audit.note(
            connection,
            actor=SYSTEM,
            action="alerts_taken_in",
            subject=f"log:{fresh[-1].seq}",
            detail={"alerts": len(opened), "cases_opened": len(batch.born), "first_seq": fresh[0].seq},
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
        self, connection: sa.Connection, batch: Batch, alerts: Sequence[NewAlert], join: JoinRule
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
                batch.sums[row.id] = Sums(
                    row.queue,
                    row.owner,
                    row.n_alerts,
                    row.priority,
                    row.amount_minor,
                    row.score,
                    row.gravity,
                    row.deadline_us,
                    bool(row.four_eyes),
                )

    def _write(self, connection: sa.Connection, batch: Batch, now_us: int) -> list[Alert]:
        touched = sorted({row["case_id"] for row in batch.alerts} - batch.born.keys())
        if touched:
            connection.execute(_GROWN, [_grown(one, batch.sums[one], now_us) for one in touched])
        if batch.born:
            rows = [_born(sums, now_us) for sums in batch.born.values()]
            born = connection.scalars(
                sa.insert(CASES).returning(CASES.c.id, sort_by_parameter_order=True), rows
            )
            batch.settle(dict(zip(batch.born, born, strict=True)))
        opened = connection.execute(
            sa.insert(ALERTS).returning(*ALERT_COLUMNS, sort_by_parameter_order=True), batch.alerts
        ).all()
        if batch.things:
            _add_things(connection, list(batch.things.values()))
        connection.execute(sa.insert(CASE_TIMELINE), batch.lines)
        return [alert_of(row) for row in opened]


def _add_things(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """Insert what alerts name, or add it to what the cases have named before."""
    if connection.dialect.name == "postgresql":
        # An alert names some eight things. In arrays they are one statement, where a row each takes a tenth of the
        # worker's time.
        connection.exec_driver_sql(_THINGS_AS_ARRAYS, tuple([row[name] for row in rows] for name in _THING))
        return
    insert = sqlite.insert(CASE_ENTITIES)
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
        rows,
    )


_THING = tuple(column.name for column in CASE_ENTITIES.columns)
_TYPES = [f"{column.type}" for column in CASE_ENTITIES.columns]
_THINGS_AS_ARRAYS = (
    f"INSERT INTO case_entities AS old ({', '.join(_THING)}) "  # noqa: S608 - names of our own table
    f"SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in _TYPES)}) "
    "ON CONFLICT (case_id, kind, value) DO UPDATE SET n_alerts = old.n_alerts + excluded.n_alerts, "
    "first_us = least(old.first_us, excluded.first_us), last_us = greatest(old.last_us, excluded.last_us)"
)
_GROWN = (
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
        changed_us=sa.bindparam("now_us"),
        version=CASES.c.version + 1,
    )
)


def _grown(case_id: int, sums: Sums, now_us: int) -> dict[str, Any]:
    return {
        "of_case": case_id,
        "new_priority": sums.priority,
        "new_amount": sums.amount_minor,
        "new_score": sums.score,
        "new_gravity": sums.gravity,
        "new_deadline": sums.deadline_us,
        "new_n": sums.n_alerts,
        "new_four_eyes": sums.four_eyes,
        "now_us": now_us,
    }


def _born(sums: Sums, now_us: int) -> dict[str, Any]:
    return {
        "owner": sums.owner,
        "queue": sums.queue,
        "state": CaseState.OPEN.value,
        "locked_until_us": 0,
        "priority": sums.priority,
        "amount_minor": sums.amount_minor,
        "score": sums.score,
        "gravity": sums.gravity,
        "opened_us": now_us,
        "deadline_us": sums.deadline_us,
        "changed_us": now_us,
        "n_alerts": sums.n_alerts,
        "n_closings": 0,
        "four_eyes": sums.four_eyes,
        "version": 1,
    }
