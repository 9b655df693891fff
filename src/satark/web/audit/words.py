"""The words of the audit pages."""

from __future__ import annotations

from satark.web.i18n import mark as _
from satark.web.i18n import mark_plural as ngettext

TRAIL_NAMES = {
    "desk": _("In the console"),
    "installation": _("In the engine and the terminal"),
}

CHECK_NAMES = {
    "none": _("Not proved since the pages were started"),
    "running": _("Being proved"),
    "good": _("Complete and unchanged"),
    "bad": _("Something was changed"),
    "failed": _("The proof could not be finished; please try again"),
}

FLASHES = {
    "audit_check_begun": ngettext("The proof has begun.", "The proof has begun."),
    "audit_check_running": ngettext("A proof is running already.", "A proof is running already."),
}
