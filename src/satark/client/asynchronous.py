"""`AsyncClient`: Satark from asyncio code; the same as `Client`, with await."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

from satark.client import wire
from satark.client.model import Answer, Receipt
from satark.client.retry import RETRIED_STATUSES, Attempts, retry_after_of
from satark.core.errors import DeadlineExceeded, NotFound
from satark.decisions.model import Decision

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from satark.client.wire import AnyEvent
    from satark.core.errors import SatarkError
    from satark.events import Label, Payment


class AsyncClient:
    """A client for one server and key; to be used in one event loop.

    Parameters
    ----------
    base_url
        Of the server, for instance ``http://127.0.0.1:8000``.
    key
        An API key (``sk_...``).
    timeout_seconds
        The budget of one call, all attempts and waits included.
    on_no_answer
        What `decide` says when no answer came within the budget. Money that left cannot be called back, and
        a held payment can be released: so the default is hold.
    transport
        Another way to the server, for tests.

    Examples
    --------
    >>> client = AsyncClient("http://127.0.0.1:8000", "sk_example")  # doctest: +SKIP
    >>> (await client.decide({"type": "payment", "id": "p1", ...})).action  # doctest: +SKIP
    'allow'
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        timeout_seconds: float = 2.0,
        on_no_answer: str = "hold",
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._on_no_answer = wire.check_action(on_no_answer)
        self._timeout = timeout_seconds
        self._sleep = sleep
        self._http = httpx.AsyncClient(
            base_url=base_url, headers=wire.headers_of(key), transport=transport, follow_redirects=False
        )

    async def decide(
        self, payment: Payment | Mapping[str, Any] | bytes, *, deadline_ms: int | None = None
    ) -> Answer:
        """Return what to do about a payment.

        Parameters
        ----------
        payment
            As a struct, a mapping or JSON text.
        deadline_ms
            How long the server may take for each attempt; its own default if None.

        Raises
        ------
        InvalidEvent, IdConflict, Unauthenticated, Forbidden, BodyTooLarge
            The caller must change something; asking again would not help.
        """
        attempts = Attempts(self._timeout)
        try:
            body = await self._call(
                "POST", wire.DECISIONS, attempts, wire.encode_event(payment), wire.query_of(deadline_ms)
            )
        except DeadlineExceeded:
            return Answer(action=self._on_no_answer, attempts=attempts.count)
        return wire.answer_of(wire.decode(body, Decision), attempts.count)

    async def decide_batch(
        self, payments: Sequence[AnyEvent], *, deadline_ms: int | None = None
    ) -> list[Answer | SatarkError]:
        """Return what to do about each of up to 1,000 payments, in order.

        A refused payment has its error in its place; one without an answer has the configured action.
        """
        attempts = Attempts(max(self._timeout, (deadline_ms or 0) / 1000.0))
        content = wire.encode_batch(payments)
        try:
            body = await self._call("POST", wire.BATCH, attempts, content, wire.query_of(deadline_ms))
        except DeadlineExceeded:
            return [Answer(action=self._on_no_answer, attempts=attempts.count) for _ in payments]
        return wire.answers_of(body, len(payments), self._on_no_answer, attempts.count)

    async def read(self, event_id: str) -> Decision | None:
        """Return the stored decision of a payment, or None."""
        try:
            body = await self._call("GET", wire.path_of(event_id), Attempts(self._timeout))
        except NotFound:
            return None
        return wire.decode(body, Decision)

    async def label(self, label: Label | Mapping[str, Any] | bytes) -> Receipt:
        """Report that an event was fraud or genuine.

        Raises
        ------
        DeadlineExceeded
            No answer came within the budget; send the same label again.
        """
        return await self._remember(wire.LABELS, label)

    async def send(self, event: AnyEvent) -> Receipt:
        """Send a payment's result, a change of payees or a label; raises as `label`."""
        return await self._remember(wire.EVENTS, event)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    async def _remember(self, path: str, event: AnyEvent) -> Receipt:
        body = await self._call("POST", path, Attempts(self._timeout), wire.encode_event(event))
        return wire.decode(body, Receipt)

    async def _call(
        self,
        method: str,
        path: str,
        attempts: Attempts,
        content: bytes | None = None,
        query: dict[str, str] | None = None,
    ) -> bytes:
        while True:
            seconds = attempts.begin()
            retry_after = None
            try:
                response = await self._http.request(
                    method, path, content=content, params=query, timeout=seconds
                )
            except httpx.TransportError as error:
                last = type(error).__name__
            else:
                if response.status_code < 400:  # noqa: PLR2004 - where refusals begin
                    return response.content
                if response.status_code not in RETRIED_STATUSES:
                    raise wire.refusal(response.status_code, response.content)
                last = str(response.status_code)
                retry_after = retry_after_of(response.headers.get("retry-after"))
            wait = attempts.wait_seconds(retry_after)
            if wait is None:
                raise wire.no_answer(attempts.count, last)
            await self._sleep(wait)
