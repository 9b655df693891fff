"""The kind of cash-like goods that is worth most in an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.events.facts import FactType
from satark.events.signals import Signal
from satark.features.goods import judge_basket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.events import Line

KINDS = (
    "bullion",
    "jewellery",
    "gift_card",
    "game_credit",
    "recharge",
    "crypto",
    "phone",
    "gadget",
    "luxury",
)
"""The kinds of the bundled vocabulary."""


def cash_like_kind(lines: Sequence[Line] | None, mcc: str | None) -> str | None:
    """Return a kind of the vocabulary (`bullion`, `gift_card`, ...), or None when the order holds none.

    Examples
    --------
    >>> cash_like_kind((), "6540")
    'recharge'
    """
    basket = judge_basket(lines, mcc)
    return None if basket is None else basket.kind


SIGNAL = Signal(
    name="cash_like_kind",
    type=FactType.STR,
    inputs=("lines", "mcc"),
    compute=cash_like_kind,
    about="the kind of cash-like goods that is worth most in an order",
    choices=KINDS,
)
