"""Rows of notices and their links, read back into what they were."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from satark.cases.notices.model import (
    Answer,
    Customer,
    Notice,
    NoticeKind,
    NoticeLink,
    NoticeState,
    NoticeTerms,
    Shown,
)
from satark.storage.desk.tables.notices import NOTICE_LINKS, NOTICES

NOTICE_COLUMNS = (
    NOTICES.c.id,
    NOTICES.c.owner,
    NOTICES.c.event_id,
    NOTICES.c.seq,
    NOTICES.c.case_id,
    NOTICES.c.customer,
    NOTICES.c.kind,
    NOTICES.c.state,
    NOTICES.c.lang,
    NOTICES.c.created_us,
    NOTICES.c.shown,
    NOTICES.c.terms,
    NOTICES.c.answer,
    NOTICES.c.answered_us,
)
LINK_COLUMNS = (
    NOTICE_LINKS.c.notice_id,
    NOTICE_LINKS.c.channel,
    NOTICE_LINKS.c.key,
    NOTICE_LINKS.c.expires_us,
    NOTICE_LINKS.c.opened_us,
    NOTICE_LINKS.c.used_us,
    NOTICE_LINKS.c.answer,
)
_SHOWN = msgspec.json.Decoder(Shown)
_TERMS = msgspec.json.Decoder(NoticeTerms)


def find_link(connection: sa.Connection, token_hash: bytes) -> tuple[Notice, NoticeLink] | None:
    """Return the notice of a link."""
    row = connection.execute(
        sa.select(*NOTICE_COLUMNS, *LINK_COLUMNS)
        .join(NOTICE_LINKS, NOTICE_LINKS.c.notice_id == NOTICES.c.id)
        .where(NOTICE_LINKS.c.token_hash == token_hash)
    ).first()
    return None if row is None else (notice_of(row), link_of(row[len(NOTICE_COLUMNS) :]))


def notice_of(row: Any) -> Notice:  # noqa: ANN401 - a row that begins with `NOTICE_COLUMNS`
    """Return a notice."""
    return Notice(
        id=row[0],
        owner=row[1],
        event_id=row[2],
        seq=row[3],
        case_id=row[4],
        customer=row[5],
        kind=NoticeKind(row[6]),
        state=NoticeState(row[7]),
        lang=row[8],
        created_us=row[9],
        shown=_SHOWN.decode(bytes(row[10])),
        terms=_TERMS.decode(bytes(row[11])),
        answer=None if row[12] is None else Answer(row[12]),
        answered_us=row[13],
    )


def link_of(row: Any) -> NoticeLink:  # noqa: ANN401 - a row of `LINK_COLUMNS`
    """Return a link, without its hash."""
    return NoticeLink(
        notice_id=row[0],
        channel=row[1],
        key=row[2],
        expires_us=row[3],
        opened_us=row[4],
        used_us=row[5],
        answer=None if row[6] is None else Answer(row[6]),
    )


def customer_of(row: Any) -> Customer:  # noqa: ANN401 - a row of `NOTICE_CUSTOMERS`
    """Return what a customer has chosen."""
    return Customer(row.owner, row.customer, row.lang, row.threshold_minor, row.changed_us)
