"""The quick look at a body never lets pass what the closer one holds; `admit` gives what its three steps give."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from satark.core.errors import InvalidEvent
from satark.events import (
    CardKey,
    CardTokens,
    admit,
    canonical_body,
    decode,
    decode_event,
    seal_card,
)
from satark.events.examples import EXAMPLES

TOKENS = CardTokens((CardKey("k1", b"1" * 32),))
CARD = "4111111111111111"
AADHAAR = next(f"{n}" for n in range(234_123_412_300, 234_123_412_400) if decode.is_aadhaar(f"{n}"))
PIECES = [
    *("4111", "1111", "411111", "11111", "2341", CARD, AADHAAR, f"+{AADHAAR}", "0000", "9876543210"),
    *(" ", "-", ".", "_", "/", ":", "\t", "\n", "", "  ", "--", ".:", "\\", '"', "\x7f", "\u200b", "\u2013"),
    *("Flat 4", "मकान", "४१११", "₹", "é", "１２", "²", "house", "सं॰"),
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)
PHONES = st.sampled_from(["+919812345678", f"+{AADHAAR}", "9812345678", "+9198123456ab", None])


def body(line, phone=None, number=None, **form):
    fields = {
        "type": "payment",
        "id": "p1",
        "occurred_at": "2026-01-31T10:00:00.123456+05:30",
        "amount_minor": 5000,
        "method": "card",
        "customer": {"id": "c1", **({} if phone is None else {"phone": phone})},
        "card": {"token": "t1"} if number is None else {"number": number},
        "lines": [{"title": line, "price_minor": 5000}],
        "ip": "192.168.100.200",
    }
    return json.dumps(fields, **{"separators": (",", ":"), "ensure_ascii": False, **form}).encode()


def looks(raw):
    """Return what the quick look and the closer one say about a body."""
    event = decode._ONE["payment"].decode(raw)
    shape = raw.translate(decode._BRIEF, decode._LEFT_OUT)
    spelt = decode._ENCODE(event) if b"\\" in raw else raw
    return decode._surely_harmless(shape, event), decode._suspicious(decode._without_known(spelt, event))


@given(
    line=TEXTS,
    phone=PHONES,
    number=st.sampled_from([None, CARD, "4111 1111 1111 1111", "4111.1111.1111.1111"]),
    form=st.sampled_from([{}, {"separators": (", ", ": ")}, {"ensure_ascii": True}]),
)
@example(line=CARD, phone=None, number=CARD, form={})
@example(line=AADHAAR, phone="+9198123456ab", number=None, form={})
@example(line="4111.:-1111 1111 1111", phone=None, number=None, form={})
def test_what_seems_harmless_at_once_is_not_suspicious(line, phone, number, form):
    harmless, suspicious = looks(body(line, phone, number, **form))
    # A phone or a number that is none takes the place of a run that is looked for; it is refused for itself.
    if harmless and suspicious:
        assert phone == "+9198123456ab" or number == "4111.1111.1111.1111"
        with pytest.raises(InvalidEvent):
            decode_event(body(line, phone, number, **form))


@pytest.mark.parametrize(
    "line", ["मकान सं. 4, महात्मा गांधी मार्ग ₹", "வீடு 12", "Flat 4-B, M.G. Road", "550e8400-e29b-41d4"]
)
def test_usual_text_is_harmless_at_once(line):
    assert looks(body(line, "+919812345678")) == (True, False)
    assert looks(body(line, number="4111 1111-1111 1111")) == (True, False)


def test_no_character_of_the_scripts_taken_for_letters_is_a_digit_or_a_gap():
    for place in range(0x80, 0x11_0000):
        character = chr(place)
        if 0xD800 <= place <= 0xDFFF or not decode._INDIAN.fullmatch(character.encode()):
            continue
        assert not decode._ODD_CHARACTER.search(unicodedata.normalize("NFKC", character)), hex(place)


@pytest.mark.parametrize("zero", [0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66])
def test_card_number_in_the_digits_of_an_indian_script_is_refused(zero):
    written = "".join(chr(zero + int(digit)) for digit in CARD)
    with pytest.raises(InvalidEvent, match="full card number"):
        decode_event(body(f"घर {written}"))


def outcome(act):
    try:
        return act()
    except InvalidEvent as error:
        return str(error)


@given(line=TEXTS, phone=PHONES, number=st.sampled_from([None, CARD]), spaced=st.booleans())
def test_admit_gives_what_decoding_sealing_and_writing_give(line, phone, number, spaced):
    raw = body(line, phone, number, separators=(", ", ": ") if spaced else (",", ":"))

    def by_steps():
        event = seal_card(decode_event(raw, "payment"), TOKENS)
        return event, canonical_body(event)

    assert outcome(lambda: admit(raw, TOKENS, "payment")) == outcome(by_steps)


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_every_example_is_admitted_as_its_three_steps_do(kind):
    for example_ in EXAMPLES[kind].values():
        raw = json.dumps(example_).encode()
        event = seal_card(decode_event(raw), TOKENS)
        assert admit(raw, TOKENS) == (event, canonical_body(event))


def test_names_of_custom_attributes_are_written_in_one_order():
    first = (
        b'{"type":"payment","id":"p1","occurred_at":"2026-01-31T10:00:00Z","amount_minor":5,"method":"upi",'
    )
    first += b'"custom":{%b}}'
    one = admit(first % b'"b":1,"a":2', TOKENS)[1]
    assert one == admit(first % b'"a":2,"b":1', TOKENS)[1]


def test_full_card_number_never_stands_in_the_body_that_is_kept():
    assert CARD.encode() not in admit(body("tea", number=CARD), TOKENS)[1]
