from __future__ import annotations

import pytest

from satark.features.goods import bundled_vocabulary, kind_of_goods, load_vocabulary, match
from satark.features.goods.folding import MAX_TEXT, MAX_TOKENS, fold, tokens, word_key

CASH_LIKE = {
    "bullion": [
        "Gold coin 10g",
        "24K सोने का सिक्का 5 ग्राम",
        "sone ka sikka",
        "SONAA SIKKAA",
        "chandi ka sikka",
        "चाँदी का बिस्किट",
        "MMTC-PAMP Lotus 10 gm",
        "goldcoin 24kt",
        "सोने की गिन्नी",
        "G0ld c0in",
        "Digital gold 1 gm",
        "સોનાનો સિક્કો",
        "Silver bar 1kg 999",
    ],
    "gift_card": [
        "gift card",
        "Amazon Pay e-gift voucher",
        "गिफ्ट कार्ड",
        "Myntra gift vouchr",
        "uphar card",
        "g i f t c a r d",
        "Gіft Cаrd",  # with Cyrillic letters
        "Google Play ₹500",
        "Croma e-voucher",
        "steam wallet code 1000",
    ],
    "recharge": ["Jio prepaid recharge 299", "जियो मोबाइल रिचार्ज"],
    "game_credit": ["BGMI 600 UC", "Free Fire diamonds"],
    "crypto": ["USDT", "bitcion"],
    "phone": ["Apple iPhone 17 Pro Max 1TB", "आईफोन 15", "iphnoe 16", "smartphone 5G 256 GB", "OnePlus 13"],
    "gadget": ["MacBook Air M3", "PlayStation 5"],
    "jewellery": ["22k gold chain"],
    "luxury": ["Rolex Submariner"],
}

ORDINARY = [
    "Back cover for iPhone 15",
    "iPhone charger",
    "Samsung 5G tempered glass",
    "gold plated earrings",
    "Parle Marie gold biscuit",
    "Tata Tea Gold 500g",
    "golden retriever soft toy",
    "gift wrapping paper",
    "greeting card birthday",
    "rechargeable fan battery",
    "silver digital watch",
    "barcode scanner",
    "2.1 channel soundbar",
    "wallet for men leather gift",
    "playing cards gold",
    "God of War PS5 game",
    "basmati rice 5kg",
    "लाल साड़ी",
]


@pytest.mark.parametrize(
    ("kind", "title"), [(kind, title) for kind, titles in CASH_LIKE.items() for title in titles]
)
def test_goods_are_of_a_kind_when_spelled_in_any_script_or_badly(kind, title):
    found = kind_of_goods(None, title)
    assert found is not None
    assert found.name == kind


@pytest.mark.parametrize("title", ORDINARY)
def test_goods_are_of_no_kind_when_ordinary(title):
    assert kind_of_goods(None, title) is None


def test_category_counts_when_the_title_says_nothing():
    assert kind_of_goods("gift cards", "Birthday special 500").name == "gift_card"


def test_category_does_not_rule_out_when_there_is_a_title():
    assert kind_of_goods("mobiles and covers", "Galaxy S24 Ultra").name == "phone"
    assert kind_of_goods("phone covers", None) is None


def test_vocabulary_has_words_in_both_languages_for_every_kind():
    for kind in bundled_vocabulary().kinds:
        assert kind.en
        assert kind.hi


def test_vocabulary_names_only_its_own_groups():
    vocabulary = bundled_vocabulary()
    groups = {group for found in vocabulary.words.values() for group in found}
    groups |= {group for entries in vocabulary.phrases.values() for _, group in entries}
    groups |= {"#weight", "#karat", "#money", "#storage"}
    for kind in vocabulary.kinds:
        assert kind.unless <= groups
        for line in kind.any_of:
            assert line <= groups
    assert set(vocabulary.merchant_categories.values()) <= {kind.name for kind in vocabulary.kinds}


def test_digest_changes_when_a_word_is_added():
    text = "version: 1\ngroups: {a: [x]}\nkinds: {k: {en: a, hi: a, any_of: [[a]]}}\n"
    assert load_vocabulary(text).digest != load_vocabulary(text.replace("[x]", "[x, y]")).digest


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "gift " * 50_000, "सोने" * 50_000, "\u200b" * 9_999, "ﷺ" * 5_000, "1 " * 50_000]
)
def test_work_is_bounded_when_a_title_is_hostile(text):
    assert len(fold(text)) <= 20 * MAX_TEXT
    assert len(tokens(fold(text))) <= MAX_TOKENS
    match(bundled_vocabulary(), text, text)


@pytest.mark.parametrize("text", ["", " ", "\x00", "½", "🎁", "।", "क्", "123"])
def test_nothing_breaks_when_a_title_holds_no_words(text):
    assert kind_of_goods(text, text) is None


def test_one_key_when_a_word_is_spelled_in_variants():
    assert len({word_key(word) for word in ("sikka", "sikkaa", "sikke", "sicca", "sikkas")}) == 1
