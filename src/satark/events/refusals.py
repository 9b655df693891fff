"""From a decoder's complaint to an `InvalidEvent` that names the field, what was found and what was expected.

This is off the hot path: only a refused event comes here, so the body may be read a second time to find the
type of the offending value. A value itself is never repeated, because it may be personal data; only the name
of an unknown field and an unknown choice are, shortened and with card numbers hidden.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import msgspec

from satark.core.errors import InvalidEvent
from satark.events import fields
from satark.events.cards import mask
from satark.events.kinds import EVENT_TYPES
from satark.events.ruled import FIELD_RULES, PARTS
from satark.events.rules import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.events.rules import Rule

_SHOWN_CHARACTERS = 40
CUSTOM_NAMES = "an object with names of 1 to 40 of a-z 0-9 _, starting with a letter"
_JSON_NAMES = {
    type(None): "null",
    bool: "bool",
    int: "int",
    float: "float",
    str: "str",
    list: "array",
    dict: "object",
}
_PATH = re.compile(r"^(?P<said>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[([0-9]+|\.\.\.)\]")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING_FIELD = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_WRONG_TYPE = re.compile(r"Expected `(.*)`, got `(.*)`", re.DOTALL)
_BOUND = re.compile(r"Expected `(\w+)` (?:of (length) )?(<=|>=|<|>) (-?[0-9.]+)")
_CHOICE_LIKE = re.compile(r"[A-Za-z_ \-]{1,24}\Z")
_BOUND_WORDS = {"<=": "at most", ">=": "at least", "<": "below", ">": "above"}
_ARTICLES = {
    "str": "a str",
    "int": "an int",
    "float": "a float",
    "bool": "a bool",
    "array": "an array",
    "object": "an object",
    "datetime": "an RFC 3339 time with an offset, as text",
}


def refuse(
    field: str, expected: str, found: str, hint: str | None = None, said: str | None = None
) -> InvalidEvent:
    """Make the error for one field.

    Parameters
    ----------
    field
        The path of the field, for instance ``lines[2].price_minor``; empty for the whole event.
    expected
        The rule that was broken, in words.
    found
        The type of the value, or what was wrong with it; never the value.
    hint
        A near name, where there is one.
    said
        What is wrong, when "must be" does not say it well.

    Examples
    --------
    >>> refuse("amount_minor", "an int of at least 0", "int").message
    'amount_minor must be an int of at least 0 (found int)'
    """
    place = field or "the event"
    message = f"{place} {said}" if said else f"{place} must be {expected} (found {found})"
    if hint:
        message += f"; did you mean {hint}?"
    particulars: dict[str, object] = {"field": field, "expected": expected, "found": found}
    if hint:
        particulars["hint"] = hint
    return InvalidEvent(message, **particulars)


def near(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is nearest to a mistyped one, if any is near.

    Examples
    --------
    >>> near("ammount_minor", ["amount_minor", "method"]), near("zzz", ["amount_minor"])
    ('amount_minor', None)
    """
    found = difflib.get_close_matches(name[:_SHOWN_CHARACTERS], list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def json_type(value: object) -> str:
    """Name the JSON type of a decoded value."""
    return _JSON_NAMES.get(type(value), type(value).__name__)


def from_decoder(error: Exception, raw: bytes, tag: str | None = None) -> InvalidEvent:
    """Turn what the decoder raised into an `InvalidEvent`.

    Parameters
    ----------
    error
        A msgspec error, UnicodeDecodeError or RecursionError.
    raw
        The body that was refused.
    tag
        The one event type that was asked for, if only one was.
    """
    if isinstance(error, UnicodeDecodeError):
        return refuse("", "UTF-8 text", "bytes that are not UTF-8")
    if isinstance(error, RecursionError):
        return refuse("", "JSON of little depth", "JSON nested too deep")
    if not isinstance(error, msgspec.ValidationError):
        return refuse("", "one JSON object", mask(str(error)[:200]))
    parsed = _PATH.match(str(error))
    said, path = (parsed["said"], parsed["path"] or "") if parsed else (str(error), "")
    body = _generic(raw)
    if parsed and parsed["key"]:
        return _bad_custom_name(body)
    steps = [name or place for name, place in _STEP.findall(path)]
    if "..." in steps:
        steps[steps.index("...")] = _first_bad_custom(body)
    return _explain(said, steps, body, tag)


def _explain(said: str, steps: list[str], body: object, tag: str | None) -> InvalidEvent:
    field = _path_text(steps)
    value = _walk(body, steps)
    if match := _UNKNOWN_FIELD.fullmatch(said):
        name = _shown(match[1])
        known = _known_fields(steps, body, tag)
        inside = f"a known field of {field}" if field else "a known field"
        said = f"is not {inside}"
        return refuse(_path_text([*steps, name]), inside, "unknown field", near(match[1], known), said)
    if match := _MISSING_FIELD.fullmatch(said):
        return refuse(_path_text([*steps, match[1]]), "present", "nothing", said="is missing")
    if said.startswith(("Invalid enum value", "Invalid value")):
        choices = tuple(EVENT_TYPES) if steps == ["type"] else _choices(steps, body, tag)
        if steps == ["type"] and tag is not None:
            choices = (tag,)
        # A mistyped choice helps when it is repeated; anything longer or with digits may be personal.
        repeat = isinstance(value, str) and _CHOICE_LIKE.match(value)
        shown = f"str {value!r}" if repeat else json_type(value)
        hint = near(value, choices) if isinstance(value, str) else None
        return refuse(field, "one of " + ", ".join(choices), shown, hint)
    if match := _WRONG_TYPE.fullmatch(said):
        kinds = [_ARTICLES.get(kind, kind) for kind in match[1].split(" | ") if kind != "null"]
        return refuse(field, " or ".join(kinds), match[2])
    if match := _BOUND.fullmatch(said):
        return _out_of_bounds(match, field, value, _rule_at(steps, body, tag))
    if "timezone component" in said:
        return refuse(
            field, "a time with an offset, such as 2026-01-31T10:00:00+05:30", "time without an offset"
        )
    if "RFC3339" in said:
        return refuse(
            field, "an RFC 3339 time with an offset, such as 2026-01-31T10:00:00+05:30", json_type(value)
        )
    if "out of range" in said:
        return refuse(field, "a finite number within 64 bits", "number out of range")
    return refuse(field, said.removeprefix("Expected ").replace("`", ""), json_type(value))


def _out_of_bounds(match: re.Match[str], field: str, value: Any, rule: Rule | None) -> InvalidEvent:  # noqa: ANN401 - any JSON value
    kind, length, relation, bound = match.groups()
    found = json_type(value)
    if length and isinstance(value, str | list | dict):
        found = f"{found} of length {len(value)}"
    if rule is not None and rule.expected != TEXT.expected:
        return refuse(field, rule.expected, found)
    words = "with a length of" if length else "of"
    return refuse(field, f"{_ARTICLES.get(kind, kind)} {words} {_BOUND_WORDS[relation]} {bound}", found)


def _rule_at(steps: list[str], body: object, tag: str | None) -> Rule | None:
    struct = _struct_at(steps[:-1], body, tag) if steps else None
    return None if struct is None else FIELD_RULES[struct].get(steps[-1])


def _generic(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _walk(body: Any, steps: list[str]) -> Any:  # noqa: ANN401 - any JSON value
    for step in steps:
        if isinstance(body, dict):
            body = body.get(step)
        elif isinstance(body, list) and step.isdigit() and int(step) < len(body):
            body = body[int(step)]
        else:
            return None
    return body


def _path_text(steps: list[str]) -> str:
    text = ""
    for step in steps:
        text += f"[{step}]" if step.isdigit() else f".{step}" if text else step
    return text


def _shown(text: str) -> str:
    cut = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    return mask("".join(character if character.isprintable() else "?" for character in cut))


def _struct_at(steps: list[str], body: object, tag: str | None) -> type[msgspec.Struct] | None:
    names = [step for step in steps if not step.isdigit()]
    if names:
        return PARTS.get(names[-1])
    return EVENT_TYPES.get(tag or str(_walk(body, ["type"])))


def _known_fields(steps: list[str], body: object, tag: str | None) -> tuple[str, ...]:
    struct = _struct_at(steps, body, tag)
    return () if struct is None else (*struct.__struct_fields__, *(() if steps else ("type",)))


def _choices(steps: list[str], body: object, tag: str | None) -> tuple[str, ...]:
    struct = _struct_at(steps[:-1], body, tag)
    if struct is None:
        return ()
    pending: list[Any] = [field.type for field in msgspec.structs.fields(struct) if field.name == steps[-1]]
    while pending:
        candidate = pending.pop()
        if get_origin(candidate) is Literal:
            return get_args(candidate)
        pending.extend(get_args(candidate))
    return ()


def _first_bad_custom(body: object) -> str:
    custom = _walk(body, ["custom"])
    for name, value in custom.items() if isinstance(custom, dict) else ():
        try:
            msgspec.convert(value, fields.CustomValue)
        except msgspec.ValidationError:
            return _shown(name)
    return "?"


def _bad_custom_name(body: object) -> InvalidEvent:
    custom = _walk(body, ["custom"])
    names = custom if isinstance(custom, dict) else {}
    lengths = [len(name) for name in names if not 1 <= len(name) <= fields.MAX_CUSTOM_NAME]
    found = f"name of length {lengths[0]}" if lengths else "another name"
    return refuse("custom", CUSTOM_NAMES, found)
