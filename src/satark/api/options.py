"""Bounds and switches of the HTTP edge, given by `satark.app`; nothing here is read from the environment."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """How the interface behaves.

    Attributes
    ----------
    body_limit_bytes, batch_limit_bytes
        The greatest body of one event and of a batch; more is refused with 413 while it streams in.
    batch_limit_items
        The most events in one batch.
    batch_slice_items
        After so many events of a batch other requests get their turn.
    deadline_ms, event_deadline_ms, batch_deadline_ms
        How long a caller waits for a decision, for a receipt and for a batch, unless `?deadline_ms=` says
        otherwise.
    max_deadline_ms
        The longest deadline that a caller may ask for.
    body_timeout_seconds
        How long a caller may take to send its body.
    max_waiting
        So many requests may wait for the engine at once; more are refused with 503.
    key_fresh_seconds, key_keep_seconds
        A verified key is used without a question for the first time, and while a question is under way
        until the second; so a revocation is honoured after the second at the latest.
    rate_per_s, burst
        The limit of keys that have none of their own; 0 for no limit, and for as many as one second brings.
    metrics_on_loopback
        Serve /metrics without a key to callers on this machine. Leave it off behind a local proxy.
    docs
        Serve /docs and /openapi.json.
    """

    body_limit_bytes: int = 256 * KIB
    batch_limit_bytes: int = 4 * MIB
    batch_limit_items: int = 1_000
    batch_slice_items: int = 8
    deadline_ms: int = 100
    event_deadline_ms: int = 5_000
    batch_deadline_ms: int = 30_000
    max_deadline_ms: int = 60_000
    body_timeout_seconds: float = 10.0
    max_waiting: int = 4_096
    key_fresh_seconds: float = 2.0
    key_keep_seconds: float = 5.0
    rate_per_s: float = 0.0
    burst: int = 0
    metrics_on_loopback: bool = False
    docs: bool = True


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How the server listens and stops.

    Attributes
    ----------
    backlog
        Connections that the kernel holds for us before they are accepted.
    max_connections
        More open connections than this are answered 503; None for no limit.
    keep_alive_seconds
        An idle connection is closed after this.
    stop_seconds
        How long accepted requests may take to finish after SIGTERM.
    schedule_gc
        Freeze the garbage collector after start and run it only in idle slices.
    switch_interval_seconds
        How long a thread may keep the interpreter while another waits for it. The default of Python, 5 ms,
        would hold back each commit by as much under load.
    threads
        How many of the app's calls of `asyncio.to_thread` run at once; None: as many as Python thinks right.
    """

    host: str = "127.0.0.1"
    port: int = 8_000
    backlog: int = 2_048
    max_connections: int | None = 10_000
    keep_alive_seconds: int = 75
    stop_seconds: int = 30
    schedule_gc: bool = True
    switch_interval_seconds: float | None = 0.0005
    threads: int | None = None
