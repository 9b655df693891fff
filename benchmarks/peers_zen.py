"""zen-engine: 30 rules as a decision table, as a graph of expressions and as one compiled expression, against Satark's.

The rules are conjunctions of comparisons over features and facts, as in the bundled policy. A few payments in a hundred
fire at least one. Satark also writes the reasons of what fires, in two languages; zen returns codes or truth values.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import zen
from benchmarks.peers_work import NumbersDiffer

from satark.policies import ListBook, compile_rules, load_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.peers_work import Sizes

FEATURES = {
    "card_count_10m": "count() by card over 10m",
    "card_count_1d": "count() by card over 1d",
    "card_sum_1d": "sum(amount) by card over 1d",
    "card_merchants_1h": "distinct(merchant) by card over 1h",
    "card_customers_7d": "distinct(customer) by card over 7d",
    "device_cards_1h": "distinct(card) by device over 1h",
    "device_cards_7d": "distinct(card) by device over 7d",
    "ip_cards_1h": "distinct(card) by ip over 1h",
    "address_cards_7d": "distinct(card) by shipping_address over 7d",
    "merchant_count_1h": "count() by merchant over 1h",
}
TEXTS = {
    "method": ("card", "upi", "wallet", "netbanking"),
    "channel": ("app", "web", "pos"),
    "ip_country": ("IN", "IN", "IN", "US", "AE"),
}
# Each feature in three rules: alone with a high limit, with an amount, and with facts of the payment.
LIMITS = dict(zip(FEATURES, (8, 30, 90_000_00, 7, 5, 6, 12, 20, 9, 900), strict=True))


def make_rules() -> dict[str, dict[str, str]]:
    """Return 30 rules: code -> name -> comparison."""
    texts = [(name, text) for name, many in TEXTS.items() for text in dict.fromkeys(many)]
    rules: dict[str, dict[str, str]] = {}
    for place, (name, limit) in enumerate(LIMITS.items()):
        fact, text = texts[place % len(texts)]
        rules[f"{name}_high"] = {name: f"> {limit}"}
        rules[f"{name}_costly"] = {name: f"> {limit // 2}", "amount": f">= {(place + 5) * 10_000_00}"}
        rules[f"{name}_where"] = {name: f"> {limit * 2 // 3}", fact: f'== "{text}"', "amount": "> 5000000"}
    return rules


def make_inputs(count: int) -> list[dict[str, Any]]:
    """Draw what rules are asked about."""
    draw = np.random.default_rng(3)
    columns: dict[str, list[Any]] = {
        name: np.minimum(draw.exponential(limit / 5, count), limit * 4).astype(int).tolist()
        for name, limit in LIMITS.items()
    }
    columns["amount"] = np.exp(draw.normal(10, 2, count)).astype(int).tolist()
    for name, texts in TEXTS.items():
        columns[name] = [texts[place] for place in draw.integers(0, len(texts), count)]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def measure(sizes: Sizes) -> dict[str, float]:
    """Time the three ways and Satark on the same inputs; all must fire the same rules."""
    rules, inputs = make_rules(), make_inputs(sizes.evaluations)
    ours_us, ours = _satark(rules, inputs)
    found = {
        "peer_zen_satark_us": ours_us,
        "peer_zen_share_fired": sum(map(bool, ours)) / len(ours),
    }
    for way, (evaluate, codes_of) in _ways(rules).items():
        answers = []
        started = time.perf_counter()
        for given in inputs:
            answers.append(evaluate(given))  # noqa: PERF401 - the loop is what is timed
        theirs_us = (time.perf_counter() - started) / len(inputs) * 1e6
        for place, answer in enumerate(answers):
            if codes_of(answer) != ours[place]:
                raise NumbersDiffer(f"zen {way}: {answer} for {inputs[place]}, not {ours[place]}")
        found |= {
            f"peer_zen_{way}_us": theirs_us,
            f"peer_zen_{way}_times_satark": theirs_us / ours_us,
        }
    return found


def _ways(
    rules: dict[str, dict[str, str]],
) -> dict[str, tuple[Callable[[Any], Any], Callable[[Any], set[str]]]]:
    """Return by name how zen evaluates, and which rules an answer of it says have fired."""
    table, graph = (
        zen.ZenEngine().create_decision(zen.ZenDecisionContent(json.dumps(content)))
        for content in (_table(rules), _expressions(rules))
    )
    compiled = zen.compile_expression("[" + ", ".join(f"({_when(terms)})" for terms in rules.values()) + "]")
    return {
        "table": (table.evaluate, lambda answer: {row["code"] for row in answer["result"] or []}),
        "graph": (graph.evaluate, lambda answer: {c for c, fired in answer["result"].items() if fired}),
        "compiled": (
            compiled.evaluate,
            lambda answer: {code for code, fired in zip(rules, answer, strict=True) if fired},
        ),
    }


def _when(terms: dict[str, str]) -> str:
    return " and ".join(f"{name} {term}" for name, term in terms.items())


def _satark(rules: dict[str, dict[str, str]], inputs: list[dict[str, Any]]) -> tuple[float, list[set[str]]]:
    """Compile the rules and run them; what is handed over is a list, as in the engine."""
    lines = ["policy: thirty", "version: 1", "features:"]
    lines += [f"  {name}: {line}" for name, line in FEATURES.items()]
    lines.append("rules:")
    for code, terms in rules.items():
        lines += [f"  {code}:", f"    when: '{_when(terms)}'", "    action: challenge", "    score: 0.5"]
        lines += ["    reason:", f'      en: "{{{code.rpartition("_")[0]}}} is too much"']
        lines += [f'      hi: "{{{code.rpartition("_")[0]}}} बहुत अधिक है"']
    policy = load_policy("\n".join(lines))
    compiled = compile_rules(policy)
    bound = ListBook.of(policy).at(1_700_000_000_000_000)
    rows = [[given[name] for name in compiled.order] for given in inputs]
    verdicts = []
    started = time.perf_counter()
    for row in rows:
        verdicts.append(compiled.evaluate(row, bound))  # noqa: PERF401 - the loop is what is timed
    ours_us = (time.perf_counter() - started) / len(rows) * 1e6
    return ours_us, [{fired.code for fired in verdict.fired} for verdict in verdicts]


def _graph(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "payment"},
            {"id": "rules", "type": kind, "name": "rules", "content": content},
            {"id": "out", "type": "outputNode", "name": "fired"},
        ],
        "edges": [
            {"id": "e1", "type": "edge", "sourceId": "in", "targetId": "rules"},
            {"id": "e2", "type": "edge", "sourceId": "rules", "targetId": "out"},
        ],
    }


def _table(rules: dict[str, dict[str, str]]) -> dict[str, Any]:
    names = [*FEATURES, "amount", *TEXTS]
    return _graph(
        "decisionTableNode",
        {
            "hitPolicy": "collect",
            "inputs": [{"id": name, "name": name, "field": name} for name in names],
            "outputs": [{"id": "fired", "name": "code", "field": "code"}],
            "rules": [
                {"_id": code, **dict.fromkeys(names, ""), **terms, "fired": f'"{code}"'}
                for code, terms in rules.items()
            ],
        },
    )


def _expressions(rules: dict[str, dict[str, str]]) -> dict[str, Any]:
    return _graph(
        "expressionNode",
        {"expressions": [{"id": code, "key": code, "value": _when(terms)} for code, terms in rules.items()]},
    )
