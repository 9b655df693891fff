from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satark.cases.backoff import delays_of, fate_of, wait_seconds
from satark.cases.cloud_events import envelope, event_message
from satark.cases.endpoints import checked_url
from satark.cases.outbox import (
    MAX_BODY_BYTES,
    MessageState,
    Outcome,
    Topic,
    Verdict,
    check_message,
    flaw_of,
)
from satark.cases.ports import TOPICS, Message
from satark.cases.signatures import is_ours, secret_of, sign, signed_headers, webhook_key
from satark.core.errors import InputInvalid

SECOND_US = 1_000_000
STEPS = {"channel": "webhook", "key": "k", "now_us": 0, "resend_in_doubt": False}


def test_topics_are_those_that_the_ports_name_when_compared():
    assert {topic.value for topic in Topic} - {"webhook.ping"} == set(TOPICS)


@pytest.mark.parametrize(
    ("verdict", "attempts", "resend", "state"),
    [
        ("sent", 1, False, "sent"),
        ("refused", 1, True, "failed"),
        ("again", 1, False, "waiting"),
        ("again", 10, False, "waiting"),
        ("again", 11, False, "dead"),
        ("doubt", 1, False, "unknown"),
        ("doubt", 1, True, "waiting"),
        ("doubt", 11, True, "unknown"),
    ],
)
def test_fate_follows_when_an_attempt_has_ended(verdict, attempts, resend, state):
    outcome = Outcome(verdict=Verdict(verdict))
    fate = fate_of(outcome, **{**STEPS, "attempts": attempts, "resend_in_doubt": resend})
    assert fate.state is MessageState(state)


def test_waits_grow_and_are_spread_when_attempts_fail():
    for channel in ("webhook", "sms"):
        table = delays_of(channel)
        waits = [wait_seconds(channel, "k", attempt) for attempt in range(1, len(table) + 1)]
        assert all(base <= wait <= 1.2 * base for base, wait in zip(table, waits, strict=True))
        assert wait_seconds(channel, "k", len(table) + 1) is None
    assert len({wait_seconds("webhook", f"k{number}", 1) for number in range(100)}) > 90


@pytest.mark.parametrize(("asked", "waits"), [(1, 5), (90, 90), (10**9, 3_600), (-5, 5)])
def test_wait_is_bounded_when_the_receiver_asks_for_one(asked, waits):
    assert int(wait_seconds("webhook", "k", 1, retry_after_seconds=asked)) == waits


def test_signature_is_that_of_standard_webhooks_when_its_own_example_is_signed():
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    made = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.binary(max_size=200), st.text("abc.:0", min_size=1, max_size=20), st.integers(0, 2**31))
def test_request_is_ours_when_nothing_was_changed(body, event_id, now):
    secret = secret_of(webhook_key(b"k" * 32), b"salt")
    headers = signed_headers([secret], event_id, now, body)
    assert is_ours(secret, headers, body, now_seconds=now)
    assert not is_ours(secret, headers, body + b"x", now_seconds=now)
    assert not is_ours(secret, {**headers, "webhook-id": event_id + "x"}, body, now_seconds=now)
    assert not is_ours(secret, {**headers, "webhook-timestamp": str(now + 1)}, body, now_seconds=now)
    assert not is_ours(secret, headers, body, now_seconds=now + 301)
    assert not is_ours(secret_of(webhook_key(b"o" * 32), b"salt"), headers, body, now_seconds=now)


@pytest.mark.parametrize("stamp", ["", "x", "-1", "1" * 13, "१", "1.5"])
def test_request_is_not_ours_when_its_time_cannot_be_read(stamp):
    secret = secret_of(bytes(32), b"salt")
    headers = {**signed_headers([secret], "e", 1, b""), "webhook-timestamp": stamp}
    assert not is_ours(secret, headers, b"", now_seconds=1)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "form"),
        ("https://", "host"),
        ("https:///path", "host"),
        ("ftp://a.example/", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("//a.example/", "scheme"),
        ("https://user@a.example/", "user"),
        ("https://a.example\\@b.example/", "form"),
        ("https://a.example/#x", "fragment"),
        ("https://a.example/\r\nHost: b", "form"),
        ("https://a b/", "form"),
        ("https://आशा.example/", "form"),
        ("https://2130706433/", "host"),
        ("https://0x7f.1/", "host"),
        ("https://127.1/", "host"),
        ("https://a..example/", "host"),
        ("https://-a.example/", "host"),
        ("https://a%2eexample/", "host"),
        ("https://a.example:0/", "host"),
        ("https://a.example:99999/", "form"),
        ("https://[::1/", "form"),
        ("https://a.example/" + "x" * 500, "length"),
    ],
)
def test_address_is_refused_when_it_cannot_be_a_receivers(url, reason):
    with pytest.raises(InputInvalid) as refused:
        checked_url(url)
    assert refused.value.fields["reason"] == reason


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example",
        "https://a-b.c_d.example:8443/x/y?z=1&%20",
        "http://10.0.0.1/",
        "https://[2001:db8::1]/",
        "https://xn--h1aax.example/",
        "https://localhost/",
    ],
)
def test_address_is_taken_when_its_form_is_right(url):
    assert checked_url(f" {url}\n") == url


def test_envelope_has_all_that_the_standard_asks_for_when_it_is_made():
    message = event_message("alert.opened", "alert.opened:7", {"note": 'स"क\n'})
    message = msgspec.structs.replace(message, headers={"subject": "payment/p1", "owner": "3"})
    event = json.loads(envelope(message, source="urn:satark:x", at_us=1_790_000_000_123_456))
    assert event == {
        "specversion": "1.0",
        "id": "alert.opened:7",
        "source": "urn:satark:x",
        "type": "alert.opened",
        "subject": "payment/p1",
        "time": "2026-09-21T14:13:20.123456Z",
        "datacontenttype": "application/json",
        "owner": "3",
        "data": {"note": 'स"क\n'},
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"body": b"no json"},
        {"headers": {"dlt-entity": "x"}},
        {"headers": {"data": "x"}},
        {"headers": {"id": "x"}},
    ],
)
def test_envelope_is_refused_when_it_would_not_be_an_event(changes):
    message = Message(
        **{"topic": "case.closed", "key": "k", "channel": "", "target": "", "body": b"{}", **changes}
    )
    with pytest.raises(InputInvalid):
        envelope(message, source="urn:satark:x", at_us=0)


@given(st.text(max_size=40))
def test_target_is_one_line_when_a_message_has_no_flaw(target):
    message = Message("notice.requested", "k", "sms", target, b"{}")
    if not flaw_of(message):
        assert target
        assert len(target.splitlines()) == 1
        assert "\0" not in target


def test_message_has_a_flaw_when_its_body_is_too_large():
    message = Message("case.closed", "k", "", "", b"x" * (MAX_BODY_BYTES + 1))
    assert flaw_of(check_message(message)) == "body_too_large"
