"""The lookups of the SQLite log: by id, by reference and by action, in a file beside it.

Why apart: with its unique index inside the log, a row of 2.2 KB costs 58 µs, because every random id
dirties an index page of its own; without it 11 µs. So new rows are found through a small table in memory,
and tens of thousands at a time are merged into this file, sorted, by one SQL statement that holds neither
the log's write lock nor Python's lock.

The file holds nothing that the log does not: when it is lost, torn or of another log it is built again at
open.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

import msgspec

from satark.core.errors import IntegrityBroken, StorageUnavailable
from satark.storage.engines import BUSY_TIMEOUT_MS, sqlite_uri
from satark.storage.readers import Readers, Row

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MERGE_ROWS = 65_536
"""Rows merged per transaction: at a million ids about four of them share each touched page."""
FORMAT = 1
INDEX_CACHE_KIB = 32_768

_TABLES = """
CREATE TABLE ids (
    owner INTEGER, event_id TEXT, seq INTEGER NOT NULL, PRIMARY KEY (owner, event_id)
) WITHOUT ROWID;
CREATE TABLE refs (owner INTEGER, ref TEXT, seq INTEGER, PRIMARY KEY (owner, ref, seq)) WITHOUT ROWID;
CREATE TABLE actions (action INTEGER, seq INTEGER, PRIMARY KEY (action, seq)) WITHOUT ROWID;
CREATE TABLE place (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, digest BLOB);
INSERT INTO place VALUES (1, 0, NULL)"""
_MERGE = """
INSERT INTO ids SELECT owner, event_id, seq FROM log.events
    WHERE seq > ? AND seq <= ? ORDER BY owner, event_id;
INSERT INTO refs SELECT owner, ref, seq FROM log.events
    WHERE seq > ? AND seq <= ? AND ref <> '' ORDER BY owner, ref, seq;
