"""Webhooks: one signed POST per attempt, to an address that was checked, with every failure told apart.

What a failure means depends on when it happens. Before the request is out whole, the receiver cannot have it; from
then until its answer, it may. Redirects are not followed: the address that was checked is the one that gets the
event. The answer's body is not read into anything.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import satark
from satark.cases.cloud_events import CONTENT_TYPE
from satark.cases.outbox import Outcome, Verdict
from satark.cases.signatures import signed_headers
from satark.connectors.addresses import AddressGuard, AddressRefused
from satark.connectors.deadline import Deadline
from satark.connectors.kept import Kept
from satark.core.clock import MICROS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.cases.outbox import Parcel
    from satark.core.clock import Clock

REFUSALS = frozenset({400, 405, 410, 413, 414, 415, 422})
"""What a receiver would answer to the same request again tomorrow."""
DRAIN_BYTES = 65_536
DRAIN_SECONDS = 1.0
MAX_ANSWER_SECONDS = 86_400

_SUCCESS = range(200, 300)
_REDIRECTS = range(300, 400)


class Opening(Protocol):
    """Where an endpoint is, and the secrets to sign with."""

    @property
    def url(self) -> str: ...  # noqa: D102
    @property
    def secrets(self) -> tuple[str, ...]: ...  # noqa: D102


class EndpointBook(Protocol):
    """Looks endpoints up as they are sent to, so that a changed address or secret holds at once or very soon."""

    def opening(self, endpoint_id: int) -> Opening | None:
        """Return an endpoint's address and secrets, None when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOptions:
    """Bounds of one attempt; `context` is how TLS is checked (the machine's authorities unless given).

    For `opening_seconds` an endpoint's address and secrets are believed as they were last looked up.
    """

    connect_seconds: float = 5.0
    answer_seconds: float = 15.0
    whole_seconds: float = 30.0
    opening_seconds: float = 0.0
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)


class WebhookCarrier:
    """Delivers to endpoints; callable from several threads at once.

    Parameters
    ----------
    endpoints
        Where they are.
    guard
        Where they may be.
    clock
        The time that is signed.
    """

    def __init__(
        self,
        endpoints: EndpointBook,
        guard: AddressGuard,
        clock: Clock,
        options: WebhookOptions | None = None,
    ) -> None:
        self._endpoints = endpoints
        self._guard = guard
        self._clock = clock
        self._options = options or WebhookOptions()
        self._kept: Kept[_Checked] = Kept()
        self._openings: dict[int, tuple[float, Opening | None]] = {}

    def deliver(self, parcel: Parcel) -> Outcome:
        """POST an event once."""
        opening = self._opening(parcel.endpoint_id)
        if opening is None:
            return Outcome(verdict=Verdict.REFUSED, reason="endpoint_gone")
        parts = urlsplit(opening.url)
        secure = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if secure else 80)
        receiver = (parcel.endpoint_id, secure, host, port)
        kept = self._kept.take(receiver)
        if kept is not None:
            connection, made = kept
        else:
            try:
                addresses = self._guard.addresses(host, port, plain=not secure)
            except AddressRefused as refused:
                unknown = refused.reason == "name_unknown"
                return Outcome(verdict=Verdict.AGAIN if unknown else Verdict.REFUSED, reason=refused.reason)
            context = self._options.context if secure else None
            connection, made = _Checked(host, port, addresses, self._options, context), self._kept.now()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        now_seconds = self._clock.now_us() // MICROS_PER_SECOND
        headers = {
            "host": parts.netloc,
            "content-type": CONTENT_TYPE,
            "content-length": str(len(parcel.body)),
            "user-agent": f"Satark/{satark.__version__}",
            **signed_headers(opening.secrets, parcel.key, now_seconds, parcel.body),
        }
        is_whole = False
        try:
            with Deadline(self._options.whole_seconds) as deadline:
                deadline.guard(connection)
                outcome, is_whole = _post(connection, path, headers, parcel.body)
        finally:
            if not is_whole:
                connection.close()
        if is_whole:
            self._kept.give(receiver, connection, made)
        return outcome

    def _opening(self, endpoint_id: int) -> Opening | None:
        now = self._kept.now()
        known = self._openings.get(endpoint_id)
        if known is not None and now - known[0] < self._options.opening_seconds:
            return known[1]
        opening = self._endpoints.opening(endpoint_id)
        self._openings[endpoint_id] = (now, opening)
        return opening

    def close(self) -> None:
        """Close the connections that are kept for the next delivery."""
        self._kept.close()


