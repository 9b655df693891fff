from __future__ import annotations

import socket

import msgspec
import pytest
from tests.support.outside import certificates, mailbox

from satark.cases.outbox import Mail, Verdict
from satark.connectors import SmtpCarrier, SmtpOptions


@pytest.fixture
def mail(parcel):
    def make(target="asha.k@example.in", **changes):
        values = {
            "subject": "भुगतान रोका गया",
            "text": "₹49,000.00\n.\n.एक बिंदु\n",
            "html": "<p>नमस्ते</p>",
            "lang": "hi",
        }
        body = msgspec.json.encode(Mail(**{**values, **changes}))
        return parcel(channel="smtp", target=target, body=body, key="notice:7:smtp", endpoint_id=0)

    return make


@pytest.fixture
def server(post, clock):
    def make(**options):
        values = {"host": post.host, "port": post.port, "security": "none", "sender": "alerts@bank.example"}
        return SmtpCarrier(SmtpOptions(**{**values, **options}), clock)

    return make


def test_mail_arrives_whole_when_the_server_takes_it(post, server, mail):
    outcome = server(sender_name="Example Bank").deliver(mail())
    assert (outcome.verdict, outcome.status) == (Verdict.SENT, 250)
    (got,) = post.got
    assert post.to == [["asha.k@example.in"]]
    assert got["To"] == "asha.k@example.in"
    assert got["From"] == "Example Bank <alerts@bank.example>"
    assert got["Subject"] == "भुगतान रोका गया"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Content-Language"] == "hi"
    assert got.get_body(("plain",)).get_content().replace("\r\n", "\n") == "₹49,000.00\n.\n.एक बिंदु\n"
    assert got.get_body(("html",)).get_content().strip() == "<p>नमस्ते</p>"


def test_mail_keeps_its_id_when_it_is_sent_again(post, server, mail):
    server().deliver(mail())
    server().deliver(mail())
    first, second = post.got
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@bank.example>")


@pytest.mark.parametrize(
    "target",
    [
        "asha@example.in\r\nBcc: all@example.in",
        "asha@example.in, eve@example.in",
        "asha@example.in>\nRCPT TO:<eve@example.in",
        "Asha <asha@example.in>",
        "@relay.example:asha@example.in",
        '"a b"@example.in',
        "आशा@example.in",
        "asha",
        "",
    ],
)
def test_mail_is_refused_when_the_address_is_not_one_address(post, server, mail, target):
    outcome = server().deliver(mail(target))
    assert (outcome.verdict, outcome.reason) == (Verdict.REFUSED, "target_invalid")
    assert post.got == []


@pytest.mark.parametrize("subject", ["a\r\nBcc: eve@example.in", "a\nb", "a\u2028b", "", "x" * 201])
def test_mail_is_refused_when_its_subject_is_not_one_line(post, server, mail, subject):
    outcome = server().deliver(mail(subject=subject))
    assert (outcome.verdict, outcome.reason) == (Verdict.REFUSED, "mail_invalid")
    assert post.got == []


def test_mail_is_refused_when_the_body_is_no_mail(server, parcel):
    outcome = server().deliver(parcel(channel="smtp", target="a@b.in", body=b"[]"))
    assert (outcome.verdict, outcome.reason) == (Verdict.REFUSED, "mail_invalid")


@pytest.mark.parametrize(
    ("step", "reply", "verdict"),
    [
        ("connect", "421 busy", Verdict.AGAIN),
        ("connect", "554 go away", Verdict.REFUSED),
        ("mail", "451 later", Verdict.AGAIN),
        ("rcpt", "450 mailbox busy", Verdict.AGAIN),
        ("rcpt", "550 no such user", Verdict.REFUSED),
        ("data", "451 later", Verdict.AGAIN),
        ("end", "452 full", Verdict.AGAIN),
        ("end", "554 spam", Verdict.REFUSED),
        ("end", "nonsense", Verdict.DOUBT),
    ],
)
def test_reply_is_understood_when_the_server_says_no(post, server, mail, step, reply, verdict):
    post.refuse = {step: reply}
    assert server().deliver(mail()).verdict is verdict
    assert post.got == []


@pytest.mark.parametrize(
    ("step", "verdict"),
    [
        ("connect", Verdict.AGAIN),
        ("mail", Verdict.AGAIN),
        ("rcpt", Verdict.AGAIN),
        ("data", Verdict.AGAIN),
        ("end", Verdict.DOUBT),
    ],
)
def test_only_the_last_step_is_in_doubt_when_the_connection_is_cut(post, server, mail, step, verdict):
    post.cut_at = step
    assert server().deliver(mail()).verdict is verdict


def test_nothing_was_sent_when_nobody_listens(server, mail):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    outcome = server(port=port).deliver(mail())
    assert (outcome.verdict, outcome.reason) == (Verdict.AGAIN, "connect_failed")


def test_mail_waits_when_the_server_offers_no_tls_and_it_is_insisted_on(post, server, mail):
    outcome = server(security="starttls").deliver(mail())
    assert (outcome.verdict, outcome.reason) == (Verdict.AGAIN, "tls_missing")
    assert post.got == []


def test_mail_waits_when_the_login_is_refused(post, server, mail):
    post.login = ("satark", "right")
    outcome = server(username="satark", password="wrong").deliver(mail())
    assert (outcome.verdict, outcome.reason) == (Verdict.AGAIN, "login_refused")
    assert server(username="satark", password="right").deliver(mail()).verdict is Verdict.SENT
    assert post.seen_logins[-1] == ("satark", "right")


def test_password_is_not_shown_when_the_options_are_printed():
    assert "right" not in repr(SmtpOptions(host="x", password="right"))


def test_delivery_ends_when_the_greeting_never_comes(server, mail):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        outcome = server(port=port, whole_seconds=0.3, step_seconds=10.0).deliver(mail())
    assert outcome.verdict is Verdict.AGAIN


def test_mail_goes_encrypted_when_the_server_offers_it(tmp_path, server, mail):
    made = certificates(tmp_path, "localhost")
    with mailbox(tls=made.server, login=("satark", "right")) as post:
        carrier = server(
            host="localhost",
            port=post.port,
            security="starttls",
            context=made.trust,
            username="satark",
            password="right",
        )
        assert carrier.deliver(mail()).verdict is Verdict.SENT
        assert (post.encrypted, len(post.got), post.seen_logins) == (1, 1, [("satark", "right")])


@pytest.mark.parametrize("names", [("elsewhere.test",), ("localhost",)])
def test_mail_waits_when_the_servers_certificate_is_not_to_be_trusted(tmp_path, server, mail, names):
    made = certificates(tmp_path, *names)
    with mailbox(tls=made.server) as post:
        options = {"context": made.trust} if names == ("elsewhere.test",) else {}
        outcome = server(host="localhost", port=post.port, security="starttls", **options).deliver(mail())
        assert (outcome.verdict, outcome.reason) == (Verdict.AGAIN, "tls_failed")
        assert post.got == []
