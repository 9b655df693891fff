"""What follows from a customer's answer: pure, from the notice's own terms.

After the public page: "not me" freezes what the policy lists, asks the institution to hold the money, and wakes the
case; "it was me" releases a held payment where the policy trusts it to. Storage writes all of it in one transaction
with the answer itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satark.cases.cloud_events import event_message
from satark.cases.notices.model import Answer, Effects, NoticeKind
from satark.core.clock import MICROS_PER_SECOND

if TYPE_CHECKING:
    from satark.cases.notices.model import Notice
    from satark.cases.ports import Message

ACTOR = "customer"
NOTE = "the customer says that it was not them"


def effects_of(notice: Notice, answer: Answer, now_us: int, *, doubtful: bool) -> Effects:
    """Return what follows.

    Parameters
    ----------
    notice
        What was asked.
    answer
        What was said.
    now_us
        When.
    doubtful
        Something speaks against releasing anything on this customer's word: another answer denied a payment, or the
        case was closed as fraud.
    """
    if answer is Answer.FRAUD:
        return _denied(notice, now_us)
    return _confirmed(notice, doubtful=doubtful)


def _denied(notice: Notice, now_us: int) -> Effects:
    terms = notice.terms
    commands: list[tuple[str, dict[str, Any]]] = []
    for freeze in terms.freezes:
        body: dict[str, Any] = {"list": freeze.list, "value": freeze.value, "note": NOTE}
        if freeze.expires_seconds is not None:
            body["expires_us"] = now_us + freeze.expires_seconds * MICROS_PER_SECOND
        commands.append(("list_set", body))
    if terms.label_fraud:
        commands.append(("label", _label(notice, Answer.FRAUD)))
    frozen = tuple(dict.fromkeys(freeze.of for freeze in terms.freezes))
    messages = [_answered(notice, Answer.FRAUD, frozen=list(frozen), released=False)]
    if terms.hold:
        messages.append(
            event_message(
                "hold.requested",
                f"hold.requested:notice:{notice.id}",
                {
                    **_payment(notice),
                    "amount_minor": notice.shown.amount_minor,
                    "reason": "denied_by_customer",
                },
                subject=f"payment/{notice.event_id}",
                case_id=notice.case_id,
            )
        )
    return Effects(tuple(commands), tuple(messages), frozen, held=terms.hold)


def _confirmed(notice: Notice, *, doubtful: bool) -> Effects:
    terms = notice.terms
    released = terms.release and notice.kind is NoticeKind.HOLD and not doubtful
    commands: list[tuple[str, dict[str, Any]]] = []
    if terms.label_genuine and not doubtful:
        commands.append(("label", _label(notice, Answer.GENUINE)))
    messages = [_answered(notice, Answer.GENUINE, frozen=[], released=released)]
    if released:
        messages.append(
            event_message(
                "hold.released",
                f"hold.released:notice:{notice.id}",
                {**_payment(notice), "reason": "confirmed_by_customer"},
                subject=f"payment/{notice.event_id}",
                case_id=notice.case_id,
            )
        )
    return Effects(tuple(commands), tuple(messages), released=released)


def _answered(notice: Notice, answer: Answer, *, frozen: list[str], released: bool) -> Message:
    data = {**_payment(notice), "answer": answer.value, "frozen": frozen, "released": released}
    return event_message(
        "customer.answered",
        f"customer.answered:{notice.id}:{answer.value}",
        data,
        subject=f"payment/{notice.event_id}",
        case_id=notice.case_id,
    )


def _payment(notice: Notice) -> dict[str, Any]:
    return {"owner": notice.owner, "event": notice.event_id, "notice": notice.id, "case": notice.case_id}


def _label(notice: Notice, answer: Answer) -> dict[str, Any]:
    return {"id": f"notice_{notice.id}_{answer.value}", "event": notice.event_id, "label": answer.value}