class _Checked(http.client.HTTPConnection):
    """A connection to addresses that were checked; TLS still proves the name."""

    def __init__(
        self,
        host: str,
        port: int,
        addresses: list[str],
        options: WebhookOptions,
        context: ssl.SSLContext | None,
    ) -> None:
        super().__init__(host, port, timeout=options.answer_seconds)
        self._addresses = addresses
        self._connect_seconds = options.connect_seconds
        self.answer_seconds = options.answer_seconds
        self._context = context

    def connect(self) -> None:
        """Try each address in turn."""
        trouble: OSError | None = None
        for address in self._addresses:
            try:
                sock = socket.create_connection((address, self.port), self._connect_seconds)
            except OSError as error:
                trouble = error
                continue
            self.sock = sock
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                # The handshake has the same time as the connection.
                self.sock = self._context.wrap_socket(sock, server_hostname=self.host)
            self.sock.settimeout(self.answer_seconds)
            return
        raise trouble or OSError("no address")


def _post(connection: _Checked, path: str, headers: Mapping[str, str], body: bytes) -> tuple[Outcome, bool]:
    """Send and wait, and say what a failure at each step means, and whether the connection can be used again."""
    if connection.sock is None:
        try:
            connection.connect()
        except ssl.SSLError:
            return Outcome(verdict=Verdict.AGAIN, reason="tls_failed"), False
        except TimeoutError:
            return Outcome(verdict=Verdict.AGAIN, reason="connect_timeout"), False
        except OSError:
            return Outcome(verdict=Verdict.AGAIN, reason="connect_failed"), False
    try:
        connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
    except (OSError, http.client.HTTPException, ValueError):
        # The request did not go out whole, and its length was told first: it cannot have been acted upon.
        return Outcome(verdict=Verdict.AGAIN, reason="connection_lost"), False
    try:
        answer = connection.getresponse()
    except TimeoutError:
        return Outcome(verdict=Verdict.DOUBT, reason="no_answer"), False
    except OSError:
        return Outcome(verdict=Verdict.DOUBT, reason="connection_lost"), False
    except http.client.HTTPException:
        return Outcome(verdict=Verdict.DOUBT, reason="answer_unreadable"), False
    outcome = outcome_of(answer.status, answer.headers.get("retry-after"))
    # A receiver that is cut off while it still writes would log an error; what it writes is thrown away.
    is_whole = False
    with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
        sock = connection.sock
        if sock is not None:
            sock.settimeout(DRAIN_SECONDS)
        answer.read(DRAIN_BYTES)
        is_whole = answer.isclosed() and not answer.will_close and connection.sock is not None
        if is_whole and sock is not None:
            sock.settimeout(connection.answer_seconds)
    return outcome, is_whole


def outcome_of(status: int, retry_after: str | None = None) -> Outcome:
    """Return what an answer means.

    Examples
    --------
    >>> [outcome_of(status).verdict.value for status in (204, 302, 410, 404, 429, 500)]
    ['sent', 'refused', 'refused', 'again', 'again', 'again']
    >>> outcome_of(503, "120").retry_after_seconds, outcome_of(503, "tomorrow").retry_after_seconds
    (120, None)
    """
    if status in _SUCCESS:
        return Outcome(verdict=Verdict.SENT, reason="accepted", status=status)
    if status in _REDIRECTS:
        return Outcome(verdict=Verdict.REFUSED, reason="redirected", status=status)
    if status in REFUSALS:
        return Outcome(verdict=Verdict.REFUSED, reason="refused", status=status)
    asked = (retry_after or "").strip()
    seconds = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else None  # noqa: PLR2004 - digits
    return Outcome(
        verdict=Verdict.AGAIN,
        reason="not_accepted",
        status=status,
        retry_after_seconds=None if seconds is None else min(seconds, MAX_ANSWER_SECONDS),
    )
