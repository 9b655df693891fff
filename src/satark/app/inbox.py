"""The engine's inbox: labels and edits of lists that people decided on, taken from the desk's database into the log.

Beside the way of an event: a thread of the engine's process asks a few times a second. What is taken twice (a crash
between the log and the note that it is done) is answered from the log, since every command has its own id there.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import structlog

from satark.core.clock import Micros, from_us
from satark.core.errors import InputInvalid, NotFound, NotReady, RateLimited, SatarkError, StorageUnavailable
from satark.decisions.answers import Outcome
from satark.decisions.list_edits import ListEdit
from satark.decisions.roster import order_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from satark.decisions.roster import PublishOrder

_log = structlog.get_logger("satark.inbox")

POLL_SECONDS = 0.2
RETRY_SECONDS = 5.0
PUBLISH = "publish"
PATIENCE_SECONDS = 15.0
ROUND = 100
_COME_BACK = (NotReady, StorageUnavailable, RateLimited)
"""Refusals that will pass: the command keeps waiting."""


class Service(Protocol):
    """The part of the engine that takes commands."""

    def submit(  # noqa: D102
        self, raw: bytes, owner: int, done: Callable[[Outcome], None], *, only: str | None = ...
    ) -> None: ...
    def edit_list(self, edit: ListEdit, event_id: str, done: Callable[[Outcome], None]) -> None: ...  # noqa: D102
    def publish(  # noqa: D102
        self, order: PublishOrder, event_id: str, done: Callable[[Outcome], None], *, actor: str = ...
    ) -> None: ...


class Commands(Protocol):
    """Where commands wait; see `satark.storage.desk.commands`."""

    def waiting(self, limit: int) -> Sequence[Any]: ...  # noqa: D102
    def settle(self, command_id: int, state: str, result: str = "") -> None: ...  # noqa: D102
    def check(self, command: Any) -> None: ...  # noqa: ANN401, D102


class Lists(Protocol):
    """What pages and commands show of lists; see `satark.storage.lists`."""

    def set(  # noqa: D102
        self, name: str, value: str, *, actor: str, expires_us: int | None = None, note: str = ""
    ) -> Any: ...  # noqa: ANN401
    def remove(self, name: str, value: str, *, actor: str, note: str = "") -> Any: ...  # noqa: ANN401, D102


class HasCommands(Protocol):
    """The desk's database, as far as the engine knows it."""

    @property
    def commands(self) -> Commands: ...  # noqa: D102


