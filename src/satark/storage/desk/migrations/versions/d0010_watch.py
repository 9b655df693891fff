"""Create the counts, references and findings of the watch, and which of them have a case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d0010"
down_revision = "d0009"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables of the watch."""
    _counts()
    _findings()


def _counts() -> None:
    op.create_table(
        "watch_counts",
        sa.Column("measure", sa.Text, nullable=False),
        sa.Column("day", sa.Integer, autoincrement=False, nullable=False, comment="since 1970 in India"),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("measure", "day", "key", name="pk_watch_counts"),
    )
    op.create_table(
        "watch_place",
        sa.Column("id", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_watch_place"),
    )
    op.create_table(
        "watch_references",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False, comment="JSON of decisions.watch.gauges.Kept"),
        sa.PrimaryKeyConstraint("name", "id", name="pk_watch_references"),
    )
    op.create_table(
        "watch_troubled",
        sa.Column(
            "seq", _SERIAL, autoincrement=False, nullable=False, comment="the payment's place in the log"
        ),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("who", sa.LargeBinary, nullable=False, comment="a digest under a key of the installation"),
        sa.Column("minor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_watch_troubled"),
    )
    op.create_index("ix_watch_troubled_day", "watch_troubled", ["day", "who"])


def _findings() -> None:
    op.create_table(
        "watch_findings",
        sa.Column("week", sa.Integer, autoincrement=False, nullable=False, comment="since 1970 in India"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False, comment="JSON of decisions.watch.findings.Finding"),
        sa.PrimaryKeyConstraint("week", "kind", "subject", name="pk_watch_findings"),
    )
    op.create_table(
        "watch_runs",
        sa.Column("id", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_watch_runs"),
    )
    op.create_table(
        "watch_cases",
        sa.Column("key", sa.Text, nullable=False, comment="findings with one key share a case"),
        sa.Column("case_id", sa.BigInteger, nullable=False),
        sa.Column("week", sa.Integer, nullable=False, comment="of the newest finding that was told"),
        sa.Column("subjects", sa.Text, nullable=False, comment="JSON: those that were told"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_watch_cases_case_id"),
        sa.PrimaryKeyConstraint("key", name="pk_watch_cases"),
    )
    op.create_index("ix_watch_cases_case_id", "watch_cases", ["case_id"])
