"""Everything that people work on, under one name: the desk database of an installation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from satark.storage.desk.audit import DeskAudit
from satark.storage.desk.cases import SqlCases
from satark.storage.desk.commands import Commands
from satark.storage.desk.entities import SqlEntities
from satark.storage.desk.explanations import Explanations
from satark.storage.desk.followers import Followers
from satark.storage.desk.identity.store import IdentityStore
from satark.storage.desk.jobs import Jobs
from satark.storage.desk.list_acts import ListActs
from satark.storage.desk.notices import SqlNotices
from satark.storage.desk.outbox import SqlOutbox
from satark.storage.desk.policy_rosters import PolicyRosters
from satark.storage.desk.policy_versions import PolicyVersions
from satark.storage.desk.rollups import Rollups
from satark.storage.desk.watch import Watch
from satark.storage.desk.watch_cases import WatchCases

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType

    import sqlalchemy as sa

    from satark.core.clock import Clock
    from satark.storage.engines import Engines


class Desk:
    """The desk of one installation, opened by `open_desk`.

    Attributes
    ----------
    cases
        Alerts and cases.
    entities
        Which things share which events.
    outbox
        What waits to be sent, and who is told by webhook.
    notices
        Notices to customers and their answers.
    commands
        What the engine is asked to put into its log.
    audit
        Who did what at the desk; a hash chain.
    followers
        How far the log was followed.
    identity
        Sessions and second factors of the staff.
    rollups
        Counts of decisions per hour and day, and the policies that the log holds.
    explanations
        What models went by.
    lists
        Values of lists as the log has them, and what people do to them.
    versions
        Policies on their way from draft to deciding.
    rosters
        Which of them take part, as people ask the engine.
    jobs
        Long work that pages ask for.
    watch
        What changes over weeks, as the worker counts it.
    watch_cases
        Cases about what lies beyond a limit.
    """

    def __init__(self, engines: Engines, *, clock: Clock, audit_key: bytes) -> None:
        self.engines = engines
        self.audit = DeskAudit(engines, clock, key=audit_key)
        self.commands = Commands(engines, clock, self.audit)
        self.outbox = SqlOutbox(engines, clock, audit=self.audit, audit_key=audit_key)
        self.cases = SqlCases(engines, clock, audit=self.audit, outbox=self.outbox, commands=self.commands)
        self.entities = SqlEntities(engines)
        self.followers = Followers(engines, clock)
        self.notices = SqlNotices(
            engines,
            clock,
            key=audit_key,
            cases=self.cases,
            outbox=self.outbox,
            commands=self.commands,
            audit=self.audit,
        )
        self.identity = IdentityStore(engines, clock, self.audit, key=audit_key)
        self.rollups = Rollups(engines)
        self.explanations = Explanations(engines, clock)
        self.lists = ListActs(engines, clock, self.audit, self.commands)
        self.versions = PolicyVersions(engines, clock, self.audit)
        self.rosters = PolicyRosters(engines, clock, self.audit, self.commands)
        self.jobs = Jobs(engines, clock, self.audit)
        self.watch = Watch(engines, key=audit_key)
        self.watch_cases = WatchCases(engines, clock, self.audit)

    def writing(self, what: str = "the desk") -> AbstractContextManager[sa.Connection]:
        """Give a transaction that is alone in writing the desk; see `Engines.writing`."""
        return self.engines.writing(what)

    def reading(self, what: str = "the desk") -> AbstractContextManager[sa.Connection]:
        """Give a connection for a few reads."""
        return self.engines.reading(what)

    def reading_together(self, what: str = "the desk") -> AbstractContextManager[None]:
        """Let all reads of a page go over one connection; see `Engines.reading_together`."""
        return self.engines.reading_together(what)

    def close(self) -> None:
        """Close all connections."""
        self.engines.dispose()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        self.close()
