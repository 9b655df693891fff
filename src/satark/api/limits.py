"""The rate limit of one API key: a token bucket.

A bucket holds at most `burst` tokens and gains `rate_per_s` each second. A batch takes one token per event
and may run into debt, so that the rate holds over time whatever the size of the batches.
"""

from __future__ import annotations


class TokenBucket:
    """Tokens of one key; used in the event loop's thread alone.

    Examples
    --------
    >>> bucket = TokenBucket(rate_per_s=10.0, burst=2, now=0.0)
    >>> [round(bucket.take(0.0), 3) for _ in range(3)]
    [0.0, 0.0, 0.1]
    >>> bucket.take(0.5)
    0.0
    """

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, rate_per_s: float, burst: int, now: float) -> None:
        self._rate = float(rate_per_s)
        self._burst = float(max(1, burst))
        self._tokens = self._burst
        self._at = now

    def take(self, now: float) -> float:
        """Take a token and return 0.0, or take none and return the seconds until one is there."""
        if self._rate <= 0.0:
            return 0.0
        tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if tokens < 1.0:
            self._tokens = tokens
            return (1.0 - tokens) / self._rate
        self._tokens = tokens - 1.0
        return 0.0

    def owe(self, count: int) -> None:
        """Take `count` more tokens for a request that is already let in, into debt if need be."""
        self._tokens -= count

    def resize(self, rate_per_s: float, burst: int) -> None:
        """Adopt the limits of the key as it is now; the tokens stay."""
        self._rate = float(rate_per_s)
        self._burst = float(max(1, burst))
        self._tokens = min(self._tokens, self._burst)
