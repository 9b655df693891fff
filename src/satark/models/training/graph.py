"""The graph of who pays with what, drawn out into few dimensions, without looking at any outcome.

Names of two facts (customers and merchants) are the two sides of a graph; payments join them. Spectral embedding: each
link counts for the logarithm of its payments, both sides are evened out by their degrees, and the leading singular
vectors of what remains are the coordinates (Dhillon, "Co-clustering documents and words using bipartite spectral graph
partitioning", KDD 2001). The first pair of vectors says only who is busy and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from satark.core.errors import InputInvalid
from satark.models.embedding import (
    LONGEST,
    MAX_NAMES,
    Embedding,
    EmbeddingTable,
    Side,
    key_of,
    open_embedding,
)

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

DIMENSIONS = 16
"""Of each name, at most; small graphs have fewer."""
LEAST_PAYMENTS = 3
"""A name with fewer has no place of its own."""
LEAST_NAMES = 3


def embed(links: pl.DataFrame, fact: str, partner: str, *, seed: int) -> Embedding:
    """Draw out a graph.

    Parameters
    ----------
    links
        One row per pair of names that paid together: columns `name`, `partner` (texts) and `payments` (how many).
    fact, partner
        What the names are of.
    seed
        Where the iteration begins; the result hardly depends on it.

    Raises
    ------
    InputInvalid
        Fewer than three names of a side have been seen often enough, or the iteration finds no end.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import ArpackNoConvergence, svds

    links = _frequent(links)
    names, rows = _coded(links["name"])
    partners, columns = _coded(links["partner"])
    if min(len(names), len(partners)) < LEAST_NAMES:
        raise InputInvalid(
            f"the graph of {fact} and {partner} has {len(names):,} and {len(partners):,} names with at least"
            f" {LEAST_PAYMENTS} payments before the first day that trains; at least {LEAST_NAMES} of each are needed",
            field="graph",
        )
    weights = np.log1p(links["payments"].to_numpy().astype(np.float64))
    by_name = np.sqrt(np.bincount(rows, weights, len(names)))
    by_partner = np.sqrt(np.bincount(columns, weights, len(partners)))
    evened = weights / (by_name[rows] * by_partner[columns])
    matrix = csr_array((evened, (rows, columns)), shape=(len(names), len(partners)))
    wanted = min(DIMENSIONS + 1, min(matrix.shape) - 1)
    start = np.random.default_rng(seed).standard_normal(min(matrix.shape))
    try:
        left, sizes, right = svds(matrix, k=wanted, v0=start)
    except ArpackNoConvergence:
        raise InputInvalid(
            f"the graph of {fact} and {partner} cannot be drawn out in {wanted - 1} dimensions", field="graph"
        ) from None
    order = np.argsort(-sizes)[1:]
    stretch = np.sqrt(sizes[order])
    table = EmbeddingTable(
        fact,
        partner,
        len(order),
        _side(names, left[:, order] * stretch / by_name[:, None]),
        _side(partners, right[order].T * stretch / by_partner[:, None]),
    )
    return open_embedding(table)


def _frequent(links: pl.DataFrame) -> pl.DataFrame:
    """Leave out names that were seen rarely, and the rarest beyond what a table holds."""
    import polars as pl

    for side in ("name", "partner"):
        seen = links.group_by(side).agg(pl.col("payments").sum()).filter(pl.col("payments") >= LEAST_PAYMENTS)
        often = seen.sort(["payments", side], descending=[True, False]).head(MAX_NAMES)
        links = links.join(often.select(side), on=side, how="semi")
    return links.sort("name", "partner")


def _coded(texts: pl.Series) -> tuple[list[str], NDArray[np.int64]]:
    """Return the different names in the order of their keys, and the place of each text among them."""
    names = sorted(texts.unique().to_list(), key=key_of)
    places = texts.replace_strict(names, list(range(len(names)))) if names else texts.cast(int)
    return names, places.to_numpy().astype(np.int64)


def _side(names: list[str], vectors: NDArray[np.float64]) -> Side:
    length = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    rounded = np.rint(LONGEST * vectors / np.maximum(length, 1e-300)).astype(np.int8)
    return Side(np.array([key_of(name) for name in names], dtype="<u8").tobytes(), rounded.tobytes())
