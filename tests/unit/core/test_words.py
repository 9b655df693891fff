"""Durations in words, in both languages."""

from __future__ import annotations

import pytest

from satark.core import Words, duration_words, is_id


@pytest.mark.parametrize(
    ("seconds", "english", "hindi"),
    [
        (0, "0 seconds", "0 सेकंड"),
        (1, "1 second", "1 सेकंड"),
        (60, "1 minute", "1 मिनट"),
        (3_600, "1 hour", "1 घंटा"),
        (7_200, "2 hours", "2 घंटे"),
        (7 * 86_400, "7 days", "7 दिन"),
        (86_400 + 59, "1 day", "1 दिन"),
        (90_061, "1 day 1 hour", "1 दिन 1 घंटा"),
        (-90, "-1 minute 30 seconds", "-1 मिनट 30 सेकंड"),
        (59.99, "59 seconds", "59 सेकंड"),
    ],
)
def test_duration_is_written_with_its_two_largest_units(seconds, english, hindi):
    assert duration_words(seconds, "en") == english
    assert duration_words(seconds, "hi") == hindi


def test_words_are_given_in_the_language_that_is_asked_for():
    words = Words(en="hold", hi="रोकें")
    assert (words.of("en"), words.of("hi")) == ("hold", "रोकें")


@pytest.mark.parametrize("text", ["", "a" * 65, "a b", "a\n", "é", "४२", "a\x00", "a;b", "a'b"])
def test_text_is_no_id_when_it_leaves_the_alphabet(text):
    assert not is_id(text)
