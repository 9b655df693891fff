from __future__ import annotations

import pytest

from satark.policies.loader import lint, load_policy
from satark.policies.notice_rules import AnswerRules, FreezeRule, NoticeRules, QuietHours

HEAD = """policy: tiny
version: 1
lists:
  blocked_cards: {of: card, entries: []}
  blocked_payees: {of: payee_key, entries: []}
rules:
  velocity: {kind: account_takeover, when: amount > 5, action: hold, reason: {en: fast, hi: तेज़}}
"""
TEMPLATE = '{subject: {en: "{amount}", hi: "{amount}"}, text: {en: "{amount} {link}", hi: "{amount} {link}"}}'
NOTICES = f"""notices:
  on: [hold]
  institution: {{en: Example Bank, hi: उदाहरण बैंक}}
  templates:
    hold: {TEMPLATE}
"""


def codes(text):
    return [(one.code, one.position.line) for one in lint(HEAD + text)]


def test_nobody_is_told_and_nothing_follows_when_policy_is_silent():
    policy = load_policy(HEAD)
    assert policy.notices == NoticeRules()
    assert policy.notices.kinds == ()
    assert policy.answers == AnswerRules()
    assert not policy.answers.fraud.hold
    assert not policy.answers.genuine.release


def test_section_is_read_when_whole():
    policy = load_policy(
        HEAD
        + NOTICES
        + '  quiet_hours: {from: "22:00", to: "07:00"}\n  limit: {messages: 3, within: 2h}\n  threshold_minor: 5_000\n'
        + "  link_expires: 90m\n  language: en\n  helpline: 1800 123 4567\n"
        + "answers:\n  fraud: {lists: [{list: blocked_cards, of: card, expires: 2w}], hold: true}\n"
        + "  genuine: {release: true, at_most_minor: 100, unless: [account_takeover]}\n"
    )
    notices, answers = policy.notices, policy.answers
    assert notices.kinds == ("hold",)
    assert notices.quiet == QuietHours(1_320, 420, frozenset({"hold", "block"}))
    assert (notices.limit.messages, notices.limit.within_seconds) == (3, 7_200)
    assert (notices.threshold_minor, notices.link_seconds, notices.language) == (5_000, 5_400, "en")
    assert answers.fraud.lists == (FreezeRule("blocked_cards", "card", 1_209_600),)
    assert answers.genuine.unless == {"account_takeover"}
    assert notices.templates["hold"].text("hi").fill({"amount": "₹1", "link": "L"}) == "₹1 L"


def test_content_hash_stays_when_only_words_to_customers_change():
    assert load_policy(HEAD).content_hash == load_policy(HEAD + NOTICES).content_hash


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Call https://evil.example now {link}", "own_link"),
        ("Visit www.evil.example {link}", "own_link"),
        ("Go to examplebank.com {link}", "own_link"),
        ("Card 4111 1111 1111 1111 {link}", "long_number"),
        ("{otp} {link}", "unknown_name"),
        ("{amont} {link}", "unknown_name"),
        ("{amount", "brace"),
        (" ", "empty"),
    ],
)
def test_text_is_refused_when_no_bank_should_send_it(text, expected):
    wrong = NOTICES.replace('text: {en: "{amount} {link}"', f'text: {{en: "{text}"')
    assert expected in [code for code, _ in codes(wrong)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  channels: [sms, pigeon]\n", "choice"),
        ('  quiet_hours: {from: "25:00", to: "07:00"}\n', "time"),
        ("  quiet_hours: {from: 22:00, to: 07:00, urgnt: [hold]}\n", "unknown_key"),
        ("  limit: {messages: 0, within: 1d}\n", "number"),
        ("  limit: {messages: 1, within: soon}\n", "duration"),
        ("  link_expires: 31d\n", "duration"),
        ("  helpline: call me\n", "form"),
        ("  dlt: {entity: '12', header: EXMPLB}\n", "form"),
        ("  dlt: {entity: '1101000000000000001', header: EXMPLB}\n", "missing_key"),
        ("  threshold_minor: lots\n", "number"),
        ("  language: fr\n", "choice"),
        ("  chanels: [sms]\n", "unknown_key"),
    ],
)
def test_setting_is_refused_with_its_place_when_wrong(line, expected):
    found = codes(NOTICES + line)
    assert (expected, 13) in found or expected in [code for code, _ in found]


def test_all_mistakes_are_told_at_once_when_there_are_many():
    text = (
        NOTICES.replace("on: [hold]", "on: [hold, blok, block]")
        + "  helpline: x\nanswers: {fraud: {lists: [{list: no, of: card}]}}\n"
    )
    assert {code for code, _ in codes(text)} == {"choice", "missing_key", "form", "unknown_list"}


@pytest.mark.parametrize("of", ["payee_key", "merchant", "payee_vpa", "ip", "shipping_address"])
def test_answer_cannot_stop_others_when_policy_asks_for_it(of):
    text = f"answers: {{fraud: {{lists: [{{list: blocked_payees, of: {of}}}]}}}}\n"
    assert [code for code, _ in codes(text)] == ["not_own"]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("fraud: {lists: [{list: blocked_payees, of: card}]}", "other_list"),
        ("fraud: {lists: [{list: blocked_cads, of: card}]}", "unknown_list"),
        ("fraud: {lists: [{list: blocked_cards, of: card, expires: 0d}]}", "duration"),
        ("fraud: {queue: nowhere}", "choice"),
        ("genuine: {unless: [acount_takeover]}", "unknown_kind"),
        ("genuine: {release: perhaps}", "choice"),
        ("genuine: {known_for: long}", "duration"),
        ("genuin: {}", "unknown_key"),
    ],
)
def test_answers_are_refused_when_wrong(section, expected):
    assert [code for code, _ in codes(f"answers: {{{section}}}\n")] == [expected]


def test_lint_names_the_near_word_when_misspelt():
    (mistake,) = lint(HEAD + "answers: {genuine: {unless: [acount_takeover]}}\n")
    assert "account_takeover" in mistake.hint
