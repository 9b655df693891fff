"""What a backtest says, as plain data: for a terminal, a report, a console page and JSON alike.

All amounts are minor units of `BacktestResult.currency`; all times are microseconds since the epoch. A payment is
`flagged` when its action is anything but allow, `stopped` when it is held or blocked, and an `alert` when the policy's
cases would have sent it to a queue. Labels decide what was fraud; payments without one count for none of both.
"""

from __future__ import annotations

import msgspec

from satark.decisions.backtest.figures import (
    ActionTotal,
    Costs,
    Curve,
    CurvePoint,
    Labels,
    Note,
    Overlap,
    QueueLoad,
    RuleResult,
    Share,
    Source,
)

FORMAT = 1


class PolicyResult(msgspec.Struct, frozen=True):
    """What one policy does.

    Attributes
    ----------
    model, model_hash
        The name and hash of its model; empty without one.
    killed
        Rules that were switched off.
    actions
        The four actions, mildest first.
    stopped_minor, challenged_minor
        The worth of what is held or blocked, and of what is challenged.
    fraud_stopped_minor, fraud_challenged_minor, fraud_missed_minor
        The worth of frauds that are held or blocked, challenged, or allowed.
    genuine_troubled, customers_troubled
        Genuine payments that are flagged, and the different customers behind them.
    precision, recall
        Of flagged payments.
    stop_precision, stop_recall
        Of held and blocked ones.
    recall_by_worth
        The worth of flagged frauds by the worth of all.
    degraded
        Decisions per code.
    cost_minor
        By `Costs`, of the actions as they are.
    """

    name: str
    version: int
    hash: str
    mode: str
    model: str
    model_hash: str
    killed: list[str]
    actions: dict[str, ActionTotal]
    stopped_minor: int
    challenged_minor: int
    fraud_stopped_minor: int
    fraud_challenged_minor: int
    fraud_missed_minor: int
    genuine_troubled: int
    customers_troubled: int
    precision: Share
    recall: Share
    stop_precision: Share
    stop_recall: Share
    recall_by_worth: float | None
    queue: QueueLoad
    rules: list[RuleResult]
    overlaps: list[Overlap]
    curves: list[Curve]
    degraded: dict[str, int]
    cost_minor: int


class Cell(msgspec.Struct, frozen=True):
    """Payments that got one action from `against` and another from the candidate."""

    before: str
    after: str
    payments: int
    amount_minor: int
    fraud: int
    fraud_minor: int
    genuine: int


class Changed(msgspec.Struct, frozen=True):
    """One payment that the two policies answer differently.

    Attributes
    ----------
    seq
        Its place in the log; 0 when it comes from a file.
    label
        Empty when it has none.
    """

    id: str
    seq: int
    occurred_us: int
    amount_minor: int | None
    label: str
    before: str
    after: str
    score_before: float
    score_after: float
    rules_before: list[str]
    rules_after: list[str]


class Difference(msgspec.Struct, frozen=True):
    """The candidate less the policy it is compared with: a positive number means that there is more of it.

    Attributes
    ----------
    changed
        Payments with another action.
    matrix
        Only the cells that are not empty.
    fraud_stopped_minor, fraud_flagged_minor
        More rupees of fraud held or blocked; flagged in any way.
    fraud_stopped, fraud_flagged
        The same in payments.
    genuine_troubled, customers_troubled
        More genuine payments flagged, and customers behind them.
    newly_troubled, no_longer_troubled
        Customers with a flagged genuine payment under the candidate alone, and under the other alone.
    alerts_per_day, cost_minor
        More of each.
    examples
        The most telling changes: by label (frauds, then genuine payments, then unlabelled ones), then by amount; at
        most 200.
    """

    changed: int
    matrix: list[Cell]
    stopped_minor: int
    fraud_stopped_minor: int
    fraud_flagged_minor: int
    fraud_stopped: int
    fraud_flagged: int
    genuine_troubled: int
    customers_troubled: int
    newly_troubled: int
    no_longer_troubled: int
    alerts_per_day: float
    cost_minor: int
    examples: list[Changed]


class BacktestResult(msgspec.Struct, frozen=True):
    """The whole answer of `satark backtest`.

    Attributes
    ----------
    format
        Of this object; grows when a field changes its meaning.
    candidate
        The policy that is tried.
    against
        The one it is compared with, on the same events; None without.
    difference
        None without `against`.
    notes
        What limits these figures.
    seconds
        How long it took.
    """

    format: int
    source: Source
    currency: str
    payments: int
    amount_minor: int
    days: float
    labels: Labels
    costs: Costs
    candidate: PolicyResult
    against: PolicyResult | None
    difference: Difference | None
    notes: list[Note]
    seconds: float


def encode_result(result: BacktestResult) -> bytes:
    """Return a result as JSON."""
    return msgspec.json.encode(result)


def decode_result(data: bytes | str) -> BacktestResult:
    """Read a result from JSON.

    Raises
    ------
    msgspec.MsgspecError
        It is none.
    """
    return msgspec.json.decode(data, type=BacktestResult)


__all__ = [
    "FORMAT",
    "ActionTotal",
    "BacktestResult",
    "Cell",
    "Changed",
    "Costs",
    "Curve",
    "CurvePoint",
    "Difference",
    "Labels",
    "Note",
    "Overlap",
    "PolicyResult",
    "QueueLoad",
    "RuleResult",
    "Share",
    "Source",
    "decode_result",
    "encode_result",
]
