"""The queue and a case in a real browser: choosing many, keys, locks between two people, undo, both widths."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("casework_program.py")
SOURCE = Path(__file__).parents[2] / "src"
PASSWORD = "correct horse battery"
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}

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


@pytest.fixture
def enter(browser, address):
    """Log somebody in; whatever the browser complains about fails the test."""
    contexts, complaints = [], []

    def make(username, size="desktop", locale="en-IN", **options):
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale=locale, base_url=address, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/login")
        page.fill("#username", username)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_selector(".areas")
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def _first_unassigned(page):
    page.goto("/queue?who=nobody")
    rows = page.locator(".case-row").filter(has_not_text="four eyes")
    # A browser that was closed in the middle of a case leaves its lock behind for two minutes.
    row = rows.filter(has_not_text="open at").first
    return row.get_attribute("id")[1:]


@pytest.mark.parametrize("locale", ["en-IN", "hi-IN"])
@pytest.mark.parametrize("size", list(SIZES))
def test_nothing_hangs_over_the_edge_when_pages_are_narrow_or_wide(enter, size, locale):
    page = enter("meera", size, locale)
    for path in ("/queue", "/queue?state=closed", "/cases/1", "/cases/21", "/supervisor"):
        page.goto(path)
        assert page.locator("h1").count() == 1
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, path


@pytest.mark.parametrize("size", list(SIZES))
def test_many_are_assigned_and_given_back_when_chosen_and_undone(enter, size):
    page = enter("meera", size)
    page.goto("/queue?who=nobody")
    ids = [row.get_attribute("id")[1:] for row in page.locator(".case-row").all()[:2]]
    assert not page.locator(".bulk").is_visible()
    for case in ids:
        page.check(f"#pick{case}")
    assert page.locator("#n-chosen").inner_text() == "(2)"
    page.click("button[value=mine]")
    assert "2 cases were assigned." in page.locator(".toast").inner_text()
    page.goto("/queue?who=me")
    for case in ids:
        assert page.locator(f"#c{case}").count() == 1
    page.goto("/queue?who=me")
    for case in ids:
        page.check(f"#pick{case}")
    page.click("button[value=back]")
    page.click("#undo")
    assert "Taken back for 2 cases." in page.locator(".toast").inner_text()
    for case in ids:
        page.check(f"#pick{case}")
    page.click("button[value=back]")


def test_choice_is_kept_when_the_list_refreshes_by_itself(enter):
    page, other = enter("meera"), enter("asha")
    case = _first_unassigned(page)
    page.check(f"#pick{case}")
    other.goto(f"/cases/{case}")
    other.click("[data-key=w]")
    page.wait_for_function(
        "id => document.querySelector('#c' + id + ' .pill').textContent.includes('Waiting')",
        arg=case,
        timeout=15_000,
    )
    assert page.locator(f"#pick{case}").is_checked()
    assert page.locator("#n-chosen").inner_text() == "(1)"
    other.click("#undo")


def test_rows_are_reached_and_chosen_when_keys_are_pressed(enter):
    page = enter("asha")
    page.goto("/queue")
    ids = [row.get_attribute("id")[1:] for row in page.locator(".case-row").all()[:3]]
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.id") == f"open{ids[1]}"
    page.keyboard.press("x")
    assert page.locator(f"#pick{ids[1]}").is_checked()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/cases/{ids[0]}")
    page.keyboard.press("b")
    page.wait_for_url("**/queue")


def test_keys_are_listed_and_switched_off_when_asked_for(enter):
    page = enter("asha")
    page.goto("/cases/1")
    page.keyboard.press("?")
    listed = page.locator("#keys-list").inner_text()
    for words in ("Fraud", "Genuine", "Inconclusive", "Write a note", "Back to the queue"):
        assert words in listed
    page.uncheck("#keys-on")
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    assert page.locator(".outcome.fraud").get_attribute("open") is None
    page.reload()
    page.keyboard.press("?")
    page.check("#keys-on")
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    assert page.locator(".outcome.fraud").get_attribute("open") is not None


def test_case_closes_with_one_key_and_enter_and_opens_again_when_undone(enter):
    page = enter("asha")
    case = _first_unassigned(page)
    page.goto(f"/cases/{case}")
    page.keyboard.press("g")
    page.keyboard.press("Enter")
    page.wait_for_selector(".toast")
    assert "One case was closed." in page.locator(".toast").inner_text()
    assert page.locator(".case-head .pill").inner_text() == "Genuine"
    page.keyboard.press("u")
    page.wait_for_function("() => document.querySelector('.toast').textContent.includes('Taken back')")
    assert page.locator(".case-head .pill").inner_text() != "Genuine"


def test_letters_are_written_and_no_shortcut_when_a_note_is_typed(enter):
    page = enter("asha")
    page.goto("/cases/2")
    page.keyboard.press("c")
    page.keyboard.type("fraud? go <b>on</b> ?")
    assert page.locator("#note").input_value() == "fraud? go <b>on</b> ?"
    assert not page.locator("#keys").is_visible()
    page.click("text=Add the note")
    page.wait_for_selector(".said")
    assert "fraud? go <b>on</b> ?" in page.locator(".said").first.inner_text()


def test_second_person_sees_the_lock_and_gets_the_case_when_the_first_leaves(enter):
    first, second = enter("asha"), enter("meera")
    first.goto("/cases/3")
    first.wait_for_selector(".lock-state.own")
    second.goto("/cases/3")
    second.wait_for_selector(".lock-state.other")
    assert "asha has this case open" in second.locator("#lock").inner_text()
    second.goto("/queue?q=3")
    assert "open at asha" in second.locator("#c3").inner_text()
    first.goto("/queue")
    second.wait_for_function(
        "() => !document.querySelector('#c3').textContent.includes('open at')", timeout=15_000
    )
    second.goto("/cases/3")
    second.wait_for_selector(".lock-state.own")


def test_page_says_so_when_a_colleague_changes_the_case(enter):
    page, other = enter("ravi"), enter("asha")
    page.clock.install()
    # No other test opens this case: what one leaves locked stays so for minutes.
    page.goto("/cases/5")
    page.wait_for_selector(".lock-state.own")
    other.goto("/cases/5")
    # A note needs no lock: it changes nothing that the other decides upon, but he must see it.
    other.fill("#note", "please wait")
    other.click("text=Add the note")
    page.clock.run_for(60_000)
    page.wait_for_selector("#changed:not([hidden])")
    page.click("#changed a")
    assert "please wait" in page.locator("#timeline").inner_text()


def test_everything_works_when_there_is_no_script(enter):
    page = enter("meera", java_script_enabled=False)
    case = _first_unassigned(page)
    page.check(f"#pick{case}")
    page.click("button[value=mine]")
    assert "One case was assigned." in page.locator(".toast").inner_text()
    page.goto(f"/cases/{case}")
    page.click("text=Open it for me alone")
    assert "Open for you" in page.locator("#lock").inner_text()
    page.click(".outcome.fraud summary")
    page.select_option("#reason-fraud", index=1)
    page.click(".outcome.fraud button")
    assert "One case was closed." in page.locator(".toast").inner_text()
    page.click("#undo")
    assert "Taken back for one case." in page.locator(".toast").inner_text()


def test_layout_stays_where_it_is_when_a_page_loads(enter):
    page = enter("meera")
    page.add_init_script(
        "window.shifts = 0; new PerformanceObserver(list => { for (const entry of list.getEntries()) {"
        " if (!entry.hadRecentInput) { window.shifts += entry.value; } } })"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    for path in ("/queue", "/cases/1", "/supervisor"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.wait_for_function("() => performance.now() > 600")
        assert page.evaluate("window.shifts") < 0.01, path


def test_address_holds_the_filter_when_the_form_is_sent(enter):
    page = enter("asha")
    page.goto("/queue")
    page.click(".filters summary")
    page.select_option("#f-state", "closed")
    page.click(".filters .strong")
    page.wait_for_url(re.compile(r"/queue\?.*state=closed"))
    assert page.locator(".case-row").count() > 0
    assert set(page.locator(".case-row .pill").all_inner_texts()) <= {"Fraud", "Genuine", "Inconclusive"}
