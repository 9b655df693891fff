"""The words of the pages of backtests."""

from __future__ import annotations

from satark.web.i18n import mark as _

JOB_NAMES = {
    "waiting": _("Waiting for the worker"),
    "running": _("Running"),
    "done": _("Finished"),
    "failed": _("Failed"),
    "cancelled": _("Given up"),
}

SPAN_NAMES = {
    "7d": _("The last 7 days"),
    "30d": _("The last 30 days"),
    "90d": _("The last 90 days"),
    "dates": _("From and to, below"),
}
DEFAULT_SPAN = "30d"

FAILURES = {
    "runner_lost": _("The worker stopped three times while it ran."),
    "policy_invalid": _("This version of the program cannot read the policy."),
    "model_invalid": _("The model of the policy cannot be used."),
    "not_found": _("The policy or its model is not there any more."),
    "input_invalid": _("The payments of these days cannot be decided again."),
    "no_payments": _("There are no payments on these days."),
    "storage_unavailable": _("The database did not answer."),
    "crashed": _("It ended without a word; the worker's log may say why."),
    "too_long": _("It took longer than four hours and was ended."),
    "windows_full": _("The memory for windows of the past does not suffice for these days."),
}
OTHER_FAILURE = _("It ended with an error; the worker's log says which.")

MARK_NAMES = {
    "cost": _("Least cost"),
    "budget": _("Most fraud found within the team's budget of alerts"),
}

CURVE_NAMES = {
    "score": _("Score of the decision"),
    "model": _("Score of the model alone"),
}
