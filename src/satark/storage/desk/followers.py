"""How far the log was followed: moved in the transaction of what was done with it, so that nothing is done twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from satark.core.errors import IntegrityBroken
from satark.storage.desk.tables.entities import FOLLOWERS

if TYPE_CHECKING:
    from satark.core.clock import Clock
    from satark.storage.engines import Engines


class Place(msgspec.Struct, frozen=True):
    """How far a follower is.

    Attributes
    ----------
    seq
        Everything up to here is done.
    at_us
        When it moved last.
    began_us
        When the log was followed for the first time.
    """

    seq: int
    at_us: int
    began_us: int


class Followers:
    """The places of those who follow the log, by name."""

    def __init__(self, engines: Engines, clock: Clock) -> None:
        self._engines = engines
        self._clock = clock

    def place(self, name: str) -> Place | None:
        """Return how far a follower is; None when it never began."""
        with self._engines.reading("the followers") as connection:
            row = connection.execute(sa.select(FOLLOWERS).where(FOLLOWERS.c.name == name)).first()
        return None if row is None else Place(row.seq, row.at_us, row.began_us)

    def begin(self, name: str) -> Place:
        """Return how far a follower is; one that is new begins before the log's first entry."""
        found = self.place(name)
        if found is not None:
            return found
        now_us = self._clock.now_us()
        with self._engines.writing("the followers") as connection:
            row = connection.execute(sa.select(FOLLOWERS).where(FOLLOWERS.c.name == name)).first()
            if row is not None:
                return Place(row.seq, row.at_us, row.began_us)
            connection.execute(sa.insert(FOLLOWERS).values(name=name, seq=0, at_us=now_us, began_us=now_us))
        return Place(0, now_us, now_us)

    def move(self, connection: sa.Connection, name: str, before: int, after: int) -> None:
        """Move a follower on, in the transaction of what it did.

        Raises
        ------
        IntegrityBroken
            It is not where it was thought to be: another process follows the log under this name. The transaction
            must not be committed.
        """
        moved = connection.execute(
            sa.update(FOLLOWERS)
            .where(FOLLOWERS.c.name == name, FOLLOWERS.c.seq == before)
            .values(seq=after, at_us=self._clock.now_us())
        )
        if moved.rowcount != 1:
            message = "the log is followed by another process under the same name"
            raise IntegrityBroken(message, follower=name, expected=before)
