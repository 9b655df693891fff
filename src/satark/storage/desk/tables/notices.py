"""Notices to customers, their links, and what customers have chosen."""

from __future__ import annotations

import sqlalchemy as sa

from satark.storage.desk.tables.base import METADATA, Serial

NOTICES = sa.Table(
    "notices",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("owner", sa.BigInteger, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("case_id", sa.BigInteger),
    sa.Column("customer", sa.Text, nullable=False, comment="empty when the event names none"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("lang", sa.Text, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("shown", sa.LargeBinary, nullable=False, comment="JSON: what notice and page show"),
    sa.Column("terms", sa.LargeBinary, nullable=False, comment="JSON: what follows from an answer"),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("answer", sa.Text),
    sa.Column("answered_us", sa.BigInteger),
    sa.UniqueConstraint("owner", "event_id"),
    sa.Index("ix_notices_case_id", "case_id", "id"),
    sa.Index("ix_notices_owner_customer", "owner", "customer", "created_us"),
)
"""One row per payment that a customer was told of, or should have been."""

NOTICE_LINKS = sa.Table(
    "notice_links",
    METADATA,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True),
    sa.Column("notice_id", sa.BigInteger, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("target_hash", sa.LargeBinary, nullable=False, comment="keyed hash of the phone or address"),
    sa.Column("key", sa.Text, nullable=False, comment="of the message in the outbox"),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("expires_us", sa.BigInteger, nullable=False),
    sa.Column("opened_us", sa.BigInteger),
    sa.Column("used_us", sa.BigInteger),
    sa.Column("answer", sa.Text),
    sa.Index("ix_notice_links_notice_id", "notice_id"),
    sa.Index("ix_notice_links_target_hash", "target_hash", "created_us"),
)
"""One row per message of a notice; of its link only a hash is kept."""

NOTICE_CUSTOMERS = sa.Table(
    "notice_customers",
    METADATA,
    sa.Column("owner", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("customer", sa.Text, primary_key=True),
    sa.Column("lang", sa.Text),
    sa.Column("threshold_minor", sa.BigInteger),
    sa.Column("changed_us", sa.BigInteger, nullable=False),
    sa.Index("ix_notice_customers_threshold_minor", "threshold_minor"),
)
"""What customers have chosen: their language, and from which amount on they are told."""
