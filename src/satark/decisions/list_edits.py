"""Edits of lists while the engine runs: each is an input, so it lies in the log like every other.

An edit counts from its own place in the log on. At a start the edits of the log are applied to the lists of the policy;
a decision that is made again sees those that lay before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from satark.core.errors import InputInvalid
from satark.decisions.ports import LogEntry
from satark.language import Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from satark.decisions.ports import EventLog
    from satark.policies import ListBook, Policy

LIST_EDIT = "list_edit"
SYSTEM_OWNER = 0
MAX_VALUE_LENGTH = 512


class ListEdit(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One change of a list.

    Attributes
    ----------
    list, value
        What is put on which list, or taken off it.
    expires_us
        The time from which it no longer counts; None for never.
    remove
        Take it off instead.
    actor, note
        Who did it and why.
    """

    list: str
    value: str | int
    expires_us: int | None = None
    remove: bool = False
    actor: str = ""
    note: str = ""


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(ListEdit)


def decode_list_edit(body: bytes) -> ListEdit:
    """Decode an edit from outside or from the log.

    Raises
    ------
    InputInvalid
        It is none.
    """
    try:
        return _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = "the edit of a list cannot be read"
        raise InputInvalid(message) from error


def list_entry(edit: ListEdit, event_id: str, seq: int, now_us: int, digest: bytes, body: bytes) -> LogEntry:
    """Return the line of the log that an edit becomes."""
    return LogEntry(
        seq, SYSTEM_OWNER, event_id, LIST_EDIT, now_us, now_us, 0, list_ref(edit.list), digest, body
    )


def encode_list_edit(edit: ListEdit) -> bytes:
    """Return what the log keeps of an edit."""
    return _ENCODER.encode(edit)


def list_ref(name: str) -> str:
    """Return the reference under which the log keeps the edits of a list."""
    return f"list:{name}"


def check_list_edit(policy: Policy, edit: ListEdit) -> None:
    """Refuse an edit that the policy's lists cannot take.

    Raises
    ------
    InputInvalid
        The policy has no such list, or the value is not of its type or too long.
    """
    known = policy.lists.get(edit.list)
    if known is None:
        message = f"the policy has no list named {edit.list}"
        raise InputInvalid(message, field="list", found=edit.list[:64])
    wanted: Any = int if known.type is Type.INT else str
    if type(edit.value) is not wanted or (isinstance(edit.value, str) and not _is_fit(edit.value)):
        message = f"a value of the list {edit.list} is {known.type} of at most {MAX_VALUE_LENGTH} characters"
        raise InputInvalid(message, field="value")


def check_edit_for(policies: Sequence[Policy], edit: ListEdit) -> None:
    """Refuse an edit that no policy's lists can take, or that one which has the list cannot.

    Raises
    ------
    InputInvalid
        As `check_list_edit`.
    """
    having = [policy for policy in policies if edit.list in policy.lists]
    for policy in having or policies[:1]:
        check_list_edit(policy, edit)


def edit_books(books: Iterable[tuple[Policy, ListBook]], edit: ListEdit) -> None:
    """Change a list in every policy that has it."""
    for policy, book in books:
        if edit.list in policy.lists:
            apply_list_edit(book, edit)


def apply_list_edit(book: ListBook, edit: ListEdit) -> None:
    """Change a list; one that is unavailable stays so."""
    if book.expiries(edit.list) is not None:
        book.edit(edit.list, edit.value, edit.expires_us, remove=edit.remove)


def apply_logged_edits(log: EventLog, policy: Policy, book: ListBook, before_seq: int | None = None) -> int:
    """Apply the edits of the log to a policy's lists, in order; return how many.

    Parameters
    ----------
    log
        Where they are.
    policy, book
        Its lists as the policy and its files have them.
    before_seq
        Only edits before this place; None for all.
    """
    applied = 0
    for name in policy.lists:
        for entry in log.find_by_ref(SYSTEM_OWNER, list_ref(name)):
            if entry.kind == LIST_EDIT and entry.body and (before_seq is None or entry.seq < before_seq):
                apply_list_edit(book, decode_list_edit(entry.body))
                applied += 1
    return applied


def _is_fit(value: str) -> bool:
    return 0 < len(value) <= MAX_VALUE_LENGTH and value.isprintable()
