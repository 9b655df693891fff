"""Map files: YAML that says how the columns of a foreign file become facts. All mistakes are told at once.

::

    map: 1
    facts:
      id: {column: tx_id, prefix: tx-}
      occurred_at: {column: tx_time, timezone: Asia/Kolkata}
      amount_minor: {column: amount, unit: major}
      method: {constant: card}
      customer: customer_id
    label: {column: fraud, fraud_values: [true], delay: 7d}
    result: {outcome: {column: status, values: {ok: authorised, no: declined}}, time: settled_at}
    arrival: received_at
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from satark.core.errors import InputInvalid
from satark.events.facts import CUSTOM_PREFIX
from satark.events.frame_columns import Kind, stored_columns
from satark.events.frame_map import AMOUNTS, MAJOR, TIME_UNITS, FrameMap, LabelSource, ResultSource, Source
from satark.language import did_you_mean
from satark.policies.document import Document

if TYPE_CHECKING:
    from collections.abc import Mapping

    import yaml

    from satark.events.facts import FactType
    from satark.events.frame_columns import Column

KEYS = ("map", "facts", "label", "result", "arrival")
SOURCE_KEYS = ("column", "constant", "prefix", "values", "unit", "timezone")
LABEL_KEYS = ("column", "fraud_values", "genuine_values", "delay", "reporter", "kind")
RESULT_KEYS = ("outcome", "time", "code", "amount_minor")
NEEDED = ("id", "occurred_at", "amount_minor", "method")
_OWN_EVENTS = frozenset({"payment"})
_DELAY = re.compile(r"([0-9]{1,4})([smhdw])?")
_UNIT_US = {
    "": 1,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
_OUTCOMES = ("authorised", "declined", "captured", "refunded", "charged_back")


def load_map(source: Path | str, attributes: Mapping[str, FactType] | None = None) -> FrameMap:
    """Read and check a map file.

    Parameters
    ----------
    source
        The path of a file (a `Path`), or a map's text (a `str`).
    attributes
        The policy's custom attributes, which a map may fill too.

    Raises
    ------
    InputInvalid
        ``diagnostics`` lists every mistake with its place.

    Examples
    --------
    >>> made = load_map("{map: 1, facts: {id: n, occurred_at: t, amount_minor: a, method: {constant: upi}}}")
    >>> made.facts["id"].column, made.facts["method"].constant
    ('n', 'upi')
    """
    if isinstance(source, Path):
        try:
            text = source.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise InputInvalid(f"{source} cannot be read: {reason}", path=str(source)) from None
        document = Document(str(source), text)
    else:
        document = Document("map.yaml", source)
    root = document.root()
    made = None if root is None else _Reader(document, stored_columns(attributes)).read(root)
    if made is None or document.diagnostics:
        document.diagnostics.sort(key=lambda one: (one.position, one.code))
        first = document.diagnostics[0]
        count = len(document.diagnostics)
        message = f"{count} mistake{'s' if count > 1 else ''} in the map; first: {first}"
        raise InputInvalid(message, path=document.file, diagnostics=document.diagnostics)
    return made


class _Reader:
    """Reads one document."""

    def __init__(self, document: Document, columns: Mapping[str, Column]) -> None:
        self._document = document
        self._columns = {name: one for name, one in columns.items() if "payment" in one.types}
        self._lines: dict[str, int] = {}

    def read(self, root: yaml.Node) -> FrameMap | None:
        top = self._document.fields(root, "the map", KEYS, required=("map", "facts"))
        if "map" in top:
            self._document.whole_number(top["map"][1], "`map`", 1, 1)
        facts = self._facts(top["facts"][1]) if "facts" in top else {}
        label = self._label(top["label"][1]) if "label" in top else None
        result = self._result(top["result"][1]) if "result" in top else None
        arrival = self._source("arrival", top["arrival"][1], Kind.TIME) if "arrival" in top else None
        if self._document.diagnostics:
            return None
        return FrameMap(facts, label, result, arrival, self._document.file, self._lines)

    def _facts(self, node: yaml.Node) -> dict[str, Source]:
        facts: dict[str, Source] = {}
        for name, (key, value) in self._document.pairs(node, "facts").items():
            column = self._columns.get(name)
            if column is None:
                hint = did_you_mean(name, self._columns) or (
                    "the policy declares it under `attributes`" if name.startswith(CUSTOM_PREFIX) else ""
                )
                self._document.error(
                    key, "unknown_fact", f"there is no fact `{name[:60]}` in a payment", hint=hint
                )
                continue
            source = self._source(name, value, column.kind)
            if source is not None:
                facts[name] = source
        for name in NEEDED:
            if name not in facts and not self._document.diagnostics:
                self._document.error(node, "missing_fact", f"the map does not say where `{name}` is")
        return facts

    def _source(self, name: str, node: yaml.Node, kind: Kind) -> Source | None:
        document = self._document
        self._lines[name] = document.place(node).line
        if not hasattr(node, "value") or not isinstance(node.value, list):
            column = document.text(node, f"the column of `{name}`")
            return None if column is None else Source(column)
        what = f"`{name}`"
        fields = document.fields(node, what, SOURCE_KEYS)
        if ("column" in fields) == ("constant" in fields):
            document.error(node, "source", f"{what} needs either `column` or `constant`")
            return None
        if "constant" in fields:
            return Source(constant=document.text(fields["constant"][1], f"the constant of {what}"))
        column = document.text(fields["column"][1], f"the column of {what}")
        prefix = document.text(fields["prefix"][1], f"the prefix of {what}") if "prefix" in fields else ""
        unit = timezone = values = None
        if "unit" in fields:
            known = ("minor", MAJOR) if name in AMOUNTS or name == "amount_minor" else tuple(TIME_UNITS)
            if kind is not Kind.TIME and name not in AMOUNTS:
                document.error(fields["unit"][0], "unit", f"{what} is neither an amount nor a time")
            else:
                unit = document.choice(fields["unit"][1], f"the unit of {what}", known)
        if "timezone" in fields:
            timezone = self._timezone(fields["timezone"][1], what)
        if "values" in fields:
            pairs = document.pairs(fields["values"][1], f"the values of {what}")
            values = {
                key: document.text(value, f"a value of {what}") or "" for key, (_, value) in pairs.items()
            }
        return Source(column, None, prefix or "", values, unit, timezone)

    def _timezone(self, node: yaml.Node, what: str) -> str | None:
        name = self._document.text(node, f"the timezone of {what}")
        if name is None:
            return None
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            hint = did_you_mean(name, sorted(available_timezones())) or "such as Asia/Kolkata"
            self._document.error(node, "timezone", f"there is no time zone `{name[:60]}`", hint=hint)
            return None
        return name

    def _label(self, node: yaml.Node) -> LabelSource | None:
        document = self._document
        fields = document.fields(node, "label", LABEL_KEYS, required=("column", "fraud_values"))
        if "column" not in fields or "fraud_values" not in fields:
            return None
        self._lines["label"] = document.place(fields["column"][1]).line
        column = document.text(fields["column"][1], "the column of `label`")
        fraud = self._texts(fields["fraud_values"][1], "fraud_values")
        genuine = (
            self._texts(fields["genuine_values"][1], "genuine_values") if "genuine_values" in fields else None
        )
        delay = self._delay(fields["delay"][1]) if "delay" in fields else 0
        reporter = document.text(fields["reporter"][1], "`reporter`") if "reporter" in fields else "file"
        kind = self._source("label.kind", fields["kind"][1], Kind.TEXT) if "kind" in fields else None
        if column is None:
            return None
        return LabelSource(column, fraud, genuine, delay, reporter or "file", kind)

    def _texts(self, node: yaml.Node, what: str) -> frozenset[str]:
        texts = [
            self._document.text(one, f"a value of `{what}`")
            for one in self._document.items(node, f"`{what}`")
        ]
        return frozenset(text for text in texts if text is not None)

    def _delay(self, node: yaml.Node) -> int:
        text = self._document.text(node, "`delay`") or ""
        match = _DELAY.fullmatch(text)
        if match is None or (match[2] is None and int(match[1]) != 0):
            self._document.error(
                node, "delay", "this is not a span of time", found=text[:20], expected="0, 12h or 7d"
            )
            return 0
        return int(match[1]) * _UNIT_US[match[2] or ""]

    def _result(self, node: yaml.Node) -> ResultSource | None:
        fields = self._document.fields(node, "result", RESULT_KEYS, required=("outcome",))
        if "outcome" not in fields:
            return None
        outcome = self._source("result.outcome", fields["outcome"][1], Kind.CHOICE)
        time = self._source("result.time", fields["time"][1], Kind.TIME) if "time" in fields else None
        code = self._source("result.code", fields["code"][1], Kind.TEXT) if "code" in fields else None
        amount = None
        if "amount_minor" in fields:
            amount = self._source("result_amount_minor", fields["amount_minor"][1], Kind.INT)
        if outcome is not None and outcome.values is not None:
            for value in outcome.values.values():
                if value not in _OUTCOMES:
                    hint = did_you_mean(value, _OUTCOMES) or f"known are {', '.join(_OUTCOMES)}"
                    self._document.error(
                        fields["outcome"][1], "outcome", f"there is no outcome `{value[:60]}`", hint=hint
                    )
        return None if outcome is None else ResultSource(outcome, time, code, amount)
