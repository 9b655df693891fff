"""Read what people type or upload for a list: values with an optional time after a comma, checked one by one.

The form of a file is that of a policy's list files: a value per line, after a comma or tab the time until which it
counts, `#` begins a comment. Either all of a file is taken or nothing, and every line that is wrong is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from satark.core.clock import IST, MICROS_PER_DAY, to_us
from satark.language import Type
from satark.web.lists.words import EXPIRY_DAYS

if TYPE_CHECKING:
    from satark.policies import PolicyList

MAX_VALUE_LENGTH = 512
MAX_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """One line that cannot be used; `code` is a key of `satark.web.lists.words.PROBLEM_NAMES`."""

    line: int
    code: str


@dataclass(frozen=True, slots=True)
class Import:
    """What a file says: values with the time until which each counts (None: as the form says), or what is wrong."""

    values: dict[str | int, int | None]
    problems: list[Problem]


def read_value(text: str, one: PolicyList) -> str | int | None:
    """Return a list's value from its text; None when it cannot be one of this list."""
    value = text.strip()
    if problem_of(value, one):
        return None
    return int(value) if one.type is Type.INT else value


def problem_of(value: str, one: PolicyList) -> str:
    r"""Return why a text cannot be a value of a list, empty when it can.

    Examples
    --------
    >>> from satark.policies import load_policy
    >>> text = "policy: p\nversion: 1\nlists: {stolen: {of: card}}\nrules: {}"
    >>> stolen = load_policy(text).lists["stolen"]
    >>> problem_of("tok_1", stolen), problem_of("", stolen), problem_of("a\x07", stolen)
    ('', 'empty', 'not_printable')
    """
    if not value:
        return "empty"
    if len(value) > MAX_VALUE_LENGTH:
        return "too_long"
    if not value.isprintable():
        return "not_printable"
    if one.type is Type.INT and not (value.lstrip("-").isdigit() and value.isascii() and len(value) < 19):  # noqa: PLR2004
        return "not_a_number"
    return ""


def read_file(text: str, one: PolicyList, now_us: int) -> Import:
    """Read a file of values.

    Parameters
    ----------
    text
        The file.
    one
        The list, which says of what type its values are.
    now_us
        A time before this is refused: it would put nothing on the list.
    """
    values: dict[str | int, int | None] = {}
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), 1):
        plain = line.split("#", 1)[0].strip()
        if not plain:
            continue
        parts = [part.strip().strip('"') for part in plain.replace("\t", ",").split(",")]
        code = problem_of(parts[0], one)
        until = read_until(parts[1]) if len(parts) > 1 and parts[1] else None
        if not code and len(parts) > 2:  # noqa: PLR2004 - a value and a time
            code = "columns"
        if not code and len(parts) > 1 and parts[1]:
            code = "time" if until is None else "past" if until <= now_us else ""
        value = None if code else read_value(parts[0], one)
        if value is not None and values.get(value, until) != until:
            code = "twice"
        if code:
            problems.append(Problem(number, code))
        elif value is not None:
            values[value] = until
    return Import(values, problems[:MAX_PROBLEMS])


def read_until(text: str) -> int | None:
    """Return microseconds of a day (its end in India) or of a time with an offset; None when it is neither.

    Examples
    --------
    >>> read_until("2026-01-01"), read_until("2026-01-01T00:00:00+00:00"), read_until("soon")
    (1767292200000000, 1767225600000000, None)
    """
    try:
        if len(text) == len("2026-01-01"):
            return to_us(datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), IST))
        return to_us(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def expiry_of(choice: str, until: str, now_us: int) -> int | None:
    """Return until when an entry counts: the day that was picked, else the length that was chosen; None: for ever.

    Raises
    ------
    ValueError
        The day is none, or lies in the past; or the choice is none of ours.
    """
    if until:
        found = read_until(until)
        if found is None or found <= now_us:
            message = "the day cannot be used"
            raise ValueError(message)
        return found
    if choice == "never":
        return None
    if choice not in EXPIRY_DAYS:
        message = "there is no such choice"
        raise ValueError(message)
    return now_us + EXPIRY_DAYS[choice] * MICROS_PER_DAY
