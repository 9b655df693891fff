from __future__ import annotations

import json
import logging
import socket

import msgspec
import pytest

from satark.cases.outbox import Text, Verdict
from satark.connectors import AppriseCarrier
from satark.core.errors import SettingInvalid


@pytest.fixture
def text(parcel):
    def make(target="+919876543210", **changes):
        values = {"text": "₹49,000.00 रोका गया ${HOME} {to} :smile: \\n", "template": "1107161234567890123"}
        body = msgspec.json.encode(Text(**{**values, **changes}))
        headers = {"dlt-entity": "110100001352", "dlt-header": "EXBANK"}
        return parcel(channel="sms", target=target, body=body, headers=headers, endpoint_id=0)

    return make


@pytest.fixture
def gateway(there):
    """Apprise's own JSON gateway, on the local receiver."""
    address = there.url.replace("http://", "json://").replace("/hook", "/sms/{to}")
    return AppriseCarrier(address + "?+dlt={template}&+entity={entity}&+sender={header}")


def test_text_reaches_the_gateway_when_it_is_there(there, gateway, text):
    assert gateway.deliver(text()).verdict is Verdict.SENT
    (got,) = there.got
    assert got.path.rstrip("/").endswith("/sms/%2B919876543210") or got.path.rstrip("/").endswith(
        "/sms/+919876543210"
    )
    assert json.loads(got.body)["message"] == "₹49,000.00 रोका गया ${HOME} {to} :smile: \\n"
    assert (got.headers["dlt"], got.headers["entity"], got.headers["sender"]) == (
        "1107161234567890123",
        "110100001352",
        "EXBANK",
    )


@pytest.mark.parametrize(
    "target", ["x/../../admin", "x?+authorization=evil", "x#y", "{template}", "x@evil.test"]
)
def test_address_of_the_gateway_stays_when_the_target_is_strange(there, gateway, text, target):
    gateway.deliver(text(target=target))
    for got in there.got:
        assert got.path.startswith("/sms/")
        assert "authorization" not in got.headers
        assert "admin" not in got.path.split("/")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [(500, Verdict.AGAIN), (429, Verdict.AGAIN), (400, Verdict.REFUSED), ("cut", Verdict.DOUBT)],
)
def test_failure_is_understood_when_the_gateway_does_not_take_it(there, gateway, text, answer, verdict):
    there.otherwise = answer
    assert gateway.deliver(text()).verdict is verdict
    assert len(there.got) == 1


def test_nothing_was_sent_when_the_gateway_is_down(text):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    carrier = AppriseCarrier(f"json://127.0.0.1:{port}/{{to}}")
    assert carrier.deliver(text()).verdict is Verdict.AGAIN


def test_delivery_is_in_doubt_when_no_answer_comes(there, text):
    there.otherwise = "silent"
    address = there.url.replace("http://", "json://").replace("/hook", "/{to}?rto=0.3")
    assert AppriseCarrier(address).deliver(text()).verdict is Verdict.DOUBT


def test_delivery_is_in_doubt_when_the_time_is_over(there, text):
    there.otherwise = "silent"
    address = there.url.replace("http://", "json://").replace("/hook", "/{to}?rto=2")
    outcome = AppriseCarrier(address, whole_seconds=0.2).deliver(text())
    assert outcome.verdict is Verdict.DOUBT


@pytest.mark.parametrize("body", [b"[]", b'{"text":" "}', b"no json"])
def test_text_is_refused_when_there_is_none(gateway, parcel, body):
    outcome = gateway.deliver(parcel(channel="sms", target="+91", body=body))
    assert (outcome.verdict, outcome.reason) == (Verdict.REFUSED, "text_invalid")


@pytest.mark.parametrize("address", ["json://gateway.example/", "nonsense://{to}", "{to}"])
def test_gateway_is_refused_when_its_address_cannot_be_used(address):
    with pytest.raises(SettingInvalid):
        AppriseCarrier(address)


class Kept(logging.Handler):
    """What reaches the log of the process; pytest's own handler listens to loggers that pass nothing on, too."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        if record.levelno >= logging.WARNING:  # The process logs nothing below of what is not its own.
            self.lines.append(record.getMessage())


def test_nobody_is_named_in_the_log_when_a_delivery_fails(there, gateway, text):
    there.otherwise = 500
    kept, root = Kept(), logging.getLogger()
    root.addHandler(kept)
    try:
        gateway.deliver(text())
    finally:
        root.removeHandler(kept)
    assert kept.lines == []
