"""The shapes of answers, as structs; OpenAPI is generated from them and tests hold the answers to them."""

from typing import Annotated

from msgspec import Meta, Struct

from satark.api.problems import Problem
from satark.decisions.answers import Receipt
from satark.decisions.model import Decision


class BatchItem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event's own status, and either its decision or its problem."""

    status: Annotated[int, Meta(ge=200, le=599)]
    decision: Decision | None = None
    problem: Problem | None = None


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """The answers of a batch, in the order of its events."""

    results: list[BatchItem]


class Live(Struct, frozen=True, kw_only=True):
    """The process runs."""

    status: str = "live"


class Ready(Struct, frozen=True, kw_only=True):
    """Whether events can be decided now; if not, why."""

    ready: bool
    reasons: list[str] = []


__all__ = ["BatchAnswer", "BatchItem", "Decision", "Live", "Problem", "Ready", "Receipt"]
