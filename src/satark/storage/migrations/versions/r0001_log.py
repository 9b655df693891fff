"""Create the event log and its chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the event log and its chain."""
    op.create_table(
        "events",
        sa.Column("seq", _SERIAL, autoincrement=False, nullable=False),
        sa.Column("owner", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("occurred_us", sa.BigInteger, nullable=False),
        sa.Column("arrived_us", sa.BigInteger, nullable=False),
        sa.Column("flags", sa.Integer, nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column(
            "action",
            sa.SmallInteger,
            comment="0 allow to 3 block; -1 not known; null when nothing was decided",
        ),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("decision_digest", sa.LargeBinary, comment="set when retention removes the decision"),
        sa.Column("features_digest", sa.LargeBinary, comment="set when retention removes the features"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("decision", sa.LargeBinary),
        sa.Column("features", sa.LargeBinary),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("uq_events_owner_event_id", "events", ["owner", "event_id"], unique=True)
        op.create_index(
            "ix_events_owner_ref", "events", ["owner", "ref", "seq"], postgresql_where=sa.text("ref <> ''")
        )
        op.create_index(
            "ix_events_action", "events", ["action", "seq"], postgresql_where=sa.text("action <> 0")
        )
    op.create_table(
        "log_chain",
        sa.Column("last_seq", _SERIAL, autoincrement=False, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("last_seq", name="pk_log_chain"),
    )
    op.create_table(
        "installation",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_installation"),
    )
