"""Rows of the tables of policy versions and rosters, read as what they mean."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import sqlalchemy as sa

from satark.cases.policy_life import State, Step, returned, standing_of
from satark.cases.policy_versions import REPLACED, Order, Standing, Version, VersionAct
from satark.core.errors import PolicyInvalid
from satark.decisions.logged_policy import PolicyInput, policy_ref
from satark.decisions.roster import Roster
from satark.policies import load_policy
from satark.storage.desk.commands import DONE, REFUSED
from satark.storage.desk.tables.commands import COMMANDS
from satark.storage.desk.tables.policies import LOG_ROSTERS, POLICY_ACTS, POLICY_ROSTERS, POLICY_VERSIONS
from satark.storage.desk.tables.rollups import POLICIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from satark.decisions.ports import LogEntry
    from satark.policies import Policy
    from satark.storage.desk.audit import DeskAudit

SYSTEM_OWNER = 0
KEPT = 32
APPROVED = "policy_approved"
CONTRIBUTING = (Step.CREATE.value, Step.EDIT.value, Step.SUBMIT.value)


class Log(Protocol):
    """Where the engine keeps policies."""

    def find_by_ref(self, owner: int, payment_id: str) -> Iterator[LogEntry]:
        """Stream the entries of one reference in order."""


def standing(connection: sa.Connection) -> Standing:
    """Return what takes part in deciding, by the log, and what was asked since."""
    logged = connection.execute(sa.select(LOG_ROSTERS).order_by(LOG_ROSTERS.c.seq.desc()).limit(1)).first()
    if logged is not None:
        roster, since_us, command = _roster(logged.body), logged.at_us, logged.command
    else:
        first = connection.execute(
            sa.select(POLICIES.c.hash, POLICIES.c.at_us).order_by(POLICIES.c.seq.desc()).limit(1)
        ).first()
        if first is None:
            return Standing(None, None, None, None, None, by_settings=True)
        roster, since_us, command = Roster(first.hash), first.at_us, None
    newest = orders(connection, limit=1)
    known = connection.scalar(sa.select(sa.func.max(LOG_ROSTERS.c.command))) or 0
    asked = newest[0] if newest and newest[0].state != REFUSED and newest[0].command > known else None
    refused = newest[0] if newest and newest[0].state == REFUSED else None
    if asked is not None:
        effective = asked.effective
    else:
        effective = (
            None
            if command is None
            else connection.scalar(
                sa.select(POLICY_ROSTERS.c.effective).where(POLICY_ROSTERS.c.command == command)
            )
        )
    now = roster if asked is None else asked.roster
    before = None if effective is None else order(connection, effective)
    # What is switched off in it is known only with the texts of its versions; see `PolicyRosters.back`.
    back = None if before is None else returned(before.before, now, {})
    return Standing(roster, since_us, asked, refused, back, by_settings=command is None)


def effective_order(connection: sa.Connection, now: Standing) -> Order | None:
    """Return the order whose placing of versions holds, None when it is that of the settings."""
    if now.asked is not None:
        return None if now.asked.effective is None else order(connection, now.asked.effective)
    row = connection.execute(
        sa.select(POLICY_ROSTERS.c.effective)
        .join(LOG_ROSTERS, LOG_ROSTERS.c.command == POLICY_ROSTERS.c.command)
        .where(LOG_ROSTERS.c.seq == sa.select(sa.func.max(LOG_ROSTERS.c.seq)).scalar_subquery())
    ).first()
    return None if row is None or row.effective is None else order(connection, row.effective)


def order(connection: sa.Connection, order_id: int) -> Order | None:
    """Return one order."""
    row = connection.execute(_ORDERS.where(POLICY_ROSTERS.c.id == order_id)).first()
    return None if row is None else _order(row)


def orders(connection: sa.Connection, *, limit: int, about: Iterable[str] | None = None) -> list[Order]:
    """Return orders, newest first; `about` only those that place one of some versions."""
    query = _ORDERS.order_by(POLICY_ROSTERS.c.id.desc()).limit(limit)
    if about is not None:
        query = query.where(POLICY_ROSTERS.c.hash.in_(list(about)))
    return [_order(row) for row in connection.execute(query)]


def version_of(connection: sa.Connection, audit: DeskAudit, row: Any, roster: Roster | None) -> Version:  # noqa: ANN401 - a row
    """Return a version as it stands under a roster."""
    live = connection.execute(sa.select(LOG_ROSTERS.c.seq).where(LOG_ROSTERS.c.live == row.hash).limit(1))
    state = standing_of(row.hash, review_of(row.state), roster, was_live=live.first() is not None)
    canary = None if roster is None else roster.canary
    return Version(
        hash=row.hash,
        thread=row.thread,
        parent=row.parent,
        name=row.name,
        version=row.version,
        text=row.text,
        digest=row.digest,
        state=state,
        percent=canary.percent if canary is not None and canary.hash == row.hash else None,
        revision=row.revision,
        author=row.author,
        note=row.note,
        created_us=row.created_us,
        changed_us=row.changed_us,
        contributors=contributors(connection, row.thread),
        approved_by=approver(connection, audit, row),
    )


def review_of(state: str) -> State:
    """Return how far people brought a version, from what its row says."""
    return State.RETIRED if state == REPLACED else State(state)


def contributors(connection: sa.Connection, thread: str) -> frozenset[str]:
    """Return who wrote, changed or submitted the texts of a thread."""
    return frozenset(
        connection.scalars(
            sa.select(POLICY_ACTS.c.actor)
            .where(POLICY_ACTS.c.thread == thread, POLICY_ACTS.c.step.in_(CONTRIBUTING))
            .distinct()
        )
    )


def approver(connection: sa.Connection, audit: DeskAudit, row: Any) -> str | None:  # noqa: ANN401 - a row
    """Return who approved exactly this text, as the audit trail vouches for it; None when it does not.

    The row alone is not believed: a text, or the name of an approver, that was changed behind the desk's back no longer
    fits what the trail says was approved.
    """
    entry = None if row.approval is None else audit.genuine(connection, row.approval)
    if entry is None or entry.action != APPROVED or entry.subject != row.hash:
        return None
    told = entry.detail
    if told.get("digest") != row.digest or entry.actor in told.get("by", ()):
        return None
    return entry.actor


def row_of(connection: sa.Connection, policy: str) -> Any:  # noqa: ANN401 - a row
    """Return the row of a version, None when the desk has none."""
    return connection.execute(sa.select(POLICY_VERSIONS).where(POLICY_VERSIONS.c.hash == policy)).first()


def act_of(row: Any) -> VersionAct:  # noqa: ANN401 - a row
    """Return what somebody did."""
    return VersionAct(row.id, row.at_us, row.hash, row.actor, row.step, row.was, row.now, row.note)


def policies_of(connection: sa.Connection, log: Log, wanted: Iterable[str]) -> dict[str, Policy]:
    """Return policies by hash, from the desk's versions or from the log; those that nobody can read are left out."""
    found = {}
    for one in wanted:
        text = text_of(connection, log, one)
        policy = None if text is None else _parsed(text)
        if policy is not None and policy.content_hash == one:
            found[one] = policy
    return found


