"""What is known of a payment's truth, and since when: the history of its labels, and which of them holds.

After the log: labels come late, contradict each other, exist for some payments only, and for held payments hardly ever,
because what was stopped never shows what it would have been. Training, backtests and reports read labels through this
file, so that all of them count the same. Windows do not: there a label replaces the earlier one from its report time
on, whoever reported it.

The rule: among the labels reported up to a moment, those of the most trusted kind of reporter count, and of these the
newest. So an untrusted reporter never overrides a trusted one, and the order in which labels arrive matters for labels
of one kind and one report time only, where the later place in the log wins.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from satark.core.clock import MICROS_PER_DAY, to_us
from satark.core.errors import InvalidEvent
from satark.events import Label, decode_stored
from satark.policies.label_rules import LabelRules, TrustOrder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from satark.decisions.ports import EventLog, LogEntry

__all__ = [
    "DEFAULT_TRUST",
    "UNLABELLED",
    "Act",
    "Basis",
    "LabelHistory",
    "LabelReport",
    "LabelRules",
    "Outcome",
    "Standing",
    "TrustOrder",
    "history_of",
    "outcome",
    "report_of",
    "standing",
]

FRAUD, GENUINE = "fraud", "genuine"
LABEL_KIND = "label"
DEFAULT_TRUST = TrustOrder()


class LabelReport(NamedTuple):
    """One label as somebody gave it.

    Attributes
    ----------
    label
        fraud or genuine.
    reported_us
        From when on it counts.
    seq
        Its place in the log or file; tells apart labels of one reporter and one time.
    kind
        The kind of fraud, where the reporter said it.
    """

    label: str
    reporter: str
    reported_us: int
    seq: int
    kind: str | None = None


class Standing(NamedTuple):
    """What holds of a payment at a moment.

    Attributes
    ----------
    label
        fraud, genuine, or None while nobody has said anything.
    reporter, kind, reported_us
        Of the label that holds.
    trust
        The kind of that reporter; "" for one that no rule names.
    first_us
        When anybody first reported anything.
    contradicted
        Reporters whose last words differ.
    revised
        A reporter has said something else before.
    reports
        How many labels there are.
    """

    label: str | None
    reporter: str = ""
    kind: str | None = None
    reported_us: int = 0
    trust: str = ""
    first_us: int = 0
    contradicted: bool = False
    revised: bool = False
    reports: int = 0


UNLABELLED = Standing(None)


def standing(
    reports: Iterable[LabelReport], trust: TrustOrder = DEFAULT_TRUST, as_of_us: int | None = None
) -> Standing:
    """Return what holds, given labels in any order.

    Parameters
    ----------
    as_of_us
        Labels that were reported later are left out; None: none is.

    Examples
    --------
    >>> bank = LabelReport("fraud", "issuer", 10, 1)
    >>> standing([bank, LabelReport("genuine", "customer", 99, 2)])[:2]
    ('fraud', 'issuer')
    >>> standing([bank, LabelReport("genuine", "issuer", 99, 2)], as_of_us=50).label
    'fraud'
    """
    known = {one for one in reports if as_of_us is None or one.reported_us <= as_of_us}
    if not known:
        return UNLABELLED
    best = max(known, key=lambda one: (trust.rank(one.reporter), *_newness(one)))
    last_words: dict[str, LabelReport] = {}
    said: dict[str, set[str]] = {}
    for one in known:
        said.setdefault(one.reporter, set()).add(one.label)
        last = last_words.get(one.reporter)
        if last is None or _newness(one) > _newness(last):
            last_words[one.reporter] = one
    return Standing(
        label=best.label,
        reporter=best.reporter,
        kind=best.kind,
        reported_us=best.reported_us,
        trust=trust.kind_of(best.reporter),
        first_us=min(one.reported_us for one in known),
        contradicted=len({one.label for one in last_words.values()}) > 1,
        revised=any(len(labels) > 1 for labels in said.values()),
        reports=len(known),
    )


class LabelHistory:
    """All labels of one payment; nothing is ever taken out, so that each moment of the past can be asked.

    Examples
    --------
    >>> history = LabelHistory([LabelReport("fraud", "customer", 10, 1)]).add(LabelReport("genuine", "case:a", 20, 2))
    >>> history.standing(as_of_us=15).label, history.standing().label, history.standing().contradicted
    ('fraud', 'genuine', True)
    """

    __slots__ = ("_reports",)

    def __init__(self, reports: Iterable[LabelReport] = ()) -> None:
        self._reports = frozenset(reports)

    def __iter__(self) -> Iterator[LabelReport]:
        return iter(sorted(self._reports, key=_newness))

    def __len__(self) -> int:
        return len(self._reports)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelHistory) and self._reports == other._reports

    def __hash__(self) -> int:
        return hash(self._reports)

    def add(self, report: LabelReport) -> LabelHistory:
        """Return the history with one more label; one that is there already changes nothing."""
        return LabelHistory(self._reports | {report})

    def merge(self, other: LabelHistory) -> LabelHistory:
        """Return what both histories know."""
        return LabelHistory(self._reports | other._reports)

    def standing(self, trust: TrustOrder = DEFAULT_TRUST, as_of_us: int | None = None) -> Standing:
        """Return what holds at a moment."""
        return standing(self._reports, trust, as_of_us)


class Basis(StrEnum):
    """Where an outcome comes from."""

    REPORTED = "reported"
    """Somebody said so of a payment that went through."""
    PRESUMED = "presumed"
    """It went through, and nobody complained for long enough."""
    LOOKED_AT = "looked_at"
    """Somebody said so of a payment that was stopped: the word of who looked, not what would have happened."""
    UNKNOWN = "unknown"
    """It was stopped and nobody said anything, or it is too young for silence to mean anything."""


class Act(msgspec.Struct, frozen=True):
    """What was done with a payment.

    Attributes
    ----------
    went_through
        Not stopped: allowed, challenged, decided in `observe` mode, or released to learn its outcome.
    control_share
        Of a payment that was released at random: with which probability; else None.
    """

    occurred_us: int
    went_through: bool
    control_share: float | None = None


class Outcome(NamedTuple):
    """What a payment counts as.

    Attributes
    ----------
    weight
        How many payments it stands for: 1, and for a released one also those that were stopped in its place.
    """

    label: str | None
    basis: Basis
    weight: float = 1.0
    contradicted: bool = False


def outcome(known: Standing, act: Act, as_of_us: int, rules: LabelRules | None = None) -> Outcome:
    """Return what a payment counts as at a moment.

    Whoever estimates over all payments uses what went through with its weights and leaves `LOOKED_AT` out: payments
    that were stopped and looked at are not a fair sample of those that were stopped.

    Parameters
    ----------
    known
        Its labels as of the same moment.

    Examples
    --------
    >>> through, stopped = Act(0, went_through=True), Act(0, went_through=False)
    >>> outcome(UNLABELLED, through, 61 * MICROS_PER_DAY)[:2]
    ('genuine', <Basis.PRESUMED: 'presumed'>)
    >>> outcome(UNLABELLED, stopped, 61 * MICROS_PER_DAY)[:2]
    (None, <Basis.UNKNOWN: 'unknown'>)
    >>> outcome(Standing("fraud"), Act(0, went_through=True, control_share=0.01), 0).weight
    100.0
    """
    rules = rules or LabelRules()
    weight = 1.0 / act.control_share if act.control_share else 1.0
    if known.label is not None:
        basis = Basis.REPORTED if act.went_through else Basis.LOOKED_AT
        return Outcome(known.label, basis, weight, known.contradicted)
    age_us = as_of_us - act.occurred_us
    if act.went_through and rules.mature_days is not None and age_us >= rules.mature_days * MICROS_PER_DAY:
        return Outcome(GENUINE, Basis.PRESUMED, weight)
    return Outcome(None, Basis.UNKNOWN, weight)


def report_of(entry: LogEntry) -> LabelReport | None:
    """Return the label that an entry of the log holds; None for other entries and where the body is gone."""
    if entry.kind != LABEL_KIND or not entry.body:
        return None
    try:
        event = decode_stored(entry.body)
    except InvalidEvent:
        return None
    if not isinstance(event, Label):
        return None
    return LabelReport(event.label, event.reporter, to_us(event.reported_at), entry.seq, event.kind)


def history_of(log: EventLog, owner: int, payment_id: str, *, before_seq: int | None = None) -> LabelHistory:
    """Return all labels that a log has of one payment.

    Parameters
    ----------
    before_seq
        Only those before a place in the log; None: all.
    """
    found = (
        report_of(entry)
        for entry in log.find_by_ref(owner, payment_id)
        if before_seq is None or entry.seq < before_seq
    )
    return LabelHistory(one for one in found if one is not None)


def _newness(report: LabelReport) -> tuple[int, int, str, str, str]:
    """Order by time, then by place; the rest only makes equal places of different sources come out one way."""
    return report.reported_us, report.seq, report.reporter, report.label, report.kind or ""
