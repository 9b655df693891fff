"""The outside: webhooks, mail, and the gateways of SMS, WhatsApp and push.

Each carrier delivers the messages of a channel, once per call, and says how surely they arrived
(`satark.cases.outbox.Outcome`). Retries, states and the record are the sender's.
"""

from __future__ import annotations

from satark.connectors.addresses import AddressGuard, AddressRefused, parse_networks
from satark.connectors.apprise_sender import AppriseCarrier
from satark.connectors.smtp import SmtpCarrier, SmtpOptions
from satark.connectors.webhook import WebhookCarrier, WebhookOptions

__all__ = [
    "AddressGuard",
    "AddressRefused",
    "AppriseCarrier",
    "SmtpCarrier",
    "SmtpOptions",
    "WebhookCarrier",
    "WebhookOptions",
    "parse_networks",
]
