"""The small figures of which a result is made; `satark.decisions.backtest.result` says what its words mean."""

from __future__ import annotations

import msgspec


class Share(msgspec.Struct, frozen=True):
    """A share of a whole, with its 95 % interval (Wilson).

    Attributes
    ----------
    part, whole
        Payments; with a control group they are weighted, so they need not be whole numbers.
    value, low, high
        None when `whole` is 0.
    """

    part: float
    whole: float
    value: float | None
    low: float | None
    high: float | None


class Costs(msgspec.Struct, frozen=True):
    """What the cost-optimal point weighs, in minor units.

    Attributes
    ----------
    review_minor
        Work of an analyst on one alert.
    friction_minor
        What it costs to trouble one genuine payment (calls, lost custom).
    loss_share
        The share of a missed fraud's amount that is lost in the end.
    alerts_per_day
        The greatest number of alerts a day that the desk can work on; None without such a bound.
    """

    review_minor: int
    friction_minor: int
    loss_share: float = 1.0
    alerts_per_day: float | None = None


class Note(msgspec.Struct, frozen=True):
    """Something that a reader must know to judge the figures; `code` is stable, the words come with the report."""

    code: str
    numbers: dict[str, float | int | str] = {}


class Source(msgspec.Struct, frozen=True):
    """What was decided again.

    Attributes
    ----------
    kind
        "file" or "log".
    name
        Of the file; of the log its first and last place, such as ``1 to 40213``.
    from_us, to_us
        The event times of the payments that count: the bounds that were asked for, otherwise the first and last.
    rows, refused, repeated
        Of files.
    events
        How many of each type went through the windows, those before `from_us` included.
    late, parked
        Events too late for the windows; results and labels whose payment never came.
    """

    kind: str
    name: str
    from_us: int
    to_us: int
    rows: int
    refused: int
    repeated: int
    events: dict[str, int]
    late: int
    parked: int


class Labels(msgspec.Struct, frozen=True):
    """What is known of the truth.

    Attributes
    ----------
    labelled, fraud, genuine
        Payments with a label.
    payments
        All payments that count.
    base_rate
        The share of frauds among the labelled.
    stopped_then
        Payments that the answer of their time held or blocked; their outcome was never seen (a log alone).
    stopped_labelled
        Those of them that have a label all the same.
    control
        Payments that were released at random by the control group.
    weighted
        Whether figures are weighted, each control payment standing for as many as its share says.
    disputed
        Payments whose reporters contradict each other; the most trusted one counts, with its newest word.
    presumed
        Payments without a label that went through so long ago that they are taken as genuine; among `genuine`.
    """

    labelled: int
    fraud: int
    genuine: int
    payments: int
    base_rate: Share
    stopped_then: int = 0
    stopped_labelled: int = 0
    control: int = 0
    weighted: bool = False
    disputed: int = 0
    presumed: int = 0


class ActionTotal(msgspec.Struct, frozen=True):
    """The payments that got one action; `fraud` and `genuine` are those with such a label."""

    payments: int
    amount_minor: int
    fraud: int
    fraud_minor: int
    genuine: int
    genuine_minor: int


class QueueLoad(msgspec.Struct, frozen=True):
    """Alerts per hour over all hours of the time that counts, quiet ones included.

    Attributes
    ----------
    alerts
        All of them.
    mean, p95, most
        Per hour.
    per_day
        Alerts per day, mean.
    by_hour
        24 means, one per hour of the day in IST.
    by_hour_p95
        24 values: what one day in twenty passes at that hour.
    days
        (start of the IST day in microseconds, alerts), one per day, at most 400.
    queues
        Alerts per queue.
    """

    alerts: int
    mean: float
    p95: float
    most: int
    per_day: float
    by_hour: list[float]
    by_hour_p95: list[float]
    days: list[tuple[int, int]]
    queues: dict[str, int]


class RuleResult(msgspec.Struct, frozen=True):
    """One rule.

    Attributes
    ----------
    fired
        Payments on which it counted (exempted ones do not).
    fraud, genuine
        Those with such a label.
    precision
        Frauds among the labelled that it fired on.
    recall
        The frauds that it fired on, among all.
    fraud_minor
        Their worth.
    alone
        Payments on which no other rule fired.
    marginal_flagged, marginal_stopped
        Payments that without it would not be flagged, or not be stopped: what it adds to the others. Less than 0 for a
        rule that exempts others.
    marginal_fraud, marginal_genuine
        Frauds and genuine payments among those that would not be flagged without it.
    marginal_fraud_minor
        The worth of those frauds.
    marginal_alerts
        Alerts that there would not be without it.
    dead
        It never fired.
    redundant
        It fired, and without it every action would have been the same.
    """

    code: str
    action: str
    score: float
    fired: int
    fraud: int
    genuine: int
    precision: Share
    recall: Share
    fraud_minor: int
    alone: int
    marginal_flagged: int
    marginal_stopped: int
    marginal_fraud: int
    marginal_genuine: int
    marginal_fraud_minor: int
    marginal_alerts: int
    dead: bool
    redundant: bool


class Overlap(msgspec.Struct, frozen=True):
    """Two rules that fire together; `share` is of the one that fired less often."""

    first: str
    second: str
    both: int
    share: float


class CurvePoint(msgspec.Struct, frozen=True):
    """What flagging every payment with at least this score would mean.

    Attributes
    ----------
    threshold
        The least score that is flagged; the first point is above every score, so it flags nothing.
    flagged, fraud, genuine
        Payments; all with that score, and those with a label.
    per_day
        `flagged` per day.
    fraud_minor
        The worth of the frauds found.
    precision, recall
        None where nothing is flagged, or there is no fraud.
    cost_minor
        By `Costs`: all that is flagged to be worked on, genuine payments troubled, and frauds missed.
    """

    threshold: float
    flagged: int
    fraud: int
    genuine: int
    per_day: float
    fraud_minor: int
    precision: float | None
    recall: float | None
    cost_minor: int


class Curve(msgspec.Struct, frozen=True):
    """The threshold curve of one score.

    Attributes
    ----------
    of
        "score" (of the decision) or "model" (of the model alone).
    points
        By falling threshold, at most some hundreds.
    cost_optimal, budget_optimal
        Places in `points`: the least cost; the most fraud (by worth) within the budget of alerts. None without labels
        or without a budget.
    auc
        The chance that a fraud has a higher score than a genuine payment; None without both.
    average_precision
        Of the ranking by this score; None without frauds.
    """

    of: str
    points: list[CurvePoint]
    cost_optimal: int | None
    budget_optimal: int | None
    auc: float | None
    average_precision: float | None
