"""What the models went by, one row per decision that stopped or questioned somebody; written once, never changed."""

from __future__ import annotations

import sqlalchemy as sa

from satark.storage.desk.tables.base import METADATA, Serial

EXPLANATIONS = sa.Table(
    "explanations",
    METADATA,
    sa.Column(
        "seq", Serial, primary_key=True, autoincrement=False, comment="the decision's place in the log"
    ),
    sa.Column("occurred_us", sa.BigInteger, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("model", sa.Text, nullable=False, comment="the hash of the model that answered"),
    sa.Column("failure", sa.Text, nullable=False, comment="why there is none; empty when there is one"),
    sa.Column("body", sa.Text, nullable=False, comment="JSON of satark.decisions.explaining.Explained"),
    sa.Index("ix_explanations_occurred_us", "occurred_us"),
)
