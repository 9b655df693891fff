from __future__ import annotations

import re

import msgspec
import pytest
from tests.support.notices import ADDRESS, NOON_US, policy_text

from satark.cases.notices import Customer, NoticeKind, NoticePlan, NoticePlanner, NoticeState, hash_of
from satark.cases.outbox import Mail, Text, check_message, flaw_of
from satark.core.clock import Micros
from satark.core.errors import SettingInvalid
from satark.policies.loader import load_policy

DAY_US = 86_400_000_000
HOUR_US = DAY_US // 24
LINK = re.compile(rf"{re.escape(ADDRESS)}/c/([A-Za-z0-9_-]{{36}})")


def by_channel(messages):
    return {message.channel: message for message in messages}


@pytest.mark.parametrize("action", ["challenge", "hold", "block"])
def test_customer_is_told_over_every_channel_when_payment_is_not_allowed(tell, book, action):
    messages = by_channel(tell(action))
    assert set(messages) == {"sms", "smtp", "whatsapp", "push", "webhook"}
    assert messages["sms"].target == messages["whatsapp"].target == "+919812345678"
    assert messages["smtp"].target == "ramesh@example.in"
    assert messages["push"].target == "cust-1"
    assert book.notices[0].kind == NoticeKind(action)
    for message in messages.values():
        check_message(message)
        assert flaw_of(message) == ""
        assert message.topic == "notice.requested"
        assert message.case_id == 7


def test_messages_are_hindi_with_registered_template_when_customer_chose_nothing(tell):
    messages = by_channel(tell())
    sms = msgspec.json.decode(messages["sms"].body, type=Text)
    assert sms.lang == "hi"
    assert sms.text.startswith("उदाहरण बैंक: UPI ID ramesh… से quick-loan 77@e… को ₹49,000 ")
    assert sms.template == "1107000000000000002"
    assert messages["sms"].headers == {"dlt-entity": "1101000000000000001", "dlt-header": "EXMPLB"}
    assert "dlt-entity" not in messages["whatsapp"].headers


def test_messages_are_english_in_plain_letters_when_customer_chose_english(tell, book):
    book.customers[1, "cust-1"] = Customer(1, "cust-1", "en")
    messages = by_channel(tell())
    sms = msgspec.json.decode(messages["sms"].body, type=Text)
    assert sms.lang == "en"
    assert "Rs.49,000 " in sms.text
    assert sms.text.isascii()
    assert sms.template == "1107000000000000001"
    assert "₹49,000.00" in msgspec.json.decode(messages["smtp"].body, type=Mail).text


def test_each_channel_has_its_own_link_when_told(tell, book):
    messages = tell()
    tokens = [LINK.search(message.body.decode())[1] for message in messages]
    assert len(set(tokens)) == len(messages)
    kept = {one.link.token_hash for one in book.kept[0]}
    assert kept == {hash_of(token) for token in tokens}
    assert all(book.links.expiry_us(token) == NOON_US + 3 * DAY_US for token in tokens)
    assert not any(token.encode() in message.key.encode() for token in tokens for message in messages)


def test_timeline_names_notice_and_channels_when_case_is_known(tell, cases):
    tell()
    assert cases.lines == [
        (
            7,
            "system",
            "notice",
            {
                "notice": 1,
                "kind": "hold",
                "state": "planned",
                "channels": ["sms", "email", "whatsapp", "push", "webhook"],
            },
        )
    ]


def test_nothing_is_planned_twice_when_entry_comes_again(tell, book):
    assert tell()
    assert tell() == []
    assert len(book.notices) == 1


def test_same_id_of_another_owner_is_told_when_planned(tell, book):
    assert tell()
    assert tell(owner=2)
    assert {one.owner for one in book.notices} == {1, 2}


def test_nobody_is_told_when_payment_is_allowed_below_threshold(tell, book):
    assert tell("allow", rules=()) == []
    assert book.notices == []


def test_customer_is_told_when_allowed_payment_reaches_own_threshold(tell, book):
    book.customers[1, "cust-1"] = Customer(1, "cust-1", None, 4_900_000)
    assert tell("allow", rules=(), case_id=None)
    assert book.notices[0].kind is NoticeKind.THRESHOLD
    book.customers[1, "cust-1"] = Customer(1, "cust-1", None, 4_900_001)
    assert tell("allow", rules=(), case_id=None, id="other") == []


def test_threshold_of_another_owners_customer_counts_for_nobody_else_when_allowed(tell, book):
    book.customers[2, "cust-1"] = Customer(2, "cust-1", None, 1)
    assert tell("allow", rules=(), owner=1) == []


