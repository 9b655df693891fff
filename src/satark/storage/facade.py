"""Everything that is kept, under one name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from satark.storage.audit import Audit
from satark.storage.backup import take_backup
from satark.storage.keys import ApiKeys
from satark.storage.lists import Lists
from satark.storage.retention import apply_retention
from satark.storage.staff import Staff

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from satark.core.clock import Clock
    from satark.storage.backup import Manifest
    from satark.storage.desk.audit import DeskAuditReport
    from satark.storage.engines import Engines
    from satark.storage.installation import Secrets
    from satark.storage.log import SqlEventLog
    from satark.storage.retention import Retention, RetentionReport
    from satark.storage.sqlite_checkpoint import Checkpoint
    from satark.storage.verify import Progress


class Storage:
    """The storage of one installation, opened by `open_storage`.

    Attributes
    ----------
    events
        The log of events and decisions.
    keys
        API keys.
    staff
        People who sign in.
    lists
        Lists that people edit.
    audit
        Who did what; a hash chain over itself and the log.
    secrets
        What only this installation knows.
    folder
        The data folder; None for a bare database.
    """

    def __init__(
        self, engines: Engines, events: SqlEventLog, *, secrets: Secrets, clock: Clock, folder: Path | None
    ) -> None:
        self.engines = engines
        self.events = events
        self.keys = ApiKeys(engines, clock)
        self.audit = Audit(engines, events, clock, key=secrets.audit_key)
        self.staff = Staff(engines, clock, self.audit)
        self.lists = Lists(engines, clock)
        self._clock = clock
        self.secrets = secrets
        self.folder = folder

    def checkpoint(self) -> Checkpoint:
        """Do what keeps the storage quick, beside the appends: move pages, merge lookups.

        The engine calls it about once a second from a thread of its own. On PostgreSQL the server does this.

        Raises
        ------
        StorageUnavailable
            The disk refuses; nothing is lost, the next call tries again.
        """
        return self.events.checkpoint()

    def backup(self, to: Path, *, progress: Progress | None = None) -> Manifest:
        """Copy everything to an empty or new folder while appends go on; see `satark.storage.backup`.

        Raises
        ------
        FolderUnusable
            The folder is not empty or cannot be written.
        StorageUnavailable
            The database cannot be read, or the copy not written.
        """
        return take_backup(
            self.engines,
            self.secrets,
            self.audit,
            to,
            taken_us=self._clock.now_us(),
            folder=self.folder,
            progress=progress,
        )

    def seal_desk(self) -> int:
        """Note the head of the desk's chain in the trail; return its place, 0 when there is nothing new.

        Raises
        ------
        StorageUnavailable
            The desk cannot be read or the trail not written.
        """
        # The desk stands on the storage; this is the storage's way to it.
        from satark.storage.desk.proof import seal_desk

        return seal_desk(self)

    def verify_desk(self, *, progress: Progress | None = None) -> DeskAuditReport | None:
        """Compute the desk's chain again, against the heads in the trail; None when there is no desk.

        Raises
        ------
        StorageUnavailable
            A database cannot be read.
        """
        from satark.storage.desk.proof import verify_desk

        return verify_desk(self, progress=progress)

    def retain(
        self, rule: Retention, *, dry_run: bool, actor: str = "system", progress: Progress | None = None
    ) -> RetentionReport:
        """Remove what is older than the rule allows, or count it; see `satark.storage.retention`.

        Raises
        ------
        StorageUnavailable
            The database cannot be read or written; the next run goes on.
        """
        return apply_retention(
            self.engines, self.audit, self._clock, rule, dry_run=dry_run, actor=actor, progress=progress
        )

    def close(self) -> None:
        """Close all connections."""
        self.engines.read.dispose()
        self.events.close()
        self.engines.dispose()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        self.close()
