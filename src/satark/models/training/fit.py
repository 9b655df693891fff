"""The whole of training, from a table of past payments to the bytes of a model.

The later part of the table is cut into spans. The earlier spans decide (options, rounds, inputs); the last one, which
decides nothing, gives the figures of the card and the calibration. The model itself is then fitted on everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from satark.core.errors import InputInvalid
from satark.models.artefact import load_model, write_model
from satark.models.calibration import calibrate_many
from satark.models.head import FORMAT, ModelHead, ModelInput
from satark.models.logistic_scorer import LogisticScorer
from satark.models.scorer import open_scorer
from satark.models.training.card import by_group, limits_of, made_with, measured, references, span_of
from satark.models.training.isotonic import knots_of
from satark.models.training.linear import fit_linear
from satark.models.training.options import Tell, TrainingOptions, quiet, usual_fits
from satark.models.training.search import Tried, most_rounds, search
from satark.models.training.select import Selected, select
from satark.models.training.split import Fold, prequential
from satark.models.training.table import Table, check, usable_columns
from satark.models.training.trees import DEFAULTS, fit_many

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from satark.models.artefact import Model
    from satark.models.calibration import Knots

MOST_TOLD = 25
HELD_OUT_FITS = 2
"""The figures of the card come from so many fits at most; the model, of more, is rather better than they say."""


class Trained(NamedTuple):
    """What training gives.

    Attributes
    ----------
    data
        The bytes of the model file.
    model
        The same, loaded.
    card
        The model card.
    """

    data: bytes
    model: Model
    card: dict[str, Any]


def train(
    table: Table,
    base_currency: str,
    options: TrainingOptions | None = None,
    *,
    notes: Mapping[str, Any] | None = None,
    tell: Tell = quiet,
) -> Trained:
    """Train a model.

    Parameters
    ----------
    table
        Past payments in the order of time.
    base_currency
        Of the policy.
    options
        By default `TrainingOptions`.
    notes
        What the card says besides about where the data came from.
    tell
        Told how far it is.

    Raises
    ------
    InputInvalid
        Nothing can be learnt from the table: one class, too few frauds, inputs that say nothing.
    """
    options = options or TrainingOptions()
    if len(table) and (np.diff(table.times) < 0).any():
        raise InputInvalid("the payments are not in the order of time")
    known = int(table.compromised.sum())
    if options.drop_compromised and known:
        kept = table.take(~table.compromised)
        # Where hardly any fraud is left, the examples of known customers are better than none.
        table = kept if kept.n_frauds >= table.n_frauds / 3 else table
    check(table)
    places, left_out = usable_columns(table)
    table = table.keep(places)
    folds = prequential(table)
    if not folds.steps:
        raise InputInvalid(
            f"{table.n_frauds:,} frauds lie too close together in time: no span can be held out to judge a model",
            frauds=table.n_frauds,
        )
    choosing = folds.steps[:-1] or folds.steps
    last = folds.steps[-1]
    best, tried = _choose(table, choosing, options, tell)
    bound = frozenset(place for place, one in enumerate(table.inputs) if one.monotone)
    selected = select(best.gain, bound)
    left_out |= {
        one.name: "gained nothing steadily"
        for place, one in enumerate(table.inputs)
        if place not in set(selected.places)
    }
    table = table.keep(selected.places)
    fits = options.fits or usual_fits(len(table), best.rounds)
    tell("held-out span", 0, 2)
    held = table.take(last.test)
    before = table.take(last.train)
    raw, linear_raw = _held_out(before, held, best, options, min(fits, HELD_OUT_FITS), tell)
    served = linear_raw if options.linear else raw
    knots = knots_of(served, held.fraud, held.weights)
    payload, gain = _fit_all(table, best, options, fits, tell)
    card = {
        "span": span_of(table),
        "held_out": _held_out_card(held, served, linear_raw, knots, options.seed),
        "validation": _validation_card(tried, best, selected),
        **_inputs_card(table, gain),
        **references(table, held, calibrate_many(knots, served)),
        "options": msgspec.to_builtins(msgspec.structs.replace(options, fits=fits)),
        "limits": limits_of(table, honest=folds.honest),
        "left_out": left_out,
        "gap_days": round(folds.gap_us / 86_400e6, 2),
        "dropped_compromised": known if options.drop_compromised else 0,
        "source": dict(notes or {}),
    }
    head = ModelHead(
        FORMAT,
        options.name,
        "logistic" if options.linear else "lightgbm",
        _with_typical(table),
        base_currency,
        knots,
        msgspec.to_builtins(card),
        made_with(),
    )
    pairs = sorted({(one.source, one.partner) for one in head.inputs if one.partner})
    data = write_model(head, payload, [table.embeddings[pair].table for pair in pairs])
    return Trained(data, load_model(data, file=options.name), card)


def _choose(
    table: Table, folds: tuple[Fold, ...], options: TrainingOptions, tell: Tell
) -> tuple[Tried, list[Tried]]:
    trials = 0 if options.linear else options.trials
    tell("choosing", 0, trials + 1)
    return search(
        table,
        folds,
        trials=trials,
        rounds=most_rounds(table.n_frauds, options.rounds),
        seed=options.seed,
        threads=options.threads,
        tell=lambda done: tell("choosing", done, trials + 1),
    )


def _held_out(
    before: Table, held: Table, best: Tried, options: TrainingOptions, fits: int, tell: Tell
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the raw scores of the trees and of the baseline for the last span, which neither has seen."""
    seeds = range(options.seed, options.seed + fits)
    payload, _ = fit_many(before, best.options, best.rounds, seeds=seeds, threads=options.threads)
    head = ModelHead(FORMAT, options.name, "lightgbm", before.inputs, "INR")
    raw = open_scorer(payload, head).many(held.rows)
    tell("held-out span", 1, 2)
    linear = LogisticScorer(fit_linear(before, seed=options.seed)).many(held.rows)
    tell("held-out span", 2, 2)
    return raw, linear


