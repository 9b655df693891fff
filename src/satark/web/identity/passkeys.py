"""Passkeys (W3C Web Authentication): what the browser is asked, and whether its answer holds.

A passkey that has verified its user (by finger, face or PIN) is something one has and something one is or knows, so it
lets in alone. Attestation is not asked for: which make of device a member uses is nothing we decide by.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from satark.core.staff import Passkey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from satark.web.identity.origin import Origin

CHALLENGE_BYTES = 32
CHALLENGE_SECONDS = 300.0
MAX_NAME = 60
MAX_CREDENTIAL_BYTES = 1_023
"""The longest id of a credential (W3C Web Authentication, 4)."""
_TIMEOUT_MS = 120_000
_NAME = "Satark"
_FAULTS = (WebAuthnException, ValueError, KeyError, TypeError, IndexError, AttributeError)
"""What the library raises for an answer that does not hold, and what malformed ones bring about inside it."""


def new_challenge() -> str:
    """Return random bits in the form in which a login step keeps them."""
    return bytes_to_base64url(secrets.token_bytes(CHALLENGE_BYTES))


def registration_options(
    origin: Origin, username: str, handle: bytes, challenge: str, present: Iterable[Passkey]
) -> dict[str, Any]:
    """Return what `navigator.credentials.create` is asked."""
    options = generate_registration_options(
        rp_id=origin.host,
        rp_name=_NAME,
        user_name=username,
        user_id=handle,
        challenge=base64url_to_bytes(challenge),
        timeout=_TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=passkey.id) for passkey in present],
    )
    return options_to_json_dict(options)


def registered(
    answer: dict[str, Any], origin: Origin, challenge: str, username: str, name: str, now_us: int
) -> Passkey | None:
    """Return the passkey that a browser's answer brings, None when the answer does not hold."""
    try:
        found = verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=origin.host,
            expected_origin=origin.address,
            require_user_verification=True,
        )
    except _FAULTS:
        return None
    if not 0 < len(found.credential_id) <= MAX_CREDENTIAL_BYTES:
        return None
    return Passkey(
        id=found.credential_id,
        username=username,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        name=name,
        made_us=now_us,
    )


def login_options(origin: Origin, challenge: str, own: Iterable[Passkey] = ()) -> dict[str, Any]:
    """Return what `navigator.credentials.get` is asked: for any passkey of ours, or for one of these."""
    options = generate_authentication_options(
        rp_id=origin.host,
        challenge=base64url_to_bytes(challenge),
        timeout=_TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=passkey.id) for passkey in own],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def credential_id_of(answer: dict[str, Any]) -> bytes | None:
    """Return which passkey an answer claims to be of."""
    text = answer.get("rawId")
    if not isinstance(text, str) or len(text) > 2 * MAX_CREDENTIAL_BYTES:
        return None
    try:
        return base64url_to_bytes(text)
    except ValueError:
        return None


def new_sign_count(
    answer: dict[str, Any], passkey: Passkey, handle: bytes, origin: Origin, challenge: str
) -> int | None:
    """Return how often the passkey has been used by now, None when the answer does not hold.

    A count that does not grow, of an authenticator that counts, may be a copy of the key: refused.
    """
    try:
        found = verify_authentication_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=origin.host,
            expected_origin=origin.address,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
        told = answer["response"].get("userHandle")
        if told and not secrets.compare_digest(base64url_to_bytes(told), handle):
            return None
    except _FAULTS:
        return None
    return int(found.new_sign_count)
