"""An authenticator in software: makes passkeys and signs with them as a phone or a key fob does.

Written from W3C Web Authentication (6.1 authenticator data, 6.5 attestation, 5.8.1 client data) and RFC 9052 (COSE),
independent of the library that checks it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import struct
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
_COORDINATE_BYTES = 32


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One device with one key.

    Attributes
    ----------
    origin
        What the browser says where the page is from.
    flags
        Whether somebody was there, and whether it knew who.
    counts
        Whether it counts its uses; many of today's do not.
    """

    origin: str
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    uses: int = 0
    id: bytes = field(default_factory=lambda: secrets.token_bytes(20))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    handle: bytes = b""

    def create(self, options, **changes):
        """Answer `navigator.credentials.create`."""
        self.handle = plain(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = {
            1: 2,
            3: -7,
            -1: 1,
            -2: numbers.x.to_bytes(_COORDINATE_BYTES, "big"),
            -3: numbers.y.to_bytes(_COORDINATE_BYTES, "big"),
        }
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor2.dumps(cose)
        data = self._data(options["rp"]["id"], self.flags | ATTESTED) + attested
        client = self._client("webauthn.create", options["challenge"])
        answer = {
            "id": b64(self.id),
            "rawId": b64(self.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": b64(client),
                "attestationObject": b64(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            },
        }
        return {**answer, **changes}

    def get(self, options, **changes):
        """Answer `navigator.credentials.get`."""
        if self.counts:
            self.uses += 1
        data = self._data(options["rpId"], self.flags)
        client = self._client("webauthn.get", options["challenge"])
        signed = data + hashlib.sha256(client).digest()
        answer = {
            "id": b64(self.id),
            "rawId": b64(self.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": b64(client),
                "authenticatorData": b64(data),
                "signature": b64(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
                "userHandle": b64(self.handle),
            },
        }
        return {**answer, **changes}

    def _data(self, host, flags):
        return hashlib.sha256(host.encode()).digest() + struct.pack(">BI", flags, self.uses)

    def _client(self, kind, challenge):
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()
