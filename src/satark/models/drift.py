"""How far the present is from what was learned: features, scores, probabilities; every number with its interval.

Pure numpy and no randomness from outside: the same counts give the same interval. Bins are fixed once, at training
(the model card's `reference`) or on the first decisions of a policy, so that weeks can be compared with each other.

Sources: the population stability index is the symmetric Kullback-Leibler divergence of Jeffreys (1946) on bins. That it
is (1/n + 1/m) times a chi-square of B - 1 degrees under no drift is from B. Yurdakul and J. Naranjo, "Statistical
properties of the population stability index", Journal of Risk Model Validation 14(4), 2020; near no drift the
chi-square is non-central, and inverting it gives an interval that holds at and away from no drift alike. Its
distribution function is M. Sankaran's approximation, Biometrika 50, 1963.
Shares: E. B. Wilson, JASA 22, 1927; differences of shares: R. Newcombe, Statistics in Medicine 17, 1998, method 10.
Expected and observed: Byar's approximation in N. Breslow and N. Day, "Statistical Methods in Cancer Research II",
1987, formula 2.10; and D. Spiegelhalter, Statistics in Medicine 5, 1986.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

BINS = 10
Z95 = 1.959963984540054
"""Of the normal distribution, two-sided 95 %."""
_TAIL = 0.025
_HALVINGS = 70
_HALF_COUNT = 0.5
_LEAST_SHARE = 1e-4


class Estimate(NamedTuple):
    """A number, and between which bounds it lies with 95 % confidence; `n` cases stand behind it."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Reference:
    """What was usual.

    Attributes
    ----------
    edges
        (k,) ascending; bin i holds values above edge i - 1 up to edge i, so that whole numbers fall where one expects.
    shares
        (k + 1,) of the values that were there; they sum to 1.
    missing
        Share of all rows whose value was missing.
    n
        How many rows it was taken from; None: unknown, and then it is believed to be exact.
    """

    edges: tuple[float, ...]
    shares: tuple[float, ...]
    missing: float = 0.0
    n: int | None = None

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Reference | None:
        """Read what a model card says; None where it cannot be used.

        Examples
        --------
        >>> Reference.read({"edges": [1.0], "shares": [0.5, 0.5], "missing": 0.1})
        Reference(edges=(1.0,), shares=(0.5, 0.5), missing=0.1, n=None)
        >>> Reference.read({"edges": [1.0], "shares": [1.0]}) is None
        True
        """
        try:
            edges = tuple(float(edge) for edge in told["edges"])
            shares = tuple(float(share) for share in told["shares"])
            missing = float(told.get("missing") or 0.0)
            n = None if told.get("n") is None else int(told["n"])
        except (KeyError, TypeError, ValueError):
            return None
        usable = (
            len(shares) == len(edges) + 1
            and all(math.isfinite(number) and number >= 0 for number in shares)
            and all(math.isfinite(edge) for edge in edges)
            and list(edges) == sorted(set(edges))
            and sum(shares) > 0
            and 0 <= missing <= 1
            and (n is None or n > 0)
        )
        return cls(edges, shares, missing, n) if usable else None

    def as_dict(self) -> dict[str, Any]:
        """Return it as a model card keeps it."""
        told = {"edges": list(self.edges), "shares": list(self.shares), "missing": self.missing}
        return told if self.n is None else {**told, "n": self.n}


def reference_of(values: ArrayLike, bins: int = BINS) -> Reference | None:
    """Return the reference of some values; None when none is there.

    Bins are cut at quantiles; where many values are equal there are fewer of them.

    Parameters
    ----------
    values
        (n,) numbers, NaN where missing.

    Examples
    --------
    >>> reference_of([0, 0, 0, 1, 2, float("nan"), float("nan"), float("nan")], bins=4)
    Reference(edges=(0.0, 1.0), shares=(0.6, 0.2, 0.2), missing=0.375, n=8)
    """
    numbers = np.asarray(values, dtype=np.float64)
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        return None
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf"))
    edges = cuts[cuts < known.max()]
    counts = np.bincount(bin_of(known, edges), minlength=len(edges) + 1)
    shares = counts / counts.sum()
    return Reference(
        tuple(edges.tolist()), tuple(shares.tolist()), 1.0 - known.size / numbers.size, int(numbers.size)
    )


