"""What is kept: the event log, keys, people, lists and the audit trail, on SQLite or PostgreSQL."""

from __future__ import annotations

from satark.core.staff import ROLES
from satark.storage.audit import Audit, AuditEntry, Head, read_heads
from satark.storage.backup import Manifest, check_backup, restore
from satark.storage.facade import Storage
from satark.storage.installation import Secrets
from satark.storage.keys import SCOPES, ApiKey, ApiKeys, NewKey
from satark.storage.lists import ListEdit, ListEntry, Lists
from satark.storage.lock import FolderLock, holder_of
from satark.storage.opening import open_storage
from satark.storage.retention import Retention, RetentionReport
from satark.storage.sqlite_checkpoint import Checkpoint
from satark.storage.staff import NewStaffMember, Staff, StaffMember
from satark.storage.verify import AuditReport, Problem, Progress

__all__ = [
    "ROLES",
    "SCOPES",
    "ApiKey",
    "ApiKeys",
    "Audit",
    "AuditEntry",
    "AuditReport",
    "Checkpoint",
    "FolderLock",
    "Head",
    "ListEdit",
    "ListEntry",
    "Lists",
    "Manifest",
    "NewKey",
    "NewStaffMember",
    "Problem",
    "Progress",
    "Retention",
    "RetentionReport",
    "Secrets",
    "Staff",
    "StaffMember",
    "Storage",
    "check_backup",
    "holder_of",
    "open_storage",
    "read_heads",
    "restore",
]
