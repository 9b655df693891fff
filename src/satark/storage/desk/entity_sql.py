"""The statements that walk along a thing's chain of events; the same text on SQLite and PostgreSQL.

A chain is walked inside the database by a recursive query: one step is one look into a primary key, about 2 µs. The
order of a CROSS JOIN is the order in which SQLite looks, so it never starts from the large side.
"""

from __future__ import annotations

import sqlalchemy as sa

_WALK = """
WITH RECURSIVE walk (entity, seq, previous, step) AS (
    SELECT entity, seq, previous, 1 FROM entity_links WHERE seq = :start AND entity = :entity
    UNION ALL
    SELECT links.entity, links.seq, links.previous, walk.step + 1
    FROM walk CROSS JOIN entity_links AS links
    WHERE links.seq = walk.previous AND links.entity = walk.entity AND walk.step < :steps
)
"""
_WHOLE = ("start", "entity", "steps", "stop", "most")
"""Parameters are 64-bit numbers: PostgreSQL would take a small one for a smaller kind."""


def _text(sql: str) -> sa.TextClause:
    names = [name for name in _WHOLE if f":{name}" in sql]
    return sa.text(sql).bindparams(*(sa.bindparam(name, type_=sa.BigInteger()) for name in names))


def _walk(sql: str) -> sa.TextClause:
    return _text(_WALK + sql)


CHAIN = _walk("SELECT seq FROM walk ORDER BY seq DESC")
"""The places of a thing's events, newest first."""

HISTORY = _text(
    """
WITH RECURSIVE walk (entity, seq, previous, step, occurred_us, action, amount_minor) AS (
    SELECT links.entity, links.seq, links.previous, 1, said.occurred_us, said.action, said.amount_minor
    FROM entity_links AS links CROSS JOIN entity_events AS said
    WHERE links.seq = :start AND links.entity = :entity AND said.seq = links.seq
    UNION ALL
    SELECT links.entity, links.seq, links.previous, walk.step + 1, said.occurred_us, said.action, said.amount_minor
    FROM walk CROSS JOIN entity_links AS links CROSS JOIN entity_events AS said
    WHERE links.seq = walk.previous AND links.entity = walk.entity AND said.seq = links.seq
        AND walk.step < :steps AND walk.occurred_us >= :stop
)
SELECT occurred_us, action, amount_minor FROM walk
"""
)
"""Time, action and amount of a thing's events, back to the first one before `stop`."""

NEAR = _walk(
    """,
near AS (
    SELECT links.entity AS entity, count(*) AS n_events, max(links.seq) AS last_seq,
        sum(CASE WHEN said.verdict = 1 THEN 1 ELSE 0 END) AS n_fraud
    FROM walk CROSS JOIN entity_events AS said CROSS JOIN entity_links AS links
    WHERE said.seq = walk.seq AND links.seq = walk.seq AND links.entity <> walk.entity
    GROUP BY links.entity
)
SELECT entities.kind, entities.value, nearest.n_events, nearest.n_fraud, nearest.last_seq
FROM (SELECT * FROM near ORDER BY n_events DESC, last_seq DESC, entity LIMIT :most) AS nearest CROSS JOIN entities
WHERE entities.id = nearest.entity
UNION ALL
SELECT entities.kind, NULL, count(*), 0, 0
FROM near CROSS JOIN entities
WHERE entities.id = near.entity
GROUP BY entities.kind
"""
)
"""What shares events with a thing, most first; behind it, without a value, how many things of each kind do."""

AMONG = sa.text(
    """
WITH RECURSIVE walk (entity, seq, previous, step) AS (
    SELECT links.entity, links.seq, links.previous, 1
    FROM entities AS origin CROSS JOIN entity_links AS links
    WHERE origin.id IN :ids AND links.seq = origin.last_seq AND links.entity = origin.id
    UNION ALL
    SELECT links.entity, links.seq, links.previous, walk.step + 1
    FROM walk CROSS JOIN entity_links AS links
    WHERE links.seq = walk.previous AND links.entity = walk.entity AND walk.step < :steps
)
SELECT walk.entity AS one, links.entity AS other, count(*) AS n_events, max(links.seq) AS last_seq,
    sum(CASE WHEN said.verdict = 1 THEN 1 ELSE 0 END) AS n_fraud
FROM walk CROSS JOIN entity_events AS said CROSS JOIN entity_links AS links
WHERE said.seq = walk.seq AND links.seq = walk.seq AND links.entity IN :ids AND links.entity <> walk.entity
GROUP BY walk.entity, links.entity
"""
).bindparams(
    sa.bindparam("ids", expanding=True, type_=sa.BigInteger), sa.bindparam("steps", type_=sa.BigInteger)
)
"""What several things share among themselves, each looked at over its own newest events."""

ACTIVITY = sa.text(
    """
WITH RECURSIVE walk (entity, seq, previous, step, occurred_us, action, amount_minor) AS (
    SELECT links.entity, links.seq, links.previous, 1, said.occurred_us, said.action, said.amount_minor
    FROM entities AS origin CROSS JOIN entity_links AS links CROSS JOIN entity_events AS said
    WHERE origin.id IN :ids AND links.seq = origin.last_seq AND links.entity = origin.id AND said.seq = links.seq
    UNION ALL
    SELECT links.entity, links.seq, links.previous, walk.step + 1, said.occurred_us, said.action, said.amount_minor
    FROM walk CROSS JOIN entity_links AS links CROSS JOIN entity_events AS said
    WHERE links.seq = walk.previous AND links.entity = walk.entity AND said.seq = links.seq
        AND walk.step < :steps AND walk.occurred_us >= :stop
)
SELECT entity, (occurred_us - :begin) / :bucket AS place, action, count(*) AS n,
    sum(amount_minor / 1000000) AS millions, sum(amount_minor % 1000000) AS rest
FROM walk WHERE occurred_us >= :begin AND occurred_us < :until GROUP BY 1, 2, 3
"""
).bindparams(
    sa.bindparam("ids", expanding=True, type_=sa.BigInteger),
    *(sa.bindparam(name, type_=sa.BigInteger) for name in ("steps", "stop", "begin", "until", "bucket")),
)
"""What several things did in each bucket of time; amounts in two parts, whose sums fit into 64 bits."""

AROUND = sa.text(
    """
WITH RECURSIVE walk (entity, seq, previous, step) AS (
    SELECT links.entity, links.seq, links.previous, 1
    FROM entities AS origin CROSS JOIN entity_links AS links
    WHERE origin.id IN :ids AND links.seq = origin.last_seq AND links.entity = origin.id
    UNION ALL
    SELECT links.entity, links.seq, links.previous, walk.step + 1
    FROM walk CROSS JOIN entity_links AS links
    WHERE links.seq = walk.previous AND links.entity = walk.entity AND walk.step < :steps
)
SELECT DISTINCT walk.entity, links.entity
FROM walk CROSS JOIN entity_links AS links CROSS JOIN entities
WHERE links.seq = walk.seq AND links.entity <> walk.entity AND entities.id = links.entity
    AND (entities.kind NOT IN :dull OR entities.id IN :ends)
LIMIT :most
"""
).bindparams(
    sa.bindparam("ids", expanding=True, type_=sa.BigInteger),
    sa.bindparam("dull", expanding=True, type_=sa.SmallInteger),
    sa.bindparam("ends", expanding=True, type_=sa.BigInteger),
    sa.bindparam("steps", type_=sa.BigInteger),
    sa.bindparam("most", type_=sa.BigInteger),
)
"""All neighbours of several things at once, by numbers."""
