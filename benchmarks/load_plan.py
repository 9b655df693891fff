"""What a load test sends, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field


class LoadFailed(Exception):
    """The server broke a promise under load."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What to send where.

    Attributes
    ----------
    url, key
        The address of the route, with http; the API key, empty for none.
    method
        POST sends payments; GET sends bare requests, whose answers need only be 2xx.
    connections
        How many at once, each kept alive with one request under way.
    rate
        Requests a second by a timetable; 0 for as fast as the connections can.
    seconds, warmup_seconds
        How long is measured, and how long before that is not.
    cards, min_bytes
        Over how many cards, and the least length of a body. At 3,000 payments a second a million cards pay every
        five minutes each, which is much already; with a hundred thousand every one of them would be a case.
    seed
        Of the draws.
    id_prefix
        Must differ from run to run on one server; by default from the clock and the process.
    """

    url: str
    key: str = ""
    method: str = "POST"
    connections: int = 48
    rate: float = 0.0
    seconds: float = 10.0
    warmup_seconds: float = 2.0
    cards: int = 1_000_000
    min_bytes: int = 1_024
    seed: int = 1
    id_prefix: str = ""


@dataclass(slots=True)
class LoadReport:
    """What came of it; latencies in milliseconds, of the measured part alone.

    Attributes
    ----------
    sent, answered
        All requests, warm-up included.
    measured, seconds
        The requests scheduled in the measured part, and how long it took until the last was answered.
    rate_per_s
        Answers a second in the measured part.
    statuses
        How many answers had which status.
    unanswered, wrong, repeated, broken
        Requests without an answer; answers that did not name the request's id; places in the log given twice;
        connections that closed with a request under way.
    body_bytes
        The mean length of a body.
    generator_busy
        The share of its core that the generator used; near 1 it, not the server, was measured.
    first_refusal
        The body of the first answer that was not 2xx.
    seconds_p99_ms
        The 99th percentile of each second, to see a snapshot or a checkpoint.
    """

    sent: int = 0
    answered: int = 0
    measured: int = 0
    seconds: float = 0.0
    rate_per_s: float = 0.0
    p50_ms: float = 0.0
    p90_ms: float = 0.0
    p99_ms: float = 0.0
    p999_ms: float = 0.0
    max_ms: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0
    wrong: int = 0
    repeated: int = 0
    broken: int = 0
    body_bytes: int = 0
    generator_busy: float = 0.0
    first_refusal: str = ""
    seconds_p99_ms: list[float] = field(default_factory=list)

    def check(self) -> LoadReport:
        """Return itself, or say which promise was broken.

        Raises
        ------
        LoadFailed
            A request had no answer, more than one, another's, or none of 2xx.
        """
        refused = sum(count for status, count in self.statuses.items() if not status.startswith("2"))
        if self.unanswered or self.wrong or self.repeated or self.broken or refused or not self.answered:
            raise LoadFailed(
                f"of {self.sent} requests {self.unanswered} had no answer, {refused} were refused "
                f"({self.statuses}; first: {self.first_refusal}), {self.wrong} got another's, "
                f"{self.repeated} places in the log were given twice, {self.broken} connections broke"
            )
        return self

    def line(self) -> str:
        """Return one line for people."""
        return (
            f"{self.rate_per_s:,.0f}/s  p50 {self.p50_ms:.2f}  p90 {self.p90_ms:.2f}  p99 {self.p99_ms:.2f}  "
            f"p99.9 {self.p999_ms:.2f}  max {self.max_ms:.2f} ms  "
            f"({self.measured:,} in {self.seconds:.1f} s, "
            f"bodies of {self.body_bytes} bytes, generator {self.generator_busy:.0%} busy)"
        )
