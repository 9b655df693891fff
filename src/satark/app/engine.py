"""`satark serve`: the one process that owns the windows, takes events over HTTP and writes the log.

It listens before it is ready, so that `/health/ready` can say what is going on while the kernel compiles and
the windows are rebuilt. It stops in the reverse order: no new requests, what was accepted is finished and
answered, a last snapshot, the storage closes, the lock is released.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING

import structlog

import satark
from satark.api import ApiOptions, ServerOptions, create_app, run_server
from satark.app.inbox import Inbox
from satark.app.large_pages import gather
from satark.core.clock import MICROS_PER_SECOND, SystemClock
from satark.core.errors import SatarkError, SettingInvalid
from satark.decisions.casting import Casting
from satark.decisions.decide import Decider
from satark.decisions.service import DecisionService
from satark.events import CardTokens
from satark.features.signals import signals_version, warm_up
from satark.storage import FolderLock
from satark.storage.window_folders import WindowFolders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satark.app.wiring import AppWiring
    from satark.decisions.views import Lineup
    from satark.storage import ApiKey, ApiKeys, Storage

    Announce = Callable[[Mapping[str, object]], None]

CHECKPOINT_SECONDS = 1.0
CHECKPOINT_LOOK_SECONDS = 0.15
CHECKPOINT_EVENTS = 200
"""So many new events are checkpointed at once without waiting for the second to end, so that a commit never waits for
a disk that has many megabytes to take."""
LARGE_PAGES_SECONDS = 5.0
HEADS_SECONDS = 3_600.0
HEADS_NAME = "heads.jsonl"
"""The heads of both hash chains, a line an hour; to be copied to another machine."""
BACKLOG = 2_048
BATCH_BODIES = 16
"""The body of a batch may be so many times as large as that of one event."""

_log = structlog.get_logger("satark.engine")


def serve(wiring: AppWiring, announce: Announce) -> None:
    """Run the engine until SIGTERM or SIGINT.

    Raises
    ------
    FolderLocked
        Another engine owns the data folder.
    SettingInvalid
        The address cannot be listened on.
    SatarkError
        The policy has mistakes, the folder or the database cannot be used, the start failed.
    """
    settings = wiring.settings
    policy = wiring.policy()  # Before anything is locked or made: a wrong policy changes nothing.
    with (
        FolderLock(wiring.data),
        wiring.storage() as storage,
        listening(settings.host, settings.port) as sock,
    ):
        service = build_service(wiring, storage)
        keys = KeysWithDefaults(storage.keys, float(settings.rate_per_second))
        api_options = ApiOptions(
            body_limit_bytes=settings.max_body_kb * 1024,
            batch_limit_bytes=settings.max_body_kb * 1024 * BATCH_BODIES,
            deadline_ms=settings.deadline_ms,
        )
        app = create_app(service, keys, api_options, version=satark.__version__)
        server_options = ServerOptions(
            host=settings.host, port=settings.port, backlog=BACKLOG, stop_seconds=settings.stop_seconds
        )
        start = _Start(service, announce)
        upkeep = _Upkeep(service, storage, snapshot_seconds=settings.snapshot_seconds)
        inbox = Inbox(service, lambda: wiring.desk(storage), storage.lists)

        def on_listening(host: str, port: int) -> None:
            announce({"step": "listening", "address": web_address(host, port), "policy": policy.name})
            start.begin()
            inbox.start()

        run_server(app, server_options, sockets=[sock], on_listening=on_listening)
        announce({"step": "stopping"})
        inbox.stop()
        upkeep.stop()
        start.finish(settings.stop_seconds)
        # Before it has read the log, the service has nothing to finish and must write no snapshot.
        finished = not start.succeeded or service.stop(float(settings.stop_seconds))
        counts = {name: service.counts[name] for name in ("accepted", "decided", "refused")}
        announce({"step": "stopped", "finished": finished, **counts})
        start.raise_failure()


def build_service(wiring: AppWiring, storage: Storage) -> DecisionService:
    """Put the engine together over an open storage; it is not started yet."""
    settings = wiring.settings
    policy, rates = wiring.policy(), wiring.rates()
    tokens = CardTokens.parse(storage.secrets.card_keys)
    # Rows under another card key, hash seed or version of the signals hold other words for the same event.
    mark = f"{storage.secrets.installation}:{tokens.kid}:{signals_version()}"
    folders = WindowFolders(wiring.data / "windows", mark=mark)
    casting = Casting(
        storage.events,
        policy,
        models=wiring.models(),
        folder=wiring.policy_folder(),
        mark=wiring.policy_mark(),
        failed=lambda what, error: _log.warning(
            "left_out", what=what, error=error.code, reason=error.message
        ),
    )

    # Data files are read now, so that the first event does not wait for them.
    warm_up()

    def make_decider(lineup: Lineup | None = None) -> Decider:
        return Decider(
            casting.in_force() if lineup is None else lineup,
            rates=rates,
            engine=satark.__version__,
            windows_options=wiring.windows_options(),
            rows=folders.of,
            seed=storage.secrets.window_seed,
        )

    return DecisionService(
        make_decider,
        storage.events,
        tokens=tokens,
        clock=SystemClock(),
        future_us=settings.future_seconds * MICROS_PER_SECOND,
        batch_wait_us=settings.batch_wait_us,
        inputs=wiring.inputs(),
        progress=_Progress().tell,
        casting=casting,
    )


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to the address, or say clearly why it cannot be.

    Raises
    ------
    SettingInvalid
        The address is taken or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        message = f"cannot listen on {host}, port {port}: {error.strerror or error}"
        raise SettingInvalid(message, host=host, port=port) from error
    return sock


def web_address(host: str, port: int) -> str:
    """Return the address for a browser or a client on this machine.

    Examples
    --------
    >>> web_address("0.0.0.0", 8080), web_address("::1", 80)
    ('http://127.0.0.1:8080', 'http://[::1]:80')
    """
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


class KeysWithDefaults:
    """The key store, with the installation's rate limit for keys that have none of their own."""

    def __init__(self, keys: ApiKeys, rate_per_s: float) -> None:
        self._keys = keys
        self._rate_per_s = rate_per_s

    def verify(self, secret: str) -> ApiKey | None:
        """Return the key of a secret, or None."""
        key = self._keys.verify(secret)
        if key is None:
            return None
        rate = key.rate_per_s or self._rate_per_s
        return dataclasses.replace(key, rate_per_s=rate, burst=key.burst or max(1, int(rate)))


