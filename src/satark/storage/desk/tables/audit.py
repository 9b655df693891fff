"""The desk's own audit chain: who did what to which case, entity, message or session."""

from __future__ import annotations

import sqlalchemy as sa

from satark.storage.desk.tables.base import METADATA, Serial

DESK_AUDIT = sa.Table(
    "desk_audit",
    METADATA,
    sa.Column("seq", Serial, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, comment="canonical JSON"),
    sa.Column("previous", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
    sa.Index("ix_desk_audit_subject", "subject", "seq"),
    sa.Index("ix_desk_audit_actor", "actor", "seq"),
    sa.Index("ix_desk_audit_action", "action", "seq"),
)
"""Written in the transaction of the act itself, so that neither is there without the other."""
