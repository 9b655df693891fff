"""What the sender that is killed and the one that comes after it have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.connectors import AddressGuard, SmtpCarrier, SmtpOptions, WebhookCarrier, parse_networks
from satark.core.clock import SystemClock
from satark.storage.desk import open_desk

if TYPE_CHECKING:
    from pathlib import Path

    from satark.cases.outbox import Carrier
    from satark.storage.desk import Desk

AUDIT_KEY = b"a key of the tests, 32 bytes long"


def open_it(folder: Path) -> Desk:
    """Open the desk of a folder."""
    return open_desk(folder, clock=SystemClock(), audit_key=AUDIT_KEY)


def carriers(desk: Desk, mail_port: int) -> dict[str, Carrier]:
    """Return real carriers to servers on this machine."""
    clock = SystemClock()
    options = SmtpOptions(host="127.0.0.1", port=mail_port, security="none", sender="alerts@bank.example")
    guard = AddressGuard(parse_networks("127.0.0.1"))
    return {
        "webhook": WebhookCarrier(desk.outbox.endpoints, guard, clock),
        "smtp": SmtpCarrier(options, clock),
    }
