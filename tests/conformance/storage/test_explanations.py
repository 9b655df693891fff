"""Explanations at the desk, on SQLite and PostgreSQL: written once, read back, forgotten by the time of the event."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from satark.core.errors import IntegrityBroken
from satark.decisions.explaining import Explained, ExplainedInput, Failure
from satark.storage.desk.explanations import FOLLOWER, MAX_BODY, NewExplanation

MODEL = "ab" * 32
FOUND = Explained(
    "card_risk",
    0.93,
    -3.0,
    (ExplainedInput("n", 1.5, "6 payments, usually 1", "6 बार, सामान्यतः 1"), ExplainedInput("m", -0.25, "x", "क")),
    0.125,
    3,
    exact=True,
)  # fmt: skip


@pytest.fixture
def desk(backend):
    return backend.open_desk()


def add(desk, *new):
    with desk.writing() as connection:
        desk.explanations.add(connection, new)


def new(seq, found=FOUND, at_us=1_000):
    return NewExplanation(seq, at_us, MODEL, found)


def test_explanation_is_read_back_as_it_was_written(desk):
    add(desk, new(7), new(8, Failure.DIFFERENT))
    assert desk.explanations.get(7) == FOUND
    assert desk.explanations.get(8) is Failure.DIFFERENT
    assert desk.explanations.get(9) is None


def test_what_is_there_stays_as_it_is(desk):
    add(desk, new(7))
    add(desk, new(7, Failure.FAILED), new(6))
    assert desk.explanations.get(7) == FOUND
    assert desk.explanations.get(6) == FOUND


def test_nothing_is_kept_when_the_place_was_moved_by_another(desk):
    desk.followers.begin(FOLLOWER)

    def step(before):
        with desk.writing() as connection:
            desk.explanations.add(connection, [new(before + 1)])
            desk.followers.move(connection, FOLLOWER, before, before + 1)

    step(0)
    with pytest.raises(IntegrityBroken):
        step(5)
    assert desk.explanations.get(1) == FOUND
    assert desk.explanations.get(6) is None
    assert [desk.explanations.is_past(seq) for seq in (1, 2)] == [True, False]


def test_explanations_are_forgotten_by_the_time_of_their_event(desk):
    add(desk, new(1, at_us=10), new(2, at_us=20), new(3, at_us=30))
    assert desk.explanations.forget(20) == 1
    assert [desk.explanations.get(seq) is None for seq in (1, 2, 3)] == [True, False, False]


def test_very_long_explanation_becomes_a_failure(desk):
    words = "क" * MAX_BODY
    long = Explained("m", 0.5, 0.0, (ExplainedInput("n", 1.0, words, words),), 0.0, 0, exact=True)
    add(desk, new(1, long))
    assert desk.explanations.get(1) is Failure.FAILED


@pytest.mark.parametrize(("failure", "body"), [("", "{"), ("", '{"name": 1}'), ("of a later version", "")])
def test_row_that_cannot_be_read_is_a_failure(desk, failure, body):
    add(desk, new(1))
    with desk.writing() as connection:
        connection.execute(
            sa.text("UPDATE explanations SET failure = :failure, body = :body"),
            {"failure": failure, "body": body},
        )
    assert desk.explanations.get(1) is Failure.FAILED
