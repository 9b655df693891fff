from __future__ import annotations

from types import SimpleNamespace

import pytest

from satark.web.decision.words import Words

JUDGE = SimpleNamespace(policy=SimpleNamespace(base_currency="INR", features=()))


@pytest.mark.parametrize(
    ("lang", "value", "told"),
    [
        ("en", "gift_card", "gift cards or vouchers"),
        ("hi", "jewellery", "आभूषण"),
        ("hi", "of_a_later_version", "of_a_later_version"),
        ("hi", None, "अज्ञात"),
    ],
)
def test_kind_of_goods_is_in_words_when_it_has_any(lang, value, told):
    assert Words(JUDGE, lang).value("cash_like_kind", value) == told
