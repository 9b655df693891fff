"""Whose word counts how much about a payment, and when silence means that it was genuine.

For training, backtests and reports. What a window counts is not touched by this: there the newest label from its report
time on holds, whoever it came from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TRUST_CLASSES = ("police", "bank", "analyst", "customer", "merchant", "rule")
"""Kinds of reporters, the most trusted first unless a policy says otherwise."""

KNOWN_REPORTERS: dict[str, str] = {
    **{name: name for name in TRUST_CLASSES},
    "1930": "police",
    "ncrp": "police",
    "i4c": "police",
    "court": "police",
    "issuer": "bank",
    "acquirer": "bank",
    "network": "bank",
    "npci": "bank",
    "chargeback": "bank",
    # A file with a column of labels is what the institution itself has established.
    "file": "bank",
    "case": "analyst",
    "staff": "analyst",
    "supervisor": "analyst",
    # The answer to a notice reaches the log as a command of the customer.
    "staff:customer": "customer",
    "notice": "customer",
    "model": "rule",
    "system": "rule",
}
"""Names that reporters go by, to their kind."""

DEFAULT_MATURE_DAYS = 60
MAX_MATURE_DAYS = 730


@dataclass(frozen=True, slots=True)
class TrustOrder:
    """Who is believed before whom.

    Attributes
    ----------
    order
        Kinds of reporters, the most trusted first. A kind that is left out is trusted as little as an unknown one.
    reporters
        Names of reporters to their kind, before the names that are known without it.

    Examples
    --------
    >>> trust = TrustOrder()
    >>> trust.kind_of("issuer:exbank"), trust.kind_of("case:asha"), trust.kind_of("staff:customer")
    ('bank', 'analyst', 'customer')
    >>> trust.rank("1930") > trust.rank("issuer") > trust.rank("somebody") == 0
    True
    """

    order: tuple[str, ...] = TRUST_CLASSES
    reporters: Mapping[str, str] = field(default_factory=dict)

    def kind_of(self, reporter: str) -> str:
        """Return a reporter's kind by the whole name, else by what stands before a colon; "" for an unknown one."""
        name = reporter.strip().casefold()
        head = name.partition(":")[0].rstrip()
        for known in (self.reporters, KNOWN_REPORTERS):
            found = known.get(name) or known.get(head)
            if found is not None:
                return found
        return ""

    def rank(self, reporter: str) -> int:
        """Return how much a reporter is trusted: 0 for one that no rule names, more for each kind further up."""
        kind = self.kind_of(reporter)
        return len(self.order) - self.order.index(kind) if kind in self.order else 0


@dataclass(frozen=True, slots=True)
class LabelRules:
    """How labels are read when one learns from them.

    Attributes
    ----------
    trust
        Who is believed before whom.
    mature_days
        After so many days without a label a payment that went through is taken as genuine; None: never.
    """

    trust: TrustOrder = field(default_factory=TrustOrder)
    mature_days: int | None = DEFAULT_MATURE_DAYS
