"""Columns and requests meet the same rules: what one refuses the other refuses, and both see the same value."""

from __future__ import annotations

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satark.events.facts import FactType
from satark.events.frame_check import Checker
from satark.events.frame_columns import ROW, TYPE, Kind, stored_columns
from satark.events.frame_events import EventRows

ATTRIBUTES = {"tier": FactType.STR, "n": FactType.INT, "x": FactType.FLOAT, "ok": FactType.BOOL}
COLUMNS = stored_columns(ATTRIBUTES)
BASE = {"id": "p1", "occurred_at": "2026-01-02T00:00:00Z", "amount_minor": 5, "method": "card"}
TEXTS = (
    "a",
    "A1",
    "x" * 64,
    "x" * 65,
    "y" * 201,
    "y" * 513,
    "IN",
    "in",
    "INR",
    "INX",
    "4111",
    "411111",
    "4111111",
    "41111111",
    "4111111111111111",
    "4111-1111-1111-1111",
    "card4111111111111111",
    "9f4111111111111111aa",
    "४१११११११११११११११",
    "4006381333931",
    "+91 98765-43210",
    "9876543210",
    "+4915123456789",
    "12",
    "Asha@Example.IN",
    "asha@okbank",
    "Asha@OkBank",
    "no at sign",
    "560 001",
    "SW1A 1AA",
    "!",
    "203.0.113.7",
    "203.0.113.07",
    "2001:DB8::0:1",
    "::ffff:203.0.113.7",
    "fe80::1%1",
    "tab\tis fine",
    "bell\x07",
    "line\nend",
    "del\x7f",
    "नमस्ते",
    "é",
    "e\u0301",
    " ",
    "5411",
    "12:00",
    "2026-01-02T05:30:00+05:30",
    "2026-01-02T05:30:00",
    "1969-12-31T23:59:59Z",
    "2100-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-01-02T00:00:00.123456789Z",
    "authenticated",
    "collect",
    "web",
    "upi",
    "gold\u200b",
    "4111\u200b1111\u200b1111\u200b1111",
)
NUMBERS = (
    0,
    1,
    -1,
    5,
    90,
    91,
    -90.5,
    180.0,
    180.1,
    1e6,
    1e6 + 1,
    10**15,
    10**15 + 1,
    2**63 - 1,
    4111111111111111,
    0.1,
    -0.0,
    1e300,
)


def body(column, value):
    """Return the event that has a value where the column says."""
    event = dict(BASE)
    head, _, tail = column.field.partition(".")
    if not tail:
        event[head] = value
        return event
    event[head] = {tail: value}
    if head == "customer" and tail != "id":
        event[head]["id"] = "c1"
    if head == "location":
        event[head] = {"lat": 1.0, "lon": 2.0, "accuracy_m": 0.0} | event[head]
    return event


def cells(column, value):
    """Return the same as columns."""
    row = {**BASE, column.name: value}
    if column.field.startswith("customer.") and column.name != "customer":
        row["customer"] = "c1"
    if column.field.startswith("location."):
        row = {"lat": 1.0, "lon": 2.0, "accuracy_m": 0.0} | row
    return row


def through_the_door(column, value):
    frame, refused = EventRows(COLUMNS, ATTRIBUTES, None).frame(
        [(1, msgspec.json.encode(body(column, value)))]
    )
    return "refused" if refused else frame[column.name][0]


def as_a_column(column, value):
    row = {ROW: 1, TYPE: "payment", **cells(column, value)}
    frame = pl.DataFrame({name: [cell] for name, cell in row.items()})
    checked, refused = Checker(COLUMNS).check(frame)
    return "refused" if refused else checked[column.name][0]


OF_PAYMENTS = sorted(
    name for name, column in COLUMNS.items() if "payment" in column.types and name != "lines"
)


@pytest.mark.parametrize(
    "name", [name for name in OF_PAYMENTS if COLUMNS[name].kind in {Kind.TEXT, Kind.CHOICE, Kind.TIME}]
)
def test_a_text_is_refused_or_folded_alike(name):
    column = COLUMNS[name]
    for text in TEXTS:
        assert (name, text, as_a_column(column, text)) == (name, text, through_the_door(column, text))


@pytest.mark.parametrize(
    "name", [name for name in OF_PAYMENTS if COLUMNS[name].kind in {Kind.INT, Kind.FLOAT}]
)
def test_a_number_is_refused_or_taken_alike(name):
    column = COLUMNS[name]
    for number in NUMBERS:
        assert (name, number, as_a_column(column, number)) == (name, number, through_the_door(column, number))


@given(text=st.text(max_size=80), name=st.sampled_from(OF_PAYMENTS))
def test_any_text_is_refused_or_folded_alike(text, name):
    column = COLUMNS[name]
    if column.kind in {Kind.TEXT, Kind.CHOICE, Kind.TIME} and text:
        assert as_a_column(column, text) == through_the_door(column, text)
