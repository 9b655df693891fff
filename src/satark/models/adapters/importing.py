"""From a file of another program to an artefact of Satark's own: recognised, bound to a schema, tried out, written.

Trying out is part of it: a model that fails, that gives no number where values are missing, or that scores one event
differently from many is found here and not in the engine.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from satark.core.errors import ModelInvalid
from satark.models.adapters.formats import recognise, unusable
from satark.models.adapters.payload import PAYLOAD_FORMAT, AdapterPayload, encode_payload
from satark.models.artefact import load_model, write_model
from satark.models.head import FORMAT, ModelHead
from satark.models.scorer import MODULES

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    from satark.models.adapters.schema import ModelSchema
    from satark.models.artefact import Model

TRIALS: Final = 64
_SEED: Final = 20_260_401
_SCALES: Final = np.array([0.0, 1.0, 10.0, 1_000.0, 1e6])


@dataclass(frozen=True, slots=True)
class Imported:
    """A model that was brought in.

    Attributes
    ----------
    model
        Read back from `data`.
    data
        The artefact, to be written to a file.
    blocks
        Rows are scored together in bulk; otherwise one by one.
    """

    model: Model
    data: bytes
    blocks: bool


def import_model(data: bytes, schema: ModelSchema, *, base_currency: str, file: str = "model") -> Imported:
    """Make an artefact of a foreign model.

    Parameters
    ----------
    data
        The file.
    schema
        From `read_schema`.
    base_currency
        Of the policy for which the schema was read.
    file
        For messages.

    Raises
    ------
    ModelInvalid
        The file is none that can be used, does not fit the schema, or fails when it is tried.
    """
    kind = recognise(data, file=file)
    module = _module(kind)
    try:
        return _imported(data, schema, kind, module, base_currency)
    except ModelInvalid as error:
        raise unusable(file, error.message.removeprefix("the model imported cannot be used: ")) from None


def _imported(
    data: bytes, schema: ModelSchema, kind: str, module: ModuleType, base_currency: str
) -> Imported:
    outcome = schema.outcome
    if kind == "sklearn":
        if outcome.name:
            message = "`name` of the output is for ONNX; a scikit-learn model has one output"
            raise ModelInvalid(message)
        _check_names(module, data, schema)
    card: dict[str, Any] = {
        "source": {"format": kind, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)},
        "notes": schema.notes,
        "limits": "Trained elsewhere; what it was trained on, and how well it does, is not known here.",
    }
    head = ModelHead(
        FORMAT, schema.name, kind, schema.inputs, base_currency, outcome.calibration, card,
        {"library": module.library()},
    )  # fmt: skip
    payload = AdapterPayload(
        PAYLOAD_FORMAT, data, schema.missing, outcome.positive, outcome.name,
        probability=outcome.probability, falls=outcome.falls, blocks=True, library=module.library(),
    )  # fmt: skip
    written = write_model(head, encode_payload(payload))
    model = load_model(written, file="imported")
    _try_out(model, schema)
    return Imported(model, written, bool(getattr(model.scorer, "block_rows", 1) > 1))


def _module(kind: str) -> ModuleType:
    from importlib import import_module

    try:
        return import_module(MODULES[kind])
    except ImportError as error:
        message = f"a model of the kind {kind} needs `pip install satark[adapters]` ({error.name} is missing)"
        raise ModelInvalid(message, kind=kind) from None


def _check_names(module: ModuleType, data: bytes, schema: ModelSchema) -> None:
    """Hold the columns that a scikit-learn model was fitted with against the schema, where it knows them."""
    known = module.feature_names(module.load_skops(data))
    declared = tuple(one.name for one in schema.inputs)
    if not known or known == declared:
        return
    for place, (theirs, ours) in enumerate(zip(known, declared, strict=False), start=1):
        if theirs != ours:
            message = f"column {place} of the model is {theirs[:60]!r}, in the schema it is {ours[:60]!r}"
            raise ModelInvalid(message)
    message = f"the model was fitted with {len(known)} columns, and the schema has {len(declared)} inputs"
    raise ModelInvalid(message)


def _try_out(model: Model, schema: ModelSchema) -> None:
    """Score made-up rows, one by one and together, with and without what may be missing."""
    rows = trial_rows(schema)
    together = model.scorer.many(rows)
    if schema.outcome.probability and not ((together >= 0.0) & (together <= 1.0)).all():
        message = "its output is not a probability; declare `output: {kind: score}` with a calibration"
        raise ModelInvalid(message)
    alone = [model.scorer.one([None if value != value else float(value) for value in row]) for row in rows]  # noqa: PLR0124
    if not np.array_equal(together, np.array(alone)):
        message = "it scores an event alone differently from the same event among others"
        raise ModelInvalid(message)


def trial_rows(schema: ModelSchema) -> NDArray[np.float64]:
    """Return made-up inputs, shape (`TRIALS`, inputs): all missing, none missing, and everything between."""
    random = np.random.default_rng(_SEED)
    shape = (TRIALS, len(schema.inputs))
    rows = np.asarray(random.normal(size=shape) * random.choice(_SCALES, size=shape), dtype=np.float64)
    for place, one in enumerate(schema.inputs):
        if one.categories:
            rows[:, place] = random.integers(0, len(one.categories), TRIALS)
        elif one.type == "bool":
            rows[:, place] = random.integers(0, 2, TRIALS)
        elif one.type == "int":
            rows[:, place] = np.round(rows[:, place])
    rows[random.random(shape) < 0.2] = np.nan  # noqa: PLR2004 - a fifth is missing
    rows[0] = np.nan
    rows[1] = 0.0
    return rows
