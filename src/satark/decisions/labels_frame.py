"""The same rule as `satark.decisions.labels`, for all payments of a file at once.

For training and backtests over a million payments; a property test holds both against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from satark.decisions.labels import DEFAULT_TRUST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satark.policies.label_rules import TrustOrder

COLUMNS = ("label", "reporter", "reported_us", "trust", "first_us", "contradicted", "revised", "reports")
_RANK, _SEQ, _LAST = "__rank", "seq", "__last"


def standing_frame(
    labels: pl.DataFrame,
    trust: TrustOrder = DEFAULT_TRUST,
    *,
    as_of_us: int | None = None,
    by: Sequence[str] = ("payment",),
) -> pl.DataFrame:
    """Return what holds of each payment that has a label.

    Parameters
    ----------
    labels
        A row per label: the columns of `by`, `label` (fraud or genuine), `reporter`, `reported_us` (microseconds since
        1970), and `seq`, its place; without that column the order of the rows is the place. Rows without a label are
        left out, and rows that say the same in every column count once.
    as_of_us
        Labels that were reported later are left out.
    by
        What tells payments apart; over a log ("owner", "payment").

    Returns
    -------
    polars.DataFrame
        A row per payment in the order of `by`, with the columns of `by` and `COLUMNS`.

    Examples
    --------
    >>> labels = pl.DataFrame({"payment": ["a", "a", "b"], "label": ["fraud", "genuine", "genuine"],
    ...                        "reporter": ["issuer", "customer", "analyst"], "reported_us": [1, 2, 3]})
    >>> standing_frame(labels).select("payment", "label", "contradicted").rows()
    [('a', 'fraud', True), ('b', 'genuine', False)]
    """
    keys = list(by)
    if _SEQ not in labels.columns:
        labels = labels.with_row_index(_SEQ)
    known = labels.filter(pl.col("label").is_not_null()).unique(
        [*keys, "label", "reporter", "reported_us", _SEQ]
    )
    if as_of_us is not None:
        known = known.filter(pl.col("reported_us") <= as_of_us)
    reporters = [str(one) for one in known["reporter"].unique().to_list()]
    trusted = pl.DataFrame(
        {
            "reporter": reporters,
            "trust": [trust.kind_of(one) for one in reporters],
            _RANK: [trust.rank(one) for one in reporters],
        },
        schema={"reporter": pl.String(), "trust": pl.String(), _RANK: pl.Int64()},
    )
    ordered = known.join(trusted, on="reporter", how="left").sort(
        _RANK, "reported_us", _SEQ, "reporter", "label", nulls_last=False
    )
    per_reporter = (
        ordered.group_by(*keys, "reporter")
        .agg(pl.col("label").last().alias(_LAST), (pl.col("label").n_unique() > 1).alias("revised"))
        .group_by(keys)
        .agg((pl.col(_LAST).n_unique() > 1).alias("contradicted"), pl.col("revised").any())
    )
    best = ordered.group_by(keys).agg(
        pl.col("label", "reporter", "reported_us", "trust").last(),
        pl.col("reported_us").min().alias("first_us"),
        pl.len().cast(pl.Int64).alias("reports"),
    )
    return best.join(per_reporter, on=keys, how="left").select(*keys, *COLUMNS).sort(keys)
