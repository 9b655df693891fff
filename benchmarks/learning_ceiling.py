"""What anybody could find in the handbook's card payments: an observer that knows the rules of their simulator.

The Fraud Detection Handbook (chapter 3) tells how its payments were made, and this program computes from that, for each
payment, the probability of fraud given everything that a model may use at that moment: amounts at once, labels after
seven days. No model can know more, so its figures are a ceiling for scores of payments, up to chance. The rules say:

- a customer spends amounts from a normal distribution with a mean of its own between 5 and 100 and half of the mean as
  standard deviation; a negative amount is drawn again, evenly between 0 and twice the mean;
- an amount above 220 is fraud;
- two of 10,000 terminals are compromised each day, and for 28 days every payment there is fraud;
- three of 5,000 customers are compromised each day, and for 14 days a third of their payments is fraud of five times
  the amount.

Card precision has two figures: what the observer finds, and what it may expect to find by its own probabilities, with
the standard deviation of chance. They differ because most of a hundred cards a day are looked at in vain by anybody:
some 40 hold fraud, of which 29 give themselves away; the other places go to cards of which nothing is known. There it
helps to look at those with many payments first, which a score of one payment cannot say (`..._by_card`).

    python -m benchmarks.learning_ceiling
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numba
import numpy as np
import polars as pl
from benchmarks.learning import DATA, EVALUATOR, START

if TYPE_CHECKING:
    from types import ModuleType

LABEL_DAYS = 7.0
SURELY_ABOVE = 220
CUSTOMER_HAZARD, CUSTOMER_DAYS, CUSTOMER_SHARE, TIMES = 3 / 5_000, 14, 1 / 3, 5
TERMINAL_HAZARD, TERMINAL_DAYS, LOOKED_BACK_DAYS = 2 / 10_000, 28, 90
REDRAWN = 0.02275
"""The share of a normal distribution that lies two standard deviations below its mean and less."""
MEANS = np.concatenate([np.arange(4, 30, 0.25), np.arange(30, 105, 0.5)])
TINY = 1e-13
TOP, WEEK_DAYS = 100, 7


class Payments(NamedTuple):
    """The payments in the order of time, shape (n,) each.

    Attributes
    ----------
    days
        Days since the first midnight, with their fraction.
    customers, terminals
        Numbers from 0.
    """

    ids: np.ndarray
    days: np.ndarray
    amounts: np.ndarray
    customers: np.ndarray
    terminals: np.ndarray
    fraud: np.ndarray


def read(path: Path) -> Payments:
    """Read the payments; what scenario a fraud is of is not read."""
    frame = pl.read_parquet(
        path, columns=["tx_id", "tx_time", "customer_id", "terminal_id", "amount_minor", "fraud"]
    )
    frame = frame.sort("tx_time", "tx_id")
    days = frame["tx_time"].dt.timestamp("us").to_numpy() / 86_400e6
    return Payments(
        frame["tx_id"].to_numpy(),
        days - math.floor(days[0]),
        frame["amount_minor"].to_numpy() / 100,
        frame["customer_id"].rank("dense").to_numpy().astype(np.int64) - 1,
        frame["terminal_id"].rank("dense").to_numpy().astype(np.int64) - 1,
        frame["fraud"].cast(pl.Boolean).to_numpy(),
    )


def runs(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of rows by key, in order within each, and where each key's begin."""
    order = np.argsort(keys, kind="stable")
    return order, np.searchsorted(keys[order], np.arange(keys.max() + 2))


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def density(amount: float, mean: float) -> float:
    """Return how likely a customer of this mean spends this amount."""
    spread = mean / 2
    normal = math.exp(-0.5 * ((amount - mean) / spread) ** 2) / (spread * math.sqrt(2 * math.pi))
    return normal + (REDRAWN / (2 * mean) if amount < 2 * mean else 0.0)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def amounts_told(
    order: np.ndarray, starts: np.ndarray, amounts: np.ndarray, means: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return how likely each amount is as this customer's own and as five times one, by what was spent before."""
    own, multiplied = np.zeros(len(amounts)), np.zeros(len(amounts))
    for key in range(len(starts) - 1):
        log = np.zeros(len(means))
        for place in range(starts[key], starts[key + 1]):
            at = order[place]
            weights = np.exp(log - log.max())
            weights /= weights.sum()
            for one in range(len(means)):
                as_own = density(amounts[at], means[one])
                as_fraud = density(amounts[at] / TIMES, means[one]) / TIMES
                own[at] += weights[one] * as_own
                multiplied[at] += weights[one] * as_fraud
                # A payment in 350 is such a fraud; without this one of them would tell a wrong mean for good.
                log[one] += math.log(0.997 * as_own + 0.003 * as_fraud + 1e-12)
    return own + TINY, multiplied + TINY


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def by_customer(
    order: np.ndarray,
    starts: np.ndarray,
    days: np.ndarray,
    fraud: np.ndarray,
    own: np.ndarray,
    multiplied: np.ndarray,
) -> np.ndarray:
    """Return the probability that a payment is fraud because its customer is compromised."""
    found = np.zeros(len(days))
    for key in range(len(starts) - 1):
        for place in range(starts[key], starts[key + 1]):
            at = order[place]
            today = math.floor(days[at])
            odds, ratio, back = 0.0, 1.0, place - 1
            for start in range(today, today - CUSTOMER_DAYS, -1):
                while back >= starts[key] and days[order[back]] >= start:
                    one = order[back]
                    likelier = multiplied[one] / own[one]
                    if days[one] > days[at] - LABEL_DAYS:
                        ratio *= 1 - CUSTOMER_SHARE + CUSTOMER_SHARE * likelier
                    elif fraud[one]:
                        # A fraud may be the terminal's as well, of which there are seven in a thousand payments.
                        ratio *= 1 - CUSTOMER_SHARE + CUSTOMER_SHARE * likelier / 0.007
                    else:
                        ratio *= 1 - CUSTOMER_SHARE
                    back -= 1
                odds += CUSTOMER_HAZARD * ratio
            compromised = odds / (1 + odds)
            as_fraud = compromised * CUSTOMER_SHARE * multiplied[at]
            found[at] = as_fraud / (as_fraud + (1 - compromised * CUSTOMER_SHARE) * own[at])
    return found


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def by_terminal(
    order: np.ndarray,
    starts: np.ndarray,
    days: np.ndarray,
    amounts: np.ndarray,
    fraud: np.ndarray,
    otherwise: np.ndarray,
) -> np.ndarray:
    """Return the probability that a payment is fraud because its terminal is compromised.

    Parameters
    ----------
    otherwise
        How likely each payment is fraud for the customer's sake.
    """
    found = np.zeros(len(days))
    for key in range(len(starts) - 1):
        for place in range(starts[key], starts[key + 1]):
            at = order[place]
            today = math.floor(days[at])
            first = today - LOOKED_BACK_DAYS
            known = place - 1
            while known >= starts[key] and days[order[known]] > days[at] - LABEL_DAYS:
                known -= 1
            # On the day of the last payment known to be genuine the terminal was not compromised.
            back = known
            while back >= starts[key] and fraud[order[back]]:
                back -= 1
            if back >= starts[key]:
                first = max(first, math.floor(days[order[back]]))
            compromised, all_odds = 0.0, 0.0
            for start in range(today, first, -1):
                ratio, one = 1.0, known
                while one > back and days[order[one]] >= start:
                    payment = order[one]
                    if days[payment] < start + TERMINAL_DAYS and amounts[payment] <= SURELY_ABOVE:
                        ratio /= min(max(otherwise[payment], 1e-4), 0.999)
                    one -= 1
                all_odds += TERMINAL_HAZARD * ratio
                if today < start + TERMINAL_DAYS:
                    compromised += TERMINAL_HAZARD * ratio
            found[at] = compromised / (1 + all_odds)
    return found


def probabilities(paid: Payments) -> np.ndarray:
    """Return the probability of fraud of each payment, given what was known at its moment."""
    order, starts = runs(paid.customers)
    own, multiplied = amounts_told(order, starts, paid.amounts, MEANS)
    customer = by_customer(order, starts, paid.days, paid.fraud, own, multiplied)
    terminal = by_terminal(*runs(paid.terminals), paid.days, paid.amounts, paid.fraud, customer)
    either = 1 - (1 - terminal) * (1 - customer)
    # Sure ones keep their order among each other, for nothing else tells them apart.
    return np.where(paid.amounts > SURELY_ABOVE, 1 - 1e-9 * (1 - either), either)


class Hits(NamedTuple):
    """Compromised cards among those that were looked at.

    Attributes
    ----------
    found
        How many there were.
    expected, variance
        How many there should be by the probabilities, and how far chance may be from it.
    """

    found: int
    expected: float
    variance: float


def hits(kept: pl.DataFrame, order: str) -> Hits:
    """Look at the hundred first cards of each day; one that was found is not looked at again.

    Parameters
    ----------
    kept
        The payments of the days that are judged: `day`, `customer_id`, `score` and `fraud`.
    order
        By `score`, the highest of the card's payments, as the evaluator does; or by `card`, the probability that any
        of them is fraud, which is known at the end of the day alone.
    """
    expected, variance, found = 0.0, 0.0, set()
    cards = kept.group_by("day", "customer_id").agg(
        score=pl.col("score").max(),
        fraud=pl.col("fraud").max(),
        card=1 - (1 - pl.col("score")).product(),
    )
    for _, today in sorted(cards.group_by("day"), key=lambda one: one[0]):
        left = today.filter(~pl.col("customer_id").is_in(list(found)))
        top = left.sort(order, "customer_id", descending=[True, False]).head(TOP)
        found |= set(top.filter(pl.col("fraud") == 1)["customer_id"])
        expected += float(top["card"].sum())
        variance += float((top["card"] * (1 - top["card"])).sum())
    return Hits(len(found), expected, variance)


def evaluator() -> ModuleType:
    """Return the evaluator as a module."""
    spec = importlib.util.spec_from_file_location("handbook_evaluator", EVALUATOR)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{EVALUATOR} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure(path: Path) -> dict[str, float]:
    """Return the figures of the observer, flat names."""
    import pandas as pd

    judge = evaluator()
    paid = read(path)
    truth, scores = judge.load_truth([str(path)]), pd.Series(probabilities(paid), index=paid.ids)
    reference = pd.Timestamp(START, tz="UTC")
    results: dict[str, float] = {}
    for part in ("validation", "single", "test"):
        starts = (
            [reference] if part == "single" else judge.fold_starts(reference, WEEK_DAYS, WEEK_DAYS, 4, part)
        )
        starts = [one for one in starts if judge.covered(truth, one, 3 * WEEK_DAYS)]
        window = (WEEK_DAYS, WEEK_DAYS, WEEK_DAYS, TOP)
        told = [judge.evaluate(truth, scores, one, *window) for one in starts]
        name, looked_at = f"learning_ceiling_{part}", TOP * WEEK_DAYS * len(starts)
        results |= {
            f"{name}_auc": float(np.mean([one["auc_roc"] for one in told])),
            f"{name}_ap": float(np.mean([one["average_precision"] for one in told])),
        }
        for order, figure in (("score", "cp100"), ("card", "cp100_by_card")):
            weeks = [hits(_kept(judge, truth, one, scores), order) for one in starts]
            results |= {
                f"{name}_{figure}": sum(one.found for one in weeks) / looked_at,
                f"{name}_{figure}_expected": sum(one.expected for one in weeks) / looked_at,
                f"{name}_{figure}_chance": math.sqrt(sum(one.variance for one in weeks)) / looked_at,
            }
    return {name: round(value, 4) for name, value in results.items()}


def _kept(judge: ModuleType, truth: Any, start: Any, scores: Any) -> pl.DataFrame:  # noqa: ANN401 - pandas
    """Return the payments of a week that the evaluator judges, with their scores."""
    kept, _ = judge.test_set(truth, start, WEEK_DAYS, WEEK_DAYS, WEEK_DAYS)
    columns = {name: kept[name].to_numpy() for name in ("day", "customer_id", "fraud")}
    return pl.DataFrame({**columns, "score": scores.reindex(kept["tx_id"]).to_numpy()})


def main() -> None:
    """Print the figures; with --json write one object of flat names besides."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--json", type=Path, help="write the numbers here")
    given = parser.parse_args()
    absent = [str(path) for path in (given.data, EVALUATOR) if not path.exists()]
    if absent:
        print(f"skipped: {', '.join(absent)} is not there (SATARK_DATA, SATARK_EVAL)")
        return
    results = measure(given.data)
    print("\n".join(f"{name:<44}{value:.4f}" for name, value in results.items()))
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
