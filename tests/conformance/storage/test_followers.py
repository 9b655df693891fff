"""How far the log was followed: moved once, by one."""

from __future__ import annotations

import pytest

from satark.core.errors import IntegrityBroken


def test_a_new_follower_begins_before_the_log(desk):
    assert desk.followers.place("desk") is None
    place = desk.followers.begin("desk")
    assert (place.seq, place.at_us) == (0, place.began_us)
    assert desk.followers.begin("desk") == place


def test_a_follower_moves_with_what_it_did(desk):
    desk.followers.begin("desk")
    with desk.writing("a test") as connection:
        desk.followers.move(connection, "desk", 0, 17)
    assert desk.followers.place("desk").seq == 17


def test_a_move_from_another_place_is_refused_and_takes_everything_back(desk):
    desk.followers.begin("desk")
    with desk.writing("a test") as connection:
        desk.followers.move(connection, "desk", 0, 5)

    def move_twice():
        with desk.writing("a test") as connection:
            desk.followers.move(connection, "desk", 5, 9)
            desk.followers.move(connection, "desk", 5, 9)

    with pytest.raises(IntegrityBroken):
        move_twice()
    assert desk.followers.place("desk").seq == 5


def test_what_was_done_is_not_kept_when_the_move_is_not(desk):
    desk.followers.begin("desk")

    class Killed(Exception):
        pass

    def move_and_die():
        with desk.writing("a test") as connection:
            desk.followers.move(connection, "desk", 0, 5)
            raise Killed

    with pytest.raises(Killed):
        move_and_die()
    assert desk.followers.place("desk").seq == 0
