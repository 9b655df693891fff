"""The statistics of windows: what each is over, the type of its value, and its words for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from satark.core.words import Words
from satark.features.spec import DAY_SECONDS, Statistic
from satark.language.types import NUMERIC, SCALAR, Type

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_SECONDS = 90 * DAY_SECONDS
_ONE_LOCATION = frozenset({Type.LOCATION})


class Over(StrEnum):
    """What stands in the brackets of a statistic."""

    FILTER = "filter"
    VALUE = "value"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class StatisticInfo:
    """One statistic.

    Attributes
    ----------
    over
        What it is over: entries that a filter lets through, a value of theirs, or the share of a condition.
    values
        The types that its value may have.
    result
        The type of the feature; None: the type of the value.
    default_seconds
        The window when none is written; None: it must be written.
    example
        One line as an author writes it.
    doc
        One sentence in English and Hindi.
    """

    over: Over
    values: frozenset[Type]
    result: Type | None
    default_seconds: int | None
    example: str
    doc: Words

    def type_of(self, value: Type | None) -> Type:
        """Return the type of the feature, given the type of its value.

        Examples
        --------
        >>> STATISTICS[Statistic.SUM].type_of(Type.INT).value, STATISTICS[Statistic.COUNT].type_of(None).value
        ('int', 'int')
        """
        return self.result or value or Type.NULL


_NONE: frozenset[Type] = frozenset()

STATISTICS: Mapping[Statistic, StatisticInfo] = MappingProxyType(
    {
        Statistic.COUNT: StatisticInfo(
            Over.FILTER,
            _NONE,
            Type.INT,
            None,
            'count(method == "card") by device over 10m',
            Words(en="how many", hi="कितने"),
        ),
        Statistic.SUM: StatisticInfo(
            Over.VALUE,
            NUMERIC,
            None,
            None,
            "sum(amount) by card over 1d",
            Words(en="the sum; 0 when there are none", hi="योग; कोई न हो तो 0"),
        ),
        Statistic.MEAN: StatisticInfo(
            Over.VALUE,
            NUMERIC,
            Type.FLOAT,
            None,
            "mean(amount) by customer over 30d",
            Words(en="the mean", hi="औसत"),
        ),
        Statistic.MIN: StatisticInfo(
            Over.VALUE,
            NUMERIC,
            None,
            None,
            "min(amount) by card over 1h",
            Words(en="the smallest", hi="सबसे छोटा"),
        ),
        Statistic.MAX: StatisticInfo(
            Over.VALUE,
            NUMERIC,
            None,
            None,
            "max(amount) by customer over 90d",
            Words(en="the largest", hi="सबसे बड़ा"),
        ),
        Statistic.STD: StatisticInfo(
            Over.VALUE,
            NUMERIC,
            Type.FLOAT,
            None,
            "std(amount) by customer over 30d",
            Words(en="the standard deviation of the population", hi="समष्टि का मानक विचलन"),
        ),
        Statistic.DISTINCT: StatisticInfo(
            Over.VALUE,
            SCALAR,
            Type.INT,
            None,
            "distinct(card) by device over 1h",
            Words(en="how many different ones", hi="कितने अलग-अलग"),
        ),
        Statistic.FIRST: StatisticInfo(
            Over.VALUE,
            SCALAR,
            None,
            _LONGEST_SECONDS,
            "first(ip_country) by card over 30d",
            Words(en="the earliest before this event", hi="इस घटना से पहले का पहला"),
        ),
        Statistic.LAST: StatisticInfo(
            Over.VALUE,
            SCALAR,
            None,
            _LONGEST_SECONDS,
            "last(device) by customer over 30d",
            Words(en="the latest before this event", hi="इस घटना से ठीक पहले का"),
        ),
        Statistic.SINCE_LAST: StatisticInfo(
            Over.FILTER,
            _NONE,
            Type.FLOAT,
            _LONGEST_SECONDS,
            "since_last() by card+merchant over 90d",
            Words(en="seconds since the latest before this event", hi="पिछली घटना से अब तक के सेकंड"),
        ),
        Statistic.SINCE_FIRST: StatisticInfo(
            Over.FILTER,
            _NONE,
            Type.FLOAT,
            _LONGEST_SECONDS,
            "since_first() by customer",
            Words(en="seconds since the earliest before this event", hi="पहली घटना से अब तक के सेकंड"),
        ),
        Statistic.RATE: StatisticInfo(
            Over.FILTER,
            _NONE,
            Type.FLOAT,
            None,
            "rate() by merchant over 1h",
            Words(en="how many per second of the window", hi="प्रति सेकंड कितने"),
        ),
        Statistic.SHARE_OF: StatisticInfo(
            Over.CONDITION,
            _NONE,
            Type.FLOAT,
            None,
            'share_of(outcome == "declined") by card over 1h',
            Words(en="the share for which the condition is true", hi="शर्त जिनके लिए सत्य है उनका अनुपात"),
        ),
        Statistic.SPEED: StatisticInfo(
            Over.VALUE,
            _ONE_LOCATION,
            Type.FLOAT,
            _LONGEST_SECONDS,
            "speed(location) by card",
            Words(
                en="km/h since the latest known location, less the accuracy radii",
                hi="पिछले ज्ञात स्थान से गति, किमी/घंटा, सटीकता घटाकर",
            ),
        ),
        Statistic.NEW: StatisticInfo(
            Over.VALUE,
            SCALAR,
            Type.BOOL,
            _LONGEST_SECONDS,
            "new(device) by customer",
            Words(en="true when the value was not there before", hi="सत्य जब यह मान पहले नहीं आया"),
        ),
    }
)
