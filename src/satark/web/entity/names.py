"""How addresses name a card, device or person: sealed, so that the mask on the page is not undone by the link.

Templates get the filters `entity_path` (to the page of a thing), `entity_token`, `entity_label` (masked) and
`kind_name`; any page may use them on an `EntityRef`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.cases.model import EntityKind, EntityRef
from satark.web.entity.labels import KIND_NAMES, label_of
from satark.web.sealing import MAX_TEXT, Seal

if TYPE_CHECKING:
    from satark.web.desk import Desk

PURPOSE = "entity"


class EntityNames:
    """Things to tokens and back.

    Examples
    --------
    >>> names = EntityNames(Seal(b"sixteen bytes or more"))
    >>> ref = EntityRef(EntityKind.PHONE, "+919876543210")
    >>> names.ref(names.token(ref)) == ref, names.path(ref).startswith("/entities/"), names.ref("x" * 40)
    (True, True, None)
    """

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    @classmethod
    def of(cls, desk: Desk) -> EntityNames:
        """Return the names of an installation's pages, and give templates the filters."""
        names = cls(Seal(desk.options.link_key))
        desk.renderer.add_filter("entity_path", lambda _: names.path)
        desk.renderer.add_filter("entity_token", lambda _: names.token)
        desk.renderer.add_filter("entity_label", lambda _: label_of)
        desk.renderer.add_names("kind_name", KIND_NAMES)
        return names

    def token(self, ref: EntityRef) -> str:
        """Return the name of a thing in addresses and in the graph."""
        return self._seal.close(PURPOSE, f"{ref.kind.value} {ref.value}"[:MAX_TEXT])

    def path(self, ref: EntityRef) -> str:
        """Return the address of a thing's page."""
        return f"/entities/{self.token(ref)}"

    def ref(self, token: str) -> EntityRef | None:
        """Return the thing behind a token, None when the token is not ours."""
        kind, _, value = (self._seal.open(PURPOSE, token) or "").partition(" ")
        if not value or kind not in KIND_NAMES:
            return None
        return EntityRef(EntityKind(kind), value)
