"""The reader of facts: every fact, missing parts, payments of results and labels, rates and signals."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies.events import labels, payee_changes, payments, results, through_the_door

from satark.core import RateTable, to_us
from satark.core.errors import InputInvalid
from satark.events import (
    BASE_FACTS,
    EVENT_TYPES,
    Context,
    FactType,
    Signal,
    compile_reader,
    decode_event,
    facts_of,
)
from satark.events.examples import (
    GOLD_COIN_BY_CARD,
    LABEL_FRAUD,
    PAYEE_ADDED,
    RESULT_DECLINED,
    TRANSFER_BY_UPI,
)
from satark.events.reader import readable
from satark.events.rules import address_key
from satark.events.signals import SIGNAL_INPUTS

GOLD = through_the_door(dict(GOLD_COIN_BY_CARD))
TRANSFER = through_the_door(dict(TRANSFER_BY_UPI))
RESULT = through_the_door(dict(RESULT_DECLINED))
LABEL = through_the_door(dict(LABEL_FRAUD))
CHANGE = through_the_door(dict(PAYEE_ADDED))

_PYTHON_TYPES = {
    FactType.INT: int,
    FactType.FLOAT: float,
    FactType.BOOL: bool,
    FactType.STR: str,
    FactType.TIME: int,
    FactType.LOCATION: tuple,
}


def read(names, event, payment=None, context=None, **options):
    tag = next(tag for tag, struct in EVENT_TYPES.items() if isinstance(event, struct))
    return compile_reader(names, tag, **options)(event, payment, context or Context())


def test_every_fact_of_a_full_payment_is_read():
    facts = facts_of("payment")
    found = dict(zip(facts, read(list(facts), GOLD), strict=True))
    assert found == {
        "id": "ord-20261021-000482",
        "occurred_at": to_us(GOLD.occurred_at),
        "amount": 7_645_000,
        "amount_minor": 7_645_000,
        "currency": "INR",
        "method": "card",
        "channel": "app",
        "customer": "cust-88121",
        "customer_added_at": to_us(GOLD.customer.added_at),
        "phone": "+919876543210",
        "email": "asha.k@example.in",
        "account": None,
        "vpa": None,
        "card": GOLD.card.token,
        "bin": "41111111",
        "bin6": "411111",
        "last4": "1111",
        "issuer_country": "IN",
        "three_ds": "authenticated",
        "merchant": "tanvi-jewels",
        "payee_account": None,
        "payee_vpa": None,
        "mcc": "5944",
        "payee_added_at": None,
        "upi_flow": None,
        "shipping_line": "Flat 4-B, 14 Brigade Road",
        "shipping_city": "Bengaluru",
        "shipping_pin": "560001",
        "shipping_country": "IN",
        "shipping_address": "flat 4 b 14 brigade road|560001",
        "billing_line": "7 Park Street",
        "billing_city": "Kolkata",
        "billing_pin": "700016",
        "billing_country": "IN",
        "billing_address": "7 park street|700016",
        "line_count": 1,
        "quantity": 1,
        "device": "dev-51c0",
        "fingerprint": "fp-9a3e77",
        "user_agent": GOLD.device.user_agent,
        "ip": "203.0.113.7",
        "ip_country": "IN",
        "location": (12.9716, 77.5946, 30.0),
    }


def test_values_come_in_the_order_of_the_names_also_when_one_is_named_twice():
    assert read(["mcc", "method", "mcc"], GOLD) == ["5944", "card", "5944"]
    assert read([], GOLD) == []


def test_result_has_the_facts_of_its_payment_and_its_own_time():
    names = [
        "id",
        "occurred_at",
        "payment",
        "outcome",
        "result_code",
        "result_amount_minor",
        "card",
        "amount",
    ]
    own = ["res-000482-1", to_us(RESULT.occurred_at), "ord-20261021-000482", "declined", "51", None]
    assert read(names, RESULT, GOLD) == [*own, GOLD.card.token, 7_645_000]
    assert read(names, RESULT, None) == [*own, None, None]


def test_label_counts_from_its_report():
    names = ["occurred_at", "label", "label_kind", "reporter", "payment", "merchant", "line_count"]
    own = [to_us(LABEL.reported_at), "fraud", "stolen_card", "issuer:exbank", "ord-20261021-000482"]
    assert read(names, LABEL, GOLD) == [*own, "tanvi-jewels", 1]
    assert read(names, LABEL, None) == [*own, None, None]


def test_payee_change_has_its_own_facts():
    names = ["change", "payee_vpa", "customer", "ip", "device", "location", "payee_added_at"]
    expected = ["added", "quick-loan.77@exbank", "cust-10377", "198.51.100.23", "dev-77a1", None, None]
    assert read(names, CHANGE) == expected


@pytest.mark.parametrize("tag", sorted(EVENT_TYPES))
def test_reader_knows_exactly_the_facts_of_the_table(tag):
    assert readable(tag) - SIGNAL_INPUTS == facts_of(tag).keys()


@pytest.mark.parametrize(
    ("name", "tag", "hint"),
    [
        ("shiping_city", "payment", "shipping_city"),
        ("outcome", "payment", None),
        ("card", "payee_change", None),
        ("custom.tier", "payee_change", None),
        ("custom.9", "payment", None),
        ("custom.teir", "payment", None),
    ],
)
def test_name_is_refused_when_the_event_type_has_no_such_fact(name, tag, hint):
    with pytest.raises(InputInvalid) as caught:
        compile_reader([name], tag, attributes={"tier": FactType.STR})
    assert caught.value.fields["field"] == name
    if hint:
        assert caught.value.fields["hint"] == hint


def test_event_type_is_refused_when_it_is_unknown():
    with pytest.raises(InputInvalid):
        compile_reader([], "paymnet")


def foreign(**changes):
    body = {**TRANSFER_BY_UPI, "amount_minor": 1_000, "currency": "USD", **changes}
    return decode_event(msgspec.json.encode(body))


def test_amount_is_in_the_base_currency_when_a_rate_is_known():
    rates = RateTable.from_rows("INR", [{"currency": "USD", "date": "2026-10-20", "rate": "84.5"}])
    context = Context(rates)
    assert read(["amount", "amount_minor"], foreign(), context=context) == [84_500, 1_000]
    assert context.degraded == []


@pytest.mark.parametrize("rates", [None, RateTable("INR"), RateTable("USD")])
def test_amount_is_missing_and_degraded_when_no_rate_is_known(rates):
    context = Context(rates)
    assert read(["amount"], foreign(), context=context) == [None]
    assert read(["amount"], RESULT, foreign(), context=context) == [None]
    assert context.degraded == ["rate:USD"]


def test_rate_is_not_asked_for_when_amount_is_not_named():
    context = Context()
    assert read(["amount_minor"], foreign(), context=context) == [1_000]
    assert context.degraded == []


def test_custom_attributes_are_read_by_their_declared_type():
    event = foreign(custom={"tier": "gold", "ratio": 2})
    names = ["custom.tier", "custom.ratio", "custom.absent"]
    attributes = {"tier": FactType.STR, "ratio": FactType.FLOAT, "absent": FactType.FLOAT}
    found = read(names, event, attributes=attributes)
    assert found == ["gold", 2.0, None]
    assert isinstance(found[1], float)
    assert read(["custom.tier"], event) == ["gold"]
    assert read(["custom.tier"], RESULT, event) == ["gold"]


def signals(*many: Signal) -> dict[str, Signal]:
    return {signal.name: signal for signal in many}


def broken(*_):
    raise ZeroDivisionError


PRICEY = Signal(
    "pricey", FactType.BOOL, ("amount",), lambda amount: None if amount is None else amount > 1_000
)
GOLD_LINES = Signal(
    "gold_lines",
    FactType.INT,
    ("lines",),
    lambda lines: sum("gold" in (line.category or "") for line in lines or ()),
)
PRICEY_GOLD = Signal("pricey_gold", FactType.BOOL, ("pricey", "gold_lines"), lambda a, b: bool(a and b))
BROKEN = Signal("broken", FactType.INT, ("amount",), broken)
ENDLESS = Signal("endless", FactType.FLOAT, ("amount",), lambda _: float("inf"))
TEXT = Signal("text", FactType.INT, ("amount",), lambda _: "no number")


def test_signals_are_computed_from_facts_parts_and_other_signals():
    known = signals(PRICEY, GOLD_LINES, PRICEY_GOLD)
    assert read(["pricey_gold", "method"], GOLD, signals=known) == [True, "card"]
    assert read(["pricey_gold"], TRANSFER, signals=known) == [False]
    assert read(["gold_lines"], LABEL, None, signals=known) == [0]


def test_signal_is_not_computed_when_it_is_not_named():
    context = Context()
    assert read(["amount"], GOLD, context=context, signals=signals(BROKEN)) == [7_645_000]
    assert context.degraded == []


def test_signal_is_missing_and_degraded_when_it_raises():
    context = Context()
    known = signals(BROKEN, PRICEY, TEXT)
    assert read(["broken", "pricey", "text"], GOLD, context=context, signals=known) == [None, True, None]
    assert context.degraded == ["signal:broken", "signal:text"]


def test_signal_is_missing_when_it_is_not_finite():
    assert read(["endless"], GOLD, signals=signals(ENDLESS)) == [None]


def test_signals_are_refused_when_they_need_each_other():
    one = Signal("one", FactType.INT, ("two",), abs)
    two = Signal("two", FactType.INT, ("one",), abs)
    with pytest.raises(ValueError, match="needs itself"):
        compile_reader(["one"], "payment", signals(one, two))


def test_signal_is_refused_when_its_input_is_unknown():
    with pytest.raises(InputInvalid):
        compile_reader(["lost"], "payment", signals(Signal("lost", FactType.INT, ("amonut",), abs)))


@pytest.mark.parametrize(
    ("line", "pin", "key"),
    [
        ("14, M.G. Road", "560001", "14 m g road|560001"),
        ("14 m-g  ROAD.", "560001", "14 m g road|560001"),
        ("House 22\nSector 9", None, "house 22 sector 9|"),
        ("ＨＯＵＳＥ ２２", None, "house 22|"),
        ("...", "560001", None),
        ("", "560001", None),
        (None, "560001", None),
    ],
)
def test_address_key_is_the_same_when_only_case_and_marks_differ(line, pin, key):
    assert address_key(line, pin) == key


@settings(max_examples=200)
@given(payments() | payee_changes(), results() | labels(), st.booleans())
def test_every_value_has_the_type_and_choice_that_its_fact_promises(event, about, known):
    for one, payment in (
        (event, None),
        (about, event if known and type(event).__name__ == "Payment" else None),
    ):
        tag = next(tag for tag, struct in EVENT_TYPES.items() if isinstance(one, struct))
        names = list(facts_of(tag))
        for name, value in zip(names, read(names, one, payment), strict=True):
            fact = BASE_FACTS[name]
            if value is None:
                assert fact.nullable_in(tag)
            else:
                assert type(value) is _PYTHON_TYPES[fact.type]
                assert fact.choices is None or value in fact.choices
