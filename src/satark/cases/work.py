"""The rules of the work on cases, as plain functions: what may follow what, who may do it, and what goes out with it.

Storage asks here before it writes, so that both databases, the pages and the tests obey the same rules.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from satark.cases.model import (
    MAX_ATTACHMENT_BYTES,
    MAX_BULK,
    MAX_NOTE_LENGTH,
    CaseOutcome,
    CaseState,
    EntityKind,
    EntityRef,
    ListChoice,
    Refusal,
)
from satark.core.clock import MICROS_PER_SECOND
from satark.core.errors import WorkRefused
from satark.events.aadhaar import mask_aadhaar
from satark.events.cards import mask

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from satark.cases.model import Case, CaseEntity
    from satark.policies.case_rules import CaseTerms

LABEL_OF = {CaseOutcome.FRAUD: "fraud", CaseOutcome.GENUINE: "genuine"}
"""What the engine is told of an event when its case closes; of an inconclusive one nothing."""
MAX_NAME = 120
MAX_REMARK = 300
MEDIA_TYPES = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "text/plain": (),
    "text/csv": (),
    "application/json": (),
}
"""What a file at a case may be, and how its bytes begin. Nothing that a browser would run."""

_UNSAFE = re.compile(r'[\\/:*?"<>|]')


def refuse(reason: Refusal, message: str, **fields: object) -> WorkRefused:
    """Make the error of a refused act."""
    return WorkRefused(message, reason=reason.value, **fields)


def check_bulk(case_ids: Sequence[int]) -> tuple[int, ...]:
    """Return the cases of a bulk act, each once and in order.

    Raises
    ------
    WorkRefused
        There are none, or too many.
    """
    ids = tuple(sorted(set(case_ids)))
    if not ids:
        raise refuse(Refusal.EMPTY, "no case was named")
    if len(ids) > MAX_BULK:
        raise refuse(Refusal.TOO_MANY, f"one act changes at most {MAX_BULK} cases", limit=MAX_BULK)
    return ids


def check_version(case: Case, version: int | None) -> None:
    """Refuse an act on a case that changed since the actor saw it."""
    if version is not None and case.version != version:
        raise refuse(Refusal.CHANGED, "the case changed meanwhile", case=case.id, version=case.version)


def check_lock(case: Case, actor: str) -> None:
    """Refuse an act on a case that another person has open."""
    if case.locked_by is not None and case.locked_by != actor:
        raise refuse(Refusal.LOCKED, "another person has the case open", case=case.id, by=case.locked_by)


def check_open(case: Case) -> None:
    """Refuse an act that needs an open case."""
    if case.state is CaseState.CLOSED:
        raise refuse(Refusal.CLOSED, "the case is closed", case=case.id)


def check_reason(terms: CaseTerms, outcome: CaseOutcome, reason_code: str) -> None:
    """Refuse a reason that the policy does not know for the outcome."""
    if reason_code not in terms.reasons.get(outcome.value, {}):
        raise refuse(Refusal.UNKNOWN_REASON, "the policy has no such reason", outcome=outcome.value)


def check_second_person(case: Case, actor: str) -> None:
    """Refuse a confirmation by the one who proposed, or of nothing."""
    if case.proposed_by is None:
        raise refuse(Refusal.NOT_PROPOSED, "nothing was proposed", case=case.id)
    if case.proposed_by == actor:
        raise refuse(Refusal.SAME_PERSON, "a second person has to confirm", case=case.id)


def check_state(state: CaseState) -> None:
    """Refuse to close by a change of state: closing has an outcome."""
    if state is CaseState.CLOSED:
        raise refuse(Refusal.CLOSED, "a case is closed with an outcome, not by its state")


def check_note(text: str) -> str:
    r"""Return a note as it is kept: trimmed, without control characters but line feeds, and without full numbers.

    What an analyst copies out of a mail or a chat may hold a card's or an Aadhaar number; the last four digits are
    enough to speak of it.

    Raises
    ------
    WorkRefused
        It is empty or too long.

    Examples
    --------
    >>> check_note(" called;\r\nno answer \x00")
    'called;\nno answer'
    >>> check_note("card 4111 1111 1111 1111, Aadhaar 2341 2341 2346")
    'card <card ending 1111>, Aadhaar XXXX XXXX 2346'
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(sign for sign in text if sign == "\n" or not is_control(sign)).strip()
    if not text:
        raise refuse(Refusal.EMPTY, "the note is empty")
    text = without_numbers(text)
    if len(text) > MAX_NOTE_LENGTH:
        raise refuse(
            Refusal.TOO_LARGE, f"a note has at most {MAX_NOTE_LENGTH} characters", limit=MAX_NOTE_LENGTH
        )
    return text


