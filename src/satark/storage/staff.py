"""People who sign in to the pages: their names, roles and passwords (argon2id)."""

from __future__ import annotations

import re
import secrets as random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from satark.core.errors import InputInvalid, NotFound
from satark.core.staff import ADMINISTRATOR, MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, ROLES
from satark.storage.tables import STAFF

if TYPE_CHECKING:
    from satark.core.clock import Clock
    from satark.storage.audit import Audit
    from satark.storage.engines import Engines

SYSTEM = "system"
"""Who acts where nobody is named: the program itself, at its first start."""
GENERATED_BYTES = 15

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}\Z")


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Someone who may sign in.

    Attributes
    ----------
    must_change
        The password was made by the machine or by somebody else and must be replaced at the next sign-in.
    changed_us
        When the password or role last changed: sessions from before it are not good any more.
    """

    id: int
    username: str
    role: str
    must_change: bool
    created_us: int
    changed_us: int
    disabled_us: int | None


@dataclass(frozen=True, slots=True)
class NewStaffMember:
    """Someone just added, with the password that is shown this once."""

    member: StaffMember
    password: str


class Staff:
    """The people; callable from any thread. Each change is noted in the audit trail in the same transaction."""

    def __init__(self, engines: Engines, clock: Clock, audit: Audit) -> None:
        self._engines = engines
        self._clock = clock
        self._audit = audit

    def create(
        self, username: str, role: str, *, password: str | None = None, actor: str = SYSTEM
    ) -> NewStaffMember:
        """Add someone; without a password one is made, and must be changed at the first sign-in.

        Raises
        ------
        InputInvalid
            The name is taken or not of the right form, the role is unknown, or the password too short or
            too long.
        """
        if not _USERNAME.match(username):
            message = "a user name is 2 to 64 of a-z 0-9 . _ @ - and starts with a letter or digit"
            raise InputInvalid(message, field="username")
        _check_role(role)
        chosen = random.token_urlsafe(GENERATED_BYTES) if password is None else _checked(password)
        now = self._clock.now_us()
        hashed = _hasher().hash(chosen)
        with self._engines.writing("the staff's records") as connection:
            if connection.scalar(sa.select(STAFF.c.id).where(STAFF.c.username == username)) is not None:
                message = "this user name is taken"
                raise InputInvalid(message, field="username")
            connection.execute(
                sa.insert(STAFF).values(
                    username=username,
                    password_hash=hashed,
                    role=role,
                    must_change=password is None,
                    created_us=now,
                    changed_us=now,
                )
            )
            row = connection.execute(_SELECT.where(STAFF.c.username == username)).one()
            self._audit.note(
                connection, actor=actor, action="staff_created", subject=username, detail={"role": role}
            )
        return NewStaffMember(_member(row), chosen)

    def ensure_administrator(self, username: str = "admin", *, actor: str = SYSTEM) -> NewStaffMember | None:
        """Add the first administrator when nobody can sign in yet; None when there is somebody.

        The password is made here and shown to whoever set the machine up, once; it need not be changed.
        """
        if self.list():
            return None
        password = random.token_urlsafe(GENERATED_BYTES)
        return self.create(username, ADMINISTRATOR, password=password, actor=actor)

    def verify(self, username: str, password: str) -> StaffMember | None:
        """Return who signs in with this name and password, None when nobody may.

        An unknown name takes as long as a wrong password.
        """
        from argon2.exceptions import InvalidHashError, VerificationError

        with self._engines.reading("the staff's records") as connection:
            row = connection.execute(
                _SELECT.add_columns(STAFF.c.password_hash).where(STAFF.c.username == username)
            ).first()
        try:
            _hasher().verify(_NOBODY if row is None else row[-1], password[:MAX_PASSWORD_LENGTH])
        except (VerificationError, InvalidHashError):
            return None
        if row is None:
            return None
        member = _member(row[:-1])
        return None if member.disabled_us is not None else member

    def find(self, username: str) -> StaffMember | None:
        """Return someone by name."""
        with self._engines.reading("the staff's records") as connection:
            row = connection.execute(_FIND, {"wanted": username}).first()
        return None if row is None else _member(row)

    def list(self) -> list[StaffMember]:
        """Return everybody, also those who may not sign in any more."""
        with self._engines.reading("the staff's records") as connection:
            return [_member(row) for row in connection.execute(_SELECT.order_by(STAFF.c.id))]

    def change_password(
        self, username: str, password: str, *, must_change: bool = False, actor: str = SYSTEM
    ) -> StaffMember:
        """Set a password; `must_change` when somebody else chose it.

        Raises
        ------
        InputInvalid
            It is too short or too long.
        NotFound
            There is nobody of this name.
        """
        hashed = _hasher().hash(_checked(password))
        values = {"password_hash": hashed, "must_change": must_change}
        return self._update(username, values, actor, "staff_password_changed")

    def change_role(self, username: str, role: str, *, actor: str = SYSTEM) -> StaffMember:
        """Give someone another role.

        Raises
        ------
        InputInvalid
            The role is unknown, or nobody would be left who can add people.
        NotFound
            There is nobody of this name.
        """
        _check_role(role)
        return self._update(username, {"role": role}, actor, "staff_role_changed", {"role": role})

    def disable(self, username: str, *, actor: str = SYSTEM) -> StaffMember:
        """Let someone sign in no more; the record stays for the audit trail.

        Raises
        ------
        InputInvalid
            Nobody would be left who can add people.
        NotFound
            There is nobody of this name.
        """
        return self._update(username, {"disabled_us": self._clock.now_us()}, actor, "staff_disabled")

    def enable(self, username: str, *, actor: str = SYSTEM) -> StaffMember:
        """Let someone sign in again.

        Raises
        ------
        NotFound
            There is nobody of this name.
        """
        return self._update(username, {"disabled_us": None}, actor, "staff_enabled")

    def _update(
        self,
        username: str,
        values: dict[str, object],
        actor: str,
        action: str,
        detail: dict[str, object] | None = None,
    ) -> StaffMember:
        with self._engines.writing("the staff's records") as connection:
            had = _administrators(connection)
            connection.execute(
                sa.update(STAFF)
                .where(STAFF.c.username == username)
                .values(changed_us=self._clock.now_us(), **values)
            )
            row = connection.execute(_SELECT.where(STAFF.c.username == username)).first()
            if row is None:
                message = "there is nobody of this name"
                raise NotFound(message)
            if had and not _administrators(connection):
                # Raised inside the transaction, so that nothing of it stays.
                message = "this is the last administrator: nobody could add people any more"
                raise InputInvalid(message, field="role")
            self._audit.note(connection, actor=actor, action=action, subject=username, detail=detail)
        return _member(row)


_SELECT = sa.select(
    STAFF.c.id,
    STAFF.c.username,
    STAFF.c.role,
    STAFF.c.must_change,
    STAFF.c.created_us,
    STAFF.c.changed_us,
    STAFF.c.disabled_us,
)

_FIND = _SELECT.where(STAFF.c.username == sa.bindparam("wanted"))
"""Built once: every request of the pages asks it."""

_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$c2F0YXJrLW5vYm9keS1oZXJl$bm9ib2R5LWhhcy10aGlzLXBhc3N3b3JkLWF0LWFsbCE"
)
"""A hash that no password has."""


def _administrators(connection: sa.Connection) -> int:
    """Return how many could add people now."""
    query = (
        sa.select(sa.func.count())
        .select_from(STAFF)
        .where(STAFF.c.role == ADMINISTRATOR, STAFF.c.disabled_us.is_(None))
    )
    return int(connection.scalar(query) or 0)


def _member(row: Any) -> StaffMember:  # noqa: ANN401 - a row or a part of one
    return StaffMember(*row)


def _hasher() -> Any:  # noqa: ANN401 - loaded where it is needed
    """Return argon2id with the second recommendation of RFC 9106 (64 MiB)."""
    from argon2 import PasswordHasher

    return PasswordHasher()


def _check_role(role: str) -> None:
    if role not in ROLES:
        message = f"a role is one of {', '.join(sorted(ROLES))}"
        raise InputInvalid(message, field="role", found=role)


def _checked(password: str) -> str:
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        message = f"a password has {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters"
        raise InputInvalid(message, field="password")
    return password
