"""What the watch keeps: counts per day, references, findings per week, and which finding has which case.

All but the cases can be made again from the log: remove the rows, the place among them, and the worker counts anew.
"""

from __future__ import annotations

import sqlalchemy as sa

from satark.storage.desk.tables.base import METADATA, Serial

WATCH_COUNTS = sa.Table(
    "watch_counts",
    METADATA,
    sa.Column("measure", sa.Text, primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False, comment="since 1970 in India"),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("n", sa.BigInteger, nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
)
"""Counts; see `satark.decisions.watch.measures`."""

WATCH_PLACE = sa.Table(
    "watch_place",
    METADATA,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""One row: up to where the log has been counted."""

WATCH_REFERENCES = sa.Table(
    "watch_references",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("body", sa.Text, nullable=False, comment="JSON of decisions.watch.gauges.Kept"),
)
"""What was usual; never changed once it is there."""

WATCH_TROUBLED = sa.Table(
    "watch_troubled",
    METADATA,
    sa.Column("seq", Serial, primary_key=True, autoincrement=False, comment="the payment's place in the log"),
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("who", sa.LargeBinary, nullable=False, comment="a digest under a key of the installation"),
    sa.Column("minor", sa.BigInteger, nullable=False),
    sa.Index("ix_watch_troubled_day", "day", "who"),
)
"""Payments that were stopped and are known to be genuine, so that their customers can be counted once each."""

WATCH_FINDINGS = sa.Table(
    "watch_findings",
    METADATA,
    sa.Column("week", sa.Integer, primary_key=True, autoincrement=False, comment="since 1970 in India"),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False, comment="JSON of decisions.watch.findings.Finding"),
)
"""The findings of each week as they stand."""

WATCH_RUNS = sa.Table(
    "watch_runs",
    METADATA,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""One row: when the weeks were last judged, and up to where in the log."""

WATCH_CASES = sa.Table(
    "watch_cases",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True, comment="findings with one key share a case"),
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("week", sa.Integer, nullable=False, comment="of the newest finding that was told"),
    sa.Column("subjects", sa.Text, nullable=False, comment="JSON: those that were told"),
    sa.Index("ix_watch_cases_case_id", "case_id"),
)
"""The newest case of each key."""