def is_control(sign: str) -> bool:
    """Say whether a character is one that shows nothing or reorders others (but keeps those Hindi needs)."""
    return (
        unicodedata.category(sign) in {"Cc", "Cs", "Co"}
        or sign in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


def check_attachment(name: str, media_type: str, data: bytes) -> tuple[str, str]:
    r"""Return a file's name and media type as they are kept.

    Raises
    ------
    WorkRefused
        It is empty, too large, of a media type that is not taken, or its bytes are not of its media type.

    Examples
    --------
    >>> check_attachment("../../etc/receipt.pdf", "Application/PDF; x=1", b"%PDF-1.7")
    ('receipt.pdf', 'application/pdf')
    """
    if not data:
        raise refuse(Refusal.EMPTY, "the file is empty")
    if len(data) > MAX_ATTACHMENT_BYTES:
        raise refuse(
            Refusal.TOO_LARGE, f"a file has at most {MAX_ATTACHMENT_BYTES} bytes", limit=MAX_ATTACHMENT_BYTES
        )
    plain = media_type.partition(";")[0].strip().lower()
    starts = MEDIA_TYPES.get(plain)
    if starts is None or (starts and not data.startswith(starts)) or (not starts and b"\x00" in data):
        raise refuse(Refusal.MEDIA_TYPE, "files of this kind are not taken", found=plain[:64])
    return safe_name(name), plain


def safe_name(name: str) -> str:
    r"""Return a file's name without path, control characters and signs that systems or headers trip over.

    Examples
    --------
    >>> safe_name('C:\\x\\re"ceipt\r\n.pdf'), safe_name("रसीद.png"), safe_name("..")
    ('receipt.pdf', 'रसीद.png', 'file')
    """
    last = re.split(r"[\\/]", name)[-1]
    kept = "".join(sign for sign in last if sign.isprintable() or sign in "\u200c\u200d")
    kept = _UNSAFE.sub("", kept).strip(" .")
    return kept[-MAX_NAME:] or "file"


def offered_lists(
    terms: CaseTerms, entities: Iterable[CaseEntity], now_us: int, *, note: str = ""
) -> list[ListChoice]:
    """Return the list entries that the policy offers when a case closes as fraud; the analyst chooses among them."""
    things = list(entities)
    return [
        ListChoice(
            list=offer.list,
            value=offer.prefix + thing.ref.value,
            expires_us=None
            if offer.expires_seconds is None
            else now_us + offer.expires_seconds * MICROS_PER_SECOND,
            note=note,
        )
        for offer in terms.on_fraud
        for thing in things
        if thing.ref.kind == offer.kind
    ]


def offers_behind(terms: CaseTerms, choice: ListChoice) -> list[EntityRef]:
    """Return the things of which a case must have one, for the policy to offer this entry.

    A list can trust as well as block, so a closing sets only what the policy offers; other entries are made on the
    pages of lists, by those who may.
    """
    return [
        EntityRef(EntityKind(offer.kind), choice.value.removeprefix(offer.prefix))
        for offer in terms.on_fraud
        if offer.list == choice.list and choice.value.startswith(offer.prefix)
    ]


def check_choices(
    terms: CaseTerms, choices: Iterable[ListChoice], things: Container[EntityRef], now_us: int
) -> None:
    """Refuse list entries that the policy does not offer for the things of a case, or that have run out already."""
    for choice in choices:
        if not any(ref in things for ref in offers_behind(terms, choice)):
            raise refuse(
                Refusal.NOT_OFFERED, "the policy does not offer this list entry", list=choice.list[:64]
            )
        if choice.expires_us is not None and choice.expires_us <= now_us:
            raise refuse(Refusal.NOT_OFFERED, "the list entry would have run out already")
        check_remark(choice.note)


def without_numbers(text: str) -> str:
    """Return a text in which card and Aadhaar numbers show their last four digits alone."""
    return mask_aadhaar(mask(text))


def check_remark(text: str) -> None:
    """Refuse a remark that goes out with an act and is not one short line."""
    if len(text) > MAX_REMARK or any(is_control(sign) or sign in "\u2028\u2029" for sign in text):
        raise refuse(
            Refusal.TOO_LARGE, f"a remark is one line of at most {MAX_REMARK} characters", limit=MAX_REMARK
        )


def label_body(
    label_id: str, event_id: str, label: str, reporter: str, kind: str | None = None
) -> dict[str, Any]:
    """Return the body of a `label` command."""
    return {"id": label_id, "event": event_id, "label": label, "kind": kind, "reporter": reporter}


def in_turn(case_ids: Sequence[int], loads: dict[str, int]) -> dict[str, list[int]]:
    """Deal cases to people: each next one to who has least, in the given order of people when equal.

    Examples
    --------
    >>> in_turn([1, 2, 3, 4], {"asha": 1, "ravi": 0})
    {'asha': [2, 4], 'ravi': [1, 3]}
    """
    loads = dict(loads)
    dealt: dict[str, list[int]] = {user: [] for user in loads}
    for case_id in case_ids:
        user = min(loads, key=lambda one: loads[one])
        dealt[user].append(case_id)
        loads[user] += 1
    return dealt
