"""GET /decisions/{seq}: one decision in full, explained, personal data masked.

Everything is read from the stores by the place in the log; what cannot be explained any more (retention, a policy that
is gone) is said, and the rest is shown.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from satark.core.errors import NotFound
from satark.web import views
from satark.web.charts import BarChart, bar_chart
from satark.web.decision.explaining import Explainer, Explanation
from satark.web.decision.model_part import STATE_WORDS, model_view
from satark.web.decision.places import Fence, Sheet, Spot, draw
from satark.web.decision.shelf import Shelf
from satark.web.decision.subjects import facts_of, payment_of, spots_of
from satark.web.entity.labels import label_of
from satark.web.entity.names import EntityNames
from satark.web.entity.pages import span_until
from satark.web.i18n import mark as _
from satark.web.permissions import allowed
from satark.web.routing import Page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from satark.cases.model import Case, EntityRef
    from satark.core.clock import Lang
    from satark.decisions.ports import LogEntry
    from satark.events.kinds import Payment
    from satark.web.desk import Desk
    from satark.web.sessions import Session

MAX_SEQ = 1 << 62
BUCKET_SECONDS = 3_600
BUCKETS = 24
CHART_WIDTH = 240
CHART_HEIGHT = 36
_MAX_TEXT = 64
_MAX_CHARTS = 8
_BEFORE = 3
_HOUR_US = 3_600_000_000
_TRAVEL_KINDS = ("card", "customer", "device")
_FENCES = {"shipping_billing_km": "billing", "shipping_location_km": "device"}
"""Values that measure a distance from a place: which one."""

PLACE_NAMES = {
    "device": _("Device"),
    "shipping": _("Delivery address"),
    "billing": _("Billing address"),
    "before": _("Payment before"),
}
RULE_KINDS = {
    "account_takeover": _("Account takeover"),
    "bin_attack": _("Attack on a number series"),
    "card_testing": _("Card testing"),
    "cloned_card": _("Cloned card"),
    "collect_abuse": _("Abuse of collect requests"),
    "country_mismatch": _("Countries that do not fit"),
    "drop_address": _("Drop address"),
    "exemption": _("Exemption"),
    "known_bad": _("Known as bad"),
    "merchant_fraud": _("Fraud by a merchant"),
    "mule": _("Mule account"),
    "new_account": _("New account"),
    "new_payee": _("New payee"),
    "refund_abuse": _("Abuse of refunds"),
    "reseller": _("Reseller"),
    "shared_identity": _("Shared identity"),
    "stolen_card": _("Stolen card"),
    "velocity": _("Too many in a short time"),
}


@dataclass(frozen=True, slots=True)
class Shared:
    """What else the stores know of a decision.

    Attributes
    ----------
    refs
        The things that the payment names, by the facts that name them.
    charts
        What each of them did in the day before.
    """

    refs: dict[str, EntityRef]
    charts: dict[EntityRef, BarChart]
    sheet: Sheet | None
    case: Case | None


class DecisionPages:
    """The page of one decision."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._names = EntityNames.of(desk)
        self._explainer = Explainer(Shelf.of(desk.reader))
        desk.renderer.add_names("place_name", PLACE_NAMES)
        desk.renderer.add_names("rule_kind", RULE_KINDS)
        desk.renderer.add_names("model_state", STATE_WORDS)

    def pages(self) -> list[Page]:
        """Return the pages."""
        return [Page("/decisions/{seq:int}", self.show, "decisions.view")]

    async def show(self, request: Request, session: Session) -> Response:
        """Show one decision."""
        desk = self._desk
        seq = request.path_params["seq"]
        lang: Lang = "hi" if desk.lang(request) == "hi" else "en"
        asked = (
            request.query_params.get("change", "")[:_MAX_TEXT],
            request.query_params.get("to", "")[:_MAX_TEXT],
        )
        values = await asyncio.to_thread(self._gather, seq, lang, session.role, asked)
        if values is None:
            raise HTTPException(404)
        event_id = values["entry"].event_id
        await desk.note(session.username, "decision_viewed", event_id, seq=str(seq))
        return desk.page(request, "decision/page.html", **values)

    def _gather(self, seq: int, lang: Lang, role: str, asked: tuple[str, str]) -> dict[str, Any] | None:
        desk = self._desk
        entry = desk.reader.get(seq) if seq < MAX_SEQ else None
        decision = None if entry is None else views.decision_of(entry)
        if entry is None or decision is None:
            return None
        explanation = tried = None
        try:
            explanation = self._explainer.explain(entry, decision, lang)
            if asked[0]:
                tried = self._explainer.what_if(entry, decision, lang, *asked)
        except NotFound:
            # Retention has removed what is needed, or the policy is not in this log; the page says so.
            explanation = None
        body = views.body_of(entry)
        shared = self._shared(entry, payment_of(entry), explanation, role)
        return {
            "entry": entry,
            "decision": decision,
            "row": views.row_of(entry),
            "body": body,
            "particulars": [] if body is None else views.particulars_of(body),
            "lines": [] if body is None else views.lines_of(body),
            "steps": views.steps_of(decision.latency_us),
            "explanation": explanation,
            "asked": asked,
            "tried": tried,
            "shared": shared,
            "model": model_view(desk.desk_store, decision, seq, lang),
            "links": _distinct(shared.refs) if allowed(role, "entities.view") else [],
        }

    def _shared(
        self, entry: LogEntry, payment: Payment | None, explanation: Explanation | None, role: str
    ) -> Shared:
        if payment is None:
            return Shared({}, {}, None, None)
        desk = self._desk
        refs = facts_of(payment)
        charts: dict[EntityRef, BarChart] = {}
        case = None
        spots = spots_of(payment)
        if desk.desk_store is not None:
            with desk.desk_store.reading_together():
                if allowed(role, "entities.view"):
                    charts = self._charts(entry, refs)
                    spots += self._places_before(entry, refs, spots)
                if allowed(role, "cases.view"):
                    case = desk.cases.of_event(entry.seq)
        return Shared(refs, charts, draw(spots, _fences(entry, spots, explanation)), case)

    def _charts(self, entry: LogEntry, refs: dict[str, EntityRef]) -> dict[EntityRef, BarChart]:
        begin, _ = span_until(entry.occurred_us, BUCKET_SECONDS, BUCKETS)
        until = entry.occurred_us + 1
        things = list(dict.fromkeys(refs.values()))[:_MAX_CHARTS]
        activity = self._desk.entities.activity(things, BUCKET_SECONDS, begin, until)
        return {
            ref: bar_chart(points, BUCKET_SECONDS, begin, until, width=CHART_WIDTH, height=CHART_HEIGHT)
            for ref, points in activity.items()
        }

    def _places_before(self, entry: LogEntry, refs: dict[str, EntityRef], spots: list[Spot]) -> list[Spot]:
        """Return where the card (or who paid) was before, newest first, for a payment whose device has a place."""
        ref = next((refs[kind] for kind in _TRAVEL_KINDS if kind in refs), None)
        if ref is None or not spots or spots[0].kind != "device":
            return []
        found: list[Spot] = []
        for seq in self._desk.entities.events(ref, 4 * _BEFORE, entry.seq):
            earlier = self._desk.reader.get(seq)
            payment = None if earlier is None else payment_of(earlier)
            if earlier is None or payment is None or payment.location is None:
                continue
            where = payment.location
            if all((where.lat, where.lon) != (known.lat, known.lon) for known in (spots[0], *found)):
                note = str(earlier.occurred_us)
                found.append(Spot("before", where.lat, where.lon, note, where.accuracy_m / 1_000))
            if len(found) == _BEFORE:
                break
        return found


def _fences(entry: LogEntry, spots: list[Spot], explanation: Explanation | None) -> list[Fence]:
    """Return the circles of rules that fired: how far from a place, or how far somebody can have come since."""
    places = {spot.kind: spot for spot in reversed(spots)}
    before = places.get("before")
    found = []
    for rule in [] if explanation is None else explanation.rules:
        for name, km in rule.distances:
            centre = places.get(_FENCES.get(name, ""))
            if centre is not None:
                found.append(Fence(centre.kind, centre.lat, centre.lon, km, rule.code))
        if before is not None:
            hours = max(0, entry.occurred_us - int(before.note)) / _HOUR_US
            found += [
                Fence(before.kind, before.lat, before.lon, kmh * hours, rule.code) for _, kmh in rule.speeds
            ]
    return found


def _distinct(refs: dict[str, EntityRef]) -> list[tuple[EntityRef, str]]:
    """Return the things that a payment names, each once, with what may be shown of it beside the others."""
    return [(ref, label_of(ref)) for ref in dict.fromkeys(refs.values())]
