"""What a model file says about itself: its inputs, its calibration, its card."""

from __future__ import annotations

from typing import Any

import msgspec

FORMAT = 1
KINDS = ("lightgbm", "logistic", "onnx", "sklearn")
INPUT_TYPES = ("int", "float", "bool", "str")
MAX_INPUTS = 1_000


class ModelInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One input of a model.

    Attributes
    ----------
    name
        As people read it, for instance ``amount_over_card_mean_30d``.
    source
        An expression of `satark.language` over facts and features.
    type
        The type of the expression: one of `INPUT_TYPES`.
    partner
        Another text fact; `source` is then a text fact as well, and the model gets how near both lie in the file's
        table of the two (`satark.models.embedding`).
    categories
        Of a text without a partner: the model gets the place of the text in this tuple; any other is missing to it.
    typical
        The median among genuine events of the training, or None where there is none.
    features
        The window features that the expression reads, each with its signature
        (`satark.features.spec.feature_signature`).
    monotone
        1: more never lowers the score; -1: more never raises it; 0: free.
    unit
        How a value is written for people: one of `satark.models.words.UNITS`.
    says_en, says_hi
        What the value means, with ``{value}`` and ``{typical}`` to be filled in; empty: the name is told.
    """

    name: str
    source: str
    type: str
    categories: tuple[str, ...] = ()
    typical: float | None = None
    features: dict[str, str] = {}
    monotone: int = 0
    unit: str = ""
    says_en: str = ""
    says_hi: str = ""
    partner: str = ""


class ModelHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of a model but the numbers that make up its trees or weights.

    Attributes
    ----------
    format
        `FORMAT` of the writer.
    name
        As people call the model.
    kind
        Which scorer reads the payload: one of `KINDS`.
    inputs
        In the order of the columns that the scorer takes.
    base_currency
        In whose minor units amounts are told to it.
    calibration
        Two tuples of equal length: raw scores, ascending, and the probabilities they stand for; linear in between,
        constant beyond the ends. Both empty: the raw score is a probability already.
    card
        The model card (`satark.models.training.card`).
    trained_with
        Versions of what made it.
    """

    format: int
    name: str
    kind: str
    inputs: tuple[ModelInput, ...]
    base_currency: str
    calibration: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    card: dict[str, Any] = {}
    trained_with: dict[str, str] = {}
