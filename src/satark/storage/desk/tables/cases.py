"""Alerts, cases and everything that hangs on a case.

Two tables answer what is asked most: `cases` alone makes the queue (its filters and its order are indexed), and
`case_entities` says which open case an alert with this card or device belongs to. Sums over a case's alerts (priority,
amount, number) are kept in the case's row, so that a page never adds them up.
"""

from __future__ import annotations

import sqlalchemy as sa

from satark.storage.desk.tables.base import METADATA, Serial

NOT_CLOSED = "state <> 'closed'"
TO_REMIND = f"{NOT_CLOSED} AND reminded < 2"

CASES = sa.Table(
    "cases",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
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
    sa.Column("gravity", sa.SmallInteger, nullable=False, comment="the gravest action of its alerts, 0 to 3"),
    sa.Column("opened_us", sa.BigInteger, nullable=False),
    sa.Column("deadline_us", sa.BigInteger, nullable=False),
    sa.Column("changed_us", sa.BigInteger, nullable=False),
    sa.Column("closed_us", sa.BigInteger),
    sa.Column("closed_by", sa.Text),
    sa.Column("n_alerts", sa.Integer, nullable=False),
    sa.Column("n_closings", sa.Integer, nullable=False, comment="how often it was closed; part of labels' ids"),
    sa.Column("four_eyes", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("proposed_by", sa.Text),
    sa.Column("proposal", sa.Text, comment="JSON: list entries and hold, while proposed"),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("reminded", sa.SmallInteger, nullable=False, server_default="0",
              comment="a number of cases.deadlines.Stage: what was told of its deadline"),
    sa.Index(
        "ix_cases_worklist",
        sa.text("priority DESC"),
        "id",
        sqlite_where=sa.text(NOT_CLOSED),
        postgresql_where=sa.text(NOT_CLOSED),
    ),
    sa.Index(
        "ix_cases_queue",
        "queue",
        sa.text("priority DESC"),
        "id",
        sqlite_where=sa.text(NOT_CLOSED),
        postgresql_where=sa.text(NOT_CLOSED),
    ),
    sa.Index(
        "ix_cases_assignee",
        "assignee",
        sa.text("priority DESC"),
        "id",
        sqlite_where=sa.text(NOT_CLOSED),
        postgresql_where=sa.text(NOT_CLOSED),
    ),
    sa.Index("ix_cases_ages", "queue", "opened_us", "deadline_us", "amount_minor", "assignee",
             sqlite_where=sa.text(NOT_CLOSED), postgresql_where=sa.text(NOT_CLOSED)),
    sa.Index("ix_cases_reminders", "deadline_us", sqlite_where=sa.text(TO_REMIND),
             postgresql_where=sa.text(TO_REMIND)),
    sa.Index("ix_cases_state", "state", sa.text("priority DESC"), "id"),
    sa.Index("ix_cases_closed_us", "closed_us", sqlite_where=sa.text("closed_us IS NOT NULL"),
             postgresql_where=sa.text("closed_us IS NOT NULL")),
)  # fmt: skip
"""One row per case."""

ALERTS = sa.Table(
    "alerts",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("cases.id"), nullable=False),
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
    sa.Index("uq_alerts_seq", "seq", unique=True),
    sa.Index("ix_alerts_case_id", "case_id", "id"),
    sa.Index("ix_alerts_event_id", "event_id"),
    sa.Index("ix_alerts_closed_us", "closed_us", sqlite_where=sa.text("closed_us IS NOT NULL"),
             postgresql_where=sa.text("closed_us IS NOT NULL")),
)  # fmt: skip
"""One row per decision that somebody should look at; a decision has at most one."""

CASE_ENTITIES = sa.Table(
    "case_entities",
    METADATA,
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("owner", sa.BigInteger, nullable=False),
    sa.Column("joins", sa.Boolean(create_constraint=False), nullable=False,
              comment="the case is open and not full: alerts that name this may join it"),
    sa.Column("n_alerts", sa.Integer, nullable=False),
    sa.Column("first_us", sa.BigInteger, nullable=False),
    sa.Column("last_us", sa.BigInteger, nullable=False),
    sa.Index("ix_case_entities_value", "value", "kind", "case_id"),
    sa.Index("ix_case_entities_joins", "value", "kind", "owner", "last_us", sqlite_where=sa.text("joins"),
             postgresql_where=sa.text("joins")),
)  # fmt: skip
"""What the alerts of a case name."""

CASE_TIMELINE = sa.Table(
    "case_timeline",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, comment="JSON"),
    sa.Index("ix_case_timeline_case_id", "case_id", "id"),
)
"""What happened to a case; never changed afterwards."""

CASE_CHECKS = sa.Table(
    "case_checks",
    METADATA,
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("cases.id"), primary_key=True, autoincrement=False),
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("done_by", sa.Text, nullable=False),
    sa.Column("done_us", sa.BigInteger, nullable=False),
)
"""The ticked items of a case's checklist."""

CASE_ATTACHMENTS = sa.Table(
    "case_attachments",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("case_id", sa.BigInteger, sa.ForeignKey("cases.id"), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Index("ix_case_attachments_case_id", "case_id", "id"),
)
"""Files at a case."""

CASE_UNDOS = sa.Table(
    "case_undos",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=False),
    sa.Column("undone_us", sa.BigInteger),
    sa.Column("body", sa.Text, nullable=False, comment="JSON: how each case was, and its version afterwards"),
    sa.Index("ix_case_undos_actor", "actor", "id"),
)
"""What people did, with what is needed to take it back."""

CASE_VIEWS = sa.Table(
    "case_views",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=True),
    sa.Column("owner", sa.Text, nullable=False, comment="a user name"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("shared", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("changed_us", sa.BigInteger, nullable=False),
    sa.Index("uq_case_views_owner_name", "owner", "name", unique=True),
)
"""Saved filters of the queue."""

CASE_TERMS = sa.Table(
    "case_terms",
    METADATA,
    sa.Column("id", Serial, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False, comment="JSON of policies.case_rules.CaseTerms"),
)
"""One row: the words of the policy in use, so that pages need no policy file."""
