"""The pages over real records of staff and a real desk database, on SQLite in a folder of the test."""

from __future__ import annotations

import pyotp
import pytest
from tests.support.forms import csrf

from satark.core.clock import FixedClock, Micros
from satark.storage import open_storage
from satark.storage.desk import open_desk
from satark.web import WebOptions, create_web

START_US = 1_790_000_000_000_000
ORIGIN = "https://pages.test"
PASSWORD = "correct horse battery"


class Setup:
    """An installation with its pages; `again()` is a restart of their process."""

    def __init__(self, folder, log, **options):
        self.clock = FixedClock(Micros(START_US))
        self.storage = open_storage(folder, clock=self.clock)
        self.desk = open_desk(folder, clock=self.clock, audit_key=self.storage.secrets.audit_key)
        self.ticks = [0.0]
        self.log = log
        self.options = {"origin": ORIGIN, **options}
        self.web = self.again()

    def again(self, **options):
        self.web = create_web(
            self.log,
            self.storage.staff,
            WebOptions(**{**self.options, **options}),
            audit=self.audit,
            clock=self.clock,
            ticks=lambda: self.ticks[0],
            desk_store=self.desk,
            identity=self.desk.identity,
        )
        return self.web

    def audit(self, actor, action, subject, detail):
        self.desk.audit.append(actor=actor, action=action, subject=subject, detail=detail)

    def add(self, username="asha", role="analyst", password=PASSWORD):
        return self.storage.staff.create(username, role, password=password).member

    def give_totp(self, username="asha"):
        secret = pyotp.random_base32()
        self.desk.identity.factors.begin_totp(username, secret)
        self.desk.identity.factors.confirm_totp(username, 0, actor=username)
        return secret

    def code(self, secret, *, steps=0):
        return pyotp.TOTP(secret).at(self.clock.now_us() // 1_000_000 + 30 * steps)

    def trail(self):
        return [(entry.actor, entry.action, entry.subject) for entry in reversed(self.desk.audit.entries())]

    def staff_trail(self):
        return [
            (entry.actor, entry.action, entry.subject) for entry in reversed(self.storage.audit.entries())
        ]

    def close(self):
        self.desk.close()
        self.storage.close()


@pytest.fixture
def setup(tmp_path, log):
    made = Setup(tmp_path / "data", log)
    yield made
    made.close()


@pytest.fixture
def strict(tmp_path, log):
    """The same, where everybody needs a second factor."""
    made = Setup(tmp_path / "strict", log, second_factor=True)
    yield made
    made.close()


@pytest.fixture
def come(make_visitor):
    """Return a visitor of an installation's pages."""
    return lambda setup, lang="en": make_visitor(setup.web, lang)


@pytest.fixture
def submit():
    """Return a sender of a form from a page, with the page's token."""

    def send(visitor, page, action, **values):
        return visitor.post(action, {"csrf": csrf(visitor.get(page)), **values})

    return send
