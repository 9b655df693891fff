"""The words of case work: states, outcomes, refusals, and spans of time.

Queues, reasons and checklists are named by the policy, in both languages; all else has its words here. The areas
that show cases add them to the renderer by `add_case_words`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.cases.deadlines import stage_of
from satark.core.clock import MICROS_PER_SECOND
from satark.web import i18n
from satark.web.i18n import _
from satark.web.i18n import mark_plural as ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from satark.cases.model import Case
    from satark.core.words import Words
    from satark.web.rendering import Renderer

_MINUTE = 60
_HOUR = 3_600
_DAY = 86_400

STATE_NAMES = {
    "open": _("Open"),
    "in_progress": _("In progress"),
    "waiting_for_customer": _("Waiting for the customer"),
    "closed": _("Closed"),
}
OUTCOME_NAMES = {
    "fraud": _("Fraud"),
    "genuine": _("Genuine"),
    "inconclusive": _("Inconclusive"),
}
DONE: dict[str, str | tuple[str, str]] = {
    "cases_assigned": ngettext("One case was assigned.", "%(count)s cases were assigned."),
    "cases_state": ngettext("One case was moved.", "%(count)s cases were moved."),
    "cases_closed": ngettext("One case was closed.", "%(count)s cases were closed."),
    "cases_proposed": ngettext(
        "One case waits for a second person to confirm.",
        "%(count)s cases wait for a second person to confirm.",
    ),
    "cases_confirmed": ngettext(
        "One case was confirmed and closed.", "%(count)s cases were confirmed and closed."
    ),
    "cases_declined": ngettext("One proposal was set aside.", "%(count)s proposals were set aside."),
    "cases_reopened": ngettext("One case was opened again.", "%(count)s cases were opened again."),
    "cases_unchanged": _("Nothing had to be changed."),
    "act_undone": ngettext("Taken back for one case.", "Taken back for %(count)s cases."),
    "queue_empty": _("No unassigned case is waiting here."),
    "choose_cases": _("Choose at least one case first."),
    "choose_reason": _("Choose an outcome with its reason first."),
    "choose_person": _("Choose a colleague first."),
    "view_saved": _("The view was saved."),
    "view_dropped": _("The view was removed."),
    "note_added": _("The note was added."),
    "file_added": _("The file was attached."),
    "item_ticked": _("The checklist was changed."),
    "case_locked": _("The case is open for you alone."),
    "case_unlocked": _("The case is free for others."),
    "refused_locked": ngettext("A colleague has this case open.", "A colleague has one of these cases open."),
    "refused_changed": ngettext(
        "The case changed meanwhile; please look at it again.",
        "The cases changed meanwhile; please look at them again.",
    ),
    "refused_closed": ngettext("This case is closed already.", "One of these cases is closed already."),
    "refused_not_closed": ngettext("This case is not closed.", "One of these cases is not closed."),
    "refused_not_proposed": ngettext(
        "Nothing is proposed for this case.", "Nothing is proposed for one of these cases."
    ),
    "refused_already_proposed": ngettext(
        "This case already waits for a second person.",
        "One of these cases already waits for a second person.",
    ),
    "refused_same_person": _("A second person must confirm what you proposed."),
    "refused_unknown_reason": _("The policy does not know this reason."),
    "refused_unknown_item": _("The checklist does not have this item."),
    "refused_undo_expired": _("Too late: an act can be taken back for ten minutes."),
    "refused_undo_used": _("This was taken back already."),
    "refused_not_yours": _("Only who did this can take it back."),
    "refused_too_large": _("This is too large."),
    "refused_too_many": _("These are too many at once."),
    "refused_empty": _("Nothing was written."),
    "refused_not_fraud": _("Only fraud puts anything on a list or holds money."),
    "refused_media_type": _("Files of this kind cannot be attached."),
    "refused_other": _("This is not possible just now."),
}
_MINUTES = _("%(minutes)s min")
_HOURS = _("%(hours)s h")
_HOURS_MINUTES = _("%(hours)s h %(minutes)s min")
_DAYS = _("%(days)s d")
_DAYS_HOURS = _("%(days)s d %(hours)s h")
_LEFT = _("%(span)s left")
_LATE = _("%(span)s late")
_AGO = _("%(span)s ago")
_NOW = _("just now")


def add_case_words(renderer: Renderer) -> None:
    """Give templates the filters of this module; calling it twice changes nothing."""
    renderer.add_names("state_name", STATE_NAMES)
    renderer.add_names("outcome_name", OUTCOME_NAMES)
    renderer.add_flashes(DONE)
    renderer.add_filter("span", _spans)
    renderer.add_filter("left", _left)
    renderer.add_filter("ago", _ago)
    renderer.add_filter("deadline_stage", lambda _: _stage)
    renderer.add_filter("words", _words)


def span_of(seconds: float, lang: str) -> str:
    """Write a span of time in its two greatest units.

    Examples
    --------
    >>> span_of(59, "en"), span_of(3 * 60, "en"), span_of(3_660, "en"), span_of(7_200, "en"), span_of(90_000, "en")
    ('0 min', '3 min', '1 h 1 min', '2 h', '1 d 1 h')
    """
    whole = max(0, int(seconds))
    parts = {
        "minutes": whole % _HOUR // _MINUTE,
        "hours": whole % _DAY // _HOUR,
        "days": whole // _DAY,
    }
    if whole < _HOUR:
        form = _MINUTES
    elif whole < _DAY:
        form = _HOURS_MINUTES if parts["minutes"] else _HOURS
    else:
        form = _DAYS_HOURS if parts["hours"] else _DAYS
    return i18n.translations(lang).gettext(form) % parts


def _spans(lang: str) -> Callable[[float], str]:
    return lambda seconds: span_of(seconds, lang)


def _left(lang: str) -> Callable[[int, int], str]:
    gettext = i18n.translations(lang).gettext

    def left(deadline_us: int, now_us: int) -> str:
        seconds = (deadline_us - now_us) / MICROS_PER_SECOND
        frame = gettext(_LEFT if seconds >= 0 else _LATE)
        return frame % {"span": span_of(abs(seconds), lang)}

    return left


def _ago(lang: str) -> Callable[[int, int], str]:
    gettext = i18n.translations(lang).gettext

    def ago(at_us: int, now_us: int) -> str:
        seconds = (now_us - at_us) / MICROS_PER_SECOND
        return gettext(_NOW) if seconds < _MINUTE else gettext(_AGO) % {"span": span_of(seconds, lang)}

    return ago


def _stage(case: Case, now_us: int) -> str:
    """Return early, near or past; nothing of a closed case."""
    if case.closed_us is not None:
        return ""
    return stage_of(case.opened_us, case.deadline_us, now_us).name.lower()


def _words(lang: str) -> Callable[[str, Mapping[str, Words]], str]:
    """Words that a policy brought: `{{ case.queue|words(terms.queues) }}`."""

    def words(code: str, known: Mapping[str, Words]) -> str:
        found = known.get(code)
        if found is None:
            return code
        return found.hi if lang == "hi" else found.en

    return words
