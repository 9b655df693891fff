"""The whole way in a real browser over the real processes: a stolen-card run is decided, becomes a case, and ends.

Engine, worker and pages run as they are installed; the receiver of webhooks and the mail server are real ones on
loopback.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pyotp
import pytest
from tests.support.outside import mailbox, receiver

from satark.app.settings import load_settings
from satark.app.wiring import AppWiring

SOURCE = Path(__file__).parents[2] / "src"
PASSWORD = "correct horse battery"
PATIENCE_SECONDS = 120.0
DEVICE = "dev_stolen_1"

pytestmark = pytest.mark.browser


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def payment(number: int, at: datetime) -> dict:
    """Return one of many small tries with different cards on one device."""
    return {
        "type": "payment",
        "id": f"try_{number}",
        "occurred_at": at.isoformat(),
        "amount_minor": 9_900 + number,
        "method": "card",
        "channel": "web",
        "customer": {
            "id": f"cus_{number}",
            "added_at": (at - timedelta(hours=3)).isoformat(),
            "phone": f"+9198200000{number:02d}",
            "email": f"customer{number}@example.com",
        },
        "card": {"token": f"tok_whole_{number:04d}", "bin": "436520", "last4": f"{number:04d}"},
        "payee": {"merchant": "mer_gifts", "mcc": "5947"},
        "lines": [{"category": "gift_card", "title": "Gift card", "price_minor": 9_900 + number}],
        "device": {"id": DEVICE, "fingerprint": "fp_1"},
        "ip": "49.35.93.11",
        "ip_country": "IN",
    }


def start(name: str, environment: dict[str, str]) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "satark.app.main", name, "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def until(process: subprocess.Popen, step: str) -> dict:
    """Read what a process announces up to a step."""
    for line in process.stdout:
        told = json.loads(line)
        if told.get("step") == step:
            return told
    raise AssertionError(f"the process ended before it was {step}")


def wait_for(condition, what: str):
    """Wait until something is so, and return it."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    home = tmp_path_factory.mktemp("whole") / "data"
    web_port = free_port()
    with receiver() as hook, mailbox() as post:
        settings = {
            "SATARK_HOME": str(home),
            "SATARK_PORT": "0",
            "SATARK_WEB_PORT": str(web_port),
            "SATARK_WINDOWS_MB": "1024",
            "SATARK_LOG_LEVEL": "warning",
            "SATARK_PUBLIC_ADDRESS": f"http://127.0.0.1:{web_port}",
            "SATARK_WEBHOOK_NETWORKS": "127.0.0.1",
            "SATARK_SMTP_HOST": post.host,
            "SATARK_SMTP_PORT": str(post.port),
            "SATARK_SMTP_SECURITY": "none",
        }
        wiring = AppWiring(load_settings(settings))
        with wiring.storage() as storage:
            for name, role in (("asha", "analyst"), ("admin", "administrator")):
                storage.staff.create(name, role, password=PASSWORD)
            key = storage.keys.create("shop", scopes={"decide", "read", "label", "events"}).secret
        environment = dict(os.environ) | settings | {"PYTHONPATH": str(SOURCE)}
        processes = {name: start(name, environment) for name in ("serve", "work", "web")}
        try:
            engine = until(processes["serve"], "listening")["address"]
            until(processes["work"], "working")
            pages = until(processes["web"], "listening")["address"]
            wait_for(lambda: httpx.get(f"{engine}/health/ready").status_code == 200, "the engine")
            yield SimpleNamespace(
                engine=engine, pages=pages, hook=hook, post=post, wiring=wiring, key=key, processes=processes
            )
        finally:
            for process in processes.values():
                process.terminate()
            ends = {name: process.wait(30) for name, process in processes.items()}
            for process in processes.values():
                process.stdout.close()
    assert ends == dict.fromkeys(processes, 0)


@pytest.fixture
def people(browser, installation):
    """Open a browser for each person; whatever it complains about fails the test."""
    contexts, complaints = [], []

    def open_page(*, phone: bool = False, locale: str = "en-IN"):
        size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
        context = browser.new_context(viewport=size, locale=locale, base_url=installation.pages)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def log_in(page, username: str) -> None:
    """Log in for the first time: password, then a second factor that has to be set up."""
    page.goto("/login")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url("**/account")
    page.click("form[action='/account/codes/begin'] button")
    secret = page.locator(".secret code").text_content().replace(" ", "")
    page.fill("#code", pyotp.TOTP(secret).now())
    page.click("form[action='/account/codes'] button")
    # The recovery codes are shown once.
    page.wait_for_url("**/account/**")
    page.click("form[action='/logout'] button")
    page.goto("/login")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url("**/login/second")
    # The code that was just used is used up; the next one is taken as well, for clocks that differ.
    page.fill("#code", pyotp.TOTP(secret).at(time.time() + 30))
    page.press("#code", "Enter")
    page.wait_for_selector(".areas")


def add_webhook(page, url: str) -> None:
    page.goto("/webhooks")
    page.fill("#name", "Core banking")
    page.fill("#url", url)
    for tick in page.locator("input[name=topic]").all():
        tick.check()
    page.click("form[action='/webhooks'] button")
    page.wait_for_selector("text=Core banking")


