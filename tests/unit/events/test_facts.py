"""The table of facts, and that its documentation is complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from satark.events import BASE_FACTS, EVENT_TYPES, FactType, custom_facts, facts_of

PAGE = Path(__file__).parents[3] / "docs" / "events.md"


@pytest.mark.parametrize("fact", BASE_FACTS.values(), ids=lambda fact: fact.name)
def test_fact_stands_on_its_page_with_type_and_meaning(fact):
    events = "all" if fact.events == EVENT_TYPES.keys() else ", ".join(sorted(fact.events))
    assert f"| `{fact.name}` | {fact.type.value} | {events} | {fact.about}" in PAGE.read_text(
        encoding="utf-8"
    )


def test_page_names_no_fact_that_does_not_exist():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(BASE_FACTS)


def test_facts_belong_to_events_that_exist():
    assert all(fact.events and fact.events <= EVENT_TYPES.keys() for fact in BASE_FACTS.values())


def test_payment_facts_are_nullable_where_the_payment_may_be_unknown():
    assert not BASE_FACTS["method"].nullable_in("payment")
    assert BASE_FACTS["method"].nullable_in("payment_result")
    assert not BASE_FACTS["outcome"].nullable_in("payment_result")
    assert BASE_FACTS["card"].nullable_in("payment")


def test_custom_attributes_are_facts_of_payments_and_what_follows_them():
    assert custom_facts({"tier": FactType.STR})["custom.tier"].events == {
        "payment",
        "payment_result",
        "label",
    }
    assert "custom.tier" in facts_of("label", {"tier": FactType.STR})
    assert "custom.tier" not in facts_of("payee_change", {"tier": FactType.STR})
