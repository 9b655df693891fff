"""Create owners, API keys, staff, lists and the audit trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create owners, API keys, staff, lists and the audit trail."""
    op.create_table(
        "owners",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_owners"),
        sa.UniqueConstraint("name", name="uq_owners_name"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("owner", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False, comment="sorted, separated by one space"),
        sa.Column("rate_per_s", sa.Float(53), nullable=False, comment="0: the installation's own limit"),
        sa.Column("burst", sa.Integer, nullable=False, comment="0: as many as one second brings"),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger),
        sa.Column("revoked_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.ForeignKeyConstraint(["owner"], ["owners.id"], name="fk_api_keys_owner"),
    )
    op.create_table(
        "staff",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("must_change", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.Column("disabled_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("username", name="uq_staff_username"),
    )
    op.create_table(
        "list_entries",
        sa.Column("list", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("expires_us", sa.BigInteger),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("edit", sa.BigInteger, nullable=False, comment="the edit that made the entry what it is"),
        sa.PrimaryKeyConstraint("list", "value", name="pk_list_entries"),
    )
    op.create_table(
        "list_edits",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("list", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("change", sa.Text, nullable=False, comment="set or removed"),
        sa.Column("expires_us", sa.BigInteger),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_list_edits"),
    )
    op.create_index("ix_list_edits_list_value", "list_edits", ["list", "value", "id"])
    op.create_table(
        "audit",
        sa.Column("seq", _SERIAL, autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False, comment="canonical JSON"),
        sa.Column("previous", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
