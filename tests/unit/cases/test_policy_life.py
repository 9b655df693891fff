"""The rules of a version's life: every state, step and role, and rosters through any sequence of steps."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satark.cases.policy_life import (
    MOVES,
    PUBLISHING,
    Person,
    State,
    Step,
    allows,
    carried,
    moved,
    placed,
    returned,
    standing_of,
    steps_for,
    switched,
)
from satark.core.errors import Forbidden, InputInvalid
from satark.core.staff import ROLES
from satark.decisions.roster import PublishOrder, Roster, check_order

HASHES = [f"{letter}" * 64 for letter in "abcd"]
RULES = {one: {"velocity", f"own_{one[0]}"} for one in HASHES}


@pytest.mark.parametrize("role", [*ROLES, "king"])
@pytest.mark.parametrize("approved", [True, False])
def test_nothing_moves_but_by_the_table_when_every_step_is_tried(role, approved):
    for state, step in itertools.product(State, Step):
        person = Person("asha", role)
        possible = allows(role, step) and (state, step) in MOVES and (approved or step not in PUBLISHING)
        try:
            to = moved(state, step, person=person, contributors={"ravi"}, approved=approved)
        except Forbidden:
            assert not allows(role, step)
        except InputInvalid:
            assert not possible
        else:
            assert possible
            assert to is MOVES[state, step]


@pytest.mark.parametrize("role", ROLES)
def test_nobody_approves_what_he_had_a_hand_in_whatever_the_role(role):
    with pytest.raises((Forbidden, InputInvalid)):
        moved(State.IN_REVIEW, Step.APPROVE, person=Person("asha", role), contributors={"asha", "ravi"})
    assert Step.APPROVE not in steps_for(State.IN_REVIEW, Person("asha", role), contributors={"asha"})


def test_only_one_step_leads_to_approval_and_none_from_there_to_live():
    assert [key for key, to in MOVES.items() if to is State.REVIEWED and key[1] is not Step.END] == [
        (State.IN_REVIEW, Step.APPROVE)
    ]
    assert {state for (state, step), to in MOVES.items() if to is State.LIVE} == {State.SHADOW, State.CANARY}


@pytest.mark.parametrize("role", ["analyst", "officer", "auditor", "viewer", "king"])
def test_other_roles_change_nothing(role):
    assert not any(allows(role, step) for step in Step)


def test_supervisor_stops_and_begins_nothing():
    assert {step for step in Step if allows("supervisor", step)} == {
        Step.APPROVE, Step.RETURN, Step.COMMENT, Step.END, Step.BACK, Step.KILL, Step.REVIVE,
    }  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [Step.SHADOW, Step.CANARY, Step.LIVE, Step.END, Step.BACK, Step.KILL, Step.REVIVE]
            ),
            st.sampled_from(HASHES),
            st.floats(0.1, 100),
        ),
        max_size=30,
    )
)
def test_roster_can_always_be_ordered_whatever_was_done_before(steps):
    roster, history = Roster(HASHES[0]), []
    off = False
    for step, policy, percent in steps:
        before = roster
        with contextlib.suppress(InputInvalid):
            if step is Step.BACK:
                roster = returned(history.pop(), roster, RULES) if history else roster
            elif step in {Step.KILL, Step.REVIVE}:
                roster, having = switched(roster, "velocity", RULES, off=step is Step.KILL)
                off = step is Step.KILL
                assert set(having) == set(roster.taking_part)
            else:
                roster = carried(placed(roster, policy, step, percent), roster, RULES)
                history.append(before)
        check_order(PublishOrder(roster.live, roster.canary, roster.shadows, roster.killed))
        assert len(roster.taking_part) == len({*roster.taking_part})
        assert roster.live in HASHES
        if off:
            # A rule that is off in the live version is off in everything that came in since.
            assert "velocity" in roster.killed.get(roster.live, ())
        assert all(
            standing_of(one, State.REVIEWED, roster, was_live=False) is not State.REVIEWED
            for one in roster.taking_part
        )


def test_version_that_decided_once_is_set_aside_and_an_unreviewed_one_is_what_it_is():
    assert standing_of("a", State.REVIEWED, Roster("b"), was_live=True) is State.RETIRED
    assert standing_of("a", State.DRAFT, None, was_live=False) is State.DRAFT
    assert standing_of("a", State.REVIEWED, Roster("b", shadows=("a",)), was_live=True) is State.SHADOW
