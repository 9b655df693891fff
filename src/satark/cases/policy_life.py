"""The life of a policy version, as rules without input or output: who may do what, and what follows from what.

A version is one text of a policy under the hash of its content. People move it from draft to reviewed; from then on the
rosters that were published say where it stands, so that what is shown can never differ from what decides. Storage asks
here before it writes, and pages and terminal ask the same functions to show only what can be done now.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from satark.core.errors import Forbidden, InputInvalid
from satark.core.staff import ADMINISTRATOR, AUTHOR, SUPERVISOR
from satark.decisions.roster import CANARY, LIVE, MAX_SHADOWS, SHADOW, Canary, Roster

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

WHOLE = 100.0
MAX_COMMENT = 2_000

WRITERS = frozenset({AUTHOR, ADMINISTRATOR})
APPROVERS = frozenset({AUTHOR, SUPERVISOR, ADMINISTRATOR})
PUBLISHERS = frozenset({AUTHOR, ADMINISTRATOR})
KILLERS = frozenset({AUTHOR, SUPERVISOR, ADMINISTRATOR})
TESTERS = frozenset({AUTHOR, SUPERVISOR, ADMINISTRATOR})


class State(StrEnum):
    """Where a version stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    REVIEWED = "reviewed"
    SHADOW = SHADOW
    CANARY = CANARY
    LIVE = LIVE
    RETIRED = "retired"


class Step(StrEnum):
    """What people do to a version, or to the roster."""

    CREATE = "create"
    EDIT = "edit"
    REPLACE = "replace"
    SUBMIT = "submit"
    APPROVE = "approve"
    RETURN = "return"
    COMMENT = "comment"
    DISCARD = "discard"
    SHADOW = "shadow"
    CANARY = "canary"
    LIVE = "live"
    END = "end"
    BACK = "back"
    KILL = "kill"
    REVIVE = "revive"


