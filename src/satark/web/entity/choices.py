"""What a customer has chosen about notices, on the customer's own page: the language, and from which amount on.

A customer tells the bank at the counter or by phone, so an analyst writes it down; the link in a notice does not take
it, because whoever holds a stolen phone would choose never to be told. Ids of customers belong to an owner of API keys:
the page shows a form for each owner whose payments it lists.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from satark.cases.model import EntityKind
from satark.core.errors import InputInvalid
from satark.web import i18n
from satark.web.entity.names import EntityNames
from satark.web.flash import Flash
from satark.web.forms import number_of, text_of
from satark.web.i18n import mark as _
from satark.web.routing import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from satark.cases.model import EntityRef
    from satark.cases.notices import Customer
    from satark.decisions.ports import LogEntry
    from satark.web.desk import Desk
    from satark.web.sessions import Session

MAX_OWNERS = 5
LOOKED_AT = 40
_MAX_TEXT = 20
_MAX_RUPEES_DIGITS = 11
FLASHES = {
    "customer_chosen": _("The customer’s choice is kept; it holds from the next notice on."),
    "refused_choice": _("The amount must be a number of whole rupees, or empty for the policy’s."),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What stands in one owner's form; `alone` says that there is no other owner."""

    owner: int
    lang: str
    rupees: str
    changed_us: int | None
    alone: bool


def choices_of(desk: Desk, ref: EntityRef, entries: Sequence[LogEntry]) -> list[Choice]:
    """Return what a customer has chosen per owner of the events shown; nothing for what is no customer. Blocks."""
    if ref.kind is not EntityKind.CUSTOMER:
        return []
    owners = owners_of(entries)
    return [_choice(owner, desk.notices.chosen(owner, ref.value), alone=len(owners) == 1) for owner in owners]


def owners_of(entries: Sequence[LogEntry]) -> list[int]:
    """Return who sent some events, whoever sent the newest first."""
    return list(dict.fromkeys(entry.owner for entry in entries))[:MAX_OWNERS]


def _choice(owner: int, chosen: Customer | None, *, alone: bool) -> Choice:
    if chosen is None:
        return Choice(owner, "", "", None, alone)
    least = chosen.threshold_minor
    rupees = "" if least is None else str(-(-least // 100))
    return Choice(owner, chosen.lang or "", rupees, chosen.changed_us, alone)


def paise_of(text: str) -> int | None:
    """Read whole rupees as people write them.

    Raises
    ------
    ValueError
        It is no amount above nothing.

    Examples
    --------
    >>> paise_of("₹1,00,000"), paise_of("  ") is None
    (10000000, True)
    """
    digits = text.strip().lstrip("₹").replace(",", "").replace(" ", "")
    if not digits:
        return None
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MAX_RUPEES_DIGITS and int(digits)):
        message = "not a number of whole rupees"
        raise ValueError(message)
    return int(digits) * 100


class CustomerChoices:
    """The form's handler."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._names = EntityNames.of(desk)
        desk.renderer.add_flashes(FLASHES)

    def pages(self) -> list[Page]:
        """Return the page."""
        return [Page("/entities/{token}/choices", self.choose, "cases.work", methods=("POST",))]

    async def choose(self, request: Request, session: Session) -> Response:
        """Keep what a customer has chosen."""
        desk, token = self._desk, request.path_params["token"]
        ref = self._names.ref(token)
        if ref is None or ref.kind is not EntityKind.CUSTOMER:
            raise HTTPException(404)
        form = await desk.form(request)
        owner, lang = number_of(text_of(form, "owner", _MAX_TEXT)), text_of(form, "lang", _MAX_TEXT)
        if lang and lang not in i18n.LANGUAGES:
            raise HTTPException(400)
        back = f"/entities/{token}"
        try:
            least = paise_of(text_of(form, "threshold", _MAX_TEXT))
        except ValueError:
            return desk.after(back, Flash("refused_choice"))

        def work() -> Flash:
            # Only owners whose payments name this customer; a form could say any.
            entries = [entry for entry in map(desk.reader.get, desk.entities.events(ref, LOOKED_AT)) if entry]
            if owner not in owners_of(entries):
                raise HTTPException(404)
            try:
                desk.notices.choose(
                    owner, ref.value, lang=lang or None, threshold_minor=least, actor=session.username
                )
            except InputInvalid:
                return Flash("refused_choice")
            return Flash("customer_chosen")

        return desk.after(back, await asyncio.to_thread(work))
