from __future__ import annotations

import re

from satark.api.docs import note_of, type_of


def test_page_shows_every_operation_when_opened(http):
    response = http.send("GET", "/docs")
    assert response.headers["content-type"].startswith("text/html")
    for text in ("Decide one payment", "/v1/decisions/batch", "schema-Payment", "card_velocity"):
        assert text in response.text


def test_page_needs_nothing_from_outside_when_opened(http):
    response = http.send("GET", "/docs")
    assert "<script" not in response.text
    assert "style=" not in response.text
    assert not re.findall(r'(?:src|href)="https?:', response.text)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert http.send("GET", "/docs/style.css").headers["content-type"].startswith("text/css")


def test_type_is_told_in_words_when_a_schema_is_shown():
    assert type_of({"enum": ["a", "b"]}) == "a | b"
    assert type_of({"type": "integer", "minimum": 0, "maximum": 1_000}) == "integer, 0 to 1,000"
    assert type_of({"type": "string", "minLength": 4, "maxLength": 4}) == "string, 4 long"
    assert type_of({"type": "string", "format": "date-time"}) == "time"
    assert type_of({"type": "integer", "minimum": 1}) == "integer, from 1"
    assert type_of({"type": "object", "additionalProperties": {"type": "integer"}}) == "map of integer"
    assert type_of({"type": "object"}) == "object"


def test_note_is_that_of_the_choice_when_the_field_may_be_null():
    field = {"anyOf": [{"type": "string", "description": "the PIN"}, {"type": "null"}]}
    assert note_of(field) == "the PIN"
    assert note_of({"type": "string"}) == ""
