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


def around(folder: pathlib.Path, owner: object, name: str, place: str, *, after: bool) -> None:
    """Stand before or after a function is called."""
    real = getattr(owner, name)

    def call(*arguments, **options):
        if not after:
            stand(folder, place)
        result = real(*arguments, **options)
        if after and result:
            stand(folder, place)
        return result

    setattr(owner, name, call)


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
    sending = outbox_sending.OutboxSending
    if stop_in == "claimed":
        around(folder, sending, "claim", stop_in, after=True)
    elif stop_in == "connecting":
        around(folder, webhook._Checked, "connect", stop_in, after=False)
        around(folder, smtp.SmtpCarrier, "_connect", stop_in, after=False)
    elif stop_in == "unanswered":
        around(folder, http.client.HTTPConnection, "getresponse", stop_in, after=False)
    elif stop_in == "mail_unanswered":
        after_the_data(folder)
    elif stop_in == "unwritten":
        around(folder, sending, "settle", stop_in, after=False)
    elif stop_in == "written":
        around(folder, sending, "settle", stop_in, after=True)


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
