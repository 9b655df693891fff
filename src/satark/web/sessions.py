"""Who is logged in: sessions found by a random cookie, kept in the desk database.

The cookie's value is 256 random bits; only its hash is kept, so that whoever reads the table has no session. The token
against cross-site requests follows from the cookie's value and is kept nowhere. A restart of the pages ends nothing;
what does end a session: its time, its owner or an administrator, and any change of the member's password, role or
standing, which each request compares anew.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from satark.core.clock import MICROS_PER_SECOND
from satark.core.staff import SessionRecord
from satark.web.permissions import allowed

if TYPE_CHECKING:
    from satark.core.clock import Clock
    from satark.web.ports import StaffDirectory, StaffMember

Method = Literal["password", "passkey", "single_sign_on"]
Needs = Literal["", "password", "factor"]

TOUCH_US = 60 * MICROS_PER_SECOND
"""A session that is used is written down as seen at most this often."""
MAX_AGENT = 200


@dataclass(frozen=True, slots=True)
class Session:
    """One login, as a request sees it.

    Attributes
    ----------
    username, role
        Of the member of staff.
    csrf
        Must come with each form that is sent under the cookie.
    id
        A name of the session for lists; opens nothing.
    method
        How the member logged in.
    strong
        Whether a second factor was given.
    began_us, seen_us
        When it began, and when it was last used (to the minute).
    needs
        What must be done before any page opens: a new "password", or a second "factor".
    """

    username: str
    role: str
    csrf: str
    id: str = ""
    method: str = "password"
    strong: bool = False
    began_us: int = 0
    seen_us: int = 0
    needs: Needs = ""

    def allows(self, token: str) -> bool:
        """Compare the token of a form in constant time."""
        return hmac.compare_digest(self.csrf.encode(), token.encode())

    def may(self, permission: str) -> bool:
        """Return whether the role has a permission, for pages that show what can be done."""
        return allowed(self.role, permission)


class SessionStore(Protocol):
    """Where sessions are kept; `satark.storage.desk` fits it. Callable from any thread."""

    def add(self, record: SessionRecord, *, ended_before_us: int) -> None:
        """Keep a session, and forget those that were last seen before a time."""

    def find(self, key: bytes) -> SessionRecord | None:
        """Return a session by its key."""

    def touch(self, key: bytes, seen_us: int) -> None:
        """Write down when it was used."""

    def strengthen(self, key: bytes) -> None:
        """Write down that a second factor was given."""

    def remove(self, key: bytes) -> None:
        """End one."""

    def of(self, username: str) -> list[SessionRecord]:
        """Return the sessions of a member, the last used first."""

    def end(self, username: str, session_id: str, *, actor: str) -> bool:
        """End one of a member's sessions by its name; False when he has none of this name. Audited."""

    def end_all(self, username: str, *, actor: str, but: bytes | None = None) -> int:
        """End all sessions of a member, but one if that is given; return how many. Audited."""


