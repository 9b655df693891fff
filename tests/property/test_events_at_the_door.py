"""Properties of the door: what comes in is an event in normal form without card numbers, or is refused."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies.events import CARD_NUMBERS, TOKENS, event_objects, payment_objects, through_the_door

from satark.core.errors import InvalidEvent, SatarkError
from satark.events import canonical_body, decode_event, decode_stored, event_type, occurred_us, seal_card
from satark.events.check import check_event

_DIGITS = [re.sub(r"[^0-9]", "", number) for number in CARD_NUMBERS]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300)
@given(event_objects())
def test_event_survives_when_stored_and_read_again(body):
    event = seal_card(decode_event(msgspec.json.encode(body)), TOKENS)
    stored = canonical_body(event)
    assert decode_stored(stored) == event
    assert canonical_body(decode_stored(stored)) == stored
    assert event_type(event) == body["type"]
    assert occurred_us(event) > 0


@settings(max_examples=300)
@given(event_objects())
def test_normal_form_is_stable_when_an_event_passes_the_door_again(body):
    event = through_the_door(body)
    again = check_event(event, suspicious=True)
    assert again == event


@settings(max_examples=500)
@given(payment_objects())
def test_quick_path_agrees_with_the_whole_walk(body):
    raw = msgspec.json.encode(body)
    quick = decode_event(raw)
    whole = check_event(msgspec.json.decode(raw, type=type(quick)), suspicious=True)
    assert quick == whole


@given(event_objects(), st.sampled_from(["\n", "  ", None]))
def test_event_is_the_same_when_its_json_is_written_otherwise(body, style):
    compact = decode_event(msgspec.json.encode(body))
    other = json.dumps(body, indent=style, ensure_ascii=style is None).encode()
    assert decode_event(other) == compact


@settings(max_examples=300)
@given(event_objects())
def test_no_card_number_is_in_what_is_stored(body):
    stored = canonical_body(through_the_door(body)).decode()
    compact = re.sub(r"[ \-]", "", stored)
    assert not any(number in compact for number in _DIGITS)


_SPELLINGS = (
    lambda digits: digits,
    lambda digits: f"pay {digits}.",
    lambda digits: f"card{digits}",
    lambda digits: "x_" + digits,
    lambda digits: (
        "-".join((digits[:4], digits[4:8], digits[8:12], digits[12:])) if len(digits) == 16 else digits
    ),
    lambda digits: (
        "\u00a0".join((digits[:4], digits[4:8], digits[8:12], digits[12:])) if len(digits) == 16 else digits
    ),
    lambda digits: "".join(chr(ord(digit) - ord("0") + 0x0966) for digit in digits),
    lambda digits: "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in digits),
)
_TEXT_PLACES = (
    ("id",),
    ("customer", "id"),
    ("customer", "email"),
    ("payee", "merchant"),
    ("card", "token"),
    ("lines", 0, "title"),
    ("lines", 0, "category"),
    ("lines", 0, "sku"),
    ("shipping", "line"),
    ("billing", "city"),
    ("device", "id"),
    ("device", "fingerprint"),
    ("device", "user_agent"),
    ("custom", "note"),
)


@given(
    st.sampled_from(_TEXT_PLACES),
    st.sampled_from([number for number in _DIGITS if len(number) > 14]),
    st.sampled_from(_SPELLINGS),
    st.booleans(),
)
def test_stray_card_number_never_passes_wherever_it_stands(place, digits, spelling, ascii_only):
    body = {
        "type": "payment",
        "id": "p1",
        "occurred_at": "2026-01-31T10:00:00Z",
        "amount_minor": 1,
        "method": "card",
    }
    at = body
    for step, following in zip(place, [*place[1:], None], strict=True):
        if following is None:
            at[step] = spelling(digits) + ("@x.in" if step == "email" else "")
        elif isinstance(following, int):
            at[step] = [{}]
            at = at[step]
        elif isinstance(step, int):
            at = at[step]
        else:
            at[step] = {"id": "c1"} if step == "customer" else {}
            at = at[step]
    with pytest.raises(InvalidEvent) as caught:
        decode_event(json.dumps(body, ensure_ascii=ascii_only).encode())
    assert digits not in str(caught.value)
    assert digits not in repr(caught.value.fields)


@given(st.binary(max_size=200))
def test_bytes_are_refused_cleanly_when_they_are_no_event(raw):
    with pytest.raises(SatarkError):
        decode_event(raw)


@given(event_objects(), st.data())
def test_event_is_refused_or_accepted_cleanly_when_a_value_is_replaced(body, data):
    name = data.draw(st.sampled_from(sorted(body)))
    body[name] = data.draw(_JSON)
    raw = json.dumps(body).encode()
    refusal = None
    try:
        event = decode_event(raw)
    except InvalidEvent as error:
        refusal = error
    if refusal is None:
        assert canonical_body(seal_card(event, TOKENS))
    else:
        assert isinstance(refusal.fields["field"], str)
        assert refusal.fields["expected"]
        assert refusal.fields["found"]


@given(event_objects(), st.integers(0, 500), st.integers(0, 255))
def test_event_is_refused_or_accepted_cleanly_when_a_byte_is_changed(body, place, byte):
    raw = bytearray(msgspec.json.encode(body))
    raw[place % len(raw)] = byte
    try:
        event = decode_event(bytes(raw))
    except SatarkError:
        return
    stored = canonical_body(seal_card(event, TOKENS))
    assert canonical_body(decode_stored(stored)) == stored
