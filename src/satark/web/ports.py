"""What the pages need from outside, as Protocols; `satark.storage` fits the first two by its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.decisions.ports import LogEntry


class DecisionReader(Protocol):
    """The log, read only; callable from any thread."""

    def recent(
        self,
        limit: int,
        before_seq: int | None = None,
        after_seq: int | None = None,
        action: str | None = None,
    ) -> list[LogEntry]:
        """Return decided entries, newest first.

        With `after_seq` alone: the `limit` entries that come right after it, still newest first.
        """

    def get(self, seq: int) -> LogEntry | None:
        """Return one entry by its place."""

    def last_seq(self) -> int:
        """Return the greatest committed seq, 0 when empty."""


class StaffMember(Protocol):
    """Someone who may see the pages."""

    @property
    def username(self) -> str: ...  # noqa: D102
    @property
    def role(self) -> str: ...  # noqa: D102


class StaffDirectory(Protocol):
    """Who may log in."""

    def verify(self, username: str, password: str) -> StaffMember | None:
        """Return the member if the password is right and the account active.

        Takes as long for an unknown name as for a wrong password. Called from a worker thread.
        """


class AuditTrail(Protocol):
    """Where it is kept who logged in and who looked at what."""

    def __call__(self, actor: str, action: str, subject: str, detail: Mapping[str, str]) -> None:
        """Append one entry; called from a worker thread."""
