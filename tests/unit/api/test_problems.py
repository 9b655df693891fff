from __future__ import annotations

import msgspec
import pytest

import satark.api.errors as edge
from satark.api.problems import PROBLEMS, encode_problem, extra_headers, line_of, problem_of
from satark.core import errors as core


def _all_errors():
    found, pending = [], [core.SatarkError]
    while pending:
        kind = pending.pop()
        found.append(kind)
        pending.extend(kind.__subclasses__())
    return [kind for kind in found if kind.__module__ in {core.__name__, edge.__name__}]


@pytest.mark.parametrize("kind", _all_errors(), ids=lambda kind: kind.__name__)
def test_error_has_its_own_line_when_the_table_is_asked(kind):
    assert kind in PROBLEMS
    problem = problem_of(kind("A sentence.", field="x"), "r1")
    assert problem.status == PROBLEMS[kind].status
    assert problem.type == "urn:satark:problem:" + problem.code
    assert 400 <= problem.status <= 599


def test_codes_are_unique_when_all_errors_are_listed():
    codes = [kind.code for kind in _all_errors()]
    assert len(codes) == len(set(codes))


def test_line_is_inherited_when_a_subclass_is_unknown():
    class Special(core.IdConflict):
        code = "special"

    assert line_of(Special("x")).status == 409


def test_message_is_hidden_when_the_fault_is_ours():
    problem = problem_of(core.IntegrityBroken("row 7 of /data/log differs", path="/data/log"), "r1")
    assert problem.status == 500
    assert "/data" not in encode_problem(problem).decode()


def test_fields_are_shown_when_the_fault_is_the_callers():
    error = core.InvalidEvent("no", field="amount_minor", expected="at least 0", found="int")
    body = msgspec.json.decode(encode_problem(problem_of(error, "r1")))
    assert body["fields"] == {"field": "amount_minor", "expected": "at least 0", "found": "int"}


def test_field_becomes_text_when_json_cannot_say_it():
    body = encode_problem(problem_of(core.InvalidEvent("no", found=object), "r1"))
    assert b"class 'object'" in body


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (core.RateLimited("x", retry_after_seconds=2.2), (b"retry-after", b"3")),
        (core.RateLimited("x", retry_after_seconds=0.01), (b"retry-after", b"1")),
        (core.NotReady("x"), (b"retry-after", b"1")),
        (core.Unauthenticated("x"), (b"www-authenticate", b'Bearer realm="satark"')),
        (edge.MethodNotAllowed("x", allow="POST"), (b"allow", b"POST")),
        (core.BodyTooLarge("x"), (b"connection", b"close")),
    ],
)
def test_header_is_added_when_the_status_asks_for_it(error, expected):
    assert extra_headers(error) == [expected]
