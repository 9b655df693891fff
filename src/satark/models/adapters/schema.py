"""Read the schema of a model from outside: what its columns mean here, and what comes out of it.

::

    schema: 1
    model: card_risk
    inputs:
      amount: {value: amount / 100}
      card_payments_10m: {value: card_10m, typical: 1, unit: count,
                          says: {en: "{value} payments on this card in 10 minutes",
                                 hi: "इस कार्ड से 10 मिनट में {value} बार"}}
      method: {value: method, categories: [card, upi], missing: -1}
    output: {kind: probability, positive: 1}

The inputs stand in the order of the model's columns. All mistakes are told at once, each with its place in the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from satark.core.errors import InputInvalid
from satark.language import Position, Schema, Type, parse_and_check
from satark.language.document import Document
from satark.models.calibration import complaint
from satark.models.head import INPUT_TYPES, MAX_INPUTS, ModelInput
from satark.models.words import UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import yaml

    from satark.language import NameInfo, TypedExpr
    from satark.language.document import Pairs

KEYS: Final = ("schema", "model", "inputs", "output", "notes")
INPUT_KEYS: Final = ("value", "type", "missing", "typical", "categories", "unit", "says")
OUTPUT_KEYS: Final = ("kind", "positive", "name", "calibration", "riskier")
OUTPUT_KINDS: Final = ("probability", "score")
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,119}")
MODEL_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
MAX_CATEGORIES: Final = 1_000
MAX_POINTS: Final = 1_000
MAX_WORDS: Final = 200
MAX_NOTES: Final = 2_000
LARGEST: Final = 1e15


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes out of a model.

    Attributes
    ----------
    probability
        A probability of fraud; otherwise a raw score.
    positive
        The class whose probability it is, or the place of its column; None where there is only one column.
    name
        Of the output to read; empty: the only one that fits.
    calibration
        From raw scores, ascending and with the riskier ones last, to probabilities; both empty for a probability.
    falls
        A smaller score of the model is the riskier one; `calibration` is over the negative of it then.
    """

    probability: bool = True
    positive: int | str | None = None
    name: str = ""
    calibration: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    falls: bool = False


@dataclass(frozen=True, slots=True)
class ModelSchema:
    """A schema that was read and checked against a policy.

    Attributes
    ----------
    name
        Of the model.
    inputs
        In the order of its columns.
    missing
        What each input is given where its value is null; None: not a number.
    outcome
        What comes out.
    notes
        For the model card.
    """

    name: str
    inputs: tuple[ModelInput, ...]
    missing: tuple[float | None, ...]
    outcome: Outcome
    notes: str


def read_schema(
    source: Path | str,
    names: Mapping[str, NameInfo],
    signatures: Mapping[str, str],
    *,
    file: str | None = None,
) -> ModelSchema:
    """Read and check a schema.

    Parameters
    ----------
    source
        The path of a file (a `Path`), or a schema's text (a `str`).
    names
        The facts and features that the policy knows (`satark.policies.names.rule_names`).
    signatures
        The signature of each of its features (`satark.features.spec.feature_signature`).
    file
        How messages name it.

    Raises
    ------
    InputInvalid
        ``diagnostics`` lists every mistake with its place.

    Examples
    --------
    >>> from satark.language import NameInfo
    >>> names = {"amount": NameInfo(Type.INT)}
    >>> read = read_schema("{schema: 1, model: m, inputs: {a: {value: amount / 100}}, output: {kind: probability}}",
    ...     names, {})
    >>> read.inputs[0].source, read.inputs[0].type, read.missing
    ('amount / 100', 'float', (None,))
    """
    if isinstance(source, Path):
        file = str(source) if file is None else file
        try:
            text = source.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise InputInvalid(f"{file} cannot be read: {reason}", path=file) from None
    else:
        text = source
    document = Document(file or "schema.yaml", text)
    root = document.root()
    read = None if root is None else _Reader(document, names, signatures).read(root)
    if read is None or document.diagnostics:
        document.diagnostics.sort(key=lambda one: (one.position, one.code))
        count = len(document.diagnostics)
        message = f"{count} mistake{'s' if count > 1 else ''} in the schema; first: {document.diagnostics[0]}"
        raise InputInvalid(message, path=document.file, diagnostics=document.diagnostics)
    return read


