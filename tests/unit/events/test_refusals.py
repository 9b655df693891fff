"""Each kind of bad input gets an error that names the field, what was found and what was expected."""

# ruff: noqa: E501 - a message is compared whole, on one line

from __future__ import annotations

import json

import pytest

from satark.core.errors import BodyTooLarge, InvalidEvent
from satark.events import decode_event

GOOD = {
    "type": "payment",
    "id": "p1",
    "occurred_at": "2026-01-31T10:00:00Z",
    "amount_minor": 1,
    "method": "card",
}
CARD_SAID = "looks like a full card number; those are taken in card.number alone"


def payment(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def refusal(raw: bytes, only: str | None = None) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as caught:
        decode_event(raw, only)
    return caught.value


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount_minor": -1}, "amount_minor must be an int of at least 0 (found int)"),
        ({"amount_minor": "5"}, "amount_minor must be an int (found str)"),
        ({"amount_minor": 1.5}, "amount_minor must be an int (found float)"),
        ({"amount_minor": True}, "amount_minor must be an int (found bool)"),
        ({"amount_minor": None}, "amount_minor must be an int (found null)"),
        ({"amount_minor": 10**40}, "amount_minor must be an int of at most 1000000000000000 (found int)"),
        (
            {"occurred_at": "2026-01-31T10:00:00"},
            "occurred_at must be a time with an offset, such as 2026-01-31T10:00:00+05:30 (found time without an offset)",
        ),
        ({"occurred_at": 5}, "occurred_at must be an RFC 3339 time with an offset, as text (found int)"),
        (
            {"occurred_at": "1969-12-31T23:59:59Z"},
            "occurred_at must be a time from 1970 to 2099 (found the year 1969)",
        ),
        (
            {"method": "crad"},
            "method must be one of card, upi, netbanking, wallet, cash_on_delivery (found str 'crad'); did you mean card?",
        ),
        (
            {"method": "9876543210"},
            "method must be one of card, upi, netbanking, wallet, cash_on_delivery (found str)",
        ),
        (
            {"currency": "RUP"},
            "currency must be an active ISO 4217 currency such as INR (found str of length 3)",
        ),
        (
            {"currency": "RUPEE"},
            "currency must be an active ISO 4217 currency such as INR (found str of length 5)",
        ),
        ({"ammount": 1}, "ammount is not a known field; did you mean amount_minor?"),
        ({"card": {"tokne": "x"}}, "card.tokne is not a known field of card; did you mean token?"),
        ({"lines": [{"qty": 1}]}, "lines[0].qty is not a known field of lines[0]"),
        ({"customer": {}}, "customer.id is missing"),
        (
            {"customer": {"id": "a b"}},
            "customer.id must be 1 to 64 of A-Z a-z 0-9 . _ : @ + - | / (found str of length 3)",
        ),
        (
            {"customer": {"id": "c", "phone": "12ab567"}},
            "customer.phone must be a phone number: E.164, or ten digits of an Indian mobile (found str of length 7)",
        ),
        (
            {"customer": {"id": "c", "email": "nope"}},
            "customer.email must be an e-mail address (found str of length 4)",
        ),
        (
            {"lines": [{}] * 101},
            "lines must be an array with a length of at most 100 (found array of length 101)",
        ),
        ({"lines": [{}, {"quantity": 0}]}, "lines[1].quantity must be an int of at least 1 (found int)"),
        ({"ip": "1.2.3.400"}, "ip must be an IPv4 or IPv6 address (found str of length 9)"),
        (
            {"ip_country": "xx"},
            "ip_country must be an ISO 3166-1 alpha-2 country such as IN (found str of length 2)",
        ),
        ({"location": {"lat": 91, "lon": 0}}, "location.lat must be a float of at most 90.0 (found int)"),
        ({"location": {"lat": 1}}, "location.lon is missing"),
        (
            {"shipping": {"pin": "#"}},
            "shipping.pin must be a postal code of 3 to 10 letters and digits (found str of length 1)",
        ),
        (
            {"payee": {"mcc": "59a4"}},
            "payee.mcc must be a merchant category code of 4 digits (found str of length 4)",
        ),
        (
            {"payee": {"vpa": "no handle"}},
            "payee.vpa must be a UPI address such as name@handle (found str of length 9)",
        ),
        (
            {"device": {"user_agent": "a\x07b"}},
            "device.user_agent must be text without control characters (found str of length 3)",
        ),
        ({"custom": {"a": None}}, "custom.a must be a bool or an int or a float or a str (found null)"),
        (
            {"custom": {"ok": 1, "a": [1]}},
            "custom.a must be a bool or an int or a float or a str (found array)",
        ),
        ({"custom": {"a": 2**63}}, "custom.a must be an int of at most 9223372036854775807 (found int)"),
        (
            {"custom": {"Tier": 1}},
            "custom must be an object with names of 1 to 40 of a-z 0-9 _, starting with a letter (found another name)",
        ),
        (
            {"custom": {"a" * 41: 1}},
            "custom must be an object with names of 1 to 40 of a-z 0-9 _, starting with a letter (found name of length 41)",
        ),
        ({"version": 2}, "version must be an int of at most 1 (found int)"),
        (
            {"card": {"number": "4111111111111112"}},
            "card.number must be a card number with a right check digit (found a wrong check digit)",
        ),
        (
            {"card": {"number": "41111111111a"}},
            "card.number must be a card number of 12 to 19 digits (found str of length 12)",
        ),
        (
            {"card": {"number": "4111111111111111", "token": "t"}},
            "card must be either token or number (found both)",
        ),
        (
            {"card": {"number": "4111111111111111", "bin": "555555"}},
            "card.bin must be the first digits of card.number (found other digits)",
        ),
        (
            {"card": {"number": "4111111111111111", "last4": "0000"}},
            "card.last4 must be the last 4 digits of card.number (found other digits)",
        ),
        (
            {"card": {"token": "t", "bin": "4111111"}},
            "card.bin must be the first 6 or 8 digits of a card (found str of length 7)",
        ),
        (
            {"card": {"next_token": "tok_k9_1"}},
            "card.next_token must be absent (Satark writes it) (found str)",
        ),
        ({"customer": {"id": "4111111111111111"}}, f"customer.id {CARD_SAID}"),
        ({"custom": {"a": 4111111111111111}}, f"custom.a {CARD_SAID}"),
        ({"custom": {"a": 4.111111111111111e15}}, f"custom.a {CARD_SAID}"),
        ({"custom": {"n4111111111111111": 1}}, f"custom {CARD_SAID}"),
        ({"4111111111111111": 1}, "<card ending 1111> is not a known field"),
    ],
)
def test_payment_is_refused_with_field_rule_and_type(changes, message):
    error = refusal(payment(**changes))
    assert error.message == message
    assert error.fields["expected"]
    assert error.fields["found"]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "the event must be one JSON object (found Input data was truncated)"),
        (b"{", "the event must be one JSON object (found Input data was truncated)"),
        (b"[]", "the event must be an object (found array)"),
        (b"[" * 100_000, "the event must be an object (found array)"),
        (b"{}", "type is missing"),
        (b'{"type":null}', "type must be str (found null)"),
        (b'{"type":"payment","id":"\xff"}', "the event must be UTF-8 text (found bytes that are not UTF-8)"),
        (
            b'{"type":"paymnet"}',
            "type must be one of payment, payment_result, label, payee_change (found str 'paymnet'); did you mean payment?",
        ),
        (
            payment()[:-1] + b',"amount_minor":2}',
            "amount_minor must be named once (found the same key twice)",
        ),
        (
            payment(card={})[:-2] + b'"token":"a","token" : "b"}}',
            "token must be named once (found the same key twice)",
        ),
        (
            payment()[:-1] + b',"location":{"lat":NaN,"lon":0}}',
            "the event must be one JSON object (found JSON is malformed: invalid character (byte 125))",
        ),
        (
            payment()[:-1] + b',"location":{"lat":1e999,"lon":0}}',
            "location.lat must be a finite number within 64 bits (found number out of range)",
        ),
        (
            payment()[:-1] + b',"amount_minor":' + b"9" * 5_000 + b"}",
            "amount_minor must be a finite number within 64 bits (found number out of range)",
        ),
        (
            payment() + b"{}",
            "the event must be one JSON object (found JSON is malformed: trailing characters (byte 108))",
        ),
    ],
)
def test_body_is_refused_when_it_is_no_single_json_event(raw, message):
    assert refusal(raw).message == message


def test_deeply_nested_custom_value_is_refused_without_a_recursion_error():
    raw = payment()[:-1] + b',"custom":{"a":' + b"[" * 60_000
    assert refusal(raw).fields["field"] == "custom.?"


def test_type_may_be_left_out_when_only_one_type_is_welcome():
    body = {name: value for name, value in GOOD.items() if name != "type"}
    assert decode_event(json.dumps(body).encode(), "payment") == decode_event(payment())


def test_other_type_is_refused_when_only_one_type_is_welcome():
    error = refusal(b'{"type":"label","id":"l1"}', "payment")
    assert error.message == "type must be one of payment (found str 'label')"


def test_event_is_refused_when_it_is_too_large():
    with pytest.raises(BodyTooLarge) as caught:
        decode_event(b" " * 131_073)
    assert caught.value.fields == {"limit_bytes": 131_072}


def test_no_value_is_repeated_when_an_event_is_refused():
    secret = "asha.k at example"
    error = refusal(payment(customer={"id": "c", "email": secret}, device={"id": secret}))
    assert secret not in error.message
    assert secret not in str(error.fields)
