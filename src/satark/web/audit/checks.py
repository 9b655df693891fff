"""Proofs of the chains, one at a time in a thread of its own, with what the last one found.

A trail of a hundred thousand entries takes seconds; the page starts the proof and shows how far it is. The log's own
chain is as long as the log: `satark audit verify` proves that one, away from the pages.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from satark.core.errors import SatarkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.core.clock import Clock

_log = structlog.get_logger("satark.web")
MAX_SHOWN = 20


class Report(Protocol):
    """What a proof found."""

    @property
    def ok(self) -> bool: ...  # noqa: D102
    @property
    def problems(self) -> tuple[Any, ...]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Check:
    """How a proof stands.

    Attributes
    ----------
    state
        none, running, good, bad or failed (the database did not answer).
    at_us
        When it began.
    done, total
        Entries.
    problems
        The first that were found: (place, what is wrong).
    """

    state: str = "none"
    at_us: int = 0
    done: int = 0
    total: int = 0
    problems: tuple[tuple[int, str], ...] = ()


class Checks:
    """Proofs by the name of their trail."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        self._checks: dict[str, Check] = {}

    def of(self, name: str) -> Check:
        """Return how the last proof of a trail stands."""
        return self._checks.get(name, Check())

    def start(self, name: str, verify: Callable[..., Report]) -> bool:
        """Begin a proof; False when one is running already."""
        with self._turn:
            if any(check.state == "running" for check in self._checks.values()):
                return False
            self._checks[name] = Check("running", self._clock.now_us())
        threading.Thread(target=self._run, args=(name, verify), name="satark-audit", daemon=True).start()
        return True

    def _run(self, name: str, verify: Callable[..., Report]) -> None:
        begun = self._checks[name]

        def progress(_: str, done: int, total: int) -> None:
            self._checks[name] = replace(begun, done=done, total=total)

        try:
            report = verify(progress=progress)
        except SatarkError as error:
            _log.warning("audit_check_failed", trail=name, error=error.code)
            self._checks[name] = replace(self._checks[name], state="failed")
        except Exception:  # noqa: BLE001 - the thread ends; the page says that the proof failed
            _log.exception("audit_check_failed", trail=name)
            self._checks[name] = replace(self._checks[name], state="failed")
        else:
            problems = tuple((one.seq, one.what) for one in report.problems[:MAX_SHOWN])
            self._checks[name] = replace(
                self._checks[name], state="good" if report.ok else "bad", problems=problems
            )
