"""Tests of a policy: given these events, this is the answer.

A cases file is YAML. Times are offsets from a start, so that a case reads as a story:

    cases:
      seventh payment in ten minutes is held:
        base: {type: payment, amount_minor: 50000, method: card, card: {token: tok_1}}
        events:
          - {at: 0m, repeat: 7, every: 1m}
        expect: {action: hold, rules: [card_velocity]}

`base` is merged into every payment that the case lists, and `defaults: {base: ...}` beside `cases` into every
case; null takes a part away again. `{n}` in a text becomes the running number of the event, so `token: tok_{n}`
is a new card each time. `payment: last` and `event: last` name the
payment before. A value of a key that ends in `_at` may be an offset (`-2d`) from the event's own time.
`expect` beside an event is about that event (with `repeat`, the last of them); beside `events` it is about
the last payment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import yaml

from satark.core.errors import InputInvalid, InvalidEvent
from satark.events import EVENT_TYPES, decode_event
from satark.policies.document import Document
from satark.policies.model import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from satark.events import Event
    from satark.policies.model import Policy

START = datetime.fromisoformat("2026-01-15T12:00:00+05:30")
MAX_BYTES = 2_000_000
MAX_EVENTS = 10_000
_OFFSET = re.compile(r"([+-]?)(\d{1,6})(s|m|h|d)")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_CASE_KEYS = {"base", "events", "expect", "start"}
_EVENT_KEYS = {"at", "repeat", "every", "expect"}
_EXPECT_KEYS = {"action", "rules", "without", "min_score"}


class Answer(Protocol):
    """What a decider says about one payment; `satark.decisions.model.Decision` can be read as one."""

    @property
    def action(self) -> str:
        """The action."""

    @property
    def score(self) -> float:
        """The score."""

    @property
    def codes(self) -> Sequence[str]:
        """The rules that counted."""


class Decider(Protocol):
    """Runs events through a fresh engine; one answer per payment, None for other events."""

    def __call__(self, policy: Policy, events: Sequence[Event], /) -> Sequence[Answer | None]:
        """Decide the events in order."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What one event should be answered."""

    action: str | None
    rules: tuple[str, ...]
    without: tuple[str, ...]
    min_score: float


@dataclass(frozen=True, slots=True)
class Case:
    """One case: events in order, and what is expected of which."""

    name: str
    events: tuple[Event, ...]
    expected: tuple[tuple[int, Expectation], ...]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case went; `problems` is empty when it passed."""

    name: str
    problems: tuple[str, ...]
    fired: frozenset[str]

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class CasesReport:
    """How all cases went.

    Attributes
    ----------
    results
        In the order of the file.
    uncovered
        Rules that fired in no case, in the order of the policy.
    """

    results: tuple[CaseResult, ...]
    uncovered: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every case passed."""
        return all(result.passed for result in self.results)


def run_cases(policy: Policy, path: Path, *, decide: Decider) -> CasesReport:
    """Run a file of cases, each on a fresh engine.

    Raises
    ------
    InputInvalid
        The file cannot be used; ``path`` and the message say where.
    """
    results: list[CaseResult] = []
    fired: set[str] = set()
    for case in load_cases(path, policy):
        answers = decide(policy, case.events)
        seen = frozenset(code for answer in answers if answer is not None for code in answer.codes)
        fired |= seen
        problems = [
            text for place, expected in case.expected for text in _problems(place, expected, answers[place])
        ]
        results.append(CaseResult(case.name, tuple(problems), seen))
    uncovered = tuple(rule.code for rule in policy.rules if rule.code not in fired)
    return CasesReport(tuple(results), uncovered)