INSERT INTO actions SELECT action, seq FROM log.events
    WHERE seq > ? AND seq <= ? AND action IS NOT NULL ORDER BY action, seq"""
_MARK = "UPDATE place SET seq = ?, digest = (SELECT digest FROM log.events WHERE seq = ?)"
_ACTIONS = """
SELECT place.seq, found.seq FROM place LEFT JOIN (
    SELECT seq FROM actions WHERE action = ? AND seq > ? AND seq <= ? ORDER BY seq {0} LIMIT ?
) AS found ORDER BY found.seq {0}"""
_ACTIONS_FORWARDS, _ACTIONS_BACKWARDS = _ACTIONS.format("ASC"), _ACTIONS.format("DESC")


class SqliteIndex:
    """Sorted lookups over the log's rows up to `indexed_seq`.

    Parameters
    ----------
    path, log_path
        The index's and the log's file.

    Whoever appends to the log claims the file and merges into it. All others use it as it is, and look into
    the log itself for what it does not cover yet, or for everything while it cannot be read.
    """

    def __init__(self, path: Path, log_path: Path) -> None:
        self._path = path
        self._log_path = log_path
        self._merging = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._indexed = 0
        self.readers = Readers(self._connect_reader, (sqlite3.Error, OSError))

    def claim(self) -> None:
        """Open the file for merging; one that is missing, torn or of another log is begun anew.

        Raises
        ------
        StorageUnavailable
            It cannot be opened or made.
        """
        with self._merging:
            if self._writer is None:
                try:
                    self._indexed = self._open_or_rebuild()
                except (sqlite3.Error, OSError) as error:
                    self._release()
                    message = f"the log's index cannot be opened: {error}"
                    raise StorageUnavailable(message, certain=True) from error

    @property
    def indexed_seq(self) -> int:
        """The place up to which the file covers the log (the writing process's knowledge)."""
        return self._indexed

    def find(self, owner: int, event_id: str) -> tuple[int, int | None]:
        """Return (the place up to which the file covers the log, the seq of this id or None)."""
        rows = self._fetch(
            "SELECT place.seq, (SELECT seq FROM ids WHERE owner = ? AND event_id = ?) FROM place",
            (owner, event_id),
        )
        return rows[0][0], rows[0][1]

    def find_by_ref(self, owner: int, ref: str) -> tuple[int, list[int]]:
        """Return (the place up to which the file covers the log, the seqs of this reference in order)."""
        rows = self._fetch(
            "SELECT place.seq, refs.seq FROM place LEFT JOIN refs ON owner = ? AND ref = ? ORDER BY refs.seq",
            (owner, ref),
        )
        return rows[0][0], [row[1] for row in rows if row[1] is not None]

    def find_actions(
        self, action: int, after: int, until: int, limit: int, *, forwards: bool
    ) -> tuple[int, list[int]]:
        """Return (the place up to which the file covers the log, seqs of decisions of one action)."""
        sql = _ACTIONS_FORWARDS if forwards else _ACTIONS_BACKWARDS
        rows = self._fetch(sql, (action, after, until, limit))
        return rows[0][0], [row[1] for row in rows if row[1] is not None]

    def ids_after(self, owner: int, event_id: str, limit: int) -> list[tuple[int, str]]:
        """Return (owner, id) pairs in order, those after this one."""
        rows = self.readers.fetch(
            "SELECT owner, event_id FROM ids WHERE (owner, event_id) > (?, ?) ORDER BY owner, event_id LIMIT ?",
            (owner, event_id, limit),
        )
        return [(row[0], row[1]) for row in rows]

    def known(self, owner: int, event_ids: Iterable[str]) -> list[str]:
        """Return those of an owner's ids that the file holds; one statement for a whole batch."""
        rows = self.readers.fetch(
            "SELECT event_id FROM json_each(?) CROSS JOIN ids ON owner = ? AND event_id = value",
            (msgspec.json.encode(list(event_ids)).decode(), owner),
        )
        return [row[0] for row in rows]

    def merge(self, last_seq: int) -> int:
        """Merge the log's next `MERGE_ROWS` rows at most; return the place that the file covers now.

        Raises
        ------
        StorageUnavailable
            The file cannot be written, or the log not read; nothing was lost.
        IntegrityBroken
            The log holds an id twice.
        """
        with self._merging:
            if last_seq <= self._indexed or self._writer is None:
                return self._indexed
            first = last = self._indexed
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                # Read inside the transaction: should another process have merged, nothing is merged twice.
                first = int(self._writer.execute("SELECT seq FROM place").fetchone()[0])
                last = max(first, min(last_seq, first + MERGE_ROWS))
                for statement in _MERGE.split(";"):
                    self._writer.execute(statement, (first, last))
                self._writer.execute(_MARK, (last, last))
                self._writer.commit()
            except sqlite3.IntegrityError as error:
                self._writer.rollback()
                message = f"the log holds an id twice between {first} and {last}"
                raise IntegrityBroken(message) from error
            except (sqlite3.Error, OSError) as error:
                if self._writer.in_transaction:
                    self._writer.rollback()
                message = f"the log's index cannot be written: {error}"
                raise StorageUnavailable(message, certain=True) from error
            self._indexed = last
            return last

    def close(self) -> None:
        """Close the connections."""
        self.readers.close()
        with self._merging:
            self._release()

    def _fetch(self, sql: str, parameters: tuple[object, ...]) -> list[Row]:
        """Ask the file; whoever has not claimed it does without while it is not there or cannot be read."""
        if self._writer is not None:
            return self.readers.fetch(sql, parameters)
        try:
            rows = self.readers.fetch(sql, parameters) if self._path.exists() else []
        except StorageUnavailable:
            rows = []
        return rows or [(0, None)]

    def _open_or_rebuild(self) -> int:
        """Open the file for writing; one that is torn or does not belong to the log is begun anew."""
        try:
            place = self._open()
        except sqlite3.DatabaseError:
            place = None
        if place is None:
            self._release()
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            place = self._open()
        if place is None:
            message = "the log's index cannot be built"
            raise StorageUnavailable(message, certain=True)
        return place

    def _release(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _open(self) -> int | None:
        """Open the file and return its place, None when it is not of this log or of another format."""
        writer = sqlite3.connect(
            sqlite_uri(self._path, "rwc"), uri=True, check_same_thread=False, isolation_level=None
        )
        self._writer = writer
        writer.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        writer.execute("PRAGMA journal_mode = WAL")
        # The log is the truth: after a power cut the index may be a little behind, never wrong.
        writer.execute("PRAGMA synchronous = NORMAL")
        writer.execute(f"PRAGMA cache_size = -{INDEX_CACHE_KIB}")
        writer.execute("ATTACH ? AS log", (sqlite_uri(self._log_path, "ro"),))
        version = writer.execute("PRAGMA main.user_version").fetchone()[0]
        if version == 0:
            writer.execute("BEGIN IMMEDIATE")
            for statement in _TABLES.split(";"):
                writer.execute(statement)
            writer.execute(f"PRAGMA main.user_version = {FORMAT}")
            writer.commit()
        elif version != FORMAT:
            return None
        return _place(writer)

    def _connect_reader(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            sqlite_uri(self._path, "ro"), uri=True, check_same_thread=False, isolation_level=None
        )
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        connection.execute(f"PRAGMA cache_size = -{INDEX_CACHE_KIB}")
        if self._writer is None:
            # Who has claimed the file knows that it is of this log.
            connection.execute("ATTACH ? AS log", (sqlite_uri(self._log_path, "ro"),))
            if _place(connection) is None:
                connection.close()
                message = "the index is of another log"
                raise sqlite3.DatabaseError(message)
        return connection


def _place(connection: sqlite3.Connection) -> int | None:
    """Return up to where the index covers the attached log, None when it is of another log."""
    seq, digest = connection.execute("SELECT seq, digest FROM place").fetchone()
    if seq:
        row = connection.execute("SELECT digest FROM log.events WHERE seq = ?", (seq,)).fetchone()
        if row is None or row[0] != digest:
            return None
    return int(seq)
