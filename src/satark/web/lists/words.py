"""The words of the list pages: how long an entry counts, what was done, and why not."""

from __future__ import annotations

from satark.web.i18n import mark as _
from satark.web.i18n import mark_plural as ngettext

EXPIRY_NAMES = {
    "7d": _("7 days"),
    "30d": _("30 days"),
    "90d": _("90 days"),
    "365d": _("One year"),
    "never": _("For ever"),
}
EXPIRY_DAYS = {"7d": 7, "30d": 30, "90d": 90, "365d": 365}
DEFAULT_EXPIRY = "90d"

ACT_NAMES = {
    "add": _("Added"),
    "remove": _("Removed"),
    "import": _("Imported"),
    "undo": _("Taken back"),
}

MISSING_NAMES = {
    "open": _("rules that ask it do not fire"),
    "closed": _("payments are held"),
}

FLASHES = {
    "list_added": ngettext("One value goes on the list.", "%(count)s values go on the list."),
    "list_removed": ngettext("One value goes off the list.", "%(count)s values go off the list."),
    "list_undone": ngettext("One value was put back.", "%(count)s values were put back."),
    "list_unchanged": ngettext(
        "It is so already; nothing was changed.", "It is so already; nothing was changed."
    ),
    "list_not_yours": ngettext(
        "Only the one who did it can take it back.", "Only the one who did it can take it back."
    ),
    "list_undo_expired": ngettext(
        "It is too late to take it back; change the list instead.",
        "It is too late to take it back; change the list instead.",
    ),
    "list_undo_used": ngettext("It was taken back already.", "It was taken back already."),
    "list_too_many": ngettext(
        "Too many values at once. Put long lists into a file that the policy names.",
        "Too many values at once. Put long lists into a file that the policy names.",
    ),
}

PROBLEM_NAMES = {
    "empty": _("nothing stands there"),
    "too_long": _("longer than 512 characters"),
    "not_printable": _("holds signs that cannot be shown"),
    "not_a_number": _("is not a whole number"),
    "time": _("the time after the comma cannot be read"),
    "past": _("the time lies in the past"),
    "twice": _("stands twice, with different times"),
    "columns": _("has more than two columns"),
}