def reference(values: ArrayLike, bins: int = BINS) -> dict[str, Any]:
    """Return the reference of some values as a model card keeps it; {} when none is there."""
    found = reference_of(values, bins)
    return {} if found is None else found.as_dict()


def bin_of(values: NDArray[np.float64], edges: ArrayLike) -> NDArray[np.int64]:
    """Return the bin of each value; NaN has none and must not be among them.

    Examples
    --------
    >>> bin_of(np.array([-1.0, 0.0, 0.5, 1.0, 9.0]), [0.0, 1.0]).tolist()
    [0, 0, 1, 1, 2]
    """
    return np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="left").astype(np.int64)


def psi(usual: Reference, counts: ArrayLike) -> Estimate:
    """Return the population stability index of counts against what was usual, with its interval.

    Half a count is added to each bin, so that an empty one is no infinity. What chance alone would show is taken off,
    and nothing below 0 is left, so that a small week does not look like a drift.

    Parameters
    ----------
    counts
        (k + 1,) how many values fell into each bin.

    Returns
    -------
    Estimate
        `n` is the number of values; without any the interval reaches from 0 to infinity.

    Examples
    --------
    >>> usual = Reference((1.0,), (0.5, 0.5), n=100_000)
    >>> psi(usual, [50_000, 50_000]).high < 0.001 < psi(usual, [70_000, 30_000]).low
    True
    """
    seen = np.asarray(counts, dtype=np.float64)
    n = int(seen.sum())
    if not n:
        return Estimate(0.0, 0.0, math.inf, 0)
    p = _smoothed(seen, n)
    q, m = _usual(usual)
    raw = float(((p - q) * np.log(p / q)).sum())
    chance = 1.0 / n + (0.0 if m is None else 1.0 / m)
    degrees = len(q) - 1
    if not degrees:
        return Estimate(0.0, 0.0, 0.0, n)
    value = max(0.0, raw - degrees * chance)
    low = chance * _non_centrality(raw / chance, degrees, 1 - _TAIL)
    high = chance * _non_centrality(raw / chance, degrees, _TAIL)
    return Estimate(value, min(value, low), max(value, high), n)


def chi_square_below(x: float, degrees: int, non_centrality: float) -> float:
    """Return the probability that a non-central chi-square is at most x, to one or two hundredths.

    Examples
    --------
    >>> round(chi_square_below(16.92, 9, 0.0), 2)
    0.95
    """
    mean, spread = degrees + non_centrality, degrees + 2 * non_centrality
    h = 1 - 2 * mean * (degrees + 3 * non_centrality) / (3 * spread**2)
    p = spread / mean**2
    m = (h - 1) * (1 - 3 * h)
    middle = 1 + h * p * (h - 1 - 0.5 * (2 - h) * m * p)
    z = ((x / mean) ** h - middle) / (h * math.sqrt(2 * p) * (1 + 0.5 * m * p))
    return 0.5 * math.erfc(-z / math.sqrt(2))


def share(count: int, n: int) -> Estimate:
    """Return a share with Wilson's interval; without cases it may be anything.

    Examples
    --------
    >>> [round(bound, 4) for bound in share(5, 10)[:3]]
    [0.5, 0.2366, 0.7634]
    >>> share(0, 0)
    Estimate(value=nan, low=0.0, high=1.0, n=0)
    """
    if n <= 0:
        return Estimate(math.nan, 0.0, 1.0, 0)
    p = count / n
    middle = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    reach = Z95 / (1 + Z95**2 / n) * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
    low = 0.0 if count <= 0 else max(0.0, middle - reach)
    return Estimate(p, low, 1.0 if count >= n else min(1.0, middle + reach), n)


