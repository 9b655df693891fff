"""How often one customer, phone or mailbox is told within a time.

A limit that is merely a number would be a gift to a fraudster: a run of small payments would use it up, and the large
one after it would go unannounced. So held and blocked payments are counted apart from the rest, and past the limit a
payment is still told when it is at least twice as large as all that was told; doubling bounds how many those can be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.policies.notice_rules import GRAVE_KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.cases.notices.model import NoticeKind, Told
    from satark.policies.notice_rules import NoticeLimit

HARD_FACTOR = 5
"""No more than this many times the limit, whatever the amounts."""


def may_tell(limit: NoticeLimit, told: Sequence[Told], kind: NoticeKind, amount_minor: int) -> bool:
    """Say whether one more notice may go to somebody who got those within the limit's time.

    Examples
    --------
    >>> from satark.cases.notices.model import NoticeKind, Told
    >>> from satark.policies.notice_rules import NoticeLimit
    >>> told = [Told(NoticeKind.CHALLENGE, 10_000)] * 2
    >>> limit = NoticeLimit(2, 3_600)
    >>> may_tell(limit, told, NoticeKind.CHALLENGE, 10_000), may_tell(limit, told, NoticeKind.HOLD, 10_000)
    (False, True)
    >>> may_tell(limit, told, NoticeKind.CHALLENGE, 20_000)
    True
    """
    same = [one.amount_minor for one in told if (one.kind in GRAVE_KINDS) == (kind in GRAVE_KINDS)]
    if len(same) < limit.messages:
        return True
    return len(same) < HARD_FACTOR * limit.messages and amount_minor >= 2 * max(1, *same)
