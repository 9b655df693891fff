"""The rows of the windows in memory-mapped segments under the data folder.

Each event that enters the windows is one fixed-width row, written in place into the mapped segment that the kernel
reads it from. A snapshot makes the rows up to a committed seq durable (fdatasync, then a manifest by atomic rename)
from another thread: rows never change once written, so the engine is never stopped. At start the rows are read in
bulk, which is some thirty times faster than reading the log again; the log alone is the truth, and a store that does
not verify is thrown away and made anew from it.
"""

from __future__ import annotations

import base64
import contextlib
import json
import mmap
import os
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash

from satark.core.errors import StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SEGMENT_BYTES = 16 << 20
FORMAT = 2
MANIFEST = "manifest.json"
_WORD = 8


class _Segment:
    """One mapped file of rows; `rows` of them are in use."""

    def __init__(self, path: Path, number: int, width: int, capacity: int, *, create: bool) -> None:
        self.number = number
        self.path = path
        self.rows = 0
        self.digest: str | None = None
        self._newest_us: int | None = None
        size = capacity * width * _WORD
        flags = os.O_RDWR | (os.O_CREAT | os.O_TRUNC if create else 0)
        self.file = os.open(path, flags | os.O_CLOEXEC, 0o600)
        try:
            if create:
                # The blocks are taken now: a mapped page without a block behind it would kill the process when the
                # disk is full, where this is an error that can be answered.
                os.posix_fallocate(self.file, 0, size)
            elif os.fstat(self.file).st_size != size:
                raise OSError(0, "a segment has the wrong size")  # noqa: TRY301 - handled with the other errors
            self.map = mmap.mmap(self.file, size)
        except OSError:
            os.close(self.file)
            if create:
                # What was taken before the disk was full is given back.
                path.unlink(missing_ok=True)
            raise
        self.view = memoryview(self.map)
        self.array: NDArray[np.int64] = np.frombuffer(self.map, dtype=np.int64).reshape(capacity, width)

    def used(self) -> NDArray[np.int64]:
        """Return the rows in use, as an (n, width) view."""
        return self.array[: self.rows]

    def newest_us(self) -> int:
        """Return the greatest event time of a full segment."""
        if self._newest_us is None:
            self._newest_us = int(self.used()[:, 1].max())
        return self._newest_us

    def close(self) -> None:
        """Let go of the file; the map goes with its last view."""
        if self.file >= 0:
            os.close(self.file)
            self.file = -1


