"""The secrets of one installation: made once, at first open, and never changed silently.

They lie in `secrets.json` beside the database, readable by its owner alone, or come from the settings. A
database knows its own secrets by a mark; opened with others it refuses, because card histories would be cut
and the chains would not verify any more.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets as random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import msgspec
import sqlalchemy as sa

from satark.core.errors import FolderUnusable, SettingInvalid
from satark.storage.engines import storage_faults, waiting_for_others
from satark.storage.tables import INSTALLATION

if TYPE_CHECKING:
    from pathlib import Path

    from satark.storage.engines import Engines

SECRETS_NAME = "secrets.json"
KEY_BYTES = 32
_MARK = "secrets_mark"
_FIND_MARK = sa.select(INSTALLATION.c.value).where(INSTALLATION.c.name == _MARK)


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's form."""

    version: int
    installation: str
    card_keys: str
    window_seed: str
    audit_key: str
    session_key: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """What only this installation knows.

    Attributes
    ----------
    installation
        A random name; no secret.
    card_keys
        The keys of card tokens in the form that `CardTokens.parse` reads (``kid:base64``).
    window_seed
        64 bits that seed the hashes of entity keys in the windows, so that nobody can make keys collide.
    audit_key
        The key of both hash chains.
    session_key
        The key that signs the pages' sessions.
    """

    installation: str
    card_keys: str = field(repr=False)
    window_seed: int = field(repr=False)
    audit_key: bytes = field(repr=False)
    session_key: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """Make the secrets of a new installation."""
        card_key = base64.b64encode(random.token_bytes(KEY_BYTES)).decode()
        return cls(
            installation=random.token_hex(8),
            card_keys=f"k1:{card_key}",
            window_seed=random.randbits(64),
            audit_key=random.token_bytes(KEY_BYTES),
            session_key=random.token_bytes(KEY_BYTES),
        )

    @classmethod
    def parse(cls, text: bytes | str) -> Self:
        """Read what `encode` wrote.

        Raises
        ------
        SettingInvalid
            The text is not of this form.
        """
        try:
            document = msgspec.json.decode(text, type=_Document)
            audit_key, session_key = bytes.fromhex(document.audit_key), bytes.fromhex(document.session_key)
            window_seed = int(document.window_seed, 16)
        except (msgspec.DecodeError, ValueError) as error:
            message = "the installation's secrets cannot be read"
            raise SettingInvalid(message, setting="secrets") from error
        if len(audit_key) < KEY_BYTES or len(session_key) < KEY_BYTES or not 0 <= window_seed < 2**64:
            message = "the installation's secrets are too short"
            raise SettingInvalid(message, setting="secrets")
        return cls(document.installation, document.card_keys, window_seed, audit_key, session_key)

    def encode(self) -> bytes:
        """Return the text of the secrets file."""
        document = _Document(
            version=1,
            installation=self.installation,
            card_keys=self.card_keys,
            window_seed=f"{self.window_seed:016x}",
            audit_key=self.audit_key.hex(),
            session_key=self.session_key.hex(),
        )
        return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def load_secrets(folder: Path) -> Secrets | None:
    """Read the folder's secrets file; None when there is none.

    Raises
    ------
    SettingInvalid
        The file is not of the right form.
    FolderUnusable
        The file cannot be read.
    """
    try:
        text = (folder / SECRETS_NAME).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"the secrets of the installation cannot be read: {error.strerror}"
        raise FolderUnusable(message, path=str(folder / SECRETS_NAME)) from error
    return Secrets.parse(text)


def write_secrets(folder: Path, secrets: Secrets) -> None:
    """Write the secrets file, whole or not at all, for its owner alone; never over an existing one.

    Raises
    ------
    FolderUnusable
        The folder cannot be written, or has a secrets file already.
    """
    path = folder / SECRETS_NAME
    draft = folder / f".{SECRETS_NAME}.{random.token_hex(8)}"
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.encode())
                file.flush()
                os.fsync(file.fileno())
            # A link, unlike a rename, never replaces the file that another process has written meanwhile.
            os.link(draft, path)
            sync_folder(folder)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        message = f"the secrets of the installation cannot be written: {error.strerror}"
        raise FolderUnusable(message, path=str(path)) from error


def sync_folder(folder: Path) -> None:
    """Make a folder's names durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def bind_secrets(engines: Engines, secrets: Secrets) -> None:
    """Let the database know its secrets at first open, and refuse others ever after.

    Raises
    ------
    FolderUnusable
        The secrets are not those of this database.
    """
    mark = secret_mark(secrets)
    with storage_faults("the database"):
        found = waiting_for_others(lambda: _mark_of(engines, mark))
    if found is not None and not hmac.compare_digest(found, mark):
        message = "these are not the secrets of this database; put its own secrets.json back"
        raise FolderUnusable(message)


def _mark_of(engines: Engines, mark: str) -> str | None:
    """Return the mark that the database has; one that may be written and has none is given this one."""
    with engines.read.connect() as connection:
        found: str | None = connection.scalar(_FIND_MARK)
    if found is None and engines.write is not None:
        with engines.write.begin() as connection:
            found = connection.scalar(_FIND_MARK)
            if found is None:
                connection.execute(sa.insert(INSTALLATION).values(name=_MARK, value=mark))
                found = mark
    return found


def knows_secrets(engines: Engines) -> bool:
    """Tell whether the database was opened with secrets before."""
    with storage_faults("the database"), engines.read.connect() as connection:
        return connection.scalar(_FIND_MARK) is not None


def secret_mark(secrets: Secrets) -> str:
    """Return the mark by which a database knows its secrets; it tells nothing about them."""
    return hmac.digest(
        secrets.audit_key, b"satark installation " + secrets.installation.encode(), "sha256"
    ).hex()
