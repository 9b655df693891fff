"""The desk database: cases, entities, messages, notices, sessions; beside the log, on SQLite or PostgreSQL."""

from __future__ import annotations

from satark.storage.desk.audit import DeskAudit, DeskAuditReport
from satark.storage.desk.desk import Desk
from satark.storage.desk.opening import open_desk

__all__ = ["Desk", "DeskAudit", "DeskAuditReport", "open_desk"]
