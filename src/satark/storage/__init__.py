"""What is kept: the event log, keys, people, lists and the audit trail, on SQLite or PostgreSQL."""

from __future__ import annotations

from satark.storage.facade import Storage
from satark.storage.installation import Secrets
from satark.storage.keys import SCOPES, ApiKey, ApiKeys, NewKey
from satark.storage.lock import FolderLock, holder_of
from satark.storage.opening import open_storage

__all__ = [
    "SCOPES",
    "ApiKey",
    "ApiKeys",
    "FolderLock",
    "NewKey",
    "Secrets",
    "Storage",
    "holder_of",
    "open_storage",
]
