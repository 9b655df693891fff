"""Draws are fair, stable, and not to be foreseen without the secret of the installation."""

from __future__ import annotations

import json

import pytest

from satark.decisions.draws import CANARY, CONTROL, Draws, customer_key
from satark.events import decode_event

FULL = {
    "customer": {"id": "asha"},
    "card": {"token": "tok_1"},
    "payer": {"account": "12345678901", "vpa": "asha@okbank"},
}


def payment(**parts):
    body = {"id": "p1", "occurred_at": "2026-01-31T10:00:00Z", "amount_minor": 5, "method": "upi", **parts}
    return decode_event(json.dumps(body).encode(), "payment")


@pytest.mark.parametrize(
    ("without", "key"),
    [
        ((), "customer:asha"),
        (("customer",), "card:tok_1"),
        (("customer", "card"), "account:12345678901"),
        (("customer", "card", "account"), "vpa:asha@okbank"),
        (("customer", "card", "payer"), "payment:p1"),
    ],
)
def test_customer_is_known_by_the_first_that_is_there(without, key):
    parts = {name: dict(part) for name, part in FULL.items() if name not in without}
    if "account" in without:
        del parts["payer"]["account"]
    assert customer_key(payment(**parts)) == key


def test_customer_named_as_a_card_is_not_that_card():
    by_customer = customer_key(payment(customer={"id": "tok_1"}))
    by_card = customer_key(payment(card={"token": "tok_1"}))
    assert by_customer != by_card


def test_draws_are_spread_evenly():
    draws = [Draws(7).draw(CANARY, "policy", f"customer:{n}") for n in range(10_000)]
    assert all(0 <= one < 1 for one in draws)
    counts = [sum(low <= one * 10 < low + 1 for one in draws) for low in range(10)]
    assert max(abs(count - 1_000) for count in counts) < 120  # 4 standard deviations of 30


def test_draws_of_other_policies_purposes_and_installations_are_others():
    one = Draws(7).draw(CANARY, "a", "key")
    others = [
        Draws(8).draw(CANARY, "a", "key"),
        Draws(7).draw(CONTROL, "a", "key"),
        Draws(7).draw(CANARY, "b", "key"),
        Draws(7).draw(CANARY, "a", "key2"),
    ]
    assert len({one, *others}) == 5
    assert Draws(7).draw(CANARY, "a", "key") == one
