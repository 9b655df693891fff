"""kill -9 of the worker's follower at every place of a batch: no alert, link or message is lost or comes twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.engine import MINUTE_US, NOW_US, Bench, label, payment
from tests.support.following_program import KEY, PLACES

from satark.storage import FolderLock

ROOT = Path(__file__).parents[3]
PAYMENTS = 60


@pytest.fixture(scope="module")
def victim():
    """Return a giver of orders to followers; it returns how each one ended."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    program = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/support/following_program.py")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT,
    )  # fmt: skip
    assert program.stdout.readline().strip() == "ready"

    def order(**parts) -> int:
        program.stdin.write(json.dumps(parts) + "\n")
        program.stdin.flush()
        return int(program.stdout.readline())

    yield order
    program.stdin.close()
    program.wait(60)
    program.stdout.close()


@pytest.fixture
def followed(backend):
    """Return the entries of a log that a real engine wrote to this database."""
    dice = random.Random(1)
    with FolderLock(backend.folder):
        storage = backend.open()
        bench = Bench(storage.events).start()
        for number in range(PAYMENTS):
            card = dice.choice(("tok_stolen", "card_1", "card_2"))
            at_us = NOW_US + number * MINUTE_US
            bench.clock.at_us = at_us
            event = payment(
                f"p{number}", at_us, card=card, device=f"d{dice.randrange(5)}", customer=f"c{number % 7}"
            )
            bench.tell(event)
            if number % 10 == 9:
                bench.tell(label(f"l{number}", f"p{number - 4}", at_us))
        bench.stop()
        return list(storage.events.read(0))


def check(desk, entries):
    """Hold the desk against the log."""
    payments = [entry for entry in entries if entry.kind == "payment"]
    stopped = sorted(
        entry.seq
        for entry in payments
        if b'"action":"block"' in entry.decision or b'"action":"hold"' in entry.decision
    )
    labelled = {entry.ref for entry in entries if entry.kind == "label"}
    with desk.reading() as connection:

        def column(query):
            return list(connection.scalars(sa.text(query)))

        assert column("SELECT seq FROM alerts ORDER BY seq") == stopped
        assert column("SELECT sum(n_alerts) FROM cases") == [len(stopped)]
        assert column("SELECT count(*) FROM case_timeline WHERE kind IN ('opened', 'alert_joined')")[
            0
        ] >= len(stopped)
        told = column("SELECT key FROM outbox WHERE topic = 'notice.requested'")
        assert max(Counter(told).values()) == 1
        assert set(told) == {
            f"n:{entry.event_id}" for entry in payments if b'"action":"allow"' not in entry.decision
        }
        assert column("SELECT seq FROM entity_events ORDER BY seq") == [entry.seq for entry in payments]
        assert column("SELECT count(*) FROM entity_links") == [4 * len(payments)]
        assert column("SELECT sum(n_events) FROM entities") == [4 * len(payments)]
        frauds = column("SELECT seq FROM entity_events WHERE verdict = 1 ORDER BY seq")
        assert frauds == [entry.seq for entry in payments if entry.event_id in labelled]
        assert column("SELECT sum(n_fraud) FROM entities") == [4 * len(frauds)]
        assert column("SELECT seq FROM followers") == [entries[-1].seq]
    assert desk.audit.verify().ok


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_or_done_twice_when_killed_at_every_place(backend, followed, victim, seed):
    dice = random.Random(seed)
    order = {"target": str(backend.target), "folder": str(backend.folder)}
    killed = 0
    for place in (*PLACES, *dice.choices(PLACES, k=5)):
        ended = victim(**order, place=place, number=dice.randrange(1, 4), batch=dice.choice((1, 2, 3)))
        assert ended in {0, -signal.SIGKILL}
        killed += ended != 0
    assert killed >= len(PLACES), "most were killed before the end of the log"
    assert victim(**order, place="nowhere", number=1, batch=7) == 0
    check(backend.open_desk(audit_key=KEY), followed)
