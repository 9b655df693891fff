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
    # The kernel writes row by row; turned once, each column is one piece of memory that Polars takes as it is.
    words = np.ascontiguousarray(out.T)
    known = np.ascontiguousarray(nul.T) == 0
    return pl.DataFrame(
        [_column(output, words[output.index], known[output.index], texts) for output in plan.outputs]
    )


def _column(
    output: Output, words: NDArray[np.int64], known: NDArray[np.bool_], texts: Mapping[int, str]
) -> pl.Series:
    if output.is_text:
        return _text_column(output, words, known, texts)
    if output.type is Type.FLOAT:
        values = pl.Series(output.name, words.view(np.float64))
    elif output.type is Type.BOOL:
        values = pl.Series(output.name, words == 1)
    else:
        values = pl.Series(output.name, words)
    if known.all():
        return values
    column = pl.col(output.name)
    return values.to_frame().select(pl.when(pl.Series(known)).then(column).alias(output.name)).to_series()


def _text_column(
    output: Output, words: NDArray[np.int64], known: NDArray[np.bool_], texts: Mapping[int, str]
) -> pl.Series:
    used, places = np.unique(words[known], return_inverse=True)
    told = pl.Series([texts.get(word) for word in used.tolist()], dtype=pl.String)
    where = np.full(len(words), len(used), dtype=np.uint32)
    where[known] = places
    return pl.concat([told, pl.Series([None], dtype=pl.String)]).gather(pl.Series(where)).alias(output.name)
