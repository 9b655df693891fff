"""Sealed addresses: a phone number or a search never stands in a URL, a browser's history or a server's log.

The text is encrypted with AES-SIV (RFC 5297), which gives the same text the same seal, so that an address can be kept
and compared, and refuses whatever was not sealed here. The purpose is sealed in, so that a search cannot be read as a
card.
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

MAX_TEXT = 600
_MAX_SEALED = 2_500
_DOMAIN = b"satark addresses"


class Seal:
    """Seals and opens short texts.

    Parameters
    ----------
    key
        At least 16 secret bytes of the installation.

    Examples
    --------
    >>> seal = Seal(b"sixteen bytes or more")
    >>> token = seal.close("entity", "phone +919876543210")
    >>> seal.open("entity", token), seal.open("search", token), seal.open("entity", "nonsense")
    ('phone +919876543210', None, None)
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:  # noqa: PLR2004 - 128 bits
            message = "the key of sealed addresses has at least 16 bytes"
            raise ValueError(message)
        self._cipher = AESSIV(hashlib.blake2b(key, person=_DOMAIN, digest_size=64).digest())

    def close(self, purpose: str, text: str) -> str:
        """Return a text as letters, digits, - and _.

        Raises
        ------
        ValueError
            The text is empty or longer than `MAX_TEXT`.
        """
        if not 0 < len(text) <= MAX_TEXT:
            message = "this text cannot be sealed"
            raise ValueError(message)
        sealed = self._cipher.encrypt(text.encode(), [purpose.encode()])
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, purpose: str, token: str) -> str | None:
        """Return the text behind a token, None when it was not sealed here for this purpose."""
        if not token.isascii() or len(token) > _MAX_SEALED:
            return None
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            return self._cipher.decrypt(sealed, [purpose.encode()]).decode()
        except (binascii.Error, InvalidTag, ValueError):
            return None
