"""The words of the policy pages for what policies are made of."""

from __future__ import annotations

from satark.web.i18n import mark as _

FIELD_NAMES = {
    "name": _("Name"),
    "version": _("Version"),
    "mode": _("Mode"),
    "base_currency": _("Currency"),
    "threshold_challenge": _("Score from which a payment is challenged"),
    "threshold_hold": _("Score from which a payment is held"),
    "threshold_block": _("Score from which a payment is blocked"),
    "model": _("Model with its hash"),
    "model_if_missing": _("When the model is missing"),
    "challengers": _("Models that only watch"),
    "control": _("Released by lot to learn the outcome"),
    "when": _("Condition"),
    "action": _("Action"),
    "score": _("Score"),
    "kind": _("Kind of fraud"),
    "exempt": _("Sets aside"),
    "until": _("Until"),
    "reason": _("Reason given"),
    "other_reason": _("Reason given, in the other language"),
    "means": _("Meaning"),
    "of": _("Values of"),
    "entries": _("Entries in the policy"),
    "file": _("File"),
    "if_missing": _("When the file cannot be read"),
}

PART_NAMES = {
    "policy": _("Policy"),
    "feature": _("Feature"),
    "list": _("List"),
    "rule": _("Rule"),
}

CHANGE_NAMES = {
    "added": _("Added"),
    "removed": _("Removed"),
    "changed": _("Changed"),
}

MODE_NAMES = {
    "enforce": _("Enforced"),
    "observe": _("Observed only: every answer is “allow”"),
}

MISTAKE_NAMES = {
    "alias": _("Anchors and aliases are not supported"),
    "bad_character": _("A character that does not belong there"),
    "bad_text": _("A text that does not end"),
    "choice": _("Not one of the known values"),
    "constant": _("Always true or always false"),
    "currency": _("Not a currency"),
    "documents": _("More than one document"),
    "duplicate_key": _("The same key twice"),
    "empty": _("The file is empty"),
    "key": _("A key that is not a text"),
    "missing_key": _("Something is missing"),
    "name": _("A name that cannot be used"),
    "not_in_language": _("Not part of the language of rules"),
    "number": _("A number that cannot be used"),
    "order": _("Wrong order"),
    "out_of_range": _("Out of range"),
    "shadows": _("Hides a name that is there already"),
    "syntax": _("Cannot be read"),
    "text": _("Not a text"),
    "time": _("A time that cannot be used"),
    "too_deep": _("Nested too deeply"),
    "too_large": _("Too large"),
    "too_many": _("Too many"),
    "type": _("Wrong type"),
    "type_mismatch": _("Types that do not fit together"),
    "unknown_function": _("Unknown function"),
    "unknown_key": _("Unknown key"),
    "unknown_list": _("Unknown list"),
    "unknown_name": _("Unknown name"),
    "unreadable": _("Cannot be read"),
    "wrong_arguments": _("Wrong arguments"),
    "duplicate": _("The same twice"),
    "duration": _("A span of time that cannot be used"),
    "file": _("A file that cannot be used"),
    "form": _("Not of the right form"),
    "hash": _("Not a hash"),
    "list_in_route": _("A route cannot ask a list"),
    "no_effect": _("Has no effect"),
    "no_words": _("Words in both languages are missing"),
    "not_own": _("Not the customer's own"),
    "other_list": _("The list is of something else"),
    "unknown_kind": _("Unknown kind of fraud"),
    "unknown_queue": _("Unknown queue"),
    "unknown_rule": _("Unknown rule"),
    "words": _("Words that cannot be used"),
    "bad_number": _("A number that cannot be read"),
    "bad_window": _("A window that cannot be used"),
    "not_constant": _("Must be a fixed value"),
    "too_long": _("Too long"),
    "unknown_choice": _("Never has this value"),
    "unknown_statistic": _("Unknown statistic"),
    "yaml": _("Not valid YAML"),
    "zero_division": _("Division by zero"),
}
OTHER_MISTAKE = _("Mistake")
