"""Dashboard, lists, policies and audit over real decisions: the pages of a small world, counted as the worker does."""

from __future__ import annotations

import pytest
from tests.support.console import POLICY, Counted, Member, World

PHONES = POLICY.replace(
    "  stolen: {of: card, entries: []}",
    "  stolen: {of: card, entries: [tok_policy]}\n"
    "  told_us: {of: phone, entries: []}\n"
    "  codes: {of: amount, entries: []}",
)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path / "desk", policy=PHONES)
    made.text = PHONES
    made.count = lambda: made.desk.rollups.catch_up(Counted(made.log))
    made.count()
    yield made
    made.desk.close()


@pytest.fixture
def enter(world, make_visitor):
    """Return a visitor who is logged in under a role."""

    def make(role="supervisor", lang="en"):
        visitor = make_visitor(world.web, lang)
        session = world.web.desk.sessions.begin(Member(role, role), strong=True)
        visitor.cookies.set("satark_session", session, domain="pages.test", path="/")
        visitor.csrf = world.web.desk.sessions.find(session).csrf
        return visitor

    return make


@pytest.fixture
def supervisor(enter):
    return enter()
