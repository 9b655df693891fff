"""Hypothesis strategies for events: `from tests.strategies.events import payments`.

`*_objects()` draw the JSON object that a caller would send; `payments()` and the others draw the event after
the door (decoded, sealed), so that it is exactly what the engine sees. Ids come from small pools where events
should meet the same entities.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
from hypothesis import strategies as st

from satark.events import CardKey, CardTokens, canonical_body, decode_event, decode_stored, seal_card

TOKENS = CardTokens((CardKey("k1", b"a key for tests alone, 32 bytes!!"),))
START = datetime(2026, 1, 1, tzinfo=UTC)
CARD_NUMBERS = (
    "4111111111111111",
    "5555555555554444",
    "378282246310005",
    "6521500000000006",
    "30569309025904",
    "3530111333300000",
    "2223003122003222",
    "4000 0566 5566 5556",
    "6011-1111-1111-1117",
)
PINS = ("560001", "110001", "400050", "700016", "302001", "781001")
WORDS = ("gold coin", "सोने का सिक्का", "gift card", "5G phone", "सब्ज़ी", "saree", "recharge 999", "किताब")
CITIES = ("Bengaluru", "Delhi", "मुंबई", "Kolkata", "Jaipur", "Guwahati")
COUNTRIES = ("IN", "US", "AE", "GB", "NG")


def _optional(required: dict[str, st.SearchStrategy], optional: dict[str, st.SearchStrategy]):
    return st.fixed_dictionaries(required, optional=optional)


def pool(prefix: str, size: int = 5) -> st.SearchStrategy[str]:
    """Ids such as card-0 to card-4, few enough that events share them."""
    return st.integers(0, size - 1).map(lambda number: f"{prefix}-{number}")


def times(days: int = 100) -> st.SearchStrategy[str]:
    """RFC 3339 texts within some days from START, in several offsets, to the microsecond."""
    offsets = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
    moments = st.integers(0, days * 86_400 * 1_000_000).map(lambda us: START + timedelta(microseconds=us))
    return st.tuples(moments, offsets).map(lambda pair: pair[0].astimezone(pair[1]).isoformat())


def customers() -> st.SearchStrategy[dict]:
    return _optional(
        {"id": pool("cust")},
        {
            "added_at": times(),
            "phone": st.sampled_from(["+919876543210", "98765 43210", "+44 20 7946 0958", "022-2345-6789"]),
            "email": st.sampled_from(["Asha.K@Example.in", "sunil+shop@example.in", "x@मेल.example"]),
        },
    )


def cards() -> st.SearchStrategy[dict]:
    shared = {
        "issuer_country": st.sampled_from(COUNTRIES),
        "three_ds": st.sampled_from(["authenticated", "attempted", "failed", "not_enrolled", "unavailable"]),
    }
    by_token = _optional(
        {"token": pool("card")},
        {**shared, "bin": st.sampled_from(["411111", "41111111", "652150"]), "last4": st.just("1111")},
    )
    return by_token | _optional({"number": st.sampled_from(CARD_NUMBERS)}, shared)


def addresses() -> st.SearchStrategy[dict]:
    return _optional(
        {},
        {
            "line": st.sampled_from(
                ["14, M.G. Road", "14 MG ROAD", "फ्लैट 4-बी, ब्रिगेड रोड", "House 22\nSector 9", ""]
            ),
            "city": st.sampled_from(CITIES),
            "pin": st.sampled_from([*PINS, "560 001", "SW1A 1AA"]),
            "country": st.sampled_from(COUNTRIES),
        },
    )


def lines() -> st.SearchStrategy[dict]:
    return _optional(
        {},
        {
            "category": st.sampled_from(WORDS),
            "sku": st.sampled_from(["GC-24K-10", "8901030865278", "4006381333931", "sku/7"]),
            "title": st.sampled_from(WORDS),
            "quantity": st.integers(1, 20),
            "price_minor": st.integers(0, 10**8),
        },
    )


def devices() -> st.SearchStrategy[dict]:
    agent = "Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/120.0.6099.210"
    return _optional(
        {}, {"id": pool("dev"), "fingerprint": pool("fp"), "user_agent": st.sampled_from([agent, "okhttp/4"])}
    )


def locations() -> st.SearchStrategy[dict]:
    return _optional(
        {"lat": st.floats(-90, 90, allow_nan=False), "lon": st.floats(-180, 180, allow_nan=False)},
        {"accuracy_m": st.floats(0, 5_000, allow_nan=False)},
    )


def _payees() -> st.SearchStrategy[dict]:
    return _optional(
        {},
        {
            "merchant": pool("shop"),
            "account": st.sampled_from(["50100123456789", "4011000100123456", "ACC-77"]),
            "vpa": st.sampled_from(["Quick.Loan@ExBank", "shop-7@exbank"]),
            "mcc": st.sampled_from(["5944", "5732", "6012"]),
            "added_at": times(),
        },
    )


def custom_values() -> st.SearchStrategy:
    text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Nd", "No"]), max_size=20)
    return text | st.integers(-(10**11), 10**11) | st.booleans() | st.floats(-1e11, 1e11)


def _where() -> dict[str, st.SearchStrategy]:
    return {
        "channel": st.sampled_from(["web", "app", "pos", "atm", "ivr", "recurring", "unknown"]),
        "device": devices(),
        "ip": st.sampled_from(["203.0.113.7", "198.51.100.23", "2001:DB8:0::1", "::ffff:192.0.2.9"]),
        "ip_country": st.sampled_from(COUNTRIES),
        "location": locations(),
    }


def payment_objects() -> st.SearchStrategy[dict]:
    """What a caller would send as a payment; always accepted by `decode_event`."""
    return _optional(
        {
            "type": st.just("payment"),
            "id": st.integers(0, 10**9).map(lambda number: f"pay-{number}"),
            "occurred_at": times(),
            "amount_minor": st.integers(0, 10**9) | st.sampled_from([0, 10**15]),
            "method": st.sampled_from(["card", "upi", "netbanking", "wallet", "cash_on_delivery"]),
        },
        {
            **_where(),
            "currency": st.sampled_from(["INR", "USD", "JPY", "KWD"]),
            "customer": customers(),
            "payer": _optional(
                {}, {"account": st.sampled_from(["50100987654321", "ACC-1"]), "vpa": st.just("me.1@exbank")}
            ),
            "card": cards(),
            "payee": _payees(),
            "upi_flow": st.sampled_from(["collect", "intent", "qr", "mandate"]),
            "lines": st.lists(lines(), max_size=4),
            "shipping": addresses(),
            "billing": addresses(),
            "custom": st.dictionaries(
                st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True), custom_values(), max_size=4
            ),
        },
    )


def result_objects() -> st.SearchStrategy[dict]:
    """What a caller would send as the result of a payment."""
    return _optional(
        {
            "type": st.just("payment_result"),
            "id": st.integers(0, 10**9).map(lambda number: f"res-{number}"),
            "occurred_at": times(),
            "payment": st.integers(0, 10**9).map(lambda number: f"pay-{number}"),
            "outcome": st.sampled_from(["authorised", "declined", "captured", "refunded", "charged_back"]),
        },
        {"code": st.sampled_from(["00", "51", "N7"]), "amount_minor": st.integers(0, 10**9)},
    )


def label_objects() -> st.SearchStrategy[dict]:
    """What a caller would send as a label."""
    return _optional(
        {
            "type": st.just("label"),
            "id": st.integers(0, 10**9).map(lambda number: f"lab-{number}"),
            "event": st.integers(0, 10**9).map(lambda number: f"pay-{number}"),
            "label": st.sampled_from(["fraud", "genuine"]),
            "reporter": st.sampled_from(["customer", "issuer:exbank", "analyst 7"]),
            "reported_at": times(),
        },
        {"kind": st.sampled_from(["stolen_card", "account_takeover", "refund_abuse"])},
    )


def payee_change_objects() -> st.SearchStrategy[dict]:
    """What a caller would send as a change of a payee."""
    return _optional(
        {
            "type": st.just("payee_change"),
            "id": st.integers(0, 10**9).map(lambda number: f"chg-{number}"),
            "occurred_at": times(),
            "customer": customers(),
            "change": st.sampled_from(["added", "removed", "limit_raised"]),
        },
        {**_where(), "payee": _payees()},
    )


def event_objects() -> st.SearchStrategy[dict]:
    """What a caller would send, of any type."""
    return payment_objects() | result_objects() | label_objects() | payee_change_objects()


def through_the_door(body: dict):
    """Decode, seal, store and read again: the event exactly as the engine and a replay see it."""
    event = seal_card(decode_event(msgspec.json.encode(body)), TOKENS)
    return decode_stored(canonical_body(event))


def payments() -> st.SearchStrategy:
    """Payments as the engine sees them."""
    return payment_objects().map(through_the_door)


def results() -> st.SearchStrategy:
    """Payment results as the engine sees them."""
    return result_objects().map(through_the_door)


def labels() -> st.SearchStrategy:
    """Labels as the engine sees them."""
    return label_objects().map(through_the_door)


def payee_changes() -> st.SearchStrategy:
    """Payee changes as the engine sees them."""
    return payee_change_objects().map(through_the_door)


def events() -> st.SearchStrategy:
    """Events of any type as the engine sees them."""
    return event_objects().map(through_the_door)
