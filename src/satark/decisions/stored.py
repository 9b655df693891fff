"""What the log keeps beside a decision: the features that it was made with, and what else decided it.

MessagePack of ``[plan version, features, amount in the base currency]``, and with models, a canary or shadows a fourth
element, a map of extras. Everything that reads or writes this form does it here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from satark.core.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence


class Shadow(msgspec.Struct, frozen=True, array_like=True):
    """What a policy in shadow says about a payment; nothing follows from it.

    Attributes
    ----------
    policy
        Its hash.
    action
        What it would do; empty when it could not be asked.
    """

    policy: str
    action: str
    score: float
    codes: tuple[str, ...] = ()


class Extras(msgspec.Struct, frozen=True, omit_defaults=True):
    """What decided besides the rules and their features.

    Attributes
    ----------
    draw
        The number in [0, 1) that put the customer into the canary or not.
    lot
        The number in [0, 1) that let the payment into the control group or not.
    model
        The score of the answering policy's model; None when it has none or could not ask it.
    challengers
        Model to its score, of the models beside.
    shadow
        What the policies in shadow say.
    """

    draw: float | None = None
    lot: float | None = None
    model: float | None = None
    challengers: dict[str, float | None] = {}
    shadow: tuple[Shadow, ...] = ()


class Stored(NamedTuple):
    """What is kept of one decision.

    Attributes
    ----------
    plan
        The version of the windows.
    features
        Of the policy that answered, in its order.
    base_amount
        The amount in the base currency when the payment was in another one, else None.
    """

    plan: str
    features: list[Any]
    base_amount: int | None
    extras: Extras


NO_EXTRAS = Extras()
_ENCODER = msgspec.msgpack.Encoder()
_encode = _ENCODER.encode
_HEAD = msgspec.msgpack.Decoder(list[msgspec.Raw])
_AMOUNT = msgspec.msgpack.Decoder(int | None)
_EXTRAS = msgspec.msgpack.Decoder(Extras)


def encode_stored(
    plan: str, features: Sequence[Any], base_amount: int | None, extras: Extras | None = None
) -> bytes:
    """Return what the log keeps; without extras in three elements, as it always was.

    Examples
    --------
    >>> decode_stored_features(encode_stored("p1", [1, None], None)).features
    [1, None]
    """
    if extras is None:
        return _encode((plan, features, base_amount))
    return _encode((plan, features, base_amount, extras))


def decode_stored_features(encoded: bytes) -> Stored:
    """Read what `encode_stored` wrote, in either form.

    Raises
    ------
    NotFound
        It cannot be read: it is not of this software.
    """
    try:
        parts = _HEAD.decode(encoded)
        extras = _EXTRAS.decode(parts[3]) if len(parts) > 3 else NO_EXTRAS  # noqa: PLR2004 - the fourth part
        plan, features = msgspec.msgpack.decode(parts[0]), msgspec.msgpack.decode(parts[1])
        return Stored(plan, features, _AMOUNT.decode(parts[2]), extras)
    except (msgspec.MsgspecError, IndexError) as error:
        message = "the stored features cannot be read"
        raise NotFound(message) from error


def base_amount_of(encoded: bytes | None) -> int:
    """Return the stored amount in the base currency, 0 when there is none or it cannot be read."""
    if not encoded:
        return 0
    try:
        return _AMOUNT.decode(_HEAD.decode(encoded)[2]) or 0
    except (msgspec.MsgspecError, IndexError):
        return 0
