"""Names for the kinds of id, so that a type checker tells them apart.

An id from outside is ASCII of a small alphabet: two ids that look alike on a screen are then the same bytes,
and no Unicode normalisation is needed to compare them.
"""

from __future__ import annotations

import re
from typing import NewType

EventId = NewType("EventId", str)
"""Chosen by the caller; unique per owner of the API key."""

OwnerId = NewType("OwnerId", int)
"""The owner of an API key: ids are unique and visible only within one owner."""

PolicyHash = NewType("PolicyHash", str)
"""The content hash of a policy, hexadecimal."""

MAX_ID_LENGTH = 64
ID_PATTERN = r"^[A-Za-z0-9._:@+\-|/]{1,64}\Z"
"""What an id from outside looks like. `\\Z`, because `$` would let a trailing line feed through."""

_ID = re.compile(ID_PATTERN)


def is_id(text: str) -> bool:
    r"""Say whether a text can be an id.

    Examples
    --------
    >>> is_id("order-4711/a"), is_id(""), is_id("a b"), is_id("a\n"), is_id("क")
    (True, False, False, False, False)
    """
    return _ID.match(text) is not None
