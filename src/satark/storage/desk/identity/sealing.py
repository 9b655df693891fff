"""Keeping small secrets so that the database alone gives them to nobody.

Keys are derived from the installation's own, one per purpose (HKDF, RFC 5869). Sealing is AES-256-GCM; what belongs to
the sealed text (whose it is) is authenticated with it, so that a row copied to another member does not open.
"""

from __future__ import annotations

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from satark.core.errors import IntegrityBroken

_PURPOSE = b"satark desk identity 1 "
_NONCE_BYTES = 12


class Seals:
    """The keys of one installation's staff.

    Parameters
    ----------
    key
        The installation's own, at least 32 bytes.

    Examples
    --------
    >>> seals = Seals(bytes(32))
    >>> seals.open(seals.seal(b"secret", "asha"), "asha")
    b'secret'
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(_derived(key, b"sealing"))
        self._digest_key = _derived(key, b"digests")

    def seal(self, plain: bytes, belongs_to: str) -> bytes:
        """Return what may be kept."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, belongs_to.encode())

    def open(self, sealed: bytes, belongs_to: str) -> bytes:
        """Return what was sealed.

        Raises
        ------
        IntegrityBroken
            It was changed, belongs to something else, or the installation's secrets are not those of then.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], belongs_to.encode())
        except (InvalidTag, ValueError) as error:
            message = "a sealed record of the staff does not open"
            raise IntegrityBroken(message) from error

    def digest(self, *parts: str) -> bytes:
        """Return a keyed digest of texts, the same for the same ones."""
        return hmac.digest(self._digest_key, "\0".join(parts).encode(), "sha256")


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=_PURPOSE + purpose).derive(key)