class Refused(StrEnum):
    """Why a step is refused; the words for people are kept with the pages."""

    NOT_NOW = "not_now"
    OWN_WORK = "own_work"
    CHANGED = "changed"
    SAME_MEANING = "same_meaning"
    NOTE_MISSING = "note_missing"
    NO_SUCH_RULE = "no_such_rule"
    UNCHANGED = "unchanged"
    NOTHING_BEFORE = "nothing_before"
    WAITING = "waiting"
    TOO_MANY = "too_many"
    NO_LIVE = "no_live"
    OTHER_POLICY = "other_policy"
    FILE_OUTSIDE = "file_outside"
    TOO_LARGE = "too_large"
    NOT_VOUCHED = "not_vouched"


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: the name and role of a member of staff."""

    username: str
    role: str


MOVES: Mapping[tuple[State, Step], State] = {
    (State.DRAFT, Step.EDIT): State.DRAFT,
    (State.DRAFT, Step.SUBMIT): State.IN_REVIEW,
    (State.DRAFT, Step.DISCARD): State.RETIRED,
    (State.IN_REVIEW, Step.APPROVE): State.REVIEWED,
    (State.IN_REVIEW, Step.RETURN): State.DRAFT,
    (State.REVIEWED, Step.SHADOW): State.SHADOW,
    (State.REVIEWED, Step.CANARY): State.CANARY,
    (State.REVIEWED, Step.DISCARD): State.RETIRED,
    (State.SHADOW, Step.CANARY): State.CANARY,
    (State.SHADOW, Step.LIVE): State.LIVE,
    (State.SHADOW, Step.END): State.REVIEWED,
    (State.CANARY, Step.CANARY): State.CANARY,
    (State.CANARY, Step.LIVE): State.LIVE,
    (State.CANARY, Step.END): State.REVIEWED,
    (State.RETIRED, Step.SHADOW): State.SHADOW,
    (State.RETIRED, Step.CANARY): State.CANARY,
}
"""Every move there is. Nothing becomes live that has not been watched as a shadow or canary before; a way back is a
roster of its own (`Step.BACK`) and no move of a version."""

PUBLISHING = frozenset({Step.SHADOW, Step.CANARY, Step.LIVE, Step.END})
_ROLES: Mapping[Step, frozenset[str]] = {
    Step.CREATE: WRITERS,
    Step.EDIT: WRITERS,
    Step.SUBMIT: WRITERS,
    Step.DISCARD: WRITERS,
    Step.APPROVE: APPROVERS,
    Step.RETURN: APPROVERS,
    Step.COMMENT: APPROVERS,
    Step.SHADOW: PUBLISHERS,
    Step.CANARY: PUBLISHERS,
    Step.LIVE: PUBLISHERS,
    Step.END: KILLERS,
    Step.BACK: KILLERS,
    Step.KILL: KILLERS,
    Step.REVIVE: KILLERS,
}
"""Who leads may stop what goes wrong (end, back, kill) and undo such a stop; who writes policies may let it begin."""


def allows(role: str, step: Step) -> bool:
    """Return whether a role may ever do a step; whatever the table does not say is no.

    Examples
    --------
    >>> allows("author", Step.SUBMIT), allows("supervisor", Step.SUBMIT), allows("supervisor", Step.KILL)
    (True, False, True)
    >>> allows("analyst", Step.COMMENT), allows("author", Step.REPLACE)
    (False, False)
    """
    return role in _ROLES.get(step, frozenset())


def check_role(person: Person, step: Step) -> None:
    """Refuse a step that a role never may do.

    Raises
    ------
    Forbidden
        It may not.
    """
    if not allows(person.role, step):
        message = "this role may not do that to a policy"
        raise Forbidden(message, scope=f"policies.{step.value}")


def moved(
    state: State, step: Step, *, person: Person, contributors: Collection[str] = (), approved: bool = False
) -> State:
    """Return where a step leads.

    Parameters
    ----------
    state
        Where the version stands.
    person
        Who does it.
    contributors
        Who wrote, changed or submitted this version or a draft that it was made from.
    approved
        Whether a second person has approved exactly this version.

    Raises
    ------
    Forbidden
        The role may not do this.
    InputInvalid
        It cannot be done now, or not by one who had a hand in the version; ``reason`` is of `Refused`.

    Examples
    --------
    >>> asha, meera = Person("asha", "author"), Person("meera", "supervisor")
    >>> moved(State.IN_REVIEW, Step.APPROVE, person=meera, contributors={"asha"}).value
    'reviewed'
    >>> moved(State.IN_REVIEW, Step.APPROVE, person=asha, contributors={"asha"})
    Traceback (most recent call last):
    ...
    satark.core.errors.InputInvalid: whoever had a hand in a version cannot approve it
    """
    check_role(person, step)
    to = MOVES.get((state, step))
    if to is None or (step in PUBLISHING and not approved):
        raise refusal(Refused.NOT_NOW, "this cannot be done to the version as it stands now")
    if step is Step.APPROVE and person.username in contributors:
        raise refusal(Refused.OWN_WORK, "whoever had a hand in a version cannot approve it")
    return to


def steps_for(
    state: State, person: Person, *, contributors: Collection[str] = (), approved: bool = False
) -> frozenset[Step]:
    """Return what a person may do to a version now, for pages that show nothing else.

    Examples
    --------
    >>> sorted(step.value for step in steps_for(State.IN_REVIEW, Person("asha", "author"), contributors={"asha"}))
    ['comment', 'return']
    """
    found = set()
    for _, step in MOVES:
        try:
            moved(state, step, person=person, contributors=contributors, approved=approved)
        except (Forbidden, InputInvalid):
            continue
        found.add(step)
    if allows(person.role, Step.COMMENT):
        found.add(Step.COMMENT)
    return frozenset(found)


def standing_of(policy: str, review: State, roster: Roster | None, *, was_live: bool) -> State:
    """Return where a version stands, from its review and the roster in force.

    Parameters
    ----------
    policy
        Its hash.
    review
        How far people have brought it: draft, in_review, reviewed or retired.
    roster
        None while the engine has logged none.
    was_live
        Whether it ever decided for all.
    """
    part = None if roster is None else roster.part_of(policy)
    if part is not None:
        return State(part)
    return State.RETIRED if was_live and review is State.REVIEWED else review


def placed(roster: Roster, policy: str, step: Step, percent: float = WHOLE) -> Roster:
    """Return the roster that puts a version into a part, or takes it out of all.

    What was there in its place steps aside: a live version gives way to the new one, a canary to another canary.
    Rules that are switched off in the live version stay off in the new one, until somebody switches them on.

    Raises
    ------
    InputInvalid
        There would be too many shadows, the percent is out of bounds, or nothing would change; or the live version
        would become a part of itself.
    """
    if policy == roster.live:
        raise refusal(Refused.NOT_NOW, "the live version gives way to another one only")
    if step is Step.CANARY and not 0 < percent <= WHOLE:
        message = "the percent of a canary is more than 0 and at most 100"
        raise InputInvalid(message, field="percent")
    shadows = tuple(one for one in roster.shadows if one != policy)
    canary = None if roster.canary is not None and roster.canary.hash == policy else roster.canary
    live = roster.live
    if step is Step.SHADOW:
        shadows = (*shadows, policy)
    elif step is Step.CANARY:
        canary = Canary(policy, float(percent))
    elif step is Step.LIVE:
        live = policy
    if len(shadows) > MAX_SHADOWS:
        raise refusal(Refused.TOO_MANY, f"at most {MAX_SHADOWS} versions can run in shadow at once")
    made = Roster(live, canary, shadows, dict(roster.killed))
    if same_parts(made, roster):
        raise refusal(Refused.UNCHANGED, "it is so already")
    return made


def returned(before: Roster, now: Roster, rules: Mapping[str, Collection[str]]) -> Roster:
    """Return the roster that goes back to an earlier one; switches of rules stay as they are now.

    Whoever switched a rule off had a reason that a way back does not undo, so a rule that is off in the live version is
    off in the one that comes back as well.

    Parameters
    ----------
    rules
        Version to the codes of its rules.
    """
    return carried(Roster(before.live, before.canary, before.shadows, dict(now.killed)), now, rules)


def switched(
    roster: Roster, code: str, rules: Mapping[str, Collection[str]], *, off: bool
) -> tuple[Roster, tuple[str, ...]]:
    """Return the roster with one rule switched off or on in every version that takes part, and those versions.

    Parameters
    ----------
    rules
        Version to the codes of its rules, of those that take part.

    Raises
    ------
    InputInvalid
        No version has such a rule, or it is so already.
    """
    having = tuple(one for one in roster.taking_part if code in rules.get(one, ()))
    if not having:
        raise refusal(Refused.NO_SUCH_RULE, "no version that takes part has such a rule")
    killed = {one: set(codes) for one, codes in roster.killed.items()}
    for one in having if off else killed:
        # Switched on, it is on as well in what may come back later.
        codes = killed.setdefault(one, set())
        codes.add(code) if off else codes.discard(code)
    made = _plain(killed)
    if made == _plain({one: set(codes) for one, codes in roster.killed.items()}):
        raise refusal(Refused.UNCHANGED, "it is so already")
    return Roster(roster.live, roster.canary, roster.shadows, made), having


def carried(roster: Roster, was: Roster, rules: Mapping[str, Collection[str]]) -> Roster:
    """Return the roster in which rules that are off in the live version are off in versions that come in.

    Parameters
    ----------
    was
        The roster before.
    rules
        Version to the codes of its rules.
    """
    killed = {one: set(codes) for one, codes in roster.killed.items()}
    off = set(was.killed.get(was.live, ()))
    for one in roster.taking_part:
        if one not in was.taking_part:
            killed.setdefault(one, set()).update(off.intersection(rules.get(one, ())))
    return Roster(roster.live, roster.canary, roster.shadows, _plain(killed))


def same_parts(one: Roster, other: Roster) -> bool:
    """Return whether the same versions take the same parts."""
    return (one.live, one.canary, one.shadows) == (other.live, other.canary, other.shadows)


def refusal(reason: Refused, message: str) -> InputInvalid:
    """Return the error of a step that is refused."""
    return InputInvalid(message, reason=reason.value)


def encode_parts(roster: Roster) -> str:
    """Return a roster as JSON for the desk."""
    return msgspec.json.encode(roster, order="sorted").decode()


def _plain(killed: Mapping[str, Collection[str]]) -> dict[str, tuple[str, ...]]:
    return {one: tuple(sorted(codes)) for one, codes in sorted(killed.items()) if codes}
