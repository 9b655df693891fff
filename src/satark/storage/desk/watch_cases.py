"""Findings beyond a limit as cases: one case per cause, opened once, not once per run.

These cases hang on no payment. They have no alerts and name nothing, so closing one labels no event, lists nothing and
holds no money; everything else, from notes to undo, is as with other cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from satark.cases.model import CaseState
from satark.core.clock import MICROS_PER_SECOND
from satark.decisions.watch.findings import Finding, Kind, Verdict
from satark.decisions.watch.words import sentence
from satark.storage.desk.case_batch import SYSTEM, line_of
from satark.storage.desk.tables.cases import CASE_TIMELINE, CASES
from satark.storage.desk.tables.watch import WATCH_CASES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satark.cases.ports import DeskAudit
    from satark.core.clock import Clock
    from satark.core.words import Words
    from satark.storage.engines import Engines

SYSTEM_OWNER = 0
WATCH_LINE = "watch"
"""The kind of timeline lines that tell a finding."""
MOST_TOLD = 20
"""Findings told in one case; the page has all."""
QUIET_WEEKS = {Kind.FEATURE_DRIFT: 4, Kind.MODEL_DRIFT: 4, Kind.SCORE_DRIFT: 4}
"""Weeks after the one that was told in which a closed case's cause opens no new one; 1 for the other kinds.

What has drifted stays drifted until the reference is made anew, and whoever closed the case knows of it.
"""


class WatchCases:
    """Opens cases for findings; callable from any thread and process."""

    def __init__(self, engines: Engines, clock: Clock, audit: DeskAudit) -> None:
        self._engines = engines
        self._clock = clock
        self._audit = audit

    def tell(
        self,
        findings: Sequence[Finding],
        *,
        queue: str,
        deadline_seconds: int,
        names: Mapping[str, Words] | None = None,
    ) -> list[int]:
        """Open a case for each cause beyond its limit that has none, and say in open ones what is new.

        Parameters
        ----------
        findings
            Of the newest weeks; those that are no breach are left out here.
        names
            Words of queues.

        Returns
        -------
        list of int
            The cases that were opened.
        """
        causes: dict[str, list[Finding]] = {}
        for one in findings:
            if one.verdict is Verdict.BREACH:
                causes.setdefault(one.case_key, []).append(one)
        if not causes:
            return []
        with self._engines.writing("the watch's cases") as connection:
            opened = (
                self._tell(connection, key, found, queue, deadline_seconds, names or {})
                for key, found in sorted(causes.items())
            )
            return [case_id for case_id in opened if case_id is not None]

    def open_cases(self) -> dict[str, int]:
        """Return key to the case that is not closed yet."""
        query = sa.select(WATCH_CASES.c.key, WATCH_CASES.c.case_id).join(
            CASES, CASES.c.id == WATCH_CASES.c.case_id
        )
        query = query.where(CASES.c.state != CaseState.CLOSED.value)
        with self._engines.reading("the watch's cases") as connection:
            return {str(key): int(case_id) for key, case_id in connection.execute(query)}

    def _tell(
        self,
        connection: sa.Connection,
        key: str,
        found: list[Finding],
        queue: str,
        deadline_seconds: int,
        names: Mapping[str, Words],
    ) -> int | None:
        known = connection.execute(
            sa.select(WATCH_CASES.c.case_id, WATCH_CASES.c.week, WATCH_CASES.c.subjects, CASES.c.state)
            .join(CASES, CASES.c.id == WATCH_CASES.c.case_id)
            .where(WATCH_CASES.c.key == key)
        ).first()
        week = max(one.week for one in found)
        told: set[str] = set() if known is None else set(msgspec.json.decode(known.subjects))
        fresh = [one for one in _once(found) if one.subject not in told]
        if known is not None and known.state != CaseState.CLOSED.value:
            if fresh:
                self._say(connection, known.case_id, fresh, names)
                self._remember(connection, key, known.case_id, week, told | {one.subject for one in fresh})
            return None
        quiet = QUIET_WEEKS.get(found[0].kind, 1)
        if known is not None and not fresh and week < known.week + quiet:
            return None
        case_id = self._open(connection, queue, deadline_seconds)
        told_now = _once(found)
        self._say(connection, case_id, told_now, names)
        self._audit.note(
            connection, actor=SYSTEM, action="case_raised", subject=f"case:{case_id}", detail={"watch": key}
        )
        self._remember(connection, key, case_id, week, {one.subject for one in told_now})
        return case_id

    def _open(self, connection: sa.Connection, queue: str, deadline_seconds: int) -> int:
        now_us = self._clock.now_us()
        row = {
            "owner": SYSTEM_OWNER,
            "queue": queue,
            "state": CaseState.OPEN.value,
            "locked_until_us": 0,
            "priority": 0.0,
            "amount_minor": 0,
            "score": 0.0,
            "gravity": 0,
            "opened_us": now_us,
            "deadline_us": now_us + deadline_seconds * MICROS_PER_SECOND,
            "changed_us": now_us,
            "n_alerts": 0,
            "n_closings": 0,
            "four_eyes": False,
            "version": 1,
        }
        case_id = int(connection.scalar(sa.insert(CASES).values(row).returning(CASES.c.id)) or 0)
        connection.execute(sa.insert(CASE_TIMELINE), [line_of(case_id, now_us, "opened", {"queue": queue})])
        return case_id

    def _say(
        self, connection: sa.Connection, case_id: int, found: Sequence[Finding], names: Mapping[str, Words]
    ) -> None:
        now_us = self._clock.now_us()
        lines = [line_of(case_id, now_us, WATCH_LINE, _detail(one, names)) for one in found[:MOST_TOLD]]
        connection.execute(sa.insert(CASE_TIMELINE), lines)
        connection.execute(
            sa.update(CASES)
            .where(CASES.c.id == case_id)
            .values(changed_us=now_us, version=CASES.c.version + 1)
        )

    @staticmethod
    def _remember(connection: sa.Connection, key: str, case_id: int, week: int, subjects: set[str]) -> None:
        connection.execute(sa.delete(WATCH_CASES).where(WATCH_CASES.c.key == key))
        connection.execute(
            sa.insert(WATCH_CASES).values(
                key=key,
                case_id=case_id,
                week=week,
                subjects=msgspec.json.encode(sorted(subjects)).decode(),
            )
        )


def _detail(finding: Finding, names: Mapping[str, Words]) -> dict[str, Any]:
    words = names.get(finding.subject) if finding.kind is Kind.ALERTS else None
    en, hi = ("", "") if words is None else (words.en, words.hi)
    return {
        "what": finding.kind.value,
        "subject": finding.subject,
        "week": finding.week,
        "en": sentence(finding, "en", subject=en),
        "hi": sentence(finding, "hi", subject=hi),
    }


def _once(found: Sequence[Finding]) -> list[Finding]:
    """Return the newest finding of each subject, the greatest first."""
    newest: dict[str, Finding] = {}
    for one in sorted(found, key=lambda each: each.week):
        newest[one.subject] = one
    return sorted(newest.values(), key=lambda one: (-(one.value or 0.0), one.subject))
