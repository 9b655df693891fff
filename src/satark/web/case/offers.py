"""The list entries that the policy offers when a case closes as fraud, and which of them the analyst chose.

The page shows a card or a phone masked, and its source must not undo the mask. So an offer travels as a keyed hash of
list and value under the session's own secret, and is found again by computing the same.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.cases.model import CaseOutcome, HoldChoice, ListChoice
from satark.core.clock import MICROS_PER_DAY, MICROS_PER_SECOND
from satark.web.forms import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import FormData

    from satark.cases.model import CaseEntity, EntityRef
    from satark.policies.case_rules import CaseTerms

EXPIRY_DAYS = (1, 7, 30, 90, 365)
"""Expiries that can be chosen instead of the policy's own."""
NEVER = "never"
MAX_OFFERS = 60
MAX_HOLD_NOTE = 500
_MAX_CODE = 64
_MAX_RUPEES_DIGITS = 13


@dataclass(frozen=True, slots=True)
class Offer:
    """One list entry that may go out with the closing.

    Attributes
    ----------
    key
        What the form sends.
    list
        The list's name.
    ref
        The thing, for its masked label.
    value
        The text that goes on the list.
    expires_seconds
        As the policy says; None: never.
    """

    key: str
    list: str
    ref: EntityRef
    value: str
    expires_seconds: int | None


def offers_of(terms: CaseTerms, things: Sequence[CaseEntity], secret: str) -> list[Offer]:
    """Return what the policy offers for the things of a case, in the order of the policy."""
    return [
        Offer(
            _key(secret, offer.list, offer.prefix + thing.ref.value),
            offer.list,
            thing.ref,
            offer.prefix + thing.ref.value,
            offer.expires_seconds,
        )
        for offer in terms.on_fraud
        for thing in things
        if thing.ref.kind == offer.kind
    ][:MAX_OFFERS]


def chosen_offers(offers: Sequence[Offer], form: FormData, now_us: int, note: str) -> list[ListChoice]:
    """Return the list entries that were ticked, with the chosen expiry."""
    keys = {value for value in form.getlist("entry") if isinstance(value, str)}
    return [
        ListChoice(offer.list, offer.value, _expiry(offer, text_of(form, "expires", _MAX_CODE), now_us), note)
        for offer in offers
        if offer.key in keys
    ]


def chosen_hold(form: FormData) -> HoldChoice | None:
    """Return the hold that was asked for, None if none was; without an amount it is for all that is at risk."""
    if form.get("hold") != "1":
        return None
    digits = text_of(form, "hold_rupees", 24).lstrip("₹").replace(",", "").replace(" ", "")
    usable = digits.isascii() and digits.isdigit() and len(digits) <= _MAX_RUPEES_DIGITS and int(digits) > 0
    return HoldChoice(int(digits) * 100 if usable else None, text_of(form, "hold_note", MAX_HOLD_NOTE))


def chosen_outcome(form: FormData) -> tuple[CaseOutcome, str] | None:
    """Return outcome and reason code, None if the form has no usable ones."""
    outcome, reason = text_of(form, "outcome", _MAX_CODE), text_of(form, "reason", _MAX_CODE)
    if outcome not in {one.value for one in CaseOutcome} or not reason:
        return None
    return CaseOutcome(outcome), reason


def _expiry(offer: Offer, chosen: str, now_us: int) -> int | None:
    if chosen == NEVER:
        return None
    if chosen in {str(days) for days in EXPIRY_DAYS}:
        return now_us + int(chosen) * MICROS_PER_DAY
    return None if offer.expires_seconds is None else now_us + offer.expires_seconds * MICROS_PER_SECOND


def _key(secret: str, list_name: str, value: str) -> str:
    return hmac.new(secret.encode(), f"{list_name}\0{value}".encode(), hashlib.sha256).hexdigest()[:24]
