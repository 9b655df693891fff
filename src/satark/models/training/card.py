"""The model card: what a model was made from, how good it was on payments it had not seen, and what it is not for."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from satark.models.drift import reference
from satark.models.training.isotonic import calibration_error
from satark.models.training.measure import auc, average_precision, daily_precision, with_intervals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satark.models.training.table import Table

LEAST_FRAUDS_IN_GROUP = 20
TRAINERS = ("lightgbm", "numpy", "scikit-learn", "optuna")


def measured(
    table: Table, raw: NDArray[np.float64], probability: NDArray[np.float64] | None, seed: int
) -> dict[str, Any]:
    """Return the figures of some scores over a table."""
    told: dict[str, Any] = {
        "payments": len(table),
        "frauds": table.n_frauds,
        "base_rate": float((table.weights * table.fraud).sum() / table.weights.sum()),
        **with_intervals(table.fraud, raw, table.weights, seed),
        "daily_precision_100": daily_precision(table, raw),
    }
    if probability is not None:
        told["calibration_error"] = calibration_error(probability, table.fraud, table.weights)
    return told


def by_group(table: Table, raw: NDArray[np.float64]) -> dict[str, dict[str, Any]]:
    """Return the figures of each group that has enough frauds; others with their counts alone."""
    told: dict[str, dict[str, Any]] = {}
    for grouping, (names, codes) in sorted(table.groups.items()):
        for place, name in enumerate(names):
            mask = codes == place
            frauds = int(table.fraud[mask].sum())
            if not mask.any():
                continue
            one: dict[str, Any] = {"payments": int(mask.sum()), "frauds": frauds}
            if LEAST_FRAUDS_IN_GROUP <= frauds < int(mask.sum()):
                given = table.fraud[mask], raw[mask], table.weights[mask]
                one |= {
                    "auc": round(auc(*given), 4),
                    "average_precision": round(average_precision(*given), 4),
                }
            told[f"{grouping}={name}"] = one
    return told


def references(table: Table, held: Table, probability: NDArray[np.float64]) -> dict[str, Any]:
    """Return what inputs and scores of genuine payments usually are, for the watch over their drift.

    Parameters
    ----------
    table
        What was learnt from.
    held, probability
        The held-out span and its calibrated scores, shape (n,).
    """
    genuine = table.rows[~table.fraud]
    return {
        "reference": {one.name: reference(genuine[:, place]) for place, one in enumerate(table.inputs)},
        "score_reference": reference(probability[~held.fraud]),
    }


def day_of(at_us: int) -> str:
    """Return a day (UTC) as text.

    Examples
    --------
    >>> day_of(0)
    '1970-01-01'
    """
    return datetime.fromtimestamp(at_us / 1e6, UTC).date().isoformat()


def span_of(table: Table) -> dict[str, Any]:
    """Return from when to when, and how many."""
    return {
        "from": day_of(int(table.times[0])),
        "to": day_of(int(table.times[-1])),
        "payments": len(table),
        "stand_for": round(float(table.weights.sum())),
        "frauds": table.n_frauds,
        "label_delay_days": round(float(np.median(table.known - table.times)) / 86_400e6, 2),
    }


def limits_of(table: Table, *, honest: bool) -> list[str]:
    """Return what a reader must know before using the figures."""
    limits = [
        "The figures hold for payments like those of the span above; watch the drift of inputs and score.",
        "What was held or blocked showed its outcome only where it was released as control; less is known of it.",
        "A high score is a reason to look, not a proof; every refusal needs a rule with a reason.",
    ]
    if not honest:
        limits.append(
            "The span is shorter than the delay of labels, so the tested parts follow the learnt ones without a gap;"
            " the figures are likely too good."
        )
    if table.n_frauds < 300:  # noqa: PLR2004 - where intervals become wide
        limits.append(f"Only {table.n_frauds} frauds were there to learn from; the intervals are wide.")
    return limits


def made_with() -> dict[str, str]:
    """Return the versions of what trains, and a hash of the training code."""
    from satark import __version__

    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return {
        "satark": __version__,
        "code": digest.hexdigest()[:16],
        **{name: version(name) for name in TRAINERS},
    }
