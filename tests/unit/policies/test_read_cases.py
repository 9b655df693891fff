"""The `cases:` section of a policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from satark.core.errors import PolicyInvalid
from satark.core.words import Words
from satark.policies import load_bundled, load_policy
from satark.policies.case_rules import JoinRule, OnFraud
from satark.policies.case_words import CHECKLIST, REASONS
from satark.policies.read_cases import DEFAULT_JOIN

HEAD = """
policy: tiny
version: 1
lists:
  blocked_cards: {of: card, entries: []}
  blocked_payees: {of: payee_key, entries: []}
rules:
  large:
    when: amount > rupees(100)
    action: hold
    kind: mule
    reason: {en: large, hi: बड़ा}
"""
QUEUES = "  queues: {upi: {en: UPI, hi: यूपीआई}, cards: {en: Cards, hi: कार्ड}}\n"


def cases_of(section: str):
    """Return what a section says."""
    return load_policy(f"{HEAD}cases:\n{section}").cases


def mistakes(section: str) -> list[tuple[int, int, str]]:
    """Return (line within the section, column, code) of a section's mistakes."""
    with pytest.raises(PolicyInvalid) as caught:
        cases_of(section)
    first = HEAD.count("\n") + 1
    return [
        (one.position.line - first, one.position.column, one.code)
        for one in caught.value.fields["diagnostics"]
    ]


def test_a_policy_without_the_section_sends_what_is_stopped_to_one_queue():
    rules = load_policy(HEAD).cases
    assert [(route.queue, route.deadline_seconds, route.four_eyes) for route in rules.routes] == [
        ("review", 7_200, False)
    ]
    assert rules.join == DEFAULT_JOIN
    assert rules.terms.reasons == REASONS
    assert rules.terms.checklist == CHECKLIST
    assert rules.terms.on_fraud == ()


def test_everything_that_the_section_says_is_read():
    rules = cases_of(
        QUEUES
        + """
  routes:
    - {when: 'action == "block" and kind == "mule"', queue: upi, deadline: 30m, four_eyes: true}
    - {when: 'score < 0.3', queue: none}
    - {queue: cards}
  join: {by: [card, payee_account, shipping_address, billing_address], within: 2d, at_most: 9}
  reasons:
    fraud: [stolen_card, {code: sim_swap, en: SIM swapped, hi: सिम बदला गया}]
  checklist:
    - called_customer
    - {code: saw_id, en: Saw an identity document, hi: पहचान पत्र देखा}
  on_fraud:
    lists:
      - {list: blocked_cards, expires: 90d}
      - {list: blocked_payees, of: merchant}
"""
    )
    first, second, third = rules.routes
    assert (first.queue, first.deadline_seconds, first.four_eyes) == ("upi", 1_800, True)
    assert first.when.names == {"action", "kind"}
    assert (second.queue, third.queue, third.when, third.deadline_seconds) == (None, "cards", None, 7_200)
    assert rules.join == JoinRule(frozenset({"card", "account", "address"}), 172_800, 9)
    assert list(rules.terms.queues) == ["upi", "cards"]
    assert rules.terms.reasons["fraud"] == {
        "stolen_card": REASONS["fraud"]["stolen_card"],
        "sim_swap": Words(en="SIM swapped", hi="सिम बदला गया"),
    }
    assert rules.terms.reasons["genuine"] == REASONS["genuine"]
    assert list(rules.terms.checklist) == ["called_customer", "saw_id"]
    assert rules.terms.on_fraud == (
        OnFraud("blocked_cards", "card", 90 * 86_400),
        OnFraud("blocked_payees", "merchant", None, "merchant:"),
    )


