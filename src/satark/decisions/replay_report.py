"""What a replay tells at its end: counts, money, and how well the policy found what was fraud."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from satark.decisions.backtest.score_bins import ScoreBins, auc
from satark.decisions.backtest.sums import exact_sums
from satark.decisions.label_index import FRAUD, GENUINE, NAMES
from satark.policies.model import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

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


class Tally:
    """Adds up slices of one policy's answers.

    Parameters
    ----------
    rules
        The codes of the policy's rules.
    """

    def __init__(self, rules: Sequence[str]) -> None:
        self.rules = dict.fromkeys(rules, 0)
        self.payments = 0
        self.late = 0
        self.by_action: Counter[str] = Counter()
        self.worth: Counter[str] = Counter()
        self.degraded: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self._scores = ScoreBins()
        # By action and label, as of `satark.decisions.label_index`.
        self._labels = np.zeros((len(ACTIONS), len(NAMES)), dtype=np.int64)
        self._label_worth = np.zeros((len(ACTIONS), len(NAMES)), dtype=object)

    def add(self, decided: Decided, labels: NDArray[np.uint8]) -> None:
        """Count one slice; `labels` are the codes of its payments' labels."""
        self.late += decided.late
        self.kinds.update(dict(decided.kinds))
        height = decided.payments.height
        if not height:
            return
        self.payments += height
        answers = decided.answers[0]
        verdicts = answers.verdicts
        amounts = decided.amounts.fill_null(0).to_numpy()
        groups = verdicts.gravities.astype(np.int64) * len(NAMES) + labels
        shape = self._labels.shape
        self._labels += np.bincount(groups, minlength=self._labels.size).reshape(shape)
        self._label_worth += exact_sums(groups, amounts, self._labels.size).reshape(shape)
        self._scores.add(verdicts.scores, labels, amounts)
        for code, fired in zip(self.rules, verdicts.counting.sum(axis=0).tolist(), strict=True):
            self.rules[code] += fired
        for code, where in answers.degraded.items():
            count = height if where is None else int(where.sum())
            if count:
                self.degraded[code] += count
        self.by_action = Counter(dict(zip(ACTIONS, self._labels.sum(axis=1).tolist(), strict=True)))
        self.worth = Counter(dict(zip(ACTIONS, self._label_worth.sum(axis=1).tolist(), strict=True)))

    def quality(self) -> Quality | None:
        """Return how decisions and labels agree."""
        genuine, frauds = (int(self._labels[:, code].sum()) for code in (GENUINE, FRAUD))
        labelled = genuine + frauds
        if not labelled:
            return None
        hit = int(self._labels[1:, FRAUD].sum())
        flagged = hit + int(self._labels[1:, GENUINE].sum())
        stopping = [place for place, action in enumerate(ACTIONS) if action in STOPPING]
        return Quality(
            labelled=labelled,
            frauds=frauds,
            base_rate=frauds / labelled,
            flagged=flagged,
            precision=hit / flagged if flagged else None,
            recall=hit / frauds if frauds else None,
            auc_score=self._scores.auc(),
            auc_action=auc(np.array([genuine - flagged + hit, flagged - hit]), np.array([frauds - hit, hit])),
            fraud_minor=int(self._label_worth[:, FRAUD].sum()),
            fraud_stopped_minor=int(self._label_worth[stopping, FRAUD].sum()),
        )


def shown(refusals: list[Refusal]) -> list[dict[str, Any]]:
    """Return the first refusals as plain values."""
    return [asdict(one) for one in refusals[:MAX_REFUSALS_SHOWN]]
