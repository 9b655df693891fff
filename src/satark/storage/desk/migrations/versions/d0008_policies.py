"""Create the versions of policies, what people did to them, the rosters, and the work that pages ask for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d0008"
down_revision = "d0007"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables of the lifecycle."""
    _versions()
    _rosters()
    _jobs()


def _versions() -> None:
    op.create_table(
        "policy_versions",
        sa.Column("hash", sa.Text, nullable=False, comment="of the policy's content"),
        sa.Column("thread", sa.Text, nullable=False, comment="the hash of the first draft it was made from"),
        sa.Column("parent", sa.Text, comment="the version that its text began as"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, comment="SHA-256 of the text"),
        sa.Column(
            "state", sa.Text, nullable=False, comment="draft, in_review, reviewed, retired or replaced"
        ),
        sa.Column(
            "revision", sa.Integer, nullable=False, comment="grows with each step; guards against overwriting"
        ),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.Column("approval", sa.BigInteger, comment="the place in the audit trail where it was approved"),
        sa.PrimaryKeyConstraint("hash", name="pk_policy_versions"),
    )
    op.create_index("ix_policy_versions_thread", "policy_versions", ["thread"])
    op.create_index("ix_policy_versions_changed_us", "policy_versions", ["changed_us"])
    op.create_table(
        "policy_acts",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("thread", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False, comment="see satark.cases.policy_life.Step"),
        sa.Column("was", sa.Text, nullable=False),
        sa.Column("now", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy_acts"),
    )
    op.create_index("ix_policy_acts_thread_id", "policy_acts", ["thread", "id"])


def _rosters() -> None:
    op.create_table(
        "policy_rosters",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column(
            "hash", sa.Text, nullable=False, comment="the version that it is about; empty for a way back"
        ),
        sa.Column("rule", sa.Text, nullable=False, comment="the rule that is switched; empty otherwise"),
        sa.Column("body", sa.Text, nullable=False, comment="the roster asked for, JSON"),
        sa.Column("before", sa.Text, nullable=False, comment="the roster that held then, JSON"),
        sa.Column(
            "effective", sa.BigInteger, comment="whose placing holds after it; null: that of the settings"
        ),
        sa.Column("prior", sa.BigInteger, comment="whose placing held before it"),
        sa.Column("command", sa.BigInteger, nullable=False),
        sa.Column("audit", sa.BigInteger, nullable=False, comment="its place in the audit trail"),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy_rosters"),
        sa.UniqueConstraint("command", name="uq_policy_rosters_command"),
    )
    op.create_table(
        "log_rosters",
        sa.Column("seq", _SERIAL, autoincrement=False, nullable=False, comment="its place in the log"),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("live", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False, comment="JSON"),
        sa.Column("command", sa.BigInteger, comment="what asked for it; null: the engine's settings"),
        sa.PrimaryKeyConstraint("seq", name="pk_log_rosters"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_subject_id", "jobs", ["subject", "id"])
    op.create_index("ix_jobs_state_id", "jobs", ["state", "id"])
