"""The door brings text into its normal form and leaves everything else as it came."""

from __future__ import annotations

import json

import pytest

from satark.core import to_us
from satark.core.errors import InvalidEvent
from satark.events import (
    Label,
    PayeeChange,
    Payment,
    PaymentResult,
    decode_event,
    decode_stored,
    event_type,
    occurred_us,
)
from satark.events.examples import LABEL_FRAUD, PAYEE_ADDED, RESULT_DECLINED, TRANSFER_BY_UPI


def payment(**changes: object):
    return decode_event(json.dumps({**TRANSFER_BY_UPI, **changes}).encode(), "payment")


@pytest.mark.parametrize(
    ("body", "struct"),
    [
        (TRANSFER_BY_UPI, Payment),
        (RESULT_DECLINED, PaymentResult),
        (LABEL_FRAUD, Label),
        (PAYEE_ADDED, PayeeChange),
    ],
)
def test_event_is_told_by_its_type(body, struct):
    raw = json.dumps(body).encode()
    event = decode_event(raw)
    assert type(event) is struct
    assert event_type(event) == body["type"]
    assert decode_event(raw, only=struct) == decode_event(raw, only=body["type"]) == event


def test_label_counts_from_its_report():
    label = decode_event(json.dumps(LABEL_FRAUD).encode())
    assert occurred_us(label) == to_us(label.reported_at)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("98765 43210", "+919876543210"),
        ("098765-43210", "+919876543210"),
        ("+91 (98765) 43210", "+919876543210"),
        ("919876543210", "+919876543210"),
        ("0044 20 7946 0958", "+442079460958"),
        ("+4915123456789", "+4915123456789"),
    ],
)
def test_phone_is_kept_as_e164(written, kept):
    assert payment(customer={"id": "c", "phone": written}).customer.phone == kept


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2001:DB8:0:0::0001", "2001:db8::1"),
        ("::FFFF:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7", "203.0.113.7"),
    ],
)
def test_ip_is_kept_in_canonical_text(written, kept):
    assert payment(ip=written).ip == kept


@pytest.mark.parametrize("text", ["203.0.113.07", "1.2.3", "fe80::1%eth0", "::1::", "localhost", "1.2.3.4/8"])
def test_ip_is_refused_when_it_is_no_address(text):
    with pytest.raises(InvalidEvent):
        payment(ip=text)


def test_names_are_folded_when_their_case_means_nothing():
    event = payment(
        customer={"id": "Cust-1", "email": "Asha@Example.IN"},
        payer={"vpa": "Asha.K@OkBank", "account": "ACC-9"},
        shipping={"pin": "560 001", "line": "14, M.G. Road"},
    )
    assert (event.customer.id, event.customer.email) == ("Cust-1", "asha@example.in")
    assert (event.payer.vpa, event.payer.account) == ("asha.k@okbank", "ACC-9")
    assert (event.shipping.pin, event.shipping.line) == ("560001", "14, M.G. Road")


def test_email_is_one_when_its_accents_are_composed_differently():
    composed, apart = "ren\u00e9@example.in", "rene\u0301@example.in"
    assert payment(customer={"id": "c", "email": composed}) == payment(customer={"id": "c", "email": apart})


def test_integer_is_taken_where_a_float_belongs():
    assert payment(location={"lat": 12, "lon": 77}).location.lat == 12.0


def test_line_ends_and_tabs_are_kept_in_addresses():
    assert payment(billing={"line": "House 22\n\tSector 9"}).billing.line == "House 22\n\tSector 9"


def test_order_is_taken_when_it_has_the_most_lines_with_long_hindi_titles():
    line = {
        "title": "सोने का सिक्का " * 13,
        "category": "सोना",
        "sku": "GC-24K-10",
        "quantity": 2,
        "price_minor": 1,
    }
    body = json.dumps({**TRANSFER_BY_UPI, "lines": [line] * 100}, ensure_ascii=False).encode()
    assert len(decode_event(body).lines) == 100


def test_stored_body_is_refused_when_it_is_not_an_event():
    with pytest.raises(InvalidEvent):
        decode_stored(b'{"type":"payment"}')
