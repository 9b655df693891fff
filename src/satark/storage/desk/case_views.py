"""Saved views of the queue: a filter's URL query under a name, one's own and those that others share."""

from __future__ import annotations

import sqlalchemy as sa

from satark.cases import work
from satark.cases.model import Refusal, SavedView
from satark.core.errors import NotFound
from satark.storage.desk.case_rows import CasePart
from satark.storage.desk.tables.cases import CASE_VIEWS

MAX_VIEWS = 50
MAX_NAME = 60
MAX_QUERY = 2_000


class CaseViews(CasePart):
    """The saved views of `satark.cases.ports.CaseStore`."""

    def views(self, user: str) -> list[SavedView]:
        """Return a person's saved views and those shared by others."""
        query = (
            sa.select(CASE_VIEWS)
            .where(sa.or_(CASE_VIEWS.c.owner == user, CASE_VIEWS.c.shared))
            .order_by(CASE_VIEWS.c.name, CASE_VIEWS.c.id)
            .limit(4 * MAX_VIEWS)
        )
        with self._reading() as connection:
            return [
                SavedView(row.id, row.owner, row.name, row.query, bool(row.shared))
                for row in connection.execute(query)
            ]

    def save_view(self, user: str, name: str, query: str, *, shared: bool = False) -> SavedView:
        """Keep a view; one's own of the same name is replaced."""
        name = " ".join("".join(sign for sign in name if not work.is_control(sign)).split())
        if not name:
            raise work.refuse(Refusal.EMPTY, "a view has a name")
        if len(name) > MAX_NAME or len(query) > MAX_QUERY or not query.isprintable():
            raise work.refuse(Refusal.TOO_LARGE, "the view's name or filter is too long", limit=MAX_NAME)
        with self._writing() as connection:
            own = CASE_VIEWS.c.owner == user
            connection.execute(sa.delete(CASE_VIEWS).where(own, CASE_VIEWS.c.name == name))
            number = connection.scalar(sa.select(sa.func.count()).select_from(CASE_VIEWS).where(own)) or 0
            if number >= MAX_VIEWS:
                raise work.refuse(
                    Refusal.TOO_MANY, f"a person has at most {MAX_VIEWS} views", limit=MAX_VIEWS
                )
            done = connection.execute(
                sa.insert(CASE_VIEWS)
                .values(owner=user, name=name, query=query, shared=shared, changed_us=self._clock.now_us())
                .returning(CASE_VIEWS.c.id)
            )
            view = SavedView(int(done.scalar_one()), user, name, query, shared)
            self._audit.note(
                connection,
                actor=user,
                action="view_saved",
                subject=f"view:{view.id}",
                detail={"shared": shared},
            )
        return view

    def drop_view(self, user: str, view_id: int) -> None:
        """Remove one's own view.

        Raises
        ------
        NotFound
            There is none of this id, or it is another's.
        """
        with self._writing() as connection:
            done = connection.execute(
                sa.delete(CASE_VIEWS).where(CASE_VIEWS.c.id == view_id, CASE_VIEWS.c.owner == user)
            )
            if not done.rowcount:
                message = "there is no such view of yours"
                raise NotFound(message)
            self._audit.note(connection, actor=user, action="view_dropped", subject=f"view:{view_id}")
