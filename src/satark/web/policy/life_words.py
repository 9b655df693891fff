"""The words of the life of a policy version: where it stands, what was done, what happens next, and why not."""

from __future__ import annotations

from satark.web.i18n import mark as _

STATE_NAMES = {
    "draft": _("Draft"),
    "in_review": _("In review"),
    "reviewed": _("Approved"),
    "shadow": _("In shadow"),
    "canary": _("Canary"),
    "live": _("In force"),
    "retired": _("Set aside"),
}

STEP_NAMES = {
    "create": _("Draft begun"),
    "edit": _("Text changed"),
    "submit": _("Sent for review"),
    "approve": _("Approved for use"),
    "return": _("Given back"),
    "comment": _("Comment"),
    "discard": _("Put aside"),
    "shadow": _("Put into shadow"),
    "canary": _("Made the canary"),
    "live": _("Put in force for all"),
    "end": _("Taken out"),
    "back": _("Back to what was before"),
    "kill": _("Rule switched off"),
    "revive": _("Rule switched on"),
}

NEXT = {
    "draft": _(
        "A draft decides nothing. Try it on past payments, then send it to a colleague, who reads and approves it."
    ),
    "in_review_own": _(
        "A colleague who had no hand in it must approve it. Until then nothing changes and its text stays as it is."
    ),
    "in_review": _(
        "Read what differs and what it would have done. Approving it changes no decision yet; giving it back needs a "
        "reason."
    ),
    "reviewed": _(
        "It is approved and decides nothing yet. Let it run in shadow, where it acts on nothing, or let it decide for "
        "a share of customers first."
    ),
    "shadow": _(
        "It judges every payment beside the policy in force and acts on nothing. Next it can decide for a share of "
        "customers, or for all."
    ),
    "canary": _(
        "It decides for a share of customers, always the same ones. Next: a larger share, or all customers. One click "
        "takes it back."
    ),
    "live": _(
        "It decides for all customers whom no canary decides for. One click goes back to what was before."
    ),
    "retired_approved": _(
        "It decided once, and does not any more. It can run in shadow or as a canary again without a new review."
    ),
    "retired": _("It was put aside. Begin a new draft from its text if it is needed after all."),
    "approval_lost": _(
        "The audit trail does not confirm that this text was approved. It cannot be published; begin a new draft from "
        "it."
    ),
}

REFUSALS = {
    "not_now": _("This cannot be done to the version as it stands now."),
    "own_work": _("Whoever had a hand in a version cannot approve it; a colleague must."),
    "changed": _("Somebody was faster: look at what changed, then decide again."),
    "same_meaning": _(
        "Another version means exactly the same. Raise the version's number if this is to be a new one."
    ),
    "note_missing": _("Please say why."),
    "no_such_rule": _("No policy that takes part has such a rule."),
    "unchanged": _("It is so already; there is nothing to change."),
    "nothing_before": _("There is nothing before this to go back to."),
    "waiting": _("The engine has not done yet what was asked before. Please try again in a moment."),
    "too_many": _("Eight versions run in shadow already. Take one out first."),
    "no_live": _("The engine has not logged a policy yet. It does so when it starts."),
    "other_policy": _(
        "The policy in force counts in another currency; such a change needs the engine's settings."
    ),
    "file_outside": _("A list names a file outside the policy's own folder."),
    "too_large": _("That is too long."),
    "not_vouched": _("The text is not the one that was approved. It cannot be published."),
    "busy": _("Several backtests wait already. Please let them end first."),
    "percent": _("The share must be more than 0 and at most 100 per cent."),
    "span": _("The days cannot be read, or end before they begin."),
}
OTHER_REFUSAL = _("This cannot be done now.")

FLASHES: dict[str, str | tuple[str, str]] = {
    f"refused_policy_{code}": words for code, words in REFUSALS.items()
}
FLASHES |= {
    "refused_policy_other": OTHER_REFUSAL,
    "policy_saved": _("The draft is kept."),
    "policy_submitted": _("Sent for review."),
    "policy_approved": _("Approved. It decides nothing yet."),
    "policy_returned": _("Given back to its authors."),
    "policy_commented": _("The comment is kept."),
    "policy_discarded": _("Put aside."),
    "policy_asked": _("Asked of the engine; it takes a moment."),
    "rule_off": _("The rule is being switched off."),
    "rule_on": _("The rule is being switched on again."),
    "backtest_asked": _("The backtest has been asked for."),
    "backtest_cancelled": _("The backtest was given up."),
}

ENGINE_REFUSALS = {
    "policy_invalid": _("it cannot read the policy"),
    "model_invalid": _("the model of the policy cannot be used"),
    "input_invalid": _("the policy does not fit those that take part"),
    "forbidden": _("the audit trail does not confirm the order"),
    "not_found": _("it does not have the policy or its model"),
    "windows_full": _("its memory for windows of the past does not suffice"),
}
OTHER_ENGINE_REFUSAL = _("it gave no reason that this page knows")
