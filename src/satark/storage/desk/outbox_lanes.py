"""The statements by which the sender finds what is due, and the lanes that keep a slow receiver from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from satark.cases.outbox import MessageState, Parcel
from satark.storage.desk.outbox_reading import literal
from satark.storage.desk.tables.outbox import OUTBOX, WEBHOOK_ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Mapping

ARRIVED = (
    sa.update(OUTBOX)
    .where(OUTBOX.c.id == sa.bindparam("message"))
    .values(
        state=MessageState.SENT.value,
        due_us=sa.bindparam("now_us"),
        changed_us=sa.bindparam("now_us"),
        lease_us=None,
        settled_us=sa.bindparam("now_us"),
        reason=sa.bindparam("said"),
        status=sa.bindparam("code"),
    )
)
"""A message that arrived; whoever writes it has seen that the attempt still counts."""

WITH_ENDPOINT = sa.select(
    OUTBOX, sa.func.coalesce(WEBHOOK_ENDPOINTS.c.resend_in_doubt, sa.false()).label("resend_in_doubt")
).join_from(OUTBOX, WEBHOOK_ENDPOINTS, OUTBOX.c.endpoint_id == WEBHOOK_ENDPOINTS.c.id, isouter=True)

CLAIMABLE = (
    # Many are looked at and few are taken: their bodies are read afterwards.
    sa.select(OUTBOX.c.id, OUTBOX.c.channel, OUTBOX.c.endpoint_id)
    .join_from(OUTBOX, WEBHOOK_ENDPOINTS, OUTBOX.c.endpoint_id == WEBHOOK_ENDPOINTS.c.id, isouter=True)
    .where(OUTBOX.c.state == literal(MessageState.WAITING), WEBHOOK_ENDPOINTS.c.disabled_us.is_(None))
    .order_by(OUTBOX.c.due_us, OUTBOX.c.id)
)


NEXT_DUE = (
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


def not_full(room: Mapping[str, int]) -> list[sa.ColumnElement[bool]]:
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


def parcel_of(row: Any, *, attempt: int | None = None) -> Parcel:  # noqa: ANN401 - a row
    """Return a claimed row as a carrier gets it; `attempt` is the next one unless given."""
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