def text_of(connection: sa.Connection, log: Log, policy: str) -> str | None:
    """Return the text of a policy, of the desk or of the log; None when neither has it."""
    row = row_of(connection, policy)
    return str(row.text) if row is not None else _logged_text(log, policy)


def rules_of(policies: Mapping[str, Policy]) -> dict[str, frozenset[str]]:
    """Return version to the codes of its rules."""
    return {one: frozenset(rule.code for rule in policy.rules) for one, policy in policies.items()}


def models_of(policy: Policy) -> tuple[str, ...]:
    """Return the hashes of the models that a policy names."""
    reference = getattr(policy, "model", None)
    if reference is None:
        return ()
    return tuple(dict.fromkeys((reference.hash, *(one.hash for one in reference.challengers))))


def _logged_text(log: Log, policy: str) -> str | None:
    text = None
    for entry in log.find_by_ref(SYSTEM_OWNER, policy_ref(policy)):
        if entry.body:
            try:
                text = msgspec.json.decode(entry.body, type=PolicyInput).text
            except msgspec.MsgspecError:
                continue
    return text


@lru_cache(maxsize=KEPT)
def _parsed(text: str) -> Policy | None:
    try:
        return load_policy(text)
    except PolicyInvalid:
        return None


_ORDERS = sa.select(
    POLICY_ROSTERS,
    COMMANDS.c.state.label("command_state"),
    COMMANDS.c.result.label("command_result"),
).outerjoin(COMMANDS, COMMANDS.c.id == POLICY_ROSTERS.c.command)


def _order(row: Any) -> Order:  # noqa: ANN401 - a row
    return Order(
        id=row.id,
        at_us=row.at_us,
        actor=row.actor,
        step=row.step,
        hash=row.hash,
        rule=row.rule,
        note=row.note,
        roster=_roster(row.body),
        before=_roster(row.before),
        command=row.command,
        state=row.command_state or DONE,
        result=row.command_result or "",
        effective=row.effective,
        prior=row.prior,
    )


def _roster(body: str) -> Roster:
    return msgspec.json.decode(body, type=Roster)
