"""Child processes of `satark up`: started with their own log, asked for facts, stopped in good order.

A child writes facts about itself as JSON lines to its standard output (`{"step": "listening", ...}`); its log
goes to a file of its own. A child that is told to stop finishes what it accepted; after a while it is
killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from satark.core.errors import NotReady

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

SUPERVISOR_VARIABLE = "SATARK_SUPERVISOR"
TAIL_LINES = 12
_PR_SET_PDEATHSIG = 1
_GRACE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """What to start: a command of `satark`, under a name, with additions to the environment."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]


class Child:
    """One running child process.

    Parameters
    ----------
    plan
        What to start.
    logs
        The folder of its log, ``NAME.log``.
    on_fact
        Called from a thread with each fact that the child tells.
    """

    def __init__(self, plan: ChildPlan, logs: Path, on_fact: Callable[[str, dict[str, Any]], None]) -> None:
        self.name = plan.name
        self.log = logs / f"{plan.name}.log"
        self._on_fact = on_fact
        environment = {**os.environ, **plan.environment, SUPERVISOR_VARIABLE: str(os.getpid())}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "satark.app.main", *plan.arguments, "--json"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops all in order.
            )
        self._reader = threading.Thread(target=self._read, name=f"facts-{plan.name}", daemon=True)
        self._reader.start()

    def running(self) -> bool:
        """Tell whether the process lives."""
        return self.process.poll() is None

    def tail(self) -> list[str]:
        """Return the last lines of its log."""
        try:
            return self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
        except OSError:
            return []

    def failure(self) -> NotReady:
        """Return the error that says how it ended and where its log is."""
        code = self.process.poll()
        last = next((line for line in reversed(self.tail()) if line.strip()), "its log is empty")
        message = f"{self.name} ended with exit code {code}: {_readable(last)} (log: {self.log})"
        return NotReady(message, child=self.name, exit_code=code, log=str(self.log))

    def stop(self, seconds: float) -> None:
        """Ask it to stop, wait, and kill it when it does not."""
        if self.running():
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        if self.running():
            self.process.kill()
            self.process.wait(_GRACE_SECONDS)
        self._reader.join(_GRACE_SECONDS)

    def _read(self) -> None:
        stream: IO[bytes] | None = self.process.stdout
        if stream is None:
            return
        with stream:
            for line in stream:
                with contextlib.suppress(ValueError):
                    fact = json.loads(line)
                    if isinstance(fact, dict):
                        self._on_fact(self.name, fact)


def stop_all(children: Sequence[Child], seconds: float) -> None:
    """Stop the children, the one started last first."""
    for child in reversed(children):
        child.stop(seconds)


def follow_supervisor() -> None:
    """Make this process stop when the one that supervises it dies, whatever it dies of.

    Linux only; elsewhere a supervisor that is killed leaves its children to be stopped by hand.
    """
    parent = os.environ.get(SUPERVISOR_VARIABLE)
    if parent is None or not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if str(os.getppid()) != parent:  # It died before we could ask to be told.
        os.kill(os.getpid(), signal.SIGTERM)


def wait_until(ready: Callable[[], bool], children: Sequence[Child], *, seconds: float, what: str) -> None:
    """Wait for a condition while the children live.

    Raises
    ------
    NotReady
        A child ended, or the time is over.
    """
    limit = time.monotonic() + seconds
    while not ready():
        for child in children:
            if not child.running():
                raise child.failure()
        if time.monotonic() > limit:
            message = f"{what} is not ready after {seconds:.0f} seconds"
            raise NotReady(message, what=what)
        time.sleep(0.1)


def _readable(line: str) -> str:
    """Return the message of an error that a child wrote as JSON, or the line itself."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return str(json.loads(line)["error"]["message"])
    return line
