"""The sender's side of the outbox: claim what is due, write down how it went.

The order of commits is what makes a delivery happen once. A claim is committed (`sending`) before the first byte
leaves; the result is committed after the other side's word. A sender that dies in between leaves the message in
`sending`, and nobody can tell how far it came: it becomes `unknown`, unless its endpoint drops repeats by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite

from satark.cases.backoff import fate_of
from satark.cases.cloud_events import event_message
from satark.cases.outbox import Channel, MessageState, Outcome, Parcel, Topic, Verdict
from satark.core.clock import MICROS_PER_SECOND, from_us
from satark.storage.desk.outbox_lanes import (
    ARRIVED,
    CLAIMABLE,
    NEXT_DUE,
    WITH_ENDPOINT,
    lane_of,
    not_full,
    parcel_of,
)
from satark.storage.desk.outbox_reading import POSTED, literal, posted_of
from satark.storage.desk.tables.outbox import OUTBOX, OUTBOX_ATTEMPTS
from satark.storage.engines import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from satark.cases.outbox import Posted
    from satark.core.clock import Clock
    from satark.storage.desk.outbox import SqlOutbox
    from satark.storage.engines import Engines

_log = structlog.get_logger("satark.outbox")

LOOKAHEAD = 4
"""Rows looked at per message wanted, so that one busy receiver at the head does not hide the others."""

SENDER_DIED = Outcome(verdict=Verdict.DOUBT, reason="sender_died")


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt that has ended."""

    parcel: Parcel
    outcome: Outcome
    began_us: int
    ended_us: int


class Listener(Protocol):
    """Who wants to know when a message comes to its end, in the transaction that writes it down."""

    def __call__(self, connection: sa.Connection, posted: Posted) -> None:
        """Note it, for instance in the timeline of `posted.case_id`."""


