"""`satark work`: the process beside engine and pages that turns decisions into alerts, notices and webhooks.

It reads the log and writes the desk's database, never the log, so that neither a slow mail server nor a page can reach
the engine. Each part has a thread of its own: the follower (alerts, links, messages), the explanations of scores, the
counts for the dashboard, and the sender. A part that fails says so, waits and tries again; what it had not committed it
does anew.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

import structlog

from satark.app.explaining import PAUSE_SECONDS, Explaining
from satark.app.follower import BATCH, Follower
from satark.app.jobs import JobRunner, child_of
from satark.app.sender import Sender, SenderOptions, carriers_of
from satark.app.watching import IDLE_SECONDS as WATCH_SECONDS
from satark.app.watching import Watching
from satark.cases.notices import NoticePlan, NoticePlanner
from satark.cases.notices.reach import check_address
from satark.cases.outbox import Topic
from satark.core.clock import MICROS_PER_DAY, SystemClock
from satark.core.errors import SatarkError, SettingInvalid
from satark.core.stopping import StopOrder
from satark.decisions.logged_roster import logged_model
from satark.events import CardTokens
from satark.storage import FolderLock
from satark.storage.desk.outbox_sending import OutboxSending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import sqlalchemy as sa

    from satark.app.settings import Settings
    from satark.app.wiring import AppWiring
    from satark.cases.outbox import Posted
    from satark.storage import Storage
    from satark.storage.desk import Desk
    from satark.storage.desk.outbox_sending import Listener

    Announce = Callable[[Mapping[str, object]], None]

LOCK_NAME = "worker.lock"
"""One worker per data folder; on PostgreSQL several machines may each have one, and they share the work."""
POLL_SECONDS = 0.2
GATHER_SECONDS = 0.1
"""What comes in so short a time shares a transaction; an alert or a notice comes that much later at most."""
DEADLINE_SECONDS = 10.0
"""How often the clock of the cases is looked at."""
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
FORGET_SECONDS = 3_600.0
JOB_SECONDS = 1.0
WANTED_SECONDS = 2.0
"""How long it is believed whether any webhook wants notices."""
HEARD = frozenset({Topic.NOTICE_REQUESTED.value})
"""What `delivery_noted` writes into timelines."""
NOTICES_KEPT_US = 365 * MICROS_PER_DAY
"""Longer than any link holds or any complaint takes; what the case says of a notice stays."""

_log = structlog.get_logger("satark.worker")


class Part(Protocol):
    """Something that the worker runs beside the others."""

    def start(self) -> None:
        """Begin."""

    def stop(self, seconds: float) -> None:
        """Finish what is under way, within so many seconds."""


class Loop:
    """Does a little work again and again in a thread of its own.

    Parameters
    ----------
    name
        In logs.
    step
        Does the next piece and returns how much it was; 0 when there was nothing.
    idle_seconds
        How long to wait after nothing.
    few
        After a piece smaller than this it waits `GATHER_SECONDS`, so that what comes meanwhile shares one transaction.
    """

    def __init__(
        self, name: str, step: Callable[[], int], *, idle_seconds: float = POLL_SECONDS, few: int = 0
    ) -> None:
        self._name = name
        self._step = step
        self._idle_seconds = idle_seconds
        self._few = few
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"satark-{name}", daemon=True)
        self.failures = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Let the piece under way end, within so many seconds."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            try:
                done = self._step()
                pause = 0.0 if done >= max(self._few, 1) else GATHER_SECONDS if done else self._idle_seconds
                self.failures = 0
            except SatarkError as error:
                pause = self._failed()
                _log.warning("part_failed", part=self._name, error=error.code, pause_seconds=pause)
            except Exception:  # noqa: BLE001 - a part goes on; what it had not committed it does anew
                pause = self._failed()
                _log.exception("part_failed", part=self._name, pause_seconds=pause)

    def _failed(self) -> float:
        self.failures += 1
        return min(FIRST_PAUSE_SECONDS * 2.0 ** (self.failures - 1), LONGEST_PAUSE_SECONDS)


class JobsPart:
    """Runs what pages asked for; stopping lets go of the job under way, which is then taken up again."""

    def __init__(self, runner: JobRunner) -> None:
        self._runner = runner
        self._loop = Loop("jobs", runner.step, idle_seconds=JOB_SECONDS)

    def start(self) -> None:
        """Begin."""
        self._loop.start()

    def stop(self, seconds: float) -> None:
        """Let go of the job under way."""
        self._runner.halt()
        self._loop.stop(seconds)


def work(wiring: AppWiring, announce: Announce) -> None:
    """Run the worker until SIGTERM or SIGINT.

    Raises
    ------
    FolderLocked
        Another worker runs on this data folder.
    SatarkError
        The policy has mistakes, the data folder or the database cannot be used.
    """
    with (
        StopOrder() as order,
        FolderLock(wiring.data, name=LOCK_NAME),
        wiring.storage() as storage,
        wiring.desk(storage) as desk,
    ):
        follower = make_follower(wiring, storage, desk)
        follower.adopt()
        off = notices_off(wiring.settings) if wiring.policy().notices.kinds else None
        if off is not None:
            _log.error("notices_off", setting=off["setting"], channels=off["channels"])
            announce(off)
        parts = parts_of(wiring, storage, desk, follower)
        for part in parts:
            part.start()
        announce({"step": "working", "seq": follower.place.seq, "log": storage.events.last_seq()})
        _log.info("worker_ready", seq=follower.place.seq)
        order.wait()
        announce({"step": "stopping"})
        for part in parts:
            part.stop(float(wiring.settings.stop_seconds))
        announce({"step": "stopped", "seq": follower.place.seq})


def make_follower(wiring: AppWiring, storage: Storage, desk: Desk) -> Follower:
    """Put the follower together over open storages."""
    return Follower(
        storage.events,
        desk,
        wiring.policy(),
        tokens=CardTokens.parse(storage.secrets.card_keys),
        rates=wiring.rates(),
        planner=make_planner(wiring, desk),
    )


def parts_of(wiring: AppWiring, storage: Storage, desk: Desk, follower: Follower) -> list[Part]:
    """Return what runs beside each other."""
    clock = SystemClock()
    return [
        Loop("follower", lambda: follower.step(BATCH), few=BATCH // 2),
        Loop("explanations", make_explaining(storage, desk).step, idle_seconds=PAUSE_SECONDS),
        Loop("counts", lambda: desk.rollups.catch_up(storage.events), few=BATCH),
        Loop("deadlines", desk.cases.remind, idle_seconds=DEADLINE_SECONDS),
        Loop(
            "watch", Watching(storage.events, desk, wiring.policy(), clock).step, idle_seconds=WATCH_SECONDS
        ),
        Loop(
            "forgetting",
            lambda: forget(desk, clock.now_us(), keep_days=wiring.settings.keep_bodies_days),
            idle_seconds=FORGET_SECONDS,
        ),
        JobsPart(JobRunner(desk.jobs, child_of(wiring))),
        make_sender(wiring, desk),
    ]


def make_explaining(storage: Storage, desk: Desk) -> Explaining:
    """Put together what explains the scores of models."""
    return Explaining(storage.events, desk, lambda model_hash: logged_model(storage.events, model_hash))


def make_planner(wiring: AppWiring, desk: Desk) -> NoticePlanner:
    """Put together what says which customers to tell.

    Without a usable address under which customers reach the pages nobody is told: see `notices_off`.
    """
    settings = wiring.settings
    is_off = address_flaw(settings) is not None
    set_up = frozenset[str]() if is_off else channels_of(settings)
    asked_at, wanted = -WANTED_SECONDS, False

    def channels() -> frozenset[str]:
        nonlocal asked_at, wanted
        if not is_off and time.monotonic() - asked_at >= WANTED_SECONDS:
            asked_at, wanted = time.monotonic(), desk.outbox.wants(Topic.NOTICE_REQUESTED)
        return set_up | {"webhook"} if wanted else set_up

    return NoticePlanner(
        NoticePlan.of(wiring.policy()),
        book=desk.notices,
        cases=desk.cases,
        channels=channels,
        address=settings.public_address,
        clock=SystemClock(),
    )


def channels_of(settings: Settings) -> frozenset[str]:
    """Return the ways to customers that the settings set up, beside the webhook."""
    ready = {
        "email": settings.smtp_host,
        "sms": settings.sms_gateway,
        "whatsapp": settings.whatsapp_gateway,
        "push": settings.push_gateway,
    }
    return frozenset(name for name, address in ready.items() if address)


def address_flaw(settings: Settings) -> SettingInvalid | None:
    """Return why no link can be written for a customer, None when one can."""
    try:
        check_address(settings.public_address.rstrip("/"))
    except SettingInvalid as error:
        return error
    return None


def notices_off(settings: Settings) -> dict[str, object] | None:
    """Return what to tell an operator who has set a channel up that cannot be used, None when all is well.

    Only the notices stay off. Alerts, cases and webhooks must not wait for a customer's link.
    """
    flaw, set_up = address_flaw(settings), sorted(channels_of(settings))
    if flaw is None or not set_up:
        return None
    return {
        "step": "notices_off",
        "setting": "public_address",
        "channels": set_up,
        "message": f"customers are told nothing by {', '.join(set_up)}: {flaw.message}",
    }


def make_sender(wiring: AppWiring, desk: Desk) -> Sender:
    """Put together what delivers messages, with what is set up."""
    clock = SystemClock()
    sending = OutboxSending(desk.outbox, desk.engines, clock, listeners=(delivery_noted(desk),), heard=HEARD)
    # On PostgreSQL another machine may send beside this one, and what it is sending is none of ours.
    options = SenderOptions(alone=not wiring.settings.database)
    return Sender(desk.outbox, sending, carriers_of(wiring.settings, desk, clock), clock, options)


def delivery_noted(desk: Desk) -> Listener:
    """Return what writes the end of a customer's message into the case's timeline."""

    def note(connection: sa.Connection, posted: Posted) -> None:
        if posted.case_id is None or posted.topic != Topic.NOTICE_REQUESTED:
            return
        detail = {
            "message": posted.id,
            "channel": posted.channel,
            "state": posted.state.value,
            "attempts": posted.attempts,
            "reason": posted.reason,
        }
        desk.cases.record(connection, posted.case_id, "system", "notice", detail)

    return note


def forget(desk: Desk, now_us: int, *, keep_days: int) -> int:
    """Remove what is old: counts of single hours, notices, links of events whose bodies are not kept any more."""
    from satark.cases.rollups import hour_of
    from satark.storage.desk.rollups import KEPT_HOURS

    gone = desk.rollups.forget(hour_of(now_us) - KEPT_HOURS)
    if gone:
        _log.info("hours_forgotten", rows=gone)
    told = 0
    while removed := desk.notices.forget(now_us - NOTICES_KEPT_US):
        told += removed
    if told:
        _log.info("notices_forgotten", rows=told)
    explained = desk.explanations.forget(now_us - keep_days * MICROS_PER_DAY)
    if explained:
        _log.info("explanations_forgotten", explanations=explained)
    desk.jobs.forget()
    things = desk.entities.forget(now_us - keep_days * MICROS_PER_DAY)
    if things:
        _log.info("entities_forgotten", things=things)
    return 0
