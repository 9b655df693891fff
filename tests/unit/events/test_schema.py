"""The exported JSON Schema, its examples and the decoder agree."""

from __future__ import annotations

import json

import msgspec
import pytest
from tests.strategies.events import TOKENS

from satark.events import EVENT_TYPES, canonical_body, decode_event, seal_card
from satark.events.examples import EXAMPLES
from satark.events.schema import components, event_schema

_EXAMPLES = [(tag, name, body) for tag, named in EXAMPLES.items() for name, body in named.items()]


@pytest.mark.parametrize(("tag", "name", "body"), _EXAMPLES)
def test_example_is_accepted_as_it_stands(tag, name, body):
    event = decode_event(msgspec.json.encode(body), only=tag)
    assert type(event) is EVENT_TYPES[tag]
    # Examples are written in normal form: apart from the card, what comes out is what went in.
    stored = json.loads(canonical_body(seal_card(event, TOKENS)))
    for field in body.keys() - {"card", "currency", "occurred_at", "lines"}:
        assert stored[field] == body[field], name


def test_every_event_and_part_has_a_schema_that_allows_no_other_fields():
    schemas = components()
    assert {struct.__name__ for struct in EVENT_TYPES.values()} <= schemas.keys()
    assert {"Customer", "Payer", "Card", "Payee", "Line", "Address", "Device", "Location"} <= schemas.keys()
    for schema in schemas.values():
        assert schema["additionalProperties"] is False
        assert schema["description"]


def test_every_event_has_examples_and_every_reference_resolves():
    schemas = components()
    for struct in EVENT_TYPES.values():
        assert schemas[struct.__name__]["examples"]
    text = json.dumps([schemas, event_schema()])
    for reference in set(text.split('"#/components/schemas/')[1:]):
        assert reference.split('"')[0] in schemas


def test_components_are_a_fresh_copy_when_asked_for_again():
    components()["Payment"].clear()
    assert components()["Payment"]


def test_number_is_write_only_and_next_token_read_only():
    card = components()["Card"]["properties"]
    assert "writeOnly" in json.dumps(card["number"])
    assert card["next_token"]["readOnly"]
