"""What all areas of the console share: the bar, the word after an act, forms within bounds, pages of refusals."""

from __future__ import annotations

import asyncio
import re

import pytest
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import compile_path

from satark.core.errors import StorageUnavailable
from satark.web import flash
from satark.web.app import AREAS
from satark.web.forms import MAX_BYTES, MAX_UPLOAD_BYTES, number_of, numbers_of, read_form, text_of
from satark.web.navigation import ENTRIES, Navigation
from satark.web.permissions import PERMISSIONS, ROLES


def _bar(page):
    nav = re.search(r'<div class="areas">.*?</nav>', page, re.DOTALL)
    return re.findall(r'href="([^"]+)"', nav[0]) if nav else []


def test_bar_holds_every_entry_when_all_areas_are_there(web):
    known = {page.path for page in web.pages}
    assert [entry.path for entry in ENTRIES if entry.path not in known] == []
    assert {entry.permission for entry in ENTRIES} <= set(PERMISSIONS)


def test_entry_needs_what_its_page_needs(web):
    needed = {page.path: page.permission for page in web.pages if "GET" in page.methods}
    for entry in ENTRIES:
        assert needed[entry.path] == entry.permission, entry.path


@pytest.mark.parametrize("role", [*ROLES, "king"])
def test_bar_leads_nowhere_that_refuses_when_a_role_looks(role):
    navigation = Navigation()
    navigation.register(entry.path for entry in ENTRIES)
    for entry in navigation.entries(role):
        assert role in PERMISSIONS[entry.permission]
    assert navigation.entries(None) == ()
    assert (navigation.entries("king")) == ()


def test_entry_is_left_out_when_its_area_is_missing():
    navigation = Navigation()
    navigation.register(["/", "/queue"])
    assert [entry.path for entry in navigation.entries("administrator")] == ["/", "/queue"]
    assert navigation.has("/queue")
    assert not navigation.has("/lists")


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/", "/"),
        ("/queue", "/queue"),
        ("/cases/7", "/queue"),
        ("/decisions/9", "/"),
        ("/queues", None),
        ("/search", "/search"),
        ("/entities/x", "/search"),
        ("/nothing", None),
    ],
)
def test_entry_is_marked_when_its_pages_are_open(path, current):
    navigation = Navigation()
    navigation.register(["/", "/queue", "/search"])
    assert navigation.current(path) == current


def test_open_entry_is_marked_on_the_page(member):
    page = member.get("/").text
    assert "/" in _bar(page)
    assert re.search(r'<a href="/" aria-current="page">', page)
    # A page that does not exist still has the way to those that do.
    assert _bar(member.get("/nothing").text) == _bar(page)


def test_bar_is_missing_when_nobody_is_logged_in(visitor):
    for path in ("/login", "/nothing"):
        assert _bar(visitor.get(path).text) == []


def test_areas_are_named_once():
    assert len(set(AREAS)) == len(AREAS)


def test_no_two_pages_share_an_address_and_method(web):
    seen = [(page.path, method) for page in web.pages for method in page.methods]
    assert sorted({pair for pair in seen if seen.count(pair) > 1}) == []


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "x",
        "cases_closed.3",
        "cases_closed.-3.",
        "cases_closed.3./queue/undo/",
        "cases_closed.3.https://evil.test/undo/1",
        "cases_closed.3.//evil.test/undo/1",
        "cases_closed.3./queue/undo/1?x=1",
        "cases_closed.9999999999.",
        "CASES.3.",
        "cases_closed.३.",
        "cases_closed.3./queue/undo/1\n",
    ],
)
def test_word_is_dropped_when_we_did_not_write_it(cookie):
    assert flash.read({flash.COOKIE: cookie}) is None


def test_nothing_is_said_when_the_code_is_unknown(member):
    member.cookies.set(flash.COOKIE, "no_such_thing.3.", domain="pages.test", path="/")
    page = member.get("/")
    assert 'class="toast' not in page.text


def test_word_is_said_once_with_its_number(member):
    member.cookies.set(flash.COOKIE, "cases_closed.1234.", domain="pages.test", path="/")
    assert "1,234 cases were closed." in member.get("/").text
    assert "cases were closed" not in member.get("/").text


