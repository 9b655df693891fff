"""Search for a thing by what people have of it: an id, last four digits, a phone, an address, or how one begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from satark.cases.model import EntityKind, EntityRef
from satark.cases.ports import EntityHit
from satark.events.rules import address_key, normal_email, normal_ip, normal_phone, normal_vpa
from satark.storage.desk.entity_codes import HINT_DIGITS, KIND_OF, KINDS, is_storable
from satark.storage.desk.tables.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TEXT_LENGTH = 200
MAX_HITS = 100
_AFTER_ALL = "\U0010ffff"
"""Sorts behind every text that goes on."""
_MIN_PHONE_DIGITS = 5
_PIN_DIGITS = 6
_MIN_PIN_DIGITS = 3
_PHONE_CHARACTERS = frozenset("+0123456789 ().-")
_BY_ID = (
    EntityKind.CARD,
    EntityKind.ACCOUNT,
    EntityKind.CUSTOMER,
    EntityKind.DEVICE,
    EntityKind.MERCHANT,
)
_FOUND = (
    ENTITIES.c.kind,
    ENTITIES.c.value,
    ENTITIES.c.n_events,
    ENTITIES.c.last_seq,
)


def beginnings(text: str) -> list[tuple[EntityKind, str]]:
    """Return what a search text may be the beginning of, in the form in which it is stored.

    Examples
    --------
    >>> beginnings("98765 4")[-1][1], [value for _, value in beginnings("Asha@Ok")]
    ('+91987654', ['asha@ok', 'asha@ok'])
    >>> [kind.value for kind, _ in beginnings("560001")]
    ['card', 'account', 'customer', 'device', 'merchant', 'pin', 'phone']
    """
    text = " ".join(text.split())[:MAX_TEXT_LENGTH]
    if not text or not is_storable(text):
        return []
    found: list[tuple[EntityKind, str]] = []
    if "@" in text:
        found += [(EntityKind.VPA, normal_vpa(text) or text.lower())]
        found += [(EntityKind.EMAIL, normal_email(text) or text.lower())]
        return found if " " not in text else []
    if " " not in text:
        found += [(kind, text) for kind in _BY_ID]
    if text.isdigit() and _MIN_PIN_DIGITS <= len(text) <= _PIN_DIGITS:
        found.append((EntityKind.PIN, text))
    phone = _phone(text)
    if phone is not None:
        found.append((EntityKind.PHONE, phone))
    if "." in text or ":" in text:
        found.append((EntityKind.IP, normal_ip(text) or text.lower()))
    if not text.isdigit() and phone is None:
        found += [(EntityKind.VPA, text.lower()), (EntityKind.EMAIL, text.lower())] * (" " not in text)
        key = address_key(text, None)
        if key is not None:
            found.append((EntityKind.ADDRESS, key.rstrip("|")))
    return found


def search(connection: sa.Connection, text: str, limit: int) -> list[EntityHit]:
    """Return things, exact hits first, then those with most events."""
    limit = max(1, min(limit, MAX_HITS))
    wanted = beginnings(text)
    if not wanted:
        return []
    query = sa.union_all(*(sa.select(part.subquery()) for part in _parts(text.strip(), wanted, limit)))
    exact = {(KINDS[kind], value) for kind, value in wanted}
    found = {(row.kind, row.value): row for row in connection.execute(query)}
    rows = sorted(
        found.values(),
        key=lambda row: ((row.kind, row.value) not in exact, -row.n_events, row.kind, row.value),
    )
    return [
        EntityHit(EntityRef(KIND_OF[row.kind], row.value), row.n_events, row.last_seq) for row in rows[:limit]
    ]


def _parts(
    text: str, wanted: list[tuple[EntityKind, str]], limit: int
) -> Iterator[sa.Select[tuple[int, str, int, int]]]:
    if len(text) == HINT_DIGITS and text.isdigit():
        yield sa.select(*_FOUND).where(ENTITIES.c.hint == text).order_by(ENTITIES.c.id.desc()).limit(limit)
    for kind, value in wanted:
        yield (
            sa.select(*_FOUND)
            .where(
                ENTITIES.c.kind == KINDS[kind],
                ENTITIES.c.value >= value,
                ENTITIES.c.value < value + _AFTER_ALL,
            )
            .order_by(ENTITIES.c.value)
            .limit(limit)
        )


def _phone(text: str) -> str | None:
    """Return how a phone begins in E.164; None when the text cannot be the beginning of one."""
    if not set(text) <= _PHONE_CHARACTERS:
        return None
    digits = "".join(filter(str.isdigit, text))
    if len(digits) < _MIN_PHONE_DIGITS:
        return None
    whole = normal_phone(text)
    if text.startswith("+"):
        return whole or f"+{digits}"
    # The beginning of an Indian mobile is not one yet, but it is meant as one.
    digits = digits.removeprefix("0")
    indian = digits[0] in "6789" and len(digits) <= 10  # noqa: PLR2004 - digits of an Indian mobile
    return f"+91{digits}" if indian else whole or f"+{digits}"
