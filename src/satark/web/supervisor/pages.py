"""The supervisor's page: figures of the desk at this moment, and dealing out what nobody has."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from satark.cases.model import QueueFilter
from satark.web.acts import act, undoable
from satark.web.colleagues import colleagues
from satark.web.flash import Flash
from satark.web.forms import number_of, text_of
from satark.web.routing import Page
from satark.web.supervisor.figures import backlog_of, loads_of, mix_of
from satark.web.wording import add_case_words

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.cases.figures import DeskLoad
    from satark.policies.case_rules import CaseTerms
    from satark.web.desk import Desk
    from satark.web.sessions import Session

MAX_DEALT = 100
_MAX_NAME = 64


class SupervisorPages:
    """Handlers of the supervisor's page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        add_case_words(desk.renderer)

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/supervisor", self.supervisor, "cases.supervise"),
            Page("/supervisor/spread", self.spread, "cases.assign", ("POST",)),
        ]

    async def supervisor(self, request: Request, _: Session) -> Response:
        """Show backlog, ageing, outcomes, loads, and how right the rules are."""
        desk, now_us = self._desk, self._desk.clock.now_us()

        def read() -> tuple[DeskLoad, CaseTerms, dict[str, int], list[str]]:
            with desk.store.reading_together():
                return (
                    desk.cases.load(now_us),
                    desk.cases.terms(),
                    desk.cases.queues(),
                    colleagues(desk.staff),
                )

        load, terms, queues, people = await asyncio.to_thread(read)
        return desk.page(
            request,
            "supervisor/supervisor.html",
            load=load,
            terms=terms,
            queues=queues,
            people=people,
            backlog=backlog_of(load),
            mix=mix_of(load),
            loads=loads_of(load, people),
            most_dealt=MAX_DEALT,
            now_us=now_us,
        )

    async def spread(self, request: Request, session: Session) -> Response:
        """Deal the unassigned cases most at risk out to colleagues, in turn."""
        desk = self._desk
        form = await desk.form(request)
        queue = text_of(form, "queue", _MAX_NAME)
        number = min(number_of(text_of(form, "number", _MAX_NAME)), MAX_DEALT)
        asked = {value for value in form.getlist("person") if isinstance(value, str)}

        def work() -> Flash:
            # Only who may work on cases can be given one, whatever the form says.
            people = [person for person in colleagues(desk.staff) if person in asked]
            if not people:
                return Flash("choose_person")
            wanted = QueueFilter(queue=queue or None, assignee="")
            rows = desk.cases.queue(wanted, number).rows if number else []
            if not rows:
                return Flash("queue_empty")
            return undoable(desk.cases.spread([case.id for case in rows], people, session.username))

        return await act(desk, "/supervisor", work)