def labels(installation, event_id: str) -> list[dict]:
    """Return the labels of a payment that lie in the log, in order."""
    with installation.wiring.storage(write=False) as storage:
        payment_entry = next(iter(storage.events.find_anywhere(event_id)))
        found = storage.events.find_by_ref(payment_entry.owner, event_id)
        return [json.loads(entry.body) for entry in found if entry.kind == "label"]


def listed(installation, name: str, value: str) -> bool:
    with installation.wiring.storage(write=False) as storage:
        return storage.lists.find(name, value) is not None


def topics(installation) -> list[str]:
    return [got.event["type"] for got in installation.hook.got]


def try_many_cards(installation) -> set[str]:
    """Try many cards on one device; return the payments that were stopped."""
    now = datetime.now(UTC)
    stopped = set()
    with httpx.Client(
        base_url=installation.engine, headers={"authorization": f"Bearer {installation.key}"}
    ) as shop:
        for number in range(1, 13):
            answer = shop.post(
                "/v1/decisions?deadline_ms=5000", json=payment(number, now - timedelta(seconds=60 - number))
            )
            assert answer.status_code == 200, answer.text
            if answer.json()["action"] in {"hold", "block"}:
                stopped.add(answer.json()["id"])
    assert len(stopped) >= 3
    return stopped


def test_stolen_cards_become_a_case_that_ends_and_can_be_taken_back(installation, people):
    admin, asha = people(), people()
    log_in(admin, "admin")
    add_webhook(admin, installation.hook.url)
    log_in(asha, "asha")

    stopped_ids = try_many_cards(installation)

    # The alert is taken from the live queue; the page says why.
    asha.goto("/queue")
    asha.wait_for_selector(".case-row", timeout=PATIENCE_SECONDS * 1_000)
    wait_for(lambda: "alert.opened" in topics(installation), "the webhook of the alert")
    asha.click("text=Take the next case")
    asha.wait_for_url(re.compile(r"/cases/\d+"))
    case = asha.url.rpartition("/")[2].partition("?")[0].partition("#")[0]
    because = asha.locator(".because").first.text_content()
    assert re.search(r"\d", because)
    shown = {code.text_content() for code in asha.locator(".alert .sub code").all()}
    assert shown & stopped_ids
    with asha.expect_navigation():
        asha.locator(".alert a").first.click()
    assert "/decisions/" in asha.url
    asha.go_back()

    # The graph leads from the case to more cards.
    asha.wait_for_selector("[data-graph-nodes] [tabindex]", timeout=PATIENCE_SECONDS * 1_000)
    before = asha.locator("[data-graph-nodes] [tabindex]").count()
    asha.locator(".graph-list summary").click()
    # The rows are written after the list has opened, so that each look at them waits.
    device = asha.locator("[data-graph-rows] tr", has_text=re.compile("device", re.IGNORECASE)).first
    device.wait_for(timeout=PATIENCE_SECONDS * 1_000)
    if device.locator("button").count():
        device.locator("button").first.click()
    cards = asha.locator("[data-graph-rows] tr", has_text=re.compile("card", re.IGNORECASE))
    wait_for(lambda: cards.count() >= 3, "three cards in the list of the graph")
    assert asha.locator("[data-graph-nodes] [tabindex]").count() >= before

    # Closed as fraud by one key and the form behind it: label, list entries, webhook, notice.
    asha.locator(".outcome.fraud summary").click()
    asha.locator(".outcome.fraud button.strong").click()
    asha.wait_for_selector("#undo")
    labelled = next(iter(shown & stopped_ids))
    wait_for(lambda: [one["label"] for one in labels(installation, labelled)] == ["fraud"], "the label")
    token = f"tok_whole_{int(labelled.rpartition('_')[2]):04d}"
    wait_for(lambda: listed(installation, "blocked_cards", token), "the entry of the list")
    wait_for(lambda: "case.closed" in topics(installation), "the webhook of the closed case")
    wait_for(lambda: installation.post.got, "a notice by mail")

    # Undone: a correcting label, the entry gone, the case open again.
    asha.click("#undo")
    wait_for(lambda: not listed(installation, "blocked_cards", token), "the entry to be taken back")
    wait_for(lambda: len(labels(installation, labelled)) == 2, "the correcting label")
    asha.goto(f"/cases/{case}")
    assert asha.locator(".case-head.state-closed").count() == 0


def test_customer_answers_on_a_phone_in_hindi_and_once_only(installation, people):
    mail = wait_for(lambda: list(installation.post.got), "a notice by mail")[0]
    text = mail.get_body(("plain",)).get_content()
    link = re.search(r"http://127\.0\.0\.1:\d+(/c/\S+)", text)[1].rstrip(".,")
    customer = people(phone=True, locale="hi-IN")
    customer.goto(link)
    assert customer.locator("html").get_attribute("lang") == "hi"
    assert customer.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    customer.click("text=यह मैंने नहीं किया")
    customer.wait_for_selector("text=1930")
    wait_for(lambda: "customer.answered" in topics(installation), "the webhook of the answer")
    again = people(phone=True, locale="hi-IN")
    answer = again.goto(link)
    assert answer.status in {200, 410}
    assert again.locator("button[name=answer]").count() == 0
    assert "1930" in again.locator("main").text_content()