class WindowRows:
    """Implements `satark.decisions.ports.RowStore` on a folder.

    Parameters
    ----------
    folder
        Made if missing; owned by one engine (the folder lock of the data folder guards it).
    mark
        Added to the version of the rows: what else their words depend on (the card key, the hash seed).
    alone
        Removes the rows of other versions of the windows; by default there are none.
    """

    def __init__(
        self,
        folder: Path,
        *,
        mark: str = "",
        segment_bytes: int = SEGMENT_BYTES,
        alone: Callable[[], None] | None = None,
    ) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._mark = mark
        self._alone = alone
        self._segments: list[_Segment] = []
        self._lock = threading.Lock()
        self._whole = threading.Lock()  # Held while rows are opened, begun anew, or made durable.
        self._version = ""
        self._width = 1
        self._capacity = 1
        self._state = b""
        self._next_number = 1

    # ------------------------------------------------------------ the engine's thread

    def place(self) -> tuple[memoryview, int, NDArray[np.int64]]:
        """Return where the next row goes (see the port)."""
        segment = self._segments[-1] if self._segments else None
        if segment is None or segment.rows == self._capacity:
            segment = self._new_segment()
        at = segment.rows
        return segment.view, at * self._width * _WORD, segment.array[at : at + 1]

    def keep(self) -> None:
        """Count the row just written."""
        self._segments[-1].rows += 1

    def open(self, version: str, width: int) -> int:
        """Read the manifest and verify the segments; 0 when there is nothing usable."""
        with self._whole:
            self._close_segments()
            self._set(version, width)
            try:
                seq = self._read(_checked((self._folder / MANIFEST).read_bytes()))
            except (OSError, ValueError, KeyError, TypeError):
                seq = 0
            if seq == 0:
                self._restart(version, width)
            return seq

    def blocks(self) -> Iterator[NDArray[np.int64]]:
        """Return all rows in order."""
        for segment in list(self._segments):
            if segment.rows:
                yield segment.used()

    def cut(self, after_seq: int) -> None:
        """Forget rows with a greater seq."""
        for segment in reversed(self._segments):
            keep = _rows_up_to(segment.used(), after_seq)
            if keep == segment.rows and keep:
                break
            segment.rows, segment.digest = keep, None
            if keep:
                break
            segment.close()
            with contextlib.suppress(OSError):
                segment.path.unlink()
            with self._lock:
                self._segments = self._segments[:-1]

    def restart(self, version: str, width: int) -> None:
        """Forget all rows and begin anew."""
        with self._whole:
            self._restart(version, width)

    def _restart(self, version: str, width: int) -> None:
        self._close_segments()
        self._set(version, width)
        self._state = b""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / MANIFEST).unlink(missing_ok=True)
            for path in self._folder.glob("rows-*.bin"):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise _unavailable(error) from error

    def state(self) -> bytes:
        """Return the state of the last snapshot."""
        return self._state

    def close(self) -> None:
        """Let go of the files; what was made durable stays."""
        with self._whole:
            self._close_segments()

    def stand_alone(self) -> None:
        """Remove the rows of other versions of the windows (see the port)."""
        if self._alone is not None:
            self._alone()

    # ------------------------------------------------------------ the snapshot's thread

    def snapshot(self, seq: int, horizon_us: int, state: bytes) -> None:
        """Make the rows up to `seq` durable (see the port); called from one other thread at a time."""
        with self._whole:
            self._snapshot(seq, horizon_us, state)

    def _snapshot(self, seq: int, horizon_us: int, state: bytes) -> None:
        with self._lock:
            segments = list(self._segments)
        entries: list[list[Any]] = []
        old: list[_Segment] = []
        try:
            for segment in segments:
                used = segment.used()
                rows = _rows_up_to(used, seq)
                full = rows == self._capacity
                if full and segment is not segments[-1] and segment.newest_us() <= horizon_us:
                    old.append(segment)
                    continue
                if rows == 0:
                    continue
                if segment.digest is None:
                    os.fdatasync(segment.file)
                digest = segment.digest or _digest(used[:rows])
                if full:
                    segment.digest = digest
                entries.append([segment.number, rows, digest])
            self._write_manifest(
                {
                    "format": FORMAT,
                    "version": self._version,
                    "width": self._width,
                    "capacity": self._capacity,
                    "seq": seq,
                    "segments": entries,
                    "state": base64.b64encode(state).decode(),
                }
            )
        except OSError as error:
            raise _unavailable(error) from error
        with self._lock:
            self._segments = [segment for segment in self._segments if segment not in old]
        for segment in old:
            segment.close()
            with contextlib.suppress(OSError):
                segment.path.unlink()

    # ------------------------------------------------------------ within

    def _set(self, version: str, width: int) -> None:
        self._version, self._width = f"{version}:{self._mark}", width
        self._capacity = max(1, self._segment_bytes // (width * _WORD))

    def _new_segment(self) -> _Segment:
        number = self._next_number
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            segment = _Segment(self._path(number), number, self._width, self._capacity, create=True)
        except OSError as error:
            raise _unavailable(error) from error
        self._next_number = number + 1
        with self._lock:
            self._segments = [*self._segments, segment]
        return segment

    def _path(self, number: int) -> Path:
        return self._folder / f"rows-{number:08d}.bin"

    def _read(self, manifest: dict[str, Any]) -> int:
        wanted = (FORMAT, self._version, self._width, self._capacity)
        if (manifest["format"], manifest["version"], manifest["width"], manifest["capacity"]) != wanted:
            return 0
        kept = set()
        for number, rows, digest in manifest["segments"]:
            segment = _Segment(self._path(number), number, self._width, self._capacity, create=False)
            self._segments.append(segment)
            segment.rows = rows
            if _digest(segment.used()) != digest:
                return 0
            if rows == self._capacity:
                segment.digest = digest
            kept.add(segment.path)
            self._next_number = max(self._next_number, number + 1)
        for path in self._folder.glob("rows-*.bin"):
            if path not in kept:
                path.unlink(missing_ok=True)
        self._state = base64.b64decode(manifest["state"])
        return int(manifest["seq"])

    def _write_manifest(self, manifest: dict[str, Any]) -> None:
        temporary = self._folder / f"{MANIFEST}.new"
        content = json.dumps(manifest, separators=(",", ":")).encode()
        with temporary.open("wb") as file:
            file.write(xxhash.xxh3_64_hexdigest(content).encode() + b"\n" + content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._folder / MANIFEST)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _close_segments(self) -> None:
        for segment in self._segments:
            segment.close()
        self._segments = []


def _checked(stored: bytes) -> dict[str, Any]:
    """Return a manifest that is what was written."""
    digest, _, content = stored.partition(b"\n")
    if xxhash.xxh3_64_hexdigest(content).encode() != digest:
        raise ValueError(MANIFEST)
    manifest: dict[str, Any] = json.loads(content)
    return manifest


def _rows_up_to(rows: NDArray[np.int64], seq: int) -> int:
    """Return how many rows belong to entries up to a seq; a retraction's seq is written negative."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if abs(int(rows[middle, 0])) <= seq:
            low = middle + 1
        else:
            high = middle
    return low


def _digest(rows: NDArray[np.int64]) -> str:
    return xxhash.xxh3_64_hexdigest(rows.data.cast("B") if len(rows) else b"")


def _unavailable(error: OSError) -> StorageUnavailable:
    return StorageUnavailable(f"the rows of the windows cannot be written: {os.strerror(error.errno or 0)}")
