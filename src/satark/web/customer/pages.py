"""GET and POST /c/<token>: "this was not me" and "it was me", without a login, made for a phone.

Whoever holds the link may answer, once. Opening the page changes nothing but a note that it was opened, because mail
filters and messengers open links by themselves; an answer is a POST from the page itself. The page shows what the
notice said, asks for nothing but the answer, and never says more to one who holds a link that was answered already.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse
from starlette.routing import Route

from satark.cases.notices import Answer, effects_of, hash_of
from satark.core.clock import MICROS_PER_SECOND
from satark.web import i18n
from satark.web.customer.limits import WINDOW_SECONDS, LinkLimits
from satark.web.customer.words import FROZEN_NAMES, dialled
from satark.web.security import from_our_page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.cases.notices import Effects, Notice, NoticeLink
    from satark.web.customer.ports import AnswerBook
    from satark.web.desk import Desk

FIRST_LANGUAGE = "hi"
PORTAL = "cybercrime.gov.in"
"""Where the Government of India takes complaints of cyber fraud; by phone that is 1930."""
STEPS_US = 24 * 3_600 * MICROS_PER_SECOND
"""So long after a denial its link still shows what to tell police and bank: a phone forgets a page while it calls."""
_OK = 200
_STATUS = {"ended": 410, "unknown": 404, "slow": 429, "broken": 503, "stale": 403}
_log = structlog.get_logger("satark.web")


class CustomerPages:
    """The endpoint behind the links; open to everybody, guarded by the link itself."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._limits = LinkLimits(lambda: desk.clock.now_us() / MICROS_PER_SECOND)
        desk.renderer.add_names("frozen_name", FROZEN_NAMES)
        desk.renderer.add_filter("dialled", lambda _: dialled)

    def routes(self) -> list[Route]:
        """Return the routes of the area."""
        return [Route("/c/{token}", self.page, methods=["GET", "POST"])]

    async def page(self, request: Request) -> Response:
        """Show the question, or take the answer."""
        try:
            return await self._serve(request)
        except Exception as error:  # noqa: BLE001 - the address is a secret of its customer, and whoever logs an error
            # that comes through here would log it.
            _log.error("customer_page_failed", error=type(error).__name__)
            return self._closed(request, "broken")

    async def _serve(self, request: Request) -> Response:
        book: AnswerBook = self._desk.notices
        token = str(request.path_params["token"])
        expires_us = book.links.expiry_us(token)
        if expires_us is None:
            address = request.client.host if request.client else ""
            return self._closed(request, "unknown" if self._limits.wrong(address) else "slow")
        key = hash_of(token)
        if not self._limits.asked(key):
            return self._closed(request, "slow")
        found = await asyncio.to_thread(book.find, key)
        if found is None:
            return self._closed(request, "unknown")
        notice, link = found
        if link.used_us is not None:
            return self._used(request, notice, link)
        if min(expires_us, link.expires_us) <= self._desk.clock.now_us():
            return self._closed(request, "ended", notice)
        if request.method != "POST":
            if request.method == "GET":
                await asyncio.to_thread(book.opened, key)
            return self._ask(request, notice, token)
        return await self._take(request, book, notice, token)

    async def _take(self, request: Request, book: AnswerBook, notice: Notice, token: str) -> Response:
        """Write the answer down."""
        try:
            form = await self._desk.form(request)
        except HTTPException as error:
            return self._ask(request, notice, token, status=error.status_code)
        said = form.get("answer")
        if not (from_our_page(request) and book.links.form_allows(token, str(form.get("proof", "")))):
            return self._ask(request, notice, token, status=403)
        if said not in {Answer.FRAUD.value, Answer.GENUINE.value}:
            return self._ask(request, notice, token, status=400)
        answer, key, now_us = Answer(str(said)), hash_of(token), self._desk.clock.now_us()

        def decide(asked: Notice, doubtful: bool) -> Effects:  # noqa: FBT001 - the store says so
            return effects_of(asked, answer, now_us, doubtful=doubtful)

        done = await asyncio.to_thread(book.answer, key, answer, decide)
        if done is None:
            found = await asyncio.to_thread(book.find, key)
            if found is None or found[1].used_us is None:
                return self._closed(request, "ended", notice)
            return self._used(request, *found)
        notice, effects = done
        return self._page(
            request, "customer/told.html", notice, answer=answer.value, effects=effects, reported_us=now_us
        )

    def _ask(self, request: Request, notice: Notice, token: str, status: int = 200) -> Response:
        proof = self._desk.notices.links.form_token(token)
        return self._page(
            request, "customer/ask.html", notice, status=status, proof=proof, again=status != _OK
        )

    def _used(self, request: Request, notice: Notice, link: NoticeLink) -> Response:
        """Refuse a second answer, kindly; who denied the payment still finds the particulars for the complaint."""
        status = 409 if request.method == "POST" else 200
        reported_us = link.used_us if link.answer is Answer.FRAUD else None
        if reported_us is not None and self._desk.clock.now_us() - reported_us > STEPS_US:
            reported_us = None
        return self._page(
            request,
            "customer/closed.html",
            notice,
            status=status,
            why="used",
            link=link,
            reported_us=reported_us,
        )

    def _closed(self, request: Request, why: str, notice: Notice | None = None) -> Response:
        response = self._page(
            request, "customer/closed.html", notice, status=_STATUS[why], why=why, link=None
        )
        if why == "slow":
            response.headers["retry-after"] = str(int(WINDOW_SECONDS))
        return response

    def _page(
        self,
        request: Request,
        name: str,
        notice: Notice | None,
        *,
        status: int = 200,
        **values: Any,  # noqa: ANN401 - what templates take
    ) -> Response:
        lang = _lang(request, notice)
        terms = None if notice is None else notice.terms
        institution = "" if terms is None else terms.institution_hi if lang == "hi" else terms.institution_en
        html = self._desk.renderer.render(
            lang,
            name,
            notice=notice,
            shown=None if notice is None else notice.shown,
            institution=institution,
            portal=PORTAL,
            helpline="" if terms is None else terms.helpline,
            **values,
        )
        response = HTMLResponse(html, status_code=status)
        response.headers["x-robots-tag"] = "noindex, nofollow, noarchive"
        return response


def _lang(request: Request, notice: Notice | None) -> str:
    """Return the language: the one asked for on the page, else the notice's, else Hindi."""
    asked = request.query_params.get("lang")
    if asked in i18n.LANGUAGES:
        return str(asked)
    return FIRST_LANGUAGE if notice is None else notice.lang