def load_cases(path: Path, policy: Policy) -> list[Case]:
    """Read a file of cases and check it against the policy's rules.

    Raises
    ------
    InputInvalid
        The file cannot be used.
    """
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise InputInvalid(f"the cases are larger than {MAX_BYTES} bytes", path=str(path))
        text = Document(str(path), raw.decode("utf-8-sig"))
        if not text.is_plain():
            raise InputInvalid(str(text.diagnostics[0]), path=str(path))
        document = yaml.safe_load(text.source)
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputInvalid(f"the cases cannot be read: {error}", path=str(path)) from error
    if not _has_cases(document):
        raise InputInvalid(
            "a file of cases needs one key, `cases`, with a mapping of names to cases", path=str(path)
        )
    codes = frozenset(rule.code for rule in policy.rules)
    try:
        base = _mapping("defaults", (document.get("defaults") or {}).get("base"))
        return [_case(str(name), body, codes, base) for name, body in document["cases"].items()]
    except (_Unusable, InvalidEvent, OverflowError) as error:
        raise InputInvalid(str(error), path=str(path)) from error


def _has_cases(document: Any) -> bool:  # noqa: ANN401 - any YAML
    return (
        isinstance(document, dict)
        and set(document) <= {"cases", "defaults"}
        and isinstance(document.get("cases"), dict)
        and isinstance(document.get("defaults") or {}, dict)
    )


class _Unusable(Exception):
    """Something in one case cannot be used."""


def _case(
    name: str,
    body: Any,  # noqa: ANN401 - any YAML
    codes: frozenset[str],
    defaults: Mapping[str, Any],
) -> Case:
    _check_keys(name, body, _CASE_KEYS, "a case")
    start = body.get("start", START)
    if not isinstance(start, datetime) or start.tzinfo is None:
        raise _Unusable(f"case {name!r}: `start` needs a time with an offset")
    base = _merged(defaults, _mapping(name, body.get("base")))
    listed = body.get("events")
    if not isinstance(listed, list) or not listed:
        raise _Unusable(f"case {name!r}: `events` needs a list")
    events: list[Event] = []
    expected: list[tuple[int, Expectation]] = []
    last_payment = ""
    for item in listed:
        for fields, at in _repeated(name, item, base, start):
            number = len(events) + 1
            if number > MAX_EVENTS:
                raise _Unusable(f"case {name!r} has more than {MAX_EVENTS} events")
            filled = _filled(fields, number, at, last_payment)
            filled.setdefault("id", f"e{number}")
            filled.setdefault("reported_at" if filled["type"] == "label" else "occurred_at", at.isoformat())
            if filled["type"] == "payment":
                last_payment = str(filled["id"])
            events.append(_decoded(name, filled))
        if "expect" in item:
            expected.append((len(events) - 1, _expectation(name, item["expect"], codes)))
    if "expect" in body:
        payments = [place for place, event in enumerate(events) if type(event).__name__ == "Payment"]
        if not payments:
            raise _Unusable(f"case {name!r} expects an answer and has no payment")
        expected.append((payments[-1], _expectation(name, body["expect"], codes)))
    if not expected:
        raise _Unusable(f"case {name!r} expects nothing")
    return Case(name, tuple(events), tuple(expected))


def _repeated(
    name: str,
    item: Any,  # noqa: ANN401 - any YAML
    base: Mapping[str, Any],
    start: datetime,
) -> Iterator[tuple[dict[str, Any], datetime]]:
    if not isinstance(item, dict):
        raise _Unusable(f"case {name!r}: an event is not a mapping")
    own = {key: value for key, value in item.items() if key not in _EVENT_KEYS}
    kind = own.get("type", base.get("type", "payment"))
    fields = _merged(base, own) if kind == base.get("type", "payment") else own
    fields["type"] = kind
    at = start + timedelta(seconds=_offset(name, item.get("at", "0s")))
    every = timedelta(seconds=_offset(name, item.get("every", "1s")))
    repeat = item.get("repeat", 1)
    if not isinstance(repeat, int) or not 1 <= repeat <= MAX_EVENTS:
        raise _Unusable(f"case {name!r}: `repeat` needs a number from 1 to {MAX_EVENTS}")
    for step in range(repeat):
        yield fields, at + step * every


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        elif value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged


