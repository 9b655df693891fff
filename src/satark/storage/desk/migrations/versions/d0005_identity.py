"""Create sessions, second factors, half-done logins and links of the staff."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d0005"
down_revision = "d0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create sessions, second factors, half-done logins and links of the staff."""
    op.create_table(
        "staff_sessions",
        sa.Column("key", sa.LargeBinary, nullable=False, comment="SHA-256 of the cookie's value"),
        sa.Column("id", sa.Text, nullable=False, comment="its name in lists; opens nothing"),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False, comment="password, passkey or single_sign_on"),
        sa.Column("strong", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("began_us", sa.BigInteger, nullable=False),
        sa.Column("seen_us", sa.BigInteger, nullable=False),
        sa.Column("member_changed_us", sa.BigInteger, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_staff_sessions"),
    )
    op.create_index("ix_staff_sessions_username", "staff_sessions", ["username"])
    op.create_index("ix_staff_sessions_seen_us", "staff_sessions", ["seen_us"])
    op.create_table(
        "staff_totp",
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("confirmed", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False, comment="sealed"),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column(
            "last_step", sa.BigInteger, nullable=False, comment="codes up to this time step are used up"
        ),
        sa.PrimaryKeyConstraint("username", "confirmed", name="pk_staff_totp"),
    )
    op.create_table(
        "staff_recovery_codes",
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False, comment="keyed"),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("used_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("username", "digest", name="pk_staff_recovery_codes"),
    )
    op.create_table(
        "staff_passkeys",
        sa.Column("id", sa.LargeBinary, nullable=False, comment="the credential's id"),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False, comment="COSE"),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("used_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_staff_passkeys"),
    )
    op.create_index("ix_staff_passkeys_username", "staff_passkeys", ["username"])
    op.create_table(
        "staff_attempts",
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("closed_until_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("username", name="pk_staff_attempts"),
    )
    op.create_table(
        "staff_login_steps",
        sa.Column("key", sa.LargeBinary, nullable=False, comment="SHA-256 of the value that the browser has"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False, comment="sealed JSON"),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_staff_login_steps"),
    )
    op.create_index("ix_staff_login_steps_expires_us", "staff_login_steps", ["expires_us"])
    op.create_table(
        "staff_links",
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("linked_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_staff_links"),
    )
    op.create_index("uq_staff_links_username_issuer", "staff_links", ["username", "issuer"], unique=True)
