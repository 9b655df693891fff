"""What models went by, kept beside the cases: written once by the worker, read by the page of a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from satark.decisions.explaining import Explained, Failure
from satark.storage.desk.tables.entities import FOLLOWERS
from satark.storage.desk.tables.explanations import EXPLANATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.core.clock import Clock
    from satark.storage.engines import Engines

FOLLOWER = "explanations"
"""Under this name the worker keeps how far it has explained the log."""
MAX_BODY = 16_384
"""Characters of one explanation: `MOST_INPUTS` sentences in two languages are a quarter of it."""
_BODY = msgspec.json.Decoder(Explained)


@dataclass(frozen=True, slots=True)
class NewExplanation:
    """What is to be kept of one decision.

    Attributes
    ----------
    seq
        The decision's place in the log.
    occurred_us
        When the event was; for retention.
    model
        The hash of the model that answered.
    found
        The explanation, or why there is none.
    """

    seq: int
    occurred_us: int
    model: str
    found: Explained | Failure


class Explanations:
    """Explanations by the decision's place in the log; callable from any thread and process."""

    def __init__(self, engines: Engines, clock: Clock) -> None:
        self._engines = engines
        self._clock = clock

    def add(self, connection: sa.Connection, new: Sequence[NewExplanation]) -> None:
        """Keep explanations; one that is there already stays as it is.

        Parameters
        ----------
        connection
            The transaction in which the worker's place moves on.
        """
        if not new:
            return
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        made_us = self._clock.now_us()
        rows = [_row(one, made_us) for one in new]
        connection.execute(insert(EXPLANATIONS).on_conflict_do_nothing(index_elements=["seq"]), rows)

    def get(self, seq: int) -> Explained | Failure | None:
        """Return what is kept of a decision: an explanation, why there is none, or None for nothing (yet)."""
        query = sa.select(EXPLANATIONS.c.failure, EXPLANATIONS.c.body).where(EXPLANATIONS.c.seq == seq)
        with self._engines.reading("the explanations") as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        if row.failure:
            return Failure(row.failure) if row.failure in set(Failure) else Failure.FAILED
        try:
            return _BODY.decode(row.body)
        except msgspec.MsgspecError:
            return Failure.FAILED

    def is_past(self, seq: int) -> bool:
        """Tell whether the worker has been at a place of the log, so that nothing is to be waited for there."""
        query = sa.select(FOLLOWERS.c.seq).where(FOLLOWERS.c.name == FOLLOWER)
        with self._engines.reading("the explanations") as connection:
            return int(connection.scalar(query) or 0) >= seq

    def forget(self, before_us: int) -> int:
        """Remove explanations of events before a time, since they hold what the events' bodies say; return how many."""
        with self._engines.writing("the explanations") as connection:
            return connection.execute(
                sa.delete(EXPLANATIONS).where(EXPLANATIONS.c.occurred_us < before_us)
            ).rowcount


def _row(one: NewExplanation, made_us: int) -> dict[str, object]:
    failure, body = "", ""
    if isinstance(one.found, Failure):
        failure = one.found.value
    else:
        body = msgspec.json.encode(one.found).decode()
        if len(body) > MAX_BODY:
            failure, body = Failure.FAILED.value, ""
    return {
        "seq": one.seq,
        "occurred_us": one.occurred_us,
        "made_us": made_us,
        "model": one.model,
        "failure": failure,
        "body": body,
    }
