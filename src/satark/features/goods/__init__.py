"""Goods that are as good as cash: fold the shop's words, match them against a versioned vocabulary."""

from __future__ import annotations

from satark.features.goods.basket import Basket, judge_basket
from satark.features.goods.matcher import bundled_vocabulary, kind_of_goods, match
from satark.features.goods.vocabulary import Kind, Vocabulary, load_vocabulary

__all__ = [
    "Basket",
    "Kind",
    "Vocabulary",
    "bundled_vocabulary",
    "judge_basket",
    "kind_of_goods",
    "load_vocabulary",
    "match",
]