def difference(now: Estimate, before: Estimate) -> Estimate:
    """Return by how much a share has grown, with Newcombe's interval over two of Wilson's.

    Examples
    --------
    >>> [round(bound, 3) for bound in difference(share(56, 70), share(48, 80))[:3]]
    [0.2, 0.052, 0.334]
    """
    if not now.n or not before.n:
        return Estimate(math.nan, -1.0, 1.0, 0)
    value = now.value - before.value
    low = value - math.hypot(now.value - now.low, before.high - before.value)
    high = value + math.hypot(now.high - now.value, before.value - before.low)
    return Estimate(value, low, high, now.n)


def observed_over_expected(observed: int, expected: float, n: int) -> Estimate:
    """Return how many times as many frauds there were as a calibrated score says, with Byar's interval.

    Parameters
    ----------
    observed
        Frauds among n payments.
    expected
        The sum of their probabilities.

    Examples
    --------
    >>> [round(bound, 3) for bound in observed_over_expected(10, 5.0, 1_000)[:3]]
    [2.0, 0.957, 3.678]
    """
    if expected <= 0:
        return Estimate(math.nan, 0.0, math.inf, 0)
    low = 0.0
    if observed > 0:
        low = observed * (1 - 1 / (9 * observed) - Z95 / (3 * math.sqrt(observed))) ** 3
    more = observed + 1
    high = more * (1 - 1 / (9 * more) + Z95 / (3 * math.sqrt(more))) ** 3
    return Estimate(observed / expected, max(0.0, low) / expected, high / expected, n)


def spiegelhalter(probabilities: ArrayLike, outcomes: ArrayLike) -> float:
    """Return Spiegelhalter's z: standard normal while the probabilities are calibrated, 0 where nothing can be said.

    Parameters
    ----------
    probabilities, outcomes
        (n,) in 0 to 1, and 0 or 1.

    Examples
    --------
    >>> round(spiegelhalter([0.1] * 10, [1] + [0] * 9), 6)
    0.0
    """
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(outcomes, dtype=np.float64)
    variance = float(((1 - 2 * p) ** 2 * p * (1 - p)).sum())
    return float(((y - p) * (1 - 2 * p)).sum()) / math.sqrt(variance) if variance > 0 else 0.0


def quantile(edges: Sequence[float], counts: Sequence[int], at: float) -> float | None:
    """Return the value below which a share of counted cases lies, to the precision of the bins.

    Parameters
    ----------
    edges
        (k,) upper bounds of the bins; one more bin without a bound follows.
    counts
        (k + 1,).

    Examples
    --------
    >>> quantile([1.0, 2.0, 4.0], [0, 10, 10, 0], 0.75), quantile([1.0], [0, 0], 0.5)
    (3.0, None)
    """
    total = sum(counts)
    if not total:
        return None
    wanted, before = at * total, 0
    for place, count in enumerate(counts[: len(edges)]):
        if count and before + count >= wanted:
            low = edges[place - 1] if place else 0.0
            return low + (edges[place] - low) * (wanted - before) / count
        before += count
    return edges[-1]


def _smoothed(counts: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Return (B,) shares with half a count more in each bin."""
    return np.asarray((counts + _HALF_COUNT) / (n + _HALF_COUNT * counts.shape[-1]), dtype=np.float64)


def _usual(usual: Reference) -> tuple[NDArray[np.float64], int | None]:
    """Return the reference's shares without empty ones, and of how many values they are."""
    shares = np.asarray(usual.shares, dtype=np.float64)
    shares = shares / shares.sum()
    if usual.n is None:
        shares = np.maximum(shares, _LEAST_SHARE)
        return shares / shares.sum(), None
    m = max(1, round(usual.n * (1 - usual.missing)))
    return _smoothed(shares * m, m), m


def _non_centrality(x: float, degrees: int, probability: float) -> float:
    """Return the non-centrality at which a chi-square is at most x with a probability; 0 when none is needed."""
    if chi_square_below(x, degrees, 0.0) <= probability:
        return 0.0
    low, high = 0.0, x + 12.0 * math.sqrt(x) + 60.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if chi_square_below(x, degrees, middle) > probability:
            low = middle
        else:
            high = middle
    return high