def test_the_section_that_the_guide_shows_can_be_used():
    guide = Path(__file__).parents[3] / "docs" / "cases.md"
    (section,) = re.findall(
        r"^```yaml\n(.*?)^```", guide.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    rules = load_policy(HEAD + section).cases
    assert [route.queue for route in rules.routes] == [None, "upi", "upi", "cards"]


def test_the_section_is_no_part_of_the_content_hash():
    other = load_policy(f"{HEAD}cases:\n{QUEUES}  routes: [{{queue: upi}}]\n")
    assert other.content_hash == load_policy(HEAD).content_hash


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("  routes: []\n", [(1, 3, "missing_key")]),
        (QUEUES, [(1, 3, "missing_key")]),
        (QUEUES + "  routes: [{queue: upy}]\n", [(2, 20, "unknown_queue")]),
        (QUEUES + "  routes: [{when: actoin == 1, queue: upi}]\n", [(2, 19, "unknown_name")]),
        (QUEUES + "  routes: [{when: action == 'stop', queue: upi}]\n", [(2, 29, "unknown_choice")]),
        (QUEUES + "  routes: [{when: score, queue: upi}]\n", [(2, 19, "type_mismatch")]),
        (
            QUEUES + "  routes: [{when: 'listed(card, \"blocked_cards\")', queue: upi}]\n",
            [(2, 19, "list_in_route")],
        ),
        (QUEUES + "  routes: [{queue: upi, deadline: soon}]\n", [(2, 35, "duration")]),
        (QUEUES + "  routes: [{queue: upi, deadline: 400d}]\n", [(2, 35, "duration")]),
        (QUEUES + "  routes: [{queue: upi, four_eyes: maybe}]\n", [(2, 36, "choice")]),
        (QUEUES + "  routes: [{queue: upi, colour: red}]\n", [(2, 25, "unknown_key")]),
        (QUEUES + "  routes: []\n  join: {by: [cart]}\n", [(3, 15, "choice")]),
        (QUEUES + "  routes: []\n  join: {by: [card], at_most: 0}\n", [(3, 31, "number")]),
        (QUEUES + "  routes: []\n  reasons: {fraud: [sim_swap]}\n", [(3, 21, "no_words")]),
        (QUEUES + "  routes: []\n  reasons: {fraud: []}\n", [(3, 20, "empty")]),
        (QUEUES + "  routes: []\n  reasons: {guilty: []}\n", [(3, 13, "unknown_key")]),
        (QUEUES + "  routes: []\n  checklist: [{code: a, en: A}]\n", [(3, 15, "missing_key")]),
        (QUEUES + "  routes: []\n  checklist: [rules_read, rules_read]\n", [(3, 27, "duplicate_key")]),
        (QUEUES + "  routes: []\n  on_fraud: {lists: [{list: blocked_cart}]}\n", [(3, 29, "unknown_list")]),
        (QUEUES + "  routes: []\n  on_fraud: {lists: [{list: blocked_payees}]}\n", [(3, 22, "missing_key")]),
        (
            QUEUES + "  routes: []\n  on_fraud: {lists: [{list: blocked_cards, of: device}]}\n",
            [(3, 22, "type")],
        ),
        ("  queues: {none: {en: a, hi: b}}\n  routes: []\n", [(1, 12, "name")]),
        ("  queues: {a: {en: a}}\n  routes: []\n", [(1, 15, "missing_key")]),
        ('  queues: {a: {en: "", hi: b}}\n  routes: []\n', [(1, 20, "words")]),
        ("  queues: [a]\n  routes: []\n", [(1, 11, "type")]),
    ],
)
def test_a_mistake_is_told_with_its_place(section, expected):
    assert mistakes(section) == expected


ALL_AT_ONCE = ["unknown_queue", "duration", "type", "missing_key", "duration"]


def test_all_mistakes_are_told_at_once():
    found = mistakes(QUEUES + "  routes: [{queue: upy, deadline: soon}, 7]\n  join: {within: 1y}\n")
    assert [code for _, _, code in found] == ALL_AT_ONCE


def test_a_list_that_is_wrong_itself_is_not_called_unknown():
    source = HEAD.replace("of: card,", "of: cart,") + f"cases:\n{QUEUES}  routes: []\n"
    source += "  on_fraud: {lists: [{list: blocked_cards, of: card}]}\n"
    with pytest.raises(PolicyInvalid) as caught:
        load_policy(source)
    assert [one.code for one in caught.value.fields["diagnostics"]] == ["unknown_name"]


def test_near_names_are_hinted():
    with pytest.raises(PolicyInvalid) as caught:
        cases_of(QUEUES + "  routes: [{queue: card}]\n")
    assert "cards" in caught.value.fields["diagnostics"][0].hint


def test_the_bundled_policy_has_words_in_both_languages_for_all_it_says():
    policy = load_bundled()
    rules = policy.cases
    words = [*rules.terms.queues.values(), *rules.terms.checklist.values()]
    for reasons in rules.terms.reasons.values():
        words += reasons.values()
    assert all(one.en.isascii() and not one.hi.isascii() for one in words)
    # What a customer denies has a queue of its own, which no route leads to.
    assert {route.queue for route in rules.routes} | {policy.answers.fraud.queue} == set(rules.terms.queues)
    assert [offer.list for offer in rules.terms.on_fraud] == [
        "blocked_cards",
        "blocked_devices",
        "drop_addresses",
        "blocked_ips",
    ]
