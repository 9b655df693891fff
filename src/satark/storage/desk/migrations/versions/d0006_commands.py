"""Create the commands to the engine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d0006"
down_revision = "d0005"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    """Create the commands to the engine."""
    op.create_table(
        "commands",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.BigInteger, nullable=False, comment="whose event it is about; 0 for lists"),
        sa.Column("kind", sa.Text, nullable=False, comment="label, list_set or list_remove"),
        sa.Column("body", sa.Text, nullable=False, comment="JSON"),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False, comment="waiting, done or refused"),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("settled_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_commands"),
    )
    op.create_index(
        "ix_commands_waiting", "commands", ["id"], sqlite_where=_WAITING, postgresql_where=_WAITING
    )
