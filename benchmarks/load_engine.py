"""The connections and the timetable of a load test: asyncio protocols on uvloop, no HTTP library between.

One request costs the generator some 20 microseconds, so that one core drives far more than the server can
answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time
from collections import deque
from urllib.parse import urlsplit

import numpy as np
from benchmarks.load_plan import LoadFailed, LoadPlan, LoadReport

from satark.payments.simulation.bulk import body_maker, rfc3339

DRAIN_SECONDS = 15.0
"""After the last request was sent, answers are waited for at most this long."""

TICK_SECONDS = 0.001
"""A timetable is looked at this often; the delay that this adds counts as latency."""

CHUNK_DRAWS = 65_536
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SEQ = re.compile(rb'"seq":(\d+)')


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.transport: asyncio.Transport | None = None
        self.buffer = b""
        self.expected = -1
        self.event_id = b""
        self.scheduled_ns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to write."""
        self.transport = transport  # type: ignore[assignment]

    def send(self, scheduled_ns: int) -> None:
        """Send one request that was due at `scheduled_ns`."""
        self.scheduled_ns = scheduled_ns
        self.event_id, request = self.load.next_request()
        self.transport.write(request)  # type: ignore[union-attr]

    def data_received(self, data: bytes) -> None:
        """Collect one answer; anything else is counted as not asked for."""
        if not self.event_id:
            self.load.unasked += 1
            return
        buffer = self.buffer + data if self.buffer else data
        if self.expected < 0:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                self.buffer = buffer
                return
            length = _LENGTH.search(buffer, 0, end + 2)
            if length is None:
                raise LoadFailed("an answer has no content-length")
            self.expected = end + 4 + int(length[1])
        if len(buffer) < self.expected:
            self.buffer = buffer
            return
        # Anything beyond the answer would be a second answer to one request.
        self.load.unasked += len(buffer) > self.expected
        self.buffer, self.expected = b"", -1
        event_id, self.event_id = self.event_id, b""
        self.load.answer(self, event_id, buffer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the load."""
        del exc
        self.load.lost(self)


class Load:
    """The timetable, the requests and what was measured."""

    def __init__(self, plan: LoadPlan) -> None:
        self.plan = plan
        address = urlsplit(plan.url)
        if address.scheme != "http" or not address.hostname:
            raise LoadFailed(f"{plan.url} is not an address with http")
        self.host, self.port = address.hostname, address.port or 80
        self._maker = body_maker(cards=plan.cards, min_bytes=plan.min_bytes, seed=plan.seed)
        self._rng = np.random.Generator(np.random.PCG64([plan.seed, 11]))
        self._draws: list[int] = []
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        head = f"{plan.method} {path} HTTP/1.1\r\nhost: {self.host}:{self.port}\r\n"
        head += f"authorization: Bearer {plan.key}\r\n" if plan.key else ""
        self._bare = (head + "\r\n").encode() if plan.method == "GET" else b""
        self._head = (head + "content-type: application/json\r\ncontent-length: ").encode()
        self._prefix = (plan.id_prefix or f"l{time.time_ns() // 1_000_000:x}{os.getpid():x}").encode()
        self.sent = self.answered = self.wrong = self.repeated = self.broken = self.unasked = (
            self.body_bytes
        ) = 0
        self.statuses: dict[bytes, int] = {}
        self.first_refusal = b""
        self._seqs: set[int] = set()
        self.scheduled: list[int] = []
        self.latency: list[int] = []
        self.idle: deque[Connection] = deque()
        self.queue: deque[int] = deque()
        self.connections: list[Connection] = []
        self.closing = False
        self.ended = asyncio.Event()
        self.stop_ns = 0

    def next_request(self) -> tuple[bytes, bytes]:
        """Make the next request: a fresh id, the present time, a drawn card."""
        if not self._draws:
            self._draws = self._rng.integers(0, 2**31, CHUNK_DRAWS).tolist()
        self.sent += 1
        if self._bare:
            return b"-", self._bare
        event_id = b"%b-%d" % (self._prefix, self.sent)
        body = self._maker.body(event_id, rfc3339(time.time_ns() // 1_000), self._draws.pop())
        self.body_bytes += len(body)
        return event_id, b"%b%d\r\n\r\n%b" % (self._head, len(body), body)

    def answer(self, connection: Connection, event_id: bytes, data: bytes) -> None:
        """Note an answer and give its connection the next request."""
        now = time.perf_counter_ns()
        self.answered += 1
        self.scheduled.append(connection.scheduled_ns)
        self.latency.append(now - connection.scheduled_ns)
        status = data[9:12]
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if self._bare and status[:1] == b"2":
            pass
        elif status[:1] == b"2":
            self.wrong += b'"%b"' % event_id not in data
            seq = _SEQ.search(data)
            if seq is not None:
                place = int(seq[1])
                self.repeated += place in self._seqs
                self._seqs.add(place)
        elif not self.first_refusal:
            self.first_refusal = data[data.find(b"\r\n\r\n") + 4 :][:400]
        if self.queue:
            connection.send(self.queue.popleft())
        elif self.plan.rate or now >= self.stop_ns:
            self.idle.append(connection)
            if self.closing and self.answered == self.sent:
                self.ended.set()
        else:
            connection.send(now)

    def lost(self, connection: Connection) -> None:
        """Note a connection that closed by itself."""
        if not self.closing or connection.event_id:
            self.broken += 1
            self.ended.set()

    async def run(self) -> LoadReport:
        """Connect, send for the planned time, wait for the last answers, and report."""
        plan, loop = self.plan, asyncio.get_running_loop()
        for _ in range(plan.connections):
            _, connection = await loop.create_connection(lambda: Connection(self), self.host, self.port)
            self.connections.append(connection)
        cpu_before = time.process_time()
        began_ns = time.perf_counter_ns()
        measured_from = began_ns + int(plan.warmup_seconds * 1e9)
        self.stop_ns = measured_from + int(plan.seconds * 1e9)
        if plan.rate:
            self.idle.extend(self.connections)
            await self._follow_timetable(began_ns)
        else:
            for connection in self.connections:
                connection.send(time.perf_counter_ns())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), plan.warmup_seconds + plan.seconds)
        self.closing = True
        if self.answered < self.sent or self.queue:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), DRAIN_SECONDS)
        ended_ns = time.perf_counter_ns()
        busy = (time.process_time() - cpu_before) / ((ended_ns - began_ns) / 1e9)
        # A moment more, in which a second answer to some request would come.
        await asyncio.sleep(0.05)
        unanswered = self.sent - self.answered + len(self.queue)
        for connection in self.connections:
            connection.event_id = b""
            if connection.transport is not None:
                connection.transport.close()
        return self._report(measured_from, busy, unanswered)

    async def _follow_timetable(self, began_ns: int) -> None:
        step_ns, nth = 1e9 / self.plan.rate, 0
        due_ns = began_ns
        while due_ns < self.stop_ns and not self.ended.is_set():
            now = time.perf_counter_ns()
            while due_ns <= now and due_ns < self.stop_ns:
                if self.idle:
                    self.idle.popleft().send(due_ns)
                else:
                    self.queue.append(due_ns)
                nth += 1
                due_ns = began_ns + int(nth * step_ns)
            await asyncio.sleep(TICK_SECONDS)

    def _report(self, measured_from: int, busy: float, unanswered: int) -> LoadReport:
        scheduled, latency = np.array(self.scheduled, dtype=np.int64), np.array(self.latency, dtype=np.int64)
        kept = (scheduled >= measured_from) & (scheduled < self.stop_ns)
        scheduled, milliseconds = scheduled[kept], latency[kept] / 1e6
        report = LoadReport(
            sent=self.sent,
            answered=self.answered,
            measured=len(scheduled),
            statuses={status.decode("latin-1"): count for status, count in sorted(self.statuses.items())},
            unanswered=unanswered,
            wrong=self.wrong + self.unasked,
            repeated=self.repeated,
            broken=self.broken,
            body_bytes=self.body_bytes // max(self.sent, 1),
            generator_busy=round(busy, 3),
            first_refusal=self.first_refusal.decode("utf-8", "replace"),
        )
        if len(scheduled):
            finish = float((scheduled + latency[kept]).max() - measured_from) / 1e9
            report.seconds = round(max(finish, self.plan.seconds), 3)
            report.rate_per_s = round(len(scheduled) / report.seconds, 1)
            quantiles = np.percentile(milliseconds, [50, 90, 99, 99.9, 100])
            for name, value in zip(("p50", "p90", "p99", "p999", "max"), quantiles.tolist(), strict=True):
                setattr(report, f"{name}_ms", round(value, 3))
            second = (scheduled - measured_from) // 1_000_000_000
            report.seconds_p99_ms = [
                round(float(np.percentile(milliseconds[second == which], 99)), 2)
                for which in np.unique(second)
            ]
        return report
