"""From a policy file to a checked policy, or to all that is wrong with it.

The one door for policies: the engine, the terminal and the tests come through here, so nothing runs that was
not checked against the events, signals and features it names.
"""

from __future__ import annotations

import dataclasses
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from satark.core.errors import PolicyInvalid
from satark.core.money import is_currency
from satark.events.facts import CUSTOM_TYPES, FactType
from satark.features.oneline import parse_feature
from satark.features.signals import SIGNALS
from satark.language import Diagnostic, NameInfo, Position, Type
from satark.policies.content_hash import content_hash
from satark.policies.document import Document
from satark.policies.label_rules import LabelRules
from satark.policies.model import ACTIONS, MODES, Policy
from satark.policies.model_rules import MODEL_SCORE, ControlRule, ModelRef, TrainingRules
from satark.policies.names import known_facts, rule_names
from satark.policies.notice_rules import AnswerRules, NoticeRules
from satark.policies.read_answers import read_answers
from satark.policies.read_cases import default_case_rules, read_cases
from satark.policies.read_lists import read_lists
from satark.policies.read_model import read_control, read_model, read_training
from satark.policies.read_notices import read_notices
from satark.policies.read_rules import RuleContext, read_rules
from satark.policies.read_watch import read_labels, read_watch
from satark.policies.watch_rules import WatchRules

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from satark.events.facts import Fact
    from satark.events.signals import Signal
    from satark.features.spec import FeatureSpec
    from satark.policies.document import Pairs
    from satark.policies.model import PolicyList, Rule

MAX_FEATURES = 500
MAX_VERSION = 1_000_000
KEYS = (
    "policy",
    "version",
    "base_currency",
    "mode",
    "attributes",
    "features",
    "lists",
    "thresholds",
    "rules",
    "cases",
    "notices",
    "answers",
    "labels",
    "watch",
    "model",
    "control",
    "training",
)
DEFAULT_THRESHOLDS = {"challenge": 0.3, "hold": 0.6, "block": 0.9}
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
BUNDLED = ("payments",)


def load_policy(
    source: Path | str,
    *,
    signals: Mapping[str, Signal] = SIGNALS,
    file: str | None = None,
    folder: Path | None = None,
) -> Policy:
    """Read and check a policy.

    Parameters
    ----------
    source
        The path of a file (a `Path`), or a policy's text (a `str`). List files are looked for beside the file; of a
        text, in the working folder.
    signals
        The derived facts that it may name.
    file
        How messages name it; by default the path, or "policy.yaml" for a text.
    folder
        Where the list files of a text are looked for; by default the working folder.

    Raises
    ------
    PolicyInvalid
        ``diagnostics`` (also an attribute of that name in `fields`) lists every mistake with its place.

    Examples
    --------
    >>> policy = load_policy('''
    ... policy: tiny
    ... version: 1
    ... features: {card_10m: count() by card over 10m}
    ... rules:
    ...   card_velocity:
    ...     when: card_10m > limit
    ...     params: {limit: 4}
    ...     action: hold
    ...     reason: {en: "{card_10m} payments; limit {limit}", hi: "{card_10m} भुगतान; सीमा {limit}"}
    ... ''')
    >>> policy.name, [feature.name for feature in policy.features], policy.rules[0].score
    ('tiny', ['card_10m'], 0.6)
    """
    policy, diagnostics = _read(source, signals, file, folder)
    if policy is None or diagnostics:
        count = f"{len(diagnostics)} mistake{'s' if len(diagnostics) > 1 else ''}"
        raise PolicyInvalid(f"{count} in the policy; first: {diagnostics[0]}", diagnostics=diagnostics)
    return policy


def load_bundled(name: str = "payments") -> Policy:
    """Read a policy that ships with Satark."""
    return load_policy(bundled_path(name), file=f"{name}.yaml")


def bundled_path(name: str = "payments") -> Path:
    """Return where a bundled policy lies."""
    return Path(str(files("satark.policies"))) / "bundled" / f"{name}.yaml"


def lint(path: Path | str, *, signals: Mapping[str, Signal] = SIGNALS) -> list[Diagnostic]:
    """Return every mistake of a policy in the order of the file; an empty list means that it can be used."""
    return _read(path, signals, None)[1]


