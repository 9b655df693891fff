"""How much of an order is as good as cash.

A basket is judged line by line; what a line is worth decides how much it weighs. Prices are per piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.features.goods.matcher import bundled_vocabulary, kind_of_goods

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.events import Line
    from satark.features.goods.vocabulary import Kind

MAX_LINES = 20
"""Only the dearest lines are read, so that an order of a hundred strange titles cannot buy time."""


@dataclass(frozen=True, slots=True)
class Basket:
    """How much of a basket's worth is cash-like (0 to 1), and the kind that is worth most."""

    share: float
    kind: str | None


_ORDINARY = Basket(0.0, None)

# Three signals ask about the same order one after the other; the slot holds the order, so its identity is safe.
_last: tuple[object, Basket] = (None, _ORDINARY)


def judge_basket(lines: Sequence[Line] | None, mcc: str | None) -> Basket | None:
    """Judge the order lines, or without any the merchant's category; None when neither is known.

    Parameters
    ----------
    lines
        The order's lines. When any has no price, all weigh by their quantity.
    mcc
        The merchant category code (ISO 18245).

    Examples
    --------
    >>> judge_basket((), "5944")
    Basket(share=1.0, kind='jewellery')
    >>> judge_basket((), None) is None
    True
    """
    global _last  # noqa: PLW0603 - one slot, replaced whole, so threads see one order or another
    if not lines:
        if mcc is None:
            return None
        kind_of_shop = bundled_vocabulary().merchant_categories.get(mcc)
        return Basket(1.0 if kind_of_shop else 0.0, kind_of_shop)
    judged, basket = _last
    if judged is not lines:
        basket = _judge(lines)
        _last = (lines, basket)
    return basket


def _judge(lines: Sequence[Line]) -> Basket:
    # Most orders hold nothing of the kind; then no weight matters.
    if len(lines) <= MAX_LINES and not any(line_kind(line) for line in lines):
        return _ORDINARY
    priced = all(line.price_minor is not None for line in lines)
    weighed = [(line, line.quantity * (line.price_minor or 0) if priced else line.quantity) for line in lines]
    if len(weighed) > MAX_LINES:
        weighed.sort(key=lambda pair: -pair[1])
    total = sum(weight for _, weight in weighed)
    by_kind: dict[str, int] = {}
    for line, weight in weighed[:MAX_LINES]:
        kind = line_kind(line)
        if kind is not None:
            by_kind[kind.name] = by_kind.get(kind.name, 0) + weight
    if not by_kind:
        return _ORDINARY
    greatest = max(by_kind, key=lambda name: (by_kind[name], name))
    return Basket(sum(by_kind.values()) / total if total else 1.0, greatest)


def line_kind(line: Line) -> Kind | None:
    """Return the kind of one line, or None when it is ordinary or too cheap for its kind."""
    kind = kind_of_goods(line.category, line.title or line.sku)
    if kind is not None and line.price_minor is not None and line.price_minor < kind.min_price_minor:
        return None
    return kind
