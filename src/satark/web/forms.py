"""Reading what a form sends, within bounds: so many bytes, so many fields, files only where a page takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

MAX_BYTES = 131_072
"""A note of the greatest length in Hindi, each letter written as nine characters, with room to spare."""
MAX_FIELDS = 250
"""More than the rows that one page can select, with room for the fields beside them."""
MAX_UPLOAD_BYTES = 5 * 1024 * 1024
_MULTIPART_EXTRA_BYTES = 65_536
_PLAIN = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"


async def read_form(request: Request, *, upload: bool = False) -> FormData:
    """Return the form of a request; a second call returns the same.

    Parameters
    ----------
    upload
        The page takes one file of at most `MAX_UPLOAD_BYTES`.

    Raises
    ------
    HTTPException
        400: not a form, or one that cannot be read; 413: too large, or it does not say how long it is.
    """
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        raise HTTPException(413)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    most = MAX_UPLOAD_BYTES + _MULTIPART_EXTRA_BYTES if upload and kind == _MULTIPART else MAX_BYTES
    if len(length) > len(str(most)) or int(length) > most:
        raise HTTPException(413)
    if kind != _PLAIN and not (upload and kind == _MULTIPART):
        raise HTTPException(400)
    try:
        return await request.form(max_files=1 if upload else 0, max_fields=MAX_FIELDS)
    except MultiPartException as error:
        raise HTTPException(400) from error


def text_of(form: FormData, name: str, most: int) -> str:
    """Return a text field without outer spaces, empty when absent or a file.

    Raises
    ------
    HTTPException
        413: longer than `most` characters.
    """
    value = form.get(name)
    if not isinstance(value, str):
        return ""
    value = value.replace("\r\n", "\n").strip()
    if len(value) > most:
        raise HTTPException(413)
    return value


def numbers_of(form: FormData, name: str, most: int) -> list[int]:
    """Return the distinct whole numbers of a field that comes several times, in their order.

    Raises
    ------
    HTTPException
        400: one is no number, or there are more than `most`.
    """
    found: dict[int, None] = {}
    for value in form.getlist(name):
        found[number_of(value)] = None
    if len(found) > most:
        raise HTTPException(400)
    return list(found)


def number_of(value: object) -> int:
    """Return a positive whole number that fits a database's column.

    Raises
    ------
    HTTPException
        400: it is something else.
    """
    text = value if isinstance(value, str) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 19):  # noqa: PLR2004 - below 2**63
        raise HTTPException(400)
    return int(text)
