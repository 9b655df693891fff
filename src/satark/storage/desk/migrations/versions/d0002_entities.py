"""Create the things that events share, their links, and how far the log was followed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d0002"
down_revision = "d0001"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_EXACT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_FIGURES = (
    "n_allow",
    "n_challenge",
    "n_hold",
    "n_block",
    "n_other",
    "sum_allow",
    "sum_challenge",
    "sum_hold",
    "sum_block",
)


def upgrade() -> None:
    """Create the things that events share, their links, and how far the log was followed."""
    op.create_table(
        "entities",
        sa.Column("id", _SERIAL, autoincrement=False, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False, comment="a number of `entity_codes.KINDS`"),
        sa.Column("value", _EXACT, nullable=False),
        sa.Column("hint", _EXACT, comment="a card's or a phone's last four digits"),
        sa.Column("first_seq", sa.BigInteger, nullable=False),
        sa.Column("first_us", sa.BigInteger, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
        sa.Column("last_us", sa.BigInteger, nullable=False),
        sa.Column("n_events", sa.BigInteger, nullable=False),
        sa.Column("n_fraud", sa.BigInteger, nullable=False),
        *[sa.Column(name, sa.BigInteger, nullable=False) for name in _FIGURES],
        sa.PrimaryKeyConstraint("id", name="pk_entities"),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index("uq_entities_kind_value", "entities", ["kind", "value"], unique=True)
    op.create_index(
        "ix_entities_hint",
        "entities",
        ["hint", "id"],
        sqlite_where=sa.text("hint IS NOT NULL"),
        postgresql_where=sa.text("hint IS NOT NULL"),
    )
    op.create_table(
        "entity_events",
        sa.Column("seq", _SERIAL, autoincrement=False, nullable=False),
        sa.Column("owner", sa.BigInteger, nullable=False),
        sa.Column("occurred_us", sa.BigInteger, nullable=False),
        sa.Column(
            "action", sa.SmallInteger, nullable=False, comment="0 allow to 3 block, 4 nothing was decided"
        ),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.SmallInteger, nullable=False, comment="0 none, 1 fraud, 2 genuine"),
        sa.PrimaryKeyConstraint("seq", name="pk_entity_events"),
    )
    op.create_table(
        "entity_links",
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("entity", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column(
            "previous", sa.BigInteger, nullable=False, comment="the thing's event before this one, 0: none"
        ),
        sa.PrimaryKeyConstraint("seq", "entity", name="pk_entity_links"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "entity_hours",
        sa.Column("entity", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("hour", sa.BigInteger, autoincrement=False, nullable=False, comment="hours since 1970"),
        *[sa.Column(name, sa.BigInteger, nullable=False) for name in _FIGURES],
        sa.PrimaryKeyConstraint("entity", "hour", name="pk_entity_hours"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "followers",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("began_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_followers"),
    )
