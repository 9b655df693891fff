"""All tables, once, for SQLite and PostgreSQL.

The event log is written far more often than everything else together, so its own rows carry no secondary
index on SQLite: a random index page per row would cost more than the row itself (58 µs instead of 11 µs,
measured on 200,000 rows of 2.2 KB). There the lookups by id, by reference and by action live in a file
beside the log (`satark.storage.sqlite_index`). PostgreSQL keeps ordinary indexes.

The migrations under `migrations/versions` create these tables; a test holds the two against each other.
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    },
)

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A 64-bit key; SQLite makes it the row's own place only under the name INTEGER."""

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("seq", Serial, primary_key=True, autoincrement=False),
    sa.Column("owner", sa.BigInteger, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("occurred_us", sa.BigInteger, nullable=False),
    sa.Column("arrived_us", sa.BigInteger, nullable=False),
    sa.Column("flags", sa.Integer, nullable=False),
    sa.Column("ref", sa.Text, nullable=False),
    sa.Column(
        "action", sa.SmallInteger, comment="0 allow to 3 block; -1 not known; null when nothing was decided"
    ),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("decision_digest", sa.LargeBinary, comment="set when retention removes the decision"),
    sa.Column("features_digest", sa.LargeBinary, comment="set when retention removes the features"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("decision", sa.LargeBinary),
    sa.Column("features", sa.LargeBinary),
    sa.Index("uq_events_owner_event_id", "owner", "event_id", unique=True).ddl_if(dialect="postgresql"),
    sa.Index("ix_events_owner_ref", "owner", "ref", "seq", postgresql_where=sa.text("ref <> ''")).ddl_if(
        dialect="postgresql"
    ),
    sa.Index("ix_events_action", "action", "seq", postgresql_where=sa.text("action <> 0")).ddl_if(
        dialect="postgresql"
    ),
)
"""One row per `LogEntry`, in log order."""

LOG_CHAIN = sa.Table(
    "log_chain",
    METADATA,
    sa.Column("last_seq", Serial, primary_key=True, autoincrement=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)
"""One row per committed batch: the running digest of the log up to `last_seq`."""

INSTALLATION = sa.Table(
    "installation",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
"""Facts of the installation, for instance the mark by which it knows its own secrets."""

OWNERS = sa.Table(
    "owners",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("created_us", sa.BigInteger, nullable=False),
)
"""Who sends events; ids of events are unique per owner, who may hold several API keys."""

API_KEYS = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("owner", sa.BigInteger, sa.ForeignKey("owners.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("secret_hash", sa.LargeBinary, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False, comment="sorted, separated by one space"),
    sa.Column("rate_per_s", sa.Float(53), nullable=False, comment="0: the installation's own limit"),
    sa.Column("burst", sa.Integer, nullable=False, comment="0: as many as one second brings"),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("expires_us", sa.BigInteger),
    sa.Column("revoked_us", sa.BigInteger),
)
"""API keys; of the secret only a hash is kept."""

STAFF = sa.Table(
    "staff",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("username", sa.Text, nullable=False, unique=True),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("must_change", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("created_us", sa.BigInteger, nullable=False),
    sa.Column("changed_us", sa.BigInteger, nullable=False),
    sa.Column("disabled_us", sa.BigInteger),
)
"""People who log in to the pages."""

LIST_ENTRIES = sa.Table(
    "list_entries",
    METADATA,
    sa.Column("list", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("expires_us", sa.BigInteger),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("edit", sa.BigInteger, nullable=False, comment="the edit that made the entry what it is"),
)
"""What each list holds now."""

LIST_EDITS = sa.Table(
    "list_edits",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("list", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("change", sa.Text, nullable=False, comment="set or removed"),
    sa.Column("expires_us", sa.BigInteger),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Index("ix_list_edits_list_value", "list", "value", "id"),
)
"""Every edit of a list, by whom and when; never changed afterwards."""

AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("seq", Serial, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, comment="canonical JSON"),
    sa.Column("previous", sa.LargeBinary, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False),
)
"""Who did what to what: a hash chain."""
