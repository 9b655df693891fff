"""Keyed tokens for card numbers, and how their key is changed without cutting a card's history.

A token is HMAC-SHA256 of the number under a secret key. It is the same each time, so windows work; and
without the key nobody can try out all numbers against it.

**Rotation.** At most two keys are in force: the old and the new. While there are two, the token under the
*old* key stays the card's name everywhere (so nothing is cut), and each payment also carries the token under
the *new* key, as `card.next_token`. After the longest window (90 days) every card that any window still holds
has been seen with both. The old key is then taken out of the settings: the new token becomes the name, and
since windows are rebuilt from the log through `current_card`, old payments are found under their new name. No
number is stored to do this and no table of aliases: the log itself is the table (`token_pairs`). A key that
leaked is thus really replaced, which re-wrapping a fixed key would not do. The full rules, and why, are in
the ADR on card tokens.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import msgspec

from satark.core.errors import SettingInvalid
from satark.events.kinds import Event, Payment

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_KEY_BYTES = 32
TOKEN_BYTES = 16
MAX_KEYS = 2

_KID = re.compile(r"[a-z0-9]{1,8}\Z")
_TOKEN = re.compile(r"tok_([a-z0-9]{1,8})_[0-9a-f]{32}\Z")


@dataclass(frozen=True, slots=True)
class CardKey:
    """One secret key; `kid` stands in the tokens and is no secret.

    Raises
    ------
    SettingInvalid
        The kid is not 1 to 8 of a-z 0-9, or the secret is shorter than 32 bytes.
    """

    kid: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse keys that cannot be used."""
        if not _KID.match(self.kid):
            message = "a card key's id must be 1 to 8 of a-z 0-9"
            raise SettingInvalid(message, setting="card_keys")
        if len(self.secret) < MIN_KEY_BYTES:
            message = f"the card key {self.kid} must have at least {MIN_KEY_BYTES} bytes"
            raise SettingInvalid(message, setting="card_keys")


@dataclass(frozen=True, slots=True)
class CardTokens:
    """Makes tokens under the keys in force, the older key first.

    Examples
    --------
    >>> old, new = CardKey("k1", b"1" * 32), CardKey("k2", b"2" * 32)
    >>> CardTokens((old,)).token("4111111111111111")
    'tok_k1_287e055e324bfb4c41d01706d8e1f7eb'
    >>> CardTokens((old, new)).token("4111111111111111") == CardTokens((old,)).token("4111111111111111")
    True
    >>> CardTokens((old, new)).next_token("4111111111111111") == CardTokens((new,)).token("4111111111111111")
    True
    """

    keys: tuple[CardKey, ...]

    def __post_init__(self) -> None:
        """Refuse a set of keys that would cut histories."""
        kids = [key.kid for key in self.keys]
        if not 1 <= len(kids) <= MAX_KEYS or len(set(kids)) != len(kids):
            message = "there must be one card key, or two with different ids in a rotation: old, new"
            raise SettingInvalid(message, setting="card_keys")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read keys from a setting: `kid:base64`, the older first, separated by commas or white space.

        Raises
        ------
        SettingInvalid
            The text is not of this form, or a key cannot be used.

        Examples
        --------
        >>> CardTokens.parse("k1:" + "A" * 43 + "=").keys[0].kid
        'k1'
        """
        keys: list[CardKey] = []
        for part in text.replace(",", " ").split():
            kid, _, secret = part.partition(":")
            try:
                keys.append(CardKey(kid, base64.b64decode(secret, validate=True)))
            except binascii.Error:
                message = "a card key must be written as kid:base64"
                raise SettingInvalid(message, setting="card_keys") from None
        return cls(tuple(keys))

    @property
    def kid(self) -> str:
        """The id of the key whose tokens name cards now; windows made under another cannot be used."""
        return self.keys[0].kid

    def token(self, digits: str) -> str:
        """Return the token that names a card."""
        return _token(self.keys[0], "tok", digits)

    def next_token(self, digits: str) -> str | None:
        """Return the token that will name a card once the rotation ends; None when none is under way."""
        return _token(self.keys[1], "tok", digits) if len(self.keys) > 1 else None

    def aliases(self, digits: str) -> tuple[str, ...]:
        """Return the tokens of a card under all keys in force, the current name first."""
        return tuple(_token(key, "tok", digits) for key in self.keys)

    def account_token(self, digits: str) -> str:
        """Return the token for an account number that looks like a card's; never equal to a card's token."""
        return _token(self.keys[0], "acc", digits)


def current_card(event: Event, tokens: CardTokens) -> Event:
    """Return an event of the log with its card under the name that is current now.

    Use it wherever windows are rebuilt from the log. It changes only payments from before the end of a
    rotation; other events are returned as they are.
    """
    if type(event) is not Payment or event.card is None or event.card.next_token is None:
        return event
    following = event.card.next_token
    if kid_of(following) != tokens.kid:
        return event
    return msgspec.structs.replace(
        event, card=msgspec.structs.replace(event.card, token=following, next_token=None)
    )


def kid_of(token: str) -> str | None:
    """Return the key id in a token of ours; None for a token that the caller made.

    Examples
    --------
    >>> kid_of("tok_k1_" + "0" * 32), kid_of("visa-token-1")
    ('k1', None)
    """
    match = _TOKEN.match(token)
    return match[1] if match else None


def token_pairs(payments: Iterable[Event]) -> dict[str, str]:
    """Return old token to new token as payments of a rotation show; lists of cards are re-mapped by it."""
    return {
        event.card.token: event.card.next_token
        for event in payments
        if isinstance(event, Payment) and event.card and event.card.token and event.card.next_token
    }


def _token(key: CardKey, prefix: str, digits: str) -> str:
    digest = hmac.digest(key.secret, f"{prefix}:{digits}".encode(), hashlib.sha256)
    return f"{prefix}_{key.kid}_{digest[:TOKEN_BYTES].hex()}"