def _read(
    source: Path | str, signals: Mapping[str, Signal], file: str | None, folder: Path | None = None
) -> tuple[Policy | None, list[Diagnostic]]:
    if isinstance(source, Path):
        file = str(source) if file is None else file
        folder = source.parent
        try:
            text = source.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            return None, [Diagnostic(Position(file), "unreadable", f"the file cannot be read: {reason}")]
    else:
        text = source
    document = Document(file or "policy.yaml", text)
    root = document.root()
    policy = None if root is None else _policy(document, root, signals, folder)
    document.diagnostics.sort(key=lambda one: (one.position, one.code))
    return policy, document.diagnostics


def _policy(
    document: Document, root: yaml.Node, signals: Mapping[str, Signal], folder: Path | None
) -> Policy | None:
    top = document.fields(root, "the policy", KEYS, required=("policy", "version", "rules"))
    name = _name(document, top)
    version = (
        document.whole_number(top["version"][1], "`version`", 1, MAX_VERSION) if "version" in top else None
    )
    currency = _currency(document, top)
    mode = document.choice(top["mode"][1], "`mode`", MODES) if "mode" in top else "enforce"
    attributes = _attributes(document, top["attributes"][1]) if "attributes" in top else {}
    facts = known_facts(attributes, signals)
    features, broken = _features(document, top["features"][1], facts) if "features" in top else ((), {})
    lists = read_lists(document, top["lists"][1], facts, folder) if "lists" in top else {}
    thresholds = _thresholds(document, top["thresholds"][1]) if "thresholds" in top else DEFAULT_THRESHOLDS
    names = {**{name: NameInfo(kind) for name, kind in broken.items()}, **rule_names(facts, features)}
    of_payments = rule_names(facts, ())
    model, control, training = _learning(document, top, names, of_payments)
    if "model" in top:
        names[MODEL_SCORE] = NameInfo(Type.FLOAT)
    list_types = {name: lists[name].type if name in lists else Type.STR for name in _keys(top, "lists")}
    not_read = frozenset(broken).union(name for name in list_types if name not in lists)
    context = RuleContext(names, list_types, features, thresholds, not_read)
    rules = read_rules(document, top["rules"][1], context) if "rules" in top else ()
    if "model" not in top:
        _tell_of_model(document)
    cases = (
        read_cases(document, top["cases"][1], of_payments, lists, not_read)
        if "cases" in top
        else default_case_rules(of_payments)
    )
    notices = read_notices(document, top["notices"][1]) if "notices" in top else NoticeRules()
    answers = _answers(document, top, lists, rules, cases.terms.queues)
    labels = read_labels(document, top["labels"][1]) if "labels" in top else LabelRules()
    watch = read_watch(document, top["watch"][1], cases.terms.queues) if "watch" in top else WatchRules()
    if document.diagnostics or name is None or version is None or mode is None:
        return None
    of_rules = _facts_of_rules(rules, facts)
    return Policy(
        name=name,
        version=version,
        content_hash=content_hash(
            (name, version, currency, mode), attributes, features, lists, rules, thresholds, model, control
        ),
        base_currency=currency,
        mode=mode,
        attributes=attributes,
        features=features,
        lists=lists,
        rules=rules,
        thresholds=thresholds,
        signals=signals,
        facts_used=of_rules | _facts_of_features(features),
        facts_of_rules=of_rules,
        cases=cases,
        notices=notices,
        answers=answers,
        labels=labels,
        watch=watch,
        file=document.file,
        model=model,
        control=control,
        training=training,
    )


def _learning(
    document: Document, top: Pairs, names: Mapping[str, NameInfo], facts: Mapping[str, NameInfo]
) -> tuple[ModelRef | None, ControlRule | None, TrainingRules]:
    """Read what the policy says about models."""
    training = TrainingRules()
    if "training" in top:
        training = read_training(document, top["training"][1], names, facts)
    model = read_model(document, top["model"][1]) if "model" in top else None
    control = read_control(document, top["control"][1]) if "control" in top else None
    if "model" in top and MODEL_SCORE in names:
        message = f"the feature `{MODEL_SCORE}` hides the score of the model"
        document.error(top["model"][0], "shadows", message)
    return model, control, training


def _tell_of_model(document: Document) -> None:
    """Say where the score of a model comes from, to who names it without one."""
    for place, one in enumerate(document.diagnostics):
        if one.code == "unknown_name" and f"`{MODEL_SCORE}`" in one.message:
            hint = f"a policy with `model:` has `{MODEL_SCORE}`"
            document.diagnostics[place] = dataclasses.replace(one, hint=hint)


