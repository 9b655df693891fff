"""Read the `answers:` of a policy: what follows when a customer says "it was me" or "it was not me"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satark.language import did_you_mean
from satark.policies.notice_rules import (
    DAY_SECONDS,
    OWN_INSTRUMENTS,
    AnswerRules,
    FraudAnswer,
    FreezeRule,
    GenuineAnswer,
)
from satark.policies.read_notices import MAX_AMOUNT, duration_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import yaml

    from satark.policies.document import Document, Pairs
    from satark.policies.model import PolicyList

MAX_FREEZES = 10
MAX_FREEZE_SECONDS = 3_650 * DAY_SECONDS


def read_answers(
    document: Document,
    node: yaml.Node,
    lists: Mapping[str, PolicyList],
    kinds: Collection[str],
    queues: Collection[str],
) -> AnswerRules:
    """Return what follows from answers; mistakes go to the document.

    Parameters
    ----------
    lists
        The policy's lists, on which an answer may put the customer's own instruments.
    kinds
        The kinds of fraud that the policy's rules name.
    queues
        The queues of its cases.
    """
    fields = document.fields(node, "answers", ("fraud", "genuine"))
    return AnswerRules(
        _fraud(document, fields["fraud"][1], lists, queues) if "fraud" in fields else FraudAnswer(hold=False),
        _genuine(document, fields["genuine"][1], kinds) if "genuine" in fields else GenuineAnswer(),
    )


def _fraud(
    document: Document, node: yaml.Node, lists: Mapping[str, PolicyList], queues: Collection[str]
) -> FraudAnswer:
    what = "`fraud` of answers"
    fields = document.fields(node, what, ("lists", "hold", "label", "queue", "deadline"))
    found: list[FreezeRule] = []
    if "lists" in fields:
        items = document.items(fields["lists"][1], f"`lists` of {what}")
        if len(items) > MAX_FREEZES:
            document.error(
                fields["lists"][1],
                "too_many",
                f"{what} has too many lists",
                expected=f"at most {MAX_FREEZES}",
            )
        for item in items[:MAX_FREEZES]:
            freeze = _freeze(document, item, lists)
            if freeze is not None:
                found.append(freeze)
    queue, deadline = "", None
    if "queue" in fields:
        queue = document.choice(fields["queue"][1], f"`queue` of {what}", queues) or ""
    if "deadline" in fields:
        deadline = duration_of(document, fields["deadline"][1], f"`deadline` of {what}", 30 * DAY_SECONDS)
    return FraudAnswer(
        tuple(found),
        hold=_switch(document, fields, "hold", what, default=False),
        label=_switch(document, fields, "label", what, default=False),
        queue=queue,
        deadline_seconds=deadline or FraudAnswer().deadline_seconds,
    )


def _freeze(document: Document, node: yaml.Node, lists: Mapping[str, PolicyList]) -> FreezeRule | None:
    what = "a list of `fraud` of answers"
    fields = document.fields(node, what, ("list", "of", "expires"), required=("list", "of"))
    if "list" not in fields or "of" not in fields:
        return None
    name = document.text(fields["list"][1], f"`list` of {what}") or ""
    of = document.text(fields["of"][1], f"`of` of {what}") or ""
    expires = None
    if "expires" in fields:
        expires = duration_of(document, fields["expires"][1], f"`expires` of {what}", MAX_FREEZE_SECONDS)
    if of not in OWN_INSTRUMENTS:
        hint = "whoever holds the link could otherwise stop payees, shops or networks for everybody"
        expected = f"one of the customer's own: {', '.join(OWN_INSTRUMENTS)}"
        document.error(
            fields["of"][1],
            "not_own",
            f"an answer cannot put `{of[:40]}` on a list",
            expected=expected,
            hint=hint,
        )
        return None
    if name not in lists:
        hint = did_you_mean(name, lists)
        document.error(fields["list"][1], "unknown_list", f"there is no list `{name[:64]}`", hint=hint)
        return None
    if lists[name].of != of:
        document.error(
            fields["of"][1],
            "other_list",
            f"the list `{name}` holds values of `{lists[name].of}`, not of `{of}`",
        )
        return None
    return FreezeRule(name, of, expires)


def _genuine(document: Document, node: yaml.Node, kinds: Collection[str]) -> GenuineAnswer:
    what = "`genuine` of answers"
    fields = document.fields(node, what, ("release", "at_most_minor", "unless", "known_for", "label"))
    at_most = None
    if "at_most_minor" in fields:
        at_most = document.whole_number(
            fields["at_most_minor"][1], f"`at_most_minor` of {what}", 1, MAX_AMOUNT
        )
    unless: set[str] = set()
    if "unless" in fields:
        for item in document.items(fields["unless"][1], f"`unless` of {what}"):
            kind = document.text(item, f"`unless` of {what}") or ""
            if kind in kinds:
                unless.add(kind)
            else:
                hint = did_you_mean(kind, kinds)
                document.error(item, "unknown_kind", f"no rule is of the kind `{kind[:64]}`", hint=hint)
    known = None
    if "known_for" in fields:
        known = duration_of(document, fields["known_for"][1], f"`known_for` of {what}", MAX_FREEZE_SECONDS)
    return GenuineAnswer(
        release=_switch(document, fields, "release", what, default=False),
        at_most_minor=at_most,
        unless=frozenset(unless),
        known_seconds=known,
        label=_switch(document, fields, "label", what, default=False),
    )


def _switch(document: Document, fields: Pairs, name: str, what: str, *, default: bool) -> bool:
    if name not in fields:
        return default
    return document.choice(fields[name][1], f"`{name}` of {what}", ("true", "false")) == "true"
