from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from satark.cases.notices import Links, hash_of

UNTIL_US = 1_790_000_000_000_000


def test_tokens_differ_when_made_for_the_same_moment():
    links = Links(b"k" * 32)
    assert len({links.make(UNTIL_US) for _ in range(100)}) == 100


def test_token_is_read_when_it_is_ours():
    links = Links(b"k" * 32)
    assert links.expiry_us(links.make(UNTIL_US + 999_999)) == UNTIL_US


def test_token_is_refused_when_made_under_another_key():
    assert Links(b"k" * 32).expiry_us(Links(b"x" * 32).make(UNTIL_US)) is None


def test_token_is_refused_when_any_bit_is_changed():
    links = Links(b"k" * 32)
    raw = base64.urlsafe_b64decode(links.make(UNTIL_US))
    for place in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[place // 8] ^= 1 << place % 8
        assert links.expiry_us(base64.urlsafe_b64encode(bytes(changed)).decode()) is None


def test_expiry_cannot_be_moved_when_token_is_kept():
    links = Links(b"k" * 32)
    raw = base64.urlsafe_b64decode(links.make(UNTIL_US))
    later = (2**32 - 1).to_bytes(4, "big") + raw[4:]
    assert links.expiry_us(base64.urlsafe_b64encode(later).decode()) is None


@given(st.text(max_size=80))
def test_no_text_is_a_token_when_it_was_not_made_here(text):
    assert Links(b"k" * 32).expiry_us(text) is None


def test_same_bytes_written_otherwise_are_no_second_token_when_checked():
    links = Links(b"k" * 32)
    token = links.make(UNTIL_US)
    for other in (token + "=", token + "\n", " " + token, token.replace("-", "+").replace("_", "/") + "#"):
        assert links.expiry_us(other) is None


def test_form_belongs_to_its_link_when_sent():
    links = Links(b"k" * 32)
    one, other = links.make(UNTIL_US), links.make(UNTIL_US)
    assert links.form_allows(one, links.form_token(one))
    assert not links.form_allows(one, links.form_token(other))
    assert not links.form_allows(one, "")
    assert not links.form_allows(one, "é")


def test_nothing_kept_leads_back_to_token_or_phone_when_looked_at():
    links = Links(b"k" * 32)
    token = links.make(UNTIL_US)
    assert token.encode() not in hash_of(token)
    assert links.target_hash("+919812345678") != Links(b"x" * 32).target_hash("+919812345678")
