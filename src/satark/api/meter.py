"""Counts of what the HTTP edge did; read by `satark.api.metrics`."""

from __future__ import annotations

from bisect import bisect_left

BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.5, 1.0, 5.0)


class Meter:
    """Plain numbers, changed in the loop's thread alone.

    Attributes
    ----------
    requests
        (route, status) to the number of answers.
    seconds
        Route to the numbers of answers per bucket of `BUCKETS_SECONDS`, the last for slower ones.
    seconds_sum
        Route to the sum of all answer times.
    in_flight
        Requests of the hot routes that are not answered yet.
    """

    def __init__(self) -> None:
        self.requests: dict[tuple[str, int], int] = {}
        self.seconds: dict[str, list[int]] = {}
        self.seconds_sum: dict[str, float] = {}
        self.in_flight = 0

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        where = (route, status)
        self.requests[where] = self.requests.get(where, 0) + 1
        buckets = self.seconds.get(route)
        if buckets is None:
            buckets = self.seconds[route] = [0] * (len(BUCKETS_SECONDS) + 1)
            self.seconds_sum[route] = 0.0
        buckets[bisect_left(BUCKETS_SECONDS, seconds)] += 1
        self.seconds_sum[route] += seconds
