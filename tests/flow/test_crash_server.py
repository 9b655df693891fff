"""The real server, killed under load: every answer that a client has seen is there after the restart, and stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import httpx
import pytest
from tests.support.engine import POLICY, payment

from satark.core.clock import SystemClock
from satark.storage import open_storage

CLIENTS = 6
START_SECONDS = 240
KILLS = 3


class Server:
    """A running `satark serve`."""

    def __init__(self, folder, policy) -> None:
        environment = {
            **os.environ,
            "SATARK_SNAPSHOT_SECONDS": "1",
            "SATARK_RATE_PER_SECOND": "100000",
            "SATARK_DEADLINE_MS": "60000",
        }
        command = ["serve", "--data", str(folder), "--policy", str(policy), "--port", "0", "--json"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "satark.app.main", *command], stdout=subprocess.PIPE, env=environment
        )
        self._timer = threading.Timer(START_SECONDS, self.process.kill)
        self._timer.start()
        self.address = self._wait_for("listening")["address"]
        self._wait_for("ready")

    def _wait_for(self, step):
        for line in self.process.stdout:
            fact = json.loads(line)
            if fact["step"] == step:
                return fact
        return pytest.fail(f"the server ended before it was {step}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._timer.cancel()
        self.process.stdout.close()


@pytest.mark.slow
def test_answers_that_were_seen_stay_when_the_server_is_killed_under_load(tmp_path):
    folder, policy = tmp_path / "data", tmp_path / "small.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    with open_storage(folder) as storage:
        secret = storage.keys.create("test", ["decide", "read"]).secret
    head = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    seen: dict[str, tuple[bytes, bytes]] = {}
    wrong: list[str] = []
    for kill in range(KILLS):
        server = Server(folder, policy)
        with httpx.Client(base_url=server.address, headers=head, trust_env=False) as client:
            check(client, seen)
        enough = threading.Event()
        threads = [
            threading.Thread(target=ask, args=(server.address, head, f"k{kill}_{n}_", seen, wrong, enough))
            for n in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        server.kill()
        for thread in threads:
            thread.join()
        assert wrong == []
    assert len(seen) >= 200 * KILLS
    server = Server(folder, policy)
    with httpx.Client(base_url=server.address, headers=head, trust_env=False) as client:
        check(client, seen)
    server.process.terminate()
    assert server.process.wait(60) == 0
    server.kill()
    with open_storage(folder, read_only=True) as storage:
        ids = [event_id for _, event_id in storage.events.ids()]
        assert len(ids) == len(set(ids)) == storage.events.last_seq()
        assert seen.keys() <= set(ids)
        assert storage.audit.verify().ok


def ask(address, head, prefix, seen, wrong, enough) -> None:
    """Send payments until the server is gone; note every answer."""
    before = len(seen)
    with httpx.Client(base_url=address, headers=head, trust_env=False) as client:
        for number in range(100_000):
            event_id = f"{prefix}{number}"
            body = payment(event_id, SystemClock().now_us(), card=f"card_{number % 7}")
            raw = json.dumps(body).encode()
            try:
                answer = client.post("/v1/decisions", content=raw)
            except httpx.TransportError:
                return
            if answer.status_code != 200:
                wrong.append(answer.text)
                enough.set()
                return
            seen[event_id] = raw, answer.content
            if len(seen) - before >= 200:
                enough.set()


def check(client, seen) -> None:
    """Ask for what was answered, and send it again: both give the same bytes."""
    for event_id, (raw, answer) in [*seen.items()][::9]:
        assert client.get(f"/v1/decisions/{event_id}").content == answer
        again = client.post("/v1/decisions", content=raw)
        assert (again.status_code, again.content) == (200, answer)
