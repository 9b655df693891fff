"""What a replay tells at its end: counts, money, and how well the policy found what was fraud."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from satark.policies.model import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.decisions.replay_run import Decided
    from satark.events.frame_check import Refusal

STOPPING = ("hold", "block")
MAX_REFUSALS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Quality:
    """How decisions and labels agree, over the payments that have a label.

    Attributes
    ----------
    labelled, frauds
        How many.
    base_rate
        The share of frauds.
    flagged
        How many got another action than allow.
    precision, recall
        Of the flagged: the share that was fraud; of the frauds: the share that was flagged. None without any.
    auc_score, auc_action
        The chance that a fraud ranks above a genuine payment (ties count half), by score and by flagged or not.
    fraud_minor, fraud_stopped_minor
        The worth of all frauds, and of those held or blocked.
    """

    labelled: int
    frauds: int
    base_rate: float
    flagged: int
    precision: float | None
    recall: float | None
    auc_score: float | None
    auc_action: float | None
    fraud_minor: int
    fraud_stopped_minor: int


@dataclass(frozen=True, slots=True)
class ReplaySummary:
    """What a replay did.

    Attributes
    ----------
    rows
        Rows of the file, refused and repeated ones included.
    refused, refusals
        How many rows were refused, and the first of them: row, field, expected, found.
    repeated
        Rows that say the same again under the same id; they count once.
    events
        How many of each type went through the windows.
    actions, rules
        How many payments got each action, and on how many each rule fired.
    amount_minor, stopped_minor, challenged_minor
        The worth of all payments, of those held or blocked, and of those challenged, in minor units of `currency`.
    late, parked
        Events too late for the windows; results and labels whose payment never came.
    degraded
        How many decisions each code degraded.
    quality
        None when no payment has a label.
    """

    rows: int
    refused: int
    refusals: list[dict[str, Any]]
    repeated: int
    events: dict[str, int]
    payments: int
    actions: dict[str, int]
    rules: dict[str, int]
    currency: str
    amount_minor: int
    stopped_minor: int
    challenged_minor: int
    late: int
    parked: int
    degraded: dict[str, int]
    quality: Quality | None
    policy: dict[str, Any]
    features_version: str
    windows: dict[str, int]
    seconds: float
    events_per_second: float

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `--json`."""
        return asdict(self)


@dataclass(slots=True)
class Tally:
    """Adds up slices."""

    observe: bool
    payments: int = 0
    late: int = 0
    amount_minor: int = 0
    by_action: Counter[str] = field(default_factory=Counter)
    worth: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    degraded: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    labels: Counter[tuple[str, float, str]] = field(default_factory=Counter)
    label_worth: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, decided: Decided, verdicts: pl.DataFrame) -> None:
        """Count one slice; `verdicts` are the labels of payments by id."""
        self.late += decided.late
        self.kinds.update(dict(decided.kinds))
        frame = decided.decisions
        if not frame.height:
            return
        self.payments += frame.height
        taken = "would" if self.observe else "action"
        both = frame.select("id", "score", "rules", "degraded", pl.col(taken).alias("action")).with_columns(
            decided.amounts.fill_null(0).alias("amount")
        )
        self._count("by_action", both["action"])
        self._count("rules", both["rules"].explode(empty_as_null=False))
        self._count("degraded", both["degraded"].explode(empty_as_null=False))
        for action, worth in both.group_by("action").agg(pl.col("amount").cast(pl.Int128).sum()).iter_rows():
            self.worth[action] += int(worth)
        if not verdicts.height:
            return
        known = both.join(verdicts, on="id", how="inner")
        for action, score, label, count in known.group_by("action", "score", "label").len().iter_rows():
            self.labels[action, score, label] += count
        sums = known.group_by("action", "label").agg(pl.col("amount").cast(pl.Int128).sum())
        for action, label, worth in sums.iter_rows():
            self.label_worth[action, label] += int(worth)

    def _count(self, name: str, values: pl.Series) -> None:
        counter: Counter[str] = getattr(self, name)
        for value, count in values.drop_nulls().alias("value").value_counts(name="n").iter_rows():
            counter[value] += count

    def quality(self) -> Quality | None:
        """Return how decisions and labels agree."""
        labelled = sum(self.labels.values())
        if not labelled:
            return None
        frauds = sum(n for (_, _, label), n in self.labels.items() if label == "fraud")
        flagged = sum(n for (action, _, _), n in self.labels.items() if action != ACTIONS[0])
        hit = sum(
            n for (action, _, label), n in self.labels.items() if action != ACTIONS[0] and label == "fraud"
        )
        by_score: dict[float, list[int]] = {}
        by_flag: dict[float, list[int]] = {}
        for (action, score, label), n in self.labels.items():
            by_score.setdefault(score, [0, 0])[label == "fraud"] += n
            by_flag.setdefault(float(action != ACTIONS[0]), [0, 0])[label == "fraud"] += n
        return Quality(
            labelled=labelled,
            frauds=frauds,
            base_rate=frauds / labelled,
            flagged=flagged,
            precision=hit / flagged if flagged else None,
            recall=hit / frauds if frauds else None,
            auc_score=auc(by_score),
            auc_action=auc(by_flag),
            fraud_minor=sum(w for (_, label), w in self.label_worth.items() if label == "fraud"),
            fraud_stopped_minor=sum(
                w
                for (action, label), w in self.label_worth.items()
                if label == "fraud" and action in STOPPING
            ),
        )


def auc(counts: Mapping[float, list[int]]) -> float | None:
    """Return the area under the ROC curve from (genuine, fraud) counts per score; None when either is absent.

    Examples
    --------
    >>> auc({0.0: [3, 0], 1.0: [0, 2]}), auc({0.5: [3, 2]}), auc({0.5: [3, 0]})
    (1.0, 0.5, None)
    """
    genuine = sum(n for n, _ in counts.values())
    frauds = sum(n for _, n in counts.values())
    if not genuine or not frauds:
        return None
    below, twice = 0, 0
    for _, (here, found) in sorted(counts.items()):
        twice += found * (2 * below + here)
        below += here
    return twice / (2 * genuine * frauds)


def shown(refusals: list[Refusal]) -> list[dict[str, Any]]:
    """Return the first refusals as plain values."""
    return [asdict(one) for one in refusals[:MAX_REFUSALS_SHOWN]]
