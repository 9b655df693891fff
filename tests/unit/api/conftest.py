"""Doubles of the engine and the key store, and a way to speak HTTP to the app without a socket."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest

from satark.api import ApiOptions, create_app
from satark.api.examples import DECISION
from satark.core.errors import IdConflict, SatarkError
from satark.events.decode import decode_event
from satark.events.kinds import event_type

ALL_SCOPES = frozenset({"decide", "read", "label", "events", "metrics"})


@dataclass(frozen=True)
class Outcome:
    status: int
    body: bytes
    error: SatarkError | None = None
    decision: Any = None


@dataclass(frozen=True)
class Key:
    id: str = "k1"
    owner: int = 7
    scopes: frozenset[str] = ALL_SCOPES
    rate_per_s: float = 0.0
    burst: int = 1


@dataclass
class Readiness:
    ready: bool = True
    reasons: list[str] = field(default_factory=list)


class Keys:
    """A key store: `sk_k1_good` is valid; more can be added and taken away."""

    def __init__(self):
        self.keys: dict[str, Key] = {"sk_k1_good": Key()}
        self.asked: list[str] = []
        self.broken: Exception | None = None

    def verify(self, secret):
        self.asked.append(secret)
        if self.broken is not None:
            raise self.broken
        return self.keys.get(secret)


class Engine:
    """Decodes as the real engine does, and answers at once, from another thread, or never."""

    def __init__(self, mode="at_once"):
        self.mode = mode
        self.stored: dict[tuple[int, str], tuple[bytes, bytes]] = {}
        self.seen: list[tuple[str, str]] = []
        self.state = Readiness()
        self.numbers: dict[str, Any] = {"decisions_total": {"allow": 3}}
        self.broken: Exception | None = None

    def submit(self, raw, owner, done, *, only="payment", deadline_ms=100):
        if self.broken is not None:
            raise self.broken
        outcome = self._decide(raw, owner, only)
        if self.mode == "at_once":
            done(outcome)
        elif self.mode == "thread":
            threading.Thread(target=done, args=(outcome,)).start()

    def _decide(self, raw, owner, only):
        try:
            event = decode_event(raw, only)
            kind = event_type(event)
            digest = hashlib.sha256(raw).digest()
            known = self.stored.get((owner, event.id))
            if known is not None:
                if known[0] != digest:
                    raise IdConflict("This id was used with another body.", id=event.id)
                return Outcome(200, known[1])
        except SatarkError as error:
            return Outcome(0, b"", error)
        self.seen.append((kind, event.id))
        if kind == "payment":
            body = msgspec.json.encode({**DECISION, "id": event.id, "seq": len(self.seen)})
        else:
            body = msgspec.json.encode({"id": event.id, "type": kind, "seq": len(self.seen)})
        self.stored[owner, event.id] = (digest, body)
        return Outcome(200, body)

    def find(self, owner, event_id):
        known = self.stored.get((owner, event_id))
        return None if known is None else known[1]

    def ready(self):
        return self.state

    def metrics(self):
        return self.numbers


class Http:
    """Sends requests to an app, each in a loop of its own unless they are sent together."""

    def __init__(self, app, key="sk_k1_good"):
        self.app = app
        self.headers = {"authorization": f"Bearer {key}"} if key else {}

    def send(self, method, path, *, client=("127.0.0.1", 5000), **kwargs):
        return self.together([(method, path, kwargs)], client=client)[0]

    def together(self, requests, client=("127.0.0.1", 5000)):
        async def run():
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=True, client=client)
            async with httpx.AsyncClient(transport=transport, base_url="http://satark.test") as http:
                return await asyncio.gather(*(self._one(http, *request) for request in requests))

        return asyncio.run(run())

    async def _one(self, http, method, path, kwargs):
        headers = {**self.headers, **kwargs.pop("headers", {})}
        return await http.request(method, path, headers=headers, **kwargs)


@pytest.fixture
def keys():
    return Keys()


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def make_http(engine, keys):
    def make(key="sk_k1_good", **options):
        return Http(create_app(engine, keys, ApiOptions(**options)), key)

    return make


@pytest.fixture
def http(make_http):
    return make_http()


@pytest.fixture
def make_key():
    return Key
