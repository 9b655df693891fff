"""Create the outbox, its attempts and the endpoints of webhooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d0003"
down_revision = "d0002"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the outbox, its attempts and the endpoints of webhooks."""
    op.create_table(
        "outbox",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("endpoint_id", sa.BigInteger, nullable=False, comment="of a webhook; 0 for other channels"),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column(
            "state", sa.Text, nullable=False, comment="waiting, sending, sent, failed, unknown or dead"
        ),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("base", sa.Integer, nullable=False, comment="attempts before it was last put back by hand"),
        sa.Column("put_us", sa.BigInteger, nullable=False),
        sa.Column("due_us", sa.BigInteger, nullable=False),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.Column(
            "lease_us", sa.BigInteger, comment="while sending: after this its sender is taken for dead"
        ),
        sa.Column("settled_us", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("case_id", sa.BigInteger),
        sa.Column("headers", sa.Text, nullable=False, comment="JSON"),
        sa.Column("body", sa.LargeBinary, comment="null once it is no longer kept"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("uq_outbox_key_endpoint_id", "outbox", ["key", "endpoint_id"], unique=True)
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["due_us", "id"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_outbox_sending",
        "outbox",
        ["lease_us"],
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index(
        "ix_outbox_open",
        "outbox",
        ["state", "id"],
        sqlite_where=sa.text("state <> 'sent'"),
        postgresql_where=sa.text("state <> 'sent'"),
    )
    op.create_index(
        "ix_outbox_open_endpoint",
        "outbox",
        ["endpoint_id", "state", "id"],
        sqlite_where=sa.text("state <> 'sent'"),
        postgresql_where=sa.text("state <> 'sent'"),
    )
    op.create_index(
        "ix_outbox_case",
        "outbox",
        ["case_id", "id"],
        sqlite_where=sa.text("case_id IS NOT NULL"),
        postgresql_where=sa.text("case_id IS NOT NULL"),
    )
    op.create_index("ix_outbox_endpoint", "outbox", ["endpoint_id", "id"])
    op.create_index(
        "ix_outbox_notices",
        "outbox",
        ["channel", "id"],
        sqlite_where=sa.text("endpoint_id = 0"),
        postgresql_where=sa.text("endpoint_id = 0"),
    )
    op.create_index(
        "ix_outbox_settled",
        "outbox",
        ["settled_us"],
        sqlite_where=sa.text("settled_us IS NOT NULL"),
        postgresql_where=sa.text("settled_us IS NOT NULL"),
    )
    op.create_table(
        "outbox_attempts",
        sa.Column("message_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("began_us", sa.BigInteger, nullable=False),
        sa.Column("ended_us", sa.BigInteger, comment="null when its sender died"),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.PrimaryKeyConstraint("message_id", "attempt", name="pk_outbox_attempts"),
    )
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("topics", sa.Text, nullable=False, comment="sorted, separated by one space"),
        sa.Column("resend_in_doubt", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False, comment="of the secret, which is kept nowhere"),
        sa.Column("previous_salt", sa.LargeBinary),
        sa.Column("previous_until_us", sa.BigInteger, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.Column("rotated_us", sa.BigInteger, nullable=False),
        sa.Column("disabled_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
    )
