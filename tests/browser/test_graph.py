"""Decisions, things and their graph in a real browser: by keyboard, in both languages, and with 10,000 nodes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

PROGRAM = Path(__file__).with_name("console_program.py")
SOURCE = Path(__file__).parents[2] / "src"
EVIL = "<img src=x onerror=\"document.title='owned'\">"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def console():
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM)], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(SOURCE)}
    )
    told = json.loads(process.stdout.readline())
    told["address"] = f"http://127.0.0.1:{told['port']}"
    yield told
    process.terminate()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


@pytest.fixture
def open_page(browser, console):
    """Open a page as an analyst; nothing may complain in the console of the browser."""
    contexts, complaints = [], []

    def make(path, *, lang="en", width=1280, scripts=True, prepare=None):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            locale="en-IN",
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        contexts.append(context)
        cookies = {"satark_session": console["cookie"], "satark_lang": lang}
        context.add_cookies(
            [{"name": name, "value": value, "url": console["address"]} for name, value in cookies.items()]
        )
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if prepare is not None:
            prepare(page)
        page.goto(console["address"] + path)
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def graph(open_page, console):
    page = open_page(f"/graph/{console['device']}")
    page.wait_for_selector('#graph[data-ready="yes"]')
    return page


def _labels(page):
    return page.locator(".node").evaluate_all("all => all.map(one => one.getAttribute('aria-label'))")


def test_neighbours_are_drawn_when_the_graph_opens(graph):
    labels = _labels(graph)
    assert len(labels) == 7
    assert any(label.startswith("Device de…01, expanded") for label in labels)
    assert "9876543210" not in graph.content()


def test_everything_is_done_by_keyboard_when_there_is_no_mouse(graph):
    graph.locator('.node[tabindex="0"]').focus()
    seen = set()
    for key in ("ArrowUp", "ArrowRight", "ArrowDown", "ArrowLeft") * 3:
        graph.keyboard.press(key)
        seen.add(graph.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert len(seen) >= 3
    graph.evaluate(
        "[...document.querySelectorAll('.node')].find(n => /Card tok_…000002/.test(n.ariaLabel)).focus()"
    )
    graph.keyboard.press("Enter")
    graph.wait_for_function("() => document.querySelectorAll('.node').length > 7")
    graph.keyboard.press("p")
    assert graph.evaluate("document.activeElement.classList.contains('pinned')")
    assert graph.locator(".node[tabindex='0']").count() == 1
    graph.keyboard.press("o")
    graph.wait_for_url("**/entities/*")
    assert "tok_…000002" in graph.locator("h1").inner_text()


def test_shortest_link_is_shown_when_two_things_are_chosen(graph):
    graph.evaluate(
        "[...document.querySelectorAll('.node')].find(n => /Card tok_…000002/.test(n.ariaLabel)).focus()"
    )
    graph.keyboard.press("Enter")
    graph.wait_for_function("() => document.querySelectorAll('.node').length > 7")
    graph.select_option("#graph-from", label="Card tok_…000001")
    graph.select_option("#graph-to", label="Device de…02")
    graph.click("text=Find the shortest link")
    graph.wait_for_function("() => document.querySelector('[data-graph-state]').textContent.includes('→')")
    said = graph.locator("[data-graph-state]").inner_text()
    assert said.endswith("Card tok_…000001 → Device de…01 → Card tok_…000002 → Device de…02")
    assert graph.locator(".edge.on").count() == 3


def test_things_are_in_the_list_as_well_when_it_is_opened(graph):
    graph.click(".graph-list summary")
    # The rows are written after the list has opened.
    rows = graph.locator("[data-graph-rows] tr")
    expect(rows).to_have_count(7)
    assert "events together" in rows.first.inner_text()
    rows.nth(1).locator("button").click()
    graph.wait_for_function("() => document.querySelectorAll('[data-graph-rows] button').length < 6")


def test_thing_stays_where_it_is_put_when_it_is_dragged(graph):
    node = graph.locator(".node").nth(2)
    before = node.bounding_box()
    graph.mouse.move(before["x"] + before["width"] / 2, before["y"] + 12)
    graph.mouse.down()
    graph.mouse.move(before["x"] + 80, before["y"] + 60, steps=4)
    graph.mouse.up()
    after = node.bounding_box()
    assert abs(after["x"] - before["x"]) > 20
    assert "pinned" in node.get_attribute("class")


def test_page_stays_usable_when_ten_thousand_nodes_come_with_markup(open_page, console):
    nodes = [
        {"id": f"n{number}", "kind": "card", "kindName": "Card", "label": f"{EVIL}{number}"}
        for number in range(10_000)
    ]
    edges = [{"a": "n0", "b": f"n{number}", "events": 1, "fraud": number % 2} for number in range(1, 10_000)]

    def prepare(page):
        answer = json.dumps({"nodes": nodes, "edges": edges})
        page.route(
            "**/graph/around/*", lambda route: route.fulfill(body=answer, content_type="application/json")
        )

    page = open_page(f"/graph/{console['device']}", prepare=prepare)
    page.wait_for_selector('#graph[data-ready="yes"]')
    assert page.locator(".node").count() <= 300
    assert "full" in page.locator("[data-graph-state]").inner_text()
    page.click(".graph-list summary")
    expect(page.locator("[data-graph-rows] tr")).to_have_count(500)
    page.locator(".node").nth(5).focus()
    page.keyboard.press("p")
    assert page.evaluate("document.activeElement.classList.contains('pinned')")
    assert page.locator("#main img").count() == 0
    assert "owned" not in page.title()


@pytest.mark.parametrize("lang", ["en", "hi"])
@pytest.mark.parametrize("width", [1280, 390])
def test_page_fits_its_width_when_opened(open_page, console, lang, width):
    paths = (
        f"/decisions/{console['held']}",
        f"/entities/{console['device']}",
        f"/graph/{console['device']}",
        "/search?q=98765",
    )
    for path in paths:
        page = open_page(path, lang=lang, width=width)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_value_is_tried_when_there_is_no_script(open_page, console):
    page = open_page(f"/decisions/{console['held']}", scripts=False)
    page.select_option("#change", value="card_10m")
    page.fill("#to", "3")
    page.click("text=Judge again")
    assert "another answer" in page.locator(".tried").inner_text()
    assert page.locator(".map .mark").count() >= 3


def test_value_is_shown_in_full_when_asked_for(open_page, console):
    page = open_page(f"/entities/{console['phone']}")
    assert "9876543210" not in page.content()
    page.click("text=Show in full")
    assert page.locator("h1").inner_text() == "+919876543210"
