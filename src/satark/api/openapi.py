"""The OpenAPI document: the hot routes from the msgspec schemas, the other routes as FastAPI knows them.

The structs that decode an event are the ones that describe it, so the document cannot promise another event
than the door takes. Every refusal has its own response with the problem's shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from satark.api import examples
from satark.api.answers import BatchAnswer, Live, Ready, Receipt
from satark.api.problems import Problem
from satark.decisions.model import Decision
from satark.events import schema as events
from satark.events.examples import EXAMPLES
from satark.events.kinds import EVENT_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.api.options import ApiOptions

Json = dict[str, Any]

_REF = "#/components/schemas/"
_INTRODUCTION = """\
Satark decides on payments before money moves. Send a payment, get an action (`allow`, `challenge`, `hold`,
`block`) with its reasons in English and Hindi. An answer is given only after it is durable.

**Keys.** Every call carries `Authorization: Bearer sk_...`. A key has scopes (`decide`, `read`, `label`,
`events`, `metrics`) and a rate limit.

**Same id, same answer.** Ids are unique per owner of the key. The same id with the same body gives the
stored answer, so a call may be repeated safely; with another body it gives 409.

**Refusals** are problem+json (RFC 9457) with a stable `code` and a `request_id`. 429 and 503 carry
`Retry-After`.
"""

_PROBLEM_TEXTS = {
    400: "A header or parameter cannot be used.",
    401: "No valid API key came with the request.",
    403: "The key lacks the scope.",
    404: "Nothing of this id belongs to the caller.",
    405: "The address exists, but not with this method.",
    408: "The body did not arrive in time.",
    409: "The id was used before with another body.",
    413: "The body is too large.",
    415: "The body is not plain JSON.",
    422: "The event breaks its schema; `fields` names the field, what was expected and what was found.",
    429: "The key asked too often; see `Retry-After`.",
    500: "Something broke on our side.",
    503: "Not ready, overloaded, or nothing can be stored; see `Retry-After`. Repeat with the same id.",
    504: "No durable answer within the deadline. Repeat with the same id.",
}
_EVENT_ID: Json = {
    "name": "event_id",
    "in": "path",
    "required": True,
    "description": "The payment's id.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": r"^[A-Za-z0-9._:@+\-|/]{1,64}$"},
}

HOT_STATUSES = (400, 401, 403, 408, 409, 413, 415, 422, 429, 500, 503, 504)
READ_STATUSES = (401, 403, 404, 429, 500, 503)


def components() -> Json:
    """Return the schemas of all events and answers, by name."""
    schemas = events.components(_REF + "{name}")
    # Written by Satark alone and refused at the door, so callers need not know of it.
    del schemas["Card"]["properties"]["next_token"]
    for kind in EVENT_TYPES.values():
        # A route of one kind knows it without being told; POST /v1/events asks for it on top (see `_tagged`).
        schema = schemas[kind.__name__]
        schema["required"] = [name for name in schema["required"] if name != "type"]
    answers = [Decision, Receipt, BatchAnswer, Problem, Live, Ready]
    _, found = msgspec.json.schema_components(answers, ref_template=_REF + "{name}")
    return dict(sorted({**schemas, **found}.items()))


def refusals(*statuses: int) -> Json:
    """Return the responses of these refusals; every one has the same shape."""
    found: Json = {}
    for status in statuses:
        response: Json = {
            "description": _PROBLEM_TEXTS[status],
            "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}},
            "content": {"application/problem+json": {"schema": {"$ref": _REF + "Problem"}}},
        }
        if status in (429, 503):
            response["headers"]["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
        found[str(status)] = response
    return found


def success(schema: str, description: str, example: Json | None = None) -> Json:
    """Return the 200 response with a named schema."""
    media: Json = {"schema": {"$ref": _REF + schema}}
    if example is not None:
        media["example"] = example
    return {
        "200": {
            "description": description,
            "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}},
            "content": {"application/json": media},
        }
    }


def hot_paths(options: ApiOptions) -> Json:
    """Return the entries of the routes that are not FastAPI's."""
    return {
        "/v1/decisions": {
            "post": _operation(
                "decide",
                "Decide one payment",
                "The action is durable when the answer arrives. Needs the scope `decide`.",
                body=_body({"$ref": _REF + "Payment"}, **EXAMPLES["payment"]),
                answer=success("Decision", "The decision.", examples.DECISION),
                default_ms=options.deadline_ms,
                options=options,
                tag="Decisions",
            )
        },
        "/v1/decisions/batch": {
            "post": _operation(
                "decide_batch",
                "Decide up to a thousand payments in order",
                "Each item has its own status; a refused one does not stop the others. "
                "Needs the scope `decide`.",
                body=_body(
                    {
                        "type": "object",
                        "required": ["events"],
                        "additionalProperties": False,
                        "properties": {
                            "events": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": options.batch_limit_items,
                                # A bad item gets its own 422 inside the answer, so the batch takes any
                                # object.
                                "items": {"$ref": _REF + "Payment"},
                            }
                        },
                    },
                    three={"events": list(EXAMPLES["payment"].values())},
                ),
                answer=success(
                    "BatchAnswer",
                    "One result per event, in order.",
                    {"results": [{"status": 200, "decision": examples.DECISION}]},
                ),
                default_ms=options.batch_deadline_ms,
                options=options,
                tag="Decisions",
            )
        },
        "/v1/labels": {
            "post": _operation(
                "label",
                "Report that an event was fraud or genuine",
                "It counts from `reported_at`; a later label of the same event replaces it from then on. "
                "Needs the scope `label`.",
                body=_body({"$ref": _REF + "Label"}, **EXAMPLES["label"]),
                answer=success("Receipt", "The label is durable.", examples.RECEIPT),
                default_ms=options.event_deadline_ms,
                options=options,
                tag="Events",
            )
        },
        "/v1/events": {
            "post": _operation(
                "remember",
                "Send an event that is not decided",
                "A payment's result, a label or a change of payees. Needs the scope `events`; "
                "a label also needs `label`.",
                body=_body(
                    _tagged("PaymentResult", "Label", "PayeeChange"),
                    **EXAMPLES["payment_result"],
                    **EXAMPLES["label"],
                    **EXAMPLES["payee_change"],
                ),
                answer=success("Receipt", "The event is durable.", examples.RECEIPT),
                default_ms=options.event_deadline_ms,
                options=options,
                tag="Events",
            )
        },
    }