class OutboxSending:
    """What the sender does with the outbox; callable from any thread and process.

    Parameters
    ----------
    listeners
        Told of each message that came to its end.
    heard
        The topics of which listeners want to hear, None for all. What nobody wants to hear of is written down by a few
        statements for many messages, which is what lets `decision.made` keep up with the engine.
    """

    def __init__(
        self,
        outbox: SqlOutbox,
        engines: Engines,
        clock: Clock,
        *,
        listeners: Iterable[Listener] = (),
        heard: frozenset[str] | None = None,
    ) -> None:
        self._outbox = outbox
        self._engines = engines
        self._clock = clock
        self._listeners = tuple(listeners)
        self._heard = heard

    def next_due_us(self) -> int | None:
        """Return when the next message is due that may be sent, None when there is none; takes no write lock."""
        with self._engines.reading("the outbox") as connection:
            found = connection.scalar(NEXT_DUE)
        return None if found is None else int(found)

    def turn(
        self,
        results: Sequence[Result],
        limit: int,
        *,
        lease_seconds: int,
        busy: Mapping[str, int] | None = None,
        per_lane: int = 2,
    ) -> list[Parcel]:
        """Write down how attempts went and take what is due next, in one transaction: one wait for the disk.

        Parameters
        ----------
        results
            Attempts that have ended; see `settle`.
        limit
            How many messages to take at most.
        lease_seconds
            After this without a word the sender is taken for dead.
        busy
            How many deliveries are under way per lane (`lane_of`); a lane has at most `per_lane`.
        """
        room = {lane: per_lane - count for lane, count in (busy or {}).items()}
        with self._engines.writing("the outbox") as connection:
            self._settle_all(connection, results)
            return self._claim(connection, limit, room, per_lane, lease_seconds) if limit > 0 else []

    def claim(
        self, limit: int, *, lease_seconds: int, busy: Mapping[str, int] | None = None, per_lane: int = 2
    ) -> list[Parcel]:
        """Take messages that are due, durably, before any of them is sent."""
        return self.turn((), limit, lease_seconds=lease_seconds, busy=busy, per_lane=per_lane)

    def settle(self, results: Sequence[Result]) -> int:
        """Write down how attempts went; return how many of them still counted.

        A message that was taken for lost meanwhile and not touched since is put right. One that somebody has put
        back by hand keeps its new life.
        """
        with self._engines.writing("the outbox") as connection:
            return self._settle_all(connection, results)

    def give_back(self, parcels: Sequence[Parcel]) -> None:
        """Return claimed messages of which surely nothing was sent, as if they had not been claimed."""
        if not parcels:
            return
        now = self._clock.now_us()
        with self._engines.writing("the outbox") as connection:
            for parcel in parcels:
                connection.execute(
                    sa.update(OUTBOX)
                    .where(
                        OUTBOX.c.id == parcel.id,
                        OUTBOX.c.attempts == parcel.attempt,
                        OUTBOX.c.state == literal(MessageState.SENDING),
                    )
                    .values(
                        state=MessageState.WAITING.value,
                        attempts=OUTBOX.c.attempts - 1,
                        changed_us=now,
                        lease_us=None,
                    )
                )

    def settle_abandoned(self, *, everything: bool = False) -> int:
        """Settle what dead senders left behind; return how many.

        Parameters
        ----------
        everything
            No other sender lives, so that no lease has to be waited for (the start of the only worker).
        """
        now = self._clock.now_us()
        query = WITH_ENDPOINT.where(OUTBOX.c.state == literal(MessageState.SENDING))
        if not everything:
            query = query.where(OUTBOX.c.lease_us < now)
        with self._engines.writing("the outbox") as connection:
            rows = connection.execute(query).all()
            for row in rows:
                parcel = parcel_of(row, attempt=row.attempts)
                result = Result(parcel=parcel, outcome=SENDER_DIED, began_us=row.changed_us, ended_us=now)
                self._settle_one(connection, result, died=True)
        return len(rows)

    def _claim(
        self,
        connection: sa.Connection,
        limit: int,
        room: dict[str, int],
        per_lane: int,
        lease_seconds: int,
    ) -> list[Parcel]:
        now = self._clock.now_us()
        query = CLAIMABLE.where(OUTBOX.c.due_us <= now, *not_full(room)).limit(limit * LOOKAHEAD)
        chosen: list[int] = []
        for row in connection.execute(query).all():
            lane = lane_of(row.channel, row.endpoint_id)
            left = room.get(lane, per_lane)
            if left > 0 and len(chosen) < limit:
                room[lane] = left - 1
                chosen.append(row.id)
        taken: list[Parcel] = []
        if chosen:
            rows = connection.execute(WITH_ENDPOINT.where(OUTBOX.c.id.in_(chosen)))
            parcels = {row.id: parcel_of(row) for row in rows}
            taken = [parcels[number] for number in chosen]
            connection.execute(
                sa.update(OUTBOX)
                .where(OUTBOX.c.id.in_(chosen))
                .values(
                    state=MessageState.SENDING.value,
                    attempts=OUTBOX.c.attempts + 1,
                    changed_us=now,
                    lease_us=now + lease_seconds * MICROS_PER_SECOND,
                )
            )
        return taken

    def _settle_all(self, connection: sa.Connection, results: Sequence[Result]) -> int:
        """Write down how attempts went, those that simply arrived together; return how many still counted."""
        plain = [result for result in results if self._is_plain(result)]
        others = [result for result in results if not self._is_plain(result)]
        return self._settle_plain(connection, plain) + sum(
            self._settle_one(connection, result) for result in others
        )

    def _is_plain(self, result: Result) -> bool:
        """Tell whether a message arrived and nobody has to hear of it."""
        topic = result.parcel.topic
        is_silent = not self._listeners or (self._heard is not None and topic not in self._heard)
        return result.outcome.verdict is Verdict.SENT and is_silent and topic != Topic.NOTICE_REQUESTED

    def _settle_plain(self, connection: sa.Connection, results: Sequence[Result]) -> int:
        if not results:
            return 0
        now = self._clock.now_us()
        wanted = {result.parcel.id: result for result in results}
        current = connection.execute(
            sa.select(OUTBOX.c.id, OUTBOX.c.attempts).where(
                OUTBOX.c.id.in_(list(wanted)),
                OUTBOX.c.state.in_([literal(MessageState.SENDING), literal(MessageState.UNKNOWN)]),
            )
        ).all()
        # This transaction is alone in writing, so what counts now counts until it ends.
        counting = [wanted[row.id] for row in current if wanted[row.id].parcel.attempt == row.attempts]
        if not counting:
            return 0
        connection.execute(
            ARRIVED,
            [
                {
                    "message": one.parcel.id,
                    "now_us": now,
                    "said": one.outcome.reason,
                    "code": one.outcome.status,
                }
                for one in counting
            ],
        )
        self._record(connection, counting, died=False)
        return len(counting)

    def _settle_one(self, connection: sa.Connection, result: Result, *, died: bool = False) -> int:
        parcel, outcome, now = result.parcel, result.outcome, self._clock.now_us()
        fate = fate_of(
            outcome,
            channel=parcel.channel,
            key=parcel.key,
            attempts=parcel.attempt - parcel.base,
            now_us=now,
            resend_in_doubt=parcel.resend_in_doubt,
        )
        waits = fate.state is MessageState.WAITING
        changed = connection.execute(
            sa.update(OUTBOX)
            .where(
                OUTBOX.c.id == parcel.id,
                OUTBOX.c.attempts == parcel.attempt,
                OUTBOX.c.state.in_([literal(MessageState.SENDING), literal(MessageState.UNKNOWN)]),
            )
            .values(
                state=fate.state.value,
                due_us=fate.due_us if waits else now,
                changed_us=now,
                lease_us=None,
                settled_us=None if waits else now,
                reason=outcome.reason,
                status=outcome.status,
            )
        )
        if not changed.rowcount:
            return 0
        self._record(connection, [result], died=died)
        if not waits and (self._listeners or parcel.topic == Topic.NOTICE_REQUESTED):
            self._tell(
                connection, posted_of(connection.execute(POSTED.where(OUTBOX.c.id == parcel.id)).one())
            )
        return 1

    @staticmethod
    def _record(connection: sa.Connection, results: Sequence[Result], *, died: bool) -> None:
        """Write down attempts; what was said of one when its sender was taken for dead is put right."""
        rows = [
            {
                "message_id": result.parcel.id,
                "attempt": result.parcel.attempt,
                "began_us": result.began_us,
                "ended_us": None if died else result.ended_us,
                "verdict": result.outcome.verdict.value,
                "reason": result.outcome.reason,
                "status": result.outcome.status,
            }
            for result in results
        ]
        told = ("began_us", "ended_us", "verdict", "reason", "status")
        insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(OUTBOX_ATTEMPTS)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["message_id", "attempt"],
                set_={name: insert.excluded[name] for name in told},
            ),
            rows,
        )

    def _tell(self, connection: sa.Connection, posted: Posted) -> None:
        """Tell of a message that came to its end; whoever cannot note it must not stop all sending."""
        for listener in (self._tell_webhooks, *self._listeners):
            try:
                # What a listener began and did not finish is taken back; that the message has ended is not.
                with connection.begin_nested():
                    listener(connection, posted)
            except FAULTS:
                raise
            except Exception as error:  # noqa: BLE001 - as above
                _log.error("listener_failed", message_id=posted.id, error=type(error).__name__)

    def _tell_webhooks(self, connection: sa.Connection, posted: Posted) -> None:
        """Put down that a notice was delivered."""
        if (
            posted.topic != Topic.NOTICE_REQUESTED
            or posted.state is not MessageState.SENT
            or posted.channel == Channel.WEBHOOK
        ):
            return
        # To whom is left out: the receiver knows the notice by its key, and the address stays with us.
        data = {
            "notice": posted.key,
            "channel": posted.channel,
            "case": posted.case_id,
            "delivered_at": from_us(self._clock.now_us()).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        # A notice that was sent again by hand is an event of its own.
        key = f"{Topic.NOTICE_DELIVERED}:{posted.id}:{posted.attempts}"
        self._outbox.put(connection, event_message(Topic.NOTICE_DELIVERED, key, data, case_id=posted.case_id))
