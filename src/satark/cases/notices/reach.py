"""How a customer is reached: which address of a payment belongs to which channel, and the message that goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from satark.cases.cloud_events import event_message
from satark.cases.notices.texts import mail_of, text_of
from satark.cases.outbox import Channel
from satark.cases.ports import Message
from satark.core.errors import SettingInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.cases.notices.model import Notice
    from satark.core.clock import Lang
    from satark.events import Payment
    from satark.policies.notice_rules import NoticeRules

TOPIC = "notice.requested"
_CHANNEL_OF = {
    "email": Channel.SMTP,
    "sms": Channel.SMS,
    "whatsapp": Channel.WHATSAPP,
    "push": Channel.PUSH,
    "webhook": Channel.WEBHOOK,
}
_OF_ADDRESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]")
MAX_ADDRESS = 100


def targets_of(event: Payment, channels: Iterable[str]) -> dict[str, str]:
    """Return for each channel by which the customer can be reached where to.

    Push and the webhook take the customer's id: who that is, the institution's own systems know.
    """
    customer = event.customer
    if customer is None:
        return {}
    reach = {
        "sms": customer.phone,
        "whatsapp": customer.phone,
        "email": customer.email,
        "push": customer.id,
        "webhook": customer.id,
    }
    return {name: target for name in channels if (target := reach[name])}


def message_of(
    name: str, target: str, key: str, values: dict[str, str], notice: Notice, rules: NoticeRules, due_us: int
) -> Message:
    """Return the message of a notice over one channel."""
    template = rules.templates[notice.kind.value]
    lang: Lang = "hi" if notice.lang == "hi" else "en"
    if name == "webhook":
        text = text_of(template, values, lang, name)
        data = {
            "owner": notice.owner,
            "event": notice.event_id,
            "customer": notice.customer,
            "kind": notice.kind.value,
            "lang": lang,
            "subject": text.title,
            "text": text.text,
            "link": values["link"],
        }
        subject = f"payment/{notice.event_id}"
        return event_message(TOPIC, key, data, subject=subject, case_id=notice.case_id, not_before_us=due_us)
    said = mail_of(template, values, lang) if name == "email" else text_of(template, values, lang, name)
    headers = {}
    if name == "sms" and rules.dlt_entity:
        headers = {"dlt-entity": rules.dlt_entity, "dlt-header": rules.dlt_header}
    return Message(
        topic=TOPIC,
        key=key,
        channel=_CHANNEL_OF[name],
        target=target,
        body=msgspec.json.encode(said),
        headers=headers,
        not_before_us=due_us,
        case_id=notice.case_id,
    )


def check_address(address: str) -> None:
    """Refuse an address that cannot stand in front of a link.

    Raises
    ------
    SettingInvalid
        It is empty, no http(s) address, or has more than a host and a port: the pages lie at the root of their host.

    Examples
    --------
    >>> check_address("https://alerts.bank.example")
    >>> check_address("https://user@bank.example/?x")
    Traceback (most recent call last):
    satark.core.errors.SettingInvalid: public_address must be such as https://alerts.bank.example: notices need it
    """
    host = address.removeprefix("https://").removeprefix("http://")
    bad = host == address or not host or host.startswith(("/", ".", ":")) or not set(host) <= _OF_ADDRESS
    if bad or len(address) > MAX_ADDRESS:
        message = "public_address must be such as https://alerts.bank.example: notices need it"
        raise SettingInvalid(message, setting="public_address")
