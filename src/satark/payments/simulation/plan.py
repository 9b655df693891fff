"""How large, how long and how troubled a simulated market is: `SimulationPlan`, the only input but the code.

The same plan gives the same events, byte for byte (with the same versions of Satark and numpy): nothing
here or behind it reads a clock, a locale or the machine's random source.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from satark.core.errors import SettingInvalid

DEFAULT_START = date(2025, 10, 13)
"""A Monday one week before Diwali 2025, so that even a short simulation meets a festival."""

MAX_DAYS = 3_660
MAX_PEOPLE = 5_000_000
MAX_PAYMENTS_PER_DAY = 20_000_000


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """The sizes of a simulation.

    Attributes
    ----------
    seed
        Any whole number from 0; each gives another market.
    start
        The first day, in Indian time.
    days
        How many days have payments.
    settle_days
        How many further days only results, refunds, chargebacks and labels still arrive; 0 to stop at
        midnight.
    customers, merchants
        How many there are; merchants are popular by Zipf's law.
    payments_per_day
        The mean of an ordinary Wednesday; weekends, paydays and festivals have more.
    fraud_share
        The share of payments that belong to a fraud scenario, 0 to 0.5.
    scenarios
        The names of the scenarios to play, from `satark.payments.simulation.scenarios.SCENARIOS`; empty for
        all.
    id_prefix
        Put before every event id, so that two runs can be sent to one server.

    Raises
    ------
    SettingInvalid
        A size is out of bounds; ``field`` says which.

    Examples
    --------
    >>> SimulationPlan(days=2, customers=500).days
    2
    >>> SimulationPlan(fraud_share=0.9)
    Traceback (most recent call last):
    ...
    satark.core.errors.SettingInvalid: fraud_share must be between 0 and 0.5
    """

    seed: int = 1
    start: date = DEFAULT_START
    days: int = 1
    settle_days: int = 45
    customers: int = 20_000
    merchants: int = 1_500
    payments_per_day: int = 30_000
    fraud_share: float = 0.01
    scenarios: tuple[str, ...] = ()
    id_prefix: str = ""

    def __post_init__(self) -> None:
        """Refuse sizes that make no market."""
        bounds = {
            "seed": (0, 2**63 - 1),
            "days": (1, MAX_DAYS),
            "settle_days": (0, MAX_DAYS),
            "customers": (50, MAX_PEOPLE),
            "merchants": (30, MAX_PEOPLE),
            "payments_per_day": (1, MAX_PAYMENTS_PER_DAY),
            "fraud_share": (0, 0.5),
        }
        for field, (low, high) in bounds.items():
            if not low <= getattr(self, field) <= high:
                message = f"{field} must be between {low} and {high}"
                raise SettingInvalid(message, field=field)
        if len(self.id_prefix) > 16:
            message = "id_prefix must have at most 16 characters"
            raise SettingInvalid(message, field="id_prefix")
