"""Create cases, alerts and what hangs on them, and the desk's audit chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d0001"
down_revision = None
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NOT_CLOSED = sa.text("state <> 'closed'")
_CLOSED = sa.text("closed_us IS NOT NULL")
_JOINS = sa.text("joins")
_BY_RISK: sa.TextClause = sa.text("priority DESC")
_NOT_CLOSED_INDEXES: tuple[tuple[str, list[str | sa.TextClause]], ...] = (
    ("ix_cases_worklist", [_BY_RISK, "id"]),
    ("ix_cases_queue", ["queue", _BY_RISK, "id"]),
    ("ix_cases_assignee", ["assignee", _BY_RISK, "id"]),
    ("ix_cases_ages", ["queue", "opened_us", "deadline_us", "amount_minor", "assignee"]),
)


def upgrade() -> None:
    """Create cases, alerts and what hangs on them, and the desk's audit chain."""
    _create_cases()
    _create_alerts()
    _create_entities()
    _create_parts()
    _create_people()
    _create_audit()


def _create_cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("owner", sa.BigInteger, nullable=False, comment="whose events; cases never mix owners"),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("reason_code", sa.Text),
        sa.Column("assignee", sa.Text),
        sa.Column("locked_by", sa.Text),
        sa.Column("locked_until_us", sa.BigInteger, nullable=False),
        sa.Column("priority", sa.Float(53), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column(
            "gravity", sa.SmallInteger, nullable=False, comment="the gravest action of its alerts, 0 to 3"
        ),
        sa.Column("opened_us", sa.BigInteger, nullable=False),
        sa.Column("deadline_us", sa.BigInteger, nullable=False),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.Column("closed_us", sa.BigInteger),
        sa.Column("closed_by", sa.Text),
        sa.Column("n_alerts", sa.Integer, nullable=False),
        sa.Column(
            "n_closings", sa.Integer, nullable=False, comment="how often it was closed; part of labels' ids"
        ),
        sa.Column("four_eyes", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("proposed_by", sa.Text),
        sa.Column("proposal", sa.Text, comment="JSON: list entries and hold, while proposed"),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
    )
    for name, columns in _NOT_CLOSED_INDEXES:
        op.create_index(name, "cases", columns, sqlite_where=_NOT_CLOSED, postgresql_where=_NOT_CLOSED)
    op.create_index("ix_cases_state", "cases", ["state", _BY_RISK, "id"])
    op.create_index(
        "ix_cases_closed_us", "cases", ["closed_us"], sqlite_where=_CLOSED, postgresql_where=_CLOSED
    )


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False, comment="the decided event's place in the log"),
        sa.Column("owner", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("occurred_us", sa.BigInteger, nullable=False),
        sa.Column("opened_us", sa.BigInteger, nullable=False),
        sa.Column("deadline_us", sa.BigInteger, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("priority", sa.Float(53), nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("kinds", sa.Text, nullable=False, comment="separated by one space"),
        sa.Column("rules", sa.Text, nullable=False, comment="separated by one space"),
        sa.Column("outcome", sa.Text),
        sa.Column("closed_us", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_alerts_case_id"),
    )
    op.create_index("uq_alerts_seq", "alerts", ["seq"], unique=True)
    op.create_index("ix_alerts_case_id", "alerts", ["case_id", "id"])
    op.create_index("ix_alerts_event_id", "alerts", ["event_id"])
    op.create_index(
        "ix_alerts_closed_us", "alerts", ["closed_us"], sqlite_where=_CLOSED, postgresql_where=_CLOSED
    )


def _create_entities() -> None:
    op.create_table(
        "case_entities",
        sa.Column("case_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("owner", sa.BigInteger, nullable=False),
        sa.Column(
            "joins",
            sa.Boolean(create_constraint=False),
            nullable=False,
            comment="the case is open and not full: alerts that name this may join it",
        ),
        sa.Column("n_alerts", sa.Integer, nullable=False),
        sa.Column("first_us", sa.BigInteger, nullable=False),
        sa.Column("last_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "kind", "value", name="pk_case_entities"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_entities_case_id"),
    )
    op.create_index("ix_case_entities_value", "case_entities", ["value", "kind", "case_id"])
    op.create_index(
        "ix_case_entities_joins",
        "case_entities",
        ["value", "kind", "owner", "last_us"],
        sqlite_where=_JOINS,
        postgresql_where=_JOINS,
    )


def _create_parts() -> None:
    op.create_table(
        "case_timeline",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False, comment="JSON"),
        sa.PrimaryKeyConstraint("id", name="pk_case_timeline"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_timeline_case_id"),
    )
    op.create_index("ix_case_timeline_case_id", "case_timeline", ["case_id", "id"])
    op.create_table(
        "case_checks",
        sa.Column("case_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("done_by", sa.Text, nullable=False),
        sa.Column("done_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "item", name="pk_case_checks"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_checks_case_id"),
    )
    op.create_table(
        "case_attachments",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_attachments"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_attachments_case_id"),
    )
    op.create_index("ix_case_attachments_case_id", "case_attachments", ["case_id", "id"])


def _create_people() -> None:
    op.create_table(
        "case_undos",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.Column("undone_us", sa.BigInteger),
        sa.Column(
            "body", sa.Text, nullable=False, comment="JSON: how each case was, and its version afterwards"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_case_undos"),
    )
    op.create_index("ix_case_undos_actor", "case_undos", ["actor", "id"])
    op.create_table(
        "case_views",
        sa.Column("id", _SERIAL, autoincrement=True, nullable=False),
        sa.Column("owner", sa.Text, nullable=False, comment="a user name"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("shared", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("changed_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_views"),
    )
    op.create_index("uq_case_views_owner_name", "case_views", ["owner", "name"], unique=True)
    op.create_table(
        "case_terms",
        sa.Column("id", _SERIAL, autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False, comment="JSON of policies.case_rules.CaseTerms"),
        sa.PrimaryKeyConstraint("id", name="pk_case_terms"),
    )


def _create_audit() -> None:
    op.create_table(
        "desk_audit",
        sa.Column("seq", _SERIAL, autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False, comment="canonical JSON"),
        sa.Column("previous", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_desk_audit"),
    )
    for column in ("subject", "actor", "action"):
        op.create_index(f"ix_desk_audit_{column}", "desk_audit", [column, "seq"])
