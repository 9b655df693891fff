"""The words of the outbox: topics, states, ways, and why something did not arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.web.i18n import mark as _
from satark.web.i18n import mark_plural as ngettext
from satark.web.webhooks.views import address_of

if TYPE_CHECKING:
    from satark.web.rendering import Renderer

TOPIC_NAMES = {
    "decision.made": _("A payment was decided"),
    "alert.opened": _("An alert was opened"),
    "case.due_soon": _("A case is due soon"),
    "case.overdue": _("A case is overdue"),
    "case.closed": _("A case was closed"),
    "notice.requested": _("A customer is to be told"),
    "notice.delivered": _("A notice was delivered"),
    "customer.answered": _("A customer answered"),
    "hold.requested": _("A hold was requested"),
    "hold.released": _("A hold was released"),
    "webhook.ping": _("Trial"),
}
STATE_NAMES = {
    "waiting": _("Waiting"),
    "sending": _("Being sent"),
    "sent": _("Delivered"),
    "failed": _("Refused"),
    "unknown": _("In doubt"),
    "dead": _("Given up"),
}
WAY_NAMES = {
    "webhook": _("Webhook"),
    "smtp": _("E-mail"),
    "sms": _("SMS"),
    "whatsapp": _("WhatsApp"),
    "push": _("Push message"),
}
VERDICT_NAMES = {
    "sent": _("Delivered"),
    "again": _("To be tried again"),
    "refused": _("Refused"),
    "doubt": _("In doubt"),
}
REASON_NAMES = {
    "": _("Not tried yet."),
    "accepted": _("The receiver took it."),
    "by_hand": _("Decided by hand."),
    "redirected": _("The receiver named another address; redirects are not followed."),
    "refused": _("The receiver refused it for good."),
    "not_accepted": _("The receiver did not take it this time."),
    "no_answer": _("It was sent and no answer came in time."),
    "connection_lost": _("The connection was lost."),
    "answer_unreadable": _("The answer could not be read."),
    "connect_failed": _("No connection could be made."),
    "connect_timeout": _("No connection could be made in time."),
    "tls_failed": _("The encrypted connection failed; the certificate may be wrong."),
    "tls_missing": _("The server offers no encryption."),
    "login_refused": _("The server refused our name and password."),
    "endpoint_gone": _("The endpoint is not there any more."),
    "name_unknown": _("The host name is not known."),
    "address_not_allowed": _("The address lies in a network that webhooks may not go to."),
    "plain_not_allowed": _("Without HTTPS, webhooks go to named networks only."),
    "target_invalid": _("The address is not valid."),
    "body_too_large": _("The message is too large."),
    "mail_invalid": _("The e-mail could not be written."),
    "text_invalid": _("There is no text to send."),
    "channel_not_set_up": _("This way of sending is not set up."),
    "carrier_failed": _("Something in our own program failed while sending."),
    "sender_died": _("Our sender stopped in the middle."),
    "restored": _("It waited when the backup was taken; whether it was sent since is not known."),
}
PROBLEM_NAMES = {
    "name": _("Please give a name of at most 80 characters."),
    "topics": _("Please choose at least one event."),
    "too_many": _("There are too many endpoints already."),
    "length": _("The address is too long."),
    "form": _("The address cannot be read."),
    "scheme": _("The address begins with https:// (or http:// for a network of your own)."),
    "user": _("The address must not hold a user name or password."),
    "host": _("The address has no host that can be used."),
    "fragment": _("The address must not have a part after #."),
}
FLASHES: dict[str, str | tuple[str, str]] = {
    "endpoint_changed": _("The endpoint has been changed."),
    "endpoint_disabled": _("The endpoint gets nothing any more."),
    "endpoint_enabled": _("The endpoint gets events again."),
    "endpoint_tried": _("A trial is on its way; its state is in the list of deliveries."),
    "messages_again": ngettext("One message is sent again.", "%(count)s messages are sent again."),
    "messages_none": _("There is nothing of this kind to send again."),
    "message_settled": _("The message is marked as delivered."),
    "message_under_way": _("The message is still under way."),
    "message_not_kept": _("The message is no longer kept and cannot be sent again."),
    "message_not_in_doubt": _("The message is not in doubt any more."),
    "span_wrong": _("The times cannot be read, or the end lies before the beginning."),
}


def add_outbox_words(renderer: Renderer) -> None:
    """Teach the templates these words; for other areas that show how messages stand, too."""
    renderer.add_names("topic_name", TOPIC_NAMES)
    renderer.add_names("message_state_name", STATE_NAMES)
    renderer.add_names("way_name", WAY_NAMES)
    renderer.add_names("verdict_name", VERDICT_NAMES)
    renderer.add_names("outcome_reason_name", REASON_NAMES)
    renderer.add_names("endpoint_problem_name", PROBLEM_NAMES)
    renderer.add_filter("posted_to", lambda _lang: address_of)
    renderer.add_flashes(FLASHES)