class _Start:
    """Starts the service beside the listening server; when that fails, the server is told to stop."""

    def __init__(self, service: DecisionService, announce: Announce) -> None:
        self._service = service
        self._announce = announce
        self._failure: BaseException | None = None
        self.succeeded = False
        self._thread = threading.Thread(target=self._run, name="satark-start", daemon=True)

    def begin(self) -> None:
        """Start the service."""
        self._thread.start()

    def finish(self, seconds: float) -> None:
        """Wait for a start under way; when it takes too long, leave at once: nothing was accepted yet."""
        if self._thread.ident is None:
            return
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._announce({"step": "stopped", "finished": True, "accepted": 0})
            os._exit(0)

    def raise_failure(self) -> None:
        """Raise what the start failed with, if it did."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            self._service.start()
        except Exception as error:  # noqa: BLE001 - raised again in the main thread
            self._failure = error
            _log.error("start_failed", error=getattr(error, "code", type(error).__name__))
            os.kill(os.getpid(), signal.SIGTERM)
            return
        self.succeeded = True
        decider = self._service.decider
        live, views = decider.policy, decider.lineup.views
        _log.info(
            "engine_ready",
            seq=self._service.committed_seq,
            policy=f"{live.name} {live.version} ({live.content_hash[:12]})",
            views=len(views),
        )
        self._announce({"step": "ready", "seq": self._service.committed_seq})


class _Upkeep:
    """Checkpoints, snapshots and what else must be done now and then, each in a thread of its own beside the engine."""

    def __init__(self, service: DecisionService, storage: Storage, *, snapshot_seconds: float) -> None:
        self._service = service
        self._storage = storage
        self._stop = threading.Event()
        self._checkpointed_seq = 0
        self._checkpointed_at = time.monotonic()
        self._threads = [
            threading.Thread(
                target=self._every, args=(seconds, work, name), name=f"satark-{name}", daemon=True
            )
            for name, seconds, work in (
                ("checkpoint", CHECKPOINT_LOOK_SECONDS, self._checkpoint),
                ("snapshot", snapshot_seconds, self._snapshot),
                ("large-pages", LARGE_PAGES_SECONDS, self._gather),
                ("heads", HEADS_SECONDS, self._export_head),
            )
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let work under way end, and do no more."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _every(self, seconds: float, work: Callable[[], None], name: str) -> None:
        while not self._stop.wait(seconds):
            try:
                work()
            except SatarkError as error:
                _log.warning("upkeep_failed", work=name, error=error.code)
            except Exception:  # noqa: BLE001 - upkeep goes on; the engine does not depend on this round
                _log.exception("upkeep_failed", work=name)

    def _checkpoint(self) -> None:
        if not self._service.ready().ready:
            return
        seq, now = self._service.committed_seq, time.monotonic()
        few = seq - self._checkpointed_seq < CHECKPOINT_EVENTS
        if few and now - self._checkpointed_at < CHECKPOINT_SECONDS:
            return
        self._checkpointed_seq, self._checkpointed_at = seq, now
        self._storage.checkpoint()

    def _gather(self) -> None:
        # While the windows are rebuilt most of what is in memory is passing.
        if self._service.ready().ready:
            gather(self._stop.is_set)

    def _export_head(self) -> None:
        if self._storage.folder is not None:
            try:
                # First the desk's, so that the exported head of the trail holds on to it too.
                self._storage.seal_desk()
            except SatarkError as error:
                _log.warning("upkeep_failed", work="desk_seal", error=error.code)
            self._storage.audit.export_head(self._storage.folder / HEADS_NAME)

    def _snapshot(self) -> None:
        if self._service.ready().ready:
            self._service.snapshot()


class _Progress:
    """Logs how far a rebuild is, each tenth once."""

    def __init__(self) -> None:
        self._tenth = -1

    def tell(self, done: int, total: int) -> None:
        """Take note of the progress."""
        tenth = 10 * done // max(1, total)
        if tenth != self._tenth:
            self._tenth = tenth
            _log.info("windows_rebuilding", done=done, total=total)
