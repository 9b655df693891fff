"""Which things share which events, and how far the log has been followed.

A thing's events hang together as a chain: `entities.last_seq` is the newest, and each link names the one before. So an
event costs one row per thing at the end of a table, in log order, and nothing is inserted in the middle of a large
index; a card's last fifty events are fifty steps along the chain. Things with very many events (a merchant, a PIN)
have their hours counted beside, because a chain of a million steps is no answer to "how was last week".
"""

from __future__ import annotations

import sqlalchemy as sa

from satark.storage.desk.tables.base import METADATA, Serial

ExactText = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text in the order of its bytes on both databases, so that "begins with" is a range of the index."""

ACTIONS = ("allow", "challenge", "hold", "block")
"""In the order of the columns below; what was not decided (a payee change) is counted in `n_other`."""


def _figures() -> list[sa.Column[int]]:
    """Return the columns that count events and add up amounts by action."""
    names = [f"n_{action}" for action in (*ACTIONS, "other")] + [f"sum_{action}" for action in ACTIONS]
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


ENTITIES = sa.Table(
    "entities",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.SmallInteger, nullable=False, comment="a number of `entity_codes.KINDS`"),
    sa.Column("value", ExactText, nullable=False),
    sa.Column("hint", ExactText, comment="a card's or a phone's last four digits"),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
    sa.Column("first_us", sa.BigInteger, nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
    sa.Column("last_us", sa.BigInteger, nullable=False),
    sa.Column("n_events", sa.BigInteger, nullable=False),
    sa.Column("n_fraud", sa.BigInteger, nullable=False),
    *_figures(),
    sa.Index("uq_entities_kind_value", "kind", "value", unique=True),
    sa.Index(
        "ix_entities_hint",
        "hint",
        "id",
        sqlite_where=sa.text("hint IS NOT NULL"),
        postgresql_where=sa.text("hint IS NOT NULL"),
    ),
    postgresql_with={"fillfactor": 80},
)
"""One row per thing; its figures are brought up to date with each batch of the log."""

ENTITY_EVENTS = sa.Table(
    "entity_events",
    METADATA,
    sa.Column("seq", Serial, primary_key=True, autoincrement=False),
    sa.Column("owner", sa.BigInteger, nullable=False),
    sa.Column("occurred_us", sa.BigInteger, nullable=False),
    sa.Column("action", sa.SmallInteger, nullable=False, comment="0 allow to 3 block, 4 nothing was decided"),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("verdict", sa.SmallInteger, nullable=False, comment="0 none, 1 fraud, 2 genuine"),
)
"""What the links need to know of an event; everything else stands in the log."""

ENTITY_LINKS = sa.Table(
    "entity_links",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("entity", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column(
        "previous", sa.BigInteger, nullable=False, comment="the thing's event before this one, 0: none"
    ),
    sqlite_with_rowid=False,
)
"""An event names a thing."""

ENTITY_HOURS = sa.Table(
    "entity_hours",
    METADATA,
    sa.Column("entity", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hour", sa.BigInteger, primary_key=True, autoincrement=False, comment="hours since 1970"),
    *_figures(),
    sqlite_with_rowid=False,
)
"""The figures per hour of things with very many events."""

FOLLOWERS = sa.Table(
    "followers",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("began_us", sa.BigInteger, nullable=False),
)
"""Up to which place of the log something has been done, and since when it is done at all."""
