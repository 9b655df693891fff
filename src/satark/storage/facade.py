"""Everything that is kept, under one name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from satark.storage.keys import ApiKeys

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from satark.core.clock import Clock
    from satark.storage.engines import Engines
    from satark.storage.installation import Secrets
    from satark.storage.log import SqlEventLog
    from satark.storage.sqlite_checkpoint import Checkpoint


class Storage:
    """The storage of one installation, opened by `open_storage`.

    Attributes
    ----------
    events
        The log of events and decisions.
    keys
        API keys.
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

    def close(self) -> None:
        """Close all connections."""
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
