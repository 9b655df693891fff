"""What authors are told: every mistake with its place, what was found, what was expected, and what was meant.

Each block of a golden file is the text as written (behind ``>``) and what is told about it. After a wanted change,
``SATARK_GOLDEN=write`` in the environment writes the files anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from satark.events.facts import BASE_FACTS
from satark.features.oneline import parse_feature
from satark.language import ListInfo, NameInfo, Position, Schema, Type, parse_and_check

HERE = Path(__file__).parent
SCHEMA = Schema(
    {
        "amount": NameInfo(Type.INT),
        "method": NameInfo(Type.STR, nullable=False, choices=frozenset({"card", "upi", "wallet"})),
        "mcc": NameInfo(Type.STR),
        "custom.tier": NameInfo(Type.STR),
        "occurred_at": NameInfo(Type.TIME, nullable=False),
        "customer_added_at": NameInfo(Type.TIME),
        "location": NameInfo(Type.LOCATION),
        "new_device": NameInfo(Type.BOOL),
        "declined_share_1h": NameInfo(Type.FLOAT),
        "card_payments_10m": NameInfo(Type.INT),
    },
    {"stolen_cards": ListInfo(Type.STR), "amounts": ListInfo(Type.INT)},
    {"limit": 4},
)


def told_of_expression(text):
    expr, diagnostics = parse_and_check(text, SCHEMA, Position("policy.yaml", 12, 11, 7), Type.BOOL)
    return [str(d) for d in diagnostics] or [f"= {expr.canonical}"]


def told_of_feature(text):
    spec, diagnostics = parse_feature("feature", text, BASE_FACTS, Position("policy.yaml", 12, 11, 7))
    if spec is None:
        return [str(d) for d in diagnostics]
    parts = {"over": spec.value, "where": spec.where, "condition": spec.condition}
    inner = "".join(f" {k} [{e.canonical}]" for k, e in parts.items() if e is not None)
    window = f"{spec.window_seconds}s" + (f" delayed {spec.delay_seconds}s" if spec.delay_seconds else "")
    return [
        f"= {spec.type} {spec.statistic} of {spec.event_type}{inner} by {'+'.join(spec.by)} over {window}"
    ]


@pytest.mark.parametrize(
    ("file", "told"), [("expressions.txt", told_of_expression), ("features.txt", told_of_feature)]
)
def test_diagnostics_are_as_in_the_golden_file(file, told):
    path = HERE / file
    golden = path.read_text(encoding="utf-8")
    blocks = []
    for block in golden.strip().split("\n\n"):
        written = [line.removeprefix("> ") for line in block.splitlines() if line.startswith("> ")]
        blocks.append("\n".join([*(f"> {line}" for line in written), *told("\n".join(written))]))
    actual = "\n\n".join(blocks) + "\n"
    if os.environ.get("SATARK_GOLDEN") == "write":
        path.write_text(actual, encoding="utf-8")
    assert actual == golden
