"""Webhook endpoints: who is told of what, and which addresses can be one at all.

An address is looked at twice: its form here, when somebody enters it, and where its name leads, at each sending
(`satark.connectors.addresses`), because a name can lead elsewhere tomorrow.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from satark.cases.outbox import SUBSCRIBABLE, is_line
from satark.core.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_URL_LENGTH = 500
MAX_NAME_LENGTH = 80
MAX_ENDPOINTS = 100
_MAX_LABEL = 63
ROTATION_SECONDS = 86_400
"""How long the old secret still signs beside a new one."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is told by webhook.

    Attributes
    ----------
    name
        What people call it.
    topics
        What it is told of; sorted.
    resend_in_doubt
        It drops repeats by the event's id, so what may have been lost is sent again instead of being asked about.
    previous_until_us
        Until when the secret before this one signs too; 0 when there is none.
    disabled_us
        Since when it gets nothing, None while it does; what waits for it waits on.
    """

    id: int
    name: str
    url: str
    topics: tuple[str, ...]
    resend_in_doubt: bool
    created_us: int
    created_by: str
    changed_us: int
    rotated_us: int
    previous_until_us: int
    disabled_us: int | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint does: messages by state, the last success and the last failure."""

    counts: dict[str, int]
    last_sent_us: int | None
    last_trouble_us: int | None
    last_trouble: str


def checked_url(text: str) -> str:
    """Return an address that has the form of a receiver's.

    Raises
    ------
    InputInvalid
        `reason` in the fields: ``form``, ``scheme``, ``user`` (a name or password in it), ``host``, ``fragment`` or
        ``length``.

    Examples
    --------
    >>> checked_url(" https://hooks.bank.example/satark?team=fraud ")
    'https://hooks.bank.example/satark?team=fraud'
    >>> checked_url("https://user:secret@bank.example/")
    Traceback (most recent call last):
    satark.core.errors.InputInvalid: the address of an endpoint cannot be used: user
    """
    url = text.strip()
    if len(url) > MAX_URL_LENGTH:
        raise _unusable("length")
    if not is_line(url, MAX_URL_LENGTH) or not url.isascii() or " " in url or "\\" in url:
        raise _unusable("form")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise _unusable("form") from error
    if parts.scheme not in {"https", "http"}:
        raise _unusable("scheme")
    if "@" in parts.netloc:
        raise _unusable("user")
    if parts.fragment or "#" in url:
        raise _unusable("fragment")
    if not host or port == 0 or not _is_host(host):
        raise _unusable("host")
    return url


def checked_topics(topics: Iterable[str]) -> tuple[str, ...]:
    """Return the topics sorted and once each.

    Raises
    ------
    InputInvalid
        There is none, or one that cannot be subscribed to.

    Examples
    --------
    >>> checked_topics(["case.closed", "alert.opened", "case.closed"])
    ('alert.opened', 'case.closed')
    """
    wanted = sorted(set(topics))
    if not wanted or not set(wanted) <= set(SUBSCRIBABLE):
        message = f"an endpoint has some of the topics {', '.join(SUBSCRIBABLE)}"
        raise InputInvalid(message, field="topics", reason="topics")
    return tuple(wanted)


def checked_name(text: str) -> str:
    """Return a name for people.

    Raises
    ------
    InputInvalid
        It is empty, too long or not one line.
    """
    name = text.strip()
    if not is_line(name, MAX_NAME_LENGTH):
        message = f"an endpoint's name is one line of 1 to {MAX_NAME_LENGTH} characters"
        raise InputInvalid(message, field="name", reason="name")
    return name


def _is_host(host: str) -> bool:
    """Refuse, too, a number in a form that only some programs read (`0x7f.1`, `2130706433`)."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        last = labels[-1]
        is_name = all(
            1 <= len(label) <= _MAX_LABEL
            and label.strip("-") == label
            and label.replace("-", "a").replace("_", "a").isalnum()
            for label in labels
        )
        return is_name and not last.isdigit() and not last.startswith("0x")
    return True


def _unusable(reason: str) -> InputInvalid:
    message = f"the address of an endpoint cannot be used: {reason}"
    return InputInvalid(message, field="url", reason=reason)
