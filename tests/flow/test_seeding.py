"""A past that was filled in is one that the engine and the desk stand by."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import sqlalchemy as sa

from satark.core.clock import SystemClock
from satark.events import body_digest
from satark.storage import open_storage
from satark.storage.desk import open_desk

PROGRAM = [sys.executable, "-m", "satark.app.main"]
DECISIONS, ALERTS = 1_200, 90


def run(*words):
    return subprocess.run([*PROGRAM, *words, "--json"], capture_output=True, check=False, timeout=600)


@pytest.mark.slow
def test_an_installation_filled_with_a_past_verifies_and_has_the_alerts_asked_for(tmp_path):
    home = tmp_path / "home"
    words = ("simulate", "--store", str(DECISIONS), "--alerts", str(ALERTS), "--data", str(home))
    done = run(*words)
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert (told["decisions"], told["alerts"]) == (DECISIONS, ALERTS)
    with (
        open_storage(home, read_only=True) as storage,
        open_desk(home, clock=SystemClock(), audit_key=storage.secrets.audit_key) as desk,
    ):
        entries = list(storage.events.read(0))
        payments = [entry for entry in entries if entry.decision is not None]
        assert len(payments) == DECISIONS
        assert len({entry.event_id for entry in entries}) == len(entries) == told["events"]
        assert all(entry.digest == body_digest(entry.body) for entry in payments)
        assert storage.audit.verify().ok
        with desk.reading() as connection:
            alerts = set(connection.scalars(sa.text("SELECT seq FROM alerts")))
            days = connection.scalar(
                sa.text("SELECT count(DISTINCT occurred_us / 86400000000) FROM entity_events")
            )
        assert alerts == {entry.seq for entry in payments if _stopped(entry)}
        assert days >= 4
        assert desk.rollups.last_seq() == desk.followers.place("desk").seq == entries[-1].seq
    again = run(*words)
    assert again.returncode == 65
    assert "only an empty installation" in again.stderr.decode()
    assert run("simulate", "--alerts", "5", "--out", str(tmp_path / "x.jsonl")).returncode == 2


def _stopped(entry) -> bool:
    return json.loads(entry.decision)["action"] in {"hold", "block"}
