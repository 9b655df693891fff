"""Versions of policies on the desk: written, changed, sent to a colleague, approved or given back.

Each step is one transaction with its line in the audit chain. The hash is computed here from the text, never taken from
who asks; who may do what is asked of `satark.cases.policy_life`, here as well as on the page, so that a forged form or
another client comes no further than a person.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from satark.cases.policy_life import MAX_COMMENT, Refused, State, Step, check_role, moved, refusal
from satark.cases.policy_versions import REPLACED
from satark.core.errors import NotFound
from satark.storage.desk.policy_rows import (
    APPROVED,
    act_of,
    approver,
    contributors,
    order,
    orders,
    policies_of,
    review_of,
    row_of,
    standing,
    text_of,
    version_of,
)
from satark.storage.desk.policy_texts import checked_text
from satark.storage.desk.tables.policies import POLICY_ACTS, POLICY_VERSIONS
from satark.storage.desk.tables.rollups import POLICIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.cases.policy_life import Person
    from satark.cases.policy_versions import Order, Standing, Version, VersionAct
    from satark.core.clock import Clock
    from satark.policies import Policy
    from satark.storage.desk.audit import DeskAudit
    from satark.storage.desk.policy_rows import Log
    from satark.storage.engines import Engines

ACTIONS: Mapping[Step, str] = {
    Step.CREATE: "policy_drafted",
    Step.EDIT: "policy_edited",
    Step.SUBMIT: "policy_submitted",
    Step.APPROVE: APPROVED,
    Step.RETURN: "policy_returned",
    Step.COMMENT: "policy_commented",
    Step.DISCARD: "policy_discarded",
}
_WHAT = "the policy versions"


class PolicyVersions:
    """The versions; callable from any thread and process."""

    def __init__(self, engines: Engines, clock: Clock, audit: DeskAudit) -> None:
        self._engines = engines
        self._clock = clock
        self._audit = audit

    # Reading.

    def get(self, policy: str) -> Version | None:
        """Return a version by its hash, None when the desk has none."""
        with self._engines.reading(_WHAT) as connection:
            row = row_of(connection, policy)
            if row is None:
                return None
            return version_of(connection, self._audit, row, standing(connection).roster)

    def all(self, limit: int = 100) -> list[Version]:
        """Return versions, the last changed first; drafts that went on under another hash are left out."""
        query = (
            sa.select(POLICY_VERSIONS)
            .where(POLICY_VERSIONS.c.state != REPLACED)
            .order_by(POLICY_VERSIONS.c.changed_us.desc(), POLICY_VERSIONS.c.hash)
            .limit(limit)
        )
        with self._engines.reading(_WHAT) as connection:
            roster = standing(connection).roster
            return [version_of(connection, self._audit, row, roster) for row in connection.execute(query)]

    def history(self, thread: str, limit: int = 200) -> list[VersionAct]:
        """Return what was done to a version and the drafts before it, oldest first."""
        query = (
            sa.select(POLICY_ACTS)
            .where(POLICY_ACTS.c.thread == thread)
            .order_by(POLICY_ACTS.c.id.desc())
            .limit(limit)
        )
        with self._engines.reading(_WHAT) as connection:
            return [act_of(row) for row in connection.execute(query)][::-1]

    def standing(self) -> Standing:
        """Return what takes part in deciding, and what was asked of the engine since."""
        with self._engines.reading(_WHAT) as connection:
            return standing(connection)

    def orders(self, limit: int = 50, *, about: str | None = None) -> list[Order]:
        """Return rosters that people asked for, newest first."""
        with self._engines.reading(_WHAT) as connection:
            return orders(connection, limit=limit, about=None if about is None else [about])

    def order(self, order_id: int) -> Order | None:
        """Return one of them."""
        with self._engines.reading(_WHAT) as connection:
            return order(connection, order_id)

    def policies(self, log: Log, wanted: list[str]) -> dict[str, Policy]:
        """Return policies by hash, of the desk or of the log; what cannot be read is left out."""
        with self._engines.reading(_WHAT) as connection:
            return policies_of(connection, log, wanted)

    def text(self, log: Log, policy: str) -> str | None:
        """Return the text of a policy of the desk or of the log, None when neither has it."""
        with self._engines.reading(_WHAT) as connection:
            return text_of(connection, log, policy)

    # Acting.

    def create(
        self, text: str, person: Person, *, note: str = "", parent: str | None = None, log: Log | None = None
    ) -> str:
        """Keep a new draft; return its hash.

        Parameters
        ----------
        text
            The policy, YAML.
        parent
            The version that the text began as.
        log
            Where the policy in force is compared from, if it is to be.

        Raises
        ------
        PolicyInvalid
            The text has mistakes; all of them are told.
        Forbidden, InputInvalid
            See `satark.cases.policy_life.moved`; the same meaning is there already, or it belongs to another currency.
        """
        check_role(person, Step.CREATE)
        policy, note = checked_text(text), _note(note)
        with self._engines.writing(_WHAT) as connection:
            _fits(connection, log, policy)
            self._free(connection, policy)
            self._write(connection, policy, text, person, note, thread=policy.content_hash, parent=parent)
            self._note(
                connection, Step.CREATE, person, policy.content_hash, policy.content_hash, "", "draft", note
            )
        return policy.content_hash

    def edit(
        self,
        policy_hash: str,
        text: str,
        person: Person,
        *,
        revision: int,
        note: str = "",
        log: Log | None = None,
    ) -> str:
        """Change the text of a draft; return its hash, which is another one when the meaning changed.

        Parameters
        ----------
        revision
            Of the draft as it was seen; another one means that somebody was faster.

        Raises
        ------
        NotFound
            There is no such version.
        PolicyInvalid, Forbidden, InputInvalid
            As `create`.
        """
        check_role(person, Step.EDIT)
        policy, note = checked_text(text), _note(note)
        with self._engines.writing(_WHAT) as connection:
            row = self._row(connection, policy_hash, revision)
            moved(review_of(row.state), Step.EDIT, person=person)
            if row.text == text:
                raise refusal(Refused.UNCHANGED, "the text is the same")
            _fits(connection, log, policy)
            if policy.content_hash != policy_hash:
                self._free(connection, policy)
                self._set(connection, row, state=REPLACED)
            self._write(
                connection,
                policy,
                text,
                person,
                note or row.note,
                thread=row.thread,
                parent=row.parent,
                revision=row.revision + 1,
            )
            self._note(connection, Step.EDIT, person, policy.content_hash, row.thread, "draft", "draft", note)
        return policy.content_hash

    def submit(self, policy_hash: str, person: Person, *, revision: int, note: str = "") -> None:
        """Send a draft to a colleague."""
        self._move(policy_hash, Step.SUBMIT, person, revision, note)

    def approve(self, policy_hash: str, person: Person, *, revision: int, note: str = "") -> None:
        """Approve a version that somebody else wrote.

        Raises
        ------
        InputInvalid
            It changed since it was seen, or the person had a hand in it.
        """
        self._move(policy_hash, Step.APPROVE, person, revision, note)

    def give_back(self, policy_hash: str, person: Person, *, revision: int, note: str) -> None:
        """Give a version back to its authors, with the reason."""
        self._move(policy_hash, Step.RETURN, person, revision, note, needs_note=True)

    def discard(self, policy_hash: str, person: Person, *, revision: int, note: str = "") -> None:
        """Put a version aside that will not be published."""
        self._move(policy_hash, Step.DISCARD, person, revision, note)

    def comment(self, policy_hash: str, person: Person, note: str) -> None:
        """Say something about a version; it changes nothing."""
        check_role(person, Step.COMMENT)
        note = _note(note, needed=True)
        with self._engines.writing(_WHAT) as connection:
            row = self._row(connection, policy_hash)
            self._note(connection, Step.COMMENT, person, policy_hash, row.thread, row.state, row.state, note)

    # Parts.

    def _move(
        self,
        policy_hash: str,
        step: Step,
        person: Person,
        revision: int,
        note: str,
        *,
        needs_note: bool = False,
    ) -> None:
        check_role(person, step)
        note = _note(note, needed=needs_note)
        with self._engines.writing(_WHAT) as connection:
            row = self._row(connection, policy_hash, revision)
            by = contributors(connection, row.thread)
            now = standing(connection)
            version = version_of(connection, self._audit, row, now.coming)
            state = moved(
                version.state,
                step,
                person=person,
                contributors=by,
                approved=approver(connection, self._audit, row) is not None,
            )
            place = self._note(
                connection, step, person, policy_hash, row.thread, version.state, state, note,
                digest=row.digest, by=sorted(by),
            )  # fmt: skip
            approval = place if step is Step.APPROVE else None
            self._set(connection, row, state=state.value, approval=approval)

    def _row(self, connection: sa.Connection, policy_hash: str, revision: int | None = None) -> Any:  # noqa: ANN401 - a row
        row = row_of(connection, policy_hash)
        if row is None:
            message = "there is no such version of a policy"
            raise NotFound(message, policy=policy_hash[:64])
        if revision is not None and row.revision != revision:
            raise refusal(Refused.CHANGED, "somebody changed this version meanwhile")
        return row

    def _free(self, connection: sa.Connection, policy: Policy) -> None:
        """Refuse a text that means what another version means; given-up drafts make room."""
        row = row_of(connection, policy.content_hash)
        taken = row is not None and (
            row.state not in {REPLACED, State.RETIRED.value} or row.approval is not None
        )
        logged = connection.scalar(sa.select(POLICIES.c.seq).where(POLICIES.c.hash == policy.content_hash))
        if taken or logged is not None:
            message = "another version means the same; raise the version's number if it is to be a new one"
            raise refusal(Refused.SAME_MEANING, message)

    def _write(
        self,
        connection: sa.Connection,
        policy: Policy,
        text: str,
        person: Person,
        note: str,
        *,
        thread: str,
        parent: str | None,
        revision: int = 1,
    ) -> None:
        now_us = self._clock.now_us()
        known = row_of(connection, policy.content_hash)
        values = {
            "thread": thread,
            "parent": parent,
            "name": policy.name,
            "version": policy.version,
            "text": text,
            "digest": hashlib.sha256(text.encode()).hexdigest(),
            "state": State.DRAFT.value,
            "revision": max(revision, 1 if known is None else known.revision + 1),
            "author": person.username,
            "note": note,
            "changed_us": now_us,
            "approval": None,
        }
        if known is None:
            connection.execute(
                sa.insert(POLICY_VERSIONS).values(hash=policy.content_hash, created_us=now_us, **values)
            )
            return
        connection.execute(
            sa.update(POLICY_VERSIONS).where(POLICY_VERSIONS.c.hash == policy.content_hash).values(**values)
        )

    def _set(self, connection: sa.Connection, row: Any, *, state: str, approval: int | None = None) -> None:  # noqa: ANN401 - a row
        connection.execute(
            sa.update(POLICY_VERSIONS)
            .where(POLICY_VERSIONS.c.hash == row.hash)
            .values(
                state=state,
                approval=approval,
                revision=row.revision + 1,
                changed_us=self._clock.now_us(),
            )
        )

    def _note(
        self,
        connection: sa.Connection,
        step: Step,
        person: Person,
        policy_hash: str,
        thread: str,
        was: str,
        now: str,
        note: str,
        **more: object,
    ) -> int:
        """Write an act and its line of the audit chain; return the line's place."""
        connection.execute(
            sa.insert(POLICY_ACTS).values(
                at_us=self._clock.now_us(),
                thread=thread,
                hash=policy_hash,
                actor=person.username,
                step=step.value,
                was=str(was),
                now=str(now),
                note=note,
            )
        )
        if "digest" not in more:
            row = row_of(connection, policy_hash)
            more["digest"] = row.digest
        return self._audit.note(
            connection,
            actor=person.username,
            action=ACTIONS[step],
            subject=policy_hash,
            detail={**more, **({"note": note} if note else {})},
        )


def _fits(connection: sa.Connection, log: Log | None, policy: Policy) -> None:
    """Refuse a policy whose sums would be in another currency than those of the one in force."""
    roster = None if log is None else standing(connection).roster
    if log is None or roster is None:
        return
    live = policies_of(connection, log, [roster.live]).get(roster.live)
    if live is not None and live.base_currency != policy.base_currency:
        raise refusal(Refused.OTHER_POLICY, "the policy in force has another base currency")


def _note(text: str, *, needed: bool = False) -> str:
    text = text.strip()
    if needed and not text:
        raise refusal(Refused.NOTE_MISSING, "say why")
    if len(text) > MAX_COMMENT:
        raise refusal(Refused.TOO_LARGE, f"a note has at most {MAX_COMMENT} characters")
    return text
