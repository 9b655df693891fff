"""A real `satark serve` in a process of its own, pinned to one core, and the load generator beside it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Self

from benchmarks.load_plan import LoadFailed, LoadReport

if TYPE_CHECKING:
    from types import TracebackType

ROOT = Path(__file__).parents[1]
_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = _CORES[0]
LOAD_CORE = _CORES[-1]
_METRIC = re.compile(r"^(satark_[a-z0-9_]+) ([0-9.e+-]+)$", re.MULTILINE)


class Server:
    """A server on a data folder, from start to stop.

    Parameters
    ----------
    home
        The data folder.
    snapshot_seconds
        Time between two snapshots.
    patience_seconds
        How long a start may take.
    database
        URL of a PostgreSQL database; empty: SQLite in the folder.
    """

    def __init__(
        self, home: Path, *, snapshot_seconds: int, patience_seconds: float = 300.0, database: str = ""
    ) -> None:
        self.home = home
        self.port = _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._patience = patience_seconds
        self._environment = dict(os.environ) | {
            "SATARK_HOME": str(home),
            "SATARK_PORT": str(self.port),
            "SATARK_SNAPSHOT_SECONDS": str(snapshot_seconds),
            "SATARK_DATABASE": database,
            "SATARK_RATE_PER_SECOND": "1000000",
            "SATARK_WINDOWS_MB": "8192",
            "SATARK_LOG_LEVEL": "warning",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it and wait until it decides."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home.parent / f"{self.home.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "satark.app.main", "serve", "--json"],
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        # Threads that start later inherit it.
        os.sched_setaffinity(self._process.pid, {SERVER_CORE})
        until = time.monotonic() + self._patience
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > until:
                self.__exit__(None, None, None)
                raise LoadFailed(f"the server did not start; see {self.home}.log")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it gracefully; after a minute, at once."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def metrics(self, key: str) -> dict[str, float]:
        """Return the plain counters and gauges."""
        request = urllib.request.Request(
            f"{self.address}/metrics", headers={"authorization": f"Bearer {key}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return {name: float(value) for name, value in _METRIC.findall(answer.read().decode())}

    def memory_bytes(self) -> int:
        """Return the memory of the process without mapped files, which the system can take back."""
        if self._process is None:
            return 0
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return next(
            int(line.split()[1]) * 1_024 for line in status.splitlines() if line.startswith("RssAnon:")
        )

    def database_bytes(self) -> int:
        """Return the size of the database without its write-ahead log: it grows by checkpoints alone."""
        return (self.home / "satark.db").stat().st_size

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/health/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def make_key(home: Path, database: str = "") -> str:
    """Make an API key in an installation and return its secret.

    Parameters
    ----------
    home
        The data folder.
    database
        The URL of its PostgreSQL database; without one it is the SQLite file of the folder.
    """
    scopes = [
        word for scope in ("decide", "read", "label", "events", "metrics") for word in ("--scope", scope)
    ]
    done = subprocess.run(
        [sys.executable, "-m", "satark.app.main", "keys", "create", "load", *scopes, "--json"],
        env=dict(os.environ) | {"SATARK_HOME": str(home), "SATARK_DATABASE": database},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise LoadFailed(done.stderr.decode("utf-8", "replace"))
    return str(json.loads(done.stdout)["secret"])


def run_generator(url: str, *arguments: str) -> LoadReport:
    """Run the load generator on its own core and return its report, checked.

    Raises
    ------
    LoadFailed
        A promise was broken, or the generator itself was the bottleneck.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", url, "--core", str(LOAD_CORE), "--json", *arguments],
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    if done.returncode:
        raise LoadFailed(done.stderr.decode("utf-8", "replace").strip()[-2_000:])
    report = LoadReport(**json.loads(done.stdout))
    if report.generator_busy > 0.9:
        raise LoadFailed(
            f"the generator used {report.generator_busy:.0%} of its core: it was measured, not the server"
        )
    return report


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
