"""Take a consistent copy while the engine runs, and make an installation of it again.

A backup is a folder: the database and the desk as one SQLite file each whatever they came from, the
installation's secrets, and a manifest with the digest of all and the heads of the chains. The windows are not
in it: they are rebuilt from the log. Whoever holds a backup holds the card key; keep it as closely as the
data folder itself.

The desk is copied before the log: what it has followed of the log is then in the log's copy, and the rest is
followed after a restore. The other way round it would pass over entries that were never there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from satark.core.errors import FolderUnusable, InputInvalid, IntegrityBroken, StorageUnavailable
from satark.storage.copying import copy_tables, refuse_filled
from satark.storage.engines import POSTGRES_PREFIX, postgres_engines, sqlite_engines, sqlite_uri
from satark.storage.installation import SECRETS_NAME, Secrets, bind_secrets, sync_folder, write_secrets
from satark.storage.lock import make_folder
from satark.storage.migrate import migrate

if TYPE_CHECKING:
    from satark.storage.audit import Audit
    from satark.storage.engines import Engines
    from satark.storage.verify import Progress

MANIFEST_NAME = "manifest.json"
DATABASE_NAME = "satark.db"
DESK_NAME = "desk.db"
FORMAT = 2
FORMATS = (1, 2)
"""Before 2 there was no desk."""
ATTEMPTS = 5
NEEDED = frozenset({DATABASE_NAME, SECRETS_NAME})
PAGES_PER_STEP = 1_024
READ_BYTES = 1 << 20


class BackedUpFile(msgspec.Struct, frozen=True):
    """One file of a backup."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds.

    Attributes
    ----------
    taken_us
        When it was begun.
    installation
        Of which installation it is.
    log_seq, log_hash
        The end of the log in it.
    audit_seq, audit_hash
        The end of the audit trail in it.
    desk_seq, desk_hash
        The end of the desk's chain in it; 0 when the installation has no desk.
    """

    format: int
    taken_us: int
    installation: str
    log_seq: int
    log_hash: str
    audit_seq: int
    audit_hash: str
    files: dict[str, BackedUpFile]
    desk_seq: int = 0
    desk_hash: str = ""


def take_backup(
    engines: Engines,
    secrets: Secrets,
    audit_of: Audit,
    to: Path,
    *,
    taken_us: int,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Copy everything to an empty or new folder; the manifest is written last, so a torn backup has none.

    Parameters
    ----------
    folder
        The data folder, where on SQLite the desk lies.

    Raises
    ------
    FolderUnusable
        The folder is not empty or cannot be written.
    StorageUnavailable
        The database cannot be read, or the copy not written.
    """
    _empty_folder(to)
    path = to / DATABASE_NAME
    copy: Engines | None = None
    try:
        for _ in range(ATTEMPTS):
            desk_seq, desk_hash = _copy_desk(engines, folder, to / DESK_NAME, secrets.audit_key, progress)
            copied = copy = _copy_log(engines, path, progress)
            if _noted_desk(audit_of.over(copied)) <= desk_seq:
                break
            # Between the two the trail noted a newer head of the desk, which would then seem to be cut.
            copied.dispose()
            path.unlink()
            (to / DESK_NAME).unlink()
        write_secrets(to, secrets)
        head = audit_of.over(copied).head()
        copied.dispose()
        names = [DATABASE_NAME, SECRETS_NAME, *([DESK_NAME] if desk_hash else [])]
        files = {name: _digest(to / name, progress) for name in names}
        manifest = Manifest(
            format=FORMAT,
            taken_us=taken_us,
            installation=secrets.installation,
            log_seq=head.log_seq,
            log_hash=head.log_hash,
            audit_seq=head.audit_seq,
            audit_hash=head.audit_hash,
            files=files,
            desk_seq=desk_seq,
            desk_hash=desk_hash,
        )
        _write_manifest(to, manifest)
    except (OSError, sqlite3.Error) as error:
        message = f"the backup cannot be written: {error}"
        raise StorageUnavailable(message, certain=True) from error
    finally:
        if copy is not None:
            copy.dispose()
    return manifest


