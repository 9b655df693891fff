"""How a receiver knows that a webhook is ours and fresh: the signature scheme of Standard Webhooks.

Signed are the event's id, the moment of sending in seconds and the body, with HMAC-SHA256 under the endpoint's own
secret. While a secret is being replaced, the header carries a signature under each of the two. Endpoint secrets lie
nowhere: each is derived from a key of the installation and a random salt kept with the endpoint, so that a copy of
the database gives nobody a secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
PREFIX = "whsec_"
TOLERANCE_SECONDS = 300
"""How old a signature may be for a receiver that follows the advice."""


def webhook_key(audit_key: bytes) -> bytes:
    """Return the key of all endpoint secrets, from the installation's own."""
    return hmac.digest(audit_key, b"satark webhook secrets 1", "sha256")


def secret_of(key: bytes, salt: bytes) -> str:
    """Return an endpoint's secret as its receiver is given it.

    Examples
    --------
    >>> secret_of(bytes(32), b"salt")[:12]
    'whsec_NQwbh3'
    """
    return PREFIX + base64.b64encode(hmac.digest(key, b"endpoint " + salt, "sha256")).decode()


def sign(secret: str, event_id: str, timestamp_seconds: int, body: bytes) -> str:
    """Return one signature, ``v1,`` and base64.

    Raises
    ------
    ValueError
        The secret is not of the form that `secret_of` gives.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        message = "the secret of an endpoint is whsec_ and base64"
        raise ValueError(message) from error
    signed = b".".join((event_id.encode(), str(timestamp_seconds).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signed_headers(
    secrets: Iterable[str], event_id: str, timestamp_seconds: int, body: bytes
) -> dict[str, str]:
    """Return the three headers of a request."""
    return {
        ID_HEADER: event_id,
        TIMESTAMP_HEADER: str(timestamp_seconds),
        SIGNATURE_HEADER: " ".join(sign(secret, event_id, timestamp_seconds, body) for secret in secrets),
    }


def is_ours(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now_seconds: int,
    tolerance: int = TOLERANCE_SECONDS,
) -> bool:
    """Check a request as a receiver should: the time first, then any of the signatures, in constant time.

    Examples
    --------
    >>> secret = secret_of(bytes(32), b"salt")
    >>> headers = signed_headers([secret], "case.closed:1", 1_000, b"{}")
    >>> is_ours(secret, headers, b"{}", now_seconds=1_060), is_ours(secret, headers, b"[]", now_seconds=1_060)
    (True, False)
    >>> is_ours(secret, headers, b"{}", now_seconds=2_000)
    False
    """
    event_id, stamp = headers.get(ID_HEADER, ""), headers.get(TIMESTAMP_HEADER, "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 13):  # noqa: PLR2004 - digits of a time
        return False
    if abs(now_seconds - int(stamp)) > tolerance:
        return False
    expected = sign(secret, event_id, int(stamp), body).encode()
    found = [
        hmac.compare_digest(expected, part.encode()) for part in headers.get(SIGNATURE_HEADER, "").split()
    ]
    return any(found)
