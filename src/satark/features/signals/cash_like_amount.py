"""The amount of an order that goes into goods as good as cash, in minor units of the base currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.events.facts import FactType
from satark.events.signals import Signal
from satark.features.goods import judge_basket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.events import Line


def cash_like_amount(lines: Sequence[Line] | None, mcc: str | None, amount: int | None) -> int | None:
    """Return the cash-like share of the amount, so that discounts and currencies need no thought.

    Examples
    --------
    >>> cash_like_amount((), "5944", 12_345)
    12345
    """
    if amount is None:
        return None
    basket = judge_basket(lines, mcc)
    return None if basket is None else round(amount * basket.share)


SIGNAL = Signal(
    name="cash_like_amount",
    type=FactType.INT,
    inputs=("lines", "mcc", "amount"),
    compute=cash_like_amount,
    about="the amount of an order that goes into goods as good as cash, in minor units of the base currency",
)
