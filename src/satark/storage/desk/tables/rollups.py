"""What the dashboard, the list pages and the policy pages show: counts, list values and policies read off the log.

All of it can be made again from the log, except who took which list edit back (`LIST_ACTS`, `LIST_CHANGES`).
"""

from __future__ import annotations

import sqlalchemy as sa

from satark.storage.desk.tables.base import METADATA, Serial

ROLLUPS = sa.Table(
    "rollups",
    METADATA,
    sa.Column(
        "grain", sa.SmallInteger, primary_key=True, autoincrement=False, comment="hours per row: 1 or 24"
    ),
    sa.Column("measure", sa.Text, primary_key=True),
    sa.Column("bucket", sa.BigInteger, primary_key=True, comment="hours or days since 1970 in India"),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("minor", sa.BigInteger, nullable=False, comment="in the base currency"),
)
"""Counts of decisions; see `satark.cases.rollups`."""

ROLLUP_PLACE = sa.Table(
    "rollup_place",
    METADATA,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""One row: up to where the log has been counted."""

LIST_VALUES = sa.Table(
    "list_values",
    METADATA,
    sa.Column("list", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("removed", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("expires_us", sa.BigInteger),
    sa.Column("seq", sa.BigInteger, nullable=False, comment="the edit's place in the log"),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Index("ix_list_values_list_seq", "list", "seq"),
)
"""What the newest edit in the log says of each value that people ever edited."""

LIST_LOG = sa.Table(
    "list_log",
    METADATA,
    sa.Column("seq", Serial, primary_key=True, autoincrement=False),
    sa.Column("list", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("removed", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("expires_us", sa.BigInteger),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Index("ix_list_log_list_seq", "list", "seq"),
)
"""Every edit in the log, in its order."""

LIST_ACTS = sa.Table(
    "list_acts",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("list", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, comment="add, remove, import or undo"),
    sa.Column("n", sa.Integer, nullable=False, comment="how many values it changed"),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("undone_by", sa.BigInteger, comment="the act that took it back"),
    sa.Index("ix_list_acts_list_id", "list", "id"),
)
"""What people did to lists on the pages, one row per form."""

LIST_CHANGES = sa.Table(
    "list_changes",
    METADATA,
    sa.Column("act", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("list", sa.Text, nullable=False),
    sa.Column("was", sa.Boolean(create_constraint=False), nullable=False, comment="on the list before"),
    sa.Column("was_expires_us", sa.BigInteger),
    sa.Column("now", sa.Boolean(create_constraint=False), nullable=False, comment="on the list after"),
    sa.Column("now_expires_us", sa.BigInteger),
    sa.Column("command", sa.BigInteger, nullable=False),
    sa.Index("ix_list_changes_list_value_act", "list", "value", "act"),
)
"""What each act changed, so that it can be taken back; `command` is what the engine was asked."""

POLICIES = sa.Table(
    "policies",
    METADATA,
    sa.Column("seq", Serial, primary_key=True, autoincrement=False, comment="its place in the log"),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
)
"""Each time that the engine began to decide by a policy; its text is in the log."""
