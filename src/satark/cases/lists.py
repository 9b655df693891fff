"""What is known of a value of a list, and what people did to lists: plain data for storage and pages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """Whether a list holds a value, and until when (None: for ever)."""

    on: bool
    expires_us: int | None = None


NOT_HELD = Held(on=False)


@dataclass(frozen=True, slots=True)
class ValueRow:
    """What the newest edit in the log says of a value; `seq` is its place."""

    list: str
    value: str
    removed: bool
    expires_us: int | None
    seq: int
    at_us: int
    actor: str
    note: str


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did with one form.

    Attributes
    ----------
    kind
        add, remove, import or undo.
    n
        How many values it changed.
    waiting, refused
        How many of its commands the engine has not taken yet, or would not take.
    undoable_until_us
        Until when its actor can take it back; None when nobody can.
    """

    id: int
    at_us: int
    actor: str
    list: str
    kind: str
    n: int
    note: str
    undone_by: int | None
    waiting: int
    refused: int
    undoable_until_us: int | None