class Sessions:
    """All logins; callable from any thread.

    Parameters
    ----------
    store
        Where they are kept.
    staff
        Who the members are now.
    clock
        What times count against; sessions outlive the process, so it is the wall clock.
    idle_seconds, session_seconds
        See `WebOptions`.
    second_factor
        Whether every member needs a second factor.
    """

    def __init__(
        self,
        store: SessionStore,
        staff: StaffDirectory,
        clock: Clock,
        *,
        idle_seconds: float,
        session_seconds: float,
        second_factor: bool = False,
    ) -> None:
        self.store = store
        self._staff = staff
        self._clock = clock
        self._idle_us = round(idle_seconds * MICROS_PER_SECOND)
        self._whole_us = round(session_seconds * MICROS_PER_SECOND)
        self._second_factor = second_factor

    def begin(
        self,
        member: StaffMember,
        *,
        method: Method = "password",
        strong: bool = False,
        address: str = "",
        agent: str = "",
    ) -> str:
        """Make a session and return the cookie's value."""
        now = self._clock.now_us()
        value = secrets.token_urlsafe(32)
        record = SessionRecord(
            key=key_of(value),
            id=secrets.token_hex(8),
            username=member.username,
            role=member.role,
            method=method,
            strong=strong,
            began_us=now,
            seen_us=now,
            member_changed_us=member.changed_us,
            address=address,
            agent=agent[:MAX_AGENT],
        )
        self.store.add(record, ended_before_us=now - self._idle_us)
        return value

    def find(self, value: str | None, *, touch: bool = True) -> Session | None:
        """Return the session of a cookie, None if there is none or it has ended.

        A live page that is merely open does not count as being there (`touch=False`).
        """
        if not value:
            return None
        key = key_of(value)
        record = self.store.find(key)
        if record is None:
            return None
        now = self._clock.now_us()
        member = self._staff.find(record.username)
        if self._ended(record, now) or not _same(record, member):
            self.store.remove(key)
            return None
        if touch and now - record.seen_us >= TOUCH_US:
            self.store.touch(key, now)
            record = replace(record, seen_us=now)
        return Session(
            username=record.username,
            role=record.role,
            csrf=token_of(value),
            id=record.id,
            method=record.method,
            strong=record.strong,
            began_us=record.began_us,
            seen_us=record.seen_us,
            needs=self._needs(record, member),
        )

    def strengthen(self, value: str | None) -> None:
        """Note that the member of this cookie's session has given a second factor."""
        if value:
            self.store.strengthen(key_of(value))

    def end(self, value: str | None) -> None:
        """End the session of a cookie."""
        if value:
            self.store.remove(key_of(value))

    def alive(self, username: str) -> list[SessionRecord]:
        """Return the sessions of a member that have not ended by their time, the last used first."""
        now = self._clock.now_us()
        return [record for record in self.store.of(username) if not self._ended(record, now)]

    def _ended(self, record: SessionRecord, now_us: int) -> bool:
        return now_us - record.seen_us >= self._idle_us or now_us - record.began_us >= self._whole_us

    def _needs(self, record: SessionRecord, member: StaffMember | None) -> Needs:
        # Who comes by single sign-on has his password and second factor there.
        if member is None or record.method == "single_sign_on":
            return ""
        if member.must_change:
            return "password"
        return "factor" if self._second_factor and not record.strong else ""


class MemorySessions:
    """Sessions of this process alone, for pages without a desk database; a restart ends them."""

    MOST = 10_000

    def __init__(self) -> None:
        self._records: dict[bytes, SessionRecord] = {}

    def add(self, record: SessionRecord, *, ended_before_us: int) -> None:
        """Keep a session, and forget those that were last seen before a time."""
        if len(self._records) >= self.MOST:
            for key in [key for key, kept in self._records.items() if kept.seen_us < ended_before_us]:
                del self._records[key]
        if len(self._records) >= self.MOST:
            del self._records[next(iter(self._records))]
        self._records[record.key] = record

    def find(self, key: bytes) -> SessionRecord | None:
        """Return a session by its key."""
        return self._records.get(key)

    def touch(self, key: bytes, seen_us: int) -> None:
        """Write down when it was used."""
        self._change(key, seen_us=seen_us)

    def strengthen(self, key: bytes) -> None:
        """Write down that a second factor was given."""
        self._change(key, strong=True)

    def remove(self, key: bytes) -> None:
        """End one."""
        self._records.pop(key, None)

    def of(self, username: str) -> list[SessionRecord]:
        """Return the sessions of a member, the last used first."""
        found = [record for record in list(self._records.values()) if record.username == username]
        return sorted(found, key=lambda record: (-record.seen_us, record.id))

    def end(self, username: str, session_id: str, *, actor: str) -> bool:  # noqa: ARG002 - no trail without a database
        """End one of a member's sessions by its name."""
        keys = [record.key for record in self.of(username) if record.id == session_id]
        for key in keys:
            self.remove(key)
        return bool(keys)

    def end_all(self, username: str, *, actor: str, but: bytes | None = None) -> int:  # noqa: ARG002 - as above
        """End all sessions of a member, but one if that is given; return how many."""
        keys = [record.key for record in self.of(username) if record.key != but]
        for key in keys:
            self.remove(key)
        return len(keys)

    def _change(self, key: bytes, **values: object) -> None:
        record = self._records.get(key)
        if record is not None:
            self._records[key] = replace(record, **values)  # type: ignore[arg-type]


def key_of(value: str) -> bytes:
    """Return what is kept of a cookie's value."""
    return hashlib.sha256(value.encode()).digest()


def token_of(value: str) -> str:
    """Return the token against cross-site requests of a cookie's value."""
    return hmac.new(value.encode(), b"csrf", hashlib.sha256).hexdigest()


def _same(record: SessionRecord, member: StaffMember | None) -> bool:
    """Tell whether the member is still who the session was made for."""
    return (
        member is not None
        and member.disabled_us is None
        and member.changed_us == record.member_changed_us
        and member.role == record.role
    )
