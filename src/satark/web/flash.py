"""The short word after an act ("3 cases closed. Undo"), carried over the redirect in a cookie and shown once.

A form answers with a redirect, so that loading the page again repeats nothing; what happened must come along
somehow. The address would show it again on each reload and would spoil filters that live there. The cookie holds
a code of ours, a number and the address of an undo, never free text; whoever forges his own cookie shows himself a
sentence that we wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

COOKIE = "satark_flash"
KEPT_SECONDS = 60
_FORM = re.compile(r"([a-z_]{1,40})\.(\d{1,9})\.((?:/[a-z]{1,20}/undo/\d{1,18})?)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Flash:
    """What has just been done.

    Attributes
    ----------
    code
        Names a sentence: see `Renderer.add_flashes`.
    number
        How many it was done to.
    undo
        Where a POST takes it back, empty when nothing can.
    """

    code: str
    number: int = 1
    undo: str = ""

    def cookie(self) -> str:
        """Return the cookie's value."""
        return f"{self.code}.{self.number}.{self.undo}"


def read(cookies: Mapping[str, str]) -> Flash | None:
    """Return what the cookie says; anything that we did not write is nothing.

    Examples
    --------
    >>> read({"satark_flash": Flash("cases_closed", 3, "/queue/undo/17").cookie()})
    Flash(code='cases_closed', number=3, undo='/queue/undo/17')
    >>> read({"satark_flash": "cases_closed.3.//evil.test"}), read({})
    (None, None)
    """
    match = _FORM.match(cookies.get(COOKIE, ""))
    return None if match is None else Flash(match[1], int(match[2]), match[3])
