"""The quick look at keys never says yes to a body in which one stands twice."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satark.core.errors import InvalidEvent
from satark.events import decode, decode_event
from satark.events.kinds import Payment

PLAIN = {
    "type": "payment",
    "id": "p1",
    "occurred_at": "2026-01-31T10:00:00+05:30",
    "amount_minor": 5000,
    "method": "upi",
    "customer": {"id": "c1", "phone": "+919812345678"},
    "lines": [{"category": "home", "sku": "s1", "price_minor": 10}, {"category": "gold", "price_minor": 20}],
}


def written(value: dict, **form) -> bytes:
    return json.dumps(value, **{"separators": (",", ":"), "ensure_ascii": False, **form}).encode()


def looked_at(raw: bytes) -> bool:
    return decode._surely_named_once(raw, decode._ONE["payment"].decode(raw))


@pytest.mark.parametrize("form", [{}, {"separators": (", ", ": ")}], ids=["dense", "spaced"])
def test_look_is_quick_when_the_body_is_as_programs_write_it(form):
    assert looked_at(written(PLAIN, **form))
    assert isinstance(decode_event(written(PLAIN), "payment"), Payment)


@pytest.mark.parametrize(
    "raw",
    [
        written(PLAIN, indent=1),
        written({**PLAIN, "channel": "unknown"}),
        written({name: PLAIN[name] for name in reversed(PLAIN)}),
        written({**PLAIN, "shipping": {"line": 'a "quoted" house', "country": "IN"}}),
    ],
    ids=["lines", "a default", "type last", "escapes"],
)
def test_look_is_closer_and_the_event_taken_when_the_body_is_unusual(raw):
    assert not looked_at(raw)
    assert decode_event(raw, "payment").id == "p1"


@given(
    order=st.permutations(list(PLAIN)),
    twice=st.sampled_from([*PLAIN, "customer.id", "lines.category"]),
    gap=st.sampled_from(["", " ", "\t", "\n"]),
    with_type=st.booleans(),
    more=st.sampled_from(
        [{}, {"custom": {"type": 1}}, {"channel": "unknown"}, {"shipping": {"line": "a:b"}}]
    ),
)
def test_body_is_refused_when_a_key_stands_twice_wherever_it_stands(order, twice, gap, with_type, more):
    names = [name for name in order if with_type or name != "type"]
    fields = [f'"{name}"{gap}:{json.dumps(PLAIN[name], separators=(",", ":"))}' for name in names]
    fields += [f'"{name}":{json.dumps(value)}' for name, value in more.items()]
    if "." in twice:
        outer, inner = twice.split(".")
        first = PLAIN[outer] if outer == "customer" else PLAIN[outer][0]
        text = f'"{inner}":{json.dumps(first[inner])}'
        fields = [field.replace(text, f"{text},{text}", 1) for field in fields]
    elif twice in names:
        fields.append(f'"{twice}":{json.dumps(PLAIN[twice], separators=(",", ":"))}')
    else:
        return
    raw = ("{" + ",".join(fields) + "}").encode()
    with pytest.raises(InvalidEvent):
        decode_event(raw, "payment")


def test_phone_with_its_country_is_not_looked_at_as_an_aadhaar_number():
    valid = next(n for n in range(919_800_000_000, 919_800_000_100) if decode.is_aadhaar(str(n)))
    assert not decode._suspicious(written({"phone": f"+{valid}"}))
    assert decode._suspicious(written({"line": f"aadhaar {valid}"}))
