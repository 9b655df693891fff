"""Create notices, their links and what customers have chosen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d0004"
down_revision = "d0003"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create notices, their links and what customers have chosen."""
    op.create_table(
        "notices",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("owner", "event_id", name="uq_notices_owner_event_id"),
    )
    op.create_index("ix_notices_case_id", "notices", ["case_id", "id"])
    op.create_index("ix_notices_owner_customer", "notices", ["owner", "customer", "created_us"])
    op.create_table(
        "notice_links",
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("notice_id", sa.BigInteger, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column(
            "target_hash", sa.LargeBinary, nullable=False, comment="keyed hash of the phone or address"
        ),
        sa.Column("key", sa.Text, nullable=False, comment="of the message in the outbox"),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
        sa.Column("opened_us", sa.BigInteger),
        sa.Column("used_us", sa.BigInteger),
        sa.Column("answer", sa.Text),
        sa.PrimaryKeyConstraint("token_hash", name="pk_notice_links"),
    )
    op.create_index("ix_notice_links_notice_id", "notice_links", ["notice_id"])
    op.create_index("ix_notice_links_target_hash", "notice_links", ["target_hash", "created_us"])
    op.create_table(
        "notice_customers",
        sa.Column("owner", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("customer", sa.Text, nullable=False),
        sa.Column("lang", sa.Text),
        sa.Column("threshold_minor", sa.BigInteger),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner", "customer", name="pk_notice_customers"),
    )
    op.create_index("ix_notice_customers_threshold_minor", "notice_customers", ["threshold_minor"])
