"""The queue's filters as they stand in the URL, so that a view can be kept, sent and come back to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from satark.cases.model import CaseState, QueueFilter
from satark.web.views import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

ME = "me"
NOBODY = "nobody"
MAX_TEXT = 200
MAX_NAME = 64
_MAX_RUPEES_DIGITS = 13
_STATES = frozenset(state.value for state in CaseState)


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """What the address asks for; anything in it that cannot be used is left out.

    Attributes
    ----------
    queue, state, action
        Empty: any (of the states: any but closed).
    who
        "me", "nobody", a user name, or empty for anybody.
    rupees
        The least amount in whole rupees, 0 for any.
    text
        An event id, a case's number or the value of a card, a phone and so on.
    overdue
        Only those past their deadline.
    proposed
        Only those that wait for a second person.
    """

    queue: str = ""
    state: str = ""
    who: str = ""
    action: str = ""
    rupees: int = 0
    text: str = ""
    overdue: bool = False
    proposed: bool = False

    @classmethod
    def read(cls, params: Mapping[str, str]) -> QueueQuery:
        """Read the query of an address.

        Examples
        --------
        >>> QueueQuery.read({"queue": "upi", "least": "1,00,000", "state": "lost", "overdue": "1"})
        QueueQuery(queue='upi', state='', who='', action='', rupees=100000, text='', overdue=True, proposed=False)
        """
        state, action = params.get("state", ""), params.get("action", "")
        return cls(
            queue=_name(params.get("queue", "")),
            state=state if state in _STATES else "",
            who=_name(params.get("who", "")),
            action=action if action in ACTIONS else "",
            rupees=_rupees(params.get("least", "")),
            text=params.get("q", "").strip()[:MAX_TEXT],
            overdue=params.get("overdue") == "1",
            proposed=params.get("proposed") == "1",
        )

    def query(self, **changes: str | int | bool) -> str:
        """Return the query of the address, with changes; what asks for nothing is left out.

        Examples
        --------
        >>> QueueQuery(queue="upi", overdue=True).query(who="me")
        'queue=upi&who=me&overdue=1'
        """
        wanted = replace(self, **changes) if changes else self  # type: ignore[arg-type]
        pairs = {
            "queue": wanted.queue,
            "state": wanted.state,
            "who": wanted.who,
            "action": wanted.action,
            "least": str(wanted.rupees or ""),
            "q": wanted.text,
            "overdue": "1" if wanted.overdue else "",
            "proposed": "1" if wanted.proposed else "",
        }
        return urlencode({name: value for name, value in pairs.items() if value})

    def address(self, **changes: str | int | bool) -> str:
        """Return the address of the queue with this filter."""
        query = self.query(**changes)
        return f"/queue?{query}" if query else "/queue"

    def wanted(self, user: str) -> QueueFilter:
        """Return the filter for the store, `me` being the one who asks."""
        return QueueFilter(
            queue=self.queue or None,
            states=(CaseState(self.state),) if self.state else (),
            assignee={"": None, ME: user, NOBODY: ""}.get(self.who, self.who),
            action=self.action or None,
            min_amount_minor=self.rupees * 100 or None,
            text=self.text,
            overdue=self.overdue,
            proposed=self.proposed,
        )


def _name(text: str) -> str:
    return text if len(text) <= MAX_NAME and text.isprintable() else ""


def _rupees(text: str) -> int:
    digits = text.strip().lstrip("₹").replace(",", "").replace(" ", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MAX_RUPEES_DIGITS else 0
