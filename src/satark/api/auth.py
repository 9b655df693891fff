"""Who calls: API keys from the `Authorization` header, with a short cache in front of the key store.

The cache is looked up by a keyed hash of the header (a random key per process), so neither the time of the
look-up nor a memory dump's table tells a secret. An entry is used as it is while fresh; then it is asked
about in the background while it still serves, so that no request waits for the store; at the end of
`key_keep_seconds` it is gone. A revoked key therefore works for that long at most.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
import secrets
import time
from typing import TYPE_CHECKING

from satark.api.limits import TokenBucket
from satark.core.errors import Forbidden, RateLimited, SatarkError, StorageUnavailable, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.api.ports import ApiKey, KeyVerifier

_BEARER = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/=\-]{1,256}) *")
_MAX_KNOWN = 4_096
_MAX_REFUSED = 1_024
_REFUSED_SECONDS = 1.0
_MAX_QUESTIONS = 4


class Caller:
    """A verified key with its bucket and the time it was verified."""

    __slots__ = ("asked", "bucket", "checked_at", "id", "owner", "scopes")

    def __init__(self, key: ApiKey, bucket: TokenBucket, checked_at: float) -> None:
        self.id = key.id
        self.owner = key.owner
        self.scopes = frozenset(key.scopes)
        self.bucket = bucket
        self.checked_at = checked_at
        self.asked = False

    def require(self, scope: str) -> None:
        """Raise `Forbidden` unless the key has this scope."""
        if scope not in self.scopes:
            raise Forbidden(f"This API key has no scope '{scope}'.", scope=scope)


class Door:
    """Lets callers in: verifies keys and keeps the rate limits.

    Parameters
    ----------
    verifier
        The key store.
    fresh_seconds, keep_seconds, rate_per_s, burst
        See `ApiOptions`.
    clock
        Seconds that only go forward; a test gives its own.
    """

    def __init__(
        self,
        verifier: KeyVerifier,
        *,
        fresh_seconds: float = 2.0,
        keep_seconds: float = 5.0,
        rate_per_s: float = 0.0,
        burst: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._verifier = verifier
        self._fresh = fresh_seconds
        self._keep = keep_seconds
        self._rate = rate_per_s
        self._burst = burst
        self._clock = clock
        self._pepper = secrets.token_bytes(32)
        self._known: dict[bytes, Caller] = {}
        self._refused: dict[bytes, float] = {}
        self._buckets: dict[str, TokenBucket] = {}
        self._questions: dict[bytes, asyncio.Task[Caller | None]] = {}
        self._gate = asyncio.Semaphore(_MAX_QUESTIONS)

    def known(self, header: bytes | None) -> Caller | None:
        """Return the cached caller of this header, or None if the store must be asked."""
        return None if header is None else self.known_by(self.digest(header), header)

    def known_by(self, digest: bytes, header: bytes) -> Caller | None:
        """Return the cached caller of a header whose `digest` is known."""
        caller = self._known.get(digest)
        if caller is None:
            return None
        age = self._clock() - caller.checked_at
        if age < self._fresh:
            return caller
        if age >= self._keep:
            return None
        if not caller.asked:
            caller.asked = True
            self._ask(header, digest)
        return caller

    async def admit(self, header: bytes | None, scope: str) -> Caller:
        """Return the caller if its key is valid, has the scope and its bucket a token.

        Raises
        ------
        Unauthenticated, Forbidden, RateLimited
            By name.
        StorageUnavailable
            The key store did not answer.
        """
        caller = self.known(header) or await self._verify(header)
        caller.require(scope)
        self.charge(caller)
        return caller

    def charge(self, caller: Caller) -> None:
        """Take a token from the caller's bucket or raise `RateLimited`."""
        wait = caller.bucket.take(self._clock())
        if wait > 0.0:
            raise RateLimited(
                "This API key asks more often than its limit.", retry_after_seconds=round(wait, 3)
            )

    async def _verify(self, header: bytes | None) -> Caller:
        if header is None:
            raise Unauthenticated("Send the API key as 'Authorization: Bearer sk_...'.")
        digest = self.digest(header)
        refused_at = self._refused.get(digest)
        if refused_at is not None and self._clock() - refused_at < _REFUSED_SECONDS:
            raise Unauthenticated("This API key is not valid.")
        caller = await asyncio.shield(self._ask(header, digest))
        if caller is None:
            raise Unauthenticated("This API key is not valid.")
        return caller

    def _ask(self, header: bytes, digest: bytes) -> asyncio.Task[Caller | None]:
        question = self._questions.get(digest)
        if question is None:
            question = asyncio.get_running_loop().create_task(self._question(header, digest))
            self._questions[digest] = question
            question.add_done_callback(_seen)
        return question

    async def _question(self, header: bytes, digest: bytes) -> Caller | None:
        try:
            match = _BEARER.fullmatch(header)
            key = None
            if match is not None:
                async with self._gate:
                    key = await asyncio.to_thread(self._verifier.verify, match[1].decode("ascii"))
            return self._remember(digest, key)
        except SatarkError:
            raise
        except Exception as error:
            raise StorageUnavailable("The key store did not answer.") from error
        finally:
            self._questions.pop(digest, None)
            caller = self._known.get(digest)
            if caller is not None:
                caller.asked = False

    def _remember(self, digest: bytes, key: ApiKey | None) -> Caller | None:
        now = self._clock()
        if key is None:
            self._known.pop(digest, None)
            self._refused.pop(digest, None)
            self._refused[digest] = now
            if len(self._refused) > _MAX_REFUSED:
                del self._refused[next(iter(self._refused))]
            return None
        self._refused.pop(digest, None)
        rate = key.rate_per_s or self._rate
        burst = (key.burst if key.rate_per_s else self._burst) or math.ceil(rate)
        bucket = self._buckets.get(key.id)
        if bucket is None:
            bucket = self._buckets[key.id] = TokenBucket(rate, burst, now)
            if len(self._buckets) > _MAX_KNOWN:
                del self._buckets[next(iter(self._buckets))]
        else:
            bucket.resize(rate, burst)
        caller = Caller(key, bucket, now)
        self._known.pop(digest, None)
        self._known[digest] = caller
        if len(self._known) > _MAX_KNOWN:
            del self._known[next(iter(self._known))]
        return caller

    def digest(self, header: bytes) -> bytes:
        """Return by what a header is known in this process."""
        return hashlib.blake2b(header, key=self._pepper, digest_size=16).digest()


def _seen(task: asyncio.Task[Caller | None]) -> None:
    """Look at the error of a question that nobody waits for, so that asyncio does not complain about it."""
    if not task.cancelled():
        task.exception()
