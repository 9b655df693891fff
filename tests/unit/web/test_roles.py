"""Every route, as every role, as somebody with an unknown role, and as nobody.

Refusals are asked of the real pages: each is sent a real request, and the endpoint must not have run. That a role which
has the permission comes through is asked of the same routes with endpoints that only say that they were reached, so
that nothing is changed or streamed without end.
"""

from __future__ import annotations

import asyncio
import dataclasses
import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from satark.core.clock import FixedClock, Micros
from satark.core.staff import ROLES
from satark.storage.desk import open_desk
from satark.web import WebOptions, create_web
from satark.web.permissions import PERMISSIONS, ROLE_NAMES, allowed
from satark.web.routing import OPEN_PATHS, GuardedRoute, Page, guarded

NOW_US = 1_790_000_000_000_000
STRANGER = "king"
EXAMPLES = {"int": "1", "str": "x", "path": "x"}


@dataclasses.dataclass
class Member:
    username: str
    role: str
    must_change: bool = False
    created_us: int = 0
    changed_us: int = 0
    disabled_us: int | None = None


class Members:
    """One member of each role, named after it; the first of them must change the password."""

    def __init__(self):
        self.must_change = False

    def find(self, username):
        return Member(username, username, must_change=self.must_change)

    def list(self):
        return [self.find(role) for role in ROLES]

    def verify(self, username, password):
        return None


@pytest.fixture(scope="module")
def desk_store(tmp_path_factory):
    with open_desk(
        tmp_path_factory.mktemp("roles"), clock=FixedClock(Micros(NOW_US)), audit_key=b"k" * 32
    ) as opened:
        yield opened


@pytest.fixture
def members():
    return Members()


@pytest.fixture
def web(log, members, desk_store):
    options = WebOptions(link_key=b"l" * 32, origin="https://pages.test")
    clock = FixedClock(Micros(NOW_US))
    return create_web(log, members, options, clock=clock, desk_store=desk_store, identity=desk_store.identity)


@pytest.fixture
def reached():
    return []


@pytest.fixture
def watched(web, reached):
    """The same routes over endpoints that only note that they were reached."""

    def watching(page):
        async def endpoint(request, session):
            reached.append((page.path, session.role))
            return PlainTextResponse("reached")

        return dataclasses.replace(page, endpoint=endpoint)

    async def refused(request, error):
        return PlainTextResponse(error.detail, status_code=error.status_code)

    return Starlette(
        routes=guarded(web.desk, [watching(page) for page in web.pages]),
        exception_handlers={HTTPException: refused},
    )


def routes_of(web):
    return web._app._app.routes


def address_of(path):
    return re.sub(r"\{\w+(?::(\w+))?\}", lambda match: EXAMPLES[match[1] or "str"], path)


def ask(app, calls):
    """Send requests; each is (method, path, headers, form)."""

    async def run():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://pages.test") as client:
            return [
                await client.request(method, path, headers=headers, data=form)
                for method, path, headers, form in calls
            ]

    return asyncio.run(run())


def enter(web, role):
    """Begin a session; return the headers of its cookie and its token."""
    value = web.desk.sessions.begin(web.desk.staff.find(role), strong=True)
    return {"cookie": f"satark_session={value}"}, web.desk.sessions.find(value).csrf


def each(web):
    return [(page, method) for page in web.pages for method in page.methods]


def test_every_route_is_guarded_or_open_on_purpose_when_listed(web):
    opened = {route.path for route in routes_of(web) if not isinstance(route, GuardedRoute)}
    assert opened == OPEN_PATHS
    assert all(type(route) in (Route, GuardedRoute) for route in routes_of(web))
    guarded_routes = [route for route in routes_of(web) if isinstance(route, GuardedRoute)]
    assert [route.page for route in guarded_routes] == web.pages


def test_no_two_routes_answer_the_same_when_listed(web):
    seen = [(route.path, method) for route in routes_of(web) for method in sorted(route.methods - {"HEAD"})]
    assert len(seen) == len(set(seen))


def test_every_permission_is_needed_by_a_page_or_known_to_be_asked_inside_when_listed(web):
    asked_inside = {"cases.assign", "cases.confirm"}
    assert {page.permission for page in web.pages} | asked_inside == set(PERMISSIONS)


def test_table_knows_the_roles_that_members_can_have_when_compared():
    assert set(ROLE_NAMES) == set(ROLES)
    assert frozenset().union(*PERMISSIONS.values()) == set(ROLES)
    assert not any(allowed(STRANGER, permission) for permission in PERMISSIONS)


