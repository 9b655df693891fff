"""The whole way of a policy in a real browser, over the engine, the worker and the pages as they are installed.

An author changes a rule, tries it on a month of payments, reads rupees and customers, and sends it to a colleague, who
approves it on a phone in Hindi; it decides for a tenth of the customers, a rule is switched off, and one click goes
back. What was decided meanwhile comes out the same when it is decided again, and the audit trail shows all of it.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import msgspec
import pytest
from playwright.sync_api import expect
from tests.support.publishing import logistic_of, scored

from satark.app.engine import build_service
from satark.app.settings import load_settings
from satark.app.wiring import AppWiring
from satark.models import load_model
from satark.policies import load_policy

SOURCE = Path(__file__).parents[2] / "src"
PASSWORD = "correct horse battery"
PATIENCE_SECONDS = 60.0
DAYS = 30
NUMBERS = itertools.count()
POLICY = """\
policy: shop
version: 1
features:
  card_10m: count() by card over 10m
rules:
  velocity:
    params: {limit: 6}
    when: card_10m > limit
    action: hold
    score: 0.65
    reason: {en: "{card_10m} payments in 10 minutes; limit {limit}", hi: "10 मिनट में {card_10m} भुगतान; सीमा {limit}"}
  large:
    when: amount > rupees(200_000)
    action: challenge
    score: 0.4
    reason: {en: "A large amount", hi: "बड़ी राशि"}
"""

pytestmark = pytest.mark.browser


def payment(event_id: str, at: datetime, card: str, amount_minor: int) -> dict:
    return {
        "type": "payment",
        "id": event_id,
        "occurred_at": at.isoformat(),
        "amount_minor": amount_minor,
        "method": "card",
        "channel": "web",
        "customer": {"id": f"cus_{card}"},
        "card": {"token": f"tok_way_{card}", "bin": "436520", "last4": "0001"},
        "payee": {"merchant": "mer_1", "mcc": "5411"},
    }


def month() -> list[dict]:
    """Return a month: single payments, bursts of five by thieves, and of five by a few busy customers; all labelled."""
    now = datetime.now(UTC)
    begin = now - timedelta(days=DAYS - 1)
    events = []
    for day in range(DAYS - 2):
        morning = begin + timedelta(days=day)
        for number in range(20):
            at, card = morning + timedelta(minutes=number), f"{day}_{number}"
            events.append((payment(f"d{card}", at, card, 90_000), "genuine"))
        bursts = [("thief", "fraud", 3, 25_000_00)]
        if day % 7 == 0:
            bursts.append(("busy", "genuine", 5, 400_00))
        for kind, label, hour, amount in bursts:
            for number in range(5):
                at = morning + timedelta(hours=hour, minutes=number)
                events.append((payment(f"{kind}{day}_{number}", at, f"{kind}{day}", amount), label))
    made = [body for body, _ in events]
    at = now - timedelta(hours=12)
    for body, label in events:
        made.append(
            {
                "type": "label",
                "id": f"label_{body['id']}",
                "event": body["id"],
                "label": label,
                "reporter": "bank",
                "reported_at": at.isoformat(),
            }
        )
    return made


def fill(wiring: AppWiring) -> str:
    """Let the engine decide a month, and return the secret of a key."""
    encode = msgspec.json.Encoder().encode
    with wiring.storage() as storage:
        key = storage.keys.create("shop", scopes={"decide", "read", "label", "events"})
        for name, role in (("asha", "author"), ("meera", "supervisor"), ("anil", "auditor")):
            storage.staff.create(name, role, password=PASSWORD)
        service = build_service(wiring, storage)
        service.start()
        refused, left, heard = [], threading.Event(), []

        def done(outcome) -> None:
            heard.append(outcome)
            if outcome.error is not None:
                refused.append(outcome.error)
            if len(heard) == len(events):
                left.set()

        events = month()
        for event in events:
            service.submit(encode(event), key.key.owner, done, only=None)
        assert left.wait(PATIENCE_SECONDS)
        assert refused == []
        assert service.stop(PATIENCE_SECONDS)
    return key.secret


def start(name: str, environment: dict[str, str]) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "satark.app.main", name, "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def until(process: subprocess.Popen, step: str) -> dict:
    for line in process.stdout:
        told = json.loads(line)
        if told.get("step") == step:
            return told
    raise AssertionError(f"the process ended before it was {step}")


def wait_for(condition, what: str):
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := condition()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lifecycle")
    policy = folder / "shop.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    settings = {
        "SATARK_HOME": str(folder / "data"),
        "SATARK_POLICY": str(policy),
        "SATARK_PORT": "0",
        "SATARK_WEB_PORT": "0",
        "SATARK_WINDOWS_MB": "256",
        "SATARK_LOG_LEVEL": "warning",
        "SATARK_WEB_SECOND_FACTOR": "no",
    }
    wiring = AppWiring(load_settings(settings))
    key = fill(wiring)
    environment = dict(os.environ) | settings | {"PYTHONPATH": str(SOURCE)}
    processes = {name: start(name, environment) for name in ("serve", "work", "web")}
    try:
        engine = until(processes["serve"], "listening")["address"]
        until(processes["work"], "working")
        pages = until(processes["web"], "listening")["address"]
        wait_for(lambda: httpx.get(f"{engine}/health/ready").status_code == 200, "the engine")
        yield SimpleNamespace(
            engine=engine, pages=pages, key=key, environment=environment, policy=policy, wiring=wiring
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

    def enter(username: str, *, phone: bool = False, lang: str = "en"):
        size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
        context = browser.new_context(viewport=size, base_url=installation.pages)
        context.add_cookies([{"name": "satark_lang", "value": lang, "url": installation.pages}])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_SECONDS * 1_000)
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/login")
        page.fill("#username", username)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_selector(".areas")
        return page

    yield enter
    for context in contexts:
        context.close()
    # A draft with a mistake is answered as such; the browser says so of every such answer.
    assert [one for one in complaints if "400 (Bad Request)" not in one] == []


def decide(installation, number: int, count: int = 1) -> list[dict]:
    """Send payments of one customer's card, all at this moment; return the answers."""
    now = datetime.now(UTC)
    answers = []
    with httpx.Client(
        base_url=installation.engine, headers={"authorization": f"Bearer {installation.key}"}
    ) as shop:
        for _ in range(count):
            body = payment(f"way_{next(NUMBERS)}", now, f"a{number}", 120_000)
            answer = shop.post("/v1/decisions?deadline_ms=5000", json=body)
            assert answer.status_code == 200, answer.text
            answers.append(answer.json())
    return answers


