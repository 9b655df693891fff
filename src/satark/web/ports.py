"""What the pages need from outside, as Protocols; `satark.storage` fits them by its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from satark.cases.ports import CaseStore, Entities, Outbox
    from satark.decisions.ports import LogEntry
    from satark.models import ModelHead


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

    def find_by_ref(self, owner: int, payment_id: str) -> Iterator[LogEntry]:
        """Stream the entries of one reference in order: results and labels of a payment, policies, edits of a list."""

    def find_anywhere(self, event_id: str) -> list[LogEntry]:
        """Return the entries of this id, whoever sent them."""


class KeptModel(Protocol):
    """A model that policies may name by its hash; see `satark.storage.model_store`."""

    @property
    def hash(self) -> str: ...  # noqa: D102
    @property
    def size(self) -> int: ...  # noqa: D102
    @property
    def kept_us(self) -> int: ...  # noqa: D102
    @property
    def head(self) -> ModelHead | None:
        """What it says about itself, None when its file is damaged."""


class ModelShelf(Protocol):
    """The models of the installation; its calls block."""

    def heads(self) -> Sequence[KeptModel]:
        """Return them, the newest first."""

    def head(self, model_hash: str) -> KeptModel | None:
        """Return one of them."""


class StaffMember(Protocol):
    """Someone who may see the pages."""

    @property
    def created_us(self) -> int: ...  # noqa: D102

    @property
    def username(self) -> str: ...  # noqa: D102
    @property
    def role(self) -> str: ...  # noqa: D102
    @property
    def must_change(self) -> bool:
        """The password was chosen by somebody else and must be replaced."""

    @property
    def changed_us(self) -> int:
        """When password, role or standing last changed; sessions from before it are not good any more."""

    @property
    def disabled_us(self) -> int | None:
        """When the member's access ended, None while it has not."""


class NewStaffMember(Protocol):
    """Someone just added, with the password that is shown this once."""

    @property
    def member(self) -> StaffMember: ...  # noqa: D102
    @property
    def password(self) -> str: ...  # noqa: D102


class StaffDirectory(Protocol):
    """Who may log in."""

    def verify(self, username: str, password: str) -> StaffMember | None:
        """Return the member if the password is right and the account active.

        Takes as long for an unknown name as for a wrong password. Called from a worker thread.
        """

    def find(self, username: str) -> StaffMember | None:
        """Return a member by name, also one who may not log in any more."""

    def list(self) -> Sequence[StaffMember]:
        """Return all members, also those who may not log in any more."""

    def create(self, username: str, role: str, *, actor: str) -> NewStaffMember:
        """Add a member with a password made by the machine. Audited, as all changes here are.

        Raises
        ------
        InputInvalid
            The name is taken or not of the right form, or the role unknown; `field` says which.
        """

    def change_password(
        self, username: str, password: str, *, must_change: bool = False, actor: str
    ) -> StaffMember:
        """Set a password; `must_change` when somebody else chose it.

        Raises
        ------
        InputInvalid
            It is too short or too long.
        NotFound
            There is nobody of this name; so do the others below.
        """

    def change_role(self, username: str, role: str, *, actor: str) -> StaffMember:
        """Give someone another role.

        Raises
        ------
        InputInvalid
            The role is unknown, or no administrator would be left.
        """

    def disable(self, username: str, *, actor: str) -> StaffMember:
        """Let someone log in no more.

        Raises
        ------
        InputInvalid
            No administrator would be left.
        """

    def enable(self, username: str, *, actor: str) -> StaffMember:
        """Let someone log in again."""


class AuditTrail(Protocol):
    """Where it is kept who logged in and who looked at what."""

    def __call__(self, actor: str, action: str, subject: str, detail: Mapping[str, str]) -> None:
        """Append one entry; called from a worker thread."""


class Commands(Protocol):
    """What the engine is asked to put into its log: labels and list edits."""

    def put(self, connection: Any, owner: int, kind: str, body: dict[str, Any], actor: str) -> int:  # noqa: ANN401
        """Ask, in the transaction of the act; returns the command's id."""

    def waiting(self, limit: int) -> Sequence[Any]:
        """Return those that the engine has not taken yet, oldest first."""

    def settle(self, command_id: int, state: str, result: str) -> None:
        """Say what became of one."""

    def get(self, command_id: int) -> Any:  # noqa: ANN401
        """Return one, None if there is none."""


class DeskStore(Protocol):
    """The desk database: everything that people work on; see `satark.storage.desk`.

    All calls block and may be made from any thread.
    """

    def reading_together(self) -> AbstractContextManager[None]:
        """Let all reads of this thread go over one connection."""

    @property
    def cases(self) -> CaseStore:
        """Cases, their alerts, timelines and attachments."""

    @property
    def entities(self) -> Entities:
        """What cards, devices and people have done, and with whom."""

    @property
    def outbox(self) -> Outbox:
        """Messages on their way out."""

    @property
    def notices(self) -> Any:  # noqa: ANN401 - each area asks for what it needs
        """Notices to customers and their answers."""

    @property
    def commands(self) -> Commands:
        """What the engine is asked to put into its log."""

    @property
    def audit(self) -> Any:  # noqa: ANN401 - as above
        """The chain of what people did at the desk."""

    @property
    def explanations(self) -> Any:  # noqa: ANN401 - see `satark.web.decision.model_part`
        """What models went by."""

    @property
    def rollups(self) -> Any:  # noqa: ANN401 - see `satark.web.dashboard.figures` and `satark.web.policy.shelf`
        """Counts of decisions per hour and day, and the policies that the log holds."""

    @property
    def lists(self) -> Any:  # noqa: ANN401 - see `satark.storage.desk.list_acts`
        """Values of lists as the log has them, and what people do to them."""

    @property
    def versions(self) -> Any:  # noqa: ANN401 - see `satark.storage.desk.policy_versions`
        """Policies on their way from draft to deciding."""

    @property
    def rosters(self) -> Any:  # noqa: ANN401 - see `satark.storage.desk.policy_rosters`
        """Which of them take part, as people ask the engine."""

    @property
    def jobs(self) -> Any:  # noqa: ANN401 - see `satark.storage.desk.jobs`
        """Long work that pages ask for."""

    @property
    def watch(self) -> Any:  # noqa: ANN401 - see `satark.web.watch`
        """What changes over weeks."""

    @property
    def watch_cases(self) -> Any:  # noqa: ANN401 - as above
        """Which findings have a case."""
