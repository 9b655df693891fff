"""`satark up`: everything on one machine, for a look at it: engine, worker, pages and a simulated stream.

Not on the way of an event; it starts the processes that are. Nothing is restarted silently: when a child ends
by itself, all are stopped and the reason is said.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import httpx

from satark.app.children import Child, ChildPlan, stop_all, wait_until
from satark.app.demo import end_demo, prepare_demo
from satark.app.web_options import is_loopback
from satark.core.errors import NotReady, SatarkError
from satark.core.stopping import StopOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satark.app.wiring import AppWiring

    Announce = Callable[[Mapping[str, object]], None]

START_SECONDS = 300.0
"""The first start compiles the kernel, which takes about a minute on a slow machine."""
KEY_VARIABLE = "SATARK_API_KEY"
SECOND_FACTOR = "SATARK_WEB_SECOND_FACTOR"
FRAUD_SHARE = "0.15"
"""Far more than in life, so that someone who looks for a minute sees frauds being stopped."""
PAST_MINUTES = "10"
"""So much of the past is sent at once, so that windows know something when the page opens."""
_POLL_SECONDS = 0.5


class Supervisor:
    """Starts, watches and stops the processes of `satark up`.

    Parameters
    ----------
    wiring
        Settings, and what is kept.
    announce
        Called with each step: ``{"step": "starting", "what": "engine"}``.
    """

    def __init__(self, wiring: AppWiring, announce: Announce) -> None:
        self._wiring = wiring
        self._announce = announce
        self._children: list[Child] = []
        self._addresses: dict[str, str] = {}
        self._working: set[str] = set()
        self._order = StopOrder()

    def run(self, *, rate_per_second: float, seed: int) -> None:
        """Start everything and return when told to stop.

        Raises
        ------
        NotReady
            A process did not come up, or ended by itself.
        """
        with self._order:
            self._run(rate_per_second=rate_per_second, seed=seed)

    def _run(self, *, rate_per_second: float, seed: int) -> None:
        key = None
        try:
            with self._wiring.storage() as storage:
                prepared = prepare_demo(storage)
            key = prepared.key_id
            if prepared.password is not None:
                self._announce(
                    {"step": "administrator", "username": prepared.username, "password": prepared.password}
                )
            self._start_engine()
            self._start_worker()
            self._start_pages()
            self._start_stream(prepared.secret, rate_per_second=rate_per_second, seed=seed)
            self._announce(
                {"step": "up", "page": self._addresses["web"], "engine": self._addresses["engine"]}
            )
            self._watch()
        except _Stopped:
            pass
        finally:
            self._announce({"step": "stopping"})
            stop_all(self._children, self._wiring.settings.stop_seconds + 5)
            if key is not None:
                # Where this fails, the next start does it.
                with contextlib.suppress(SatarkError), self._wiring.storage() as storage:
                    end_demo(storage, key)
            self._announce({"step": "stopped"})

    def _start_engine(self) -> None:
        self._start("engine", "serve")
        self._await(lambda: "engine" in self._addresses, "the engine")
        waiting = _Reasons(self._announce)
        address = self._addresses["engine"]
        with httpx.Client(base_url=address, timeout=5, trust_env=False) as client:
            self._await(lambda: _is_ready(client, waiting), "the engine")
        self._announce({"step": "ready", "what": "engine", "address": address})

    def _start_worker(self) -> None:
        self._start("worker", "work")
        self._await(lambda: "worker" in self._working, "the worker")
        self._announce({"step": "ready", "what": "worker"})

    def _start_pages(self) -> None:
        # A trial that only this machine can reach asks for a password alone.
        trial = is_loopback(self._wiring.settings.web_host)
        self._start("web", "web", environment={SECOND_FACTOR: "false"} if trial else None)
        self._await(lambda: "web" in self._addresses, "the page")
        self._announce({"step": "ready", "what": "web", "address": self._addresses["web"]})

    def _start_stream(self, secret: str, *, rate_per_second: float, seed: int) -> None:
        arguments = (
            *("simulate", "--to", self._addresses["engine"]),
            *("--rate", str(rate_per_second), "--seed", str(seed), "--fraud-share", FRAUD_SHARE),
            *("--past", PAST_MINUTES),
        )
        self._start("stream", *arguments, environment={KEY_VARIABLE: secret})

    def _start(self, name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._announce({"step": "starting", "what": name})
        logs = self._wiring.data / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        plan = ChildPlan(name, arguments, {**self._wiring.environment(), **(environment or {})})
        self._children.append(Child(plan, logs, self._on_fact))

    def _await(self, ready: Callable[[], bool], what: str) -> None:
        def ready_or_stopped() -> bool:
            if self._order.given():
                raise _Stopped
            return ready()

        wait_until(ready_or_stopped, self._children, seconds=START_SECONDS, what=what)

    def _watch(self) -> None:
        """Wait for the order to stop; a child that ends by itself ends everything."""
        while not self._order.wait(_POLL_SECONDS):
            for child in self._children:
                if not child.running():
                    raise child.failure()

    def _on_fact(self, name: str, fact: dict[str, Any]) -> None:
        if fact.get("step") == "listening":
            self._addresses[name] = str(fact["address"])
        if fact.get("step") == "working":
            self._working.add(name)


class _Stopped(Exception):
    """The order to stop came while something was starting."""


class _Reasons:
    """Announces why the engine is not ready yet, each reason once."""

    def __init__(self, announce: Announce) -> None:
        self._announce = announce
        self._said: object = None
        self._since = time.monotonic()

    def say(self, reasons: object) -> None:
        """Announce the reasons if they are new."""
        if reasons != self._said:
            self._said = reasons
            self._announce({"step": "waiting", "what": "engine", "reasons": reasons})


def _is_ready(client: httpx.Client, waiting: _Reasons) -> bool:
    try:
        answer = client.get("/health/ready")
    except httpx.TransportError:
        return False
    if answer.status_code == httpx.codes.OK:
        return True
    try:
        waiting.say(answer.json().get("reasons"))
    except ValueError as error:
        message = "the engine's readiness is not JSON; does something else listen on its port?"
        raise NotReady(message) from error
    return False