def check_backup(source: Path, *, progress: Progress | None = None) -> Manifest:
    """Read a backup's manifest and compare every file with its digest.

    Raises
    ------
    InputInvalid
        The folder is no backup.
    IntegrityBroken
        A file is missing or differs.
    """
    try:
        manifest = msgspec.json.decode((source / MANIFEST_NAME).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        message = "this folder is no whole backup: its manifest cannot be read"
        raise InputInvalid(message, path=str(source)) from error
    if manifest.format not in FORMATS or set(manifest.files) - {DESK_NAME} != NEEDED:
        message = f"the backup is of format {manifest.format}, this program reads {FORMAT}"
        raise InputInvalid(message, path=str(source))
    for name, expected in manifest.files.items():
        try:
            found = _digest(source / name, progress)
        except OSError as error:
            message = f"a file of the backup cannot be read: {name}"
            raise IntegrityBroken(message, path=str(source / name)) from error
        if found != expected:
            message = f"a file of the backup was changed: {name}"
            raise IntegrityBroken(message, path=str(source / name))
    return manifest


def restore(
    source: Path, target: Path | str, *, folder: Path | None = None, progress: Progress | None = None
) -> Manifest:
    """Make an installation of a backup: in an empty or new folder, or in an empty PostgreSQL database.

    The digests are compared first; in a folder the installation appears whole or not at all.

    Parameters
    ----------
    target
        As for `open_storage`.
    folder
        With a URL: the data folder that receives the secrets; must be empty or new.

    Raises
    ------
    InputInvalid, IntegrityBroken
        The backup is not whole; nothing was made.
    FolderUnusable
        The target is not empty or cannot be written.
    StorageUnavailable
        The database cannot be reached or written.
    """
    manifest = check_backup(source, progress=progress)
    if str(target).startswith(POSTGRES_PREFIX):
        _restore_postgres(source, manifest, str(target), folder, progress)
        return manifest
    into = Path(target)
    _refuse_filled_folder(into)
    draft = into.with_name(f".{into.name}.restoring-{os.getpid()}")
    try:
        draft.mkdir(mode=0o700, parents=True)
        for name in manifest.files:
            shutil.copyfile(source / name, draft / name)
            (draft / name).chmod(0o600)
            if _digest(draft / name, progress) != manifest.files[name]:
                message = f"a file changed while it was copied: {name}"
                raise IntegrityBroken(message, path=str(source / name))
            _sync_file(draft / name)
        if DESK_NAME in manifest.files:
            _wake_desk(draft)
        sync_folder(draft)
        # Takes the place of an empty folder and of nothing else.
        draft.rename(into)
        sync_folder(into.parent)
    except OSError as error:
        message = f"the backup cannot be restored here: {error.strerror}"
        raise FolderUnusable(message, path=str(into)) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return manifest


def _restore_postgres(
    source: Path, manifest: Manifest, url: str, folder: Path | None, progress: Progress | None
) -> None:
    """Fill an empty database, the log in one transaction and the desk in another, then put the secrets down."""
    secrets = Secrets.parse((source / SECRETS_NAME).read_bytes())
    if folder is not None:
        _empty_folder(folder)
    # The backup itself is not opened for writing: its digest is to hold afterwards too.
    copy = sqlite_engines(source / DATABASE_NAME, read_only=True)
    engines = postgres_engines(url, read_only=False)
    try:
        migrate(copy)
        migrate(engines)
        refuse_filled(engines)
        copy_tables(copy, engines, progress)
        if DESK_NAME in manifest.files:
            from satark.storage.desk.copying import fill_desk

            fill_desk(source / DESK_NAME, engines, progress)
        bind_secrets(engines, secrets)
        if folder is not None:
            write_secrets(folder, secrets)
    finally:
        copy.dispose()
        engines.dispose()


def _copy_log(engines: Engines, path: Path, progress: Progress | None) -> Engines:
    """Copy the log and what belongs to it into one SQLite file; return the copy, open for reading."""
    _touch(path)
    if engines.dialect == "sqlite":
        _copy_sqlite(engines, path, progress)
    else:
        copy = sqlite_engines(path, read_only=False)
        try:
            migrate(copy)
            copy_tables(engines, copy, progress)
        finally:
            copy.dispose()
    return _leave_wal(path)


def _noted_desk(trail: Audit) -> int:
    """Return the newest place of the desk's chain that a copy of the trail has noted."""
    from satark.storage.desk.proof import SEALED

    newest = trail.entries(1, action=SEALED)
    return int(newest[0].detail["desk_seq"]) if newest else 0


def _copy_desk(
    engines: Engines, folder: Path | None, path: Path, key: bytes, progress: Progress | None
) -> tuple[int, str]:
    """Copy the desk, where there is one, and return the end of its chain."""
    # The desk stands on the storage, and this is part of the storage.
    from satark.core.clock import SystemClock
    from satark.storage.desk.audit import DeskAudit
    from satark.storage.desk.copying import copy_desk, has_desk

    if not has_desk(engines, folder):
        return 0, ""
    _touch(path)
    copy_desk(engines, folder, path, copy_sqlite=_copy_sqlite, progress=progress)
    copy = _leave_wal(path)
    try:
        seq, digest = DeskAudit(copy, SystemClock(), key=key).head()
    finally:
        copy.dispose()
    return seq, digest.hex()


def _wake_desk(folder: Path) -> None:
    """Make a copied desk fit for use, and leave nothing beside its file."""
    from satark.storage.desk.copying import wake_desk

    wake_desk(folder)
    _leave_wal(folder / DESK_NAME).dispose()


def _touch(path: Path) -> None:
    """Make an empty file that only its owner can read."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _copy_sqlite(engines: Engines, path: Path, progress: Progress | None) -> None:
    """Copy a SQLite database page by page as of one moment, while others write to it."""
    source: sqlite3.Connection | None = None
    target = sqlite3.connect(sqlite_uri(path, "rwc"), uri=True, isolation_level=None)
    pooled = engines.read.raw_connection()
    try:
        pooled.detach()
        source = pooled.dbapi_connection  # type: ignore[assignment]
        if source is None:  # pragma: no cover - a connection just taken
            return
        # Inside one read transaction the copy is of one moment; outside, each append would begin it anew.
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()

        def told(_status: int, remaining: int, total: int) -> None:
            if progress is not None:
                progress("copy", total - remaining, total)

        target.execute("PRAGMA synchronous = OFF")
        source.backup(target, pages=PAGES_PER_STEP, progress=told, sleep=0)
        source.execute("ROLLBACK")
    finally:
        target.close()
        if source is not None:
            source.close()


def _leave_wal(path: Path) -> Engines:
    """Turn the copy into one file that needs no other, make it durable, and open it for reading."""
    connection = sqlite3.connect(sqlite_uri(path, "rwc"), uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
    finally:
        connection.close()
    _sync_file(path)
    return sqlite_engines(path, read_only=True)


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    draft = folder / f".{MANIFEST_NAME}"
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    _sync_file(draft)
    draft.rename(folder / MANIFEST_NAME)
    sync_folder(folder)


def _digest(path: Path, progress: Progress | None) -> BackedUpFile:
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
            done += len(block)
            if progress is not None:
                progress("digest", done, total)
    return BackedUpFile(digest.hexdigest(), done)


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse_filled_folder(folder: Path) -> None:
    try:
        filled = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    except OSError as error:
        message = f"the folder cannot be read: {error.strerror}"
        raise FolderUnusable(message, path=str(folder)) from error
    if filled:
        message = "the folder is not empty"
        raise FolderUnusable(message, path=str(folder))


def _empty_folder(folder: Path) -> None:
    _refuse_filled_folder(folder)
    make_folder(folder)
