"""What takes part in deciding, as the pages show it: each version with its name, and each rule that is switched off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.web.policy.life_words import ENGINE_REFUSALS, OTHER_ENGINE_REFUSAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.cases.policy_versions import Order, Standing
    from satark.decisions.roster import Roster
    from satark.web.ports import DeskStore

ORDERS = 200
MAX_POLICIES = 500


@dataclass(frozen=True, slots=True)
class Title:
    """How a version is called; `own` when it lies on the desk, so that a page of its own exists."""

    hash: str
    name: str
    version: int | None
    own: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One version that takes part.

    Attributes
    ----------
    part
        live, canary or shadow.
    percent
        Of a canary.
    """

    title: Title
    part: str
    percent: float | None


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """A rule that is off, in which versions, and who switched it off when and why (None: not by the desk)."""

    code: str
    titles: tuple[Title, ...]
    order: Order | None


@dataclass(frozen=True, slots=True)
class Now:
    """All that the pages say about what takes part.

    Attributes
    ----------
    parts
        Live, canary, shadows, by the log.
    coming
        The same after what was asked; None when nothing was.
    back
        What one click goes back to; None when there is nothing.
    off
        The rules that are switched off, or being switched off.
    refused_words
        Why the engine refused the newest order; a message id, empty when it did not.
    """

    standing: Standing
    parts: tuple[Part, ...]
    coming: tuple[Part, ...] | None
    back: tuple[Part, ...] | None
    off: tuple[SwitchedOff, ...]
    refused_words: str

    @property
    def off_codes(self) -> frozenset[str]:
        """The codes of the rules that are off in the live version."""
        roster = self.standing.coming
        return frozenset() if roster is None else frozenset(roster.killed.get(roster.live, ()))

    def off_in(self, policy: str) -> frozenset[str]:
        """Return the codes of the rules that are off in one version."""
        roster = self.standing.coming
        return frozenset() if roster is None else frozenset(roster.killed.get(policy, ()))


def read_now(store: DeskStore) -> Now:
    """Read what takes part; blocks."""
    standing: Standing = store.versions.standing()
    wanted: dict[str, None] = {}
    for roster in (standing.roster, standing.coming, standing.back):
        if roster is not None:
            wanted |= dict.fromkeys((*roster.taking_part, *roster.killed))
    titles = titles_of(store, wanted)
    coming = standing.coming
    refused = "" if standing.refused is None else standing.refused.result
    return Now(
        standing=standing,
        parts=parts_of(standing.roster, titles),
        coming=None if standing.asked is None else parts_of(coming, titles),
        back=None if standing.back is None else parts_of(standing.back, titles),
        off=() if coming is None else _off(store, coming, titles),
        refused_words=ENGINE_REFUSALS.get(refused, OTHER_ENGINE_REFUSAL) if standing.refused else "",
    )


def titles_of(store: DeskStore, wanted: Iterable[str]) -> dict[str, Title]:
    """Return how versions are called, by hash."""
    found = {}
    logged = {one.hash: one for one in store.rollups.policies(limit=MAX_POLICIES)}
    for policy in dict.fromkeys(wanted):
        version = store.versions.get(policy)
        one = version if version is not None else logged.get(policy)
        if one is None:
            found[policy] = Title(policy, policy[:8], None, own=False)
        else:
            found[policy] = Title(policy, one.name, one.version, own=version is not None)
    return found


def parts_of(roster: Roster | None, titles: dict[str, Title]) -> tuple[Part, ...]:
    """Return the versions of a roster in order: live, canary, shadows."""
    if roster is None:
        return ()
    found = []
    for policy in roster.taking_part:
        part = roster.part_of(policy)
        canary = roster.canary
        percent = canary.percent if canary is not None and part == "canary" else None
        found.append(Part(titles[policy], part or "", percent))
    return tuple(found)


def _off(store: DeskStore, roster: Roster, titles: dict[str, Title]) -> tuple[SwitchedOff, ...]:
    versions: dict[str, list[Title]] = {}
    for policy, codes in roster.killed.items():
        if policy in roster.taking_part:
            for code in codes:
                versions.setdefault(code, []).append(titles[policy])
    newest: dict[str, Order] = {}
    if versions:
        for order in store.versions.orders(ORDERS):
            if order.step == "kill":
                newest.setdefault(order.rule, order)
    return tuple(
        SwitchedOff(code, tuple(having), newest.get(code)) for code, having in sorted(versions.items())
    )