def _filled(fields: Mapping[str, Any], number: int, at: datetime, last_payment: str) -> dict[str, Any]:
    def fill(key: str, value: Any) -> Any:  # noqa: ANN401 - any YAML
        if isinstance(value, dict):
            return {str(inner): fill(str(inner), one) for inner, one in value.items()}
        if isinstance(value, list):
            return [fill("", one) for one in value]
        if isinstance(value, datetime):
            return value.isoformat()
        if not isinstance(value, str):
            return value
        if value == "last" and key in {"payment", "event"}:
            return last_payment
        offset = _OFFSET.fullmatch(value) if key.endswith("_at") else None
        if offset is not None:
            return (at + timedelta(seconds=_seconds(offset))).isoformat()
        return value.replace("{n}", str(number))

    return {str(key): fill(str(key), value) for key, value in fields.items()}


def _decoded(name: str, fields: dict[str, Any]) -> Event:
    if fields["type"] not in EVENT_TYPES:
        raise _Unusable(f"case {name!r}: there is no event of type {fields['type']!r}")
    try:
        return decode_event(msgspec.json.encode(fields))
    except InvalidEvent as error:
        raise _Unusable(f"case {name!r}: {error}") from error


def _expectation(name: str, body: Any, codes: frozenset[str]) -> Expectation:  # noqa: ANN401 - any YAML
    _check_keys(name, body, _EXPECT_KEYS, "`expect`")
    action = body.get("action")
    if action is not None and action not in ACTIONS:
        raise _Unusable(f"case {name!r}: there is no action {action!r}")
    rules, without = _texts(name, body.get("rules")), _texts(name, body.get("without"))
    min_score = body.get("min_score", 0.0)
    if not isinstance(min_score, int | float):
        raise _Unusable(f"case {name!r}: `min_score` needs a number")
    for code in (*rules, *without):
        if code not in codes:
            raise _Unusable(f"case {name!r}: there is no rule {code!r}")
    return Expectation(action, rules, without, float(min_score))


def _problems(place: int, expected: Expectation, answer: Answer | None) -> Iterator[str]:
    where = f"event {place + 1}"
    if answer is None:
        yield f"{where} was not decided"
        return
    if expected.action is not None and answer.action != expected.action:
        fired = ", ".join(answer.codes) or "no rule"
        yield f"{where}: expected {expected.action}, found {answer.action} ({fired})"
    for code in expected.rules:
        if code not in answer.codes:
            yield f"{where}: the rule {code} did not fire"
    for code in expected.without:
        if code in answer.codes:
            yield f"{where}: the rule {code} fired"
    if answer.score < expected.min_score:
        yield f"{where}: expected a score of at least {expected.min_score:g}, found {answer.score:g}"


def _mapping(name: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - any YAML
    if value is not None and not isinstance(value, dict):
        raise _Unusable(f"{name!r}: `base` needs a mapping")
    return value or {}


def _texts(name: str, value: Any) -> tuple[str, ...]:  # noqa: ANN401 - any YAML
    if value is not None and not isinstance(value, list):
        raise _Unusable(f"case {name!r}: `rules` and `without` need lists")
    return tuple(str(one) for one in value or ())


def _check_keys(name: str, body: Any, known: set[str], what: str) -> None:  # noqa: ANN401 - any YAML
    if not isinstance(body, dict):
        raise _Unusable(f"case {name!r}: {what} is not a mapping")
    unknown = sorted(str(key) for key in set(body) - known)
    if unknown:
        raise _Unusable(
            f"case {name!r}: {what} has no {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        )


def _offset(name: str, text: Any) -> int:  # noqa: ANN401 - any YAML
    match = _OFFSET.fullmatch(str(text))
    if match is None:
        raise _Unusable(f"case {name!r}: {text!r} is no offset such as 90s, 5m, 2h or 3d")
    return _seconds(match)


def _seconds(match: re.Match[str]) -> int:
    sign, digits, unit = match.groups()
    return int(digits) * _UNIT_SECONDS[unit] * (-1 if sign == "-" else 1)
