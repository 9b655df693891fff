"""The tables of the desk database, one module per area; importing this folder knows them all."""

from __future__ import annotations

from satark.storage.desk.tables import (
    audit,
    cases,
    commands,
    entities,
    explanations,
    identity,
    notices,
    outbox,
    policies,
    rollups,
    watch,
)
from satark.storage.desk.tables.base import METADATA

__all__ = [
    "METADATA",
    "audit",
    "cases",
    "commands",
    "entities",
    "explanations",
    "identity",
    "notices",
    "outbox",
    "policies",
    "rollups",
    "watch",
]
