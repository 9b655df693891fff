"""The pages of webhooks and of everything else that is sent: endpoints, deliveries, and what a person decides."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import msgspec
from starlette.exceptions import HTTPException

from satark.cases.outbox import SETTLED, SUBSCRIBABLE, Channel, MessageState, PostedFilter
from satark.core.errors import InputInvalid, NotFound
from satark.web.flash import Flash
from satark.web.forms import text_of
from satark.web.routing import Page
from satark.web.webhooks.span import span_of
from satark.web.webhooks.views import shown_body
from satark.web.webhooks.words import PROBLEM_NAMES, add_outbox_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.cases.endpoints import Endpoint
    from satark.cases.outbox import Posted
    from satark.web.desk import Desk
    from satark.web.sessions import Session
    from satark.web.webhooks.ports import OutboxDesk

MANAGE = "webhooks.manage"
ROWS = 50
_MAX_FIELD = 600
_POST = ("POST",)
_TROUBLE = (MessageState.UNKNOWN, MessageState.FAILED, MessageState.DEAD)


class WebhooksPages:
    """The pages of webhooks."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        add_outbox_words(desk.renderer)

    def pages(self) -> list[Page]:
        """Return the pages."""
        one, message = "/webhooks/{endpoint:int}", "/webhooks/deliveries/{message:int}"
        return [
            Page("/webhooks", self.endpoints, MANAGE),
            Page("/webhooks", self.add, MANAGE, _POST),
            Page("/webhooks/deliveries", self.deliveries, MANAGE),
            Page(one, self.endpoint, MANAGE),
            Page(one + "/change", self.change, MANAGE, _POST),
            Page(one + "/rotate", self.rotate, MANAGE, _POST),
            Page(one + "/disable", self.disable, MANAGE, _POST),
            Page(one + "/enable", self.enable, MANAGE, _POST),
            Page(one + "/trial", self.trial, MANAGE, _POST),
            Page(one + "/replay", self.replay_span, MANAGE, _POST),
            Page(message, self.message, MANAGE),
            Page(message + "/again", self.again, MANAGE, _POST),
            Page(message + "/arrived", self.arrived, MANAGE, _POST),
        ]

    @property
    def _outbox(self) -> OutboxDesk:
        return cast("OutboxDesk", self._desk.outbox)

    async def endpoints(self, request: Request, _: Session) -> Response:
        """Show all endpoints and how they do."""
        return await self._endpoints(request)

    async def add(self, request: Request, session: Session) -> Response:
        """Add an endpoint and show its secret this once."""
        desk, form = self._desk, await self._desk.form(request)
        name, url, topics, resend = _entered(form)
        try:
            made = await asyncio.to_thread(
                self._outbox.endpoints.add, name, url, topics, session.username, resend_in_doubt=resend
            )
        except InputInvalid as error:
            entered = {"name": name, "url": url, "topics": topics, "resend_in_doubt": resend}
            return await self._endpoints(request, status=400, problem=_problem(error), entered=entered)
        return desk.page(
            request, "webhooks/secret.html", endpoint=made.endpoint, secret=made.secret, rotated=False
        )

    async def endpoint(self, request: Request, _: Session) -> Response:
        """Show one endpoint and what it was sent."""
        return await self._endpoint(request, await self._found(request))

    async def change(self, request: Request, session: Session) -> Response:
        """Change an endpoint."""
        found, form = await self._found(request), await self._desk.form(request)
        name, url, topics, resend = _entered(form)
        try:
            await asyncio.to_thread(
                self._outbox.endpoints.change,
                found.id,
                name,
                url,
                topics,
                session.username,
                resend_in_doubt=resend,
            )
        except InputInvalid as error:
            entered = {"name": name, "url": url, "topics": topics, "resend_in_doubt": resend}
            return await self._endpoint(request, found, status=400, problem=_problem(error), entered=entered)
        return self._desk.after(f"/webhooks/{found.id}", Flash("endpoint_changed"))

    async def rotate(self, request: Request, session: Session) -> Response:
        """Give an endpoint a new secret and show it this once."""
        found, form = await self._found(request), await self._desk.form(request)
        if text_of(form, "leaked", 1):
            made = await asyncio.to_thread(
                self._outbox.endpoints.rotate, found.id, session.username, keep_seconds=0
            )
        else:
            made = await asyncio.to_thread(self._outbox.endpoints.rotate, found.id, session.username)
        return self._desk.page(
            request, "webhooks/secret.html", endpoint=made.endpoint, secret=made.secret, rotated=True
        )

    async def disable(self, request: Request, session: Session) -> Response:
        """Tell an endpoint nothing any more."""
        found = await self._found(request)
        await asyncio.to_thread(self._outbox.endpoints.disable, found.id, session.username)
        return self._desk.after(f"/webhooks/{found.id}", Flash("endpoint_disabled"))

    async def enable(self, request: Request, session: Session) -> Response:
        """Tell an endpoint again."""
        found = await self._found(request)
        await asyncio.to_thread(self._outbox.endpoints.enable, found.id, session.username)
        return self._desk.after(f"/webhooks/{found.id}", Flash("endpoint_enabled"))

    async def trial(self, request: Request, session: Session) -> Response:
        """Send an endpoint a trial."""
        found = await self._found(request)
        await asyncio.to_thread(self._outbox.ping, found.id, session.username)
        return self._desk.after(f"/webhooks/{found.id}", Flash("endpoint_tried"))

    async def replay_span(self, request: Request, session: Session) -> Response:
        """Send an endpoint's messages of a span of time again."""
        found, form = await self._found(request), await self._desk.form(request)
        back = f"/webhooks/{found.id}"
        span = span_of(text_of(form, "from", 20), text_of(form, "to", 20))
        if span is None:
            return self._desk.after(back, Flash("span_wrong"))
        states = SETTLED if text_of(form, "which", 10) == "all" else _TROUBLE
        count = await asyncio.to_thread(
            lambda: self._outbox.replay_all(
                found.id, session.username, states=states, from_us=span[0], to_us=span[1]
            )
        )
        return self._desk.after(back, Flash("messages_again", count) if count else Flash("messages_none"))

    async def deliveries(self, request: Request, _: Session) -> Response:
        """Show everything that was sent or is to be."""
        wanted = PostedFilter(state=_state(request), channel=_channel(request))
        outbox, before = self._outbox, _before(request)
        rows, counts, endpoints = await asyncio.to_thread(
            lambda: (outbox.posted(wanted, ROWS + 1, before), outbox.counts(), outbox.endpoints.all())
        )
        return self._desk.page(
            request,
            "webhooks/deliveries.html",
            rows=rows[:ROWS],
            following=rows[ROWS - 1].id if len(rows) > ROWS else None,
            counts=counts,
            names={one.id: one.name for one in endpoints},
            states=list(MessageState),
            channels=list(Channel),
            wanted=wanted,
        )

    async def message(self, request: Request, session: Session) -> Response:
        """Show one message: its attempts, and for webhooks what was sent."""
        outbox, found = self._outbox, await self._message(request)
        attempts = await asyncio.to_thread(outbox.attempts, found.id)
        body = ""
        if found.endpoint_id is not None:
            # What a notice says is between the customer and the bank, and not for this page.
            body = shown_body(await asyncio.to_thread(outbox.body, found.id))
            await self._desk.note(session.username, "message_viewed", f"message/{found.id}")
        return self._desk.page(
            request,
            "webhooks/message.html",
            message=found,
            attempts=attempts,
            body=body,
            settled=found.state in SETTLED,
        )

    async def again(self, request: Request, session: Session) -> Response:
        """Send one message again."""
        return await self._settle(request, session, self._outbox.replay, "messages_again")

    async def arrived(self, request: Request, session: Session) -> Response:
        """Mark a message in doubt as delivered."""
        return await self._settle(request, session, self._outbox.mark_sent, "message_settled")

    async def _settle(
        self, request: Request, session: Session, act: Callable[[int, str], Posted], done: str
    ) -> Response:
        number = request.path_params["message"]
        flash = Flash(done)
        try:
            await asyncio.to_thread(act, _sane(number), session.username)
        except NotFound as error:
            raise HTTPException(404) from error
        except InputInvalid as error:
            flash = Flash(f"message_{error.fields.get('reason', 'under_way')}")
        return self._desk.after(f"/webhooks/deliveries/{number}", flash)

    async def _endpoints(
        self,
        request: Request,
        *,
        status: int = 200,
        problem: str = "",
        entered: dict[str, object] | None = None,
    ) -> Response:
        outbox = self._outbox

        def read() -> tuple[list[tuple[Endpoint, object]], dict[str, int]]:
            return [(one, outbox.health(one.id)) for one in outbox.endpoints.all()], outbox.counts()

        endpoints, counts = await asyncio.to_thread(read)
        return self._desk.page(
            request,
            "webhooks/endpoints.html",
            status=status,
            endpoints=endpoints,
            counts=counts,
            topics=SUBSCRIBABLE,
            problem=problem,
            entered=entered or {"name": "", "url": "", "topics": [], "resend_in_doubt": False},
        )

    async def _endpoint(
        self,
        request: Request,
        found: Endpoint,
        *,
        status: int = 200,
        problem: str = "",
        entered: dict[str, object] | None = None,
    ) -> Response:
        wanted = PostedFilter(endpoint_id=found.id, state=_state(request))
        outbox, before = self._outbox, _before(request)
        rows, health = await asyncio.to_thread(
            lambda: (outbox.posted(wanted, ROWS + 1, before), outbox.health(found.id))
        )
        return self._desk.page(
            request,
            "webhooks/endpoint.html",
            status=status,
            endpoint=found,
            health=health,
            rows=rows[:ROWS],
            names={found.id: found.name},
            following=rows[ROWS - 1].id if len(rows) > ROWS else None,
            states=list(MessageState),
            wanted=wanted,
            topics=SUBSCRIBABLE,
            problem=problem,
            entered=entered or msgspec.structs.asdict(found),
            both_secrets=found.previous_until_us > self._desk.clock.now_us(),
        )

    async def _found(self, request: Request) -> Endpoint:
        found = await asyncio.to_thread(self._outbox.endpoints.get, _sane(request.path_params["endpoint"]))
        if found is None:
            raise HTTPException(404)
        return found

    async def _message(self, request: Request) -> Posted:
        found = await asyncio.to_thread(self._outbox.get, _sane(request.path_params["message"]))
        if found is None:
            raise HTTPException(404)
        return found


def _entered(form: FormData) -> tuple[str, str, list[str], bool]:
    """Return what the form of an endpoint says: name, address, topics, whether repeats are dropped."""
    topics = [str(topic) for topic in form.getlist("topic")]
    return text_of(form, "name", _MAX_FIELD), text_of(form, "url", _MAX_FIELD), topics, "resend" in form


def _problem(error: InputInvalid) -> str:
    reason = str(error.fields.get("reason", ""))
    return reason if reason in PROBLEM_NAMES else "form"


def _state(request: Request) -> MessageState | None:
    state = request.query_params.get("state", "")
    return MessageState(state) if state in set(MessageState) else None


def _channel(request: Request) -> str | None:
    channel = request.query_params.get("channel", "")
    return channel if channel in set(Channel) else None


def _before(request: Request) -> int | None:
    text = request.query_params.get("before", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise HTTPException(400)
    return _sane(int(text[:20]))


def _sane(number: int) -> int:
    """Refuse a number that no row can have, before a database must."""
    if number >= 1 << 63:
        raise HTTPException(404)
    return number
