"""The outside, on this machine: a receiver of webhooks and a mail server that note what they get and can misbehave.

Both are real servers on loopback. What they got is written to a file as well when one is named, each delivery before it
is answered, so that a test can count deliveries over the death of the one that sent them.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from pathlib import Path


@dataclass
class Got:
    """One request of a webhook."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Receiver:
    """What a webhook's receiver got, and how it answers the next ones.

    `answers` are taken in order, then `otherwise` holds: a status, or `silent` (never answers), `cut` (closes without
    an answer), `garbage` (no HTTP), or a status with headers.
    """

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)
    otherwise: Any = 200
    journal: Path | None = None
    tls: ssl.SSLContext | None = None
    before_answer: Callable[[Got], None] | None = None
    changed: threading.Condition = field(default_factory=threading.Condition)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def ids(self) -> list[str]:
        return [one.headers.get("webhook-id", "") for one in self.got]

    def wait_for(self, number: int, seconds: float = 10.0) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.got) >= number, seconds), f"got {len(self.got)}"

    def note(self, got: Got) -> Any:
        with self.changed:
            self.got.append(got)
            if self.journal is not None:
                with self.journal.open("a") as file:
                    file.write(got.headers.get("webhook-id", "") + "\n")
            answer = self.answers.pop(0) if self.answers else self.otherwise
            self.changed.notify_all()
        if self.before_answer is not None:
            self.before_answer(got)
        return answer


@contextlib.contextmanager
def receiver(**options: Any) -> Iterator[Receiver]:
    """Run a receiver of webhooks."""
    made = Receiver(**options)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = made.note(Got(self.path, headers, body))
            if answer == "silent":
                made.closing.wait(30)
                return
            if answer == "cut":
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if answer == "garbage":
                self.wfile.write(b"what?\r\n\r\n")
                return
            status, extra = answer if isinstance(answer, tuple) else (answer, {})
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    if made.tls is not None:
        server.socket = made.tls.wrap_socket(server.socket, server_side=True)
    scheme = "http" if made.tls is None else "https"
    made.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield made
    finally:
        made.closing.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class Mailbox:
    """What the mail server took, and how it misbehaves.

    `refuse` maps a step (connect, auth, mail, rcpt, data, end) to a reply such as ``451 later``; `cut_at` names the
    step at which it closes the connection without a word.
    """

    host: str = "127.0.0.1"
    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    cut_at: str = ""
    login: tuple[str, str] | None = None
    seen_logins: list[tuple[str, str]] = field(default_factory=list)
    journal: Path | None = None
    tls: ssl.SSLContext | None = None
    encrypted: int = 0
    before_answer: Callable[[], None] | None = None
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, number: int, seconds: float = 10.0) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.got) >= number, seconds), f"got {len(self.got)}"


class _Smtp(socketserver.StreamRequestHandler):
    """Just enough of RFC 5321 and AUTH PLAIN."""

    box: Mailbox

    def handle(self) -> None:
        with contextlib.suppress(OSError, _Cut):
            self._talk()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
        # The server closes the socket that it accepted, not the one that was made of it.
        self.connection.close()

    def _talk(self) -> None:
        box, sender, to = self.box, "", []
        if not self._say("connect", "220 sink.test ready"):
            return
        while line := self.rfile.readline():
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            verb = text.split(" ", 1)[0].upper()
            if verb == "EHLO":
                lines = ["sink.test", "8BITMIME", *(["AUTH PLAIN"] if box.login else [])]
                if box.tls is not None:
                    lines.append("STARTTLS")
                self._write(
                    "".join(f"250{'-' if i < len(lines) - 1 else ' '}{t}\r\n" for i, t in enumerate(lines))
                )
            elif verb == "HELO":
                self._write("250 sink.test\r\n")
            elif verb == "AUTH":
                _, user, password = base64.b64decode(text.split(" ")[2]).decode().split("\0")
                box.seen_logins.append((user, password))
                self._say("auth", "235 welcome" if (user, password) == box.login else "535 wrong")
            elif verb == "STARTTLS":
                self._write("220 go ahead\r\n")
                self._encrypt()
            elif verb == "MAIL":
                sender, to = text, []
                self._say("mail", "250 ok")
            elif verb == "RCPT":
                if self._say("rcpt", "250 ok"):
                    to.append(text.partition("<")[2].partition(">")[0])
            elif verb == "DATA":
                if self._say("data", "354 go ahead"):
                    self._take(self._data(), to)
            elif verb == "QUIT":
                self._write("221 bye\r\n")
                return
            else:
                self._write("250 ok\r\n")
        del sender

    def _encrypt(self) -> None:
        self.connection = self.box.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        self.box.encrypted += 1

    def _data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def _take(self, data: bytes, to: list[str]) -> None:
        box = self.box
        if "end" not in box.refuse:
            mail = message_from_bytes(data, policy=policy.default)
            with box.changed:
                box.got.append(mail)
                box.to.append(list(to))
                box.raw.append(data)
                if box.journal is not None:
                    with box.journal.open("a") as file:
                        file.write(f"{mail['Subject']}\n")
                box.changed.notify_all()
            if box.before_answer is not None:
                box.before_answer()
        self._say("end", "250 taken")

    def _say(self, step: str, usual: str) -> bool:
        """Answer a step; False when it is refused."""
        if self.box.cut_at == step:
            self.connection.shutdown(socket.SHUT_RDWR)
            raise _Cut
        said = self.box.refuse.get(step, usual)
        self._write(said + "\r\n")
        return said[0] in "23"

    def _write(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()


@dataclass
class Certificates:
    """A small authority of the tests: what a server shows, and what trusts it."""

    server: ssl.SSLContext
    trust: ssl.SSLContext


def certificates(folder: Path, *names: str) -> Certificates:
    """Make a certificate for some host names, signed by itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "key.pem", folder / "cert.pem"
    paths[0].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    paths[1].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(paths[1], paths[0])
    return Certificates(server, ssl.create_default_context(cafile=paths[1]))


class _Cut(Exception):
    """The connection is closed on purpose."""


@contextlib.contextmanager
def mailbox(**options: Any) -> Iterator[Mailbox]:
    """Run a mail server."""
    box = Mailbox(**options)
    handler = type("Handler", (_Smtp,), {"box": box})

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        block_on_close = False

    server = Server(("127.0.0.1", 0), handler)
    box.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
