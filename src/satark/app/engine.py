"""Build the engine of one data folder and look after it while it runs.

Here meet the settings, the storage, the policy and the decision service. The keeper is the engine's one background
thread: about once a second it moves pages of the database, now and then it takes a snapshot of the windows.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import structlog

from satark import __version__
from satark.core.clock import SystemClock
from satark.core.errors import SatarkError, SettingInvalid
from satark.core.rates import RateTable
from satark.decisions.decide import Decider
from satark.decisions.service import DecisionService
from satark.events import CardTokens
from satark.features.signals import signals_version, warm_up
from satark.policies import ListBook, bundled_path
from satark.storage.window_rows import WindowRows

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.app.settings import Settings
    from satark.policies import Policy
    from satark.storage import Storage

KEEP_EVERY_SECONDS = 1.0
ENTRIES_PER_MEGABYTE = (
    8_192  # An entry takes some 50 to 120 bytes; the bound on bytes is the one that matters.
)
_LOG = structlog.get_logger(__name__)


@dataclass(slots=True)
class Engine:
    """A decision service with what it stands on.

    Attributes
    ----------
    service
        What the edges call.
    storage
        What it writes to; closed by `stop`.
    """

    service: DecisionService
    storage: Storage
    snapshot_seconds: int
    stop_seconds: int
    _stop: threading.Event
    _threads: list[threading.Thread]

    def start(self, failed: Callable[[BaseException], None] | None = None) -> None:
        """Start in the background: compile, recover, then keep; `service.ready()` tells when it decides.

        Parameters
        ----------
        failed
            Called when the engine cannot start.
        """
        thread = threading.Thread(target=self._run, args=(failed,), name="satark-keeper", daemon=True)
        self._threads.append(thread)
        thread.start()

    def wait_ready(self, timeout: float) -> bool:
        """Wait until the engine decides; False when it does not within `timeout` seconds."""
        waited = 0.0
        while not self.service.ready().ready and waited < timeout and not self._stop.is_set():
            self._stop.wait(0.02)
            waited += 0.02
        return self.service.ready().ready

    def stop(self) -> bool:
        """Finish what was accepted, take a last snapshot and close; False when time ran out."""
        self._stop.set()
        for thread in self._threads:
            thread.join(self.stop_seconds)
        finished = self.service.stop(self.stop_seconds)
        self.storage.close()
        return finished

    def _run(self, failed: Callable[[BaseException], None] | None) -> None:
        try:
            self.service.start()
        except BaseException as error:  # noqa: BLE001 - told to the one who can end the process
            _LOG.exception("engine_start_failed", code=getattr(error, "code", "error"))
            if failed is not None:
                failed(error)
            return
        _LOG.info("engine_ready", seq=self.service.committed_seq)
        since_snapshot = 0.0
        while not self._stop.wait(KEEP_EVERY_SECONDS):
            since_snapshot += KEEP_EVERY_SECONDS
            try:
                self.storage.checkpoint()
            except SatarkError as error:
                _LOG.warning("checkpoint_failed", code=error.code)
            if since_snapshot >= self.snapshot_seconds:
                since_snapshot = 0.0
                self.service.snapshot()


def build_engine(
    settings: Settings,
    storage: Storage,
    policy: Policy,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Engine:
    """Put the engine of a data folder together; nothing runs yet.

    Parameters
    ----------
    settings
        Of the installation.
    storage
        Open for writing; the caller holds the folder's lock.
    policy
        The policy in force.
    progress
        Called with (done, total) while windows are rebuilt.

    Raises
    ------
    SettingInvalid
        Card keys or rates cannot be used.
    """
    tokens = CardTokens.parse(settings.card_keys or storage.secrets.card_keys)
    rates, rates_body = _rates(settings, policy)
    folder = settings.data.absolute() / "windows"
    windows_options = {
        "lateness_us": settings.late_seconds * 1_000_000,
        "memory_bytes": settings.windows_mb << 20,
        "max_entries": settings.windows_mb * ENTRIES_PER_MEGABYTE,
        "max_keys": settings.windows_mb * ENTRIES_PER_MEGABYTE,
    }

    # Rows under another card key, hash seed or version of the signals hold other words for the same event.
    mark = f"{tokens.kid}:{storage.secrets.installation}:{signals_version()}"
    rows = WindowRows(folder, mark=mark)

    def make_decider() -> Decider:
        return Decider(
            policy,
            rates=rates,
            engine=__version__,
            windows_options=windows_options,
            rows=rows,
            seed=storage.secrets.window_seed,
        )

    warm_up()
    service = DecisionService(
        make_decider,
        storage.events,
        tokens=tokens,
        clock=SystemClock(),
        future_us=settings.future_seconds * 1_000_000,
        batch_wait_us=settings.batch_wait_us,
        inputs=[("policy", policy.name, _policy_body(policy)), *rates_body],
        progress=progress,
    )
    return Engine(service, storage, settings.snapshot_seconds, settings.stop_seconds, threading.Event(), [])


def _rates(settings: Settings, policy: Policy) -> tuple[RateTable | None, list[tuple[str, str, bytes]]]:
    if not settings.rates:
        return None, []
    path = Path(settings.rates)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"the rate table {path} cannot be read"
        raise SettingInvalid(message, setting="rates") from error
    table = RateTable.from_csv(policy.base_currency, text)
    body = msgspec.json.encode({"base_currency": policy.base_currency, "csv": text})
    return table, [("rates", policy.base_currency, body)]


def _policy_body(policy: Policy) -> bytes:
    """Return what the log keeps of a policy: enough to decide an old event again as it was decided."""
    book = ListBook.of(policy)
    path = Path(policy.file)
    if not path.is_file():
        path = bundled_path(path.stem)
    text = path.read_text(encoding="utf-8")
    lists = {
        name: None if (values := book.expiries(name)) is None else sorted(values.items(), key=str)
        for name in policy.lists
    }
    return msgspec.json.encode(
        {
            "name": policy.name,
            "version": policy.version,
            "hash": policy.content_hash,
            "text": text,
            "lists": lists,
        }
    )