def complete(document: Json, options: ApiOptions) -> Json:
    """Add to FastAPI's document what it cannot know: hot routes, schemas, keys, headers, the introduction."""
    document["info"]["description"] = _INTRODUCTION
    document["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    document["servers"] = [{"url": "/", "description": "This server"}]
    document["tags"] = [
        {"name": "Decisions", "description": "Decide payments and read decisions."},
        {"name": "Events", "description": "What becomes known afterwards."},
        {"name": "Operation", "description": "Health and numbers for whoever runs the server."},
    ]
    read = document["paths"]["/v1/decisions/{event_id}"]["get"]
    read["parameters"] = [_EVENT_ID]
    # FastAPI promises its own 422 for a path parameter; an id that cannot exist is simply not found here.
    del read["responses"]["422"]
    document["paths"] = {**hot_paths(options), **document["paths"]}
    document["security"] = [{"ApiKey": []}]
    parts = document.setdefault("components", {})
    parts["schemas"] = components()
    parts["securitySchemes"] = {
        "ApiKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key of `satark keys create`, as `Authorization: Bearer sk_...`.",
        }
    }
    parts["headers"] = {
        "RequestId": {
            "description": "The caller's own X-Request-Id if it was short and plain, else one of ours.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        },
        "RetryAfter": {
            "description": "Whole seconds to wait.",
            "schema": {"type": "integer", "minimum": 1},
        },
    }
    return document


def _operation(
    name: str,
    summary: str,
    description: str,
    *,
    body: Json,
    answer: Json,
    default_ms: int,
    options: ApiOptions,
    tag: str,
) -> Json:
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "description": description,
        "parameters": [
            {
                "name": "deadline_ms",
                "in": "query",
                "required": False,
                "description": "How long to wait for a durable answer, in milliseconds.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": options.max_deadline_ms,
                    "default": default_ms,
                },
            }
        ],
        "requestBody": body,
        "responses": {**answer, **refusals(*HOT_STATUSES)},
    }


def _body(schema: Json, **named: Mapping[str, Any]) -> Json:
    shown = {name: {"value": dict(value)} for name, value in named.items()}
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": shown}}}


def _tagged(*names: str) -> Json:
    return {"oneOf": [{"allOf": [{"$ref": _REF + name}, {"required": ["type"]}]} for name in names]}
