"""`satark work` as it runs at a bank: killed while the engine's log grows, started again, refused a second time."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa
from tests.support.engine import MINUTE_US, NOW_US, POLICY, Bench, payment

from satark.core.clock import SystemClock
from satark.storage import FolderLock, open_storage
from satark.storage.desk import open_desk

PROGRAM = [sys.executable, "-m", "satark.app.main", "work", "--json"]
PATIENCE_SECONDS = 60
KILLS = 4


class Worker:
    """A running worker."""

    def __init__(self, home, policy):
        command = [*PROGRAM, "--data", str(home), "--policy", str(policy)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def wait_for(self, step):
        for line in self.process.stdout:
            fact = json.loads(line)
            if fact["step"] == step:
                return fact
        pytest.fail(f"it ended before {step}: {self.process.stderr.read().decode()}")

    def end(self, number):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, [json.loads(line) for line in out.splitlines()], err.decode()


@pytest.fixture
def started():
    """Return a starter of workers; whatever is left of them is killed after the test."""
    made = []

    def start(*arguments):
        made.append(Worker(*arguments))
        return made[-1]

    yield start
    for worker in made:
        worker.process.kill()
        worker.process.communicate()


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(POLICY)
    return path


@pytest.mark.slow
def test_no_alert_is_lost_or_comes_twice_when_the_worker_is_killed_while_the_log_grows(
    tmp_path, policy, started
):
    home, dice = tmp_path / "home", random.Random(3)
    began_us = SystemClock().now_us() - 600 * 1_000_000
    with FolderLock(home), open_storage(home) as storage:
        bench = Bench(storage.events).start()
        bench.clock.at_us = max(began_us, NOW_US)
        stolen, number = set(), 0

        def grow(count):
            nonlocal number
            for _ in range(count):
                number += 1
                bench.clock.at_us += MINUTE_US // 100
                card = dice.choice(("tok_stolen", "card_1"))
                decision = bench.decide(
                    payment(f"p{number}", bench.clock.at_us, card=card, device=f"d{number % 9}")
                )
                if decision.action in {"hold", "block"}:
                    stolen.add(decision.seq)

        for _ in range(KILLS):
            worker = started(home, policy)
            worker.wait_for("working")
            grow(dice.randrange(30, 120))
            assert worker.end(signal.SIGKILL)[0] == -signal.SIGKILL
        worker = started(home, policy)
        worker.wait_for("working")
        grow(20)
        second = started(home, policy)
        out, err = second.process.communicate(timeout=PATIENCE_SECONDS)
        assert (second.process.returncode, out) == (75, b"")
        assert json.loads(err)["error"]["code"] == "folder_locked"
        last = storage.events.last_seq()
        with open_desk(
            home, clock=SystemClock(), audit_key=storage.secrets.audit_key, read_only=True
        ) as desk:
            end = time.monotonic() + PATIENCE_SECONDS
            while desk.followers.place("desk").seq < last or desk.rollups.last_seq() < last:
                assert time.monotonic() < end, "the worker did not catch up"
                time.sleep(0.05)
            code, facts, err = worker.end(signal.SIGTERM)
            assert (code, facts[-1]["step"], facts[-1]["seq"]) == (0, "stopped", last), err
            with desk.reading() as connection:
                assert set(connection.scalars(sa.text("SELECT seq FROM alerts"))) == stolen
                n_events = "SELECT sum(n_events) FROM entities WHERE value IN ('tok_stolen', 'card_1')"
                assert connection.scalar(sa.text(n_events)) == number
                n_counted = "SELECT sum(n) FROM rollups WHERE grain = 1 AND measure = 'action'"
                assert connection.scalar(sa.text(n_counted)) == number
        bench.stop()
