"""One finding of the watch: a number of one week with its interval, its limit, and what follows."""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What was looked at."""

    FEATURE_DRIFT = "feature_drift"
    SCORE_DRIFT = "score_drift"
    MODEL_DRIFT = "model_drift"
    CALIBRATION = "calibration"
    MISSING = "missing"
    DEGRADED = "degraded"
    PRECISION = "precision"
    LABEL_DELAY = "label_delay"
    ALERTS = "alerts"


class Verdict(StrEnum):
    """What follows from a number."""

    OK = "ok"
    NEAR = "near"
    """Beyond the limit, but it may be chance."""
    BREACH = "breach"
    """Beyond the limit even at the near end of the interval."""
    THIN = "thin"
    """Too few cases to say anything."""
    OPEN = "open"
    """Too young: labels are still to come."""


ONE_CASE = frozenset({Kind.FEATURE_DRIFT, Kind.MISSING, Kind.DEGRADED})
"""Kinds whose subjects share one case: when a source breaks, thirty features change at once."""


class Finding(msgspec.Struct, frozen=True):
    """What was found of one subject in one week.

    Attributes
    ----------
    subject
        A feature, rule, queue or model; empty where there is only one.
    week
        Numbered since 1970 (`satark.decisions.watch.measures.week_of`).
    value, low, high
        The number and its interval; None where nothing can be said (JSON knows no NaN).
    limit
        Beyond which somebody is told.
    n
        The cases behind it.
    before
        What it is compared with: a share, a precision; None where there is none.
    """

    kind: Kind
    subject: str
    week: int
    value: float | None
    low: float | None
    high: float | None
    limit: float
    n: int
    verdict: Verdict
    before: float | None = None

    @property
    def case_key(self) -> str:
        """Findings with one key share a case.

        Examples
        --------
        >>> Finding(Kind.ALERTS, "cards", 1, 5.0, 5.0, 5.0, 4.0, 5, Verdict.BREACH).case_key
        'alerts:cards'
        >>> Finding(Kind.MISSING, "pin", 1, 0.5, 0.4, 0.6, 0.1, 500, Verdict.BREACH).case_key
        'missing'
        """
        return (
            self.kind.value
            if self.kind in ONE_CASE or not self.subject
            else f"{self.kind.value}:{self.subject}"
        )


def finite(value: float) -> float | None:
    """Return a number, None for one that is none.

    Examples
    --------
    >>> finite(1.5), finite(math.nan), finite(math.inf)
    (1.5, None, None)
    """
    return value if math.isfinite(value) else None
