"""The words for values that are written as codes, for people who read them in reasons and on pages.

A decision stores `gift_card`; its reason says "gift cards" or "गिफ़्ट कार्ड". A reason asks for words with the format
`words`; without it a value stands as it is, so that reasons of older policies stay what they were.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from satark.core.words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

VALUE_WORDS: Mapping[str, Mapping[str, Words]] = MappingProxyType(
    {
        "cash_like_kind": {
            "bullion": Words("gold or silver", "सोना-चाँदी"),
            "jewellery": Words("jewellery", "आभूषण"),
            "gift_card": Words("gift cards or vouchers", "गिफ़्ट कार्ड या वाउचर"),
            "game_credit": Words("game credit", "गेम क्रेडिट"),
            "recharge": Words("prepaid recharge", "प्रीपेड रिचार्ज"),
            "crypto": Words("crypto-assets", "क्रिप्टो संपत्ति"),
            "phone": Words("phones", "मोबाइल फ़ोन"),
            "gadget": Words("gadgets", "इलेक्ट्रॉनिक उपकरण"),
            "luxury": Words("luxury goods", "विलासिता की वस्तुएँ"),
        },
    }
)
"""Per fact its values. A fact is here only with all values that it can have."""
