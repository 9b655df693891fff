"""The hash by which a policy is known: over all that changes an answer, and nothing else."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satark.events.facts import FactType
    from satark.features.spec import FeatureSpec
    from satark.language import TypedExpr
    from satark.policies.model import PolicyList, Rule
    from satark.policies.model_rules import ControlRule, ModelRef


def content_hash(
    head: tuple[str, int, str, str],
    attributes: Mapping[str, FactType],
    features: Sequence[FeatureSpec],
    lists: Mapping[str, PolicyList],
    rules: Sequence[Rule],
    thresholds: Mapping[str, float],
    model: ModelRef | None,
    control: ControlRule | None,
) -> str:
    """Return the SHA-256 of all that changes an answer, in one canonical form.

    Layout, comments and the order of keys that do not matter leave it as it is. List files are not part of
    it: their content is an input that the log records. Of models only the hashes count, not where they lie; a policy
    without any keeps the hash that it had before there were models.
    """

    def text(expr: TypedExpr | None) -> str | None:
        return None if expr is None else expr.canonical

    content: list[Any] = [
        head,
        {name: kind.value for name, kind in attributes.items()},
        [
            (f.name, f.statistic.value, f.event_type, text(f.value), text(f.where), text(f.condition), f.by,
             f.window_seconds, f.delay_seconds)
            for f in features
        ],
        [
            (one.name, one.of, one.if_missing, one.file.name if one.file else None,
             [(entry.value, entry.expires_us) for entry in one.entries])
            for one in lists.values()
        ],
        [
            (r.code, r.when.canonical, r.action, r.score, sorted(r.exempt), r.until_us, r.kind,
            r.reason_en.source,
             r.reason_hi.source, dict(r.params))
            for r in rules
        ],
        thresholds,
    ]  # fmt: skip
    if model is not None:
        content.append({"model": (model.hash, model.if_missing, [one.hash for one in model.challengers])})
    if control is not None:
        content.append({"control": (control.share, sorted(control.actions), control.most_minor)})
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