def test_policys_threshold_counts_when_customer_set_none(tell, make_planner, book):
    planner = make_planner(threshold_minor=4_900_000)
    assert tell("allow", planner=planner, rules=())
    assert tell("allow", planner=planner, rules=(), id="less", amount_minor=4_899_999) == []
    book.customers[1, "cust-1"] = Customer(1, "cust-1", None, 9_900_000)
    assert tell("allow", planner=planner, rules=(), id="own", amount_minor=5_000_000) == []


def test_least_threshold_is_asked_for_rarely_when_many_payments_are_allowed(tell, book, clock):
    for number in range(50):
        tell("allow", rules=(), id=f"p{number}")
    assert book.asked_floor == 1
    clock.advance(11)
    tell("allow", rules=(), id="later")
    assert book.asked_floor == 2


def test_channels_are_not_asked_for_when_no_threshold_is_reached(
    book, cases, clock, make_event, make_entry, make_decision
):
    asked = []

    def channels():
        asked.append(1)
        return frozenset({"sms"})

    plan = NoticePlan.of(load_policy(policy_text(threshold_minor=5_000_000)))
    planner = NoticePlanner(plan, book=book, cases=cases, channels=channels, address=ADDRESS, clock=clock)
    asked.clear()
    for number in range(20):
        event = make_event(id=f"p{number}", amount_minor=4_999_999)
        assert planner.plan(make_entry(event), make_decision("allow"), event, connection=None) == []
    assert asked == []


def test_amount_in_other_currency_is_not_compared_when_rate_is_unknown(
    make_planner, make_event, make_entry, make_decision
):
    planner = make_planner(threshold_minor=1_000)
    event = make_event(currency="USD", amount_minor=90_000)
    entry, decision = make_entry(event), make_decision("allow")
    assert planner.plan(entry, decision, event, connection=None) == []
    assert planner.plan(entry, decision, event, connection=None, amount_minor=0) == []
    assert planner.plan(entry, decision, event, connection=None, amount_minor=7_500_000)


def test_release_is_refused_when_follower_knows_no_rate(
    make_planner, make_event, make_entry, make_decision, book
):
    event = make_event(currency="USD", amount_minor=90_000_000)
    make_planner().plan(make_entry(event), make_decision(), event, connection=None, amount_minor=0)
    assert not book.notices[0].terms.release


def test_nobody_is_told_when_payment_is_old(tell, book):
    assert tell(at_us=NOON_US - DAY_US - 1) == []
    assert book.notices == []
    assert tell(at_us=NOON_US - DAY_US)


def test_nobody_is_told_when_policy_only_observes(make_planner, make_event, make_entry, make_decision, book):
    event = make_event()
    decision = make_decision("allow", "velocity", mode="observe", would="hold")
    assert make_planner().plan(make_entry(event), decision, event, connection=None) == []
    assert book.notices == []


def test_nobody_is_told_when_body_is_gone_or_no_channel_is_set_up(
    make_planner, make_event, make_entry, make_decision, book
):
    event = make_event()
    assert make_planner().plan(make_entry(event), make_decision(), None, connection=None) == []
    assert make_planner(channels=()).plan(make_entry(event), make_decision(), event, connection=None) == []
    assert book.notices == []


def test_case_says_that_customer_cannot_be_reached_when_event_names_no_address(tell, book, cases):
    assert tell(customer=None) == []
    assert book.notices[0].state is NoticeState.UNREACHABLE
    assert cases.lines[0][3]["state"] == "unreachable"


def test_mild_notice_waits_for_morning_when_hours_are_quiet(make_planner, tell, clock, book):
    clock.at_us = Micros(NOON_US + 11 * HOUR_US)
    seven = NOON_US + 19 * HOUR_US
    planner = make_planner()
    mild = tell("challenge", planner=planner)
    assert {message.not_before_us for message in mild} == {seven}
    assert {one.link.expires_us for one in book.kept[0]} == {seven + 3 * DAY_US}
    grave = tell("hold", planner=planner, id="grave")
    assert {message.not_before_us for message in grave} == {clock.at_us}


def test_run_of_small_payments_is_told_no_more_when_limit_is_reached(tell, book, cases):
    assert tell(id="a")
    assert tell(id="b")
    assert tell(id="c") == []
    assert book.notices[2].state is NoticeState.LIMITED
    assert cases.lines[2][3]["state"] == "limited"


def test_large_payment_is_told_when_small_ones_used_up_the_limit(tell):
    for name in ("a", "b", "c"):
        tell(id=name, amount_minor=100)
    assert tell(id="large", amount_minor=900_000)


