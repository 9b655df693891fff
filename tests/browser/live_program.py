"""The pages over a log in memory that grows by some decisions a second; run by the browser test."""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import dataclass

import msgspec

from satark.api import ServerOptions, run_server
from satark.decisions.ports import LogEntry
from satark.events.examples import EXAMPLES
from satark.web import WebOptions, create_web

ACTIONS = ("allow", "allow", "hold", "challenge", "allow", "block")
REASON = {
    "code": "card_velocity",
    "en": "6 payments on this card in 10 minutes; limit 4",
    "hi": "10 मिनट में इस कार्ड से 6 भुगतान; सीमा 4",
    "numbers": {"card_payments_10m": 6, "limit": 4},
}


class Log:
    def __init__(self) -> None:
        self.entries: list[LogEntry] = []

    def add(self) -> None:
        seq = len(self.entries) + 1
        action = ACTIONS[seq % len(ACTIONS)]
        now_us = time.time_ns() // 1_000
        examples = list(EXAMPLES["payment"].values())
        decision = {
            "id": f"p{seq}",
            "action": action,
            "score": 0.1 if action == "allow" else 0.7,
            "reasons": [] if action == "allow" else [REASON],
            "policy": {"name": "payments", "version": 1, "hash": "9c1f0a7be2d4"},
            "engine": "0.1.0",
            "features_version": "51bd77a0",
            "degraded": [],
            "late": False,
            "mode": "enforce",
            "occurred_at": "2026-01-01T00:00:00Z",
            "decided_at": "2026-01-01T00:00:00Z",
            "latency_us": {"decode": 9, "facts": 14, "windows": 21, "rules": 17, "total": 61},
            "seq": seq,
        }
        entry = LogEntry(
            seq=seq,
            owner=1,
            event_id=f"p{seq}",
            kind="payment",
            occurred_us=now_us,
            arrived_us=now_us,
            flags=0,
            ref="",
            digest=b"",
            body=json.dumps(examples[seq % len(examples)]).encode(),
            decision=msgspec.json.encode(decision),
        )
        self.entries.append(entry)

    def last_seq(self):
        return len(self.entries)

    def get(self, seq):
        return self.entries[seq - 1] if 0 < seq <= len(self.entries) else None

    def find_by_ref(self, owner, payment_id):
        return iter(())

    def find_anywhere(self, event_id):
        return [entry for entry in self.entries if entry.event_id == event_id]

    def recent(self, limit, before_seq=None, after_seq=None, action=None):
        entries = self.entries[: before_seq - 1] if before_seq else list(self.entries)
        if after_seq is not None:
            return entries[after_seq:][:limit][::-1]
        if action is not None:
            entries = [entry for entry in entries if f'"action":"{action}"'.encode() in entry.decision]
        return entries[::-1][:limit]


@dataclass
class Member:
    username: str
    role: str = "administrator"
    must_change: bool = False
    changed_us: int = 0
    disabled_us: int | None = None


class Staff:
    def verify(self, username, password):
        return Member(username) if (username, password) == ("asha", "correct horse battery") else None

    def find(self, username):
        return Member(username) if username == "asha" else None


def main() -> None:
    log = Log()
    for _ in range(300):
        log.add()

    def grow() -> None:
        while True:
            time.sleep(0.1)
            log.add()

    threading.Thread(target=grow, daemon=True).start()

    def listening(_: str, port: int) -> None:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()

    run_server(
        create_web(log, Staff(), WebOptions(poll_seconds=0.05)),
        ServerOptions(port=0, schedule_gc=False),
        on_listening=listening,
    )


if __name__ == "__main__":
    main()
