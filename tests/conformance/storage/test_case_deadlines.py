"""The clock of the cases: whose press, and that each is told of once."""

from __future__ import annotations

import pytest
from tests.support.cases import open_case

from satark.cases.deadlines import Due
from satark.cases.model import CaseOutcome
from satark.cases.outbox import PostedFilter

HOUR = 3_600


def told(desk, case_id):
    """Return what the timeline says of a deadline, oldest first."""
    lines = desk.cases.timeline(case_id)
    return [line.detail["state"] for line in reversed(lines) if line.kind == "deadline"]


def test_a_case_is_told_of_once_when_near_and_once_when_past(desk, backend):
    case = open_case(desk, 1, deadline_seconds=HOUR)
    assert desk.cases.remind() == 0
    backend.clock.advance(44 * 60)
    assert desk.cases.remind() == 0
    backend.clock.advance(2 * 60)
    assert (desk.cases.remind(), desk.cases.remind()) == (1, 0)
    assert told(desk, case) == ["near"]
    backend.clock.advance(HOUR)
    assert (desk.cases.remind(), desk.cases.remind()) == (1, 0)
    assert told(desk, case) == ["near", "past"]


def test_a_case_that_nobody_saw_near_is_told_of_as_past_alone(desk, backend):
    case = open_case(desk, 1, deadline_seconds=60)
    backend.clock.advance(HOUR)
    assert (desk.cases.remind(), desk.cases.remind()) == (1, 0)
    assert told(desk, case) == ["past"]


def test_closed_cases_and_deadlines_of_long_ago_are_not_told_of(desk, backend):
    closed, old = open_case(desk, 1, deadline_seconds=60), open_case(desk, 2, deadline_seconds=60)
    desk.cases.close([closed], CaseOutcome.GENUINE, "travelling", "asha")
    backend.clock.advance(25 * HOUR)
    fresh = open_case(desk, 3, deadline_seconds=60)
    backend.clock.advance(120)
    assert desk.cases.remind() == 1
    assert [told(desk, case) for case in (closed, old, fresh)] == [[], [], ["past"]]


def test_many_are_told_of_in_turns_the_most_urgent_first(desk, backend):
    cases = [open_case(desk, seq, deadline_seconds=60 * (8 - seq)) for seq in range(1, 8)]
    backend.clock.advance(HOUR)
    assert desk.cases.remind(3) == 3
    assert [bool(told(desk, case)) for case in cases] == [False] * 4 + [True] * 3
    assert [desk.cases.remind(3) for _ in range(3)] == [3, 1, 0]


def test_webhooks_hear_of_it_and_an_open_form_stays_good(desk, backend):
    topics = ("case.overdue", "case.due_soon")
    desk.outbox.endpoints.add("pager", "https://pager.bank.example/", topics, "meera")
    case = open_case(desk, 1, deadline_seconds=HOUR, queue="cards")
    version = desk.cases.get(case).version
    desk.cases.assign([case], "asha", "ravi")
    for seconds in (50 * 60, HOUR):
        backend.clock.advance(seconds)
        desk.cases.remind()
    posted = desk.outbox.posted(PostedFilter(case_id=case))
    assert [row.topic for row in posted] == ["case.overdue", "case.due_soon"]
    assert desk.cases.get(case).version == version + 1


@pytest.mark.parametrize(("after", "due"), [(0, Due(0, 0)), (50 * 60, Due(1, 1)), (2 * HOUR, Due(0, 2))])
def test_everybody_sees_his_own_pressing_cases(desk, backend, after, due):
    mine = [open_case(desk, 1, deadline_seconds=HOUR), open_case(desk, 2, deadline_seconds=60)]
    others = open_case(desk, 3, deadline_seconds=60)
    desk.cases.assign(mine, "asha", "asha")
    desk.cases.assign([others], "ravi", "ravi")
    backend.clock.advance(after)
    assert desk.cases.due("asha") == due
    desk.cases.close(mine, CaseOutcome.GENUINE, "travelling", "asha")
    assert desk.cases.due("asha") == Due()
    assert desk.cases.due("nobody") == Due()
