"""How much of an order is as good as cash: gold coins, gift cards, premium phones and their like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.events.facts import FactType
from satark.events.signals import Signal
from satark.features.goods import judge_basket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.events import Line


def cash_like_share(lines: Sequence[Line] | None, mcc: str | None) -> float | None:
    """Return the share (0 to 1) of the order's worth, or None when neither lines nor category are known.

    Examples
    --------
    >>> cash_like_share((), "5944")
    1.0
    """
    basket = judge_basket(lines, mcc)
    return None if basket is None else basket.share


SIGNAL = Signal(
    name="cash_like_share",
    type=FactType.FLOAT,
    inputs=("lines", "mcc"),
    compute=cash_like_share,
    about="how much of an order is as good as cash: gold coins, gift cards, premium phones and their like",
)
