"""What a window feature is, as data.

The one-line form of a policy (`satark.features.oneline`) is parsed into `FeatureSpec`; the plan
(`satark.features.plan`) lays the specs of one policy out for the kernel.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satark.language import Type, TypedExpr

MINUTE_SECONDS = 60
DAY_SECONDS = 86_400
MIN_WINDOW_SECONDS = MINUTE_SECONDS
MAX_WINDOW_SECONDS = 90 * DAY_SECONDS


class Statistic(StrEnum):
    """The statistics that a window can keep (DESIGN 5a says what each sees)."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    STD = "std"
    DISTINCT = "distinct"
    FIRST = "first"
    LAST = "last"
    SINCE_LAST = "since_last"
    SINCE_FIRST = "since_first"
    RATE = "rate"
    SHARE_OF = "share_of"
    SPEED = "speed"
    NEW = "new"


EXCLUDES_ITSELF = frozenset(
    {
        Statistic.FIRST,
        Statistic.LAST,
        Statistic.SINCE_LAST,
        Statistic.SINCE_FIRST,
        Statistic.SPEED,
        Statistic.NEW,
    }
)


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One feature of a policy.

    Attributes
    ----------
    name
        The name that rules use.
    source
        The one-line form as written.
    statistic
        What is computed.
    event_type
        The one event type whose entries the window holds.
    value
        The expression the statistic is over, or None (count, rate, since_*, share_of).
    where
        The filter; an entry counts only when it is true. For `share_of` this is the base.
    condition
        Only for `share_of`: the numerator's filter, applied on top of `where`.
    by
        One or two fact names whose values make the key.
    window_seconds, delay_seconds
        The window is (t - delay - window, t - delay].
    type
        The type of the feature's value; every feature may be null.
    """

    name: str
    source: str
    statistic: Statistic
    event_type: str
    value: TypedExpr | None
    where: TypedExpr | None
    condition: TypedExpr | None
    by: tuple[str, ...]
    window_seconds: int
    delay_seconds: int
    type: Type


def feature_signature(spec: FeatureSpec) -> str:
    """Return 16 hexadecimal digits that say what a feature computes, whatever it is called.

    A model stores them, so that a policy whose feature of the same name means something else is refused.

    Examples
    --------
    >>> from satark.events.facts import BASE_FACTS
    >>> from satark.features.oneline import parse_feature
    >>> from satark.language import Position
    >>> texts = ("count(amount>100) by card over 60m", "count(amount > 100) by card over 1h")
    >>> ten, same = (parse_feature("n", text, BASE_FACTS, Position("p.yaml"))[0] for text in texts)
    >>> feature_signature(ten) == feature_signature(same), len(feature_signature(ten))
    (True, 16)
    """
    texts = ("" if one is None else one.canonical for one in (spec.value, spec.where, spec.condition))
    parts = (
        str(spec.statistic),
        spec.event_type,
        *texts,
        "+".join(spec.by),
        str(spec.window_seconds),
        str(spec.delay_seconds),
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
