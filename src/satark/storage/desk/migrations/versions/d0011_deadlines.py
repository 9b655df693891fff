"""Remember what was told of a case's deadline."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d0011"
down_revision = "d0010"
branch_labels = None
depends_on = None

_TO_REMIND = "state <> 'closed' AND reminded < 2"


def upgrade() -> None:
    """Add the column and the index over cases that are still to be told of."""
    op.add_column(
        "cases",
        sa.Column(
            "reminded",
            sa.SmallInteger,
            nullable=False,
            server_default="0",
            comment="a number of cases.deadlines.Stage: what was told of its deadline",
        ),
    )
    op.create_index(
        "ix_cases_reminders",
        "cases",
        ["deadline_us"],
        sqlite_where=sa.text(_TO_REMIND),
        postgresql_where=sa.text(_TO_REMIND),
    )
