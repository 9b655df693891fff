"""The areas of the console as the bar lists them: who may see an entry, and which one is open.

An entry appears once its area is registered (see `satark.web.app`) and only to roles that may open it, so that the
bar never leads to a page that refuses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.web.i18n import _
from satark.web.permissions import allowed

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the bar.

    Attributes
    ----------
    path
        Where it leads.
    words
        A message id.
    permission
        See `satark.web.permissions`.
    also
        Beginnings of other addresses that belong to this entry.
    """

    path: str
    words: str
    permission: str
    also: tuple[str, ...] = ()


ENTRIES = (
    Entry("/", _("Live"), "decisions.view", ("/decisions/",)),
    Entry("/queue", _("Queue"), "cases.view", ("/cases/",)),
    Entry("/search", _("Search"), "entities.view", ("/entities/", "/graph")),
    Entry("/dashboard", _("Dashboard"), "dashboard.view"),
    Entry("/supervisor", _("Supervisor"), "cases.supervise"),
    Entry("/watch", _("Watch"), "watch.view"),
    Entry("/lists", _("Lists"), "lists.view"),
    Entry("/policy", _("Policy"), "policies.view", ("/backtests",)),
    Entry("/webhooks", _("Webhooks"), "webhooks.manage"),
    Entry("/audit", _("Audit"), "audit.view"),
    Entry("/staff", _("Staff"), "staff.manage"),
    Entry("/account", _("Account"), "account.self"),
)


class Navigation:
    """The entries whose pages exist."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()
        self._entries: tuple[Entry, ...] = ()
        self._readable: tuple[re.Pattern[str], ...] = ()

    def register(self, paths: Iterable[str]) -> None:
        """Tell which pages exist; entries without one do not appear."""
        self._known = frozenset(paths)
        self._entries = tuple(entry for entry in ENTRIES if entry.path in self._known)

    def register_readable(self, paths: Iterable[re.Pattern[str]]) -> None:
        """Tell which addresses can be opened, and not only be sent a form."""
        self._readable = tuple(paths)

    def readable(self, path: str) -> str:
        """Return the nearest address above one that can be opened: what a form answered with a page comes back to.

        Examples
        --------
        >>> import re
        >>> navigation = Navigation()
        >>> navigation.register_readable([re.compile("/lists/[^/]+"), re.compile("/")])
        >>> navigation.readable("/lists/blocked_cards/import"), navigation.readable("/logout")
        ('/lists/blocked_cards', '/')
        """
        while path != "/" and not any(form.fullmatch(path) for form in self._readable):
            path = path.rpartition("/")[0] or "/"
        return path

    def has(self, path: str) -> bool:
        """Return whether a page is registered at a path."""
        return path in self._known

    def entries(self, role: str | None) -> tuple[Entry, ...]:
        """Return what a role may open, in the order of the bar; nothing for nobody."""
        if role is None:
            return ()
        return tuple(entry for entry in self._entries if allowed(role, entry.permission))

    def current(self, path: str) -> str | None:
        """Return the path of the entry that an address belongs to, the longest match first."""
        found = [
            (len(start), entry.path)
            for entry in self._entries
            for start in (entry.path, *entry.also)
            if path == start or (start != "/" and path.startswith(start.rstrip("/") + "/"))
        ]
        return max(found)[1] if found else None
