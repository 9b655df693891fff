from __future__ import annotations

import hashlib
from typing import Any

import pytest

from satark.core.clock import FixedClock, Micros
from satark.decisions.ports import LogEntry
from satark.storage import open_storage

START_US = 1_790_000_000_000_000


@pytest.fixture
def entry():
    """Return a maker of log entries of about 2 KB."""

    def make(seq: int, event_id: str | None = None, **changes: Any) -> LogEntry:
        body = f'{{"id":"{event_id or seq}","pad":"{"x" * 1_200}"}}'.encode()
        values: dict[str, Any] = {
            "seq": seq,
            "owner": 1,
            "event_id": event_id or f"pay_{seq}",
            "kind": "payment",
            "occurred_us": START_US + seq,
            "arrived_us": START_US + seq,
            "flags": 0,
            "ref": "",
            "digest": hashlib.sha256(body).digest(),
            "body": body,
            "decision": b'{"action":"%s","pad":"%s"}' % ((b"allow", b"hold")[seq % 2], b"y" * 900),
        }
        return LogEntry(**{**values, **changes})

    return make


@pytest.fixture
def opened(tmp_path):
    """Return an opener of storages in a folder of the test; closed afterwards."""
    made = []

    def opener(name: str = "data", **options: Any):
        options.setdefault("clock", FixedClock(Micros(START_US)))
        storage = open_storage(tmp_path / name, **options)
        made.append(storage)
        return storage

    yield opener
    for storage in made:
        storage.close()
