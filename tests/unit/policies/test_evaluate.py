from __future__ import annotations

import pytest

from satark.policies import ListBook, compile_rules, load_bundled, load_policy

AT_US = 1_768_458_600_000_000


def policy_of(rules: str, more: str = ""):
    return load_policy(f"policy: p\nversion: 1\n{more}\nrules:\n{rules}")


def verdict_of(policy, book=None, **facts):
    rules = compile_rules(policy)
    values = [facts.get(name, AT_US if name == "occurred_at" else None) for name in rules.order]
    return rules.evaluate(values, (book or ListBook.of(policy)).at(AT_US))


def rule(code, when, more="action: hold"):
    return f'  {code}: {{when: \'{when}\', {more}, reason: {{en: "{code}", hi: "{code}"}}}}\n'


def test_action_is_the_gravest_and_score_the_greatest_when_several_fire():
    policy = policy_of(
        rule("a", "amount_minor > 1", "action: challenge, score: 0.2")
        + rule("b", "amount_minor > 2", "action: hold, score: 0.1")
        + rule("c", "amount_minor > 9", "action: block, score: 1.0")
    )
    verdict = verdict_of(policy, amount_minor=5)
    assert (verdict.action, verdict.score) == ("hold", 0.2)
    assert [fired.code for fired in verdict.fired] == ["a", "b"]


def test_score_becomes_an_action_when_it_reaches_a_threshold():
    policy = policy_of(rule("a", "amount_minor > 1", "score: 0.6"), "thresholds: {challenge: 0.3, hold: 0.6}")
    assert verdict_of(policy, amount_minor=5).action == "hold"
    assert verdict_of(policy, amount_minor=1).action == "allow"


def test_rule_does_not_fire_when_its_condition_is_null():
    policy = policy_of(rule("a", "amount > 1") + rule("b", "not (amount > 1)"))
    assert verdict_of(policy).action == "allow"


def test_rules_do_not_count_when_they_are_exempt():
    policy = policy_of(
        rule("a", "amount_minor > 1")
        + rule("b", "amount_minor > 1", "action: challenge")
        + rule("trusted", 'listed(customer, "good")', "exempt: [a]"),
        "lists: {good: {of: customer, entries: [asha]}}",
    )
    assert [fired.code for fired in verdict_of(policy, amount_minor=5, customer="asha").fired] == [
        "b",
        "trusted",
    ]
    assert [fired.code for fired in verdict_of(policy, amount_minor=5, customer="ravi").fired] == ["a", "b"]


def test_exemption_ends_when_its_time_is_over():
    until = "until: {}T00:00:00+05:30, exempt: [a]"
    rules = rule("a", "amount_minor > 1") + rule("t", "amount_minor > 1", until)
    assert verdict_of(policy_of(rules.replace("{}", "2026-12-31")), amount_minor=5).action == "allow"
    assert verdict_of(policy_of(rules.replace("{}", "2025-12-31")), amount_minor=5).action == "hold"


def test_reason_tells_number_window_and_threshold_when_a_rule_fires():
    policy = load_bundled()
    (fired,) = verdict_of(policy, card_payments_10m=7).fired
    assert fired.code == "card_velocity"
    assert fired.en == "7 payments on this card in 10 minutes; limit 6"
    assert fired.hi == "इस कार्ड से 10 मिनट में 7 भुगतान; सीमा 6"
    assert fired.numbers == {"card_payments_10m": 7, "limit": 6}


def test_personal_text_stays_out_of_numbers_when_the_reason_does_not_tell_it():
    policy = policy_of(rule("a", 'email == "asha@example.in" and amount_minor > 1'))
    (fired,) = verdict_of(policy, email="asha@example.in", amount_minor=2).fired
    assert fired.numbers == {"amount_minor": 2}


def test_other_rules_count_when_one_raises():
    policy = policy_of(
        rule("a", 'listed(card, "bad")') + rule("b", "amount_minor > 1"),
        "lists: {bad: {of: card, entries: []}}",
    )
    rules = compile_rules(policy)

    class Broken:
        unavailable = ()

        def listed(self, list_name, value, /):
            raise RuntimeError(list_name)

    values = [{"card": "tok", "amount_minor": 5}[name] for name in rules.order]
    verdict = rules.evaluate(values, Broken())
    assert verdict.action == "hold"
    assert verdict.degraded == ("rule:a",)


@pytest.mark.parametrize(("if_missing", "action"), [("open", "allow"), ("closed", "hold")])
def test_decision_is_degraded_when_a_list_is_missing(tmp_path, if_missing, action):
    path = tmp_path / "p.yaml"
    path.write_text(
        f"policy: p\nversion: 1\nlists: {{bad: {{of: card, file: none.txt, if_missing: {if_missing}}}}}\nrules:\n"
        + rule("a", 'listed(card, "bad")', "action: block")
        + rule("b", 'not listed(card, "bad")', "action: challenge")
    )
    verdict = verdict_of(load_policy(path), card="tok")
    assert (verdict.action, verdict.degraded) == (action, ("list:bad",))


def test_listed_values_fire_the_bundled_list_rules():
    policy = load_bundled()
    book = ListBook.of(policy)
    book.edit("blocked_cards", "tok_1")
    assert verdict_of(policy, book, card="tok_1").action == "block"
    book.edit("blocked_cards", "tok_1", remove=True)
    assert verdict_of(policy, book, card="tok_1").action == "allow"
    book.edit("blocked_ips", "203.0.113.0/24")
    assert verdict_of(policy, book, ip="203.0.113.9").action == "hold"
    book.edit("trusted_customers", "asha")
    trusted = verdict_of(policy, book, customer="asha", customer_payments_10m=99)
    assert [fired.code for fired in trusted.fired] == ["trusted_customer"]


def test_nothing_fires_when_every_value_is_missing():
    verdict = verdict_of(load_bundled())
    assert verdict.action == "allow"
    assert verdict.fired == ()


def test_rule_that_is_switched_off_neither_fires_nor_exempts():
    rules = rule("large", "amount_minor > 3", "action: hold") + rule(
        "trusted", "amount_minor > 4", "exempt: [large]"
    )
    policy = policy_of(rules)
    order = compile_rules(policy).order
    values = [5] * len(order)
    env = ListBook.of(policy).at(0)

    def codes(*killed):
        return [fired.code for fired in compile_rules(policy, killed).evaluate(values, env).fired]

    assert codes() == ["trusted"]
    assert codes("trusted") == ["large"]
    assert codes("large") == ["trusted"]
    assert codes("large", "trusted") == []
