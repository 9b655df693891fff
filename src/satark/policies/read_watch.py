"""Read the `labels:` and `watch:` of a policy: whom to believe, and what to be told of.

All mistakes are collected with their place. Both sections may be left out, and each key in them has a default.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from satark.language import did_you_mean
from satark.policies.label_rules import MAX_MATURE_DAYS, TRUST_CLASSES, LabelRules, TrustOrder
from satark.policies.watch_rules import SUPERVISION, WatchRules

if TYPE_CHECKING:
    from collections.abc import Collection

    import yaml

    from satark.policies.document import Document

LABEL_KEYS = ("trust", "reporters", "mature")
WATCH_KEYS = (
    "alerts_per_day",
    "psi",
    "missing",
    "degraded",
    "calibration",
    "precision_drop",
    "label_delay",
    "least",
    "queue",
    "deadline",
)
MAX_REPORTERS = 500
MAX_REPORTER_LENGTH = 64
MAX_ALERTS = 10_000_000
NEVER = "never"

_DURATION = re.compile(r"([1-9][0-9]{0,4})([hdw])")
_UNIT_SECONDS = {"h": 3_600, "d": 86_400, "w": 7 * 86_400}
_MAX_SECONDS = MAX_MATURE_DAYS * 86_400
_NUMBERS = {
    "psi": (0.01, 5.0),
    "missing": (0.001, 1.0),
    "degraded": (0.0001, 1.0),
    "calibration": (1.05, 100.0),
    "precision_drop": (0.01, 1.0),
}


def read_labels(document: Document, node: yaml.Node) -> LabelRules:
    """Return whom to believe and when silence means genuine; mistakes go to the document."""
    fields = document.fields(node, "labels", LABEL_KEYS)
    default = LabelRules()
    order = _order(document, fields["trust"][1]) if "trust" in fields else default.trust.order
    reporters = _reporters(document, fields["reporters"][1]) if "reporters" in fields else {}
    mature_days = default.mature_days
    if "mature" in fields:
        value = fields["mature"][1]
        if document.text(value, "`mature` of labels") == NEVER:
            mature_days = None
        else:
            seconds = _duration(document, value, "`mature` of labels", f" or `{NEVER}`")
            mature_days = mature_days if seconds is None else max(1, seconds // 86_400)
    return LabelRules(TrustOrder(order, reporters), mature_days)


def read_watch(document: Document, node: yaml.Node, queues: Collection[str]) -> WatchRules:
    """Return from where on somebody is told; mistakes go to the document.

    Parameters
    ----------
    queues
        Those of the policy's cases.
    """
    fields = document.fields(node, "watch", WATCH_KEYS)
    default = WatchRules()
    numbers: dict[str, float] = {}
    for name, (least, most) in _NUMBERS.items():
        found = (
            document.number(fields[name][1], f"`{name}` of watch", least, most) if name in fields else None
        )
        numbers[name] = getattr(default, name) if found is None else found
    at_least: int | None = default.least
    if "least" in fields:
        at_least = document.whole_number(fields["least"][1], "`least` of watch", 1, 10**9)
    delay = (
        _duration(document, fields["label_delay"][1], "`label_delay`") if "label_delay" in fields else None
    )
    deadline = (
        _duration(document, fields["deadline"][1], "`deadline` of watch") if "deadline" in fields else None
    )
    queue = default.queue
    if "queue" in fields:
        queue = _queue(document, fields["queue"][1], queues) or queue
    budgets = _budgets(document, fields["alerts_per_day"][1], queues) if "alerts_per_day" in fields else {}
    return WatchRules(
        alerts_per_day=budgets,
        label_delay_days=default.label_delay_days if delay is None else delay / 86_400,
        least=at_least or default.least,
        queue=queue,
        deadline_seconds=deadline or default.deadline_seconds,
        **numbers,
    )


def _order(document: Document, node: yaml.Node) -> tuple[str, ...]:
    found: list[str] = []
    for item in document.items(node, "`trust` of labels"):
        kind = document.choice(item, "a kind of reporter", TRUST_CLASSES)
        if kind in found:
            document.error(item, "duplicate_key", f"`{kind}` stands twice in `trust`")
        elif kind is not None:
            found.append(kind)
    return tuple(found)


def _reporters(document: Document, node: yaml.Node) -> dict[str, str]:
    pairs = document.pairs(node, "`reporters` of labels")
    if len(pairs) > MAX_REPORTERS:
        document.error(node, "too_many", "there are too many reporters", expected=f"at most {MAX_REPORTERS}")
    found: dict[str, str] = {}
    for name, (key, value) in pairs.items():
        if not name.strip() or len(name) > MAX_REPORTER_LENGTH:
            expected = f"1 to {MAX_REPORTER_LENGTH} characters"
            document.error(key, "name", "this cannot be the name of a reporter", expected=expected)
        kind = document.choice(
            value, f"the kind of the reporter `{name[:MAX_REPORTER_LENGTH]}`", TRUST_CLASSES
        )
        if kind is not None:
            found[name.strip().casefold()] = kind
    return found


def _budgets(document: Document, node: yaml.Node, queues: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for queue, (key, value) in document.pairs(node, "`alerts_per_day` of watch").items():
        if queue not in queues:
            hint = did_you_mean(queue, queues) or f"known are {', '.join(queues)}"
            document.error(key, "unknown_queue", f"there is no queue `{queue[:64]}`", hint=hint)
        number = document.whole_number(value, f"`alerts_per_day` of `{queue[:64]}`", 1, MAX_ALERTS)
        if number is not None:
            found[queue] = number
    return found


def _queue(document: Document, node: yaml.Node, queues: Collection[str]) -> str | None:
    known = [*queues, *([] if SUPERVISION in queues else [SUPERVISION])]
    queue = document.text(node, "`queue` of watch")
    if queue is not None and queue not in known:
        hint = did_you_mean(queue, known) or f"known are {', '.join(known)}"
        document.error(node, "unknown_queue", f"there is no queue `{queue[:64]}`", hint=hint)
    return queue


def _duration(document: Document, node: yaml.Node, what: str, also: str = "") -> int | None:
    text = document.text(node, what)
    if text is None:
        return None
    found = _DURATION.fullmatch(text)
    seconds = int(found[1]) * _UNIT_SECONDS[found[2]] if found else 0
    if not 0 < seconds <= _MAX_SECONDS:
        expected = f"a number with h, d or w, at most {MAX_MATURE_DAYS}d{also}"
        document.error(node, "duration", f"{what} is not usable", found=f"`{text[:60]}`", expected=expected)
        return None
    return seconds
