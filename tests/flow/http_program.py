"""A server with a small engine behind it, run by the flow tests as a process of its own.

The engine decodes as the real one does, keeps answers in memory and delivers them from another thread after a
delay, as a commit would. Usage: python http_program.py DELAY_SECONDS
"""

from __future__ import annotations

import hashlib
import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec

from satark.api import ApiOptions, ServerOptions, create_app, run_server
from satark.api.examples import DECISION
from satark.core.errors import IdConflict, SatarkError
from satark.events.decode import decode_event
from satark.events.kinds import event_type


@dataclass(frozen=True)
class Outcome:
    status: int
    body: bytes
    error: SatarkError | None = None


@dataclass(frozen=True)
class Key:
    id: str = "k1"
    owner: int = 1
    scopes: frozenset[str] = frozenset({"decide", "read", "label", "events", "metrics"})
    rate_per_s: float = 0.0
    burst: int = 1


@dataclass
class Readiness:
    ready: bool = True
    reasons: list[str] = field(default_factory=list)


class Keys:
    def verify(self, secret: str) -> Key | None:
        return Key() if secret == "sk_k1_good" else None


class Engine:
    def __init__(self, delay_seconds: float) -> None:
        self._delay = delay_seconds
        self._stored: dict[str, tuple[bytes, bytes]] = {}
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._commit, daemon=True).start()

    def submit(self, raw, owner, done, *, only="payment", deadline_ms=100) -> None:
        try:
            event = decode_event(raw, only)
            digest = hashlib.sha256(raw).digest()
            known = self._stored.get(event.id)
            if known is not None and known[0] != digest:
                raise IdConflict("This id was used with another body.", id=event.id)
        except SatarkError as error:
            done(Outcome(0, b"", error))
            return
        kind = event_type(event)
        if known is not None:
            body = known[1]
        elif kind == "payment":
            body = msgspec.json.encode({**DECISION, "id": event.id})
        else:
            body = msgspec.json.encode(
                {"id": event.id, "type": kind, "seq": 1, "late": False, "parked": False}
            )
        self._stored[event.id] = (digest, body)
        self._queue.put((done, Outcome(200, body)))

    def _commit(self) -> None:
        while True:
            done, outcome = self._queue.get()
            time.sleep(self._delay)
            done(outcome)

    def find(self, owner, event_id):
        known = self._stored.get(event_id)
        return None if known is None or b'"action"' not in known[1] else known[1]

    def ready(self) -> Readiness:
        return Readiness()

    def metrics(self):
        return {"decisions_total": {"allow": 1}}


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    app = create_app(
        Engine(float(sys.argv[1])),
        Keys(),
        ApiOptions(deadline_ms=5_000),
        on_stop=lambda: say("closed"),
    )
    run_server(
        app,
        ServerOptions(port=0),
        on_listening=lambda _, port: say(str(port)),
    )
    say("returned")


if __name__ == "__main__":
    main()
