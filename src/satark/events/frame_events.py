"""Events in their own form (JSON lines, or columns that are structs) to the rows of a frame.

Each event goes through the same door as a request, and its facts are read by the same compiled reader, so that these
files are refused and understood exactly as the HTTP interface does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from satark.core.errors import BodyTooLarge, InvalidEvent
from satark.events.cards import replace_card_numbers
from satark.events.context import Context
from satark.events.custom import check_custom
from satark.events.decode import decode_event
from satark.events.fields import MAX_EVENT_BYTES
from satark.events.frame_check import Refusal
from satark.events.frame_columns import DTYPES, REQUIRED, ROW, TYPE, Column
from satark.events.frame_lines import encode_lines
from satark.events.kinds import PayeeChange, Payment, event_type
from satark.events.reader import compile_reader
from satark.events.refusals import refuse
from satark.events.seal import seal_card

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from satark.events.facts import FactType
    from satark.events.kinds import Event
    from satark.events.parts import Payee, Payer
    from satark.events.tokens import CardTokens

_PLACE = ("lat", "lon", "accuracy_m")


class _Tag(msgspec.Struct):
    type: str | None = None


_TAG = msgspec.json.Decoder(_Tag)


class EventRows:
    """Turns bodies into rows of facts.

    Parameters
    ----------
    columns
        `stored_columns` of the policy.
    attributes
        The policy's custom attributes.
    tokens
        The card keys in force; without them an event that holds a full card number is refused.
    """

    def __init__(
        self, columns: Mapping[str, Column], attributes: Mapping[str, FactType], tokens: CardTokens | None
    ) -> None:
        self._attributes = attributes
        self._tokens = tokens
        self._schema = {ROW: pl.Int64(), TYPE: pl.String()} | {
            name: DTYPES[column.kind] for name, column in columns.items()
        }
        self._names = {
            kind: [name for name, column in columns.items() if kind in column.types and name not in _PLACE]
            for kind in REQUIRED
        }
        self._readers = {
            kind: compile_reader([*names, *_locations(kind)], kind, {}, attributes)
            for kind, names in self._names.items()
        }
        self._context = Context()

    def frame(self, bodies: Iterable[tuple[int, bytes]]) -> tuple[pl.DataFrame, list[Refusal]]:
        """Return the good rows, and why the others are refused; `bodies` are row numbers and JSON."""
        by_kind: dict[str, list[list[Any]]] = {kind: [] for kind in REQUIRED}
        refused: list[Refusal] = []
        for row, body in bodies:
            try:
                event = self._event(body)
                kind = event_type(event)
                by_kind[kind].append([row, kind, *self._values(kind, event)])
            except (InvalidEvent, BodyTooLarge) as error:
                said = error.fields
                field, expected = str(said.get("field", "") or "the event"), str(said.get("expected", ""))
                refused.append(
                    Refusal(
                        row,
                        field,
                        expected or f"at most {MAX_EVENT_BYTES} bytes long",
                        str(said.get("found", "more")),
                    )
                )
        frames = [self._to_frame(kind, rows) for kind, rows in by_kind.items() if rows]
        # Always all columns, so that every chunk of a file looks alike.
        return pl.concat([pl.DataFrame(schema=self._schema), *frames], how="diagonal").sort(ROW), refused

    def of_events(self, events: Iterable[tuple[int, Event]]) -> pl.DataFrame:
        """Return the rows of events that passed the door before, with their row numbers."""
        by_kind: dict[str, list[list[Any]]] = {kind: [] for kind in REQUIRED}
        for row, event in events:
            kind = event_type(event)
            by_kind[kind].append([row, kind, *self._values(kind, event)])
        frames = [self._to_frame(kind, rows) for kind, rows in by_kind.items() if rows]
        return pl.concat([pl.DataFrame(schema=self._schema), *frames], how="diagonal").sort(ROW)

    def _event(self, body: bytes) -> Event:
        try:
            tag = _TAG.decode(body).type
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            tag = ""
        event = decode_event(body, "payment" if tag is None else None)
        if isinstance(event, Payment):
            check_custom(event, self._attributes)
        if self._tokens is not None:
            return seal_card(event, self._tokens)
        if isinstance(event, Payment) and event.card is not None and event.card.number is not None:
            raise refuse(
                "card.number", "absent (a file is replayed without card keys; give the token)", "str"
            )
        parties: list[Payer | Payee | None] = []
        if isinstance(event, Payment):
            parties = [event.payer, event.payee]
        elif isinstance(event, PayeeChange):
            parties = [event.payee]
        for party in parties:
            for text in () if party is None else (party.account, party.vpa):
                if text is not None and replace_card_numbers(text, lambda _: "x") != text:
                    raise refuse(
                        "account", "free of full card numbers", "str that looks like a full card number"
                    )
        return event

    def _values(self, kind: str, event: Event) -> list[Any]:
        values = self._readers[kind](event, None, self._context)
        if "lines" in self._names[kind]:
            place = self._names[kind].index("lines")
            values[place] = encode_lines(values[place])
        if _locations(kind):
            values[-1:] = values[-1] or (None, None, None)
        return values

    def _to_frame(self, kind: str, rows: list[list[Any]]) -> pl.DataFrame:
        names = [ROW, TYPE, *self._names[kind], *(_PLACE if _locations(kind) else ())]
        cells = zip(*rows, strict=True)
        return pl.DataFrame(
            [
                pl.Series(name, values, dtype=self._schema[name], strict=False)
                for name, values in zip(names, cells, strict=True)
            ]
        )


def json_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a file with their numbers; a line that is too long comes cut, and is refused for it."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_EVENT_BYTES + 2):
            number += 1
            whole = line
            while not line.endswith(b"\n") and len(line) == MAX_EVENT_BYTES + 2:
                line = file.readline(MAX_EVENT_BYTES + 2)
            body = whole.strip()
            if body:
                yield number, body


def struct_bodies(frame: pl.DataFrame) -> Iterator[tuple[int, bytes]]:
    """Yield the rows of a frame with structs as JSON bodies, without what is null."""
    names = [name for name in frame.columns if name != ROW]
    for row in frame.iter_rows(named=True):
        yield (
            row[ROW],
            msgspec.json.encode({name: _pruned(row[name]) for name in names if row[name] is not None}),
        )


def _pruned(value: Any) -> Any:  # noqa: ANN401 - a cell of any type
    if isinstance(value, dict):
        return {name: _pruned(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_pruned(inner) for inner in value]
    return value


def _locations(kind: str) -> Sequence[str]:
    return ("location",) if kind in {"payment", "payee_change"} else ()
