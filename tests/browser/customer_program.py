"""The customer's pages over a real desk with notices of all kinds; run by the browser test, prints port and links."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.support.notice_bank import Bank
from tests.support.notices import NOON_US

from satark.api import ServerOptions, run_server
from satark.core.clock import FixedClock, Micros
from satark.storage.desk import open_desk
from satark.web import WebOptions, create_web

CARD = {
    "method": "card",
    "card": {"token": "tok_1", "last4": "1111"},
    "payer": None,
    "payee": {"merchant": "tanvi-jewels"},
}
OF_EACH = 8
KINDS = ("hold", "block", "challenge")


class NoLog:
    def last_seq(self):
        return 0

    def get(self, seq):
        return None

    def recent(self, limit, before_seq=None, after_seq=None, action=None):
        return []


class NoStaff:
    def verify(self, username, password):
        return None

    def find(self, username):
        return None


def told(bank, kind, number):
    """Return the link of a notice to a customer of its own: one who denied a payment is trusted less afterwards."""
    customer = {"id": f"{kind}-{number}", "phone": f"+9198123456{number:02d}"}
    more = CARD if kind == "block" else {}
    return bank.tell(kind, id=f"{kind}-{number}", customer=customer, **more)["sms"]


def main() -> None:
    clock = FixedClock(Micros(NOON_US))
    with tempfile.TemporaryDirectory() as folder:
        desk = open_desk(Path(folder) / "data", clock=clock, audit_key=b"k" * 32)
        bank = Bank(desk, clock, limit={"messages": 100, "within": "1d"})
        links = {kind: [told(bank, kind, number) for number in range(OF_EACH)] for kind in KINDS}
        links["ended"] = [desk.notices.links.make(NOON_US - 1_000_000)]

        def listening(_: str, port: int) -> None:
            sys.stdout.write(json.dumps({"port": port, "links": links}) + "\n")
            sys.stdout.flush()

        web = create_web(NoLog(), NoStaff(), WebOptions(), clock=clock, desk_store=desk)
        run_server(web, ServerOptions(port=0, schedule_gc=False), on_listening=listening)
        desk.close()


if __name__ == "__main__":
    main()
