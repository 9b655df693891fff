"""Create the counts of the dashboard, the list values and acts of the list pages, and the policies of the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d0007"
down_revision = "d0006"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables that are read off the log, and the acts on lists."""
    op.create_table(
        "rollups",
        sa.Column(
            "grain", sa.SmallInteger, autoincrement=False, nullable=False, comment="hours per row: 1 or 24"
        ),
        sa.Column("measure", sa.Text, nullable=False),
        sa.Column("bucket", sa.BigInteger, nullable=False, comment="hours or days since 1970 in India"),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("minor", sa.BigInteger, nullable=False, comment="in the base currency"),
        sa.PrimaryKeyConstraint("grain", "measure", "bucket", "key", name="pk_rollups"),
    )
    op.create_table(
        "rollup_place",
        sa.Column("id", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rollup_place"),
    )
    op.create_table(
        "policies",
        sa.Column("seq", _SERIAL, autoincrement=False, nullable=False, comment="its place in the log"),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_policies"),
    )
    _lists()
    _acts()


def _lists() -> None:
    op.create_table(
        "list_values",
        sa.Column("list", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("removed", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("expires_us", sa.BigInteger),
        sa.Column("seq", sa.BigInteger, nullable=False, comment="the edit's place in the log"),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("list", "value", name="pk_list_values"),
    )
    op.create_index("ix_list_values_list_seq", "list_values", ["list", "seq"])
    op.create_table(
        "list_log",
        sa.Column("seq", _SERIAL, autoincrement=False, nullable=False),
        sa.Column("list", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("removed", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("expires_us", sa.BigInteger),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_list_log"),
    )
    op.create_index("ix_list_log_list_seq", "list_log", ["list", "seq"])


def _acts() -> None:
    op.create_table(
        "list_acts",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("list", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False, comment="add, remove, import or undo"),
        sa.Column("n", sa.Integer, nullable=False, comment="how many values it changed"),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("undone_by", sa.BigInteger, comment="the act that took it back"),
        sa.PrimaryKeyConstraint("id", name="pk_list_acts"),
    )
    op.create_index("ix_list_acts_list_id", "list_acts", ["list", "id"])
    op.create_table(
        "list_changes",
        sa.Column("act", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("list", sa.Text, nullable=False),
        sa.Column("was", sa.Boolean(create_constraint=False), nullable=False, comment="on the list before"),
        sa.Column("was_expires_us", sa.BigInteger),
        sa.Column("now", sa.Boolean(create_constraint=False), nullable=False, comment="on the list after"),
        sa.Column("now_expires_us", sa.BigInteger),
        sa.Column("command", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("act", "value", name="pk_list_changes"),
    )
    op.create_index("ix_list_changes_list_value_act", "list_changes", ["list", "value", "act"])
