"""The FastAPI app of every route that is not hot: reading a decision, health, metrics, documentation."""

# FastAPI reads the annotations of routes at run time, so nothing here is deferred.
import asyncio
import ipaddress
from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from satark.api import examples
from satark.api.answers import Live, Ready
from satark.api.asgi import JSON_HEADERS, PROBLEM_HEADERS, request_id_of
from satark.api.auth import Door
from satark.api.docs import DocsPage
from satark.api.errors import InvalidRequest, MethodNotAllowed
from satark.api.metrics import MetricsPage
from satark.api.openapi import READ_STATUSES, complete, refusals, success
from satark.api.options import ApiOptions
from satark.api.ports import DecisionServiceLike
from satark.api.problems import encode_problem, extra_headers, line_of, problem_of
from satark.core.errors import NotFound, SatarkError

_MAX_ID = 64


def create_cold_app(
    service: DecisionServiceLike, door: Door, options: ApiOptions, metrics: MetricsPage, version: str
) -> FastAPI:
    """Return the app behind the hot routes."""
    app = FastAPI(
        title="Satark",
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.add_exception_handler(SatarkError, _on_refusal)
    app.add_exception_handler(HTTPException, _on_http_error)
    _add_reading(app, service, door)
    _add_operation(app, service, door, options, metrics)
    app.openapi = _openapi_of(app, options)  # type: ignore[method-assign]
    if options.docs:
        _add_docs(app)
    return app


def _add_reading(app: FastAPI, service: DecisionServiceLike, door: Door) -> None:
    @app.get(
        "/v1/decisions/{event_id:path}",
        tags=["Decisions"],
        operation_id="read_decision",
        summary="Read a decision",
        description="The stored answer to a payment of this key's owner. Needs the scope `read`.",
        response_class=Response,
        openapi_extra={
            "responses": {
                **success("Decision", "The stored decision.", examples.DECISION),
                **refusals(*READ_STATUSES),
            },
        },
    )
    async def read_decision(request: Request, event_id: str) -> Response:
        caller = await door.admit(_authorization(request), "read")
        found = None
        if 0 < len(event_id) <= _MAX_ID:
            found = await asyncio.to_thread(service.find, caller.owner, event_id)
        if found is None:
            raise NotFound("No decision of this id belongs to this key's owner.")
        return Response(found, headers=_plain(JSON_HEADERS))


def _add_operation(
    app: FastAPI, service: DecisionServiceLike, door: Door, options: ApiOptions, metrics: MetricsPage
) -> None:
    @app.get(
        "/health/live",
        tags=["Operation"],
        operation_id="live",
        summary="Is the process alive",
        response_class=Response,
        openapi_extra={"security": [], "responses": success("Live", "It is.", {"status": "live"})},
    )
    async def live() -> Response:
        return Response(msgspec.json.encode(Live()), headers=_plain(JSON_HEADERS))

    @app.get(
        "/health/ready",
        tags=["Operation"],
        operation_id="ready",
        summary="Can events be decided now",
        response_class=Response,
        openapi_extra={
            "security": [],
            "responses": {
                **success("Ready", "They can.", {"ready": True, "reasons": []}),
                "503": {
                    **success("Ready", "Not now.", {"ready": False, "reasons": ["windows: rebuilding"]})[
                        "200"
                    ]
                },
            },
        },
    )
    async def ready() -> Response:
        state = service.ready()
        body = msgspec.json.encode(Ready(ready=state.ready, reasons=list(state.reasons)))
        return Response(body, status_code=200 if state.ready else 503, headers=_plain(JSON_HEADERS))

    @app.get(
        "/metrics",
        tags=["Operation"],
        operation_id="metrics",
        summary="Numbers for Prometheus",
        description="Needs the scope `metrics`, unless callers on the same machine are let in without a key.",
        response_class=Response,
        openapi_extra={
            "responses": {
                "200": {
                    "description": "The Prometheus text format.",
                    "content": {"text/plain": {"schema": {"type": "string"}}},
                },
                **refusals(401, 403, 429, 500, 503),
            },
        },
    )
    async def numbers(request: Request) -> Response:
        if not (options.metrics_on_loopback and _is_loopback(request)):
            await door.admit(_authorization(request), "metrics")
        return Response(metrics.render(), media_type=metrics.content_type)


def _add_docs(app: FastAPI) -> None:
    page = DocsPage()

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return JSONResponse(app.openapi())

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return Response(page.html(app.openapi()), media_type="text/html", headers=page.headers)

    @app.get("/docs/style.css", include_in_schema=False)
    async def style() -> Response:
        return Response(page.css, media_type="text/css", headers={"cache-control": "max-age=3600"})


def _openapi_of(app: FastAPI, options: ApiOptions) -> Callable[[], dict[str, Any]]:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if not hasattr(app.state, "document"):
            app.state.document = complete(generate(), options)
        document: dict[str, Any] = app.state.document
        return document

    return openapi


async def _on_refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, SatarkError):
        raise error
    request_id = request_id_of(request.headers.get("x-request-id", "").encode("latin-1"))
    body = encode_problem(problem_of(error, request_id.decode("ascii")))
    headers = _plain((*PROBLEM_HEADERS, (b"x-request-id", request_id), *extra_headers(error)))
    return Response(body, status_code=line_of(error).status, headers=headers)


async def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    refusal: SatarkError
    if error.status_code == 404:  # noqa: PLR2004
        refusal = NotFound("There is nothing at this address.")
    elif error.status_code == 405:  # noqa: PLR2004
        allow = (error.headers or {}).get("Allow", "GET")
        refusal = MethodNotAllowed("This address does not take this method.", allow=_with_head(allow))
    else:
        refusal = InvalidRequest("The request cannot be used.", parameter="request")
    return await _on_refusal(request, refusal)


def _with_head(allow: str) -> str:
    return f"{allow}, HEAD" if "GET" in allow and "HEAD" not in allow else allow


def _authorization(request: Request) -> bytes | None:
    header = request.headers.get("authorization")
    return None if header is None else header.encode("latin-1")


def _is_loopback(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _plain(headers: tuple[tuple[bytes, bytes], ...]) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
