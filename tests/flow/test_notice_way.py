"""The whole way of a notice: a payment is held, a real mail arrives, its link is answered, the next payment is stopped.

Engine, follower, sender, mail server, page and inbox are the real ones, in one process and without their loops, so that
each step is done when it has returned.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading

import httpx
import msgspec
import pytest
from tests.support.outside import mailbox

from satark.app.engine import build_service
from satark.app.inbox import Inbox
from satark.app.main import make_wiring
from satark.app.worker import make_follower, make_sender
from satark.core.clock import SystemClock, from_us
from satark.events.examples import GOLD_COIN_BY_CARD
from satark.web import WebOptions, create_web

ADDRESS = "https://alerts.bank.example"
LINK = re.compile(re.escape(ADDRESS) + r"/c/([A-Za-z0-9_-]{36})")


class Bank:
    """An installation with everything running."""

    def __init__(self, wiring, storage, desk, service, owner):
        self.storage, self.desk, self.service, self.owner = storage, desk, service, owner
        self.follower = make_follower(wiring, storage, desk)
        self.follower.adopt()
        self.sender = make_sender(wiring, desk)
        self.inbox = Inbox(service, lambda: wiring.desk(storage), storage.lists)
        self.web = create_web(storage.events, storage.staff, WebOptions(), desk_store=desk)

    def pay(self, **changes):
        """Return the engine's decision about one payment."""
        now_us = SystemClock().now_us()
        payment = json.loads(msgspec.json.encode({**GOLD_COIN_BY_CARD, **changes}))
        payment["occurred_at"] = from_us(now_us).isoformat()
        payment["customer"]["added_at"] = from_us(now_us - 3_600_000_000).isoformat()
        done, answers = threading.Event(), []

        def answered(outcome):
            answers.append(outcome)
            done.set()

        self.service.submit(json.dumps(payment).encode(), self.owner, answered)
        assert done.wait(30)
        assert answers[0].status == 200
        return json.loads(answers[0].body)

    def work(self):
        """Follow the log and send what waits."""
        while self.follower.step():
            pass
        self.sender.step()

    def open(self, method, token, **kwargs):
        async def run():
            transport = httpx.ASGITransport(self.web)
            async with httpx.AsyncClient(transport=transport, base_url="http://pages.test") as client:
                return await client.request(method, f"/c/{token}", **kwargs)

        return asyncio.run(run())

    def answer(self, token, answer):
        proof = re.search(r'name="proof" value="([0-9a-f]+)"', self.open("GET", token).text)[1]
        return self.open("POST", token, data={"proof": proof, "answer": answer})


@pytest.fixture
def box():
    with mailbox() as opened:
        yield opened


@pytest.fixture
def bank(tmp_path, box):
    settings = {
        "home": tmp_path / "home",
        "windows_mb": 64,
        "public_address": ADDRESS,
        "smtp_host": box.host,
        "smtp_port": box.port,
        "smtp_security": "none",
        "smtp_from": "alerts@bank.example",
    }
    wiring = make_wiring(None, settings)
    with wiring.storage() as storage, wiring.desk(storage) as desk:
        owner = storage.keys.create("gateway", {"decide"}).key.owner
        service = build_service(wiring, storage)
        service.start()
        yield Bank(wiring, storage, desk, service, owner)
        service.stop()


def link_of(mail):
    text = mail.get_body(("plain",)).get_content()
    found = set(LINK.findall(text)) | set(LINK.findall(mail.get_body(("html",)).get_content()))
    assert len(found) == 1
    return found.pop()


def test_denied_payment_stops_the_card_when_answered_over_mail(bank, box):
    held = bank.pay()
    assert held["action"] in {"hold", "block"}
    bank.work()
    (mail,) = box.got
    assert mail["To"] == "asha.k@example.in"
    assert "₹76,450.00" in mail["Subject"]
    assert "XX1111" in mail.get_body(("plain",)).get_content()
    assert "4111" not in str(mail)
    page = bank.answer(link_of(mail), "fraud")
    assert page.status_code == 200
    assert "आपका कार्ड भुगतान के लिए ब्लॉक किया जा रहा है।" in page.text
    case = bank.desk.cases.of_event(held["seq"])
    lines = {line.kind for line in bank.desk.cases.timeline(case.id)}
    assert {"opened", "notice", "answer"} <= lines
    assert bank.inbox.take(bank.desk.commands) == 1
    later = bank.pay(id="later", lines=[], amount_minor=100, device={"id": "another"})
    assert later["action"] == "block"
    assert "card_blocked" in [reason["code"] for reason in later["reasons"]]


def test_second_tap_is_refused_and_nothing_is_sent_twice_when_worked_again(bank, box):
    bank.pay()
    bank.work()
    bank.work()
    (mail,) = box.got
    token = link_of(mail)
    assert bank.answer(token, "genuine").status_code == 200
    again = bank.open(
        "POST", token, data={"answer": "fraud", "proof": bank.desk.notices.links.form_token(token)}
    )
    assert again.status_code == 409
    assert bank.desk.commands.waiting(10) == []


def test_header_stays_one_line_when_names_are_hostile(bank, box):
    bank.pay(payee={"merchant": "a|b:c@d.example", "mcc": "5944"})
    bank.work()
    (mail,) = box.got
    assert mail["Bcc"] is None
    assert "d.example" not in mail.get_body(("plain",)).get_content().replace(ADDRESS, "")


def test_delivery_stands_in_the_timeline_when_mail_was_taken(bank, box):
    held = bank.pay()
    bank.work()
    box.wait_for(1)
    case = bank.desk.cases.of_event(held["seq"])
    states = [line.detail.get("state") for line in bank.desk.cases.timeline(case.id) if line.kind == "notice"]
    assert states == ["sent", "planned"]