def satark(installation, *arguments: str) -> tuple[int, dict]:
    done = subprocess.run(
        [sys.executable, "-m", "satark.app.main", *arguments, "--json"],
        env=installation.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def write_draft(page, text: str) -> str:
    """Write a draft with a mistake first, then without; return the hash that its page is named by."""
    page.goto("/policy/versions")
    page.click("text=New draft")
    page.fill("#draft-text", text.replace("card_10m > limit", "card_10x > limit"))
    page.fill("#draft-note", "Stop bursts earlier")
    page.click("text=Check and keep the draft")
    page.wait_for_selector(".mistakes li")
    assert "Unknown name" in page.locator(".mistakes").text_content()
    # What was typed is still there, and the mistake leads to its line.
    typed = page.input_value("#draft-text")
    assert "card_10x > limit" in typed
    assert page.input_value("#draft-note") == "Stop bursts earlier"
    page.click("[data-line]")
    chosen = page.evaluate(
        "(() => { const t = document.activeElement; return t.value.slice(t.selectionStart, t.selectionEnd); })()"
    )
    assert "card_10x > limit" in chosen
    page.fill("#draft-text", text)
    page.click("text=Check and keep the draft")
    page.wait_for_url(re.compile(r"/policy/versions/[0-9a-f]{64}$"))
    return page.url.rpartition("/")[2]


def test_rule_is_changed_tried_approved_rolled_out_and_taken_back(installation, people):  # noqa: PLR0915 - one way
    asha = people("asha")
    text = POLICY.replace("version: 1", "version: 2").replace("{limit: 6}", "{limit: 3}")
    version = write_draft(asha, text)
    assert version == load_policy(text).content_hash

    # Tried on a month: what it says in rupees and customers follows from the payments above.
    asha.click("form[action$='/backtest'] button")
    asha.wait_for_url("**/backtests/*")
    asha.wait_for_selector(".outcome")
    told = " ".join(asha.locator(".outcome").text_content().split())
    stolen = 28 * 2 * 25_000
    assert told == (
        f"It would have stopped ₹{stolen / 100_000:g} lakh more of fraud and troubled 4 more genuine customers."
    )
    asha.click(".back a")
    asha.fill("#submit-note", "Four busy customers would be asked")
    asha.click("form[action$='/submit'] button")
    asha.wait_for_selector("text=had no hand in it")

    # The author cannot approve: there is no button, and a form made by hand is refused.
    assert asha.locator("form[action$='/approve']").count() == 0
    asha.evaluate(
        """(version) => {
          const form = document.createElement("form");
          form.method = "post"; form.action = `/policy/versions/${version}/approve`;
          const csrf = document.querySelector("input[name=csrf]").value;
          for (const [name, value] of [["csrf", csrf], ["revision", "2"]]) {
            const input = document.createElement("input");
            input.name = name; input.value = value; form.append(input);
          }
          document.body.append(form); form.submit();
        }""",
        version,
    )
    asha.wait_for_selector(".toast.bad")
    assert "had a hand in a version" in asha.locator(".toast").text_content()

    # A colleague approves it, on a phone and in Hindi, having read what it would do.
    meera = people("meera", phone=True, lang="hi")
    meera.goto("/policy/versions")
    meera.click(".mine a")
    meera.wait_for_selector(".outcome")
    assert f"₹{stolen / 100_000:g} लाख" in meera.locator(".outcome").text_content()
    assert "Four busy customers" in meera.locator(".story").text_content()
    meera.fill("#approve-note", "ठीक है")
    meera.click("form[action$='/approve'] button")
    meera.wait_for_selector(".life-reviewed")

    # A tenth of the customers: asked once, and by the next answers it is so.
    asha.goto(f"/policy/versions/{version}")
    asha.fill("#percent", "10")
    asha.click(".percent-form button")
    asha.wait_for_selector("text=It decides for 10% of customers")
    asha.fill("#why", "A tenth first")
    asha.click("button:has-text('Decide for 10% of customers')")
    asha.wait_for_selector("#now > .placing .life-canary")
    answers = {number: decide(installation, number)[0] for number in range(120)}
    canary = [number for number, answer in answers.items() if answer["policy"]["hash"] == version]
    assert 2 <= len(canary) <= 30
    held = decide(installation, canary[0], count=5)[-1]
    assert (held["action"], held["policy"]["version"]) == ("hold", 2)
    others = next(number for number in answers if number not in canary)
    assert decide(installation, others, count=5)[-1]["action"] == "allow"

    # The rule is switched off where it does harm, with a reason, and holds nobody any more.
    meera.goto("/policy")
    meera.click("#rule-velocity .switch summary")
    meera.fill("#rule-velocity .switch input[name=note]", "दुकानें शिकायत कर रही हैं")
    meera.click("#rule-velocity .switch button")
    meera.wait_for_selector(".off-row")
    wait_for(
        lambda: decide(installation, canary[0])[-1]["action"] == "allow",
        "the switch",
    )

    # One click back: nobody is decided by the new version.
    meera.goto("/policy/versions")
    meera.click(".back-button")
    # The canary's absence alone would also be true of a page that is still being read, before the engine has done it.
    meera.wait_for_selector("#now > .placing:has(.life-live):not(:has(.life-canary))")
    back = [decide(installation, number)[0]["policy"]["version"] for number in canary]
    assert set(back) == {1}
    # The switch is not undone by the way back; somebody does that on purpose.
    expect(meera.locator(".off-row")).to_have_count(1)
    meera.click(".off-row button")
    meera.wait_for_selector(".toast")
    wait_for(
        lambda: decide(installation, others)[-1]["action"] == "hold",
        "the rule to be on again",
    )

    # Decided again from what is stored, the canary's decision comes out the same, its reasons too.
    code, again = satark(installation, "decisions", "replay", held["id"])
    assert (code, again["same"], again["action"]) == (0, True, "hold"), again

    # The trail shows each step, in its order, and proves itself.
    anil = people("anil")
    anil.goto("/audit")
    trail = [
        one
        for one in anil.locator(".trail .act code").all_text_contents()
        if one.startswith(("policy_", "rule_", "backtest_"))
    ][::-1]
    assert trail == [
        "policy_drafted", "backtest_asked", "backtest_done", "policy_submitted", "policy_approved",
        "policy_canary", "rule_switched_off", "policy_back", "rule_switched_on",
    ]  # fmt: skip
    anil.click("text=Prove it now")
    anil.wait_for_selector(".check.good")
    assert satark(installation, "audit", "verify")[0] == 0


def test_model_of_the_store_comes_into_force_over_the_pages(installation, people, tmp_path):
    """The author names a model by its hash; it runs in shadow, then decides, and the page says what it saw."""
    model = logistic_of(POLICY)
    (tmp_path / "trained.model").write_bytes(model)
    code, kept = satark(installation, "models", "keep", str(tmp_path / "trained.model"))
    assert code == 0, kept
    text = scored(POLICY.replace("version: 1", "version: 3"), model, use=f"sha256:{load_model(model).hash}")
    asha = people("asha")
    version = write_draft(asha, text)
    asha.fill("#submit-note", "A model beside the rules")
    asha.click("form[action$='/submit'] button")
    asha.wait_for_selector("text=had no hand in it")
    meera = people("meera")
    meera.goto(f"/policy/versions/{version}")
    meera.fill("#approve-note", "Read it")
    meera.click("form[action$='/approve'] button")
    meera.wait_for_selector(".life-reviewed")

    for step in ("shadow", "live"):
        asha.goto(f"/policy/versions/{version}/publish?step={step}")
        asha.fill("#why", "Its probabilities were looked at")
        asha.click("form[action$='/publish'] button.strong")
        asha.wait_for_selector(f"#now > .placing li:has(.life-{step}):has-text('{version[:8]}')")

    # The new version has another model; what it says holds the payment, and the page tells what the model went by.
    held = decide(installation, 900, count=5)[-1]
    assert (held["policy"]["hash"], held["action"]) == (version, "hold")
    assert held["model"]["hash"] == load_model(model).hash
    meera.goto("/search")
    meera.fill("#q", held["id"])
    meera.press("#q", "Enter")
    meera.click(".found .row a")
    meera.wait_for_selector("text=What the model said")
    assert f"{100 * held['model']['score']:.1f} %" in meera.locator(".model").text_content()
    wait_for(
        lambda: meera.reload() and meera.locator(".pushes .push").count() >= 2, "the explanation of the score"
    )
    code, again = satark(installation, "decisions", "replay", held["id"])
    assert (code, again["same"], again["action"]) == (0, True, "hold"), again