class _Order:
    """One order to publish, carried out by a thread of its own."""

    def __init__(self, command_id: int) -> None:
        self.id = command_id
        self.came = threading.Event()
        self.outcome: Outcome | None = None

    def begin(self, service: Service, order: PublishOrder, actor: str) -> None:
        """Start."""
        threading.Thread(
            target=self._run, args=(service, order, actor), name="satark-publish", daemon=True
        ).start()

    def _run(self, service: Service, order: PublishOrder, actor: str) -> None:
        try:
            service.publish(order, f"command:{self.id}", self._hear, actor=actor)
        except Exception:  # noqa: BLE001 - the engine goes on with what it had
            _log.exception("publish_failed", command=self.id)
            self._hear(Outcome(0, b"", error=InputInvalid("the order could not be carried out")))

    def _hear(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.came.set()


class Inbox:
    """Takes commands in order, one after the other.

    Parameters
    ----------
    service
        The engine.
    open_desk
        Opens the desk's database, where they wait. Called by the inbox's own thread, and again when it failed: the
        engine decides without a desk as well as with one.
    lists
        Told of each edit once the log has it, so that pages show it.
    """

    def __init__(
        self, service: Service, open_desk: Callable[[], AbstractContextManager[HasCommands]], lists: Lists
    ) -> None:
        self._service = service
        self._open_desk = open_desk
        self._lists = lists
        self._stop = threading.Event()
        self._order: _Order | None = None
        self._thread = threading.Thread(target=self._run, name="satark-inbox", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the command under way, and take no more."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(PATIENCE_SECONDS + 1)

    def take(self, commands: Commands) -> int:
        """Carry out what waits; return how many were settled.

        The first one that cannot be carried out now ends the round, so that none overtakes it.
        """
        settled = 0
        for command in commands.waiting(ROUND):
            if self._stop.is_set():
                break
            if command.kind == PUBLISH and not self._is_through(command):
                # New windows take as long as the log is; labels and lists do not wait for them, later orders do.
                continue
            try:
                self._carry_out(command, commands)
            except _COME_BACK as error:
                _log.info("command_waits", command=command.id, reason=error.code)
                if self._order is not None and self._order.id == command.id:
                    continue
                break
            except SatarkError as error:
                _log.warning("command_refused", command=command.id, kind=command.kind, reason=error.code)
                commands.settle(command.id, "refused", error.code)
            else:
                commands.settle(command.id, "done")
            settled += 1
        return settled

    def _is_through(self, command: Any) -> bool:  # noqa: ANN401 - as the port gives it
        """Return whether an order may be looked at: it has its outcome, or none is under way."""
        return self._order is None or (self._order.id == command.id and self._order.outcome is not None)

    def _publish(self, command: Any, commands: Commands) -> None:  # noqa: ANN401 - as the port gives it
        """Give the engine an order, or return or raise what came of it.

        Raises
        ------
        NotReady
            It is under way.
        SatarkError
            It was refused.
        """
        if self._order is None:
            commands.check(command)
            order = order_of(command.body)
            self._order = _Order(command.id)
            self._order.begin(self._service, order, command.actor)
        if not self._order.came.wait(POLL_SECONDS):
            message = "the order is being carried out"
            raise NotReady(message)
        outcome, self._order = self._order.outcome, None
        if outcome is not None and outcome.error is not None:
            raise outcome.error

    def _carry_out(self, command: Any, commands: Commands) -> None:  # noqa: ANN401 - as the port gives it
        if command.kind == PUBLISH:
            self._publish(command, commands)
            return
        if command.kind == "label":
            raw = label_of(command.body, command.actor, command.at_us)
            self._wait(lambda done: self._service.submit(raw, command.owner, done, only="label"))
            return
        edit = edit_of(command.kind, command.body, command.actor)
        self._wait(lambda done: self._service.edit_list(edit, f"command:{command.id}", done))
        value = str(edit.value)
        if not edit.remove:
            self._lists.set(edit.list, value, actor=edit.actor, expires_us=edit.expires_us, note=edit.note)
            return
        try:
            self._lists.remove(edit.list, value, actor=edit.actor, note=edit.note)
        except NotFound:
            # It stood in the policy or its file, which the pages read from there.
            return

    def _wait(self, ask: Callable[[Callable[[Outcome], None]], None]) -> None:
        came = threading.Event()
        heard: list[Outcome] = []

        def done(outcome: Outcome) -> None:
            heard.append(outcome)
            came.set()

        ask(done)
        if not came.wait(PATIENCE_SECONDS):
            message = "the engine has not answered yet"
            raise NotReady(message)
        if heard[0].error is not None:
            raise heard[0].error

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._open_desk() as desk:
                    while not self._stop.wait(POLL_SECONDS):
                        self.take(desk.commands)
            except SatarkError as error:
                _log.warning("inbox_failed", error=error.code)
            except Exception:  # noqa: BLE001 - commands wait in the database; the next round tries again
                _log.exception("inbox_failed")
            self._stop.wait(RETRY_SECONDS)


def label_of(body: Mapping[str, Any], actor: str, at_us: int) -> bytes:
    """Return the label event that a command stands for.

    Examples
    --------
    >>> label_of({"id": "case_7_9_1", "event": "p1", "label": "fraud"}, "asha", 0)[:51]
    b'{"type":"label","id":"case_7_9_1","event":"p1","lab'
    """
    told = {name: body[name] for name in ("id", "event", "label", "kind") if body.get(name) is not None}
    reporter = str(body.get("reporter") or f"staff:{actor}")
    return msgspec.json.encode(
        {"type": "label", **told, "reporter": reporter, "reported_at": from_us(Micros(at_us)).isoformat()}
    )


def edit_of(kind: str, body: Mapping[str, Any], actor: str) -> ListEdit:
    """Return the edit of a list that a command stands for.

    Raises
    ------
    InputInvalid
        It names no list or value, or is of another kind.
    """
    if kind not in {"list_set", "list_remove"}:
        message = "the engine knows no such command"
        raise InputInvalid(message, field="kind", found=kind[:64])
    try:
        edit = msgspec.convert(
            {
                "list": body["list"],
                "value": body["value"],
                "expires_us": body.get("expires_us"),
                "remove": kind == "list_remove",
                "actor": actor,
                "note": body.get("note") or "",
            },
            ListEdit,
        )
    except (KeyError, msgspec.ValidationError) as error:
        message = "the command names no list, value or expiry"
        raise InputInvalid(message, field="body") from error
    return edit
