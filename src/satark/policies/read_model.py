"""Read the `model:`, `control:` and `training:` sections of a policy."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, cast

import yaml

from satark.language import Position, Schema, Type, compile_values, did_you_mean, parse_and_check
from satark.policies.model import IF_MISSING
from satark.policies.model_rules import (
    CONTROLLED,
    MAX_CHALLENGERS,
    MAX_GRAPHS,
    MAX_SHARE,
    STORED,
    ControlRule,
    ModelRef,
    TrainingRules,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from satark.language import NameInfo
    from satark.policies.document import Document, Pairs

MODEL_KEYS = ("use", "hash", "if_missing", "challengers")
CHALLENGER_KEYS = ("use", "hash")
CONTROL_KEYS = ("share", "actions", "most")
TRAINING_KEYS = ("monotone", "exclude", "graph")
DIRECTIONS = {"up": 1, "down": -1}
MAX_USE = 200
_HASH = re.compile(r"[0-9a-f]{64}")


def read_model(document: Document, node: yaml.Node) -> ModelRef | None:
    """Return the model that a policy names; mistakes go to the document."""
    fields = document.fields(node, "model", MODEL_KEYS, required=("use", "hash"))
    found = _read_ref(document, fields, "the model")
    if_missing = "open"
    if "if_missing" in fields:
        if_missing = (
            document.choice(fields["if_missing"][1], "`if_missing` of the model", IF_MISSING) or "open"
        )
    challengers: list[ModelRef] = []
    if "challengers" in fields:
        challengers = _read_challengers(document, fields["challengers"][1], found)
    if found is None:
        return None
    return ModelRef(found.use, found.hash, if_missing, tuple(challengers))


def read_control(document: Document, node: yaml.Node) -> ControlRule | None:
    """Return which answers are let through to learn from; mistakes go to the document."""
    fields = document.fields(node, "control", CONTROL_KEYS, required=("share", "most"))
    share = (
        document.number(fields["share"][1], "`share` of control", 0, MAX_SHARE) if "share" in fields else None
    )
    actions = frozenset({"hold"})
    if "actions" in fields:
        items = document.items(fields["actions"][1], "`actions` of control")
        told = [document.choice(item, "an action of control", CONTROLLED) for item in items]
        if not items and isinstance(fields["actions"][1], yaml.SequenceNode):
            document.error(fields["actions"][1], "empty", "`actions` of control names none")
        actions = frozenset(action for action in told if action is not None)
    most = _read_amount(document, fields["most"][1], "`most` of control") if "most" in fields else None
    if share is None or most is None:
        return None
    return ControlRule(share, actions, most)


def read_training(
    document: Document, node: yaml.Node, names: Collection[str], facts: Mapping[str, NameInfo]
) -> TrainingRules:
    """Return what is asked of training; mistakes go to the document.

    Parameters
    ----------
    document, node
        The section.
    names
        The facts and features that a model may read.
    facts
        The facts of payments alone.
    """
    fields = document.fields(node, "training", TRAINING_KEYS)
    monotone: dict[str, int] = {}
    if "monotone" in fields:
        for name, (key, value) in document.pairs(fields["monotone"][1], "`monotone` of training").items():
            direction = document.choice(value, f"the direction of `{name[:64]}`", DIRECTIONS)
            if _is_known(document, key, name, names) and direction is not None:
                monotone[name] = DIRECTIONS[direction]
    exclude: set[str] = set()
    if "exclude" in fields:
        for item in document.items(fields["exclude"][1], "`exclude` of training"):
            excluded = document.text(item, "a name in `exclude` of training")
            if excluded is not None and _is_known(document, item, excluded, names):
                exclude.add(excluded)
    graph = _read_graph(document, fields["graph"][1], facts, exclude) if "graph" in fields else {}
    return TrainingRules(monotone, frozenset(exclude), graph)


def _read_graph(
    document: Document, node: yaml.Node, facts: Mapping[str, NameInfo], exclude: Collection[str]
) -> dict[str, str]:
    """Return the pairs of facts whose names are drawn out into a graph."""
    pairs = document.pairs(node, "`graph` of training")
    if len(pairs) > MAX_GRAPHS:
        document.error(
            node, "too_many", "`graph` of training has too many pairs", expected=f"at most {MAX_GRAPHS}"
        )
        return {}
    graph: dict[str, str] = {}
    for name, (key, value) in pairs.items():
        partner = document.text(value, f"the partner of `{name[:64]}` in `graph`")
        if partner is None:
            continue
        fit = [_is_name(document, *one, facts, exclude) for one in ((key, name), (value, partner))]
        if name == partner:
            document.error(value, "duplicate", f"`{name[:64]}` is its own partner in `graph`")
        elif all(fit):
            graph[name] = partner
    return graph


def _is_name(
    document: Document, node: yaml.Node, name: str, facts: Mapping[str, NameInfo], exclude: Collection[str]
) -> bool:
    """Return whether a fact names somebody or something, and a model may read it."""
    if not _is_known(document, node, name, facts):
        return False
    if facts[name].type is not Type.STR or facts[name].choices is not None:
        document.error(node, "type", f"`{name}` names nobody", expected="a text such as customer or merchant")
        return False
    if name in exclude:
        document.error(
            node, "choice", f"`{name}` is in `exclude` of training, so no graph can be drawn of it"
        )
        return False
    return True


def _read_ref(document: Document, fields: Pairs, what: str) -> ModelRef | None:
    use = document.text(fields["use"][1], f"`use` of {what}") if "use" in fields else None
    known = document.text(fields["hash"][1], f"`hash` of {what}") if "hash" in fields else None
    if known is not None and not _HASH.fullmatch(known):
        hint = "`satark models show FILE` tells it"
        document.error(
            fields["hash"][1], "hash", f"`hash` of {what} is not usable", found=f"`{known[:64]}`",
            expected="64 hexadecimal digits", hint=hint,
        )  # fmt: skip
        known = None
    if use is not None and use.startswith(STORED):
        if known is not None and use.removeprefix(STORED) != known:
            document.error(fields["use"][1], "hash", f"`use` and `hash` of {what} name different models")
            return None
    elif use is not None and not _is_beside(use):
        document.error(
            fields["use"][1], "file", f"`use` of {what} is not usable", found=f"`{use[:64]}`",
            expected="the name of a file beside the policy, or sha256: and a hash",
        )  # fmt: skip
        return None
    return None if use is None or known is None else ModelRef(use, known)


def _is_beside(use: str) -> bool:
    """Return whether a name stays within the policy's folder."""
    path = PurePosixPath(use)
    plain = use.isprintable() and "\\" not in use and 0 < len(use) <= MAX_USE
    return plain and not path.is_absolute() and ".." not in path.parts and path.name not in {"", "."}


