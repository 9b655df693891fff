"""What waits to be sent, how each attempt went, and who is told by webhook.

The outbox is asked "what is due" several times a second and grows for as long as messages are kept, so the states that
are asked for have indexes of their own, over their rows alone.
"""

from __future__ import annotations

import sqlalchemy as sa

from satark.storage.desk.tables.base import METADATA, Serial

OUTBOX = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("endpoint_id", sa.BigInteger, nullable=False, comment="of a webhook; 0 for other channels"),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, comment="waiting, sending, sent, failed, unknown or dead"),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("base", sa.Integer, nullable=False, comment="attempts before it was last put back by hand"),
    sa.Column("put_us", sa.BigInteger, nullable=False),
    sa.Column("due_us", sa.BigInteger, nullable=False),
    sa.Column("changed_us", sa.BigInteger, nullable=False),
    sa.Column("lease_us", sa.BigInteger, comment="while sending: after this its sender is taken for dead"),
    sa.Column("settled_us", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("case_id", sa.BigInteger),
    sa.Column("headers", sa.Text, nullable=False, comment="JSON"),
    sa.Column("body", sa.LargeBinary, comment="null once it is no longer kept"),
    sa.Index("uq_outbox_key_endpoint_id", "key", "endpoint_id", unique=True),
    sa.Index(
        "ix_outbox_due",
        "due_us",
        "id",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    ),
    sa.Index(
        "ix_outbox_sending",
        "lease_us",
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    ),
    sa.Index(
        "ix_outbox_open",
        "state",
        "id",
        sqlite_where=sa.text("state <> 'sent'"),
        postgresql_where=sa.text("state <> 'sent'"),
    ),
    sa.Index(
        "ix_outbox_open_endpoint",
        "endpoint_id",
        "state",
        "id",
        sqlite_where=sa.text("state <> 'sent'"),
        postgresql_where=sa.text("state <> 'sent'"),
    ),
    sa.Index(
        "ix_outbox_case",
        "case_id",
        "id",
        sqlite_where=sa.text("case_id IS NOT NULL"),
        postgresql_where=sa.text("case_id IS NOT NULL"),
    ),
    sa.Index("ix_outbox_endpoint", "endpoint_id", "id"),
    sa.Index(
        "ix_outbox_notices",
        "channel",
        "id",
        sqlite_where=sa.text("endpoint_id = 0"),
        postgresql_where=sa.text("endpoint_id = 0"),
    ),
    sa.Index(
        "ix_outbox_settled",
        "settled_us",
        sqlite_where=sa.text("settled_us IS NOT NULL"),
        postgresql_where=sa.text("settled_us IS NOT NULL"),
    ),
)
"""One row per delivery: a message to several endpoints is several rows with the same key."""

OUTBOX_ATTEMPTS = sa.Table(
    "outbox_attempts",
    METADATA,
    sa.Column("message_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("began_us", sa.BigInteger, nullable=False),
    sa.Column("ended_us", sa.BigInteger, comment="null when its sender died"),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("status", sa.Integer),
)
"""How each attempt went, never what the other side wrote."""

WEBHOOK_ENDPOINTS = sa.Table(
    "webhook_endpoints",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
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
)
"""Who is told by webhook; never removed, so that old deliveries still have a name."""
