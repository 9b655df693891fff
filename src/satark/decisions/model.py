"""What the engine answers: a decision with its reasons, versions and what was degraded."""

from enum import StrEnum
from typing import Any

import msgspec


class Action(StrEnum):
    """What to do about an act, from mildest to gravest; several are merged by the gravest."""

    ALLOW = "allow"
    CHALLENGE = "challenge"
    HOLD = "hold"
    BLOCK = "block"

    @property
    def gravity(self) -> int:
        """0 for allow to 3 for block."""
        return _GRAVITY[self.value]


_GRAVITY = {"allow": 0, "challenge": 1, "hold": 2, "block": 3}


class Reason(msgspec.Struct, frozen=True):
    """Why: the rule's code, its words in both languages and the numbers behind them."""

    code: str
    en: str
    hi: str
    numbers: dict[str, Any] = {}


class PolicyVersion(msgspec.Struct, frozen=True):
    """Which policy answered; `hash` is over its content, so equal hashes mean equal policies."""

    name: str
    version: int
    hash: str


class ModelScore(msgspec.Struct, frozen=True):
    """What the model of the policy said; `score` is None when it could not be asked, and then it is in `degraded`."""

    name: str
    hash: str
    score: float | None


class Decision(msgspec.Struct, frozen=True):
    """The stored and returned answer to one event.

    Attributes
    ----------
    id
        The event's id; unique per owner of the API key.
    score
        0 to 1.
    action
        What to do. In `observe` mode it is always allow and `would` holds what was decided.
    latency_us
        Microseconds per step (decode, waiting, facts, windows, rules, total), without the commit.
    seq
        The place in the log.
    would
        What was decided, where the answer is allow all the same: in `observe` mode, or released.
    model
        What the policy's model said; None when the policy has none.
    released
        Let through by lot, so that its outcome becomes known (the control group).
    part
        Which part the answering policy has: live or canary.
    """

    id: str
    action: str
    score: float
    reasons: list[Reason]
    policy: PolicyVersion
    engine: str
    features_version: str
    degraded: list[str]
    late: bool
    mode: str
    occurred_at: str
    decided_at: str
    latency_us: dict[str, int]
    seq: int
    would: str | None = None
    model: ModelScore | None = None
    released: bool = False
    part: str = "live"
