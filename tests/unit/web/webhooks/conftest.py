"""The administrator's pages over a real desk database."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

import pytest

from satark.cases.outbox import Outcome, PostedFilter, Verdict
from satark.cases.ports import Message
from satark.storage.desk import open_desk
from satark.storage.desk.outbox_sending import Result
from satark.web import WebOptions, create_web

ROLES = {
    "vani": "administrator",
    "asha": "analyst",
    "meera": "supervisor",
    "vikram": "auditor",
    "tara": "author",
    "om": "officer",
    "nila": "viewer",
}


@dataclass
class Colleague:
    username: str
    role: str
    must_change: bool = False
    changed_us: int = 0
    disabled_us: int | None = None


class Colleagues:
    def __init__(self):
        self.members = {name: Colleague(name, role) for name, role in ROLES.items()}

    def verify(self, username, password):
        return None

    def find(self, username):
        return self.members.get(username)

    def list(self):
        return list(self.members.values())


@pytest.fixture
def desk_store(tmp_path, clock):
    with open_desk(tmp_path / "desk", clock=clock, audit_key=b"k" * 32) as desk:
        yield desk


@pytest.fixture
def outbox(desk_store):
    return desk_store.outbox


@pytest.fixture
def noted():
    return []


@pytest.fixture
def console(log, clock, desk_store, noted):
    def audit(actor, action, subject, detail):
        noted.append((actor, action, subject))

    return create_web(log, Colleagues(), WebOptions(), clock=clock, desk_store=desk_store, audit=audit)


@pytest.fixture
def enter(console, make_visitor):
    """Return a visitor who is logged in as somebody."""

    def make(username="vani", lang="en"):
        visitor = make_visitor(console, lang)
        session = console.desk.sessions.begin(Colleagues().find(username), strong=True)
        visitor.cookies.set("satark_session", session, domain="pages.test", path="/")
        csrf = console.desk.sessions.find(session).csrf
        visitor.send_form = lambda path, **fields: visitor.post(path, {"csrf": csrf, **fields})
        return visitor

    return make


@pytest.fixture
def admin(enter):
    return enter()


@pytest.fixture
def words_of():
    """Return the text of a page's main part, as people read it."""

    def read(response):
        found = re.search(r"<main.*</main>", response.text, re.DOTALL)
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", found[0]))).strip()

    return read


@pytest.fixture
def endpoint(outbox):
    made = outbox.endpoints.add("Core", "https://a.example/hook", ["case.closed", "alert.opened"], "vani")
    return made.endpoint


@pytest.fixture
def put(desk_store, outbox, clock):
    """Put a message down and let its first attempt end somehow; return its number."""

    def put(verdict=None, *, channel="", target="", key="case.closed:7:1", topic="case.closed", **changes):
        body = b'{"case":7,"note":"<script>alert(1)</script>"}' if not channel else b'{"text":"hello"}'
        with desk_store.writing() as connection:
            outbox.put(connection, Message(topic, key, channel, target, body, **changes))
        if verdict is not None:
            sending = outbox.sending()
            (parcel,) = sending.claim(9, lease_seconds=60, per_lane=9)
            outcome = Outcome(verdict=Verdict(verdict), reason="no_answer", status=500)
            now = clock.now_us()
            sending.settle([Result(parcel=parcel, outcome=outcome, began_us=now, ended_us=now + 12_000)])
            return parcel.id
        return outbox.posted(PostedFilter())[0].id

    return put
