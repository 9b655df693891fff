"""The goods of all trades as one table, with prices per shop level, so that baskets can be drawn in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from satark.payments.simulation.trades import TRADES

if TYPE_CHECKING:
    from satark.payments.simulation.population import Floats, Ints

LEVELS = 8
"""A product has this many prices, from cheap shops to dear ones."""


@dataclass(frozen=True, slots=True)
class Product:
    """One product: its category, stock keeping unit, title and typical price in rupees."""

    category: str
    sku: str
    title: str
    rupees: int


def _collect() -> tuple[tuple[Product, ...], dict[int, Ints]]:
    products: list[Product] = []
    known: dict[str, int] = {}
    by_trade: dict[int, Ints] = {}
    for place, trade in enumerate(TRADES):
        rows = []
        for category, title, rupees in trade.goods:
            if title not in known:
                known[title] = len(products)
                products.append(Product(category, f"SKU{len(products):04d}", title, rupees))
            rows.append(known[title])
        if rows:
            by_trade[place] = np.array(rows, dtype=np.int64)
    return tuple(products), by_trade


PRODUCTS, PRODUCTS_BY_TRADE = _collect()
"""All products, and per trade (its place in `TRADES`) the products that it sells."""

METAL = np.array([product.category in {"gold", "silver"} for product in PRODUCTS])
FACE_VALUE = np.array([product.category == "gift_card" for product in PRODUCTS])


def _prices() -> Ints:
    base = np.array([product.rupees for product in PRODUCTS], dtype=np.float64)[:, None]
    factors = 0.86 + 0.04 * np.arange(LEVELS)[None, :]
    rupees = np.where(FACE_VALUE[:, None], base, base * factors)
    shown = np.where(FACE_VALUE[:, None] | (rupees < 100), np.floor(rupees), np.floor(rupees / 10) * 10 + 9)
    return (shown * 100).astype(np.int64)


PRICES_MINOR = _prices()
"""Shape (products, LEVELS): paise, ending in 9 as shops like it; gift cards cost their face value."""


def choose_products(rng: np.random.Generator, trade: int, size: int, gold: float) -> Ints:
    """Draw `size` products of a trade; cheap ones sell more, gold and silver by the day's factor `gold`."""
    rows = PRODUCTS_BY_TRADE[trade]
    weights: Floats = PRICES_MINOR[rows, LEVELS // 2].astype(np.float64) ** -0.6
    weights = weights * np.where(METAL[rows], gold, 1.0)
    cumulative = np.cumsum(weights / weights.sum())
    places = np.minimum(np.searchsorted(cumulative, rng.random(size), side="right"), len(rows) - 1)
    return np.asarray(rows[places], dtype=np.int64)
