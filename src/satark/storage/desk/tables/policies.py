"""Versions of policies on their way from draft to deciding, what people did to them, and the work asked for on pages.

An edited draft is a new row under a new hash, and the old one is replaced by it; the text of what was submitted never
changes under its hash. The rosters that the engine logged are kept beside those that were asked for, so that what
decides is known from the log.
"""

from __future__ import annotations

import sqlalchemy as sa

from satark.storage.desk.tables.base import METADATA, Serial

POLICY_VERSIONS = sa.Table(
    "policy_versions",
    METADATA,
    sa.Column("hash", sa.Text, primary_key=True, comment="of the policy's content"),
    sa.Column("thread", sa.Text, nullable=False, comment="the hash of the first draft it was made from"),
    sa.Column("parent", sa.Text, comment="the version that its text began as"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, comment="SHA-256 of the text"),
    sa.Column("state", sa.Text, nullable=False, comment="draft, in_review, reviewed, retired or replaced"),
    sa.Column(
        "revision", sa.Integer, nullable=False, comment="grows with each step; guards against overwriting"
    ),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("changed_us", sa.BigInteger, nullable=False),
    sa.Column("approval", sa.BigInteger, comment="the place in the audit trail where it was approved"),
    sa.Index("ix_policy_versions_thread", "thread"),
    sa.Index("ix_policy_versions_changed_us", "changed_us"),
)

POLICY_ACTS = sa.Table(
    "policy_acts",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("thread", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False, comment="see satark.cases.policy_life.Step"),
    sa.Column("was", sa.Text, nullable=False),
    sa.Column("now", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Index("ix_policy_acts_thread_id", "thread", "id"),
)
"""Who did what to a version, comments included."""

POLICY_ROSTERS = sa.Table(
    "policy_rosters",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, comment="the version that it is about; empty for a way back"),
    sa.Column("rule", sa.Text, nullable=False, comment="the rule that is switched; empty otherwise"),
    sa.Column("body", sa.Text, nullable=False, comment="the roster asked for, JSON"),
    sa.Column("before", sa.Text, nullable=False, comment="the roster that held then, JSON"),
    sa.Column("effective", sa.BigInteger, comment="whose placing holds after it; null: that of the settings"),
    sa.Column("prior", sa.BigInteger, comment="whose placing held before it"),
    sa.Column("command", sa.BigInteger, nullable=False),
    sa.Column("audit", sa.BigInteger, nullable=False, comment="its place in the audit trail"),
    sa.Column("note", sa.Text, nullable=False),
    sa.UniqueConstraint("command", name="uq_policy_rosters_command"),
)
"""Rosters that people asked for, one row per act."""

LOG_ROSTERS = sa.Table(
    "log_rosters",
    METADATA,
    sa.Column("seq", Serial, primary_key=True, autoincrement=False, comment="its place in the log"),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("live", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False, comment="JSON"),
    sa.Column("command", sa.BigInteger, comment="what asked for it; null: the engine's settings"),
)
"""Rosters as the engine logged them; the newest decides. Read off the log with the counts."""

JOBS = sa.Table(
    "jobs",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.Text, nullable=False, comment="backtest"),
    sa.Column("subject", sa.Text, nullable=False, comment="the hash of the version that it is about"),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False, comment="what was asked, JSON"),
    sa.Column("state", sa.Text, nullable=False, comment="waiting, running, done, failed or cancelled"),
    sa.Column("step", sa.Text, nullable=False, comment="what is being done"),
    sa.Column("done", sa.BigInteger, nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("lease_us", sa.BigInteger, comment="until when a silent runner is believed to live"),
    sa.Column("started_us", sa.BigInteger),
    sa.Column("ended_us", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False, comment="why it failed"),
    sa.Column("result", sa.Text, comment="JSON"),
    sa.Index("ix_jobs_subject_id", "subject", "id"),
    sa.Index("ix_jobs_state_id", "state", "id"),
)
"""Long work that a page asked for; the worker runs it in a child process."""
