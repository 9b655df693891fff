"""Deadlines of cases: who has how many that press, and the reminders that go out once.

What was told of a case stands in its row (`reminded`), under an index over the cases that are still to be told of, so
that the clock looks at the next hour's deadlines and never at all cases. A reminder changes no version: whoever has
the case open can go on with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from satark.cases.deadlines import NEAR_MOST_US, NEAR_SHARE, Due, Stage, reminder, stage_of
from satark.core.clock import MICROS_PER_DAY
from satark.storage.desk.case_rows import IS_OPEN, CasePart
from satark.storage.desk.tables.cases import CASE_TIMELINE, CASES, TO_REMIND

if TYPE_CHECKING:
    from typing import Any

MOST_COUNTED = 1_000
FORGOTTEN_US = MICROS_PER_DAY
"""Of a deadline that passed so long ago nobody is told any more: a desk that comes back must not be flooded."""
_TO_REMIND = sa.text(TO_REMIND)


class CaseDeadlines(CasePart):
    """`due` and `remind` of `satark.cases.ports.CaseStore`."""

    def due(self, user: str) -> Due:
        """Return how many of a person's open cases press; counted to `MOST_COUNTED`."""
        now_us = self._clock.now_us()
        pressing = (
            sa.select((CASES.c.deadline_us <= now_us).label("past"))
            .where(IS_OPEN, CASES.c.assignee == user, _presses(now_us))
            .limit(MOST_COUNTED)
            .subquery()
        )
        counted = sa.select(sa.func.count(), sa.func.sum(sa.case((pressing.c.past, 1), else_=0)))
        with self._reading() as connection:
            both, past = connection.execute(counted.select_from(pressing)).one()
        return Due(near=int(both) - int(past or 0), past=int(past or 0))

    def remind(self, limit: int = 200) -> int:
        """Tell of open cases that came near their deadline or past it, each once; return how many."""
        now_us = self._clock.now_us()
        with self._reading() as connection:
            if connection.scalar(_wanted(now_us).limit(1)) is None:
                return 0
        with self._writing() as connection:
            self._forget(connection, now_us - FORGOTTEN_US)
            rows = connection.execute(_wanted(now_us).order_by(CASES.c.deadline_us).limit(limit)).all()
            told: dict[Stage, list[Any]] = {}
            for row in rows:
                told.setdefault(stage_of(row.opened_us, row.deadline_us, now_us), []).append(row)
            for stage, cases in told.items():
                connection.execute(
                    sa.update(CASES)
                    .where(CASES.c.id.in_([row.id for row in cases]))
                    .values(reminded=int(stage))
                )
                detail = f'{{"state":"{stage.name.lower()}"}}'
                connection.execute(
                    sa.insert(CASE_TIMELINE),
                    [
                        {
                            "case_id": row.id,
                            "at_us": now_us,
                            "actor": "system",
                            "kind": "deadline",
                            "detail": detail,
                        }
                        for row in cases
                    ],
                )
                self._outbox.put_all(
                    connection,
                    [
                        reminder(
                            stage,
                            case_id=row.id,
                            queue=row.queue,
                            assignee=row.assignee,
                            deadline_us=row.deadline_us,
                            amount_minor=row.amount_minor,
                        )
                        for row in cases
                    ],
                )
        return len(rows)

    @staticmethod
    def _forget(connection: sa.Connection, before_us: int) -> None:
        connection.execute(
            sa.update(CASES)
            .where(_TO_REMIND, CASES.c.deadline_us < before_us)
            .values(reminded=int(Stage.PAST))
        )


def _presses(now_us: int) -> sa.ColumnElement[bool]:
    """Say whether a case is near its deadline or past it, as `satark.cases.deadlines.stage_of` does."""
    quarter = (CASES.c.deadline_us - CASES.c.opened_us) / sa.literal_column(str(NEAR_SHARE))
    return sa.and_(
        CASES.c.deadline_us <= now_us + NEAR_MOST_US,
        sa.or_(CASES.c.deadline_us <= now_us, CASES.c.deadline_us - now_us <= quarter),
    )


def _wanted(now_us: int) -> Any:  # noqa: ANN401 - a select
    """Select the cases of which there is something to be told."""
    columns = (
        CASES.c.id,
        CASES.c.queue,
        CASES.c.assignee,
        CASES.c.opened_us,
        CASES.c.deadline_us,
        CASES.c.amount_minor,
    )
    # Told that it is near, a case is told of again when it is past.
    new = sa.or_(CASES.c.deadline_us <= now_us, CASES.c.reminded == int(Stage.EARLY))
    return sa.select(*columns).where(_TO_REMIND, _presses(now_us), new)
