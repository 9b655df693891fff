"""Which policies take part in deciding, in which part, and which of their rules are switched off.

A roster is an input like every other: it lies in the log, counts from its own place on, and the newest one holds at the
next start. A `PublishOrder` is what people send the engine to get a new one: a roster with the texts and models that
the engine may not have yet.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from satark.core.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

ROSTER = "roster"
ROSTER_REF = "roster"
MODEL = "model"
FROM_STORE = "store"
"""In the place of a model's bytes: the engine takes it from the folder of models."""
LIVE, CANARY, SHADOW = "live", "canary", "shadow"
MAX_SHADOWS = 8
MAX_KILLED = 1_000
MAX_NOTE = 2_000
_HASH = re.compile(r"[0-9a-f]{64}")


class Canary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A policy that answers for some of the customers.

    Attributes
    ----------
    percent
        More than 0, at most 100. A customer who is in at some percent is in at every greater one.
    """

    hash: str
    percent: float


class Roster(msgspec.Struct, frozen=True, omit_defaults=True):
    """The policies in force from its place in the log on, each by the hash of its content.

    Attributes
    ----------
    live
        Answers for all whom the canary does not.
    canary
        Answers for a share of the customers, or None.
    shadows
        Judge every payment; what they say is stored and acts on nothing.
    killed
        Policy to the codes of its rules that are switched off.
    base
        The policy of the engine's settings when this was published: its hash, or for one that ships with the program
        its name. Another one in the settings at a later start ends this roster: whoever edits the file means the file.
    windows
        The policies whose features the windows hold, in order: those that take part, and perhaps some that took part
        before, so that the way back needs no new windows. Empty means those that take part.
    actor, note
        Who published it, and why.
    """

    live: str
    canary: Canary | None = None
    shadows: tuple[str, ...] = ()
    killed: dict[str, tuple[str, ...]] = {}
    base: str = ""
    windows: tuple[str, ...] = ()
    actor: str = ""
    note: str = ""

    @property
    def taking_part(self) -> tuple[str, ...]:
        """The policies, each once: live, canary, shadows."""
        canary = () if self.canary is None else (self.canary.hash,)
        return tuple(dict.fromkeys((self.live, *canary, *self.shadows)))

    def part_of(self, policy: str) -> str | None:
        """Return in which part a policy is here; None when it takes none."""
        if policy == self.live:
            return LIVE
        if self.canary is not None and policy == self.canary.hash:
            return CANARY
        return SHADOW if policy in self.shadows else None


class PublishOrder(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is asked of the engine: the body of a command of the kind ``publish``.

    Attributes
    ----------
    live
        None leaves the live policy as it is.
    canary, shadows, killed
        As of `Roster`; they replace what was there before.
    texts
        Policy to its text, for those that the engine may not know; other policies are found in its log.
    models
        Model to its bytes in base64, or `FROM_STORE`, for those that the engine may not know.
    note
        Why.
    """

    live: str | None = None
    canary: Canary | None = None
    shadows: tuple[str, ...] = ()
    killed: dict[str, tuple[str, ...]] = {}
    texts: dict[str, str] = {}
    models: dict[str, str] = {}
    note: str = ""


_ENCODER = msgspec.json.Encoder(order="deterministic")
_ROSTER = msgspec.json.Decoder(Roster)


def model_ref(model_hash: str) -> str:
    """Return the reference under which the log keeps a model.

    Examples
    --------
    >>> model_ref("51ab")
    'model:51ab'
    """
    return f"model:{model_hash}"


def encode_roster(roster: Roster) -> bytes:
    """Return what the log keeps of a roster."""
    return _ENCODER.encode(roster)


def decode_roster(body: bytes) -> Roster:
    """Decode a roster of the log.

    Raises
    ------
    InputInvalid
        It is none.
    """
    try:
        return _ROSTER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = "the roster of policies cannot be read"
        raise InputInvalid(message) from error


def order_of(body: Mapping[str, Any]) -> PublishOrder:
    """Read an order from the body of a command, and check what can be checked without any policy.

    Raises
    ------
    InputInvalid
        It is none; `field` says what is wrong.
    """
    try:
        order = msgspec.convert(dict(body), PublishOrder)
    except msgspec.ValidationError as error:
        message = f"the order to publish cannot be read: {error}"
        raise InputInvalid(message, field="body") from error
    check_order(order)
    return order


def check_order(order: PublishOrder) -> None:
    """Refuse an order that no engine could carry out.

    Raises
    ------
    InputInvalid
        A hash is none, the percent is out of bounds, a policy stands in two parts, or there are too many.
    """
    named = [*order.shadows, *order.killed, *order.texts, *order.models]
    named += [] if order.live is None else [order.live]
    named += [] if order.canary is None else [order.canary.hash]
    for one in named:
        if not _HASH.fullmatch(one):
            message = f"`{one[:64]}` is not the hash of a policy or model"
            raise InputInvalid(message, field="hash")
    if order.canary is not None and not 0 < order.canary.percent <= 100:  # noqa: PLR2004 - percent
        message = "the percent of a canary is more than 0 and at most 100"
        raise InputInvalid(message, field="percent")
    if len(order.shadows) > MAX_SHADOWS:
        message = f"at most {MAX_SHADOWS} policies can run in shadow at once"
        raise InputInvalid(message, field="shadows")
    parts = [*order.shadows, *([] if order.canary is None else [order.canary.hash])]
    if len(set(parts)) != len(parts) or order.live in parts:
        message = "a policy can take part only once"
        raise InputInvalid(message, field="shadows")
    if sum(len(codes) for codes in order.killed.values()) > MAX_KILLED:
        message = f"at most {MAX_KILLED} rules can be switched off"
        raise InputInvalid(message, field="killed")
    if len(order.note) > MAX_NOTE:
        message = f"the note has at most {MAX_NOTE} characters"
        raise InputInvalid(message, field="note")