def test_block_is_told_when_challenges_used_up_the_limit(tell):
    for name in ("a", "b", "c"):
        tell("challenge", id=name)
    assert tell("block", id="d")


def test_limit_ends_when_its_time_has_passed(tell, clock):
    for name in ("a", "b", "c"):
        tell(id=name)
    clock.advance(86_401)
    assert tell(id="d", at_us=clock.at_us)


def test_one_phone_is_not_flooded_when_many_customers_give_it(tell):
    told = [
        bool(tell(id=f"p{number}", customer={"id": f"new-{number}", "phone": "+919812345678"}))
        for number in range(4)
    ]
    assert told == [True, True, False, False]


def test_payees_name_is_no_link_when_it_looks_like_one(tell):
    messages = tell(payee={"vpa": "www.evil.example.com@okbank"})
    for message in messages:
        text = message.body.decode()
        assert "evil.example" not in text
        assert set(re.findall(r"https?://[^\s\"<\\]+", text)) == {LINK.search(text)[0]}


def test_mail_holds_no_markup_of_the_payment_when_names_are_hostile(tell):
    mail = by_channel(tell(payee={"merchant": "x|x"}, id="a/b|c"))["smtp"]
    said = msgspec.json.decode(mail.body, type=Mail)
    assert "\n" not in said.subject
    assert "\r" not in said.subject
    assert "<script" not in said.html
    assert "|" not in said.html


def test_card_is_named_by_last_four_alone_when_paid_by_card(tell):
    messages = tell(
        method="card",
        payer=None,
        card={"token": "tok_secret", "last4": "1111", "bin": "411111"},
        payee={"merchant": "m"},
    )
    for message in messages:
        text = message.body.decode()
        assert "XX1111" in text
        assert "tok_secret" not in text
        assert "411111" not in text


def test_terms_follow_policy_when_told(tell, book):
    tell(method="card", card={"token": "tok_1", "last4": "1111"})
    terms = book.notices[0].terms
    assert [(one.list, one.value, one.expires_seconds) for one in terms.freezes] == [
        ("blocked_cards", "tok_1", 30 * 86_400),
        ("frozen_vpas", "ramesh.g@exbank", None),
    ]
    assert terms.hold
    assert terms.release
    assert terms.alert is None


def test_nothing_is_released_later_when_thief_may_hold_the_phone(tell, book):
    tell(rules=("velocity", "takeover"))
    assert not book.notices[0].terms.release


@pytest.mark.parametrize(("amount_minor", "released"), [(10_000_000, True), (10_000_001, False)])
def test_release_is_bounded_when_policy_says_so(tell, book, amount_minor, released):
    tell(amount_minor=amount_minor)
    assert book.notices[0].terms.release is released


@pytest.mark.parametrize(
    ("added_at", "released"),
    [("2026-08-23T12:00:00+05:30", True), ("2026-08-23T12:00:01+05:30", False), (None, False)],
)
def test_nothing_is_released_later_when_account_is_young(tell, make_planner, book, added_at, released):
    customer = {"id": "cust-1", "phone": "+919812345678", **({"added_at": added_at} if added_at else {})}
    tell(planner=make_planner(answers={"genuine": {"release": True, "known_for": "30d"}}), customer=customer)
    assert book.notices[0].terms.release is released


def test_release_is_refused_when_amount_cannot_be_compared(tell, book):
    tell(currency="USD", amount_minor=1)
    assert not book.notices[0].terms.release


def test_denial_can_open_a_case_when_there_is_none(tell, book):
    book.customers[1, "cust-1"] = Customer(1, "cust-1", None, 1)
    tell("allow", rules=(), case_id=None)
    alert = book.notices[0].terms.alert
    assert (alert.seq, alert.event_id, alert.amount_minor, alert.score) == (
        1,
        "upi-629418830177",
        4_900_000,
        1.0,
    )
    assert {ref.kind.value for ref in alert.entities} >= {"vpa", "customer", "device", "phone", "email"}


@pytest.mark.parametrize(
    "address",
    [
        "",
        "alerts.bank.example",
        "https://",
        "https://a@b.example",
        "https://b.example/?x=",
        "https://b.example/pages",
    ],
)
def test_worker_refuses_to_start_when_links_would_lead_nowhere(make_planner, address):
    with pytest.raises(SettingInvalid):
        make_planner(address=address)


def test_address_is_not_needed_when_nobody_is_told(make_planner, book, cases):
    make_planner(address="", channels=())
