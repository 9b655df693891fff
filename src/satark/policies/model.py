"""What a policy is once it has been read and checked: features, lists, rules and thresholds as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from satark.policies.label_rules import LabelRules
from satark.policies.model_rules import TrainingRules
from satark.policies.notice_rules import AnswerRules, NoticeRules
from satark.policies.watch_rules import WatchRules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from satark.events.facts import FactType
    from satark.events.signals import Signal
    from satark.features.spec import FeatureSpec
    from satark.language import Type, TypedExpr
    from satark.policies.case_rules import CaseRules
    from satark.policies.model_rules import ControlRule, ModelRef
    from satark.policies.reasons import Template

ACTIONS = ("allow", "challenge", "hold", "block")
"""From mildest to gravest; the place in this tuple is the gravity."""
GRAVITY = {action: place for place, action in enumerate(ACTIONS)}
MODES = ("enforce", "observe")
IF_MISSING = ("open", "closed")
MISSING_LIST_ACTION = "hold"
"""What a decision is at least while a list that says `if_missing: closed` cannot be read."""


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One value of a list; it counts for events before `expires_us` (None: for ever)."""

    value: Any
    expires_us: int | None = None


@dataclass(frozen=True, slots=True)
class PolicyList:
    """A list that rules ask with `listed(x, "name")`.

    Attributes
    ----------
    of
        The fact whose values it holds.
    type
        That fact's type.
    entries
        Those written in the policy.
    file
        Where more are read from when the engine starts, or None.
    if_missing
        `open`: while the file cannot be read, `listed` is null and rules that need it do not fire. `closed`:
        besides, a decision is at least `MISSING_LIST_ACTION`.
    """

    name: str
    of: str
    type: Type
    entries: tuple[ListEntry, ...]
    file: Path | None
    if_missing: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: when it is true, what follows, and why in both languages.

    Attributes
    ----------
    code
        Its name in the policy; stable, for machines.
    when
        The expression; the rule fires only when it is true (not when it is null).
    action
        `allow` for a rule that only scores or only exempts.
    score
        0 to 1.
    exempt
        The codes of the rules that do not count when this one fires.
    params
        Named constants for `when` and the reasons, so that both show the same limit.
    until_us
        The rule does not fire for events from then on; None: for ever.
    kind
        The kind of fraud it is against, for reports.
    money
        The params that are amounts in minor units: those written as `rupees(...)`. For pages; it changes no answer.
    """

    code: str
    when: TypedExpr
    action: str
    score: float
    exempt: frozenset[str]
    params: Mapping[str, Any]
    reason_en: Template
    reason_hi: Template
    until_us: int | None = None
    kind: str = ""
    money: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Policy:
    """A checked policy.

    Attributes
    ----------
    name, version
        As the author wrote them.
    content_hash
        SHA-256 (hex) over everything that changes an answer; equal hashes mean equal policies.
    base_currency
        What `amount` and sums are in.
    mode
        `enforce` or `observe` (decided and logged, answered `allow`).
    attributes
        The declared custom attributes, without their prefix.
    features, lists, rules
        In the order of the file.
    thresholds
        Action to the least score that means it.
    signals
        The derived facts that it may name.
    facts_used
        Names of all facts (signals and custom attributes included) in rules, reasons and features.
    facts_of_rules
        The same for rules and reasons alone: what must be read of an event that is decided.
    cases
        What becomes an alert, and the words of the work on cases; it changes no answer.
    notices, answers
        Which customers are told, and what follows from their answers; they change no answer of the engine either.
    labels, watch
        Whom to believe when one learns from labels, and from where on drift and the like open a case; the same.
    model
        What scores besides the rules, or None.
    control
        Which answers are let through, by lot, to learn from; None: none.
    training
        What is asked of training; it changes no answer.
    """

    name: str
    version: int
    content_hash: str
    base_currency: str
    mode: str
    attributes: Mapping[str, FactType]
    features: tuple[FeatureSpec, ...]
    lists: Mapping[str, PolicyList]
    rules: tuple[Rule, ...]
    thresholds: Mapping[str, float]
    signals: Mapping[str, Signal]
    facts_used: frozenset[str]
    facts_of_rules: frozenset[str]
    cases: CaseRules = field(compare=False)
    notices: NoticeRules = field(default_factory=NoticeRules, compare=False)
    answers: AnswerRules = field(default_factory=AnswerRules, compare=False)
    labels: LabelRules = field(default_factory=LabelRules, compare=False)
    watch: WatchRules = field(default_factory=WatchRules, compare=False)
    file: str = field(default="", compare=False)
    model: ModelRef | None = None
    control: ControlRule | None = None
    training: TrainingRules = field(default_factory=TrainingRules, compare=False)


@dataclass(frozen=True, slots=True)
class FiredRule:
    """A rule that fired, with the numbers behind it and its reason in both languages."""

    code: str
    numbers: dict[str, Any]
    en: str
    hi: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say about one event.

    Attributes
    ----------
    action
        The gravest of the rules' actions and of what the thresholds make of the score.
    score
        The greatest of the rules' scores and the model's; 0 when none fired and there is no model.
    fired
        The rules that fired and were not exempt, in the order of the policy.
    degraded
        `rule:<code>` for a rule that failed, `list:<name>` for a list that could not be read, `model:<name>` for a
        model that could not be asked.
    """

    action: str
    score: float
    fired: tuple[FiredRule, ...] = ()
    degraded: tuple[str, ...] = ()
