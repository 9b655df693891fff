"""The policies that the log holds: which ones decided since when, and their text, read and checked once each.

The engine logs a policy with its lists when it begins to decide by it, so the pages show what decides, not what a file
on this machine says.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from satark.core.errors import PolicyInvalid
from satark.decisions.again import PolicyInput
from satark.policies import load_policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.policies import Policy
    from satark.web.ports import DecisionReader

KEPT = 6
_INPUT = msgspec.json.Decoder(PolicyInput)


class LoggedPolicy(Protocol):
    """One policy of the log; see `satark.storage.desk.rollups`."""

    @property
    def seq(self) -> int: ...  # noqa: D102
    @property
    def hash(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> int: ...  # noqa: D102
    @property
    def at_us(self) -> int: ...  # noqa: D102


class Policies(Protocol):
    """Where the log has policies."""

    def policies(self, limit: int = 50) -> Sequence[LoggedPolicy]:
        """Return them, the one in force first."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A policy as the log keeps it.

    Attributes
    ----------
    policy
        None when this program can no longer read it (it is from another version).
    lists
        What each list held when it was logged: (value, until when); None for one that could not be read then.
    """

    logged: LoggedPolicy
    text: str
    policy: Policy | None
    lists: dict[str, list[tuple[Any, int]] | None]


class Shelf:
    """Policies by hash, the last ones used in memory; callable from any thread."""

    def __init__(self, reader: DecisionReader) -> None:
        self._reader = reader
        self._kept: OrderedDict[int, Kept] = OrderedDict()
        self._turn = Lock()

    def versions(self, policies: Policies) -> list[LoggedPolicy]:
        """Return all policies that decided, the one in force first."""
        return list(policies.policies())

    def current(self, policies: Policies) -> Kept | None:
        """Return the policy in force; None until the engine has logged one."""
        for logged in policies.policies(limit=1):
            return self.get(logged)
        return None

    def get(self, logged: LoggedPolicy) -> Kept | None:
        """Return a policy of the log; None when retention has removed its text."""
        with self._turn:
            known = self._kept.get(logged.seq)
            if known is not None:
                self._kept.move_to_end(logged.seq)
                return known
        read = self._read(logged)
        if read is not None:
            with self._turn:
                self._kept[logged.seq] = read
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return read

    def _read(self, logged: LoggedPolicy) -> Kept | None:
        entry = self._reader.get(logged.seq)
        if entry is None or not entry.body:
            return None
        try:
            found = _INPUT.decode(entry.body)
        except msgspec.MsgspecError:
            return None
        policy = None
        try:
            policy = load_policy(found.text, file=f"{found.name}.yaml")
        except PolicyInvalid:
            policy = None
        return Kept(logged, found.text, policy, found.lists)
