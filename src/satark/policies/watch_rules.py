"""What is watched over weeks, and from where on somebody is told: drift, calibration, precision, labels, alerts.

None of it changes an answer, so none of it is part of a policy's content hash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from satark.core.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

SUPERVISION = "supervision"
"""The queue of cases about the system itself, unless a policy names one of its own."""
SUPERVISION_WORDS = Words(en="Supervision", hi="पर्यवेक्षण")


@dataclass(frozen=True, slots=True)
class WatchRules:
    """Limits; a case is opened only where even the near end of the interval lies beyond one.

    Attributes
    ----------
    alerts_per_day
        Queue to how many alerts its people can look at in a day; queues without a number are not judged.
    psi
        Of a feature's or the score's population stability index.
    missing
        By how much the share of missing values of a feature may grow.
    degraded
        Share of decisions that may be made without something that they should have had.
    calibration
        How many times as many (or as few) frauds as the score expects.
    precision_drop
        By how much the precision of a rule may fall below that of the weeks before.
    label_delay_days
        Within how many days nine in ten reports of fraud should have come.
    least
        Weeks with fewer payments (for precision: labelled ones) are not judged.
    queue, deadline_seconds
        Where the cases go, and how soon somebody should have looked.
    """

    alerts_per_day: Mapping[str, int] = field(default_factory=dict)
    psi: float = 0.2
    missing: float = 0.05
    degraded: float = 0.01
    calibration: float = 1.5
    precision_drop: float = 0.2
    label_delay_days: float = 30.0
    least: int = 200
    queue: str = SUPERVISION
    deadline_seconds: int = 86_400
