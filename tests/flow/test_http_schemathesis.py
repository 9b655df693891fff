"""The HTTP interface against its own OpenAPI document: requests that keep to it and that break it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks

from satark.api import ApiOptions, create_app

_spec = importlib.util.spec_from_file_location("http_program", Path(__file__).with_name("http_program.py"))
_program = importlib.util.module_from_spec(_spec)
sys.modules["http_program"] = _program  # dataclasses look their module up
_spec.loader.exec_module(_program)

PATIENCE_MS = 5_000
load_all_checks()
negative_data_rejection, positive_data_acceptance = schemathesis.checks.CHECKS.get_by_names(
    ["negative_data_rejection", "positive_data_acceptance"]
)
_config = schemathesis.Config()
_config.projects.default.generation.modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
_app = create_app(_program.Engine(0.0), _program.Keys(), ApiOptions(deadline_ms=PATIENCE_MS))
_schema = schemathesis.openapi.from_asgi("/openapi.json", _app, config=_config)


@_schema.auth()
class KeyAuth:
    """Gives each request its key, in the way that lets schemathesis also try without one."""

    def get(self, case, context):
        return "sk_k1_good"

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


def give_time(case) -> None:
    """Let no request be late: a deadline of a few milliseconds is sound, and 504 its right answer on a busy machine."""
    asked = (case.query or {}).get("deadline_ms")
    if str(asked).isdecimal() and 0 < int(asked) < PATIENCE_MS:
        case.query["deadline_ms"] = PATIENCE_MS


@_schema.parametrize()
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_answer_keeps_to_the_document_when_a_request_is_generated(case):
    # JSON Schema cannot say all that the door asks: Luhn, ISO codes, years, no key twice. So a body that the
    # schema allows may still be refused; that what it forbids is refused, and how, is checked in full.
    excluded = [positive_data_acceptance]
    if case.operation.path.endswith("/batch"):
        # A bad event in a batch has its own 422 inside the answer.
        excluded.append(negative_data_rejection)
    give_time(case)
    case.call_and_validate(excluded_checks=excluded)
