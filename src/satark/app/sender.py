"""The sender: takes what is due from the outbox and delivers it, in threads of the worker's process.

One thread claims and writes results down, several deliver. A slow receiver has at most a few deliveries under way, so
it never holds up the others. When it is told to stop it claims nothing more, lets what is under way come to its end,
and gives back what was claimed and not begun.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from satark.cases.outbox import Channel, Outcome, Verdict
from satark.connectors import (
    AddressGuard,
    AppriseCarrier,
    SmtpCarrier,
    SmtpOptions,
    WebhookCarrier,
    WebhookOptions,
    parse_networks,
)
from satark.core.clock import MICROS_PER_DAY, MICROS_PER_SECOND, SystemClock
from satark.core.errors import SettingInvalid, StorageUnavailable
from satark.storage.desk.outbox_lanes import lane_of
from satark.storage.desk.outbox_sending import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from satark.app.settings import Settings
    from satark.cases.outbox import Carrier, Parcel
    from satark.core.clock import Clock
    from satark.storage.desk import Desk
    from satark.storage.desk.outbox import SqlOutbox
    from satark.storage.desk.outbox_sending import OutboxSending

_log = structlog.get_logger("satark.sender")

LEASE_SECONDS = 180
"""Longer than any delivery can take: looking a name up, connecting and waiting for an answer, each bounded."""
SWEEP_SECONDS = 60
FORGET_SECONDS = 3_600
STOP_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 10.0
TOGETHER_SECONDS = 0.003
OPENING_SECONDS = 0.25
"""How long an endpoint's address and secret are believed; asking for them costs as much as a delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderOptions:
    """How the sender works.

    Attributes
    ----------
    threads
        Deliveries under way at once.
    per_lane
        Of them to one receiver.
    poll_seconds
        How often the outbox is asked when nobody has called `wake`.
    keep_days
        How long bodies and addresses of what came to its end are kept.
    alone
        No other sender works on this desk, so what is found in `sending` at the start was left by a dead one.
    """

    threads: int = 32
    per_lane: int = 16
    poll_seconds: float = 0.25
    keep_days: int = 30
    alone: bool = True


