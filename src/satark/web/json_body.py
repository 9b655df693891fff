"""Reading what a script of ours sends, within bounds.

Only `application/json` is taken: another site's form cannot send it without the browser asking us first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_BYTES = 65_536


async def read_json(request: Request) -> dict[str, Any]:
    """Return the object of a request's body.

    Raises
    ------
    HTTPException
        400: no JSON object; 411: it does not say how long it is; 413: too large.
    """
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        raise HTTPException(411)
    if len(length) > len(str(MAX_BYTES)) or int(length) > MAX_BYTES:
        raise HTTPException(413)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(400)
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise HTTPException(400) from error
