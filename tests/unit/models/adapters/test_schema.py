"""The schema of a model from outside: read whole, checked against the policy, every mistake with its place."""

from __future__ import annotations

import pytest
from tests.support.foreign_models import NAMES, SCHEMA, SIGNATURES, schema, score_schema

from satark.core.errors import InputInvalid
from satark.models.adapters import read_schema


def mistakes(text):
    with pytest.raises(InputInvalid) as caught:
        read_schema(text, NAMES, SIGNATURES, file="s.yaml")
    return [str(one) for one in caught.value.fields["diagnostics"]]


def test_inputs_are_read_in_order_with_types_and_signatures():
    read = schema()
    assert [(one.name, one.source, one.type) for one in read.inputs] == [
        ("rupees", "amount / 100", "float"),
        ("card_10m", "card_10m", "int"),
        ("is_new", "is_new", "bool"),
        ("method", "method", "str"),
    ]
    assert read.inputs[1].features == {"card_10m": "0123456789abcdef"}
    assert read.inputs[0].features == {}
    assert read.inputs[3].categories == ("card", "upi")
    assert read.missing == (0.0, 0.0, 0.0, -1.0)


def test_all_mistakes_are_told_at_once_with_their_places():
    text = """schema: 2
model: Bad Name
inputs:
  a: {value: amout / 100}
  b: {value: card_10m, type: str, colour: red}
  c: {value: method}
  d: {value: card_10m > , missing: much}
  e: {value: card_10m, categories: [x], says: {en: "no place", hi: "{value} {value}"}}
output: {kind: score}
"""
    found = mistakes(text)
    assert [line.split(": ", 1)[0] for line in found] == [
        "s.yaml:1:9", "s.yaml:2:8", "s.yaml:4:14", "s.yaml:5:30", "s.yaml:5:35", "s.yaml:6:14", "s.yaml:7:24",
        "s.yaml:7:36", "s.yaml:8:14", "s.yaml:8:52", "s.yaml:8:68", "s.yaml:9:9",
    ], found  # fmt: skip
    assert "did you mean `amount`?" in found[2]
    assert "has no `colour`" in found[4]


@pytest.mark.parametrize(
    ("output", "word"),
    [
        ("{kind: probability, calibration: [[0, 0], [1, 1]]}", "takes no `calibration`"),
        ("{kind: probability, riskier: lower}", "takes no `riskier`"),
        ("{kind: score, calibration: [[0, 0.1]]}", "at least two points"),
        ("{kind: score, calibration: [[0, 0.5], [1, 0.1]]}", "probabilities fall"),
        ("{kind: score, calibration: [[0, 0.1], [0, 0.2]]}", "do not ascend"),
        ("{kind: score, calibration: [[0, 0.1], [1, 1.2]]}", "not usable"),
        ("{kind: score, calibration: [[0, 0.1, 3], [1, 0.2]]}", "not a pair"),
        ("{kind: odds}", "not known"),
    ],
)
def test_output_is_refused_when_it_makes_no_probability(output, word):
    found = mistakes(SCHEMA.replace("{kind: probability, positive: 1}", output))
    assert any(word in line for line in found), found


def test_calibration_is_turned_round_when_lower_is_riskier():
    read = score_schema("[[-2, 0.9], [0, 0.3], [3, 0.01]]", ", riskier: lower")
    assert read.outcome.falls
    assert read.outcome.calibration == ((-3.0, 0.0, 2.0), (0.01, 0.3, 0.9))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("a: &x 1\nb: *x", "anchors and aliases"),
        ("[1, 2", "not valid YAML"),
        ("schema: 1\n---\nschema: 1", "second document"),
        ("{" * 40 + "}" * 40, "nested too deeply"),
        ("- 1", "not a mapping"),
        ("schema: 1\nmodel: m\ninputs: {}\noutput: {kind: probability}", "no inputs"),
        ("schema: 1\nmodel: m\ninputs: {a: {value: location}}\noutput: {kind: probability}", "no fact or feature"),
        ("schema: 1\nmodel: m\ninputs: {a: {value: 'listed(method, \"x\")'}}\noutput: {kind: probability}", "list"),
    ],
)  # fmt: skip
def test_text_is_refused_when_it_is_no_schema(text, word):
    assert any(word in line for line in mistakes(text))


def test_positive_keeps_its_kind_when_quoted():
    quoted = schema(SCHEMA.replace("positive: 1", 'positive: "1"')).outcome.positive
    assert (quoted, schema().outcome.positive) == ("1", 1)


def test_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputInvalid, match="cannot be read"):
        read_schema(tmp_path / "none.yaml", NAMES, SIGNATURES)
