"""Acts on many cases at once: which button was pressed, and what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from satark.cases.model import CaseOutcome, CaseState
from satark.web.acts import undoable
from satark.web.flash import Flash
from satark.web.forms import text_of
from satark.web.queue.filters import MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.datastructures import FormData

    from satark.cases.ports import CaseStore
    from satark.web.sessions import Session

_STATES = {"progress": CaseState.IN_PROGRESS, "waiting": CaseState.WAITING_FOR_CUSTOMER}
_OUTCOMES = {outcome.value: outcome for outcome in CaseOutcome}


def bulk(
    cases: CaseStore, session: Session, form: FormData, chosen: Sequence[int], people: Sequence[str]
) -> Callable[[], Flash] | Flash:
    """Return what the pressed button does, or the word why it does nothing.

    Parameters
    ----------
    people
        Who can be given cases.

    Raises
    ------
    HTTPException
        400: there is no such button; 403: the role may not do this.
    """
    user, do = session.username, text_of(form, "do", MAX_NAME)
    if do == "mine":
        return lambda: undoable(cases.assign(chosen, user, user))
    if do == "back":
        return lambda: undoable(cases.assign(chosen, None, user))
    if do in _STATES:
        return lambda: undoable(cases.set_state(chosen, _STATES[do], user))
    if do == "reopen":
        return lambda: undoable(cases.reopen(chosen, user))
    if do == "give":
        return _give(cases, session, form, chosen, people)
    if do == "close":
        return _close(cases, user, form, chosen)
    if do == "confirm":
        if not session.may("cases.confirm"):
            raise HTTPException(403, detail="permission")
        return lambda: undoable(cases.confirm(chosen, user))
    raise HTTPException(400)


def _give(
    cases: CaseStore, session: Session, form: FormData, chosen: Sequence[int], people: Sequence[str]
) -> Callable[[], Flash] | Flash:
    if not session.may("cases.assign"):
        raise HTTPException(403, detail="permission")
    assignee = text_of(form, "assignee", MAX_NAME)
    if assignee not in people:
        return Flash("choose_person")
    return lambda: undoable(cases.assign(chosen, assignee, session.username))


def _close(cases: CaseStore, user: str, form: FormData, chosen: Sequence[int]) -> Callable[[], Flash] | Flash:
    outcome, _, reason = text_of(form, "closing", MAX_NAME * 2).partition(":")
    if outcome not in _OUTCOMES or not reason:
        return Flash("choose_reason")
    return lambda: undoable(cases.close(chosen, _OUTCOMES[outcome], reason, user))
