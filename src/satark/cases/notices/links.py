"""The links in notices: signed, expiring, short enough for an SMS.

A token is its expiry, chance, and a keyed hash over both: 36 characters of the URL alphabet. A forged or altered one is
recognised without asking the database, so guessing costs nobody anything but the guesser; what is kept is the hash of a
token, so that a look into the database gives no link away. That a link is answered once is the store's to see to.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING

from satark.core.clock import MICROS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

CHANCE_BYTES = 8
MARK_BYTES = 15
EXPIRY_BYTES = 4
TOKEN_LENGTH = 36
_PURPOSE = b"satark customer link 1"
_FORM_PURPOSE = b"satark customer form 1"
_TARGET_PURPOSE = b"satark notice target 1"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{36}\Z")


class Links:
    """Makes and reads the tokens of links.

    Parameters
    ----------
    key
        A secret of the installation; the keys of links and forms are derived from it.
    draw
        Where chance comes from: so many bytes.

    Examples
    --------
    >>> links = Links(bytes(32), draw=bytes)
    >>> token = links.make(1_790_000_000_000_000)
    >>> len(token), links.expiry_us(token)
    (36, 1790000000000000)
    >>> links.expiry_us(token[:-1] + "A") is None
    True
    """

    def __init__(self, key: bytes, draw: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._key = hmac.digest(key, _PURPOSE, "sha256")
        self._form_key = hmac.digest(key, _FORM_PURPOSE, "sha256")
        self._target_key = hmac.digest(key, _TARGET_PURPOSE, "sha256")
        self._draw = draw

    def make(self, expires_us: int) -> str:
        """Return a new token that can be answered until then (whole seconds)."""
        head = (expires_us // MICROS_PER_SECOND).to_bytes(EXPIRY_BYTES, "big") + self._draw(CHANCE_BYTES)
        return base64.urlsafe_b64encode(head + self._mark(head)).decode()

    def expiry_us(self, token: str) -> int | None:
        """Return when a token of ours ends; None when it is not ours."""
        if _TOKEN.match(token) is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(token)
        except (binascii.Error, ValueError):
            return None
        head, mark = raw[:-MARK_BYTES], raw[-MARK_BYTES:]
        if not hmac.compare_digest(mark, self._mark(head)):
            return None
        return int.from_bytes(head[:EXPIRY_BYTES], "big") * MICROS_PER_SECOND

    def target_hash(self, target: str) -> bytes:
        """Return a keyed hash of a phone or address, by which notices to it are counted."""
        return hmac.digest(self._target_key, target.encode(), "sha256")[:16]

    def form_token(self, token: str) -> str:
        """Return what the form of a link's page must bring back, so that only that page can send it."""
        return hmac.digest(self._form_key, token.encode(), "sha256").hex()

    def form_allows(self, token: str, given: str) -> bool:
        """Compare a form's token in constant time."""
        return hmac.compare_digest(self.form_token(token).encode(), given.encode())

    def _mark(self, head: bytes) -> bytes:
        return hmac.digest(self._key, head, "sha256")[:MARK_BYTES]


def hash_of(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).digest()
