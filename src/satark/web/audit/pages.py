"""The audit trails' pages; reading them is noted in them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from satark.web.audit.checks import Checks
from satark.web.audit.words import ACTS, CHECK_NAMES, DETAILS, FLASHES, TRAIL_NAMES
from satark.web.flash import Flash
from satark.web.forms import number_of, text_of
from satark.web.routing import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from satark.web.desk import Desk
    from satark.web.sessions import Session

ROWS = 100
MAX_FILTER = 200
DESK, INSTALLATION = "desk", "installation"
TRAILS = (DESK, INSTALLATION)


class Trail(Protocol):
    """One chain of what people did; see `satark.storage.audit` and `satark.storage.desk.audit`."""

    def entries(
        self,
        limit: int = 100,
        *,
        before_seq: int | None = None,
        action: str | None = None,
        subject: str | None = None,
        actor: str | None = None,
    ) -> list[Any]:
        """Return entries, newest first, a page at a time."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What the address asks for; empty: any."""

    trail: str = DESK
    actor: str = ""
    action: str = ""
    subject: str = ""

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filter:
        """Read it from an address; what cannot be used is left out."""
        trail = query.get("trail", DESK)
        told = {name: query.get(name, "").strip()[:MAX_FILTER] for name in ("actor", "action", "subject")}
        return cls(trail if trail in TRAILS else DESK, **told)

    def address(self, **changes: str) -> str:
        """Return the address of this filter with some changes."""
        told = {
            "trail": self.trail,
            "actor": self.actor,
            "action": self.action,
            "subject": self.subject,
            **changes,
        }
        return f"/audit?{urlencode({name: value for name, value in told.items() if value})}"


class AuditPages:
    """Handlers of the audit trails' pages."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._checks = Checks(desk.clock)
        desk.renderer.add_names("trail_name", TRAIL_NAMES)
        desk.renderer.add_names("check_name", CHECK_NAMES)
        desk.renderer.add_names("audited_act", ACTS)
        desk.renderer.add_names("audited_detail", DETAILS)
        desk.renderer.add_flashes(FLASHES)

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/audit", self.trail, "audit.view"),
            Page("/audit/state", self.state, "audit.view", touch=False),
            Page("/audit/check", self.check, "audit.view", ("POST",)),
        ]

    async def trail(self, request: Request, session: Session) -> Response:
        """Show the newest entries that a filter lets through."""
        desk, wanted = self._desk, Filter.read(request.query_params)
        before = number_of(request.query_params["before"]) if request.query_params.get("before") else None
        trail = self._trail(wanted.trail)

        def read() -> list[Any]:
            if trail is None:
                return []
            return trail.entries(
                ROWS,
                before_seq=before,
                actor=wanted.actor or None,
                action=wanted.action or None,
                subject=wanted.subject or None,
            )

        entries = await asyncio.to_thread(read)
        await desk.note(session.username, "audit_viewed", wanted.trail, entries=str(len(entries)))
        return desk.page(
            request,
            "audit/audit.html",
            wanted=wanted,
            trails=TRAILS,
            acts=ACTS,
            entries_shown=entries,
            following=wanted.address(before=str(entries[-1].seq)) if len(entries) == ROWS else "",
            is_first=before is None,
            check=self._checks.of(wanted.trail),
        )

    async def state(self, request: Request, session: Session) -> Response:
        """Return how the proof stands."""
        wanted = Filter.read(request.query_params)
        return self._desk.piece(
            request,
            "audit/state.html",
            session=session,
            wanted=wanted,
            check=self._checks.of(wanted.trail),
        )

    async def check(self, request: Request, session: Session) -> Response:
        """Begin to compute a trail's chain again."""
        desk = self._desk
        wanted = Filter.read({"trail": text_of(await desk.form(request), "trail", MAX_FILTER)})
        trail: Any = self._trail(wanted.trail)
        if trail is None:
            raise HTTPException(404)
        verify = trail.verify_trail if wanted.trail == INSTALLATION else trail.verify
        await desk.note(session.username, "audit_checked", wanted.trail)
        begun = self._checks.start(wanted.trail, verify)
        return desk.after(wanted.address(), Flash("audit_check_begun" if begun else "audit_check_running"))

    def _trail(self, name: str) -> Trail | None:
        found: Trail | None = self._desk.trail if name == INSTALLATION else self._desk.audit_log
        return found
