"""Publish versions of policies: rosters that people ask the engine for, each with its line in the audit chain.

An order carries the whole roster, so it means the same whatever came between; the engine alone puts one in force, and
its log says which. Before anything is asked, the version's text is read and hashed again, and the audit trail must say
that a second person approved exactly this text.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from satark.cases.policy_life import (
    MAX_COMMENT,
    PUBLISHING,
    WHOLE,
    Refused,
    Step,
    carried,
    check_role,
    encode_parts,
    moved,
    placed,
    refusal,
    returned,
    switched,
)
from satark.core.errors import NotFound
from satark.decisions.roster import FROM_STORE, PublishOrder, check_order
from satark.storage.desk.commands import PUBLISH, body_digest
from satark.storage.desk.policy_rows import (
    effective_order,
    models_of,
    policies_of,
    row_of,
    rules_of,
    standing,
    version_of,
)
from satark.storage.desk.policy_texts import checked_text
from satark.storage.desk.tables.policies import POLICY_ACTS, POLICY_ROSTERS, POLICY_VERSIONS
from satark.storage.desk.tables.rollups import POLICIES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from satark.cases.policy_life import Person
    from satark.cases.policy_versions import Standing, Version
    from satark.core.clock import Clock
    from satark.decisions.roster import Roster
    from satark.storage.desk.audit import DeskAudit
    from satark.storage.desk.commands import Commands
    from satark.storage.desk.policy_rows import Log
    from satark.storage.engines import Engines

ACTIONS: Mapping[Step, str] = {
    Step.SHADOW: "policy_shadow",
    Step.CANARY: "policy_canary",
    Step.LIVE: "policy_live",
    Step.END: "policy_ended",
    Step.BACK: "policy_back",
    Step.KILL: "rule_switched_off",
    Step.REVIVE: "rule_switched_on",
}
OWNER = 0
_WHAT = "the policy rosters"


class PolicyRosters:
    """Ask the engine for rosters; callable from any thread and process."""

    def __init__(self, engines: Engines, clock: Clock, audit: DeskAudit, commands: Commands) -> None:
        self._engines = engines
        self._clock = clock
        self._audit = audit
        self._commands = commands

    def preview(
        self, policy_hash: str, step: Step, person: Person, *, percent: float = WHOLE, log: Log
    ) -> Roster:
        """Return the roster that `publish` would ask for; nothing is changed.

        Raises
        ------
        NotFound, Forbidden, InputInvalid, PolicyInvalid
            As `publish`.
        """
        with self._engines.reading(_WHAT) as connection:
            return self._placed(connection, policy_hash, step, person, percent, log)[0]

    def publish(
        self,
        policy_hash: str,
        step: Step,
        person: Person,
        *,
        percent: float = WHOLE,
        note: str = "",
        seen: str | None = None,
        log: Log,
    ) -> int:
        """Ask for a version to become shadow, canary or live, or to end being a shadow or canary; return the order.

        Parameters
        ----------
        percent
            Of customers whom a canary answers for.
        seen
            `Standing.seen` as the person saw it; another one means that somebody was faster.
        log
            Where the engine keeps the policies that the desk has not.

        Raises
        ------
        NotFound
            There is no such version.
        Forbidden, InputInvalid
            The person may not, or it cannot be done now (`satark.cases.policy_life`).
        PolicyInvalid
            This version of the program cannot read the text.
        """
        if step not in PUBLISHING:
            raise refusal(Refused.NOT_NOW, "this is no way to publish a version")
        with self._engines.writing(_WHAT) as connection:
            roster, version, now = self._placed(connection, policy_hash, step, person, percent, log)
            _check_seen(now, seen)
            detail = {"policy": policy_hash, "digest": version.digest}
            if step is Step.CANARY:
                detail["percent"] = f"{percent:g}"
            act = _Act(step, person, _note(note), detail, hash=policy_hash)
            order = self._ask(connection, act, roster, now, log, sent=(policy_hash,))
            state = (
                moved(version.state, step, person=person, contributors=version.contributors, approved=True)
                if step is Step.END
                else step
            )
            connection.execute(
                sa.insert(POLICY_ACTS).values(
                    at_us=self._clock.now_us(),
                    thread=version.thread,
                    hash=policy_hash,
                    actor=person.username,
                    step=step.value,
                    was=version.state.value,
                    now=state.value,
                    note=note.strip(),
                )
            )
            return order

    def back(self, person: Person, *, note: str = "", seen: str | None = None, log: Log) -> int:
        """Ask for the versions that took part before the newest change; return the order.

        Raises
        ------
        Forbidden
            The role may not.
        InputInvalid
            There is nothing before, or somebody was faster.
        """
        check_role(person, Step.BACK)
        with self._engines.writing(_WHAT) as connection:
            now = standing(connection)
            coming = _coming(now)
            _check_seen(now, seen)
            newest = effective_order(connection, now)
            if newest is None or now.back is None:
                raise refusal(Refused.NOTHING_BEFORE, "there is no roster before this one")
            rules = rules_of(policies_of(connection, log, now.back.taking_part))
            roster = returned(newest.before, coming, rules)
            act = _Act(Step.BACK, person, _note(note), {"live": roster.live})
            return self._ask(connection, act, roster, now, log, effective=newest.prior)

    def switch(self, rule: str, person: Person, *, off: bool, note: str, log: Log) -> int:
        """Ask for a rule to be switched off, or on again, in every version that takes part; return the order.

        Raises
        ------
        Forbidden
            The role may not.
        InputInvalid
            There is no reason given, no such rule, or it is so already.
        """
        step = Step.KILL if off else Step.REVIVE
        check_role(person, step)
        note = _note(note, needed=off)
        with self._engines.writing(_WHAT) as connection:
            now = standing(connection)
            coming = _coming(now)
            rules = rules_of(policies_of(connection, log, coming.taking_part))
            roster, having = switched(coming, rule, rules, off=off)
            newest = effective_order(connection, now)
            act = _Act(step, person, note, {"rule": rule, "policies": list(having)}, rule=rule)
            effective = None if newest is None else newest.id
            return self._ask(connection, act, roster, now, log, effective=effective)

    # Parts.

    def _placed(
        self,
        connection: sa.Connection,
        policy_hash: str,
        step: Step,
        person: Person,
        percent: float,
        log: Log,
    ) -> tuple[Roster, Version, Standing]:
        check_role(person, step)
        now = standing(connection)
        coming = _coming(now)
        if now.waiting:
            raise refusal(Refused.WAITING, "the engine has not done yet what was asked before")
        row = row_of(connection, policy_hash)
        if row is None:
            message = "there is no such version of a policy"
            raise NotFound(message, policy=policy_hash[:64])
        version = version_of(connection, self._audit, row, coming)
        moved(
            version.state,
            step,
            person=person,
            contributors=version.contributors,
            approved=version.approved,
        )
        policy = checked_text(row.text)
        if not hmac.compare_digest(policy.content_hash, policy_hash):
            raise refusal(Refused.NOT_VOUCHED, "the text is not the one of this hash")
        roster = placed(coming, policy_hash, step, percent)
        rules = rules_of(policies_of(connection, log, (*coming.taking_part, policy_hash)))
        return carried(roster, coming, rules), version, now

    def _carried_along(
        self, connection: sa.Connection, roster: Roster, sent: Collection[str], log: Log
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Return the texts that the engine may not know, those of `sent` in any case, and the models that they need."""
        parts = roster.taking_part
        known = set(connection.scalars(sa.select(POLICIES.c.hash).where(POLICIES.c.hash.in_(parts))))
        rows = connection.execute(
            sa.select(POLICY_VERSIONS.c.hash, POLICY_VERSIONS.c.text).where(POLICY_VERSIONS.c.hash.in_(parts))
        )
        texts = {row.hash: row.text for row in rows if row.hash in sent or row.hash not in known}
        policies = policies_of(connection, log, texts)
        return texts, {model: FROM_STORE for policy in policies.values() for model in models_of(policy)}

    def _ask(
        self,
        connection: sa.Connection,
        act: _Act,
        roster: Roster,
        now: Standing,
        log: Log,
        *,
        sent: Collection[str] = (),
        effective: int | None = None,
    ) -> int:
        """Write the order, its command and its line of the audit chain."""
        before = _coming(now)
        texts, models = self._carried_along(connection, roster, sent, log)
        order = PublishOrder(
            live=roster.live,
            canary=roster.canary,
            shadows=roster.shadows,
            killed=roster.killed,
            texts=texts,
            models=models,
            note=act.note,
        )
        check_order(order)
        body = msgspec.to_builtins(order)
        newest = effective_order(connection, now)
        command = self._commands.put(connection, OWNER, PUBLISH, body, act.person.username)
        place = self._audit.note(
            connection,
            actor=act.person.username,
            action=ACTIONS[act.step],
            subject=act.hash or act.rule or roster.live,
            detail={
                **act.detail,
                "command": command,
                "order": body_digest(body),
                **({"note": act.note} if act.note else {}),
            },
        )
        made = connection.execute(
            sa.insert(POLICY_ROSTERS)
            .values(
                at_us=self._clock.now_us(),
                actor=act.person.username,
                step=act.step.value,
                hash=act.hash,
                rule=act.rule,
                body=encode_parts(roster),
                before=encode_parts(before),
                effective=effective,
                prior=None if newest is None else newest.id,
                command=command,
                audit=place,
                note=act.note,
            )
            .returning(POLICY_ROSTERS.c.id)
        ).scalar_one()
        if act.step in PUBLISHING:
            # What places versions is where a later way back begins.
            connection.execute(
                sa.update(POLICY_ROSTERS).where(POLICY_ROSTERS.c.id == made).values(effective=made)
            )
        return int(made)


@dataclass(frozen=True, slots=True)
class _Act:
    """Who does what to which version or rule, and what the audit trail is told beside."""

    step: Step
    person: Person
    note: str
    detail: Mapping[str, object]
    hash: str = ""
    rule: str = ""


def _coming(now: Standing) -> Roster:
    if now.coming is None:
        raise refusal(Refused.NO_LIVE, "the engine has not logged a policy yet")
    return now.coming


def _check_seen(now: Standing, seen: str | None) -> None:
    if seen is not None and not hmac.compare_digest(seen, now.seen):
        raise refusal(Refused.CHANGED, "what takes part changed meanwhile")


def _note(text: str, *, needed: bool = False) -> str:
    text = text.strip()
    if needed and not text:
        raise refusal(Refused.NOTE_MISSING, "say why")
    if len(text) > MAX_COMMENT:
        raise refusal(Refused.TOO_LARGE, f"a note has at most {MAX_COMMENT} characters")
    return text
