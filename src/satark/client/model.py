"""What a caller gets back: answers, receipts, and the shape of a refusal."""

from __future__ import annotations

from typing import Any

import msgspec

from satark.core.errors import SatarkError
from satark.decisions.answers import Receipt
from satark.decisions.model import Decision


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What to do about a payment.

    Attributes
    ----------
    action
        allow, challenge, hold or block: the decision's, or the client's `on_no_answer`.
    decision
        The whole decision, or None when no answer came in time.
    attempts
        How often the request was sent.
    """

    action: str
    decision: Decision | None = None
    attempts: int = 1

    @property
    def answered(self) -> bool:
        """True if Satark decided; False if the configured action stands in."""
        return self.decision is not None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a refusal (RFC 9457)."""

    status: int
    code: str = "error"
    title: str = ""
    detail: str = ""
    request_id: str = ""
    fields: dict[str, Any] = {}


class BatchItem(msgspec.Struct, frozen=True, kw_only=True):
    """One result of a batch, as it comes over the wire."""

    status: int
    decision: Decision | None = None
    problem: Problem | None = None


class BatchBody(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a batch's answer."""

    results: list[BatchItem]


def error_of(problem: Problem) -> SatarkError:
    """Return a refusal as the error of the same code, so that callers can tell errors apart by class.

    Examples
    --------
    >>> error_of(Problem(status=409, code="id_conflict", detail="Used before.", request_id="r1"))
    IdConflict('Used before.')
    """
    kind = _kinds().get(problem.code, SatarkError)
    fields = {**problem.fields, "status": problem.status, "request_id": problem.request_id}
    return kind(problem.detail or problem.title, **fields)


def _kinds() -> dict[str, type[SatarkError]]:
    found: dict[str, type[SatarkError]] = {}
    pending = [SatarkError]
    while pending:
        kind = pending.pop()
        found.setdefault(kind.code, kind)
        pending.extend(kind.__subclasses__())
    return found


__all__ = ["Answer", "BatchBody", "BatchItem", "Decision", "Problem", "Receipt", "error_of"]
