"""The words of many texts are those of each text alone."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from satark.features.hashing import word_of_text
from satark.features.kernel.texts import words_of_texts


@pytest.mark.parametrize("seed", [0, 1, 7, 2**32 - 1, 2**63 + 11, 2**64 - 1])
def test_words_of_every_length_are_those_of_the_library(seed):
    texts = ["", *("कखग-9xé😀" * 40)[:1]]
    texts += [("a1-Ωé😀z" * 40)[:n] for n in range(160)] + [chr(97 + n % 26) * n for n in range(260)]
    assert words_of_texts(pl.Series(texts), seed).to_list() == [word_of_text(text, seed) for text in texts]


@given(
    texts=st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=150), max_size=12),
    seed=st.integers(0, 2**64 - 1),
)
@example(texts=[], seed=0)
@example(texts=[None, None], seed=3)
def test_words_of_many_texts_are_those_of_each(texts, seed):
    found = words_of_texts(pl.Series(texts, dtype=pl.String), seed)
    assert found.dtype == pl.Int64
    assert found.to_list() == [None if text is None else word_of_text(text, seed) for text in texts]
