from __future__ import annotations

from dataclasses import dataclass

import pytest

from satark.core.errors import InputInvalid
from satark.events import Label, Payment, PaymentResult
from satark.policies import load_policy
from satark.policies.cases import load_cases, run_cases

POLICY = load_policy(
    "policy: p\nversion: 1\nrules:\n  big: {when: amount_minor > 10, action: hold, reason: {en: x, hi: x}}\n"
)


@dataclass
class Answer:
    action: str
    score: float
    codes: tuple[str, ...]


def decide(policy, events):
    """Answer as the rule says, without an engine."""
    big = [isinstance(event, Payment) and event.amount_minor > 10 for event in events]
    return [
        Answer("hold" if one else "allow", 0.6 if one else 0.0, ("big",) if one else ())
        if isinstance(event, Payment)
        else None
        for event, one in zip(events, big, strict=True)
    ]


def cases(tmp_path, text):
    path = tmp_path / "cases.yaml"
    path.write_text(text, "utf-8")
    return path


STORY = """
defaults: {base: {type: payment, method: card, amount_minor: 5, customer: {id: asha}}}
cases:
  story:
    base: {card: {token: "tok_{n}"}}
    events:
      - {at: 0m, repeat: 2, every: 1m, customer: {added_at: -2d}}
      - {at: 5m, type: payment_result, payment: last, outcome: declined}
      - {at: 1h, type: label, event: e1, label: fraud, reporter: bank}
      - {at: 2h, amount_minor: 11, customer: null, expect: {action: hold, rules: [big], min_score: 0.5}}
"""


def test_events_are_as_told_when_a_case_is_read(tmp_path):
    (case,) = load_cases(cases(tmp_path, STORY), POLICY)
    first, second, result, label, last = case.events
    assert isinstance(first, Payment)
    assert first.card.token == "tok_1"
    assert second.card.token == "tok_2"
    assert (second.occurred_at - first.occurred_at).total_seconds() == 60
    assert (first.occurred_at - first.customer.added_at).days == 2
    assert isinstance(result, PaymentResult)
    assert result.payment == "e2"
    assert isinstance(label, Label)
    assert label.event == "e1"
    assert last.customer is None
    assert case.expected[0][0] == 4


def test_case_passes_when_the_answer_is_as_expected(tmp_path):
    report = run_cases(POLICY, cases(tmp_path, STORY), decide=decide)
    assert report.passed
    assert report.uncovered == ()


def test_case_says_what_was_wrong_when_it_fails(tmp_path):
    text = STORY.replace(
        "action: hold, rules: [big], min_score: 0.5", "action: allow, without: [big], min_score: 0.9"
    )
    report = run_cases(POLICY, cases(tmp_path, text), decide=decide)
    assert not report.passed
    assert report.results[0].problems == (
        "event 5: expected allow, found hold (big)",
        "event 5: the rule big fired",
        "event 5: expected a score of at least 0.9, found 0.6",
    )


def test_rules_without_a_case_are_named(tmp_path):
    text = "cases: {a: {events: [{type: payment, method: upi, amount_minor: 1}], expect: {action: allow}}}"
    assert run_cases(POLICY, cases(tmp_path, text), decide=decide).uncovered == ("big",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "cases: []",
        "case: {}",
        "cases: {a: 5}",
        "cases: {a: {events: []}}",
        "cases: {a: {events: [{type: payment, method: upi, amount_minor: 1}]}}",
        "cases: {a: {events: [{type: payment, method: upi, amount_minor: -1}], expect: {}}}",
        "cases: {a: {events: [{type: nothing}], expect: {}}}",
        "cases: {a: {events: [5], expect: {}}}",
        "cases: {a: {events: [{type: payment, at: soon}], expect: {}}}",
        "cases: {a: {events: [{type: payment, repeat: 0}], expect: {}}}",
        "cases: {a: {events: [{type: payment, repeat: 99999999}], expect: {}}}",
        "cases: {a: {events: [{method: upi, amount_minor: 1}], expect: {rules: [none]}}}",
        "cases: {a: {events: [{method: upi, amount_minor: 1}], expect: {action: halt}}}",
        "cases: {a: {events: [{method: upi, amount_minor: 1}], expects: {}}}",
        "cases: {a: {start: noon, events: [{method: upi, amount_minor: 1}], expect: {}}}",
        "cases: {a: {start: 2026-01-01, events: [{method: upi, amount_minor: 1}], expect: {}}}",
        "cases: {a: {events: [{type: payee_change, change: added, customer: {id: a}}], expect: {}}}",
        "cases: {a: &a [*a]}",
        "cases: {a: {base: 5, events: [{method: upi}], expect: {}}}",
        "defaults: {base: [1]}\ncases: {a: {events: [{method: upi}], expect: {}}}",
        "cases: {a: {events: [{method: upi, amount_minor: 1}], expect: {min_score: high}}}",
        "cases: {a: {events: [{method: upi, amount_minor: 1}], expect: {rules: 5}}}",
        "cases: {a: {events: [{method: upi, amount_minor: 1, at: 999999d, repeat: 9999, every: 999999d}], expect: {}}}",
        "\x00",
    ],
)
def test_file_is_refused_with_a_reason_when_unusable(tmp_path, text):
    with pytest.raises(InputInvalid):
        run_cases(POLICY, cases(tmp_path, text), decide=decide)


def test_file_is_refused_when_missing(tmp_path):
    with pytest.raises(InputInvalid, match="cannot be read"):
        load_cases(tmp_path / "none.yaml", POLICY)
