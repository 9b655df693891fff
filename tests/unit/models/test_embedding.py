"""Where names lie in the graph of who pays with what: near means same circle, and one look is like many."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satark.core.errors import InputInvalid, ModelInvalid
from satark.models.embedding import EmbeddingTable, Side, key_of, open_embedding
from satark.models.training.graph import embed

CIRCLES = 4


def links_of(seed: int = 1, strays: float = 0.1) -> pl.DataFrame:
    """Return payments of 200 customers, each with the 25 merchants of its circle, some of them astray."""
    dice = np.random.default_rng(seed)
    rows = []
    for customer in range(200):
        for _ in range(20):
            merchant = int(dice.integers(0, 25)) + 25 * (customer % CIRCLES)
            if dice.random() < strays:
                merchant = int(dice.integers(0, 25 * CIRCLES))
            rows.append((f"cus_{customer}", f"mer_{merchant}"))
    frame = pl.DataFrame(rows, schema=["name", "partner"], orient="row")
    return frame.group_by("name", "partner", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("payments")
    )


@pytest.fixture(scope="module")
def embedding():
    return embed(links_of(), "customer", "merchant", seed=1)


def test_merchants_of_the_own_circle_are_nearer_than_others(embedding):
    own = [embedding.one(f"cus_{n}", f"mer_{25 * (n % CIRCLES) + k}") for n in range(40) for k in range(25)]
    others = [
        embedding.one(f"cus_{n}", f"mer_{25 * ((n + 1) % CIRCLES) + k}") for n in range(40) for k in range(25)
    ]
    assert np.mean(own) > np.mean(others) + 0.3
    assert max(map(abs, own + others)) < 1.05


def test_pair_that_never_paid_is_near_when_both_are_of_one_circle(embedding):
    paid = set(links_of().select("name", "partner").iter_rows())
    new = [
        embedding.one(f"cus_{n}", f"mer_{25 * (n % CIRCLES) + k}")
        for n in range(200)
        for k in range(25)
        if (f"cus_{n}", f"mer_{25 * (n % CIRCLES) + k}") not in paid
    ]
    assert len(new) > 1_000
    assert np.mean(new) > 0.2


def test_order_of_the_links_does_not_matter(embedding):
    shuffled = links_of().sample(fraction=1.0, shuffle=True, seed=3)
    assert embed(shuffled, "customer", "merchant", seed=1).table == embedding.table


def test_names_do_not_stand_in_the_table(embedding):
    data = msgspec.msgpack.encode(embedding.table)
    assert b"cus_" not in data
    assert b"mer_" not in data


def test_name_that_paid_rarely_has_no_place():
    rare = pl.DataFrame({"name": ["cus_new"], "partner": ["mer_1"], "payments": [2]})
    found = embed(pl.concat([links_of(), rare]), "customer", "merchant", seed=1)
    assert found.one("cus_new", "mer_1") is None
    assert found.one("cus_1", None) is None
    assert found.one("cus_1", "mer_1") is not None
    assert (found.names, found.partners) == (200, 100)


def test_graph_of_too_few_names_is_refused():
    few = pl.DataFrame({"name": ["a", "b"], "partner": ["x", "y"], "payments": [9, 9]})
    with pytest.raises(InputInvalid, match=r"2 and 2 names with at least 3 payments before"):
        embed(few, "customer", "merchant", seed=1)
    with pytest.raises(InputInvalid, match="0 and 0 names"):
        embed(few.head(0), "customer", "merchant", seed=1)


def test_graph_that_falls_into_pieces_is_drawn():
    alone = pl.DataFrame({"name": list("abcdef"), "partner": list("uvwxyz"), "payments": [3, 4, 5, 6, 7, 8]})
    found = embed(alone, "card", "device", seed=1)
    assert found.one("a", "u") > found.one("a", "v")


@given(
    st.integers(1, 5).flatmap(
        lambda width: st.tuples(
            *(
                st.dictionaries(
                    st.text(max_size=4),
                    st.lists(st.integers(-127, 127), min_size=width, max_size=width),
                    min_size=1,
                    max_size=6,
                )
                for _ in range(2)
            ),
            st.lists(st.tuples(st.none() | st.text(max_size=4), st.none() | st.text(max_size=4)), max_size=8),
        )
    )
)
def test_many_looks_are_one_look_many_times(drawn):
    names, partners, asked = drawn
    asked += [(name, partner) for name in names for partner in partners]
    width = len(next(iter(names.values())))
    embedding = open_embedding(EmbeddingTable("a", "b", width, _side(names), _side(partners)))
    many = embedding.many(
        pl.Series([name for name, _ in asked], dtype=pl.String),
        pl.Series([partner for _, partner in asked], dtype=pl.String),
    )
    one = [embedding.one(*pair) for pair in asked]
    assert [None if np.isnan(near) else near for near in many.tolist()] == one
    for (name, partner), near in zip(asked, one, strict=True):
        inside = name in names and partner in partners
        assert near == (np.dot(names[name], partners[partner]) / 127**2 if inside else None)


def _side(vectors) -> Side:
    order = sorted(vectors, key=key_of)
    keys = np.array([key_of(name) for name in order], dtype="<u8").tobytes()
    return Side(keys, np.array([vectors[name] for name in order], dtype=np.int8).tobytes())


GOOD = _side({"a": [1, 2], "b": [3, 4]})


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (EmbeddingTable("a", "b", 0, GOOD, GOOD), "0 dimensions"),
        (EmbeddingTable("a", "b", 65, GOOD, GOOD), "65 dimensions"),
        (EmbeddingTable("a", "b", 3, GOOD, GOOD), "cut off"),
        (EmbeddingTable("a", "b", 2, Side(GOOD.keys[:-1], GOOD.vectors), GOOD), "cut off"),
        (EmbeddingTable("a", "b", 2, Side(b"", b""), GOOD), "cut off"),
        (EmbeddingTable("a", "b", 2, GOOD, Side(GOOD.keys[8:] + GOOD.keys[:8], GOOD.vectors)), "in order"),
        (EmbeddingTable("a", "b", 2, GOOD, Side(GOOD.keys[:8] * 2, GOOD.vectors)), "in order"),
    ],
)
def test_table_that_cannot_be_used_is_refused(table, words):
    with pytest.raises(ModelInvalid, match=words):
        open_embedding(table)
