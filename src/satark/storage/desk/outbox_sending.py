"""The sender's side of the outbox: claim what is due, write down how it went.

The order of commits is what makes a delivery happen once. A claim is committed (`sending`) before the first byte
leaves; the result is committed after the other side's word. A sender that dies in between leaves the message in
`sending`, and nobody can tell how far it came: it becomes `unknown`, unless its endpoint drops repeats by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite

from satark.cases.backoff import fate_of
from satark.cases.cloud_events import event_message
from satark.cases.outbox import Channel, MessageState, Outcome, Parcel, Topic, Verdict
from satark.core.clock import MICROS_PER_SECOND, from_us
from satark.storage.desk.outbox_reading import POSTED, literal, posted_of
from satark.storage.desk.tables.outbox import OUTBOX, OUTBOX_ATTEMPTS, WEBHOOK_ENDPOINTS
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
    """

    def __init__(
        self, outbox: SqlOutbox, engines: Engines, clock: Clock, *, listeners: Iterable[Listener] = ()
    ) -> None:
        self._outbox = outbox
        self._engines = engines
        self._clock = clock
        self._listeners = tuple(listeners)

    def next_due_us(self) -> int | None:
        """Return when the next message is due that may be sent, None when there is none; takes no write lock."""
        with self._engines.reading("the outbox") as connection:
            found = connection.scalar(_NEXT_DUE)
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
            for result in results:
                self._settle_one(connection, result)
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
            return sum(self._settle_one(connection, result) for result in results)

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
        query = _WITH_ENDPOINT.where(OUTBOX.c.state == literal(MessageState.SENDING))
        if not everything:
            query = query.where(OUTBOX.c.lease_us < now)
        with self._engines.writing("the outbox") as connection:
            rows = connection.execute(query).all()
            for row in rows:
                parcel = _parcel(row, attempt=row.attempts)
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
        query = _CLAIMABLE.where(OUTBOX.c.due_us <= now, *_not_full(room)).limit(limit * LOOKAHEAD)
        taken: list[Parcel] = []
        for row in connection.execute(query).all():
            lane = lane_of(row.channel, row.endpoint_id)
            left = room.get(lane, per_lane)
            if left > 0 and len(taken) < limit:
                room[lane] = left - 1
                taken.append(_parcel(row))
        if taken:
            connection.execute(
                sa.update(OUTBOX)
                .where(OUTBOX.c.id.in_([parcel.id for parcel in taken]))
                .values(
                    state=MessageState.SENDING.value,
                    attempts=OUTBOX.c.attempts + 1,
                    changed_us=now,
                    lease_us=now + lease_seconds * MICROS_PER_SECOND,
                )
            )
        return taken

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
        self._record(connection, result, died=died)
        if not waits and (self._listeners or parcel.topic == Topic.NOTICE_REQUESTED):
            self._tell(
                connection, posted_of(connection.execute(POSTED.where(OUTBOX.c.id == parcel.id)).one())
            )
        return 1

    @staticmethod
    def _record(connection: sa.Connection, result: Result, *, died: bool) -> None:
        """Write down one attempt; what was said of it when its sender was taken for dead is put right."""
        values = {
            "message_id": result.parcel.id,
            "attempt": result.parcel.attempt,
            "began_us": result.began_us,
            "ended_us": None if died else result.ended_us,
            "verdict": result.outcome.verdict.value,
            "reason": result.outcome.reason,
            "status": result.outcome.status,
        }
        insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(OUTBOX_ATTEMPTS)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["message_id", "attempt"],
                set_={
                    name: insert.excluded[name] for name in values if name not in {"message_id", "attempt"}
                },
            ),
            values,
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


_WITH_ENDPOINT = sa.select(
    OUTBOX, sa.func.coalesce(WEBHOOK_ENDPOINTS.c.resend_in_doubt, sa.false()).label("resend_in_doubt")
).join_from(OUTBOX, WEBHOOK_ENDPOINTS, OUTBOX.c.endpoint_id == WEBHOOK_ENDPOINTS.c.id, isouter=True)

_CLAIMABLE = _WITH_ENDPOINT.where(
    OUTBOX.c.state == literal(MessageState.WAITING),
    WEBHOOK_ENDPOINTS.c.disabled_us.is_(None),
).order_by(OUTBOX.c.due_us, OUTBOX.c.id)


_NEXT_DUE = (
    sa.select(OUTBOX.c.due_us)
    .join_from(OUTBOX, WEBHOOK_ENDPOINTS, OUTBOX.c.endpoint_id == WEBHOOK_ENDPOINTS.c.id, isouter=True)
    .where(OUTBOX.c.state == literal(MessageState.WAITING), WEBHOOK_ENDPOINTS.c.disabled_us.is_(None))
    .order_by(OUTBOX.c.due_us)
    .limit(1)
)


def lane_of(channel: str, endpoint_id: int | None) -> str:
    """Return what shares one receiver, which never gets more than a few deliveries at once.

    Examples
    --------
    >>> lane_of("webhook", 3), lane_of("sms", 0)
    ('webhook/3', 'sms')
    """
    return f"{channel}/{endpoint_id}" if endpoint_id else channel


def _not_full(room: Mapping[str, int]) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that leave out lanes without room."""
    full = [lane for lane, left in room.items() if left <= 0]
    endpoints = [int(lane.partition("/")[2]) for lane in full if "/" in lane]
    channels = [lane for lane in full if "/" not in lane]
    conditions: list[sa.ColumnElement[bool]] = []
    if endpoints:
        conditions.append(OUTBOX.c.endpoint_id.not_in(endpoints))
    if channels:
        conditions.append(sa.or_(OUTBOX.c.endpoint_id != 0, OUTBOX.c.channel.not_in(channels)))
    return conditions


def _parcel(row: Any, *, attempt: int | None = None) -> Parcel:  # noqa: ANN401 - a row
    return Parcel(
        id=row.id,
        key=row.key,
        topic=row.topic,
        channel=row.channel,
        target=row.target,
        endpoint_id=row.endpoint_id,
        body=bytes(row.body or b""),
        headers=msgspec.json.decode(row.headers, type=dict[str, str]),
        attempt=row.attempts + 1 if attempt is None else attempt,
        base=row.base,
        resend_in_doubt=bool(row.resend_in_doubt),
    )
