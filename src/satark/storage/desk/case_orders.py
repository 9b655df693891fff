"""What the closing of a case asks of others beside labels: list entries of the engine, holds of whoever can hold.

An entry that is taken back leaves the list as it was before: one that stood there already gets its old expiry again,
and one that somebody else has edited since stays as they left it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from satark.cases.cloud_events import event_message
from satark.storage.desk.case_labels import CORRECTION, CaseLabels
from satark.storage.desk.tables.rollups import LIST_VALUES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.cases.model import HoldChoice, ListChoice

LISTS_OWNER = 0
"""Lists belong to the installation, not to an owner of API keys."""


class CaseOrders(CaseLabels):
    """List entries and holds; each is part of the act's transaction."""

    def _list(
        self, connection: sa.Connection, choices: Sequence[ListChoice], rows: Sequence[Any], actor: str
    ) -> list[dict[str, Any]]:
        """Put what was chosen on lists, once per act; each case's timeline tells of it."""
        entries: list[dict[str, Any]] = []
        for choice in choices:
            entry = {"list": choice.list, "value": choice.value, "expires_us": choice.expires_us}
            note = choice.note or f"case {rows[0].id}"
            self._commands.put(connection, LISTS_OWNER, "list_set", {**entry, "note": note}, actor)
            for row in rows:
                self._line(connection, row.id, actor, "action", {"act": "list_set", **entry})
            digestible = {"list": choice.list, "expires_us": choice.expires_us}
            self._note(connection, actor, "case_list_entry_set", rows[0].id, digestible)
            entries.append({**entry, "was": self._listed(connection, choice.list, choice.value)})
        return entries

    def _unlist(
        self, connection: sa.Connection, case_id: int, entries: Sequence[dict[str, Any]], actor: str
    ) -> None:
        """Leave lists as they were before `_list`."""
        for entry in entries:
            name, value, was = entry["list"], entry["value"], entry["was"]
            now = self._listed(connection, name, value)
            # The engine's edit shows here once the worker has read it in the log: until then the list looks as before.
            if now not in ([entry["expires_us"]], was):
                continue
            note = {"note": f"case {case_id}: undone"}
            if was and (was[0] is None or was[0] > self._clock.now_us()):
                act, body = "list_set", {"list": name, "value": value, "expires_us": was[0]}
            else:
                act, body = "list_remove", {"list": name, "value": value}
            self._commands.put(connection, LISTS_OWNER, act, {**body, **note}, actor)
            self._line(connection, case_id, actor, "action", {"act": act, **body})
            self._note(connection, actor, "case_list_entry_undone", case_id, {"list": name})

    def _ask_hold(
        self,
        connection: sa.Connection,
        row: Any,  # noqa: ANN401 - a row
        hold: HoldChoice,
        actor: str,
        number: int,
    ) -> int:
        """Ask for a hold; return over how much."""
        amount_minor = int(row.amount_minor) if hold.amount_minor is None else hold.amount_minor
        detail = {"act": "requested", "amount_minor": amount_minor, "note": hold.note}
        self._line(connection, row.id, actor, "hold", detail)
        self._outbox.put(
            connection,
            event_message(
                "hold.requested",
                f"hold.requested:{row.id}:{number}",
                {
                    "case": row.id,
                    "amount_minor": amount_minor,
                    "events": [alert.event_id for alert in self._events(connection, row.id)],
                    "requested_by": actor,
                    "note": hold.note,
                },
                subject=f"case/{row.id}",
                case_id=row.id,
            ),
        )
        return amount_minor

    def _release_hold(
        self, connection: sa.Connection, case_id: int, amount_minor: int, number: int, actor: str
    ) -> None:
        """Take a hold back."""
        self._line(connection, case_id, actor, "hold", {"act": "released", "amount_minor": amount_minor})
        self._outbox.put(
            connection,
            event_message(
                "hold.released",
                f"hold.released:{case_id}:{number}",
                {"case": case_id, "amount_minor": amount_minor, "released_by": actor, "reason": CORRECTION},
                subject=f"case/{case_id}",
                case_id=case_id,
            ),
        )

    def _listed(self, connection: sa.Connection, name: str, value: str) -> list[int | None]:
        """Return the expiry of a list's entry as the log last said, in a list; empty: it is not on the list."""
        row = connection.execute(
            sa.select(LIST_VALUES.c.expires_us).where(
                LIST_VALUES.c.list == name, LIST_VALUES.c.value == value, LIST_VALUES.c.removed.is_(False)
            )
        ).first()
        return [] if row is None else [row.expires_us]
