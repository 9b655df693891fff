"""Commands to the engine: labels, edits of lists and rosters of policies that people decided on in the console.

A command is written together with the act that it belongs to, so neither is there without the other. The engine takes
the waiting ones in order; each has an id of its own in the log, so one that is taken twice after a crash counts once.

An order to publish changes what every later decision follows from, so a row alone is not enough: `check` asks that the
audit trail, which nobody writes without the installation's key, says that this very order was given.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from satark.core.errors import Forbidden, InputInvalid
from satark.storage.desk.tables.commands import COMMANDS
from satark.storage.desk.tables.policies import POLICY_ROSTERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satark.core.clock import Clock
    from satark.storage.desk.audit import DeskAudit
    from satark.storage.engines import Engines

PUBLISH = "publish"
KINDS = frozenset({"label", "list_set", "list_remove", PUBLISH})
WAITING, DONE, REFUSED = "waiting", "done", "refused"
MAX_BODY_BYTES = 4_096
MAX_ORDER_BYTES = 8_000_000
"""An order carries the texts of policies."""
MAX_RESULT = 200


@dataclass(frozen=True, slots=True)
class Command:
    """One thing asked of the engine.

    Attributes
    ----------
    kind
        ``label`` (body: id, event, label, kind), ``list_set`` (list, value, expires_us, note), ``list_remove``
        (list, value, note) or ``publish`` (`satark.decisions.roster.PublishOrder`).
    state
        waiting, done or refused.
    result
        Why it was refused; empty otherwise.
    """

    id: int
    at_us: int
    owner: int
    kind: str
    body: dict[str, Any]
    actor: str
    state: str
    result: str


class Commands:
    """The commands; callable from any thread and process."""

    def __init__(self, engines: Engines, clock: Clock, audit: DeskAudit) -> None:
        self._engines = engines
        self._clock = clock
        self._audit = audit

    def put(
        self, connection: sa.Connection, owner: int, kind: str, body: Mapping[str, Any], actor: str
    ) -> int:
        """Ask for something in the caller's transaction; return the command's id.

        Raises
        ------
        InputInvalid
            There is no such kind, or the body is too large.
        """
        row = self._row(owner, kind, body, actor)
        done = connection.execute(sa.insert(COMMANDS).values(**row).returning(COMMANDS.c.id))
        return int(done.scalar_one())

    def put_all(
        self, connection: sa.Connection, commands: Sequence[tuple[int, str, Mapping[str, Any]]], actor: str
    ) -> None:
        """Ask for several things (owner, kind, body) in the caller's transaction, in their order.

        Raises
        ------
        InputInvalid
            As `put`.
        """
        rows = [self._row(owner, kind, body, actor) for owner, kind, body in commands]
        if rows:
            connection.execute(sa.insert(COMMANDS), rows)

    def _row(self, owner: int, kind: str, body: Mapping[str, Any], actor: str) -> dict[str, Any]:
        encoded = encode_body(body)
        most = MAX_ORDER_BYTES if kind == PUBLISH else MAX_BODY_BYTES
        if kind not in KINDS or len(encoded) > most:
            message = f"a command is one of {', '.join(sorted(KINDS))} with at most {most} bytes"
            raise InputInvalid(message, field="kind" if kind not in KINDS else "body")
        return {
            "at_us": self._clock.now_us(),
            "owner": owner,
            "kind": kind,
            "body": encoded.decode(),
            "actor": actor,
            "state": WAITING,
            "result": "",
        }

    def ask(self, owner: int, kind: str, body: Mapping[str, Any], actor: str) -> int:
        """Ask for something in a transaction of its own."""
        with self._engines.writing("the commands") as connection:
            return self.put(connection, owner, kind, body, actor)

    def check(self, command: Command) -> None:
        """Refuse an order to publish that nobody gave through the desk; all other commands pass.

        Raises
        ------
        Forbidden
            The audit trail does not say that this order was given, or says it of another body.
        """
        if command.kind != PUBLISH:
            return
        with self._engines.reading("the commands") as connection:
            place = connection.scalar(
                sa.select(POLICY_ROSTERS.c.audit).where(POLICY_ROSTERS.c.command == command.id)
            )
            entry = None if place is None else self._audit.genuine(connection, int(place))
        told = {} if entry is None else entry.detail
        if (
            entry is None
            or entry.actor != command.actor
            or told.get("command") != command.id
            or not hmac.compare_digest(str(told.get("order", "")), body_digest(command.body))
        ):
            message = "the audit trail does not know this order"
            raise Forbidden(message, scope="policies.publish")

    def waiting(self, limit: int) -> list[Command]:
        """Return the oldest that nobody has answered yet."""
        with self._engines.reading("the commands") as connection:
            rows = connection.execute(
                _SELECT.where(COMMANDS.c.state == sa.literal_column("'waiting'"))
                .order_by(COMMANDS.c.id)
                .limit(limit)
            )
            return [_command(row) for row in rows]

    def get(self, command_id: int) -> Command | None:
        """Return one command."""
        with self._engines.reading("the commands") as connection:
            row = connection.execute(_SELECT.where(COMMANDS.c.id == command_id)).first()
        return None if row is None else _command(row)

    def settle(self, command_id: int, state: str, result: str = "") -> None:
        """Say what became of a command; what has been said stays."""
        with self._engines.writing("the commands") as connection:
            connection.execute(
                sa.update(COMMANDS)
                .where(COMMANDS.c.id == command_id, COMMANDS.c.state == WAITING)
                .values(state=state, result=result[:MAX_RESULT], settled_us=self._clock.now_us())
            )


def encode_body(body: Mapping[str, Any]) -> bytes:
    """Return the one JSON form of a body."""
    return msgspec.json.encode(dict(body), order="sorted")


def body_digest(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of a body, as the audit trail keeps it."""
    return hashlib.sha256(encode_body(body)).hexdigest()


_SELECT = sa.select(
    COMMANDS.c.id,
    COMMANDS.c.at_us,
    COMMANDS.c.owner,
    COMMANDS.c.kind,
    COMMANDS.c.body,
    COMMANDS.c.actor,
    COMMANDS.c.state,
    COMMANDS.c.result,
)


def _command(row: Any) -> Command:  # noqa: ANN401 - a row
    return Command(row[0], row[1], row[2], row[3], msgspec.json.decode(row[4]), row[5], row[6], row[7])
