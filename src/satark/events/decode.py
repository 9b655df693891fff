"""The door: a request's bytes become an event, or an error that says what is wrong with them.

The way of an event starts here: `decode_event` (types, bounds, normal forms, no stray card numbers), then
`satark.events.seal.seal_card` (the card's number becomes a token), then `canonical_body` (what the log
keeps). The engine takes all three steps by one call, `satark.events.admit`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

import msgspec

from satark.core.clock import Micros, to_us
from satark.core.errors import BodyTooLarge, InvalidEvent
from satark.events.aadhaar import DIGITS as AADHAAR_DIGITS
from satark.events.aadhaar import is_aadhaar
from satark.events.cards import GAP_CHARACTERS, MAX_CARD_DIGITS, is_card_number, mask
from satark.events.check import check_event, occurrence
from satark.events.fields import MAX_EVENT_BYTES
from satark.events.kinds import EVENT_TYPES, Event, Payment
from satark.events.refusals import from_decoder, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence

_ANY: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_ONE: dict[str, msgspec.json.Decoder[Any]] = {
    tag: msgspec.json.Decoder(struct) for tag, struct in EVENT_TYPES.items()
}
_GENERIC: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])
_TAGS = {struct: tag for tag, struct in EVENT_TYPES.items()}

# All digits become 0 and what may stand between groups of digits becomes a hyphen: a card or Aadhaar number is then
# either a long run of zeros or groups of them.
_DIGITS = b"0123456789"
_GAPS = b" \t\r\n-._/:"
_SHAPE = bytes.maketrans(_DIGITS + _GAPS, b"0" * len(_DIGITS) + b"-" * len(_GAPS))
_LONG_SHAPE = re.compile(rb"0000(?:0{8,}|-{1,3}(?:0000-{1,3}0000|000000-{1,3}0000))")
_LONG_RUN = b"0" * 12
_GROUPS = (b"0000-0000", b"0000--0000", b"0000---0000")
_WHITE_SPACE = b" \t\r\n"
# A briefer shape, in one pass for both questions that are asked of a body (stray numbers, keys named twice): what may
# stand between groups of digits is left out, points are colons, and DEL is as suspicious as an escape.
_BRIEF = bytes.maketrans(_DIGITS + b".\x7f", b"0" * len(_DIGITS) + b":\\")
_LEFT_OUT = _WHITE_SPACE + b"-_/"
_BROKEN_RUN = b"0000:"
_TYPE_FIRST = b'{"type":'
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_ENCODE = msgspec.json.Encoder(order="deterministic").encode
_ASCII = bytes(range(128))
# In UTF-8, the letters and signs of nine Indian scripts (U+0900 to U+0D7F, without their digits) and the rupee's sign:
# what such texts are made of needs no closer look.
_INDIAN = re.compile(
    rb"(?:\xe0(?:[\xa4\xa6\xa8\xaa\xac\xae\xb0\xb2\xb4][\x80-\xbf]"
    rb"|[\xa5\xa7\xa9\xab\xad\xaf\xb1\xb3\xb5][\x80-\xa5\xb0-\xbf])|\xe2\x82\xb9)*"
)
_ODD_CHARACTER = re.compile(rf"[\d{GAP_CHARACTERS}]")


def decode_event(raw: bytes, only: type[Any] | str | None = None) -> Event:
    """Decode one event from outside.

    Parameters
    ----------
    raw
        A JSON object in UTF-8, at most `MAX_EVENT_BYTES` long.
    only
        The one event type that is welcome, as a struct or its tag; `type` may then be left out. None takes
        all types.

    Returns
    -------
    Event
        In its normal form (`satark.events.rules`). A `card.number` is still there: seal it next.

    Raises
    ------
    InvalidEvent
        With `field`, `expected` and `found`, and a near name as `hint`; no value is repeated.
    BodyTooLarge
        The body is longer than the bound.

    Examples
    --------
    >>> body = b'{"id":"p1","occurred_at":"2026-01-31T10:00:00+05:30","amount_minor":5000,"method":"upi"}'
    >>> decode_event(body, only="payment").amount_minor
    5000
    >>> decode_event(body.replace(b"method", b"metod"), only="payment")
    Traceback (most recent call last):
    satark.core.errors.InvalidEvent: metod is not a known field; did you mean method?
    """
    return decode_and_write(raw, only)[0]


def decode_and_write(raw: bytes, only: type[Any] | str | None = None) -> tuple[Event, bytes | None]:
    """Decode one event as `decode_event` does, and give it as `canonical_body` writes it, which the checks need.

    Returns
    -------
    event, written
        `written` is None when the event was brought into another form than it came in. It holds a `card.number` that
        came: use it only where sealing changed nothing.
    """
    if len(raw) > MAX_EVENT_BYTES:
        message = f"the event is larger than {MAX_EVENT_BYTES} bytes"
        raise BodyTooLarge(message, limit_bytes=MAX_EVENT_BYTES)
    tag = _TAGS[only] if isinstance(only, type) else only
    try:
        event: Event = (_ANY if tag is None else _ONE[tag]).decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise from_decoder(error, raw, tag) from None
    written = _ENCODE(event)
    shape = raw.translate(_BRIEF, _LEFT_OUT)
    keys = shape.count(b'":')
    if not (keys == written.count(b'":') and raw.startswith(_TYPE_FIRST) and b"\\" not in shape) and (
        not _surely_named_once(raw, event)
    ):
        _refuse_repeated_keys(raw)
    suspicious = False
    if not _surely_harmless(shape, event):
        # Escapes could spell digits: written anew, the same texts stand there as themselves.
        suspicious = _suspicious(_without_known(written if b"\\" in raw else raw, event))
    checked = check_event(event, suspicious=suspicious)
    return checked, written if checked is event else None


def decode_stored(body: bytes) -> Event:
    """Decode a canonical body from the log, which was checked when it came in.

    Raises
    ------
    InvalidEvent
        The body was not written by this software.
    """
    try:
        return _ANY.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise from_decoder(error, body) from None


def occurred_us(event: Event) -> Micros:
    """Return when an event counts from, in microseconds; of a label it is when it was reported."""
    return to_us(occurrence(event))


def _without_known(raw: bytes, event: Event) -> bytes:
    """Take one copy of the card's number and of the customer's phone out of the body, for their places.

    A further copy of the number is suspicious. A phone of twelve digits with its country's code is what an Aadhaar
    number must not be taken for; `mask_aadhaar` leaves it alone as well.
    """
    if not isinstance(event, Payment):
        return raw
    if event.card is not None and event.card.number is not None:
        raw = raw.replace(b'"%s"' % event.card.number.encode(), b'""', 1)
    phone = None if event.customer is None else event.customer.phone
    if phone is not None and len(phone) == AADHAAR_DIGITS + 1 and phone.startswith("+"):
        raw = raw.replace(b'"%s"' % phone.encode(), b'""', 1)
    return raw


def _surely_harmless(shape: bytes, event: Event) -> bool:
    """Say whether the brief shape of a body shows that `_suspicious` would say no; "no" only means "look closer".

    Groups of digits have become one run here, or end in a colon. One long run is the card's number where that came, and
    one the customer's phone where that has twelve digits; what these hold besides digits, `check_event` finds.
    """
    if b"\\" in shape or _BROKEN_RUN in shape:
        return False
    if not shape.isascii() and _INDIAN.fullmatch(shape.translate(None, _ASCII)) is None:
        return False
    known = 0
    if type(event) is Payment:
        known = event.card is not None and event.card.number is not None
        phone = None if event.customer is None else event.customer.phone
        if phone is not None and len(phone) == AADHAAR_DIGITS + 1 and phone.startswith("+"):
            known += 1
    return shape.count(_LONG_RUN) == known


def _suspicious(raw: bytes) -> bool:
    """Say whether a body could hold a stray card or Aadhaar number or control character; cheap, never wrongly no."""
    if b"\\" in raw:
        raw = raw.replace(b'\\"', b"'")
    if b"\\" in raw or b"\x7f" in raw:
        return True
    shape = raw.translate(_SHAPE)
    # A search for plain bytes takes a tenth of the time of the pattern, which nearly no body needs.
    if _LONG_RUN in shape or any(group in shape for group in _GROUPS):
        for match in _LONG_SHAPE.finditer(shape):
            digits = raw[match.start() : match.end()]
            if len(digits) == AADHAAR_DIGITS and raw[match.start() - 1 : match.start()] == b"+":
                continue  # A phone with its country's code, which `mask_aadhaar` leaves alone as well.
            if not digits.isdigit() or (len(digits) <= MAX_CARD_DIGITS and _is_kept_out(digits.decode())):
                return True
    if raw.isascii():
        return False
    # Digits of other scripts, full-width and raised ones, other spaces and hyphens: rare, so look closer.
    others = unicodedata.normalize("NFKC", raw.translate(None, _ASCII).decode())
    return _ODD_CHARACTER.search(others) is not None


def _is_kept_out(digits: str) -> bool:
    return is_aadhaar(digits) if len(digits) == AADHAAR_DIGITS else is_card_number(digits)


def _surely_named_once(raw: bytes, event: Event) -> bool:
    """Say whether no key stands in a body twice; "no" only means "look closer".

    Without escapes and white space, `":` stands exactly once for each key. Written anew, the event has its type and
    every key that was given another value than its default. So a body that begins with its type has at least those
    keys, and one that has no more of them names each of them once.
    """
    if b"\\" in raw or not raw.startswith(_TYPE_FIRST):
        return False
    return raw.translate(None, _WHITE_SPACE).count(b'":') == _ENCODE(event).count(b'":')


def _refuse_repeated_keys(raw: bytes) -> None:
    """Refuse a key that is named twice: two readers could see two amounts (RFC 7493 section 2.3)."""
    body = _GENERIC.decode(raw)
    keys = len(body)
    for value in body.values():
        if type(value) is dict:
            keys += len(value)
        elif type(value) is list:
            keys += sum(map(len, value))
    # Without escapes a quote only begins or ends a text, so `":` stands after each key and nearly nowhere else.
    plain = _ESCAPE.sub(b"", raw) if b"\\" in raw else raw
    if plain.translate(None, _WHITE_SPACE).count(b'":') == keys:
        return
    json.loads(raw, object_pairs_hook=_unique_pairs)


def _unique_pairs(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise refuse(mask(twice), "named once", "the same key twice")
    return found


__all__ = ["InvalidEvent", "decode_and_write", "decode_event", "decode_stored", "occurred_us"]
