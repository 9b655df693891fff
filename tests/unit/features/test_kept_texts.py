"""Texts behind words: there as long as a window may hold them, and not for ever."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from satark.features.kept_texts import BUCKETS, Texts

KEEP = 100
NOTES = st.lists(st.tuples(st.integers(-3, 600), st.integers(0, 40)), max_size=80)
"""Words (those that are equal but for a multiple of `BUCKETS` share a part), and how time goes on."""


@given(NOTES)
def test_a_text_is_kept_for_as_long_as_an_event_that_brought_it_may_be_in_a_window(notes):
    texts, brought, now = Texts(KEEP), {}, 0
    for word, step in notes:
        now += step
        texts.note(word, f"text {word}", now)
        brought[word] = now
        for one, at in brought.items():
            if at > now - KEEP:
                assert texts.get(one) == f"text {one}"
                assert texts.copy()[one] == f"text {one}"


@given(NOTES)
def test_a_copy_restores_the_same_texts(notes):
    texts, now = Texts(KEEP), 0
    for word, step in notes:
        now += step
        texts.note(word, str(word), now)
    again = Texts(KEEP)
    again.restore(texts.copy(), now)
    assert again.copy() == texts.copy()


def test_memory_ends_with_the_windows():
    texts = Texts(KEEP)
    for time_us in range(50 * KEEP):
        for word in range(time_us * BUCKETS, (time_us + 1) * BUCKETS):
            texts.note(word, "text", time_us)
    assert KEEP * BUCKETS <= len(texts) <= 2 * KEEP * BUCKETS
    assert texts.get(0) is None


def test_a_text_that_keeps_coming_stays():
    texts = Texts(KEEP)
    for time_us in range(0, 20 * KEEP, KEEP // 2):
        texts.note(7, "seven", time_us)
        texts.note(7 + BUCKETS * (time_us + 1), "another", time_us)
        assert texts.get(7) == "seven"


def test_without_a_span_nothing_is_let_go():
    texts = Texts()
    texts.note(-5, "minus five", -(1 << 61))
    texts.note(-5 + BUCKETS, "another", 1 << 61)
    assert texts.get(-5) == "minus five"


def test_copies_may_be_made_while_another_thread_notes():
    texts, stop = Texts(KEEP), threading.Event()

    def note():
        time_us = 0
        while not stop.is_set():
            time_us += 1
            for word in range(0, 20 * BUCKETS, 7):
                texts.note(word, "text", time_us)

    thread = threading.Thread(target=note)
    thread.start()
    try:
        while not len(texts):
            pass
        for _ in range(200):
            assert set(texts.copy().values()) == {"text"}
    finally:
        stop.set()
        thread.join()
