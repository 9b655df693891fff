"""A customer answers a notice on a phone, in Hindi: one tap, the steps that follow, and a kind word to a second tap."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.browser.accessibility import problems_of

PROGRAM = Path(__file__).with_name("customer_program.py")
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.browser


class Links:
    """Fresh links, each to be used once."""

    def __init__(self, address, links):
        self.address = address
        self._links = {kind: list(tokens) for kind, tokens in links.items()}

    def look(self, kind):
        """Return a link that stays as it is."""
        return f"{self.address}/c/{self._links[kind][0]}"

    def take(self, kind):
        tokens = self._links[kind]
        token = tokens.pop() if kind != "ended" else tokens[0]
        return f"{self.address}/c/{token}"


@pytest.fixture(scope="module")
def links():
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    said = json.loads(process.stdout.readline())
    yield Links(f"http://127.0.0.1:{said['port']}", said["links"])
    process.terminate()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


def open_page(browser, *, width=390, scripts=True, scheme="light"):
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        java_script_enabled=scripts,
        color_scheme=scheme,
        has_touch=True,
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    page.complaints = []
    page.on(
        "console", lambda message: page.complaints.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


@pytest.fixture
def phone(browser):
    page = open_page(browser)
    yield page
    assert page.complaints == []
    page.context.close()


def test_denial_in_hindi_freezes_and_tells_the_steps_when_tapped_once(phone, links):
    link = links.take("hold")
    phone.goto(link)
    assert phone.locator("html").get_attribute("lang") == "hi"
    assert phone.locator("h1").inner_text() == "क्या यह भुगतान आपने किया?"
    phone.get_by_role("button", name="यह मैंने नहीं किया").tap()
    phone.wait_for_selector("#complaint")
    assert phone.locator("h1").inner_text() == "आपका उत्तर: यह मैंने नहीं किया"
    assert phone.locator('a[href="tel:1930"]').is_visible()
    assert "₹49,000.00" in phone.locator("#complaint").inner_text()
    phone.get_by_role("button", name="कॉपी करें").tap()
    phone.wait_for_function("() => document.querySelector('[data-said]').textContent !== ''")
    copied = phone.evaluate("navigator.clipboard.readText()")
    assert copied == phone.locator("#complaint").evaluate("node => node.textContent")
    phone.goto(link)
    assert phone.locator("h1").inner_text() == "आप उत्तर दे चुके हैं"
    assert phone.locator("form").count() == 0


def test_confirmation_thanks_and_ends_when_tapped(phone, links):
    link = links.take("hold")
    phone.goto(f"{link}?lang=en")
    phone.get_by_role("button", name="It was me").tap()
    phone.wait_for_selector("text=You said")
    assert "being released now" in phone.locator("main").inner_text()
    phone.goto(f"{link}?lang=en")
    assert phone.locator("h1").inner_text() == "You have answered already"
    assert "49,000" not in phone.locator("main").inner_text()


def test_answer_arrives_when_scripts_are_off(browser, links):
    page = open_page(browser, scripts=False)
    page.goto(links.take("block"))
    page.locator("button.denied").click()
    page.wait_for_selector("text=आपका उत्तर")
    assert not page.locator("[data-copy]").is_visible()
    page.context.close()


def test_answer_is_reached_by_keyboard_when_there_is_no_touch(phone, links):
    phone.goto(links.take("challenge"))
    names = []
    for _ in range(5):
        phone.keyboard.press("Tab")
        names.append(phone.evaluate("document.activeElement.className || document.activeElement.tagName"))
    assert "answer denied" in names
    assert "answer confirmed" in names


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("lang", ["hi", "en"])
def test_nothing_is_wrong_for_anybody_when_looked_at_by_axe(browser, links, width, lang, scheme):
    page = open_page(browser, width=width, scheme=scheme)
    asked, seen = links.look("hold"), {}
    for name, address in (("ask", asked), ("ended", links.take("ended")), ("none", f"{links.address}/c/x")):
        page.goto(f"{address}?lang={lang}")
        seen[name] = problems_of(page)
    if width == 390:
        for name, kind, button in (("denied", "block", "denied"), ("confirmed", "challenge", "confirmed")):
            link = links.take(kind)
            page.goto(f"{link}?lang={lang}")
            page.locator(f"button.{button}").click()
            page.wait_for_selector("h1:not(:has-text('?'))")
            seen[name] = problems_of(page)
            page.goto(f"{link}?lang={lang}")
            seen[f"{name} again"] = problems_of(page)
    page.context.close()
    assert {name: wrong for name, wrong in seen.items() if wrong} == {}


def test_targets_are_large_enough_when_tapped_in_haste(phone, links):
    phone.goto(links.take("hold"))
    for box in phone.locator("button, .calls a, nav a").all():
        size = box.bounding_box()
        assert size["height"] >= 44
        assert size["width"] >= 44


def test_language_changes_without_cookies_when_switched(phone, links):
    phone.goto(links.take("hold"))
    phone.get_by_role("link", name="English").tap()
    phone.wait_for_url("**?lang=en")
    assert phone.locator("h1").inner_text() == "Did you make this payment?"
    assert phone.context.cookies() == []
