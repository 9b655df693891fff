"""One-time passwords of an app (TOTP, RFC 6238) and recovery codes.

Six digits, a new code every 30 seconds, SHA-1: what every authenticator app understands. A code of the step before or
after is taken too, since clocks differ; a step that was used is used up.
"""

from __future__ import annotations

import hmac
import io
import secrets

import pyotp
import segno

STEP_SECONDS = 30
DIGITS = 6
STEPS_ASIDE = 1
RECOVERY_CODES = 10
_RECOVERY_CHARACTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_RECOVERY_LENGTH = 12
_GROUP = 4
ISSUER = "Satark"


def new_secret() -> str:
    """Return 160 random bits, as RFC 4226 (4, R6) recommends, in the letters that apps take."""
    return str(pyotp.random_base32(32))


def address_of(secret: str, username: str) -> str:
    """Return the `otpauth:` address that a QR code carries into the app."""
    return str(pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER))


def matching_step(secret: str, code: str, at_us: int, after_step: int = 0) -> int | None:
    """Return the time step whose code this is, None when it is no code of now or its step is used up.

    Examples
    --------
    >>> secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    >>> matching_step(secret, "287082", 59_000_000), matching_step(secret, "287082", 59_000_000, after_step=1)
    (1, None)
    >>> matching_step(secret, "287082", 119_000_000), matching_step(secret, "28708", 59_000_000)
    (None, None)
    """
    digits = "".join(code.split())
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    totp = pyotp.TOTP(secret)
    now = at_us // 1_000_000 // STEP_SECONDS
    found = None
    # All are compared, whichever fits, so that the time taken does not tell.
    for step in range(max(now - STEPS_ASIDE, 0), now + STEPS_ASIDE + 1):
        if hmac.compare_digest(totp.at(step * STEP_SECONDS), digits) and step > after_step:
            found = step
    return found


def qr_code(text: str) -> str:
    """Return a QR code as SVG for a page: dark on light in every theme, since many cameras take no other."""
    drawing = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawing,
        kind="svg",
        xmldecl=False,
        svgns=True,
        nl=False,
        omitsize=True,
        border=4,
        dark="#000",
        light="#fff",
        svgclass="qr",
        lineclass=None,
    )
    return drawing.getvalue().decode()


def new_recovery_codes() -> list[str]:
    """Return codes of 59 random bits each, without letters that look alike."""
    return [
        "-".join(
            "".join(secrets.choice(_RECOVERY_CHARACTERS) for _ in range(_GROUP))
            for _ in range(_RECOVERY_LENGTH // _GROUP)
        )
        for _ in range(RECOVERY_CODES)
    ]


def plain_recovery_code(text: str) -> str | None:
    """Return a typed recovery code in the form in which it is kept, None when it cannot be one.

    Examples
    --------
    >>> plain_recovery_code(" AB2C-de3f 7H9k "), plain_recovery_code("123456")
    ('ab2c-de3f-7h9k', None)
    """
    letters = "".join(text.lower().replace("-", " ").split())
    if len(letters) != _RECOVERY_LENGTH or any(letter not in _RECOVERY_CHARACTERS for letter in letters):
        return None
    return "-".join(letters[start : start + _GROUP] for start in range(0, _RECOVERY_LENGTH, _GROUP))
