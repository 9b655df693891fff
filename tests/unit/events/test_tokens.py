"""Card tokens: keyed, stable, and rotated without cutting a card's history."""

from __future__ import annotations

import base64

import msgspec
import pytest

from satark.core.errors import InvalidEvent, SettingInvalid
from satark.events import (
    CardKey,
    CardTokens,
    body_digest,
    canonical_body,
    current_card,
    decode_event,
    decode_stored,
    seal_card,
)
from satark.events.examples import GOLD_COIN_BY_CARD, PAYEE_ADDED, TRANSFER_BY_UPI
from satark.events.tokens import kid_of, token_pairs

OLD = CardKey("k1", b"1" * 32)
NEW = CardKey("k2", b"2" * 32)
BEFORE, DURING, AFTER = CardTokens((OLD,)), CardTokens((OLD, NEW)), CardTokens((NEW,))
NUMBER = "4111111111111111"


def sealed(tokens: CardTokens, **card: str):
    body = {**GOLD_COIN_BY_CARD, "card": {"number": NUMBER, **card}}
    return seal_card(decode_event(msgspec.json.encode(body)), tokens)


def test_number_becomes_token_bin_and_last_four():
    card = sealed(BEFORE, issuer_country="IN").card
    assert card.number is None
    assert (card.bin, card.last4, card.issuer_country) == ("41111111", "1111", "IN")
    assert kid_of(card.token) == "k1"
    assert card.next_token is None


def test_token_is_the_same_when_a_number_is_written_with_spaces():
    spaced = {**GOLD_COIN_BY_CARD, "card": {"number": "4111 1111-1111 1111"}}
    assert (
        seal_card(decode_event(msgspec.json.encode(spaced)), BEFORE).card.token == sealed(BEFORE).card.token
    )


def test_token_differs_when_the_key_differs():
    assert BEFORE.token(NUMBER).removeprefix("tok_k1_") != AFTER.token(NUMBER).removeprefix("tok_k2_")


def test_callers_token_is_kept_when_no_number_comes():
    body = {**GOLD_COIN_BY_CARD, "card": {"token": "their-token-1", "bin": "411111"}}
    event = decode_event(msgspec.json.encode(body))
    assert seal_card(event, BEFORE) is event


def test_history_is_not_cut_when_the_key_is_rotated():
    log = [canonical_body(sealed(tokens)) for tokens in (BEFORE, BEFORE, DURING, DURING)]
    # Before and during the rotation the card has one name.
    assert len({decode_stored(body).card.token for body in log}) == 1
    # Afterwards new payments have the new name, and what was seen during the rotation is found under it.
    found = [current_card(decode_stored(body), AFTER).card.token for body in log[2:]]
    assert {*found, sealed(AFTER).card.token} == {AFTER.token(NUMBER)}
    assert token_pairs([decode_stored(body) for body in log]) == {BEFORE.token(NUMBER): AFTER.token(NUMBER)}


def test_stored_event_is_unchanged_when_no_rotation_touches_it():
    for tokens in (BEFORE, DURING):
        event = sealed(tokens)
        assert current_card(event, tokens) is event
    transfer = decode_event(msgspec.json.encode(TRANSFER_BY_UPI))
    assert current_card(transfer, AFTER) is transfer


def test_aliases_are_the_tokens_under_all_keys_in_force():
    assert DURING.aliases(NUMBER) == (BEFORE.token(NUMBER), AFTER.token(NUMBER))
    assert (DURING.kid, AFTER.kid) == ("k1", "k2")


def test_next_token_is_refused_when_a_caller_writes_it():
    body = {**GOLD_COIN_BY_CARD, "card": {"token": "t", "next_token": "tok_k2_" + "0" * 32}}
    event = decode_event(msgspec.json.encode(body))
    with pytest.raises(InvalidEvent) as caught:
        seal_card(event, BEFORE)
    assert caught.value.fields["field"] == "card.next_token"


def test_account_is_sealed_when_it_looks_like_a_card_number():
    body = {**TRANSFER_BY_UPI, "payee": {"account": NUMBER, "vpa": f"{NUMBER}@exb.ifsc.npci"}}
    first, second = (seal_card(decode_event(msgspec.json.encode(body)), BEFORE).payee for _ in range(2))
    assert first == second
    assert first.account.startswith("acc_k1_")
    assert first.vpa == f"{first.account}@exb.ifsc.npci"
    assert first.account.removeprefix("acc_") != BEFORE.token(NUMBER).removeprefix("tok_")


def test_payee_change_is_sealed_when_its_account_looks_like_a_card_number():
    body = {**PAYEE_ADDED, "payee": {"account": NUMBER}}
    event = seal_card(decode_event(msgspec.json.encode(body)), BEFORE)
    assert NUMBER not in canonical_body(event).decode()


def test_ordinary_account_is_kept_as_it_is():
    body = {**TRANSFER_BY_UPI, "payer": {"account": "50100123456789"}}
    event = decode_event(msgspec.json.encode(body))
    assert seal_card(event, BEFORE) is event


def test_unsealed_event_cannot_be_stored():
    with pytest.raises(InvalidEvent):
        canonical_body(decode_event(msgspec.json.encode(GOLD_COIN_BY_CARD)))


def test_number_is_not_shown_when_an_unsealed_event_is_printed():
    event = decode_event(msgspec.json.encode({**GOLD_COIN_BY_CARD, "card": {"number": NUMBER}}))
    assert NUMBER not in repr(event)
    assert "1111" not in repr(event.card)


def test_body_and_digest_are_equal_when_custom_attributes_come_in_another_order():
    one = {**TRANSFER_BY_UPI, "custom": {"a": 1, "b": True}}
    two = {**TRANSFER_BY_UPI, "custom": {"b": True, "a": 1}}
    bodies = [canonical_body(decode_event(msgspec.json.encode(body))) for body in (one, two)]
    assert bodies[0] == bodies[1]
    assert len(body_digest(bodies[0])) == 32


def test_keys_are_read_from_a_setting():
    text = f"k1:{base64.b64encode(OLD.secret).decode()}, k2:{base64.b64encode(NEW.secret).decode()}"
    assert CardTokens.parse(text) == DURING


@pytest.mark.parametrize(
    "text",
    [
        "",
        "k1",
        "k1:",
        "k1:c2hvcnQ=",
        "K1:" + "A" * 44,
        "k1:" + "!" * 44,
        " ".join(f"k{i}:{'A' * 44}" for i in range(3)),
        f"k1:{'A' * 44} k1:{'B' * 44}",
    ],
)
def test_setting_is_refused_when_its_keys_cannot_be_used(text):
    with pytest.raises(SettingInvalid) as caught:
        CardTokens.parse(text)
    assert "AAAA" not in caught.value.message


def test_secret_is_not_shown_when_keys_are_printed():
    assert "1111" not in repr(BEFORE)
