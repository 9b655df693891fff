"""What every act on a case has in common: run it in a thread, go back with a word, say politely why not.

An act that the rules of the work refuse (somebody else has the case open, it changed meanwhile) is no error page: the
visitor comes back to where the form was and reads the reason there.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from satark.core.errors import SatarkError
from satark.web.flash import Flash
from satark.web.forms import text_of
from satark.web.wish import is_ours
from satark.web.wording import DONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.datastructures import FormData
    from starlette.responses import Response

    from satark.cases.model import Undo
    from satark.web.desk import Desk

_MAX_ADDRESS = 1_000


async def act(desk: Desk, back: str, work: Callable[[], Flash | None], *, number: int = 1) -> Response:
    """Do one thing to cases and go back.

    Parameters
    ----------
    back
        Where the form was.
    work
        Does it, blocking, and returns the word about it.
    number
        How many cases were chosen, for the wording of a refusal.
    """
    try:
        done = await asyncio.to_thread(work)
    except SatarkError as error:
        reason = refusal_of(error)
        if reason is None:
            raise
        done = Flash(reason, number)
    return desk.after(back, done)


def undoable(undo: Undo) -> Flash:
    """Return the word about an act that can be taken back."""
    if not undo.case_ids:
        return Flash("cases_unchanged", 1)
    return Flash(f"cases_{undo.kind}", len(undo.case_ids), f"/queue/undo/{undo.id}")


def refusal_of(error: SatarkError) -> str | None:
    """Return the code of the sentence for a refused act, None for any other error."""
    if error.code != "work_refused":
        return None
    code = f"refused_{error.fields.get('reason', '')}"
    return code if code in DONE else "refused_other"


def back_of(form: FormData, otherwise: str) -> str:
    """Return the address of ours that a form came from."""
    address = text_of(form, "back", _MAX_ADDRESS)
    return address if is_ours(address) else otherwise
