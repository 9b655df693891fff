"""Read the `cases:` of a policy: queues, routes, what joins alerts, reasons, checklist, offered list entries.

All mistakes are collected with their place, like those of the rest of a policy. A policy without this section gets
`default_case_rules`: what is held or blocked goes to one queue.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from satark.core.words import Words
from satark.language import ListInfo, NameInfo, Position, Schema, Type, did_you_mean, parse_and_check
from satark.policies.case_rules import KIND_OF_FACT, OUTCOMES, CaseRules, CaseTerms, JoinRule, OnFraud, Route
from satark.policies.case_words import CHECKLIST, REASONS, REVIEW
from satark.policies.model import ACTIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import yaml

    from satark.language import TypedExpr
    from satark.policies.document import Document, Pairs
    from satark.policies.model import PolicyList

KEYS = ("queues", "routes", "join", "reasons", "checklist", "on_fraud")
ROUTE_KEYS = ("when", "queue", "deadline", "four_eyes")
MAX_QUEUES = 50
MAX_ROUTES = 200
MAX_REASONS = 50
MAX_ITEMS = 30
MAX_WORDS = 120
MAX_JOINED = 1_000
MAX_SECONDS = 366 * 86_400
DEFAULT_QUEUE = "review"
DEFAULT_DEADLINE_SECONDS = 7_200
DEFAULT_JOIN = JoinRule(frozenset({"card", "device", "customer", "address"}), 7 * 86_400, 200)
NO_QUEUE = "none"
"""What a route says that makes no alert."""

_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CODE_HINT = "a small letter, then small letters, digits and _, at most 64"
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DEFAULT_WHEN = 'action in ("hold", "block")'
_DECIDED = {
    "action": NameInfo(Type.STR, nullable=False, choices=frozenset(ACTIONS)),
    "score": NameInfo(Type.FLOAT, nullable=False),
    "kind": NameInfo(Type.STR),
}


def read_cases(
    document: Document,
    node: yaml.Node,
    names: Mapping[str, NameInfo],
    lists: Mapping[str, PolicyList],
    not_read: Collection[str] = (),
) -> CaseRules:
    """Return the rules of cases; mistakes go to the document.

    Parameters
    ----------
    names
        The facts of a payment; `action`, `score` and `kind` come to them here.
    lists
        The policy's lists, for `listed` in a route and for the entries that are offered.
    not_read
        Lists that are there but wrong: that they are unknown is not said again.
    """
    fields = document.fields(node, "cases", KEYS, required=("queues", "routes"))
    queues = _queues(document, fields["queues"][1]) if "queues" in fields else {}
    routes = (
        _routes(document, fields["routes"][1], queues, _schema(names, lists)) if "routes" in fields else ()
    )
    join = _join(document, fields["join"][1]) if "join" in fields else DEFAULT_JOIN
    reasons = _reasons(document, fields["reasons"][1]) if "reasons" in fields else REASONS
    checklist = CHECKLIST
    if "checklist" in fields:
        checklist = _coded(document, fields["checklist"][1], "checklist", CHECKLIST)
    on_fraud = _on_fraud(document, fields["on_fraud"][1], lists, not_read) if "on_fraud" in fields else ()
    return CaseRules(routes, join, CaseTerms(queues, reasons, checklist, on_fraud))


def default_case_rules(names: Mapping[str, NameInfo] | None = None) -> CaseRules:
    """Return what holds for a policy without the section: what is held or blocked, within two hours.

    Examples
    --------
    >>> rules = default_case_rules()
    >>> rules.routes[0].when.source, rules.routes[0].queue
    ('action in ("hold", "block")', 'review')
    """
    when, _ = parse_and_check(_DEFAULT_WHEN, _schema(names or {}, {}), Position("-"), Type.BOOL)
    route = Route(when, DEFAULT_QUEUE, DEFAULT_DEADLINE_SECONDS, four_eyes=False)
    return CaseRules((route,), DEFAULT_JOIN, CaseTerms({DEFAULT_QUEUE: REVIEW}, REASONS, CHECKLIST))


def _schema(names: Mapping[str, NameInfo], lists: Mapping[str, PolicyList]) -> Schema:
    return Schema({**names, **_DECIDED}, {name: ListInfo(one.type) for name, one in lists.items()})


def _queues(document: Document, node: yaml.Node) -> dict[str, Words]:
    pairs = document.pairs(node, "`queues` of cases")
    if len(pairs) > MAX_QUEUES:
        document.error(node, "too_many", "there are too many queues", expected=f"at most {MAX_QUEUES}")
    queues: dict[str, Words] = {}
    for code, (key, value) in pairs.items():
        if not _CODE.fullmatch(code) or code == NO_QUEUE:
            document.error(key, "name", f"`{code[:64]}` cannot be the name of a queue", hint=_CODE_HINT)
            continue
        queues[code] = _words(document, value, f"the queue `{code}`") or REVIEW
    return queues


def _routes(
    document: Document, node: yaml.Node, queues: Mapping[str, Words], schema: Schema
) -> tuple[Route, ...]:
    items = document.items(node, "`routes` of cases")
    if len(items) > MAX_ROUTES:
        document.error(node, "too_many", "there are too many routes", expected=f"at most {MAX_ROUTES}")
    routes: list[Route] = []
    for number, item in enumerate(items, 1):
        what = f"route {number}"
        fields = document.fields(item, what, ROUTE_KEYS, required=("queue",))
        before = len(document.diagnostics)
        when = _when(document, fields["when"][1], what, schema) if "when" in fields else None
        queue = _queue(document, fields, what, queues)
        deadline = DEFAULT_DEADLINE_SECONDS
        if "deadline" in fields:
            deadline = _duration(document, fields["deadline"][1], f"`deadline` of {what}") or deadline
        four_eyes = _flag(document, fields, "four_eyes", what)
        if len(document.diagnostics) == before and "queue" in fields:
            routes.append(Route(when, queue, deadline, four_eyes))
    return tuple(routes)


def _when(document: Document, node: yaml.Node, what: str, schema: Schema) -> TypedExpr | None:
    if document.text(node, f"`when` of {what}") is None:
        return None
    place = document.scalar_place(node)
    expr, wrong = parse_and_check(place.text, schema, Position(document.file), Type.BOOL)
    document.diagnostics += place.carry_back(wrong)
    if expr is not None and expr.lists:
        # The worker follows the log behind the engine: what a list holds by then is not what it held.
        hint = "give the rule that asks the list a `kind`, and name that kind here"
        document.error(node, "list_in_route", "a route cannot ask a list", hint=hint)
    return expr


def _queue(document: Document, fields: Pairs, what: str, queues: Mapping[str, Words]) -> str | None:
    if "queue" not in fields:
        return None
    node = fields["queue"][1]
    queue = document.text(node, f"`queue` of {what}")
    if queue is None or queue == NO_QUEUE:
        return None
    if queue not in queues:
        hint = did_you_mean(queue, queues) or f"known are {', '.join((*queues, NO_QUEUE))}"
        document.error(node, "unknown_queue", f"there is no queue `{queue[:64]}`", hint=hint)
    return queue


def _join(document: Document, node: yaml.Node) -> JoinRule:
    fields = document.fields(node, "`join` of cases", ("by", "within", "at_most"), required=("by",))
    kinds = set[str]()
    for item in document.items(fields["by"][1], "`by` of `join`") if "by" in fields else ():
        fact = document.choice(item, "what alerts are joined by", KIND_OF_FACT)
        if fact is not None:
            kinds.add(KIND_OF_FACT[fact])
    within = DEFAULT_JOIN.within_seconds
    if "within" in fields:
        within = _duration(document, fields["within"][1], "`within` of `join`") or within
    at_most: int | None = DEFAULT_JOIN.at_most
    if "at_most" in fields:
        at_most = document.whole_number(fields["at_most"][1], "`at_most` of `join`", 1, MAX_JOINED)
    return JoinRule(frozenset(kinds), within, at_most or DEFAULT_JOIN.at_most)


def _reasons(document: Document, node: yaml.Node) -> dict[str, dict[str, Words]]:
    fields = document.fields(node, "`reasons` of cases", OUTCOMES)
    found: dict[str, dict[str, Words]] = {}
    for outcome in OUTCOMES:
        if outcome not in fields:
            found[outcome] = REASONS[outcome]
            continue
        found[outcome] = _coded(
            document, fields[outcome][1], f"reasons for {outcome}", REASONS[outcome], most=MAX_REASONS
        )
        if fields[outcome][1].value == []:
            document.error(fields[outcome][1], "empty", f"there is no reason for {outcome}")
    return found


def _coded(
    document: Document, node: yaml.Node, what: str, known: Mapping[str, Words], *, most: int = MAX_ITEMS
) -> dict[str, Words]:
    """Return codes with their words: each item is a known code, or `{code, en, hi}`."""
    items = document.items(node, f"the {what}")
    if len(items) > most:
        document.error(node, "too_many", f"the {what} is too long", expected=f"at most {most}")
    found: dict[str, Words] = {}
    for item in items:
        code_node, words = item, None
        if not isinstance(item.value, str):
            fields = document.fields(
                item, f"an item of the {what}", ("code", "en", "hi"), required=("code", "en", "hi")
            )
            if "code" not in fields:
                continue
            code_node = fields.pop("code")[1]
            words = _words_of(document, fields, f"an item of the {what}")
        code = document.text(code_node, f"a code of the {what}")
        if code is None:
            continue
        if not _CODE.fullmatch(code):
            document.error(code_node, "name", f"`{code[:64]}` cannot be a code", hint=_CODE_HINT)
        elif code in found:
            document.error(code_node, "duplicate_key", f"`{code}` stands twice in the {what}")
        elif words is None and code not in known:
            if code_node is item:
                hint = did_you_mean(code, known) or f"give it words: {{code: {code}, en: ..., hi: ...}}"
                document.error(code_node, "no_words", f"`{code}` has no words", hint=hint)
        else:
            found[code] = words or known[code]
    return found


def _on_fraud(
    document: Document, node: yaml.Node, lists: Mapping[str, PolicyList], not_read: Collection[str]
) -> tuple[OnFraud, ...]:
    fields = document.fields(node, "`on_fraud` of cases", ("lists",))
    found: list[OnFraud] = []
    for item in document.items(fields["lists"][1], "`lists` of `on_fraud`") if "lists" in fields else ():
        what = "a list of `on_fraud`"
        parts = document.fields(item, what, ("list", "of", "expires"), required=("list",))
        name = document.text(parts["list"][1], what) if "list" in parts else None
        if name is None or name in not_read:
            continue
        known = lists.get(name)
        if known is None:
            hint = did_you_mean(name, lists)
            document.error(parts["list"][1], "unknown_list", f"there is no list `{name[:64]}`", hint=hint)
            continue
        of: str | None = known.of
        if "of" in parts:
            of = document.choice(parts["of"][1], f"`of` of {what}", KIND_OF_FACT)
        elif of not in KIND_OF_FACT:
            hint = "say with `of:` which of the case's things are put on it"
            document.error(item, "missing_key", f"the list `{name}` holds values of `{of}`", hint=hint)
            continue
        if of is None:
            continue
        expires = (
            _duration(document, parts["expires"][1], f"`expires` of {what}") if "expires" in parts else None
        )
        found.append(
            OnFraud(name, KIND_OF_FACT[of], expires, _prefix(document, item, known, KIND_OF_FACT[of]))
        )
    return tuple(found)


def _prefix(document: Document, node: yaml.Node, known: PolicyList, kind: str) -> str:
    """Return what stands before a value on the list, after checking that such values belong there."""
    if known.of == "payee_key" and kind in {"merchant", "account", "vpa"}:
        return f"{kind}:"
    if KIND_OF_FACT.get(known.of) != kind:
        document.error(
            node, "type", f"the list `{known.name}` cannot hold these", found=kind, expected=f"`{known.of}`"
        )
    return ""


def _words(document: Document, node: yaml.Node, what: str) -> Words | None:
    return _words_of(document, document.fields(node, what, ("en", "hi"), required=("en", "hi")), what)


def _words_of(document: Document, fields: Pairs, what: str) -> Words | None:
    found: dict[str, str] = {}
    for lang in ("en", "hi"):
        if lang not in fields:
            continue
        node = fields[lang][1]
        text = document.text(node, f"`{lang}` of {what}")
        if text is not None and (not text.strip() or len(text) > MAX_WORDS or not text.isprintable()):
            expected = f"1 to {MAX_WORDS} characters on one line"
            document.error(node, "words", f"`{lang}` of {what} is not usable", expected=expected)
        elif text is not None:
            found[lang] = text
    return Words(en=found["en"], hi=found["hi"]) if len(found) == 2 else None  # noqa: PLR2004 - both languages


def _duration(document: Document, node: yaml.Node, what: str) -> int | None:
    text = document.text(node, what)
    if text is None:
        return None
    found = _DURATION.fullmatch(text)
    seconds = int(found[1]) * _UNIT_SECONDS[found[2]] if found else 0
    if not 0 < seconds <= MAX_SECONDS:
        document.error(
            node, "duration", f"{what} is not usable", found=f"`{text[:60]}`",
            expected="a number with s, m, h or d, at most 366d",
        )  # fmt: skip
        return None
    return seconds


def _flag(document: Document, fields: Pairs, name: str, what: str) -> bool:
    if name not in fields:
        return False
    return document.choice(fields[name][1], f"`{name}` of {what}", ("true", "false")) == "true"
