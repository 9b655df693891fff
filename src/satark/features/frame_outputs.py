"""From the kernel's output to columns of features, for many events at once (see `satark.features.encode`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from satark.language import Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from satark.features.plan import Output, Plan


def features_frame(
    plan: Plan, out: NDArray[np.int64], nul: NDArray[np.uint8], texts: Mapping[int, str]
) -> pl.DataFrame:
    """Return one column per feature of the plan, in its order.

    Parameters
    ----------
    plan
        Of the policy.
    out, nul
        Shape (n, outputs), as `Windows.run` fills them.
    texts
        The texts behind words, as the row writers filled them.
    """
    columns = [_column(output, out, nul, texts) for output in plan.outputs]
    known = [pl.Series(f"{place}", nul[:, output.index] == 0) for place, output in enumerate(plan.outputs)]
    both = pl.DataFrame([*(c.alias(f"v{place}") for place, c in enumerate(columns)), *known])
    return both.select(
        pl.when(pl.col(f"{place}")).then(pl.col(f"v{place}")).alias(output.name)
        for place, output in enumerate(plan.outputs)
    )


def _column(
    output: Output, out: NDArray[np.int64], nul: NDArray[np.uint8], texts: Mapping[int, str]
) -> pl.Series:
    words = out[:, output.index]
    if output.type is Type.FLOAT:
        return pl.Series(out.view(np.float64)[:, output.index])
    if output.type is Type.BOOL:
        return pl.Series(words == 1)
    if output.is_text:
        used = np.unique(words[nul[:, output.index] == 0])
        known = pl.Series([texts.get(word) for word in used.tolist()], dtype=pl.String)
        if not len(used):
            return pl.Series([None], dtype=pl.String).new_from_index(0, len(words))
        return pl.Series(words).replace_strict(pl.Series(used), known, default=None, return_dtype=pl.String)
    return pl.Series(words)
