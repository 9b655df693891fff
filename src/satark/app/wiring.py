"""How the parts come together: the only place that knows storage, engine, HTTP and pages at once."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satark.app.compiled import place_compiled_code
from satark.app.logs import configure_logs
from satark.app.settings import as_environment
from satark.core.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from satark.app.seeding import Seeded
    from satark.app.settings import Settings
    from satark.cli.ports import Inspection
    from satark.core.rates import RateTable
    from satark.events import CardTokens
    from satark.policies import Policy
    from satark.policies.model_rules import ModelRef
    from satark.storage import Manifest, Retention, Storage
    from satark.storage.desk import Desk

PAGES_NICENESS, WORKER_NICENESS = 10, 15
"""On a machine that they share, a payment's answer comes before a page, and a page before an alert's entry."""
ENTRIES_PER_MEGABYTE = 8_192
"""An entry takes some 50 to 120 bytes, so the bound on bytes is met before the ones on entries and keys."""


class AppWiring:
    """The collaborators of one command, each made when it is asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._policies: dict[str, Policy] = {}

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.settings.home.absolute()

    def policy(self, name: str | None = None) -> Policy:
        """Load a bundled policy by name or a file by path; without either, the policy of the settings.

        Raises
        ------
        InputInvalid
            There is neither such a file nor such a bundled policy.
        PolicyInvalid
            It has mistakes; all of them are told.
        """
        from satark.policies import load_bundled, load_policy
        from satark.policies.loader import BUNDLED

        name = name or self.settings.policy
        if name in self._policies:
            return self._policies[name]
        path = Path(name)
        if not self._is_bundled(name) and not path.is_file():
            message = f"there is no policy file {name}, and the bundled policies are {', '.join(BUNDLED)}"
            raise InputInvalid(message, path=name)
        loaded = load_bundled(name) if self._is_bundled(name) else load_policy(path)
        self._policies[name] = loaded
        return loaded

    def rates(self) -> RateTable | None:
        """Load the table of exchange rates that the settings name.

        Raises
        ------
        InputInvalid
            The file cannot be read or has mistakes.
        """
        from satark.core.rates import RateTable

        if not self.settings.rates:
            return None
        return RateTable.from_csv(self.policy().base_currency, self._text(self.settings.rates))

    def inputs(self) -> list[tuple[str, str, bytes]]:
        """Return what else decides, as (kind, reference, content) for the log: the policy and the rates."""
        from satark.decisions.again import policy_input, policy_ref
        from satark.policies import bundled_path

        policy = self.policy()
        path = bundled_path(policy.name) if self._is_bundled(self.settings.policy) else self.settings.policy
        found = [("policy", policy_ref(policy.content_hash), policy_input(policy, self._text(path)))]
        if self.settings.rates:
            found.append(("rates", policy.base_currency, self._text(self.settings.rates).encode()))
        return found

    def policy_folder(self, name: str | None = None) -> Path:
        """Return the folder of a policy file: where its lists and models lie."""
        from satark.policies import bundled_path

        name = name or self.settings.policy
        return (bundled_path(name) if self._is_bundled(name) else Path(name)).absolute().parent

    def policy_mark(self) -> str | None:
        """Return by what rosters remember the policy of the settings; None for its content (see `Casting`)."""
        name = self.settings.policy
        return f"bundled:{name}" if self._is_bundled(name) else None

    def models(self, name: str | None = None) -> Callable[[ModelRef], Iterator[bytes]]:
        """Return what gives the contents of files that may be a model of a policy: beside it, and in the store."""
        from satark.app.model_files import candidates

        folder = self.policy_folder(name)
        return lambda ref: candidates(ref, folder, self.data)

    def cases_of(self, name: str | None) -> Path:
        """Return the file of cases that belongs to a policy."""
        from satark.policies import bundled_path

        name = name or self.settings.policy
        policy = bundled_path(name) if self._is_bundled(name) else Path(name)
        return policy.with_suffix(".cases.yaml")

    def inspection(self, storage: Storage) -> Inspection:
        """Return what deciding again needs besides the log."""
        from satark.cli.ports import Inspection
        from satark.events import CardTokens

        tokens = CardTokens.parse(storage.secrets.card_keys)
        return Inspection(tokens, self.rates(), self.windows_options()["lateness_us"])

    def card_tokens(self) -> CardTokens:
        """Return the installation's card keys, or new ones where there is no installation."""
        from satark.events import CardTokens
        from satark.storage import Secrets
        from satark.storage.installation import load_secrets

        if self.settings.secrets:
            secrets = Secrets.parse(self.settings.secrets)
        else:
            secrets = load_secrets(self.data) or Secrets.generate()
        return CardTokens.parse(secrets.card_keys)

    def windows_options(self) -> dict[str, int]:
        """Return the bounds of the windows: memory and lateness."""
        from satark.core.clock import MICROS_PER_SECOND

        return {
            "lateness_us": self.settings.late_seconds * MICROS_PER_SECOND,
            "memory_bytes": self.settings.windows_mb << 20,
            "max_entries": self.settings.windows_mb * ENTRIES_PER_MEGABYTE,
            "max_keys": self.settings.windows_mb * ENTRIES_PER_MEGABYTE,
        }

    def serve(self, announce: Callable[[Mapping[str, object]], None]) -> None:
        """Run the engine until it is told to stop."""
        self._be_a_server()
        from satark.app.engine import serve

        serve(self, announce)

    def work(self, announce: Callable[[Mapping[str, object]], None]) -> None:
        """Run the worker until told to stop."""
        self._be_a_server()
        _give_way(WORKER_NICENESS)
        from satark.app.worker import work

        work(self, announce)

    def run_job(self, number: int, tries: int) -> None:
        """Do a piece of work that a page asked for."""
        self._be_a_server()
        _give_way(WORKER_NICENESS)
        from satark.app.jobs import run_job

        run_job(self, number, tries)

    def seed(
        self, *, decisions: int, alerts: int, seed: int, tell: Callable[[str, int, int], None]
    ) -> Seeded:
        """Fill an empty installation with a simulated past."""
        self._be_a_server()
        from satark.app.seeding import seed_store

        return seed_store(self, decisions=decisions, alerts=alerts, seed=seed, tell=tell)

    def weekly_report(self, week: str | None, lang: str, out: Path, *, pdf: bool) -> dict[str, Any]:
        """Write the report of a week to a folder; return its name and the files."""
        configure_logs(self.settings)
        from satark.app.report.writing import write_week

        return write_week(self, week, lang, out, pdf=pdf)

    def _be_a_server(self) -> None:
        """Prepare this process to run for long: the data folder, compiled code in it, the log."""
        from satark.storage.lock import make_folder

        configure_logs(self.settings)
        make_folder(self.data)
        place_compiled_code(self.data)

    def web(self, announce: Callable[[Mapping[str, object]], None]) -> None:
        """Run the pages until told to stop."""
        self._be_a_server()
        _give_way(PAGES_NICENESS)
        from satark.app.pages import serve_pages

        serve_pages(self, announce)

    def up(
        self, announce: Callable[[Mapping[str, object]], None], *, rate_per_second: float, seed: int
    ) -> None:
        """Run engine, pages and a simulated stream until told to stop."""
        self._be_a_server()
        from satark.app.supervisor import Supervisor

        Supervisor(self, announce).run(rate_per_second=rate_per_second, seed=seed)

    def environment(self) -> dict[str, str]:
        """Return what gives a child process of this program the same settings."""
        return {**as_environment(self.settings), "SATARK_HOME": str(self.data)}

    def restore(self, backup: Path, progress: Callable[[str, int, int], None]) -> Manifest:
        """Make an installation of a backup where the settings say."""
        from satark.storage import restore

        return restore(backup, self.settings.database or self.data, folder=self.data, progress=progress)

    def retention(self, body_days: int | None, decision_days: int | None) -> Retention:
        """Return how long things are kept: the settings, or what is said here."""
        from satark.storage import Retention

        settings = self.settings
        return Retention(
            body_days=settings.keep_bodies_days if body_days is None else body_days,
            decision_days=settings.keep_decisions_days if decision_days is None else decision_days,
        )

    def storage(self, *, write: bool = True) -> AbstractContextManager[Storage]:
        """Open what is kept in the data folder, or in the database of the settings."""
        from satark.storage import Secrets, open_storage

        return open_storage(
            self.settings.database or self.data,
            folder=self.data,
            read_only=not write,
            secrets=Secrets.parse(self.settings.secrets) if self.settings.secrets else None,
        )

    def desk(self, storage: Storage, *, write: bool = True) -> AbstractContextManager[Desk]:
        """Open the desk database that belongs to an open storage."""
        from satark.core.clock import SystemClock
        from satark.storage.desk import open_desk

        return open_desk(
            self.settings.database or self.data,
            clock=SystemClock(),
            audit_key=storage.secrets.audit_key,
            read_only=not write,
        )

    @staticmethod
    def _is_bundled(name: str) -> bool:
        from satark.policies.loader import BUNDLED

        return name in BUNDLED

    @staticmethod
    def _text(path: Path | str) -> str:
        try:
            return Path(path).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            message = f"{path} cannot be read: {reason}"
            raise InputInvalid(message, path=str(path)) from error


def _give_way(niceness: int) -> None:
    """Let the engine have the processor first; a system that does not know this is none the worse."""
    with suppress(OSError, AttributeError):
        os.nice(niceness)
