"""What people and the worker ask of the engine."""

from __future__ import annotations

import sqlalchemy as sa

from satark.storage.desk.tables.base import METADATA, Serial

COMMANDS = sa.Table(
    "commands",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.BigInteger, nullable=False, comment="whose event it is about; 0 for lists"),
    sa.Column("kind", sa.Text, nullable=False, comment="label, list_set or list_remove"),
    sa.Column("body", sa.Text, nullable=False, comment="JSON"),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, comment="waiting, done or refused"),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("settled_us", sa.BigInteger),
    sa.Index(
        "ix_commands_waiting",
        "id",
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    ),
)
"""Written in the transaction of the act that they belong to; the engine takes them from here in order."""
