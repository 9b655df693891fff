"""How a message is shown: to whom, shortened; and what was sent, set out to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from satark.web.masks import mask_email, mask_id, mask_phone

if TYPE_CHECKING:
    from satark.cases.outbox import Posted

MAX_SHOWN = 20_000


def address_of(posted: Posted) -> str:
    """Return where a message goes, personal data shortened; nothing for webhooks, whose endpoint has a name."""
    if posted.endpoint_id is not None or not posted.target:
        return ""
    if posted.channel == "smtp":
        return mask_email(posted.target)
    return mask_phone(posted.target) if posted.target.startswith("+") else mask_id(posted.target)


def shown_body(body: bytes | None) -> str:
    """Return an event set out over several lines; empty when it is no longer kept.

    Examples
    --------
    >>> print(shown_body(b'{"id":"x","data":{"case":7}}'))
    {
      "id": "x",
      "data": {
        "case": 7
      }
    }
    """
    if body is None:
        return ""
    try:
        text = msgspec.json.format(body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return text[:MAX_SHOWN]
