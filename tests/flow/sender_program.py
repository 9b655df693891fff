"""A sender that waits to be killed; run by `test_sender_crash.py` as a process of its own.

Its one argument is a JSON object: the data `folder`, the port of the mail server, the `round`, and `stop_in`, the place
at which it stands still for ever, so that a kill surely lands there; then `stands` is written beside the data. It puts
down three webhooks and two mails in one transaction and starts to deliver them.
"""

from __future__ import annotations

import http.client
import json
import pathlib
import smtplib
import sys
import time

import msgspec
from tests.flow.sender_parts import carriers, open_it

from satark.app.sender import Sender, SenderOptions
from satark.cases.outbox import Mail
from satark.cases.ports import Message
from satark.connectors import smtp, webhook
from satark.core.clock import SystemClock
from satark.storage.desk import outbox_sending

PATIENCE_SECONDS = 60


def stand(folder: pathlib.Path, place: str) -> None:
    """Say where it stands, and stand."""
    (folder / "stands").write_text(place)
    time.sleep(3600)


def before(folder: pathlib.Path, owner: object, name: str, place: str) -> None:
    """Stand when a function is about to be called."""
    setattr(owner, name, lambda *_, **__: stand(folder, place))


def around_a_turn(folder: pathlib.Path, place: str) -> None:
    """Stand when something has been claimed, or before or after results are written down."""
    real = outbox_sending.OutboxSending.turn

    def turn(self, results, limit, **options):
        if place == "unwritten" and results:
            stand(folder, place)
        parcels = real(self, results, limit, **options)
        if (place == "claimed" and parcels) or (place == "written" and results):
            stand(folder, place)
        return parcels

    outbox_sending.OutboxSending.turn = turn


def after_the_data(folder: pathlib.Path) -> None:
    """Stand when a mail is with the server and its answer is not."""
    real = smtplib.SMTP.send

    def send(self, data):
        real(self, data)
        if isinstance(data, bytes) and data.endswith(b"\r\n.\r\n"):
            stand(folder, "mail_unanswered")

    smtplib.SMTP.send = send


def lay_seam(folder: pathlib.Path, stop_in: str) -> None:
    """Make the program stand at a place."""
    if stop_in == "connecting":
        before(folder, webhook._Checked, "connect", stop_in)
        before(folder, smtp.SmtpCarrier, "_connect", stop_in)
    elif stop_in == "unanswered":
        before(folder, http.client.HTTPConnection, "getresponse", stop_in)
    elif stop_in == "mail_unanswered":
        after_the_data(folder)
    elif stop_in in {"claimed", "unwritten", "written"}:
        around_a_turn(folder, stop_in)


def main() -> None:
    """Put down, deliver, stand."""
    order = json.loads(sys.argv[1])
    folder, number, stop_in = pathlib.Path(order["folder"]), order["round"], order["stop_in"]
    lay_seam(folder, stop_in)
    with open_it(folder) as desk:
        with desk.writing() as connection:
            desk.outbox.put_all(connection, messages(number))
        if stop_in == "committed":
            stand(folder, stop_in)
        sender = Sender(
            desk.outbox,
            desk.outbox.sending(),
            carriers(desk, order["mail_port"]),
            SystemClock(),
            SenderOptions(threads=4, per_lane=2),
        )
        sender.start()
        time.sleep(PATIENCE_SECONDS)


def messages(number: int) -> list[Message]:
    """Return what a round puts down."""
    events = [
        Message("case.closed", f"case.closed:{number}:{one}", "", "", b'{"outcome":"fraud"}')
        for one in range(3)
    ]
    mails = [
        Message(
            "notice.requested",
            f"notice:{number}:{one}",
            "smtp",
            "asha.k@example.in",
            msgspec.json.encode(Mail(subject=f"notice:{number}:{one}", text="भुगतान रोका गया")),
        )
        for one in range(2)
    ]
    return events + mails


if __name__ == "__main__":
    main()
