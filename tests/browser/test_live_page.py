"""The live page in a real browser: decisions arrive, the list pauses, languages switch, nothing breaks its policy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

PROGRAM = Path(__file__).with_name("live_program.py")
SOURCE = Path(__file__).parents[2] / "src"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address():
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM)], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(SOURCE)}
    )
    port = int(process.stdout.readline())
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


@pytest.fixture(params=["desktop", "phone"])
def page(request, browser, address):
    width, height = (1366, 900) if request.param == "desktop" else (390, 844)
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-IN")
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.fill("#username", "asha")
    page.fill("#password", "correct horse battery")
    page.press("#password", "Enter")
    page.wait_for_selector("#rows .row")
    yield page
    assert complaints == []
    context.close()


def test_decisions_arrive_when_the_page_is_open(page):
    first = page.locator("#rows .row").first.get_attribute("id")
    page.wait_for_function("first => document.querySelector('#rows .row').id !== first", arg=first)
    expect(page.locator("#state")).to_have_text("Live")


def test_list_stands_still_when_paused_and_catches_up_when_continued(page):
    page.click("#pause")
    first = page.locator("#rows .row").first.get_attribute("id")
    page.wait_for_function("() => document.getElementById('missed').textContent !== ''")
    assert page.locator("#rows .row").first.get_attribute("id") == first
    page.click("#pause")
    page.wait_for_function("first => document.querySelector('#rows .row').id !== first", arg=first)
    assert page.locator("#pause").get_attribute("aria-pressed") == "false"


def test_page_fits_its_width_when_in_either_language(page):
    for lang, word in (("hi", "निर्णय"), ("en", "Decisions")):
        page.click(f"button[name=lang][value={lang}]")
        page.wait_for_selector(f"html[lang={lang}] #rows .row")
        assert page.locator("h1").inner_text() == word
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"]


def test_one_decision_opens_when_its_row_is_clicked(page):
    page.click(".tile.hold")
    page.wait_for_selector("#rows .row.hold")
    expect(page.locator("#rows .row:not(.hold)")).to_have_count(0)
    page.click("#pause")
    page.locator("#rows .row a").first.click()
    page.wait_for_selector(".decision .reasons li")
    assert "limit 4" in page.locator(".reasons").inner_text()


def test_colours_change_when_a_theme_is_chosen(page):
    def background():
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.click("button[name=theme][value=light]")
    page.wait_for_selector("html[data-theme=light] #rows .row")
    light = background()
    page.click("button[name=theme][value=dark]")
    page.wait_for_selector("html[data-theme=dark] #rows .row")
    assert background() != light


def test_older_ones_come_when_asked_for(page):
    page.click("#pause")
    count = page.locator("#rows .row").count()
    page.click(".more button")
    page.wait_for_function("count => document.querySelectorAll('#rows .row').length > count", arg=count)


def test_member_is_out_when_leaving(page):
    page.click(".leave button:not([data-keys-open])")
    page.wait_for_selector("#password")
