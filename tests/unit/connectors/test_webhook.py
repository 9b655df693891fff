from __future__ import annotations

import socket
import threading
import time

import pytest
from tests.support.outside import certificates, receiver

from satark.cases.outbox import Verdict
from satark.cases.signatures import is_ours, secret_of
from satark.connectors import AddressGuard, WebhookCarrier, WebhookOptions, parse_networks


def test_event_arrives_signed_when_the_receiver_takes_it(there, carrier, parcel):
    outcome = carrier(there.url + "?team=fraud").deliver(parcel())
    assert (outcome.verdict, outcome.status) == (Verdict.SENT, 200)
    (got,) = there.got
    assert got.path == "/hook?team=fraud"
    assert got.body == parcel().body
    assert got.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert got.headers["webhook-id"] == "case.closed:7:1"
    assert is_ours(secret_of(bytes(32), b"new"), got.headers, got.body, now_seconds=1_790_000_010)
    assert not is_ours(secret_of(bytes(32), b"old"), got.headers, got.body, now_seconds=1_790_000_010)


def test_both_secrets_sign_when_one_replaces_the_other(there, carrier, parcel):
    carrier(there.url, salts=(b"new", b"old")).deliver(parcel())
    (got,) = there.got
    for salt in (b"new", b"old"):
        assert is_ours(secret_of(bytes(32), salt), got.headers, got.body, now_seconds=1_790_000_000)


@pytest.mark.parametrize(
    ("answer", "verdict", "reason"),
    [
        (204, Verdict.SENT, "accepted"),
        (302, Verdict.REFUSED, "redirected"),
        (400, Verdict.REFUSED, "refused"),
        (410, Verdict.REFUSED, "refused"),
        (404, Verdict.AGAIN, "not_accepted"),
        (429, Verdict.AGAIN, "not_accepted"),
        (500, Verdict.AGAIN, "not_accepted"),
        ("cut", Verdict.DOUBT, "connection_lost"),
        ("garbage", Verdict.DOUBT, "answer_unreadable"),
    ],
)
def test_answer_is_understood_when_it_is_not_the_usual_one(there, carrier, parcel, answer, verdict, reason):
    there.otherwise = answer
    outcome = carrier(there.url).deliver(parcel())
    assert (outcome.verdict, outcome.reason) == (verdict, reason)
    assert len(there.got) == 1


def test_redirect_is_not_followed_when_it_leads_inside(there, carrier, parcel):
    there.otherwise = (307, {"location": there.url.replace("/hook", "/metadata")})
    assert carrier(there.url).deliver(parcel()).verdict is Verdict.REFUSED
    assert [got.path for got in there.got] == ["/hook"]


def test_wait_is_heard_when_the_receiver_asks_for_it(there, carrier, parcel):
    there.otherwise = (503, {"retry-after": "120"})
    assert carrier(there.url).deliver(parcel()).retry_after_seconds == 120


def test_delivery_is_in_doubt_when_no_answer_comes(there, carrier, parcel):
    there.otherwise = "silent"
    outcome = carrier(there.url, answer_seconds=0.2).deliver(parcel())
    assert (outcome.verdict, outcome.reason) == (Verdict.DOUBT, "no_answer")


@pytest.mark.parametrize(
    ("begins", "verdict"), [(b"", Verdict.DOUBT), (b"HTTP/1.1 200 OK\r\nx: ", Verdict.SENT)]
)
def test_delivery_ends_when_the_answer_comes_a_byte_at_a_time(carrier, parcel, begins, verdict):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip():
            connection, _ = server.accept()
            with connection:
                try:
                    connection.sendall(begins)
                    for _ in range(10_000):
                        connection.sendall(b"y")
                        time.sleep(0.02)
                except OSError:
                    pass

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        began = time.monotonic()
        outcome = carrier(url, answer_seconds=5.0, whole_seconds=0.5).deliver(parcel())
        assert outcome.verdict is verdict
        assert time.monotonic() - began < 5
        thread.join(5)


def test_nothing_was_sent_when_nobody_listens(carrier, parcel):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    outcome = carrier(f"http://127.0.0.1:{port}/").deliver(parcel())
    assert (outcome.verdict, outcome.reason) == (Verdict.AGAIN, "connect_failed")


def test_nothing_was_sent_when_the_receiver_has_no_tls(there, carrier, parcel):
    outcome = carrier(there.url.replace("http:", "https:")).deliver(parcel())
    assert (outcome.verdict, outcome.reason) == (Verdict.AGAIN, "tls_failed")
    assert there.got == []


def test_nothing_is_sent_when_the_endpoint_is_gone(there, carrier, parcel):
    outcome = carrier(there.url).deliver(parcel(endpoint_id=2))
    assert (outcome.verdict, outcome.reason) == (Verdict.REFUSED, "endpoint_gone")


def test_nothing_is_sent_when_the_address_is_inside_and_not_named(there, carrier, parcel):
    outcome = carrier(there.url, networks=()).deliver(parcel())
    assert (outcome.verdict, outcome.reason) == (Verdict.REFUSED, "address_not_allowed")
    assert there.got == []


def test_tls_is_checked_when_nothing_else_is_said():
    context = WebhookOptions().context
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"


@pytest.mark.parametrize(
    ("host", "trusted", "reason"),
    [
        ("hooks.bank.test", True, "accepted"),
        ("other.bank.test", True, "tls_failed"),
        ("hooks.bank.test", False, "tls_failed"),
    ],
)
def test_name_is_proved_by_tls_when_the_address_was_checked(
    tmp_path, book, clock, parcel, host, trusted, reason
):
    made = certificates(tmp_path, "hooks.bank.test")
    with receiver(tls=made.server) as there:
        asked = []

        def resolve(name, port, **_):
            asked.append(name)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        options = WebhookOptions(context=made.trust) if trusted else None
        guard = AddressGuard(parse_networks("127.0.0.1"), resolve)
        url = there.url.replace("127.0.0.1", host)
        outcome = WebhookCarrier(book(url), guard, clock, options).deliver(parcel())
        assert outcome.reason == reason
        assert asked == [host]
        assert [got.headers["host"].partition(":")[0] for got in there.got] == (
            [host] if reason == "accepted" else []
        )
