"""The console over real decisions: a small policy, a log in memory, and a desk database with its entity index."""

from __future__ import annotations

import pytest
from tests.support.console import Member, World


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path / "desk")
    yield made
    made.desk.close()


@pytest.fixture
def enter(world, make_visitor):
    """Return a visitor who is logged in under a role."""

    def make(role="analyst", lang="en"):
        visitor = make_visitor(world.web, lang)
        session = world.web.desk.sessions.begin(Member(role, role), strong=True)
        visitor.cookies.set("satark_session", session, domain="pages.test", path="/")
        visitor.csrf = world.web.desk.sessions.find(session).csrf
        return visitor

    return make


@pytest.fixture
def analyst(enter):
    return enter()
