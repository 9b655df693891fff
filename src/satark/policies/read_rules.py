"""Read the `rules:` of a policy: conditions, actions, exemptions and reasons, all checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from satark.language import ListInfo, Position, Schema, Type, compile_values, did_you_mean, parse_and_check
from satark.policies.model import ACTIONS, Rule
from satark.policies.read_lists import expiry_of
from satark.policies.reasons import Template, Vocabulary, parse_template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import yaml

    from satark.core.clock import Lang
    from satark.features.spec import FeatureSpec
    from satark.language import NameInfo, TypedExpr
    from satark.policies.document import Document

MAX_RULES = 1_000
_MONEY = "rupees("
MAX_PARAMS = 20
KEYS = ("when", "action", "score", "exempt", "params", "reason", "until", "kind")
CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
MAX_KIND = 64
_NO_TEMPLATE = Template("", (), frozenset())


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What rules may refer to.

    Attributes
    ----------
    names
        Facts and features.
    list_types
        The lists by name.
    features, thresholds
        As read.
    not_read
        Features and lists that are there but wrong: what a rule does with them cannot be judged.
    """

    names: Mapping[str, NameInfo]
    list_types: Mapping[str, Type]
    features: Sequence[FeatureSpec]
    thresholds: Mapping[str, float]
    not_read: frozenset[str]


def read_rules(document: Document, node: yaml.Node, context: RuleContext) -> tuple[Rule, ...]:
    """Return the rules in order; mistakes go to the document."""
    pairs = document.pairs(node, "rules")
    if len(pairs) > MAX_RULES:
        document.error(node, "too_many", "there are too many rules", expected=f"at most {MAX_RULES}")
    rules: list[Rule] = []
    for code, (key, body) in pairs.items():
        if not CODE.fullmatch(code):
            hint = "a small letter, then small letters, digits and _, at most 64"
            document.error(key, "name", f"`{code[:64]}` cannot be the code of a rule", hint=hint)
        rule = _read_rule(document, code, body, context, tuple(pairs))
        if rule is not None:
            rules.append(rule)
    return tuple(rules)


def _read_rule(
    document: Document, code: str, node: yaml.Node, context: RuleContext, codes: Sequence[str]
) -> Rule | None:
    what = f"the rule `{code}`"
    fields = document.fields(node, what, KEYS, required=("when", "reason"))
    params: dict[str, Any] = {}
    money: frozenset[str] = frozenset()
    if "params" in fields:
        params, money = _read_params(document, fields["params"][1], what, context)
    when = _read_when(document, fields["when"][1], what, context, params) if "when" in fields else None
    action, score, exempt, until_us, kind = "allow", None, frozenset[str](), None, ""
    if "action" in fields:
        action = document.choice(fields["action"][1], f"`action` of {what}", ACTIONS) or action
    if "score" in fields:
        score = document.number(fields["score"][1], f"`score` of {what}", 0, 1)
    if "exempt" in fields:
        exempt = _read_exempt(document, fields["exempt"][1], what, codes)
    if "until" in fields:
        until_us = expiry_of(document, fields["until"][1], what)
    if "kind" in fields:
        kind = (document.text(fields["kind"][1], f"`kind` of {what}") or "")[:MAX_KIND]
    if isinstance(node.value, list) and not {"action", "score", "exempt"} & fields.keys():
        hint = "give it an `action`, a `score` or rules to `exempt`"
        document.error(node, "no_effect", f"{what} has no effect", hint=hint)
    reasons = (_NO_TEMPLATE, _NO_TEMPLATE)
    if "reason" in fields:
        reasons = _read_reasons(document, fields["reason"][1], what, context, params)
    if when is None:
        return None
    if score is None:
        score = context.thresholds.get(action, 0.0)
    return Rule(code, when, action, score, exempt, params, *reasons, until_us, kind, money)


def _read_when(
    document: Document, node: yaml.Node, what: str, context: RuleContext, params: Mapping[str, Any]
) -> TypedExpr | None:
    if document.text(node, f"`when` of {what}") is None:
        return None
    lists = {name: ListInfo(kind) for name, kind in context.list_types.items()}
    place = document.scalar_place(node)
    schema = Schema(context.names, lists, params)
    expr, wrong = parse_and_check(place.text, schema, Position(document.file), Type.BOOL)
    if any(name in place.text for name in context.not_read):
        wrong = [one for one in wrong if one.code == "syntax" or one.code.startswith("unknown")]
    document.diagnostics += place.carry_back(wrong)
    return expr


def _read_params(
    document: Document, node: yaml.Node, what: str, context: RuleContext
) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the parameters, and which of them are written as money."""
    pairs = document.pairs(node, f"`params` of {what}")
    if len(pairs) > MAX_PARAMS:
        document.error(node, "too_many", f"{what} has too many params", expected=f"at most {MAX_PARAMS}")
    params: dict[str, Any] = {}
    for name, (key, value) in pairs.items():
        if not CODE.fullmatch(name):
            document.error(key, "name", f"`{name[:64]}` cannot be the name of a parameter")
        elif name in context.names:
            document.error(
                key, "shadows", f"the parameter `{name}` of {what} hides a fact or feature of that name"
            )
        else:
            constant = _read_constant(document, value, f"the parameter `{name}` of {what}")
            if constant is not None:
                params[name] = constant
    money = (
        name
        for name, value in params.items()
        if type(value) is int and pairs[name][1].value.lstrip().startswith(_MONEY)
    )
    return params, frozenset(money)


def _read_constant(document: Document, node: yaml.Node, what: str) -> Any:  # noqa: ANN401 - a constant of any type
    """Return a parameter: a quoted text as it is, anything else as an expression without names."""
    text = document.text(node, what)
    if text is None:
        return None
    scalar = cast("yaml.ScalarNode", node)
    if scalar.style in {"'", '"'}:
        return text
    if text in {"true", "false"}:
        return text == "true"
    place = document.scalar_place(node)
    expr, wrong = parse_and_check(place.text, Schema({}), Position(document.file))
    document.diagnostics += place.carry_back(wrong)
    return None if expr is None else compile_values([expr], [])([], cast("Any", None))[0]


def _read_exempt(document: Document, node: yaml.Node, what: str, codes: Sequence[str]) -> frozenset[str]:
    exempt: set[str] = set()
    for item in document.items(node, f"`exempt` of {what}"):
        code = document.text(item, f"`exempt` of {what}")
        if code is None:
            continue
        if code in codes:
            exempt.add(code)
        else:
            document.error(
                item, "unknown_rule", f"there is no rule `{code[:64]}`", hint=did_you_mean(code, codes)
            )
    return frozenset(exempt)


def _read_reasons(
    document: Document, node: yaml.Node, what: str, context: RuleContext, params: Mapping[str, Any]
) -> tuple[Template, Template]:
    fields = document.fields(node, f"`reason` of {what}", ("en", "hi"), required=("en", "hi"))
    types = {name: info.type for name, info in context.names.items()}
    windows = {
        **dict.fromkeys(context.not_read, 0),
        **{feature.name: feature.window_seconds for feature in context.features},
    }
    known = Vocabulary(types, params, windows)

    def read(lang: Lang) -> Template:
        if lang not in fields or document.text(fields[lang][1], f"the reason of {what}") is None:
            return _NO_TEMPLATE
        place = document.scalar_place(fields[lang][1])
        template, wrong = parse_template(place.text, lang, known)
        for offset, code, message, hint in wrong:
            document.error_at(place.at(offset), code, message, hint)
        return template

    return read("en"), read("hi")
