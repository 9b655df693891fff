from __future__ import annotations

import msgspec
import pytest
from tests.support.notices import NOON_US

from satark.cases.notices import Answer, NoticeKind, effects_of
from satark.cases.outbox import check_message
from satark.core.clock import MICROS_PER_SECOND


@pytest.fixture
def notice(tell, book):
    tell(method="card", card={"token": "tok_1", "last4": "1111"})
    return book.notices[0]


def data_of(effects):
    return {message.topic: msgspec.json.decode(message.body) for message in effects.messages}


def test_instruments_are_frozen_and_money_asked_for_when_denied(notice):
    effects = effects_of(notice, Answer.FRAUD, NOON_US, doubtful=False)
    assert [(kind, body["list"], body["value"]) for kind, body in effects.commands] == [
        ("list_set", "blocked_cards", "tok_1"),
        ("list_set", "frozen_vpas", "ramesh.g@exbank"),
    ]
    assert effects.commands[0][1]["expires_us"] == NOON_US + 30 * 86_400 * MICROS_PER_SECOND
    assert "expires_us" not in effects.commands[1][1]
    assert effects.frozen == ("card", "vpa")
    data = data_of(effects)
    assert data["hold.requested"]["amount_minor"] == 4_900_000
    assert data["customer.answered"]["answer"] == "fraud"
    assert "hold.released" not in data


def test_messages_name_things_by_id_alone_when_answered(notice):
    for answer in Answer:
        for message in effects_of(notice, answer, NOON_US, doubtful=False).messages:
            check_message(message)
            for personal in (b"98123", b"ramesh", b"tok_1", b"1111"):
                assert personal not in message.body


def test_held_payment_is_released_when_confirmed(notice):
    effects = effects_of(notice, Answer.GENUINE, NOON_US, doubtful=False)
    assert effects.released
    assert effects.commands == ()
    assert data_of(effects)["hold.released"]["event"] == "upi-629418830177"


def test_nothing_is_released_when_something_speaks_against_it(notice):
    effects = effects_of(notice, Answer.GENUINE, NOON_US, doubtful=True)
    assert not effects.released
    assert set(data_of(effects)) == {"customer.answered"}


@pytest.mark.parametrize("kind", [NoticeKind.BLOCK, NoticeKind.CHALLENGE, NoticeKind.THRESHOLD])
def test_only_a_hold_is_released_when_confirmed(notice, kind):
    other = msgspec.structs.replace(notice, kind=kind)
    assert not effects_of(other, Answer.GENUINE, NOON_US, doubtful=False).released


def test_answer_is_a_label_only_when_policy_says_so(notice):
    labelling = msgspec.structs.replace(
        notice, terms=msgspec.structs.replace(notice.terms, label_fraud=True, label_genuine=True)
    )
    for answer in Answer:
        assert "label" not in dict(effects_of(notice, answer, NOON_US, doubtful=False).commands)
        assert dict(effects_of(labelling, answer, NOON_US, doubtful=False).commands)["label"] == {
            "id": f"notice_1_{answer.value}",
            "event": "upi-629418830177",
            "label": answer.value,
        }
    assert effects_of(labelling, Answer.GENUINE, NOON_US, doubtful=True).commands == ()


def test_keys_of_messages_differ_when_both_answers_come(notice):
    keys = [
        message.key
        for answer in Answer
        for message in effects_of(notice, answer, NOON_US, doubtful=False).messages
    ]
    assert len(set(keys)) == len(keys)
