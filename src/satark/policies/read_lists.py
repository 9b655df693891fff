"""Read the `lists:` of a policy, and the files that lists point to."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satark.core.clock import to_us
from satark.language import Type, did_you_mean
from satark.policies.model import IF_MISSING, ListEntry, PolicyList

if TYPE_CHECKING:
    from collections.abc import Mapping

    import yaml

    from satark.events.facts import Fact
    from satark.policies.document import Document

MAX_LISTS = 200
MAX_INLINE_ENTRIES = 10_000
MAX_FILE_BYTES = 64_000_000
LIST_TYPES = frozenset({Type.STR, Type.INT})
KEYS = ("of", "entries", "file", "if_missing")


def read_lists(
    document: Document, node: yaml.Node, facts: Mapping[str, Fact], folder: Path | None
) -> dict[str, PolicyList]:
    """Return the lists by name; mistakes go to the document."""
    lists: dict[str, PolicyList] = {}
    pairs = document.pairs(node, "lists")
    if len(pairs) > MAX_LISTS:
        document.error(node, "too_many", "there are too many lists", expected=f"at most {MAX_LISTS}")
    for name, (_, body) in pairs.items():
        read = _read_list(document, name, body, facts, folder)
        if read is not None:
            lists[name] = read
    return lists


def read_entry(text: str, kind: Type) -> Any:  # noqa: ANN401 - as wide as the types of lists
    """Return a list's value from its text; None when it is not of the list's type."""
    if kind is Type.INT:
        digits = text.replace("_", "")
        return int(digits) if digits.lstrip("-").isdigit() and digits.isascii() else None
    return text or None


def read_expiry(text: str) -> int | None:
    """Return microseconds of a time with an offset; None when it is none."""
    try:
        return to_us(datetime.fromisoformat(text.strip()))
    except ValueError:
        return None


def read_list_file(path: Path, kind: Type) -> list[ListEntry]:
    """Read a list's file: a value per line, after a tab or comma its expiry; `#` begins a comment.

    Raises
    ------
    OSError
        The file cannot be read or is too large.
    ValueError
        A line cannot be used; the message names it.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        message = f"{path.name} is larger than {MAX_FILE_BYTES} bytes"
        raise OSError(message)
    entries: list[ListEntry] = []
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
        text = line.split("#", 1)[0].strip()
        if not text:
            continue
        raw, _, until = text.replace("\t", ",").partition(",")
        value = read_entry(raw.strip(), kind)
        expires_us = read_expiry(until) if until.strip() else None
        if value is None or (until.strip() and expires_us is None):
            message = f"line {number} of {path.name} cannot be used"
            raise ValueError(message)
        entries.append(ListEntry(value, expires_us))
    return entries


def _read_list(
    document: Document, name: str, node: yaml.Node, facts: Mapping[str, Fact], folder: Path | None
) -> PolicyList | None:
    what = f"the list `{name}`"
    fields = document.fields(node, what, KEYS, required=("of",))
    if "of" not in fields:
        return None
    of_node = fields["of"][1]
    of = document.text(of_node, f"`of` of {what}")
    if of is None:
        return None
    fact = facts.get(of)
    if fact is None:
        document.error(of_node, "unknown_name", f"there is no fact `{of}`", hint=did_you_mean(of, facts))
        return None
    kind = Type(fact.type.value)
    if kind not in LIST_TYPES:
        document.error(
            of_node, "type", f"{what} cannot hold values of `{of}`", found=str(kind), expected="str or int"
        )
        return None
    entries = _read_entries(document, fields["entries"][1], what, kind) if "entries" in fields else ()
    file = document.text(fields["file"][1], f"`file` of {what}") if "file" in fields else None
    if_missing = "open"
    if "if_missing" in fields:
        if_missing = document.choice(fields["if_missing"][1], f"`if_missing` of {what}", IF_MISSING) or "open"
    path = None if file is None else (folder or Path()) / file
    return PolicyList(name, of, kind, entries, path, if_missing)


def _read_entries(document: Document, node: yaml.Node, what: str, kind: Type) -> tuple[ListEntry, ...]:
    items = document.items(node, f"`entries` of {what}")
    if len(items) > MAX_INLINE_ENTRIES:
        hint = "put them in a file and name it with `file:`"
        document.error(
            node,
            "too_many",
            f"{what} has too many entries",
            expected=f"at most {MAX_INLINE_ENTRIES}",
            hint=hint,
        )
        return ()
    entries: list[ListEntry] = []
    for item in items:
        value_node, expires_us = item, None
        if not hasattr(item, "tag") or isinstance(item.value, list):
            fields = document.fields(item, f"an entry of {what}", ("value", "expires"), required=("value",))
            if "expires" in fields:
                expires_us = expiry_of(document, fields["expires"][1], f"an entry of {what}")
            if "value" not in fields:
                continue
            value_node = fields["value"][1]
        text = document.text(value_node, f"an entry of {what}")
        if text is None:
            continue
        value = read_entry(text, kind)
        if value is None:
            document.error(
                value_node,
                "type",
                f"an entry of {what} has another type",
                found=f"`{text}`",
                expected=str(kind),
            )
            continue
        entries.append(ListEntry(value, expires_us))
    return tuple(entries)


def expiry_of(document: Document, node: yaml.Node, what: str) -> int | None:
    """Return the microseconds of a time node; mistakes go to the document."""
    text = document.text(node, f"the time of {what}")
    if text is None:
        return None
    moment = read_expiry(text)
    if moment is None:
        document.error(
            node, "time", f"the time of {what} is not usable", found=f"`{text}`",
            expected="a time with an offset such as 2027-01-01T00:00:00+05:30",
        )  # fmt: skip
    return moment
