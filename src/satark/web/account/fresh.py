"""Changes of how somebody proves who he is: they need a login of the last minutes; a first factor ends weak sessions.

So that a session left open on a desk, or stolen, cannot be turned into a way in for good. A member whose first login
this is has just logged in and is not asked again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from satark.core.clock import MICROS_PER_SECOND
from satark.web.sessions import key_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from satark.web.desk import Desk
    from satark.web.identity.ports import IdentityStore
    from satark.web.sessions import Session

FRESH_US = 600 * MICROS_PER_SECOND


def is_fresh(desk: Desk, session: Session) -> bool:
    """Tell whether the login is young enough."""
    return desk.clock.now_us() - session.began_us < FRESH_US


def own_factors(desk: Desk, session: Session) -> IdentityStore:
    """Return where factors are kept, for somebody who has his own here.

    Raises
    ------
    HTTPException
        404: nothing of the kind is kept, or the identity provider of this member keeps it.
    """
    if desk.identity is None or session.method == "single_sign_on":
        raise HTTPException(404)
    return desk.identity


def now_strong(desk: Desk, request: Request, session: Session, *, first: bool) -> None:
    """Let this session count as one with a second factor; blocks.

    When it is the member's first factor, all other sessions end: a password alone had opened them, and whoever sets a
    factor up may do so because somebody else knows that password.
    """
    cookie = request.cookies[desk.session_cookie]
    desk.sessions.strengthen(cookie)
    if first:
        desk.sessions.store.end_all(session.username, actor=session.username, but=key_of(cookie))
