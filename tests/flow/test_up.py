"""`satark up` as a stranger runs it: everything starts, works, and stops together."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time

import httpx
import psutil
import pytest

from satark.storage import open_storage

START_SECONDS = 240
ENGINE_PROGRAM = [sys.executable, "-m", "satark.app.main"]


class Up:
    """A running `satark up`, and what it told."""

    def __init__(self, home):
        command = ["up", "--data", str(home), "--port", "0", "--web-port", "0", "--rate", "40", "--json"]
        self.process = subprocess.Popen(
            [*ENGINE_PROGRAM, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.facts = []
        self._timer = threading.Timer(START_SECONDS, self.process.kill)
        self._timer.start()

    def wait_for(self, step):
        for line in self.process.stdout:
            self.facts.append(json.loads(line))
            if self.facts[-1]["step"] == step:
                return self.facts[-1]
        pytest.fail(f"it ended before {step}: {self.facts} {self.process.stderr.read().decode()}")

    def children(self):
        """Return the children by what they do; one that has just begun still bears the line of its parent."""
        for _ in range(600):
            found = psutil.Process(self.process.pid).children()
            works = [set(child.cmdline()) & {"serve", "work", "web", "simulate"} for child in found]
            if all(works):
                return {work.pop(): child for work, child in zip(works, found, strict=True)}
            time.sleep(0.05)
        pytest.fail(f"some of {found} never bore a command line of their own")

    def end(self):
        """Wait until it has ended; return exit code, remaining facts and errors."""
        out, err = self.process.communicate()
        self._timer.cancel()
        return self.process.returncode, [json.loads(line) for line in out.splitlines()], err.decode()

    def kill(self):
        for process in (
            (*psutil.Process(self.process.pid).children(), self.process)
            if self.process.poll() is None
            else ()
        ):
            process.kill()
        self._timer.cancel()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def wait_for_decisions(storage, count=20):
    """Wait until the simulated stream has been decided so often; the timer of `Up` ends a vain wait."""
    while len(storage.events.recent(count)) < count:
        time.sleep(0.1)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("up") / "home"


@pytest.fixture
def up(home):
    """Start everything; whatever is left is killed after the test."""
    started = []

    def up():
        started.append(Up(home))
        return started[-1]

    yield up
    for one in started:
        one.kill()


@pytest.mark.slow
def test_everything_starts_decides_and_stops_when_told(up, home):
    running = up()
    fact = running.wait_for("up")
    first = next(one for one in running.facts if one["step"] == "administrator")
    assert httpx.get(f"{fact['engine']}/health/ready").status_code == 200
    page = httpx.get(fact["page"], follow_redirects=True)
    assert page.status_code == 200
    assert "password" in page.text
    assert first["password"] not in "".join(log.read_text() for log in (home / "logs").glob("*.log"))
    children = running.children()
    assert set(children) == {"serve", "work", "web", "simulate"}
    with open_storage(home, read_only=True) as storage:
        wait_for_decisions(storage)
    running.process.send_signal(signal.SIGINT)
    code, facts, err = running.end()
    assert (code, facts[-1]["step"], err) == (0, "stopped", "")
    assert not any(
        child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children.values()
    )


@pytest.mark.slow
def test_everything_stops_and_says_why_when_one_part_ends_by_itself(up, home):
    running = up()
    running.wait_for("up")
    assert "administrator" not in [one["step"] for one in running.facts], "the password is shown once"
    children = running.children()
    children["web"].kill()
    code, facts, err = running.end()
    assert (code, facts[-1]["step"]) == (69, "stopped")
    assert "web ended with exit code -9" in json.loads(err)["error"]["message"]
    assert not any(
        child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children.values()
    )


@pytest.mark.slow
def test_no_child_stays_behind_when_the_supervisor_is_killed(up, home):
    running = up()
    running.wait_for("up")
    children = running.children()
    running.process.kill()
    _, alive = psutil.wait_procs(children.values(), timeout=60)
    left = {name: child.as_dict(["status", "cmdline"]) for name, child in children.items() if child in alive}
    assert not left
    keys = subprocess.run(
        [*ENGINE_PROGRAM, "keys", "list", "--data", str(home), "--json"], capture_output=True, check=True
    )
    assert len([key for key in json.loads(keys.stdout) if key["revoked_at"] is None]) == 1
