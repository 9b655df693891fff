"""A receiver of Satark's webhooks with nothing but Python: check the signature, drop repeats, answer at once.

    SATARK_SECRET=whsec_... python examples/receive_webhooks.py 8090

A real receiver keeps the ids it has seen in its own database, in the transaction in which it acts on the event.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

TOLERANCE_SECONDS = 300
MAX_BYTES = 1_000_000


def is_genuine(secret: str, headers: dict[str, str], body: bytes, now_seconds: float) -> bool:
    """Tell whether a request was signed under the secret, not long ago."""
    event_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(now_seconds - int(stamp)) > TOLERANCE_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{event_id}.{stamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    signatures = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(expected.encode(), one.encode()) for one in signatures)


class Receiver(BaseHTTPRequestHandler):
    """Takes each event once."""

    secret = ""
    seen: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        """Answer 2xx only for what has been taken; anything else is sent again."""
        length = int(self.headers.get("content-length", "0"))
        if length > MAX_BYTES:
            self.answer(413)
            return
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not is_genuine(self.secret, headers, body, time.time()):
            self.answer(401)
            return
        event = json.loads(body)
        if event["id"] not in self.seen:
            self.seen.add(event["id"])
            print(event["type"], event.get("subject", ""), json.dumps(event["data"]), flush=True)
        self.answer(204)

    def answer(self, status: int) -> None:
        """Answer without a body."""
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Keep quiet."""


if __name__ == "__main__":
    Receiver.secret = os.environ["SATARK_SECRET"]
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    print(f"listening on {server.server_address[1]}", flush=True)
    server.serve_forever()
