"""Reading by bare database connections, from any thread.

A pooled SQLAlchemy connection costs 50 to 100 µs per statement; looking up one id is on the way of every
event, so the log's reads take an idle driver connection from a stack, run text that was compiled from the
Core tables, and put the connection back: about 5 µs on SQLite.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from satark.core.errors import StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Row = tuple[Any, ...]


class Readers:
    """A stack of idle driver connections in autocommit.

    Parameters
    ----------
    connect
        Opens one more connection.
    faults
        The exceptions by which the driver says that it cannot serve.
    attempts
        2 where a server may have closed an idle connection behind our back, 1 for files.
    """

    __slots__ = ("_attempts", "_closed", "_connect", "_faults", "_idle")

    def __init__(
        self, connect: Callable[[], Any], faults: tuple[type[BaseException], ...], *, attempts: int = 1
    ) -> None:
        self._connect = connect
        self._faults = faults
        self._attempts = attempts
        self._idle: deque[Any] = deque()
        self._closed = False

    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Run one statement and return all its rows.

        Raises
        ------
        StorageUnavailable
            The database cannot be reached or read.
        """
        for left in range(self._attempts - 1, -1, -1):
            connection = None
            try:
                connection = self._take()
                rows: list[Row] = connection.execute(sql, parameters).fetchall()
            except self._faults as error:
                if connection is not None:
                    self._drop(connection)
                if not left:
                    message = f"the log cannot be read: {error}"
                    raise StorageUnavailable(message, certain=True) from error
                # All idle connections came from the same server: let the next attempt open a fresh one.
                self._drop_idle()
            else:
                self._give_back(connection)
                return rows
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def close(self) -> None:
        """Close the idle connections; those in use are closed when they come back."""
        self._closed = True
        self._drop_idle()

    def _take(self) -> Any:  # noqa: ANN401 - two drivers
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _give_back(self, connection: Any) -> None:  # noqa: ANN401 - two drivers
        if self._closed:
            self._drop(connection)
        else:
            self._idle.append(connection)

    def _drop_idle(self) -> None:
        while self._idle:
            self._drop(self._idle.pop())

    def _drop(self, connection: Any) -> None:  # noqa: ANN401 - two drivers
        try:
            connection.close()
        except self._faults:
            # It is being thrown away because it does not work.
            return