def _read_challengers(document: Document, node: yaml.Node, champion: ModelRef | None) -> list[ModelRef]:
    items = document.items(node, "`challengers` of the model")
    if len(items) > MAX_CHALLENGERS:
        expected = f"at most {MAX_CHALLENGERS}"
        document.error(node, "too_many", "the model has too many challengers", expected=expected)
        return []
    seen = set() if champion is None else {champion.hash}
    found: list[ModelRef] = []
    for item in items:
        fields = document.fields(item, "a challenger", CHALLENGER_KEYS, required=CHALLENGER_KEYS)
        one = _read_ref(document, fields, "a challenger")
        if one is None:
            continue
        if one.hash in seen:
            document.error(item, "duplicate", "this model takes part already")
            continue
        seen.add(one.hash)
        found.append(one)
    return found


def _read_amount(document: Document, node: yaml.Node, what: str) -> int | None:
    """Return an amount in minor units: a whole number, or an expression such as `rupees(5000)`."""
    if document.text(node, what) is None:
        return None
    place = document.scalar_place(node)
    expr, wrong = parse_and_check(place.text, Schema({}), Position(document.file))
    document.diagnostics += place.carry_back(wrong)
    if expr is None:
        return None
    value = compile_values([expr], [])([], cast("Any", None))[0]
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    document.error(
        node, "number", f"{what} is not usable", found=f"`{place.text[:64]}`",
        expected="an amount such as rupees(5000)",
    )  # fmt: skip
    return None


def _is_known(document: Document, node: yaml.Node, name: str, names: Collection[str]) -> bool:
    if name in names:
        return True
    document.error(
        node, "unknown_name", f"there is no fact or feature `{name[:64]}`", hint=did_you_mean(name, names)
    )
    return False
