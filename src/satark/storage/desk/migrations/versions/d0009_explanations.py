"""Create the table of what models went by, computed after the decision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d0009"
down_revision = "d0008"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table; the worker fills it from the log."""
    op.create_table(
        "explanations",
        sa.Column(
            "seq", _SERIAL, autoincrement=False, nullable=False, comment="the decision's place in the log"
        ),
        sa.Column("occurred_us", sa.BigInteger, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("model", sa.Text, nullable=False, comment="the hash of the model that answered"),
        sa.Column("failure", sa.Text, nullable=False, comment="why there is none; empty when there is one"),
        sa.Column("body", sa.Text, nullable=False, comment="JSON of satark.decisions.explaining.Explained"),
        sa.PrimaryKeyConstraint("seq", name="pk_explanations"),
    )
    op.create_index("ix_explanations_occurred_us", "explanations", ["occurred_us"])
