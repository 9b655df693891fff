"""The pages over a real desk, and a phone without cookies."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from tests.support.notice_bank import Bank
from tests.support.notices import NOON_US

from satark.core.clock import FixedClock, Micros
from satark.storage.desk import open_desk
from satark.web import WebOptions, create_web


class Phone:
    """Sends requests as the browser of a phone does; keeps nothing."""

    def __init__(self, web, address="203.0.113.7"):
        self.web = web
        self.address = address

    def send(self, method, path, **kwargs):
        async def run():
            transport = httpx.ASGITransport(self.web, raise_app_exceptions=False, client=(self.address, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://pages.test") as client:
                return await client.request(method, path, **kwargs)

        return asyncio.run(run())

    def get(self, path, **kwargs):
        return self.send("GET", path, **kwargs)

    def answer(self, token, answer, *, proof=None, lang=None, **kwargs):
        """Open the page and tap a button."""
        path = f"/c/{token}" + (f"?lang={lang}" if lang else "")
        if proof is None:
            found = re.search(r'name="proof" value="([0-9a-f]+)"', self.get(path).text)
            proof = found[1] if found else ""
        return self.send("POST", path, data={"proof": proof, "answer": answer}, **kwargs)


class NoLog:
    def last_seq(self):
        return 0

    def get(self, seq):
        return None

    def recent(self, limit, before_seq=None, after_seq=None, action=None):
        return []


class NoStaff:
    def verify(self, username, password):
        return None

    def find(self, username):
        return None


@pytest.fixture
def clock():
    return FixedClock(Micros(NOON_US))


@pytest.fixture
def desk(tmp_path, clock):
    with open_desk(tmp_path / "data", clock=clock, audit_key=b"k" * 32) as opened:
        yield opened


@pytest.fixture
def bank(desk, clock):
    return Bank(desk, clock, limit={"messages": 100, "within": "1d"})


@pytest.fixture
def web(desk, clock):
    return create_web(NoLog(), NoStaff(), WebOptions(), clock=clock, ticks=lambda: 0.0, desk_store=desk)


@pytest.fixture
def phone(web):
    return Phone(web)


@pytest.fixture
def make_phone(web):
    return lambda address: Phone(web, address)
