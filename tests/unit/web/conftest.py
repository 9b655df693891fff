"""Doubles of the log and the staff, and a browser-like client without a socket."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass

import httpx
import msgspec
import pytest

from satark.core.clock import FixedClock, Micros
from satark.core.errors import StorageUnavailable
from satark.decisions.ports import LogEntry
from satark.events.examples import GOLD_COIN_BY_CARD
from satark.web import WebOptions, create_web

NOW_US = 1_760_000_000_000_000
PASSWORD = "correct horse battery"


def make_entry(seq, action="allow", *, reasons=(), at_us=NOW_US, body=GOLD_COIN_BY_CARD, flags=0, **changes):
    decision = {
        "id": f"p{seq}",
        "action": action,
        "score": 0.5,
        "reasons": list(reasons),
        "policy": {"name": "payments", "version": 1, "hash": "9c1f0a7be2d45511"},
        "engine": "0.1.0",
        "features_version": "51bd77a0",
        "degraded": [],
        "late": False,
        "mode": "enforce",
        "occurred_at": "2026-01-01T00:00:00Z",
        "decided_at": "2026-01-01T00:00:00Z",
        "latency_us": {"decode": 9, "rules": 17, "total": 26},
        "seq": seq,
        **changes,
    }
    return LogEntry(
        seq=seq,
        owner=1,
        event_id=f"p{seq}",
        kind="payment",
        occurred_us=at_us,
        arrived_us=at_us,
        flags=flags,
        ref="",
        digest=b"",
        body=b"" if body is None else json.dumps(body).encode(),
        decision=msgspec.json.encode(decision),
    )


class Log:
    def __init__(self, *entries):
        self.entries = list(entries)
        self.broken = False
        self.last = None
        self.asked = 0

    def last_seq(self):
        self.asked += 1
        if self.broken:
            raise StorageUnavailable("the disk is gone")
        return self.last or max((entry.seq for entry in self.entries), default=0)

    def get(self, seq):
        return next((entry for entry in self.entries if entry.seq == seq), None)

    def find_by_ref(self, owner, payment_id):
        return iter([entry for entry in self.entries if (entry.owner, entry.ref) == (owner, payment_id)])

    def find_anywhere(self, event_id):
        return [entry for entry in self.entries if entry.event_id == event_id]

    def recent(self, limit, before_seq=None, after_seq=None, action=None):
        if self.broken:
            raise StorageUnavailable("the disk is gone")
        found = [
            entry
            for entry in self.entries
            if (before_seq is None or entry.seq < before_seq)
            and (after_seq is None or entry.seq > after_seq)
            and (action is None or f'"action":"{action}"'.encode() in entry.decision)
        ]
        if after_seq is not None:
            return found[:limit][::-1]
        return found[::-1][:limit]


@dataclass
class Member:
    username: str
    role: str = "administrator"
    must_change: bool = False
    changed_us: int = 0
    disabled_us: int | None = None


class Staff:
    def __init__(self):
        self.asked = []

    def verify(self, username, password):
        self.asked.append(username)
        return Member(username) if (username, password) == ("asha", PASSWORD) else None

    def find(self, username):
        return Member(username) if username == "asha" else None


class Ticks:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


class Visitor:
    """Keeps cookies as a browser does."""

    def __init__(self, web, lang="en"):
        self.web = web
        self.cookies = httpx.Cookies()
        self.headers = {"accept-language": lang}

    def send(self, method, path, **kwargs):
        async def run():
            transport = httpx.ASGITransport(self.web, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://pages.test", cookies=self.cookies, headers=self.headers
            ) as client:
                response = await client.request(method, path, **kwargs)
                self.cookies = client.cookies
                return response

        return asyncio.run(run())

    def get(self, path, **kwargs):
        return self.send("GET", path, **kwargs)

    def post(self, path, data, **kwargs):
        return self.send("POST", path, data=data, **kwargs)

    def token(self, path):
        return re.search(r'name="csrf" value="([^"]+)"', self.get(path).text)[1]

    def enter(self, password=PASSWORD, username="asha", **kwargs):
        form = {"csrf": self.token("/login"), "username": username, "password": password}
        return self.post("/login", form, **kwargs)


@pytest.fixture
def entry():
    return make_entry


@pytest.fixture
def log():
    return Log(
        make_entry(1),
        make_entry(2, "challenge"),
        make_entry(
            3,
            "hold",
            reasons=[
                {
                    "code": "card_velocity",
                    "en": "6 payments on this card in 10 minutes; limit 4",
                    "hi": "10 मिनट में इस कार्ड से 6 भुगतान; सीमा 4",
                    "numbers": {"card_payments_10m": 6, "limit": 4},
                },
                {"code": "night", "en": "At night", "hi": "रात में", "numbers": {}},
            ],
        ),
    )


@pytest.fixture
def staff():
    return Staff()


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def clock():
    return FixedClock(Micros(NOW_US))


@pytest.fixture
def make_web(log, staff, ticks, clock):
    def make(audit=None, **options):
        return create_web(log, staff, WebOptions(**options), audit=audit, clock=clock, ticks=ticks)

    return make


@pytest.fixture
def web(make_web):
    return make_web()


@pytest.fixture
def visitor(web):
    return Visitor(web)


@pytest.fixture
def make_visitor():
    return Visitor


@pytest.fixture
def member(visitor):
    """A visitor who has logged in."""
    assert visitor.enter().status_code == 303
    return visitor
