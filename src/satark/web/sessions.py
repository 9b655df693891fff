"""Who is logged in: sessions in this process's memory, found by a random cookie.

The cookie's value is 256 random bits; only its hash is kept, so a look into the memory of the table gives nobody a
session. A restart ends all sessions. Each session has its own token against cross-site requests.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.web.ports import StaffMember

_MAX_SESSIONS = 10_000


@dataclass(slots=True)
class Session:
    """One login.

    Attributes
    ----------
    username, role
        Of the member of staff.
    csrf
        Must come with each form that is sent under the cookie.
    began, seen
        Seconds of the sessions' clock.
    """

    username: str
    role: str
    csrf: str
    began: float
    seen: float

    def allows(self, token: str) -> bool:
        """Compare the token of a form in constant time."""
        return hmac.compare_digest(self.csrf.encode(), token.encode())


class Sessions:
    """All logins.

    Parameters
    ----------
    idle_seconds, session_seconds
        See `WebOptions`.
    clock
        Seconds that only go forward.
    """

    def __init__(self, idle_seconds: float, session_seconds: float, clock: Callable[[], float]) -> None:
        self._idle = idle_seconds
        self._whole = session_seconds
        self._clock = clock
        self._sessions: dict[bytes, Session] = {}

    def begin(self, member: StaffMember) -> str:
        """Make a session and return the cookie's value."""
        now = self._clock()
        if len(self._sessions) >= _MAX_SESSIONS:
            self._drop_ended(now)
        if len(self._sessions) >= _MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        value = secrets.token_urlsafe(32)
        self._sessions[_hash(value)] = Session(
            member.username, member.role, secrets.token_urlsafe(32), now, now
        )
        return value

    def find(self, value: str | None, *, touch: bool = True) -> Session | None:
        """Return the session of a cookie, None if there is none or it has ended.

        A live page that is merely open does not count as being there (`touch=False`).
        """
        if not value:
            return None
        key = _hash(value)
        session = self._sessions.get(key)
        if session is None:
            return None
        now = self._clock()
        if self._ended(session, now):
            del self._sessions[key]
            return None
        if touch:
            session.seen = now
        return session

    def end(self, value: str | None) -> None:
        """End the session of a cookie."""
        if value:
            self._sessions.pop(_hash(value), None)

    def _ended(self, session: Session, now: float) -> bool:
        return now - session.seen >= self._idle or now - session.began >= self._whole

    def _drop_ended(self, now: float) -> None:
        for key in [key for key, session in self._sessions.items() if self._ended(session, now)]:
            del self._sessions[key]


def _hash(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()
