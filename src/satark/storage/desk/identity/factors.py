"""Second factors of the staff: secrets of one-time passwords, recovery codes and how often somebody guessed.

What must happen once is one statement that changes a row or does not: two requests with the same code, in two
processes, cannot both be let in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from satark.core.clock import MICROS_PER_SECOND
from satark.core.staff import Standing
from satark.storage.desk.identity.passkeys import Passkeys
from satark.storage.desk.identity.sessions import end_all
from satark.storage.desk.tables.identity import (
    STAFF_ATTEMPTS,
    STAFF_LINKS,
    STAFF_PASSKEYS,
    STAFF_RECOVERY_CODES,
    STAFF_TOTP,
)

if TYPE_CHECKING:
    from collections.abc import Collection

FREE_TRIES = 5
"""Tries of a second factor before each further one has to wait, twice as long as the one before."""
FIRST_WAIT_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 86_400.0

_WHAT = "the staff's second factors"
_TOTP, _CODES, _TRIES = STAFF_TOTP.c, STAFF_RECOVERY_CODES.c, STAFF_ATTEMPTS.c


class Factors(Passkeys):
    """The factors; implements `satark.web.identity.ports.Factors`."""

    def standing(self, username: str) -> Standing:
        """Return what a member has."""
        return self.standings([username])[username]

    def standings(self, usernames: Collection[str]) -> dict[str, Standing]:
        """Return the same of many at once; everybody asked for is in the answer."""
        with self._engines.reading(_WHAT) as connection:

            def counts(name: sa.Column[str], *conditions: sa.ColumnElement[bool]) -> dict[str, int]:
                query = sa.select(name, sa.func.count()).where(*conditions).group_by(name)
                return {str(row[0]): int(row[1]) for row in connection.execute(query)}

            totp = counts(_TOTP.username, _TOTP.confirmed.is_(True))
            codes = counts(_CODES.username, _CODES.used_us.is_(None))
            passkeys = counts(STAFF_PASSKEYS.c.username)
            links = counts(STAFF_LINKS.c.username)
        return {
            name: Standing(name in totp, codes.get(name, 0), passkeys.get(name, 0), links.get(name, 0))
            for name in usernames
        }

    def begin_totp(self, username: str, secret: str) -> None:
        """Keep a new secret that counts only once `confirm_totp` is called; an earlier one still counts."""
        with self._engines.writing(_WHAT) as connection:
            connection.execute(sa.delete(STAFF_TOTP).where(*_totp_of(username, confirmed=False)))
            connection.execute(
                sa.insert(STAFF_TOTP).values(
                    username=username,
                    confirmed=False,
                    secret=self._seals.seal(secret.encode(), f"totp {username}"),
                    made_us=self._clock.now_us(),
                    last_step=0,
                )
            )

    def pending_totp(self, username: str) -> str | None:
        """Return the secret that waits to be confirmed."""
        found = self._totp(username, confirmed=False)
        return None if found is None else found[0]

    def confirm_totp(self, username: str, step: int, *, actor: str) -> bool:
        """Let the waiting secret count, its first code being that of a time step; False when none waits."""
        with self._engines.writing(_WHAT) as connection:
            waiting = connection.execute(
                sa.select(_TOTP.username).where(*_totp_of(username, confirmed=False))
            ).first()
            if waiting is None:
                return False
            connection.execute(sa.delete(STAFF_TOTP).where(*_totp_of(username, confirmed=True)))
            connection.execute(
                sa.update(STAFF_TOTP)
                .where(*_totp_of(username, confirmed=False))
                .values(confirmed=True, last_step=step)
            )
            self._audit.note(connection, actor=actor, action="totp_set", subject=username)
        return True

    def totp(self, username: str) -> tuple[str, int] | None:
        """Return the secret that counts and the last time step whose code was used."""
        return self._totp(username, confirmed=True)

    def use_totp(self, username: str, step: int) -> bool:
        """Use up the codes of all steps up to this one; False when this one was used up already."""
        with self._engines.writing(_WHAT) as connection:
            used = connection.execute(
                sa.update(STAFF_TOTP)
                .where(*_totp_of(username, confirmed=True), _TOTP.last_step < step)
                .values(last_step=step)
            )
        return bool(used.rowcount)

    def remove_totp(self, username: str, *, actor: str) -> bool:
        """Remove one-time passwords and recovery codes; False when there are none."""
        with self._engines.writing(_WHAT) as connection:
            removed = connection.execute(sa.delete(STAFF_TOTP).where(_TOTP.username == username)).rowcount
            removed += connection.execute(
                sa.delete(STAFF_RECOVERY_CODES).where(_CODES.username == username)
            ).rowcount
            if removed:
                self._audit.note(connection, actor=actor, action="totp_removed", subject=username)
        return bool(removed)

    def new_recovery_codes(self, username: str, codes: Collection[str], *, actor: str) -> None:
        """Keep the digests of new codes; those from before do not work any more."""
        now = self._clock.now_us()
        with self._engines.writing(_WHAT) as connection:
            connection.execute(sa.delete(STAFF_RECOVERY_CODES).where(_CODES.username == username))
            rows = [
                {"username": username, "digest": self._code(username, code), "made_us": now, "used_us": None}
                for code in codes
            ]
            connection.execute(sa.insert(STAFF_RECOVERY_CODES), rows)
            self._audit.note(connection, actor=actor, action="recovery_codes_made", subject=username)

    def use_recovery_code(self, username: str, code: str) -> bool:
        """Use up a code; False when it is none or was used."""
        with self._engines.writing(_WHAT) as connection:
            # Found by a keyed digest: how long the look-up takes says nothing about the code.
            used = connection.execute(
                sa.update(STAFF_RECOVERY_CODES)
                .where(
                    _CODES.username == username,
                    _CODES.digest == self._code(username, code),
                    _CODES.used_us.is_(None),
                )
                .values(used_us=self._clock.now_us())
            )
            if used.rowcount:
                self._audit.note(connection, actor=username, action="recovery_code_used", subject=username)
        return bool(used.rowcount)

    def reset(self, username: str, *, actor: str) -> None:
        """Remove all factors and links of a member, and end his sessions."""
        with self._engines.writing(_WHAT) as connection:
            for table in (STAFF_TOTP, STAFF_RECOVERY_CODES, STAFF_PASSKEYS, STAFF_ATTEMPTS, STAFF_LINKS):
                connection.execute(sa.delete(table).where(table.c.username == username))
            self._audit.note(connection, actor=actor, action="factors_reset", subject=username)
            end_all(connection, self._audit, username, actor=actor)

    def attempt(self, username: str) -> float:
        """Count a try of a second factor before it is checked; return 0.0, or the seconds to wait instead."""
        now = self._clock.now_us()
        with self._engines.writing(_WHAT) as connection:
            row = connection.execute(
                sa.select(_TRIES.tries, _TRIES.closed_until_us).where(_TRIES.username == username)
            ).first()
            if row is not None and row[1] > now:
                return float(row[1] - now) / MICROS_PER_SECOND
            tries = 1 if row is None else int(row[0]) + 1
            values = {"tries": tries, "closed_until_us": now + round(_wait(tries) * MICROS_PER_SECOND)}
            if row is None:
                connection.execute(sa.insert(STAFF_ATTEMPTS).values(username=username, **values))
            else:
                connection.execute(
                    sa.update(STAFF_ATTEMPTS).where(_TRIES.username == username).values(**values)
                )
        return 0.0

    def passed(self, username: str) -> None:
        """Forget the tries of a member."""
        with self._engines.writing(_WHAT) as connection:
            connection.execute(sa.delete(STAFF_ATTEMPTS).where(_TRIES.username == username))

    def _totp(self, username: str, *, confirmed: bool) -> tuple[str, int] | None:
        with self._engines.reading(_WHAT) as connection:
            row = connection.execute(
                sa.select(_TOTP.secret, _TOTP.last_step).where(*_totp_of(username, confirmed=confirmed))
            ).first()
        if row is None:
            return None
        return self._seals.open(bytes(row[0]), f"totp {username}").decode(), int(row[1])

    def _code(self, username: str, code: str) -> bytes:
        return self._seals.digest("recovery code", username, code)


def _totp_of(username: str, *, confirmed: bool) -> tuple[sa.ColumnElement[bool], ...]:
    return (_TOTP.username == username, _TOTP.confirmed.is_(confirmed))


def _wait(tries: int) -> float:
    """Return how long the next try must wait after so many.

    Examples
    --------
    >>> [_wait(tries) for tries in (1, 4, 5, 6, 7, 40)]
    [0.0, 0.0, 30.0, 60.0, 120.0, 86400.0]
    """
    if tries < FREE_TRIES:
        return 0.0
    # The exponent is bounded: a float has no room for two to the power of a month of guessing.
    return min(FIRST_WAIT_SECONDS * 2.0 ** min(tries - FREE_TRIES, 20), LONGEST_WAIT_SECONDS)