def _answers(
    document: Document,
    top: Pairs,
    lists: Mapping[str, PolicyList],
    rules: Sequence[Rule],
    queues: Collection[str],
) -> AnswerRules:
    if "answers" not in top:
        return AnswerRules()
    kinds = {rule.kind for rule in rules if rule.kind}
    return read_answers(document, top["answers"][1], lists, kinds, queues)


def _name(document: Document, top: Pairs) -> str | None:
    if "policy" not in top:
        return None
    node = top["policy"][1]
    name = document.text(node, "`policy`")
    if name is not None and not NAME.fullmatch(name):
        hint = "a small letter, then small letters, digits and _, at most 64"
        document.error(node, "name", f"`{name[:64]}` cannot be the name of a policy", hint=hint)
    return name


def _currency(document: Document, top: Pairs) -> str:
    if "base_currency" not in top:
        return "INR"
    node = top["base_currency"][1]
    currency = document.text(node, "`base_currency`") or "INR"
    if not is_currency(currency):
        document.error(
            node, "currency", f"`{currency[:64]}` is not a currency", expected="a code of ISO 4217"
        )
    return currency


def _attributes(document: Document, node: yaml.Node) -> dict[str, FactType]:
    attributes: dict[str, FactType] = {}
    for name, (key, value) in document.pairs(node, "attributes").items():
        if not NAME.fullmatch(name):
            document.error(key, "name", f"`{name[:64]}` cannot be the name of an attribute")
        kind = document.choice(value, f"the type of the attribute `{name}`", sorted(CUSTOM_TYPES))
        if kind is not None:
            attributes[name] = FactType(kind)
    return attributes


def _keys(top: Pairs, section: str) -> list[str]:
    """Return the names in a section, also those whose body is wrong."""
    node = top[section][1] if section in top else None
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return [key.value for key, _ in pairs if isinstance(key, yaml.ScalarNode)]


def _features(
    document: Document, node: yaml.Node, facts: Mapping[str, Fact]
) -> tuple[tuple[FeatureSpec, ...], dict[str, Type]]:
    """Return the features, and of those that are wrong the type that they probably have.

    A rule that names a wrong feature shall not be told that there is none.
    """
    features: list[FeatureSpec] = []
    broken: dict[str, Type] = {}
    pairs = document.pairs(node, "features")
    if len(pairs) > MAX_FEATURES:
        document.error(node, "too_many", "there are too many features", expected=f"at most {MAX_FEATURES}")
    for name, (key, value) in pairs.items():
        if not NAME.fullmatch(name):
            hint = "a small letter, then small letters, digits and _, at most 64"
            document.error(key, "name", f"`{name[:64]}` cannot be the name of a feature", hint=hint)
        elif name in facts:
            document.error(key, "shadows", f"the feature `{name}` hides the fact of that name")
        elif document.text(value, f"the feature `{name}`") is not None:
            place = document.scalar_place(value)
            feature, wrong = parse_feature(name, place.text, facts, Position(document.file))
            document.diagnostics += place.carry_back(wrong)
            if feature is None:
                broken[name] = Type.BOOL if place.text.startswith("new") else Type.FLOAT
            else:
                features.append(feature)
    return tuple(features), broken


def _thresholds(document: Document, node: yaml.Node) -> dict[str, float]:
    fields = document.fields(node, "thresholds", ACTIONS[1:])
    thresholds: dict[str, float] = {}
    before = 0.0
    for action in ACTIONS[1:]:
        if action not in fields:
            continue
        score = document.number(fields[action][1], f"the threshold of {action}", 0, 1)
        if score is None:
            continue
        if score < before:
            hint = "a graver action needs a higher score"
            document.error(
                fields[action][1], "order", f"the threshold of {action} is below a milder one", hint=hint
            )
        before = score
        thresholds[action] = score
    return thresholds


def _facts_of_rules(rules: Sequence[Rule], facts: Mapping[str, Fact]) -> frozenset[str]:
    names: set[str] = set()
    for rule in rules:
        names |= rule.when.names | rule.reason_en.names | rule.reason_hi.names
        if rule.until_us is not None:
            names.add("occurred_at")
    return frozenset(names & facts.keys())


def _facts_of_features(features: Sequence[FeatureSpec]) -> frozenset[str]:
    names: set[str] = set()
    for feature in features:
        names.update(feature.by)
        for expr in (feature.value, feature.where, feature.condition):
            if expr is not None:
                names |= expr.names
    return frozenset(names)