def test_language_switch_of_a_form_that_was_answered_with_a_page_leads_to_what_can_be_opened(web):
    readable = [page for page in web.pages if "GET" in page.methods]
    forms = [page for page in web.pages if "POST" in page.methods]
    assert len(forms) > 20
    for page in forms:
        path = re.sub(r"\{(\w+)(:int)?\}", lambda found: "7" if found[2] else "x", page.path)
        back = web.desk.navigation.readable(path)
        assert any(compile_path(one.path)[0].fullmatch(back) for one in readable), path
        assert path.startswith(back)


def test_language_switch_comes_back_to_the_filtered_page(member):
    page = member.get("/?action=hold").text
    assert '<input type="hidden" name="back" value="/?action=hold">' in page


def _request(body, length=None, kind="application/x-www-form-urlencoded"):
    sent = []

    async def receive():
        if sent:
            return {"type": "http.disconnect"}
        sent.append(1)
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", kind.encode())]
    if length is not False:
        headers.append((b"content-length", str(len(body) if length is None else length).encode()))
    return Request({"type": "http", "method": "POST", "headers": headers, "path": "/"}, receive)


@pytest.mark.parametrize(
    ("length", "kind", "upload", "status"),
    [
        (MAX_BYTES + 1, "application/x-www-form-urlencoded", False, 413),
        (False, "application/x-www-form-urlencoded", False, 413),
        ("1e3", "application/x-www-form-urlencoded", False, 413),
        ("-1", "application/x-www-form-urlencoded", False, 413),
        ("²", "application/x-www-form-urlencoded", False, 413),
        ("9" * 5_000, "application/x-www-form-urlencoded", False, 413),
        (3, "application/json", False, 400),
        (3, "multipart/form-data; boundary=x", False, 400),
        (3, "text/plain", True, 400),
        (MAX_BYTES + 1, "application/x-www-form-urlencoded", True, 413),
        (MAX_UPLOAD_BYTES * 2, "multipart/form-data; boundary=x", True, 413),
    ],
)
def test_form_is_refused_when_it_is_too_large_or_none(length, kind, upload, status):
    with pytest.raises(HTTPException) as refused:
        asyncio.run(read_form(_request(b"a=b", length, kind), upload=upload))
    assert refused.value.status_code == status


def test_form_is_refused_when_it_has_too_many_fields():
    with pytest.raises(HTTPException) as refused:
        asyncio.run(read_form(_request(b"&".join(b"a=b" for _ in range(2_000)))))
    assert refused.value.status_code == 400


def test_form_is_read_once_when_asked_twice():
    async def read():
        request = _request(b"a=b&c=d")
        assert (await read_form(request))["a"] == "b"
        return (await read_form(request))["c"]

    assert asyncio.run(read()) == "d"


def test_fields_are_taken_within_bounds():
    form = FormData([("text", " a\r\nb "), ("case", "3"), ("case", "1"), ("case", "3")])
    assert text_of(form, "text", 10) == "a\nb"
    assert text_of(form, "none", 10) == ""
    assert numbers_of(form, "case", 2) == [3, 1]
    with pytest.raises(HTTPException) as refused:
        text_of(form, "text", 2)
    assert refused.value.status_code == 413
    with pytest.raises(HTTPException):
        numbers_of(form, "case", 1)


@pytest.mark.parametrize("text", ["", "x", "-1", "1.0", "१", "9" * 19, None])
def test_number_is_refused_when_it_is_none(text):
    with pytest.raises(HTTPException) as refused:
        number_of(text)
    assert refused.value.status_code == 400


def test_page_says_so_when_there_is_no_desk(member):
    response = member.get("/queue")
    assert response.status_code == 503
    assert "The database does not answer" in response.text


def test_page_says_so_when_sessions_cannot_be_read(member, web, monkeypatch):
    def gone(*_, **__):
        raise StorageUnavailable("the disk is gone")

    monkeypatch.setattr(type(web.desk.sessions), "find", gone)
    response = member.get("/queue")
    assert response.status_code == 503
    assert "The database does not answer" in response.text
    assert "disk" not in response.text
