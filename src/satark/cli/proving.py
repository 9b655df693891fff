"""Let a person prove at the terminal who he is, before an act that must be his own.

Two people see to it that no policy decides which nobody else has read. Whoever could act under any name here would be
both of them, so a name alone is not believed: the password is asked, and a code where the member has set one up.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import click

from satark.cases.policy_life import Person
from satark.core.clock import MICROS_PER_SECOND
from satark.core.errors import Forbidden, RateLimited

if TYPE_CHECKING:
    from satark.core.clock import Clock
    from satark.storage import Storage
    from satark.storage.desk import Desk

STEP_SECONDS = 30
STEPS_ASIDE = 1


def prove(storage: Storage, desk: Desk, username: str, clock: Clock) -> Person:
    """Ask for what proves a member of staff; return the name and role.

    Raises
    ------
    Forbidden
        It does not prove him, or only a browser could (he has a passkey and no codes).
    RateLimited
        Too many wrong codes were given.
    """
    password = click.prompt(f"Password of {username}", hide_input=True, err=True)
    member = storage.staff.verify(username, password)
    if member is None or member.must_change:
        message = "this is not the password of an active member, or it must be changed on the pages first"
        raise Forbidden(message, scope="staff")
    if desk.identity.factors.standing(username).second_factor:
        _prove_code(desk, username, clock)
    return Person(member.username, member.role)


def _prove_code(desk: Desk, username: str, clock: Clock) -> None:
    import pyotp

    factors = desk.identity.factors
    known = factors.totp(username)
    if known is None:
        message = "this member logs in with a passkey, which only a browser can ask for: use the pages"
        raise Forbidden(message, scope="staff")
    wait_seconds = factors.attempt(username)
    if wait_seconds:
        message = "too many wrong codes were given"
        raise RateLimited(message, retry_after_seconds=wait_seconds)
    code = "".join(click.prompt("Code of the app", hide_input=True, err=True).split())
    secret, used = known
    totp, now = pyotp.TOTP(secret), clock.now_us() // MICROS_PER_SECOND // STEP_SECONDS
    for step in range(now - STEPS_ASIDE, now + STEPS_ASIDE + 1):
        fits = hmac.compare_digest(totp.at(step * STEP_SECONDS).encode(), code.encode())
        if fits and step > used and factors.use_totp(username, step):
            factors.passed(username)
            return
    message = "this is no code of now"
    raise Forbidden(message, scope="staff")
