"""The rules of one event and the rules of a frame give the same answers, row by row."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satark.language import Type
from satark.policies import ListBook, compile_rules, load_bundled, load_policy
from satark.policies.bulk import evaluate_frame
from satark.policies.names import names_of

EXEMPTIONS = load_policy(
    """
policy: exemptions
version: 1
thresholds: {challenge: 0.3, hold: 0.6, block: 0.9}
lists:
  cards: {of: card, entries: [a, {value: b, expires: 2026-06-01T00:00:00+05:30}]}
  ips: {of: ip, entries: ["10.0.0.0/30", 10.0.0.9]}
  merchants: {of: merchant, entries: []}
rules:
  one: {when: amount_minor > 5, action: challenge, score: 0.95, reason: {en: x, hi: x}}
  two: {when: 'listed(card, "cards")', action: hold, reason: {en: x, hi: x}}
  three: {when: 'not listed(ip, "ips")', score: 0.6, reason: {en: x, hi: x}}
  four: {when: 'listed(merchant, "merchants") or amount_minor == 3', exempt: [one, five], reason: {en: x, hi: x}}
  five: {when: 'card == "c"', exempt: [two, four], until: 2026-06-01T00:00:00+05:30, reason: {en: x, hi: x}}
  six: {when: 'amount > 5 and not (amount > 9)', action: block, score: 0.1, reason: {en: x, hi: x}}
"""
)
MID_2026_US = 1_780_252_200_000_000
DTYPES = {
    Type.INT: pl.Int64,
    Type.FLOAT: pl.Float64,
    Type.BOOL: pl.Boolean,
    Type.STR: pl.String,
    Type.TIME: pl.Int64,
}
HASH = "ab" * 32
SCORED = """
policy: scored
version: 1
thresholds: {challenge: 0.3, hold: 0.6, block: 0.9}
model: {use: m.model, hash: %s, if_missing: %s}
rules:
  likely: {when: model_score > 0.5, params: {}, score: 0.4, reason: {en: "{model_score}", hi: x}}
  model_score: {when: amount_minor > 5 and missing(model_score), action: block, reason: {en: x, hi: x}}
  calm: {when: 'card == "a"', exempt: [likely], reason: {en: x, hi: x}}
"""
POLICIES = {
    "bundled": load_bundled(),
    "exemptions": EXEMPTIONS,
    "scored": load_policy(SCORED % (HASH, "open")),
    "scored_closed": load_policy(SCORED % (HASH, "closed")),
    "scored_without_rules": load_policy(
        SCORED.split("rules:", maxsplit=1)[0] % (HASH, "closed") + "rules: {}\n"
    ),
}


def book_of(policy):
    book = ListBook.of(policy)
    if policy.name == "payments":
        book.edit("blocked_cards", "a", MID_2026_US)
        book.edit("trusted_customers", "a")
        book.edit("blocked_ips", "10.0.0.0/30")
    return book


def value_of(name, info, numbers, dice):
    """Draw a value that is near a limit of the policy more often than not."""
    if name == "occurred_at":
        return MID_2026_US + dice.choice([-1, 0, 1, 10**9])
    if info.nullable and dice.random() < 0.15:
        return None
    if name == "model_score":
        return dice.choice([0.0, 0.3, 0.5, 0.500001, 0.9, 1.0])
    if info.choices:
        return dice.choice(sorted(info.choices))
    if name == "ip":
        return dice.choice(["10.0.0.1", "10.0.0.4", "10.0.0.9", "nonsense"])
    if info.type is Type.STR:
        return dice.choice(["a", "b", "c", "IN", "US"])
    if info.type is Type.BOOL:
        return dice.random() < 0.5
    number = dice.choice(numbers) + dice.choice([-1, 0, 0, 1])
    return int(number) if info.type is Type.INT else float(number) * dice.choice([0.5, 1.0, 1.5])


@pytest.mark.parametrize("name", POLICIES)
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_answers_are_equal_when_rules_run_for_one_event_or_for_many(name, seed):
    policy = POLICIES[name]
    rules, book, dice = compile_rules(policy), book_of(policy), random.Random(seed)
    infos = names_of(policy)
    numbers = [0, 3, 6, 10]
    for rule in policy.rules:
        numbers += [value for value in rule.params.values() if isinstance(value, int | float)]
    columns = list(dict.fromkeys([*rules.order, "occurred_at"]))
    rows = [[value_of(one, infos[one], numbers, dice) for one in columns] for _ in range(60)]
    schema = {one: DTYPES[infos[one].type] for one in columns}
    many = evaluate_frame(policy, pl.DataFrame(rows, schema=schema, orient="row"), book)
    at = columns.index("occurred_at")
    for row, found in zip(rows, many.iter_rows(named=True), strict=True):
        values = [row[columns.index(one)] for one in rules.order]
        verdict = rules.evaluate(values, book.at(row[at]))
        assert found["rules"] == [fired.code for fired in verdict.fired]
        assert found["action"] == verdict.action
        assert found["score"] == verdict.score


@pytest.mark.parametrize("if_missing", ["open", "closed"])
def test_answers_are_equal_when_a_list_is_missing(tmp_path, if_missing):
    path = tmp_path / "p.yaml"
    path.write_text(
        f"policy: p\nversion: 1\nlists: {{bad: {{of: card, file: none.txt, if_missing: {if_missing}}}}}\nrules:\n"
        "  a: {when: 'listed(card, \"bad\")', action: block, reason: {en: x, hi: x}}\n"
        "  b: {when: 'missing(listed(card, \"bad\"))', action: challenge, reason: {en: x, hi: x}}\n"
    )
    policy = load_policy(path)
    book, rules = ListBook.of(policy), compile_rules(policy)
    frame = pl.DataFrame({"card": ["a", None], "occurred_at": [0, 0]})
    found = evaluate_frame(policy, frame, book)["action"].to_list()
    assert found == [rules.evaluate([card], book.at(0)).action for card in ("a", None)]


def test_rule_without_names_fires_on_every_row():
    policy = load_policy(
        "policy: p\nversion: 1\nrules: {amount: {when: True, action: hold, reason: {en: x, hi: x}}}\n"
    )
    found = evaluate_frame(policy, pl.DataFrame({"amount": [1, 2]}), ListBook.of(policy))
    assert found["rules"].to_list() == [["amount"]] * 2


def test_every_row_is_allowed_when_there_are_no_rules():
    policy = load_policy("policy: p\nversion: 1\nrules: {}\n")
    found = evaluate_frame(policy, pl.DataFrame({"amount": [1, 2]}), ListBook.of(policy))
    assert found.to_dicts() == [{"action": "allow", "score": 0.0, "rules": []}] * 2