class Sender:
    """Delivers what the outbox holds.

    Parameters
    ----------
    outbox, sending
        The two sides of the outbox.
    carriers
        By channel; a channel without one fails its messages at once, visibly.
    """

    def __init__(
        self,
        outbox: SqlOutbox,
        sending: OutboxSending,
        carriers: Mapping[str, Carrier],
        clock: Clock,
        options: SenderOptions | None = None,
    ) -> None:
        self._outbox = outbox
        self._sending = sending
        self._carriers = dict(carriers)
        self._clock = clock
        self._options = options or SenderOptions()
        self._called = threading.Event()
        self._thread = threading.Thread(target=self.run, name="satark-sender", daemon=True)
        self._stopping = threading.Event()
        self._swept_us = self._forgot_us = 0
        self._patience_until = 0.0

    def wake(self) -> None:
        """Tell the sender that something was put down; called from any thread."""
        self._called.set()

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Finish what is under way, within so many seconds.

        What is not written down by then is found in `sending` at the next start, and treated as in doubt.
        """
        self._patience_until = time.monotonic() + seconds
        self._stopping.set()
        self._called.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def run(self) -> None:
        """Deliver until `stop`; failures of the storage are waited out."""
        options = self._options
        under_way: dict[Future[Result], Parcel] = {}
        finished: queue.SimpleQueue[Result] = queue.SimpleQueue()
        started, failures = False, 0
        with ThreadPoolExecutor(options.threads, thread_name_prefix="deliver") as pool:
            while self._goes_on(under_way, finished):
                try:
                    if not started:
                        self._sweep(everything=options.alone)
                        started = True
                    self._collect(under_way, finished)
                    self._turn(pool, under_way, finished)
                    if not self._stopping.is_set():
                        self._tidy()
                    failures = 0
                except Exception as error:  # noqa: BLE001 - the outbox goes on; what was not written is kept
                    failures += 1
                    _log.error("outbox_failed", error=type(error).__name__, failures=failures)
                    self._stopping.wait(min(FIRST_PAUSE_SECONDS * 2**failures, LONGEST_PAUSE_SECONDS))
                self._rest(under_way, finished)

    def _goes_on(
        self, under_way: Mapping[Future[Result], Parcel], finished: queue.SimpleQueue[Result]
    ) -> bool:
        if not self._stopping.is_set():
            return True
        return bool(under_way or not finished.empty()) and time.monotonic() < self._patience_until

    def step(self) -> int:
        """Deliver what is due just now, one after the other; return how many (for commands and tests)."""
        parcels = self._sending.claim(
            self._options.threads, lease_seconds=LEASE_SECONDS, per_lane=self._options.threads
        )
        for parcel in parcels:
            self._sending.settle([self.deliver(parcel)])
        return len(parcels)

    def deliver(self, parcel: Parcel) -> Result:
        """Let the carrier try once; whatever it raises is a doubt."""
        began = self._clock.now_us()
        carrier = self._carriers.get(parcel.channel)
        if carrier is None:
            outcome = Outcome(verdict=Verdict.REFUSED, reason="channel_not_set_up")
        else:
            try:
                outcome = carrier.deliver(parcel)
            except Exception as error:  # noqa: BLE001 - a carrier's mistake must not stop the others
                # The kind of error alone: its text may name the receiver.
                _log.error("delivery_failed", channel=parcel.channel, error=type(error).__name__)
                outcome = Outcome(verdict=Verdict.DOUBT, reason="carrier_failed")
        ended = self._clock.now_us()
        if outcome.verdict is not Verdict.SENT:
            _log.info(
                "not_delivered",
                message_id=parcel.id,
                channel=parcel.channel,
                attempt=parcel.attempt,
                verdict=outcome.verdict.value,
                reason=outcome.reason,
                status=outcome.status,
            )
        return Result(parcel=parcel, outcome=outcome, began_us=began, ended_us=ended)

    def _turn(
        self,
        pool: ThreadPoolExecutor,
        under_way: dict[Future[Result], Parcel],
        finished: queue.SimpleQueue[Result],
    ) -> None:
        """Write down what came to its end and claim as many as there are free threads."""
        results: list[Result] = []
        while not finished.empty():
            results.append(finished.get())
        try:
            free = self._free(under_way)
            if not (results or free):
                return
            parcels = self._sending.turn(
                results,
                free,
                lease_seconds=LEASE_SECONDS,
                busy=_busy(under_way.values()),
                per_lane=self._options.per_lane,
            )
        except StorageUnavailable:
            # Kept for the next round.
            for result in results:
                finished.put(result)
            raise
        except Exception:
            self._settle_each(results, finished)
            raise
        if self._stopping.is_set():
            self._sending.give_back(parcels)
            return
        for parcel in parcels:
            under_way[pool.submit(self.deliver, parcel)] = parcel
        if parcels:
            # There may be more for other receivers.
            self._called.set()

    def _settle_each(self, results: Sequence[Result], finished: queue.SimpleQueue[Result]) -> None:
        """Write results down one by one, so that one which cannot be written does not take the others along.

        That one stays in `sending` and is in doubt when its lease is over.
        """
        for result in results:
            try:
                self._sending.settle([result])
            except StorageUnavailable:
                finished.put(result)
            except Exception as error:  # noqa: BLE001 - as the docstring says
                _log.error("result_not_written", message_id=result.parcel.id, error=type(error).__name__)

    def _free(self, under_way: Mapping[Future[Result], Parcel]) -> int:
        """Return how many to claim: the free threads, 0 when nothing is due."""
        free = 0 if self._stopping.is_set() else self._options.threads - len(under_way)
        due = self._sending.next_due_us() if free > 0 else None
        return free if due is not None and due <= self._clock.now_us() else 0

    @staticmethod
    def _collect(under_way: dict[Future[Result], Parcel], finished: queue.SimpleQueue[Result]) -> None:
        for future in [future for future in under_way if future.done()]:
            del under_way[future]
            finished.put(future.result())

    def _tidy(self) -> None:
        """Now and then, settle what dead senders left and forget what is old."""
        now = self._clock.now_us()
        if now - self._swept_us >= SWEEP_SECONDS * MICROS_PER_SECOND:
            self._sweep(everything=False)
        if now - self._forgot_us >= FORGET_SECONDS * MICROS_PER_SECOND:
            self._forgot_us = now
            self._outbox.forget(now - self._options.keep_days * MICROS_PER_DAY)

    def _sweep(self, *, everything: bool) -> None:
        found = self._sending.settle_abandoned(everything=everything)
        self._swept_us = self._clock.now_us()
        if found:
            _log.warning("deliveries_in_doubt", count=found)

    def _rest(self, under_way: dict[Future[Result], Parcel], finished: queue.SimpleQueue[Result]) -> None:
        """Wait until a delivery ends, something is put down, or it is time to look."""
        seconds = self._options.poll_seconds
        if under_way:
            # A delivery that ends is written down at once; a call is heard a little later at the most.
            if wait(under_way, timeout=min(seconds, 0.05), return_when=FIRST_COMPLETED).done:
                # Those that end together are written down together.
                wait(under_way, timeout=TOGETHER_SECONDS)
            self._called.clear()
        elif not (self._stopping.is_set() and finished.empty()):
            self._called.wait(seconds)
            self._called.clear()


def _busy(parcels: Iterable[Parcel]) -> dict[str, int]:
    """Return how many deliveries are under way per lane."""
    return dict(Counter(lane_of(parcel.channel, parcel.endpoint_id) for parcel in parcels))


def carriers_of(settings: Settings, desk: Desk, clock: Clock | None = None) -> dict[str, Carrier]:
    """Return the carriers that the settings ask for; webhooks always, the others where they are set up.

    Raises
    ------
    SettingInvalid
        A network, the kind of security or a gateway's address cannot be used.
    """
    clock = clock or SystemClock()
    guard = AddressGuard(parse_networks(settings.webhook_networks))
    hooks = WebhookOptions(opening_seconds=OPENING_SECONDS)
    found: dict[str, Carrier] = {Channel.WEBHOOK: WebhookCarrier(desk.outbox.endpoints, guard, clock, hooks)}
    if settings.smtp_host:
        if settings.smtp_security not in {"starttls", "tls", "none"}:
            message = "smtp_security is one of starttls, tls and none"
            raise SettingInvalid(message, setting="smtp_security")
        options = SmtpOptions(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            username=settings.smtp_user,
            password=settings.smtp_password,
            sender=settings.smtp_from,
            sender_name=settings.smtp_from_name,
        )
        found[Channel.SMTP] = SmtpCarrier(options, clock)
    for channel, address in (
        (Channel.SMS, settings.sms_gateway),
        (Channel.WHATSAPP, settings.whatsapp_gateway),
        (Channel.PUSH, settings.push_gateway),
    ):
        if address:
            found[channel] = AppriseCarrier(address)
    return found
