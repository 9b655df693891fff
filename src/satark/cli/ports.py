"""What commands need from the wiring, as Protocols; `satark.app.wiring` implements them.

The terminal may not import `satark.app`, nor its neighbours `api` and `web`; whatever is built from
settings is asked for here. What lies further in (policies, replay, simulation) a command imports itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from satark.core.rates import RateTable
    from satark.events import CardTokens
    from satark.policies import Policy
    from satark.policies.model_rules import ModelRef
    from satark.storage import Manifest, Retention

Announce = "Callable[[Mapping[str, object]], None]"
"""Called with small facts while a server comes up, for instance ``{"step": "ready", "address": ...}``."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What deciding again from the log needs: card tokens, rates and the lateness in force."""

    tokens: CardTokens
    rates: RateTable | None
    lateness_us: int


class Wiring(Protocol):
    """One command's collaborators."""

    @property
    def data(self) -> Path:
        """The data folder."""

    def serve(self, announce: Callable[[Mapping[str, object]], None]) -> None:
        """Run the engine's HTTP server until it is told to stop."""

    def web(self, announce: Callable[[Mapping[str, object]], None]) -> None:
        """Run the pages until told to stop."""

    def work(self, announce: Callable[[Mapping[str, object]], None]) -> None:
        """Run the worker until told to stop."""

    def run_job(self, number: int, tries: int) -> None:
        """Do a piece of work that a page asked for, and keep what came out."""

    def seed(self, *, decisions: int, alerts: int, seed: int, tell: Callable[[str, int, int], None]) -> Any:  # noqa: ANN401 - counts of what was stored
        """Fill an empty installation with a simulated past."""

    def weekly_report(self, week: str | None, lang: str, out: Path, *, pdf: bool) -> Mapping[str, Any]:
        """Write the report of a week to a folder; return its name and the files."""

    def up(
        self, announce: Callable[[Mapping[str, object]], None], *, rate_per_second: float, seed: int
    ) -> None:
        """Run everything with a simulated stream until told to stop."""

    def policy(self, name: str | None = None) -> Policy:
        """Load a bundled policy by name or a file by path; without either, the policy of the settings."""

    def rates(self) -> RateTable | None:
        """Load the exchange rates of the settings."""

    def card_tokens(self) -> CardTokens:
        """Return the installation's card keys, or new ones where there is no installation."""

    def windows_options(self) -> dict[str, int]:
        """Return the bounds of the windows: memory and lateness."""

    def models(self, name: str | None = None) -> Callable[[ModelRef], Iterable[bytes]]:
        """Return what gives the contents of files that may be a model of a policy."""

    def cases_of(self, name: str | None) -> Path:
        """Return the file of cases that belongs to a policy."""

    def inspection(self, storage: Any) -> Inspection:  # noqa: ANN401 - the storage that was opened
        """Return what deciding again needs besides the log."""

    def restore(self, backup: Path, progress: Callable[[str, int, int], None]) -> Manifest:
        """Make an installation of a backup where the settings say."""

    def retention(self, body_days: int | None, decision_days: int | None) -> Retention:
        """Return how long things are kept: the settings, or what is said here."""

    def storage(self, *, write: bool = True) -> AbstractContextManager[Any]:
        """Open what is kept in the data folder."""

    def desk(self, storage: Any, *, write: bool = True) -> AbstractContextManager[Any]:  # noqa: ANN401
        """Open the desk database that belongs to an open storage."""


class WiringFactory(Protocol):
    """Makes the collaborators from a settings file and what the command line overrides."""

    def __call__(self, config: Path | None, options: Mapping[str, object], /) -> Wiring:
        """Return the collaborators of one command."""