class _Reader:
    """Reads one document."""

    def __init__(
        self, document: Document, names: Mapping[str, NameInfo], signatures: Mapping[str, str]
    ) -> None:
        self._document = document
        self._names = Schema(names)
        self._signatures = signatures

    def read(self, root: yaml.Node) -> ModelSchema | None:
        document = self._document
        top = document.fields(root, "the schema", KEYS, required=("schema", "model", "inputs", "output"))
        if "schema" in top:
            document.whole_number(top["schema"][1], "`schema`", 1, 1)
        name = document.text(top["model"][1], "`model`") if "model" in top else None
        if name is not None and not MODEL_NAME.fullmatch(name):
            hint = "a small letter, then small letters, digits and _, at most 64"
            document.error(top["model"][1], "name", f"`{name[:64]}` cannot be the name of a model", hint=hint)
        notes = self._words(top["notes"][1], "`notes`", MAX_NOTES) if "notes" in top else ""
        read = self._inputs(top["inputs"][1]) if "inputs" in top else []
        outcome = self._outcome(top["output"][1]) if "output" in top else None
        if document.diagnostics or name is None or outcome is None:
            return None
        inputs, missing = zip(*read, strict=True)
        return ModelSchema(name, inputs, missing, outcome, notes)

    # ---- inputs ----------------------------------------------------------------------------------------------------

    def _inputs(self, node: yaml.Node) -> list[tuple[ModelInput, float | None]]:
        document = self._document
        pairs = document.pairs(node, "inputs")
        if not pairs and not document.diagnostics:
            document.error(node, "empty", "the schema has no inputs")
        if len(pairs) > MAX_INPUTS:
            document.error(node, "too_many", "there are too many inputs", expected=f"at most {MAX_INPUTS}")
            return []
        read = []
        for name, (key, body) in pairs.items():
            if not NAME.fullmatch(name):
                hint = "letters, digits, _ . and -, at most 120"
                document.error(key, "name", f"`{name[:60]}` cannot be the name of an input", hint=hint)
            one = self._input(name, body)
            if one is not None:
                read.append(one)
        return read

    def _input(self, name: str, node: yaml.Node) -> tuple[ModelInput, float | None] | None:
        document, what = self._document, f"the input `{name[:60]}`"
        fields = document.fields(node, what, INPUT_KEYS, required=("value",))
        expr = self._value(fields["value"][1]) if "value" in fields else None
        categories = self._categories(fields, what)
        kind = (
            document.choice(fields["type"][1], f"`type` of {what}", INPUT_TYPES) if "type" in fields else None
        )
        missing = self._number(fields, "missing", what)
        typical = self._number(fields, "typical", what)
        unit = document.choice(fields["unit"][1], f"`unit` of {what}", UNITS[:-1]) if "unit" in fields else ""
        says_en, says_hi = self._says(fields["says"][1], what) if "says" in fields else ("", "")
        if expr is None:
            return None
        node = fields["value"][1]
        if expr.type.value not in INPUT_TYPES:
            document.error(
                node, "type", f"{what} is {expr.type}, which no model takes", hint="take a difference"
            )
        elif kind is not None and kind != expr.type.value:
            document.error(
                fields["type"][1], "type", f"{what} is {expr.type}", found=kind, expected=str(expr.type)
            )
        if (expr.type is Type.STR) != bool(categories):
            hint = (
                "a text, and only a text, lists the values that the model knows, in the order of their codes"
            )
            document.error(node, "categories", f"{what} is {expr.type}", hint=hint)
        own = {one: self._signatures[one] for one in sorted(expr.names) if one in self._signatures}
        made = ModelInput(
            name, expr.source, expr.type.value, categories, typical, own,
            unit=unit or "", says_en=says_en, says_hi=says_hi,
        )  # fmt: skip
        return made, missing

    def _value(self, node: yaml.Node) -> TypedExpr | None:
        document = self._document
        if document.text(node, "`value`") is None:
            return None
        place = document.scalar_place(node)
        expr, wrong = parse_and_check(place.text, self._names, Position(document.file))
        # The language counts from the first character of the value; here are the places in the file.
        document.diagnostics += place.carry_back(wrong)
        return expr

    def _categories(self, fields: Pairs, what: str) -> tuple[str, ...]:
        if "categories" not in fields:
            return ()
        document, node = self._document, fields["categories"][1]
        items = document.items(node, f"`categories` of {what}")
        if len(items) > MAX_CATEGORIES:
            document.error(
                node, "too_many", "there are too many categories", expected=f"at most {MAX_CATEGORIES}"
            )
            return ()
        texts = [document.text(item, f"a category of {what}") for item in items]
        for place, text in enumerate(texts):
            if text is not None and text in texts[:place]:
                document.error(
                    items[place], "duplicate", f"`{text[:60]}` stands twice in `categories` of {what}"
                )
        return tuple(text for text in texts if text is not None)

    def _number(self, fields: Pairs, key: str, what: str) -> float | None:
        if key not in fields:
            return None
        node = fields[key][1]
        if key == "missing" and getattr(node, "value", None) == "nan":
            return None
        return self._document.number(node, f"`{key}` of {what}", -LARGEST, LARGEST)

    def _says(self, node: yaml.Node, what: str) -> tuple[str, str]:
        fields = self._document.fields(node, f"`says` of {what}", ("en", "hi"), required=("en", "hi"))
        en, hi = (
            self._words(fields[lang][1], f"`{lang}` of {what}", MAX_WORDS) if lang in fields else ""
            for lang in ("en", "hi")
        )
        for lang, text in (("en", en), ("hi", hi)):
            if text and text.count("{value}") != 1:
                message = f"`{lang}` of {what} must hold {{value}} once"
                self._document.error(fields[lang][1], "template", message)
        return en, hi

    def _words(self, node: yaml.Node, what: str, most: int) -> str:
        text = self._document.text(node, what) or ""
        if len(text) > most:
            self._document.error(
                node, "too_long", f"{what} is too long", expected=f"at most {most} characters"
            )
        return text

    # ---- output ----------------------------------------------------------------------------------------------------

    def _outcome(self, node: yaml.Node) -> Outcome | None:
        document = self._document
        fields = document.fields(node, "`output`", OUTPUT_KEYS, required=("kind",))
        if "kind" not in fields:
            return None
        kind = document.choice(fields["kind"][1], "`kind` of the output", OUTPUT_KINDS)
        name = document.text(fields["name"][1], "`name` of the output") or "" if "name" in fields else ""
        positive = self._positive(fields["positive"][1]) if "positive" in fields else None
        falls = False
        if "riskier" in fields:
            falls = document.choice(fields["riskier"][1], "`riskier`", ("higher", "lower")) == "lower"
        if kind == "probability":
            for key in ("calibration", "riskier"):
                if key in fields:
                    document.error(fields[key][0], "unknown_key", f"a probability takes no `{key}`")
            return Outcome(probability=True, positive=positive, name=name)
        if "calibration" not in fields:
            message = "a raw score needs a `calibration`: points from score to probability of fraud"
            document.error(node, "missing_key", message)
            return None
        knots = self._calibration(fields["calibration"][1], falls=falls)
        return None if knots is None else Outcome(False, positive, name, knots, falls)  # noqa: FBT003

    def _positive(self, node: yaml.Node) -> int | str | None:
        text = self._document.text(node, "`positive`")
        if text is None:
            return None
        quoted = getattr(node, "style", None) in {"'", '"'}
        return int(text) if not quoted and re.fullmatch(r"\d{1,9}", text) else text

    def _calibration(
        self, node: yaml.Node, *, falls: bool
    ) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        document = self._document
        items = document.items(node, "`calibration`")
        if len(items) > MAX_POINTS:
            document.error(node, "too_many", "there are too many points", expected=f"at most {MAX_POINTS}")
            return None
        points: list[tuple[Any, Any]] = []
        for item in items:
            pair = document.items(item, "a point of `calibration`")
            if len(pair) != 2:  # noqa: PLR2004 - score and probability
                document.error(item, "type", "a point is not a pair", expected="[score, probability]")
                continue
            score = document.number(pair[0], "the score of a point", -LARGEST, LARGEST)
            probability = document.number(pair[1], "the probability of a point", 0.0, 1.0)
            points.append((None if score is None else (-score if falls else score), probability))
        if len(points) < 2 and not document.diagnostics:  # noqa: PLR2004 - a line has two ends
            document.error(node, "calibration", "`calibration` needs at least two points")
        if document.diagnostics:
            return None
        points.sort(key=lambda one: one[0])
        knots = (tuple(one[0] for one in points), tuple(one[1] for one in points))
        wrong = complaint(knots)
        if wrong is not None:
            hint = "the riskier the score, the greater the probability; see also `riskier: lower`"
            document.error(node, "calibration", f"`calibration` cannot be used: {wrong}", hint=hint)
            return None
        return knots
