"""Mail by SMTP: one connection per mail, TLS as the settings ask, headers that cannot be smuggled in.

A mail is given over at one moment: when the server answers the end of the data. Before it, nothing has been taken;
after it, it has. Only in between, a lost connection leaves a doubt.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import smtplib
import ssl
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import msgspec

from satark.cases.outbox import Mail, Outcome, Verdict, is_line
from satark.connectors.deadline import Deadline
from satark.core.clock import from_us

if TYPE_CHECKING:
    from satark.cases.outbox import Parcel
    from satark.core.clock import Clock

MAX_SUBJECT = 200
STARTTLS, TLS, PLAIN = "starttls", "tls", "none"
SECURITIES = (STARTTLS, TLS, PLAIN)

# Of RFC 5321: one address, no quoted names, no source routes, nothing that could be two.
_ADDRESS = re.compile(
    r"(?=.{3,254}\Z)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\Z"
)
_GO_AHEAD = 354
_TEMPORARY = range(400, 500)
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """The mail server that takes our mail.

    Attributes
    ----------
    security
        ``starttls`` (asked for and insisted on), ``tls`` from the first byte, or ``none`` for a server on this machine.
    sender, sender_name
        Whose mail it is; the name is shown beside the address.
    """

    host: str
    port: int = 587
    security: str = STARTTLS
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = "satark@localhost"
    sender_name: str = ""
    step_seconds: float = 15.0
    whole_seconds: float = 60.0
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)


class SmtpCarrier:
    """Delivers mail; callable from several threads at once."""

    def __init__(self, options: SmtpOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock

    def deliver(self, parcel: Parcel) -> Outcome:
        """Give one mail to the server."""
        if not is_address(parcel.target):
            return Outcome(verdict=Verdict.REFUSED, reason="target_invalid")
        try:
            data = self.compose(parcel)
        except (ValueError, msgspec.MsgspecError):
            return Outcome(verdict=Verdict.REFUSED, reason="mail_invalid")
        with Deadline(self._options.whole_seconds) as deadline:
            return self._give(parcel.target, data, deadline)

    def compose(self, parcel: Parcel) -> bytes:
        """Return the mail as it goes over the wire.

        Raises
        ------
        ValueError
            A header would have more than one line.
        msgspec.MsgspecError
            The message's body is no `Mail`.
        """
        mail = msgspec.json.decode(parcel.body, type=Mail)
        if not is_line(mail.subject, MAX_SUBJECT):
            message = f"a subject is one line of 1 to {MAX_SUBJECT} characters"
            raise ValueError(message)
        domain = self._options.sender.rpartition("@")[2]
        made = EmailMessage(policy=SMTP)
        made["From"] = Address(self._options.sender_name, addr_spec=self._options.sender)
        made["To"] = Address(addr_spec=parcel.target)
        made["Subject"] = mail.subject
        made["Date"] = format_datetime(from_us(self._clock.now_us()))
        # The same for each attempt, so that a mail that did arrive twice is shown once by most programs.
        made["Message-ID"] = f"<{hashlib.sha256(parcel.key.encode()).hexdigest()[:40]}@{domain}>"
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(mail.text, cte="base64")
        if mail.html:
            made.add_alternative(mail.html, subtype="html", cte="base64")
        # Setting a content clears what was said about an earlier one.
        made["Content-Language"] = mail.lang
        return made.as_bytes()

    def _give(self, target: str, data: bytes, deadline: Deadline) -> Outcome:
        options = self._options
        server: smtplib.SMTP | None = None
        try:
            server = self._connect(deadline)
            if options.username:
                server.login(options.username, options.password)
            _expect(server.mail(options.sender))
            _expect(server.rcpt(target))
            _expect(server.docmd("DATA"), go_ahead=True)
        except _Refused as refused:
            _leave(server)
            return refused.outcome
        except smtplib.SMTPAuthenticationError as error:
            _leave(server)
            return Outcome(verdict=Verdict.AGAIN, reason="login_refused", status=int(error.smtp_code))
        except smtplib.SMTPNotSupportedError:
            _leave(server)
            return Outcome(verdict=Verdict.AGAIN, reason="tls_missing")
        except ssl.SSLError:
            _leave(server)
            return Outcome(verdict=Verdict.AGAIN, reason="tls_failed")
        except smtplib.SMTPResponseException as error:
            _leave(server)
            return Outcome(verdict=Verdict.AGAIN, reason="not_accepted", status=int(error.smtp_code))
        except (OSError, smtplib.SMTPException):
            _leave(server)
            return Outcome(verdict=Verdict.AGAIN, reason="connect_failed")
        try:
            server.send(
                _LEADING_DOT.sub(b"..", data) + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")
            )
            code, _ = server.getreply()
        except (OSError, smtplib.SMTPException):
            _leave(server)
            return Outcome(verdict=Verdict.DOUBT, reason="connection_lost")
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.quit()
        if code < 200:  # noqa: PLR2004 - no code at all, or one that answers nothing
            return Outcome(verdict=Verdict.DOUBT, reason="answer_unreadable")
        return _outcome_of(int(code))

    def _connect(self, deadline: Deadline) -> smtplib.SMTP:
        options = self._options
        hello = options.sender.rpartition("@")[2]
        server: smtplib.SMTP
        if options.security == TLS:
            server = smtplib.SMTP_SSL(
                local_hostname=hello, timeout=options.step_seconds, context=options.context
            )
        else:
            server = smtplib.SMTP(local_hostname=hello, timeout=options.step_seconds)
        # Known to the deadline before the connection is made, since the greeting may be what never ends.
        deadline.guard(server)
        # The name that TLS proves; `connect` alone does not set it.
        server._host = options.host  # type: ignore[attr-defined]  # noqa: SLF001 - as `SMTP(host)` does
        try:
            code, _ = server.connect(options.host, options.port)
            _expect((code, b""))
            if options.security == STARTTLS:
                server.ehlo()
                server.starttls(context=options.context)
            server.ehlo_or_helo_if_needed()
        except BaseException:
            _leave(server)
            raise
        return server


class _Refused(Exception):
    """The server said no before it had anything."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def is_address(text: str) -> bool:
    r"""Tell whether a text is one mail address and nothing else.

    Examples
    --------
    >>> is_address("asha.k@example.in"), is_address("a@b.in, c@d.in"), is_address("a@b.in\nBcc: c@d.in")
    (True, False, False)
    """
    return _ADDRESS.match(text) is not None


def _expect(reply: tuple[int, Any], *, go_ahead: bool = False) -> None:
    code = int(reply[0])
    if go_ahead and code == _GO_AHEAD:
        return
    if not go_ahead and 200 <= code < 300:  # noqa: PLR2004 - the codes of agreement
        return
    raise _Refused(_outcome_of(code) if code >= _TEMPORARY.start else _again(code))


def _outcome_of(code: int) -> Outcome:
    """Return what the server's word means: 2xx it has taken the mail, 4xx later, 5xx never."""
    if 200 <= code < 300:  # noqa: PLR2004 - the codes of agreement
        return Outcome(verdict=Verdict.SENT, reason="accepted", status=code)
    if code in _TEMPORARY:
        return _again(code)
    return Outcome(verdict=Verdict.REFUSED, reason="refused", status=code)


def _again(code: int) -> Outcome:
    return Outcome(verdict=Verdict.AGAIN, reason="not_accepted", status=code)


def _leave(server: smtplib.SMTP | None) -> None:
    if server is not None:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.close()
