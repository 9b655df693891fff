"""Cases: what people do about decisions, from an alert to an outcome; no input or output."""

from __future__ import annotations

from satark.cases.model import (
    Alert,
    Case,
    CaseOutcome,
    CaseState,
    EntityKind,
    EntityRef,
    NewAlert,
    Page,
    QueueFilter,
    Refusal,
    TimelineEntry,
    Undo,
)

__all__ = [
    "Alert",
    "Case",
    "CaseOutcome",
    "CaseState",
    "EntityKind",
    "EntityRef",
    "NewAlert",
    "Page",
    "QueueFilter",
    "Refusal",
    "TimelineEntry",
    "Undo",
]
