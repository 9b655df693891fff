"""The envelope of a webhook: CloudEvents 1.0, structured mode, JSON.

On the way out: the outbox wraps an event's data once, when it is put, so that every attempt and every endpoint gets
the same bytes under the same id. A decision's data names things by id, never by card number, phone or name.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from satark.cases.outbox import Channel
from satark.cases.ports import Message
from satark.core.clock import from_us
from satark.core.errors import InputInvalid

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
SPEC_VERSION = "1.0"

_EXTENSION = re.compile(r"[a-z0-9]{1,20}\Z")
_RESERVED = frozenset({"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"})


def source_of(installation: str) -> str:
    """Return the `source` of an installation's events.

    Examples
    --------
    >>> source_of("a1b2c3d4e5f60718")
    'urn:satark:a1b2c3d4e5f60718'
    """
    return f"urn:satark:{installation}"


def event_message(
    topic: str,
    key: str,
    data: Any,  # noqa: ANN401 - anything that is JSON
    *,
    subject: str = "",
    case_id: int | None = None,
    not_before_us: int = 0,
) -> Message:
    """Return the message that tells everybody who subscribed of an event.

    Examples
    --------
    >>> message = event_message("case.closed", "case.closed:7:1", {"case": 7}, subject="case/7", case_id=7)
    >>> message.channel.value, message.body
    ('webhook', b'{"case":7}')
    """
    return Message(
        topic=topic,
        key=key,
        channel=Channel.WEBHOOK,
        target="",
        body=msgspec.json.encode(data),
        headers={"subject": subject} if subject else {},
        not_before_us=not_before_us,
        case_id=case_id,
    )


def envelope(message: Message, *, source: str, at_us: int) -> bytes:
    """Wrap an event's data.

    Parameters
    ----------
    source
        Who speaks: `source_of` the installation.
    at_us
        When it was put down; the attribute `time`.

    Raises
    ------
    InputInvalid
        The body is no JSON, or a header cannot be an attribute of CloudEvents.

    Examples
    --------
    >>> message = event_message("case.closed", "k", {"case": 7}, subject="case/7")
    >>> envelope(message, source="urn:satark:x", at_us=0).decode()
    '{"specversion":"1.0","id":"k","source":"urn:satark:x","type":"case.closed","subject":"case/7","time":"1970-01-01T00:00:00.000000Z","datacontenttype":"application/json","data":{"case":7}}'
    """
    attributes: dict[str, object] = {
        "specversion": SPEC_VERSION,
        "id": message.key,
        "source": source,
        "type": message.topic,
    }
    extensions = dict(message.headers)
    subject = extensions.pop("subject", "")
    if subject:
        attributes["subject"] = subject
    attributes["time"] = from_us(at_us).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    attributes["datacontenttype"] = "application/json"
    for name, value in extensions.items():
        if name in _RESERVED or not _EXTENSION.match(name):
            text = "an extension attribute of CloudEvents is 1 to 20 of a-z and 0-9"
            raise InputInvalid(text, field="headers", found=name)
        attributes[name] = value
    try:
        msgspec.json.decode(message.body)
    except msgspec.DecodeError as error:
        text = "the data of a webhook is JSON"
        raise InputInvalid(text, field="body") from error
    attributes["data"] = msgspec.Raw(message.body)
    return msgspec.json.encode(attributes)
