"""Every page of the console in a real browser, in both languages and at both widths: axe-core finds nothing.

The pages are found by following the links of a whole installation, so a link that leads nowhere fails as well; each
page that an area declares must have been met.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from starlette.routing import compile_path

from satark.web import create_web

if TYPE_CHECKING:
    import re

PROGRAM = Path(__file__).with_name("whole_console.py")
SOURCE = Path(__file__).parents[2] / "src"
sys.path.insert(0, str(Path(__file__).parent))
PASSWORD = "correct horse battery"
PER_PATTERN = 2
SECOND = "second"
"""A member of staff with a second factor, as `whole_console.py` makes one."""
LINKS: list[str] = []
"""Tokens of notices; each can be answered once."""
PIECES = frozenset(
    {
        "/live/rows",
        "/live/stream",
        "/queue/rows",
        "/queue/due",
        "/cases/{case:int}/clock",
        "/cases/{case:int}/files/{file:int}",
        "/graph/case/{case:int}",
        "/graph/around/{token}",
        "/graph/way/{token}/{other}",
        "/search/{token}",
        "/dashboard/figures",
        "/audit/state",
        "/policy/now",
        "/backtests/{job:int}/state",
    }
)
"""Addresses that answer with a piece, a stream, data or a redirect; what they bring is seen inside the pages."""

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Nothing:
    """Stands where the pages are only listed."""


def declared() -> dict[str, re.Pattern[str]]:
    """Return the pages that areas declare, with what their addresses look like."""
    web = create_web(Nothing(), Nothing())
    return {
        page.path: compile_path(page.path)[0]
        for page in web.pages
        if "GET" in page.methods and page.path not in PIECES
    }


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "data"
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(SOURCE)},
    )
    told = process.stdout.readline()
    assert told, "the pages did not start"
    found = json.loads(told)
    LINKS.extend(found["links"])
    yield found["address"]
    process.terminate()
    assert process.wait(timeout=30) == 0
    process.stdout.close()


def log_in(page, address, name="administrator"):
    page.goto(f"{address}/login")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector("nav a[href='/account']")


def answer_links(page, address, lang) -> list[str]:
    """Answer a link each way, as a customer does, and look at it before, afterwards, and when it is opened again."""
    from accessibility import problems_of

    found = []
    for answer in ("fraud", "genuine"):
        link = f"{address}/c/{LINKS.pop()}?lang={lang}"
        assert page.goto(link).status == 200
        found += [f"link: {one}" for one in problems_of(page)]
        with page.expect_navigation():
            page.click(f"button[name='answer'][value='{answer}']")
        assert page.locator("form.answers").count() == 0
        found += [f"answered {answer}: {one}" for one in problems_of(page)]
        page.goto(link)
        found += [f"answered {answer} before: {one}" for one in problems_of(page)]
    return found


def second_step(page, address) -> list[str]:
    """Give the password of somebody with a second factor, and a wrong code."""
    from accessibility import problems_of

    page.goto(f"{address}/login")
    page.fill("#username", SECOND)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector("form[action='/login/second']")
    found = [f"second step: {one}" for one in problems_of(page)]
    page.fill("#code", "000000")
    page.click("form[action='/login/second'] button.main")
    page.wait_for_selector("[role='alert']")
    return [*found, *(f"wrong code: {one}" for one in problems_of(page))]


def links_of(page) -> list[str]:
    """Return the addresses on this site that a page leads to, without fragments."""
    found = page.evaluate(
        "[...document.querySelectorAll('a[href]')].filter((a) => a.origin === location.origin && !a.download)"
        ".map((a) => a.pathname + a.search)"
    )
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
@pytest.mark.parametrize("lang", ["en", "hi"])
def test_axe_finds_nothing_when_every_page_is_opened(browser, address, lang, width):
    from accessibility import problems_of

    patterns = declared()
    context = browser.new_context(viewport={"width": width, "height": 844})
    context.add_cookies([{"name": "satark_lang", "value": lang, "url": address}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    problems: list[str] = []

    def look(path: str, expected: int = 200) -> None:
        answer = page.goto(address + path)
        if answer.status != expected:
            problems.append(f"{path}: answered {answer.status}")
            return
        problems.extend(f"{path}: {one}" for one in problems_of(page))
        if expected == 200:
            problems.extend(f"{path}: {one}" for one in complaints)
        complaints.clear()

    look("/login")
    look("/c/none", 404)
    problems.extend(answer_links(page, address, lang))
    problems.extend(second_step(page, address))
    complaints.clear()
    log_in(page, address)
    assert page.get_attribute("html", "lang") == lang
    look("/nowhere", 404)
    seen: dict[str, list[str]] = {path: [] for path in patterns}
    waiting = ["/", *(path for path in patterns if "{" not in path)]
    while waiting:
        path = waiting.pop(0)
        pattern = next((name for name, like in patterns.items() if like.match(urlsplit(path).path)), None)
        if pattern is None or path in seen[pattern] or len(seen[pattern]) >= PER_PATTERN:
            continue
        seen[pattern].append(path)
        look(path)
        waiting += links_of(page)
    context.close()
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)
    assert [name for name, met in seen.items() if not met] == []
