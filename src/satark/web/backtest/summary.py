"""The outcome of a backtest in one sentence: rupees stopped, genuine customers troubled, alerts to work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from satark.core.money import format_minor
from satark.decisions.backtest.result import decode_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.decisions.backtest.result import BacktestResult
    from satark.web.ports import DeskStore

DONE = "done"
LAKH_MINOR, CRORE_MINOR = 10_000_000, 1_000_000_000
_RUPEE = "INR"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A job with what came out of it."""

    job: Any
    result: BacktestResult


def newest_result(store: DeskStore, jobs: Sequence[Any]) -> Outcome | None:
    """Return the newest of some jobs that has a result which can be read; blocks."""
    for job in jobs:
        if job.state == DONE:
            outcome = outcome_of(store.jobs.get(job.id))
            if outcome is not None:
                return outcome
    return None


def outcome_of(job: Any) -> Outcome | None:  # noqa: ANN401 - see `satark.storage.desk.jobs`
    """Return what came out of a job, None while nothing has or when another version of the program wrote it."""
    if job is None or not job.result:
        return None
    try:
        return Outcome(job, decode_result(job.result))
    except msgspec.MsgspecError:
        return None


def money_words(minor: int, currency: str, lang: str) -> str:
    """Write a sum as people say it, without its sign: in lakh and crore where it is in rupees.

    Examples
    --------
    >>> money_words(41_20_000_00, "INR", "en"), money_words(-41_20_000_00, "INR", "hi")
    ('₹41.2 lakh', '₹41.2 लाख')
    >>> money_words(2_50_00_000_00, "INR", "en"), money_words(950_00, "INR", "en"), money_words(5_000, "USD", "en")
    ('₹2.5 crore', '₹950', 'USD 50.00')
    """
    minor = abs(minor)
    if currency != _RUPEE:
        return format_minor(minor, currency)
    if minor >= CRORE_MINOR:
        return f"₹{_short(minor / CRORE_MINOR)} {'करोड़' if lang == 'hi' else 'crore'}"
    if minor >= LAKH_MINOR:
        return f"₹{_short(minor / LAKH_MINOR)} {'लाख' if lang == 'hi' else 'lakh'}"
    return format_minor(minor // 100 * 100)[:-3]


def _short(number: float) -> str:
    return f"{number:,.2f}".rstrip("0").rstrip(".")