def _fit_all(
    table: Table, best: Tried, options: TrainingOptions, fits: int, tell: Tell
) -> tuple[bytes, NDArray[np.float64]]:
    if options.linear:
        weights = fit_linear(table, seed=options.seed)
        size = np.abs(np.array(weights.weights)) + np.abs(np.array(weights.missing))
        return msgspec.msgpack.encode(weights), size / max(size.sum(), 1e-12)
    tell("fits", 0, fits)
    return fit_many(
        table,
        best.options,
        best.rounds,
        seeds=range(options.seed, options.seed + fits),
        threads=options.threads,
        tell=lambda done: tell("fits", done, fits),
    )


def _with_typical(table: Table) -> tuple[ModelInput, ...]:
    """Return the inputs with the median of each among genuine payments."""
    genuine = table.rows[~table.fraud]
    inputs = []
    for place, one in enumerate(table.inputs):
        column = genuine[:, place]
        known = column[~np.isnan(column)]
        # A median in the middle of two would be no value of a count or flag.
        typical = float(np.quantile(known, 0.5, method="lower")) if len(known) else None
        inputs.append(msgspec.structs.replace(one, typical=None if one.categories else typical))
    return tuple(inputs)


def _held_out_card(
    held: Table, served: NDArray[np.float64], linear: NDArray[np.float64], knots: Knots, seed: int
) -> dict[str, Any]:
    probability = calibrate_many(knots, served)
    return {
        "span": span_of(held),
        "model": measured(held, served, probability, seed),
        "logistic": measured(held, linear, None, seed),
        "groups": by_group(held, served),
    }


def _validation_card(tried: list[Tried], best: Tried, selected: Selected) -> dict[str, Any]:
    changed = {name: value for name, value in best.options.items() if value != DEFAULTS[name]}
    return {
        "average_precision": [round(value, 4) for value in best.values],
        "rounds": best.rounds,
        "options": changed or "defaults",
        "tried": [
            {"average_precision": round(one.mean, 4), "rounds": one.rounds, **one.options} for one in tried
        ],
        "stability_of_inputs": selected.stability,
    }


def _inputs_card(table: Table, gain: NDArray[np.float64]) -> dict[str, Any]:
    order = np.argsort(-gain, kind="stable")[:MOST_TOLD].tolist()
    return {
        "inputs": {table.inputs[place].name: round(float(gain[place]), 4) for place in order},
        "n_inputs": len(table.inputs),
    }
