"""What the list pages show: the policy's own entries, and on top of them what people have edited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.cases.lists import Held
from satark.policies.lists import NEVER_US
from satark.web.masks import mask_email, mask_id, mask_ip, mask_phone, mask_vpa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from satark.policies import Policy, PolicyList
    from satark.web.policy.shelf import Kept

_MASKS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("phone", mask_phone),
    ("email", mask_email),
    ("vpa", mask_vpa),
    ("account", mask_phone),
    ("customer", mask_id),
    ("device", mask_id),
    ("fingerprint", mask_id),
    ("address", mask_id),
    ("ip", mask_ip),
)
"""Parts of the names of facts that say something about a person, and how their values are shown."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the page of all lists.

    Attributes
    ----------
    own
        How many entries the policy and its file had when it was logged; None when the file could not be read.
    added, expired, removed
        What people's edits come to.
    rules
        The codes of the rules that ask the list.
    """

    one: PolicyList
    own: int | None
    added: int
    expired: int
    removed: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """An entry of the policy itself; `edited` when people have said something else of it since."""

    value: str
    expires_us: int | None
    edited: bool


class Book:
    """The lists of one policy of the log, indexed once."""

    def __init__(self, kept: Kept) -> None:
        self.seq = kept.logged.seq
        self.policy = kept.policy
        self._own: dict[str, dict[str, int | None]] = {
            name: {str(value): None if until >= NEVER_US else until for value, until in values}
            for name, values in kept.lists.items()
            if values is not None
        }
        self._sorted = {name: sorted(values) for name, values in self._own.items()}

    def lists(self) -> dict[str, PolicyList]:
        """Return the policy's lists by name."""
        return {} if self.policy is None else dict(self.policy.lists)

    def base(self, name: str, values: Iterable[str]) -> dict[str, Held]:
        """Return what the policy itself says of some values."""
        own = self._own.get(name, {})
        return {value: Held(on=True, expires_us=own[value]) for value in values if value in own}

    def own(
        self, name: str, *, begins: str, start: int, limit: int
    ) -> tuple[list[tuple[str, int | None]], int]:
        """Return a page of the policy's entries in order, and how many there are in all."""
        values = self._sorted.get(name, [])
        if begins:
            values = [value for value in values if value.startswith(begins)]
        own = self._own.get(name, {})
        return [(value, own[value]) for value in values[start : start + limit]], len(values)

    def size(self, name: str) -> int | None:
        """Return how many entries the policy has; None when its file could not be read."""
        own = self._own.get(name)
        return None if own is None else len(own)


def summaries(book: Book, counts: dict[str, tuple[int, int, int]]) -> list[Summary]:
    """Return a line per list, in the order of the policy."""
    asked = _asking(book.policy)
    return [
        Summary(one, book.size(name), *counts.get(name, (0, 0, 0)), asked.get(name, ()))
        for name, one in book.lists().items()
    ]


def mask_for(of: str) -> Callable[[str], str] | None:
    """Return how values of a fact are shown to those who need not know them; None when they are no personal data.

    Examples
    --------
    >>> mask_for("payee_vpa")("ramesh.g@exbank"), mask_for("merchant") is None, mask_for("card") is None
    ('r…@exbank', True, True)
    """
    parts = of.split("_")
    return next((mask for part, mask in _MASKS if part in parts), None)


def _asking(policy: Policy | None) -> dict[str, tuple[str, ...]]:
    """Return list name to the codes of the rules that name it."""
    found: dict[str, list[str]] = {}
    if policy is not None:
        for rule in policy.rules:
            for name in policy.lists:
                if f'"{name}"' in rule.when.canonical:
                    found.setdefault(name, []).append(rule.code)
    return {name: tuple(codes) for name, codes in found.items()}