def test_page_cannot_be_made_when_its_permission_is_unknown():
    with pytest.raises(ValueError, match=r"no permission cases\.wrok"):
        Page("/x", None, "cases.wrok")


def test_nobody_is_sent_to_the_login_when_asking_for_any_page(web):
    pages = each(web)
    answers = ask(web, [(method, address_of(page.path), {}, None) for page, method in pages])
    for (page, method), answer in zip(pages, answers, strict=True):
        what = f"{method} {page.path}"
        if page.stream:
            assert answer.status_code == 204, what
        else:
            assert (answer.status_code, answer.headers["location"]) == (303, "/login"), what


def test_nobody_gets_no_piece_of_a_page_when_a_script_asks(web):
    pages = [(page, method) for page, method in each(web) if not page.stream]
    headers = {"hx-request": "true", "cookie": "satark_session=guess"}
    answers = ask(web, [(method, address_of(page.path), headers, None) for page, method in pages])
    for (page, method), answer in zip(pages, answers, strict=True):
        found = (answer.status_code, answer.headers.get("hx-redirect"))
        assert found == (401, "/login"), f"{method} {page.path}"


@pytest.mark.parametrize("role", [*ROLES, STRANGER])
def test_page_is_refused_when_the_role_lacks_its_permission(web, role):
    headers, token = enter(web, role)
    pages = [(page, method) for page, method in each(web) if not allowed(role, page.permission)]
    calls = [(method, address_of(page.path), headers, {"csrf": token}) for page, method in pages]
    for (page, method), answer in zip(pages, ask(web, calls), strict=True):
        what = f"{method} {page.path} as {role}"
        assert answer.status_code == 403, what
        assert "Your role does not allow this" in answer.text, what
    if role not in ("administrator", STRANGER):
        assert pages, "a role that may do everything needs a reason"


@pytest.mark.parametrize("role", [*ROLES, STRANGER])
def test_endpoint_is_reached_exactly_when_the_role_has_its_permission(web, watched, reached, role):
    headers, token = enter(web, role)
    for page, method in each(web):
        answer = ask(watched, [(method, address_of(page.path), headers, {"csrf": token})])[0]
        came = bool(reached)
        reached.clear()
        what = f"{method} {page.path} as {role}"
        assert came == allowed(role, page.permission), what
        assert answer.status_code == (200 if came else 403), what


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        ({}, {}),
        ({}, {"csrf": "guess"}),
        ({"x-csrf-token": "guess"}, {"csrf": "TOKEN"}),
        ({"x-csrf-token": ""}, {"csrf": "TOKEN"}),
        ({"sec-fetch-site": "cross-site"}, {"csrf": "TOKEN"}),
        ({"origin": "https://evil.test"}, {"csrf": "TOKEN"}),
        ({"content-type": "text/plain"}, {"csrf": "TOKEN"}),
    ],
    ids=str,
)
def test_act_does_not_happen_when_nothing_proves_where_it_came_from(web, watched, reached, headers, form):
    cookie, token = enter(web, "administrator")
    form = {name: token if value == "TOKEN" else value for name, value in form.items()}
    acts = [(page, method) for page, method in each(web) if method != "GET"]
    calls = [(method, address_of(page.path), {**cookie, **headers}, form) for page, method in acts]
    answers = ask(watched, calls)
    assert len(acts) > 20
    assert {answer.status_code for answer in answers} <= {400, 403, 411}
    assert reached == []


def test_act_happens_when_a_script_of_ours_sends_the_token(web, watched, reached):
    cookie, token = enter(web, "administrator")
    acts = [(page, method) for page, method in each(web) if method != "GET"]
    headers = {
        **cookie,
        "x-csrf-token": token,
        "origin": "http://pages.test",
        "sec-fetch-site": "same-origin",
    }
    ask(watched, [(method, address_of(page.path), headers, None) for page, method in acts])
    assert len(reached) == len(acts)


def test_reading_is_all_that_a_page_of_get_does_when_asked_by_head(web, watched, reached):
    cookie, _ = enter(web, "viewer")
    pages = [page for page in web.pages if "GET" in page.methods]
    answers = ask(watched, [("HEAD", address_of(page.path), cookie, None) for page in pages])
    assert {role for _, role in reached} == {"viewer"}
    assert len(reached) == sum(answer.status_code == 200 for answer in answers)


def test_nothing_but_the_account_opens_when_the_password_must_be_changed(web, members, watched, reached):
    members.must_change = True
    cookie, token = enter(web, "administrator")
    ask(watched, [(method, address_of(page.path), cookie, {"csrf": token}) for page, method in each(web)])
    assert {path for path, _ in reached} == {
        page.path for page in web.pages if page.permission == "account.self"
    }
