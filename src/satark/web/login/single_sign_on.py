"""Logging in at the identity provider (OpenID Connect, authorization code with PKCE).

The answer comes back by a navigation that began on the provider's site, so the cookie that remembers the request is
`Lax`, and the last page leads on by itself: a redirect would still count as the other site's, and the browser would
keep the session's own cookie, which is `Strict`, to itself.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from satark.core.errors import InputInvalid
from satark.web import wish
from satark.web.identity.origin import origin_of
from satark.web.identity.provider import Provider, ProviderRefused
from satark.web.login.entering import STEP_SECONDS, address_of, let_in, show_form

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.web.desk import Desk
    from satark.web.identity.ports import IdentityStore
    from satark.web.identity.provider import Person
    from satark.web.ports import StaffMember

KIND = "single_sign_on"
BACK = "/login/single-sign-on/back"
_MAX_CODE = 4_096
_log = structlog.get_logger("satark.web")


class SingleSignOnPages:
    """The way to the provider and back."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        options = desk.options.single_sign_on
        self._provider = None if options is None else Provider(options, desk.clock)

    @property
    def _cookie(self) -> str:
        return "__Host-satark_sign_on" if self._desk.options.secure_cookies else "satark_sign_on"

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider."""
        desk = self._desk
        provider, identity, back = self._known(request)
        try:
            begun = await provider.begin(back)
        except ProviderRefused as refusal:
            return self._refused(request, refusal)
        body = {"state": begun.state, "nonce": begun.nonce, "verifier": begun.verifier}
        step = await asyncio.to_thread(identity.steps.begin, KIND, body, seconds=STEP_SECONDS)
        response = RedirectResponse(begun.address, status_code=303)
        response.set_cookie(
            self._cookie,
            step,
            max_age=round(STEP_SECONDS),
            path="/",
            secure=desk.options.secure_cookies,
            httponly=True,
            samesite="lax",
        )
        return response

    async def back(self, request: Request) -> Response:
        """Take what the provider says and let its person in."""
        desk = self._desk
        provider, identity, back = self._known(request)
        params = request.query_params
        step = await asyncio.to_thread(identity.steps.take, request.cookies.get(self._cookie), KIND)
        if step is None or not hmac.compare_digest(step["state"].encode(), params.get("state", "").encode()):
            return show_form(desk, request, status=403, problem="stale")
        code = params.get("code", "")
        if not code or len(code) > _MAX_CODE:
            return self._refused(request, ProviderRefused(params.get("error", "no code")[:100]))
        try:
            person = await provider.finish(
                code, back, nonce=step["nonce"], verifier=step["verifier"], issuer=params.get("iss")
            )
        except ProviderRefused as refusal:
            return self._refused(request, refusal)
        member = await asyncio.to_thread(self._member, identity, person)
        if member is None:
            await desk.note("-", "login_failed", person.username, address=address_of(request), method=KIND)
            return show_form(desk, request, status=403, problem="unknown")
        request.state.session = None
        response = desk.page(request, "login/on.html", to=wish.wish_of(request))
        response.delete_cookie(
            self._cookie, secure=desk.options.secure_cookies, httponly=True, samesite="lax"
        )
        return await let_in(desk, request, member, response, method="single_sign_on", strong=True)

    def _member(self, identity: IdentityStore, person: Person) -> StaffMember | None:
        """Return the member that a person of the provider is; linked at the first login, made if groups give roles."""
        desk = self._desk
        link = identity.links.find(person.issuer, person.subject)
        name = person.username if link is None else link.username
        member = desk.staff.find(name)
        manages_roles = bool(desk.options.single_sign_on and desk.options.single_sign_on.roles)
        if manages_roles and person.role is None:
            return None
        if member is None:
            if link is not None or person.role is None:
                return None
            try:
                # The password is made and thrown away: nobody knows it, so the provider is the only way in.
                member = desk.staff.create(name, person.role, actor=person.issuer).member
            except InputInvalid:
                return None
        if member.disabled_us is not None:
            return None
        if link is None and not identity.links.add(
            person.issuer, person.subject, member.username, actor=member.username
        ):
            return None
        if manages_roles and person.role is not None and member.role != person.role:
            try:
                member = desk.staff.change_role(member.username, person.role, actor=person.issuer)
            except InputInvalid:
                return None
        return member

    def _known(self, request: Request) -> tuple[Provider, IdentityStore, str]:
        origin = origin_of(self._desk.options, request)
        if self._provider is None or self._desk.identity is None or origin is None:
            raise HTTPException(404)
        return self._provider, self._desk.identity, origin.address + BACK

    def _refused(self, request: Request, refusal: ProviderRefused) -> Response:
        _log.warning("single_sign_on_refused", reason=str(refusal))
        return show_form(self._desk, request, status=403, problem="provider")
