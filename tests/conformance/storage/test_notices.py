"""Notices in the desk database: planned once, answered once, all that follows in one transaction."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa
from tests.support.notice_bank import Bank
from tests.support.notices import CHANNELS, NOON_US, make_decision, make_entry, make_event

from satark.cases.model import CaseOutcome, CaseState
from satark.cases.notices import Answer, hash_of
from satark.core.clock import Micros
from satark.core.errors import InputInvalid
from satark.storage.desk.tables.notices import NOTICE_LINKS, NOTICES


@pytest.fixture
def bank(desk, backend):
    backend.clock.at_us = Micros(NOON_US)
    topics = ("customer.answered", "hold.requested", "hold.released")
    desk.outbox.endpoints.add("bank", "https://bank.example/hook", topics, "asha")
    return Bank(desk, backend.clock)


def topics(desk):
    with desk.reading("a test") as connection:
        rows = connection.exec_driver_sql("SELECT topic, key FROM outbox ORDER BY id")
        return [row[0] for row in rows if row[0] != "notice.requested"]


def test_notice_is_found_by_its_link_alone_when_told(bank, desk):
    tokens = bank.tell()
    notice, link = desk.notices.find(hash_of(tokens["sms"]))
    assert (notice.event_id, notice.customer, link.channel, link.used_us) == (
        "upi-629418830177",
        "cust-1",
        "sms",
        None,
    )
    assert notice.terms.freezes[0].value == "ramesh.g@exbank"
    assert desk.notices.find(hash_of(tokens["sms"] + "x")) is None


def test_no_token_phone_or_address_is_kept_when_told(bank, desk):
    tokens = bank.tell()
    with desk.reading("a test") as connection:
        kept = repr(connection.execute(sa.select(NOTICES)).all()) + repr(
            connection.execute(sa.select(NOTICE_LINKS)).all()
        )
    for secret in (*tokens.values(), "9812345678", "ramesh@example.in"):
        assert secret not in kept


def test_planned_twice_nothing_is_added_when_entry_comes_again(bank, desk):
    bank.tell()
    bank.seq = 0
    event = make_event()
    with desk.writing("a test") as connection:
        again = bank.planner.plan(make_entry(event), make_decision("hold"), event, connection=connection)
    assert again == []


def test_nothing_is_kept_when_followers_transaction_fails(bank, desk):
    event = make_event()

    def follow_and_die():
        with desk.writing("a test") as connection:
            assert bank.planner.plan(make_entry(event), make_decision("hold"), event, connection=connection)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow_and_die()
    with desk.reading("a test") as connection:
        assert not desk.notices.has(connection, 1, event.id)


def test_denial_freezes_holds_and_wakes_the_case_when_answered(bank, desk):
    tokens = bank.tell()
    notice, effects = bank.say(tokens["sms"], Answer.FRAUD)
    assert notice.answer is Answer.FRAUD
    assert effects.frozen == ("vpa",)
    (command,) = desk.commands.waiting(10)
    assert (command.kind, command.owner, command.actor) == ("list_set", 1, "customer")
    assert (command.body["list"], command.body["value"]) == ("frozen_vpas", "ramesh.g@exbank")
    assert topics(desk)[-2:] == ["customer.answered", "hold.requested"]
    line = desk.cases.timeline(notice.case_id)[0]
    assert (line.actor, line.kind, line.detail["answer"]) == ("customer", "answer", "fraud")
    assert [entry.action for entry in desk.audit.entries(2)].count("customer_answered") >= 1
    assert desk.audit.verify().ok


def test_waiting_case_goes_on_when_customer_answers(bank, desk):
    tokens = bank.tell()
    case_id = desk.notices.find(hash_of(tokens["sms"]))[0].case_id
    desk.cases.set_state([case_id], CaseState.WAITING_FOR_CUSTOMER, "asha")
    bank.say(tokens["sms"], Answer.GENUINE)
    assert desk.cases.get(case_id).state is CaseState.OPEN


def test_link_is_refused_when_used_before(bank, desk):
    tokens = bank.tell()
    assert bank.say(tokens["sms"], Answer.GENUINE)
    assert bank.say(tokens["sms"], Answer.FRAUD) is None
    assert bank.say(tokens["sms"], Answer.GENUINE) is None
    assert desk.commands.waiting(10) == []


def test_only_one_answer_counts_when_two_come_at_once(bank, desk):
    token = bank.tell()["sms"]
    results, start = [], threading.Barrier(4)

    def answer():
        start.wait()
        results.append(bank.say(token, Answer.FRAUD))

    threads = [threading.Thread(target=answer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result is not None for result in results) == 1
    assert len(desk.commands.waiting(10)) == 1


def test_link_is_refused_when_its_time_is_over(bank):
    token = bank.tell()["sms"]
    bank.clock.advance(3 * 86_400)
    assert bank.say(token, Answer.FRAUD) is None


def test_owner_is_heard_over_mail_when_thief_with_the_phone_answered_first(bank, desk):
    tokens = bank.tell()
    _, first = bank.say(tokens["sms"], Answer.GENUINE)
    assert first.released
    notice, second = bank.say(tokens["smtp"], Answer.FRAUD)
    assert notice.answer is Answer.FRAUD
    assert second.frozen
    assert topics(desk)[-4:] == ["customer.answered", "hold.released", "customer.answered", "hold.requested"]


def test_nothing_is_released_when_denied_over_another_link(bank):
    tokens = bank.tell()
    bank.say(tokens["smtp"], Answer.FRAUD)
    notice, effects = bank.say(tokens["sms"], Answer.GENUINE)
    assert not effects.released
    assert notice.answer is Answer.FRAUD


def test_nothing_is_released_when_customer_denied_another_payment(bank):
    first, second = bank.tell(), bank.tell(id="second")
    bank.say(first["sms"], Answer.FRAUD)
    assert not bank.say(second["sms"], Answer.GENUINE)[1].released


def test_denial_of_another_owners_customer_changes_nothing_when_ids_are_the_same(bank):
    mine, theirs = bank.tell(), bank.tell(owner=2)
    bank.say(theirs["sms"], Answer.FRAUD)
    assert bank.say(mine["sms"], Answer.GENUINE)[1].released


def test_nothing_is_released_when_case_was_closed_as_fraud(bank, desk):
    tokens = bank.tell()
    case_id = desk.notices.find(hash_of(tokens["sms"]))[0].case_id
    reason = next(iter(bank.policy.cases.terms.reasons["fraud"]))
    with desk.writing("a test") as connection:
        desk.cases.adopt(connection, bank.policy.cases.terms)
    desk.cases.close([case_id], CaseOutcome.FRAUD, reason, "asha")
    assert not bank.say(tokens["sms"], Answer.GENUINE)[1].released


def test_same_answer_twice_does_nothing_more_when_given_over_two_links(bank, desk):
    tokens = bank.tell()
    bank.say(tokens["sms"], Answer.FRAUD)
    before = len(desk.commands.waiting(10)), topics(desk)
    _, effects = bank.say(tokens["smtp"], Answer.FRAUD)
    assert (len(desk.commands.waiting(10)), topics(desk)) == before
    assert effects.frozen == ("vpa",)


def test_denied_payment_gets_a_case_when_it_had_none(bank, desk):
    desk.notices.choose(1, "cust-1", lang="en", threshold_minor=1_000, actor="asha")
    tokens = bank.tell("allow", with_case=False, rules=())
    notice, _ = bank.say(tokens["sms"], Answer.FRAUD)
    case = desk.cases.get(notice.case_id)
    assert case.state is CaseState.OPEN
    assert case.amount_minor == 4_900_000
    assert {line.kind for line in desk.cases.timeline(case.id)} >= {"opened", "answer"}
    assert desk.notices.find(hash_of(tokens["sms"]))[0].case_id == case.id


def test_confirmed_payment_gets_no_case_when_it_had_none(bank, desk):
    desk.notices.choose(1, "cust-1", lang="en", threshold_minor=1_000, actor="asha")
    tokens = bank.tell("allow", with_case=False, rules=())
    notice, effects = bank.say(tokens["sms"], Answer.GENUINE)
    assert notice.case_id is None
    assert not effects.released


def test_opening_is_noted_once_when_link_is_opened_often(bank, desk):
    token = bank.tell()["sms"]
    for _ in range(3):
        desk.notices.opened(hash_of(token))
        bank.clock.advance(5)
    assert [entry.action for entry in desk.audit.entries(20)].count("notice_opened") == 1
    assert desk.notices.find(hash_of(token))[1].opened_us == NOON_US


def test_limit_counts_what_is_stored_when_customer_or_phone_is_the_same(bank):
    assert bank.tell(id="a")
    assert bank.tell(id="b", customer={"id": "other", "phone": "+919812345678"})
    assert not bank.tell(id="c")
    assert not bank.tell(id="d", customer={"id": "third", "phone": "+919812345678"})
    assert bank.tell(id="e", customer={"id": "fourth", "phone": "+919811111111"})


def test_old_notices_are_forgotten_and_the_rest_stays_when_asked(bank, desk):
    old = bank.tell()
    case_id = desk.notices.find(hash_of(old["sms"]))[0].case_id
    bank.clock.advance(3_600)
    new = bank.tell(id="new")
    assert desk.notices.forget(NOON_US + 1) == 1
    assert desk.notices.forget(NOON_US + 1) == 0
    assert desk.notices.find(hash_of(old["sms"])) is None
    assert desk.notices.find(hash_of(new["sms"])) is not None
    assert "notice" in [line.kind for line in desk.cases.timeline(case_id)]
    with desk.reading("a test") as connection:
        links = connection.scalar(sa.select(sa.func.count()).select_from(NOTICE_LINKS))
    assert links == len(CHANNELS)


def test_case_shows_its_notices_and_how_each_link_stands_when_asked(bank, desk):
    tokens = bank.tell()
    bank.say(tokens["smtp"], Answer.GENUINE)
    case_id = desk.notices.find(hash_of(tokens["sms"]))[0].case_id
    ((notice, links),) = desk.notices.of_case(case_id)
    assert notice.answer is Answer.GENUINE
    assert {link.channel for link in links if link.used_us} == {"email"}
    assert len(links) == len(CHANNELS)
    assert desk.notices.of_case(case_id + 1) == []


def test_choice_replaces_the_earlier_one_when_made_again(desk):
    desk.notices.choose(1, "cust-1", lang="en", threshold_minor=5, actor="asha")
    desk.notices.choose(1, "cust-1", lang=None, threshold_minor=9, actor="asha")
    desk.notices.choose(2, "cust-1", lang="hi", threshold_minor=None, actor="asha")
    assert (desk.notices.chosen(1, "cust-1").lang, desk.notices.chosen(1, "cust-1").threshold_minor) == (
        None,
        9,
    )
    assert desk.notices.chosen(1, "cust-2") is None
    with desk.reading("a test") as connection:
        assert desk.notices.least_threshold(connection) == 9
    assert desk.audit.entries(1)[0].action == "customer_chose"


@pytest.mark.parametrize(
    ("customer", "lang", "threshold"),
    [("a b", "en", 1), ("", "en", 1), ("a", "fr", 1), ("a", "en", 0), ("a", "en", 10**14)],
)
def test_choice_is_refused_when_wrong(desk, customer, lang, threshold):
    with pytest.raises(InputInvalid):
        desk.notices.choose(1, customer, lang=lang, threshold_minor=threshold, actor="asha")


def test_case_closed_as_genuine_is_opened_again_when_customer_denies(bank, desk):
    tokens = bank.tell()
    case_id = desk.notices.find(hash_of(tokens["sms"]))[0].case_id
    with desk.writing("a test") as connection:
        desk.cases.adopt(connection, bank.policy.cases.terms)
    reason = next(iter(bank.policy.cases.terms.reasons["genuine"]))
    desk.cases.close([case_id], CaseOutcome.GENUINE, reason, "asha")
    bank.say(tokens["sms"], Answer.FRAUD)
    case = desk.cases.get(case_id)
    assert (case.state, case.outcome, case.closed_us) == (CaseState.IN_PROGRESS, None, None)
    reopened = next(line for line in desk.cases.timeline(case_id) if line.kind == "reopened")
    assert (reopened.actor, reopened.detail) == ("customer", {"outcome": "genuine"})
    assert desk.cases.alerts(case_id)[0].outcome is None
