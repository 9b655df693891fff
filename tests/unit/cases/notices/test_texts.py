from __future__ import annotations

import pytest
from tests.support.notices import NOON_US

from satark.cases.notices.particulars import harmless, hide_numbers, shown_of
from satark.cases.notices.texts import REFERENCE, mail_of, sms_parts, text_of, values_of
from satark.policies.loader import load_bundled, load_policy


@pytest.fixture
def rules(notice_policy):
    return load_policy(notice_policy()).notices


@pytest.mark.parametrize(
    "name",
    [
        "www.evil.example@okbank",
        "HTTPS://EVIL.EXAMPLE/login",
        "evil。example@okbank",
        "evil․example",
        "javascript:alert(1)",
        "<script>alert(1)</script>",
        "a\r\nBcc: x@y.in",
        "\u202eknab",
        "x" * 300,
    ],
)
def test_name_is_short_plain_and_no_link_when_hostile(name):
    shown = harmless(name)
    assert len(shown) <= 30
    assert shown.isprintable()
    assert not set("./:<>\\\"'。․") & set(shown)


@pytest.mark.parametrize(
    "number", ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "98765432101"]
)
def test_long_number_keeps_four_digits_when_written_anyhow(number):
    assert hide_numbers(f"a{number}b") == f"aXX{number[-4:]}b"
    assert harmless(f"{number}@okbank") == f"XX{number[-4:]}@okbank"


@pytest.mark.parametrize(
    ("changes", "english", "hindi"),
    [
        ({"method": "card", "card": {"token": "t", "last4": "1111"}}, "card XX1111", "कार्ड XX1111"),
        ({}, "UPI ID ramesh g@exbank", "UPI ID ramesh g@exbank"),
        ({"method": "netbanking", "payer": {"account": "50100123456789"}}, "account XX6789", "खाते XX6789"),
        ({"method": "netbanking", "payer": None}, "net banking", "नेट बैंकिंग"),
        ({"method": "wallet", "payer": None}, "wallet", "वॉलेट"),
    ],
)
def test_instrument_is_named_as_banks_do_when_shown(make_event, changes, english, hindi):
    shown = shown_of(make_event(**changes), NOON_US)
    assert (shown.instrument_en, shown.instrument_hi) == (english, hindi)


def test_payee_is_named_without_particulars_when_unknown(make_event):
    shown = shown_of(make_event(payee=None), NOON_US)
    assert (shown.payee_en, shown.payee_hi, shown.payee_full) == ("the payee", "प्राप्तकर्ता", "")


def test_account_of_payee_is_never_whole_when_shown(make_event):
    shown = shown_of(make_event(payee={"account": "50100123456789"}), NOON_US)
    assert "50100" not in f"{shown.payee_en}{shown.payee_full}"


def test_amount_in_unknown_minor_units_is_written_when_currency_has_none(make_event):
    assert shown_of(make_event(currency="JPY", amount_minor=500), NOON_US).amount == "JPY 500"


@pytest.mark.parametrize("lang", ["en", "hi"])
def test_html_mail_escapes_and_links_to_us_alone_when_made(make_event, rules, lang):
    shown = shown_of(make_event(payee={"merchant": "a|b"}), NOON_US)
    values = values_of(shown, rules, lang, "https://alerts.bank.example/c/TOKEN")
    values["payee"] = "<img src=x onerror=alert(1)>"
    mail = mail_of(rules.templates["hold"], values, lang)
    assert "<img" not in mail.html
    assert "&lt;img" in mail.html
    assert mail.html.count("href=") == mail.html.count('href="https://alerts.bank.example/c/TOKEN"') + 1
    assert 'href="tel:18001234567"' in mail.html
    assert "src=" not in mail.html.replace("img src=", "")
    for part in (mail.text, mail.html):
        assert "1930" in part
        assert REFERENCE.of(lang).format(number="upi-629418830177") in part
    assert "OTP" in mail.text


def test_sms_stays_in_one_letter_set_when_english(make_event, rules):
    values = values_of(
        shown_of(make_event(), NOON_US), rules, "en", "https://alerts.bank.example/c/" + "x" * 36
    )
    text = text_of(rules.templates["hold"], values, "en", "sms").text
    assert text.isascii()
    assert sms_parts(text) <= 2


@pytest.mark.parametrize("kind", ["challenge", "hold", "block", "threshold"])
@pytest.mark.parametrize(("lang", "parts"), [("hi", 3), ("en", 2)])
def test_sms_of_the_bundled_policy_stays_within_few_parts(make_event, kind, lang, parts):
    bundled = load_bundled("payments").notices
    shown = shown_of(
        make_event(
            amount_minor=12_34_567_00,
            payee={"vpa": "an.unusually.long.name.of.a.payee@quickbank"},
            payer={"vpa": "somebody.with.a.long.name@exbank"},
        ),
        NOON_US,
    )
    link = "https://alerts.examplebank.in/c/" + "x" * 36
    said = text_of(bundled.templates[kind], values_of(shown, bundled, lang, link), lang, "sms").text
    assert sms_parts(said) <= parts, (len(said), said)
    assert link in said
    assert "12,34,567 " in said
    assert "1930" in said if kind == "threshold" else "OTP" in said
    # What needs no gateway by the part says it whole.
    assert (
        "12,34,567.00"
        in text_of(bundled.templates[kind], values_of(shown, bundled, lang, link), lang, "whatsapp").text
    )
