"""GET /policy/models and /policy/models/{hash}: which models there are, which policies ask them, and a model's card."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from satark.core.errors import ModelInvalid, NotFound, StorageUnavailable
from satark.decisions.logged_roster import logged_model
from satark.models.artefact import read_head
from satark.web.models.card import KIND_NAMES, Brief, brief_of, card_of
from satark.web.policy.pages import lang_of
from satark.web.policy.standing import Part, read_now
from satark.web.routing import Page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.models import ModelHead
    from satark.web.desk import Desk
    from satark.web.sessions import Session


@dataclass(frozen=True, slots=True)
class Use:
    """A policy that asks a model; as a challenger its score acts on nothing."""

    part: Part
    challenger: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A model of the list.

    Attributes
    ----------
    kept_us
        Since when it lies in the folder; None where only the log has it.
    head
        None when its file is damaged.
    """

    hash: str
    size: int
    kept_us: int | None
    head: ModelHead | None
    uses: tuple[Use, ...]

    @property
    def brief(self) -> Brief | None:
        """What the list says of it."""
        return None if self.head is None else brief_of(self.head)


class ModelPages:
    """Handlers of the pages of models."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.renderer.add_names("model_kind", KIND_NAMES)

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [
            Page("/policy/models", self.overview, "policies.view"),
            Page("/policy/models/{hash}", self.one, "policies.view"),
        ]

    async def overview(self, request: Request, session: Session) -> Response:  # noqa: ARG002 - the guard's
        """Show the models of the folder, and those that only the log has."""
        models = await asyncio.to_thread(self._all)
        return self._desk.page(request, "models/models.html", models=models)

    async def one(self, request: Request, session: Session) -> Response:  # noqa: ARG002 - the guard's
        """Show the card of one model."""
        model = await asyncio.to_thread(self._one, str(request.path_params["hash"]))
        if model is None:
            raise HTTPException(404)
        card = None if model.head is None else card_of(model.head, lang_of(self._desk.lang(request)))
        return self._desk.page(request, "models/model.html", model=model, card=card)

    # Blocking parts.

    def _all(self) -> list[Shown]:
        uses = self._uses()
        shelf = self._desk.models
        kept = [] if shelf is None else shelf.heads()
        found = [Shown(one.hash, one.size, one.kept_us, one.head, uses.pop(one.hash, ())) for one in kept]
        logged = (self._logged(model_hash, using) for model_hash, using in uses.items())
        return [*(one for one in logged if one is not None), *found]

    def _one(self, model_hash: str) -> Shown | None:
        uses = self._uses().get(model_hash, ())
        shelf = self._desk.models
        kept = None if shelf is None else shelf.head(model_hash)
        if kept is not None:
            return Shown(kept.hash, kept.size, kept.kept_us, kept.head, uses)
        return self._logged(model_hash, uses) if uses else None

    def _uses(self) -> dict[str, tuple[Use, ...]]:
        """Return which policies that take part ask which model."""
        store = self._desk.store
        parts = read_now(store).parts
        policies = store.versions.policies(self._desk.reader, [part.title.hash for part in parts])
        found: dict[str, tuple[Use, ...]] = {}
        for part in parts:
            policy = policies.get(part.title.hash)
            if policy is None or policy.model is None:
                continue
            for ref in (policy.model, *policy.model.challengers):
                use = Use(part, challenger=ref is not policy.model)
                found[ref.hash] = (*found.get(ref.hash, ()), use)
        return found

    def _logged(self, model_hash: str, uses: tuple[Use, ...]) -> Shown | None:
        """Return a model that a policy names and that the folder does not have; the engine logged it."""
        try:
            data = logged_model(self._desk.reader, model_hash)
            found, head = read_head(data)
        except (NotFound, ModelInvalid, StorageUnavailable):
            return None
        return Shown(model_hash, len(data), None, head if found == model_hash else None, uses)
