"""How members of staff prove who they are; who they are stands in `staff`, in the installation's own database.

What could let somebody in is never kept as it is: of sessions, half-done logins and recovery codes there are digests,
secrets of one-time passwords are sealed, and of a passkey there is only the public half.
"""

from __future__ import annotations

import sqlalchemy as sa

from satark.storage.desk.tables.base import METADATA

STAFF_SESSIONS = sa.Table(
    "staff_sessions",
    METADATA,
    sa.Column("key", sa.LargeBinary, primary_key=True, comment="SHA-256 of the cookie's value"),
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
    sa.Index("ix_staff_sessions_username", "username"),
    sa.Index("ix_staff_sessions_seen_us", "seen_us"),
)
"""Who is logged in."""

STAFF_TOTP = sa.Table(
    "staff_totp",
    METADATA,
    sa.Column("username", sa.Text, primary_key=True),
    sa.Column("confirmed", sa.Boolean(create_constraint=False), primary_key=True),
    sa.Column("secret", sa.LargeBinary, nullable=False, comment="sealed"),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=False, comment="codes up to this time step are used up"),
)
"""Secrets of one-time passwords: the one that counts, and one that waits for its first code."""

STAFF_RECOVERY_CODES = sa.Table(
    "staff_recovery_codes",
    METADATA,
    sa.Column("username", sa.Text, primary_key=True),
    sa.Column("digest", sa.LargeBinary, primary_key=True, comment="keyed"),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("used_us", sa.BigInteger),
)
"""Codes for whoever has lost the second factor; each works once."""

STAFF_PASSKEYS = sa.Table(
    "staff_passkeys",
    METADATA,
    sa.Column("id", sa.LargeBinary, primary_key=True, comment="the credential's id"),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("public_key", sa.LargeBinary, nullable=False, comment="COSE"),
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("used_us", sa.BigInteger),
    sa.Index("ix_staff_passkeys_username", "username"),
)
"""Passkeys (W3C Web Authentication)."""

STAFF_ATTEMPTS = sa.Table(
    "staff_attempts",
    METADATA,
    sa.Column("username", sa.Text, primary_key=True),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("closed_until_us", sa.BigInteger, nullable=False),
)
"""Tries of a second factor since the last right one."""

STAFF_LOGIN_STEPS = sa.Table(
    "staff_login_steps",
    METADATA,
    sa.Column("key", sa.LargeBinary, primary_key=True, comment="SHA-256 of the value that the browser has"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False, comment="sealed JSON"),
    sa.Column("expires_us", sa.BigInteger, nullable=False),
    sa.Index("ix_staff_login_steps_expires_us", "expires_us"),
)
"""What a login remembers between two of its pages."""

STAFF_LINKS = sa.Table(
    "staff_links",
    METADATA,
    sa.Column("issuer", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("linked_us", sa.BigInteger, nullable=False),
    sa.Index("uq_staff_links_username_issuer", "username", "issuer", unique=True),
)
"""Which identity of an OpenID Connect provider is which member."""
