"""What changed from one policy to another: in meaning (rules, features, lists, thresholds) and line by line."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satark.core.money import format_minor
from satark.policies.explain import explain_feature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from satark.core.clock import Lang
    from satark.policies import Policy
    from satark.policies.model import PolicyList, Rule

MAX_LINES = 4_000
CONTEXT_LINES = 3
HASH_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Field:
    """One property that differs; `name` is a message id of `satark.web.policy.words`."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """One rule, feature, list or threshold that is new, gone or different.

    Attributes
    ----------
    part
        rule, feature, list or policy.
    kind
        added, removed or changed.
    """

    part: str
    kind: str
    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a comparison; `kind` is same, added, removed or skipped."""

    kind: str
    before: int | None
    after: int | None
    text: str


def changes(old: Policy, new: Policy, lang: Lang) -> list[Change]:
    r"""Return what differs in meaning, in the order of a policy.

    Examples
    --------
    >>> from satark.policies import load_policy
    >>> one, two = (load_policy(f"policy: p\nversion: {version}\nrules: {{}}") for version in (1, 2))
    >>> [(change.part, change.fields[0]) for change in changes(one, two, "en")]
    [('policy', Field(name='version', before='1', after='2'))]
    """
    found = _changed("policy", old.name, _head(old), _head(new))
    found += _compared("feature", _features(old, lang), _features(new, lang))
    found += _compared("list", _lists(old), _lists(new))
    found += _compared("rule", _rules(old, lang), _rules(new, lang))
    return found


def lines(old: str, new: str) -> list[DiffLine]:
    r"""Return a comparison of two texts: what differs with a few lines around it.

    Examples
    --------
    >>> [(line.kind, line.text) for line in lines("a\nb\n", "a\nc\n")]
    [('same', 'a'), ('removed', 'b'), ('added', 'c')]
    """
    before, after = old.splitlines()[:MAX_LINES], new.splitlines()[:MAX_LINES]
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    found: list[DiffLine] = []
    for group in matcher.get_grouped_opcodes(CONTEXT_LINES):
        if found or group[0][1]:
            found.append(DiffLine("skipped", None, None, ""))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                found += [
                    DiffLine("same", i1 + at + 1, j1 + at + 1, text) for at, text in enumerate(before[i1:i2])
                ]
                continue
            found += [DiffLine("removed", i1 + at + 1, None, text) for at, text in enumerate(before[i1:i2])]
            found += [DiffLine("added", None, j1 + at + 1, text) for at, text in enumerate(after[j1:j2])]
    return found


def _head(policy: Policy) -> dict[str, str]:
    return {
        "name": policy.name,
        "version": str(policy.version),
        "mode": policy.mode,
        "base_currency": policy.base_currency,
        **{f"threshold_{action}": f"{score:g}" for action, score in policy.thresholds.items()},
        **_model(policy),
    }


def _model(policy: Policy) -> dict[str, str]:
    told = {}
    if policy.model is not None:
        told["model"] = f"{policy.model.name} {policy.model.hash[:HASH_SHOWN]}"
        told["model_if_missing"] = policy.model.if_missing
        told["challengers"] = ", ".join(one.hash[:HASH_SHOWN] for one in policy.model.challengers)
    if policy.control is not None:
        actions = ", ".join(sorted(policy.control.actions))
        most = format_minor(policy.control.most_minor, policy.base_currency)
        told["control"] = f"{policy.control.share:g} · {actions} · ≤ {most}"
    return told


def _rules(policy: Policy, lang: Lang) -> dict[str, dict[str, str]]:
    return {rule.code: _rule(rule, lang) for rule in policy.rules}


def _rule(rule: Rule, lang: Lang) -> dict[str, str]:
    told = {
        "when": rule.when.canonical,
        "action": rule.action,
        "score": f"{rule.score:g}",
        "kind": rule.kind,
        "exempt": ", ".join(sorted(rule.exempt)),
        "until": "" if rule.until_us is None else str(rule.until_us),
        "reason": (rule.reason_hi if lang == "hi" else rule.reason_en).source,
        "other_reason": (rule.reason_en if lang == "hi" else rule.reason_hi).source,
    }
    return told | {
        f"param_{name}": format_minor(value) if name in rule.money else str(value)
        for name, value in rule.params.items()
    }


def _features(policy: Policy, lang: Lang) -> dict[str, dict[str, str]]:
    return {feature.name: {"means": explain_feature(feature, lang)} for feature in policy.features}


def _lists(policy: Policy) -> dict[str, dict[str, str]]:
    return {one.name: _list(one) for one in policy.lists.values()}


def _list(one: PolicyList) -> dict[str, str]:
    return {
        "of": one.of,
        "entries": "\n".join(str(entry.value) for entry in one.entries),
        "file": "" if one.file is None else one.file.name,
        "if_missing": one.if_missing,
    }


def _compared(
    part: str, old: Mapping[str, Mapping[str, str]], new: Mapping[str, Mapping[str, str]]
) -> list[Change]:
    found = [Change(part, "removed", name, tuple(_fields(old[name], {}))) for name in old if name not in new]
    for name, told in new.items():
        if name not in old:
            found.append(Change(part, "added", name, tuple(_fields({}, told))))
        else:
            found += _changed(part, name, old[name], told)
    return found


def _changed(part: str, name: str, old: Mapping[str, str], new: Mapping[str, str]) -> list[Change]:
    fields = tuple(_fields(old, new))
    return [Change(part, "changed", name, fields)] if fields else []


def _fields(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Field]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name, ""), new.get(name, "")
        if before != after:
            yield Field(name, before, after)
