"""The words of a timeline, by the codes that are stored; they follow the actor's name in a sentence."""

from __future__ import annotations

from satark.web.i18n import _

KIND_SENTENCES = {
    "opened": _("opened the case"),
    "alert_joined": _("joined an alert"),
    "assigned": _("assigned the case"),
    "state": _("moved the case"),
    "note": _("wrote a note"),
    "attachment": _("attached a file"),
    "check": _("changed the checklist"),
    "action": _("acted:"),
    "proposed": _("proposed:"),
    "declined": _("set the proposal aside"),
    "closed": _("closed the case:"),
    "reopened": _("opened the case again"),
    "undone": _("took back:"),
    "notice": _("on the notice to the customer:"),
    "answer": _("answered:"),
    "hold": _("on the hold of money:"),
    "watch": _("saw:"),
    "deadline": _("on the deadline:"),
}
DEADLINE_NAMES = {
    "near": _("a quarter of the time is left"),
    "past": _("it has passed"),
}
ACTOR_NAMES = {
    "system": _("Satark"),
    "customer": _("The customer"),
}
ANSWER_NAMES = {
    "fraud": _("“This was not me”"),
    "genuine": _("“It was me”"),
}
UNDO_NAMES = {
    "assigned": _("the assignment"),
    "state": _("the move"),
    "proposed": _("the proposal"),
    "closed": _("the closing"),
    "confirmed": _("the confirmation"),
    "reopened": _("the opening again"),
}
ACT_NAMES = {
    "list_set": _("put on a list"),
    "list_remove": _("taken off a list"),
}
HOLD_NAMES = {
    "requested": _("hold requested"),
    "released": _("hold released"),
}
NOTICE_STATE_NAMES = {
    "planned": _("on its way"),
    "sent": _("sent"),
    "limited": _("not sent: the customer was told often enough just now"),
    "unreachable": _("not sent: no channel reaches this customer"),
    "delivered": _("delivered"),
    "failed": _("failed"),
    "dead": _("given up"),
    "unknown": _("not known whether it arrived"),
}
CHANNEL_NAMES = {
    "sms": _("SMS"),
    "email": _("E-mail"),
    "smtp": _("E-mail"),
    "whatsapp": _("WhatsApp"),
    "push": _("Push notification"),
    "webhook": _("Webhook"),
}
TO_THE_QUEUE = _("back to the queue")
UNTIL = _("until %(moment)s")
