"""The supervisor's figures: backlog and its age, outcomes, who has how much, which rules are right."""

from __future__ import annotations

import msgspec


class BacklogBand(msgspec.Struct, frozen=True):
    """Open cases of one queue in one band of age; the last band has no upper end."""

    queue: str
    from_seconds: int
    to_seconds: int | None
    n_cases: int
    n_overdue: int
    amount_minor: int


class AnalystLoad(msgspec.Struct, frozen=True):
    """What one person has on the desk, and did in the last 24 hours."""

    user: str
    n_open: int
    n_overdue: int
    amount_minor: int
    n_closed_day: int
    median_handling_seconds: int | None


class RulePrecision(msgspec.Struct, frozen=True):
    """How often a rule was right, over closed alerts of the last 30 days."""

    rule: str
    n_fraud: int
    n_genuine: int
    n_inconclusive: int

    @property
    def precision(self) -> float | None:
        """The share of fraud among those that were told apart; None when there are none."""
        told = self.n_fraud + self.n_genuine
        return self.n_fraud / told if told else None


class DeskLoad(msgspec.Struct, frozen=True):
    """The supervisor's figures at one moment.

    Attributes
    ----------
    backlog
        Per queue and age band, empty ones left out.
    outcomes
        Closed cases of the last 30 days per outcome.
    saved_minor
        Amounts of alerts that were held or blocked and turned out to be fraud, last 30 days.
    """

    at_us: int
    backlog: tuple[BacklogBand, ...]
    outcomes: dict[str, int]
    analysts: tuple[AnalystLoad, ...]
    rules: tuple[RulePrecision, ...]
    n_unassigned: int
    n_proposed: int
    saved_minor: int
    lost_minor: int
