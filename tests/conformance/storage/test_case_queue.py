"""The queue of cases: filters, pages, saved views, the supervisor's figures."""

from __future__ import annotations

import pytest
from tests.support.cases import new_alert, open_case, take_in

from satark.cases.figures import AnalystLoad, BacklogBand, RulePrecision
from satark.cases.model import CaseOutcome, CaseState, Cursor, QueueFilter
from satark.core.errors import NotFound, WorkRefused


def ids(desk, **wanted):
    """Return the ids of the cases that a filter shows; the count agrees."""
    rows = desk.cases.queue(QueueFilter(**wanted), limit=500).rows
    assert desk.cases.count(QueueFilter(**wanted)) == len(rows)
    return [case.id for case in rows]


def test_most_at_risk_comes_first_and_pages_follow_each_other(desk):
    made = [open_case(desk, seq, amount_minor=(seq % 4) * 100_00) for seq in range(1, 24)]
    whole = ids(desk)
    assert sorted(whole) == made
    cases = [desk.cases.get(one) for one in whole]
    assert cases == sorted(cases, key=lambda case: (-case.priority, case.id))
    found, after = [], None
    while True:
        page = desk.cases.queue(QueueFilter(), 5, after)
        found += [case.id for case in page.rows]
        if page.next is None:
            break
        after = Cursor.parse(page.next.text())
    assert found == whole


def test_proposals_are_found_until_a_second_person_decides(desk):
    open_case(desk, 1)
    guarded = open_case(desk, 2, four_eyes=True)
    assert ids(desk, proposed=True) == []
    desk.cases.close([guarded], CaseOutcome.GENUINE, "travelling", "asha")
    assert ids(desk, proposed=True) == [guarded]
    desk.cases.decline([guarded], "ravi")
    assert ids(desk, proposed=True) == []


def test_a_page_that_ends_with_the_last_case_says_so(desk):
    for seq in (1, 2, 3):
        open_case(desk, seq)
    assert desk.cases.queue(QueueFilter(), 3).next is None
    assert desk.cases.queue(QueueFilter(), 2).next is not None
    assert desk.cases.count(QueueFilter(), at_most=2) == 2


def test_filters_show_what_they_say(desk, backend):
    upi = open_case(desk, 1, queue="upi", action="block", amount_minor=900_00)
    card = open_case(desk, 2, queue="cards", deadline_seconds=60, card="tok_x")
    done = open_case(desk, 3, queue="cards")
    desk.cases.close([done], CaseOutcome.GENUINE, "travelling", "asha")
    desk.cases.assign([upi], "asha", "ravi")
    backend.clock.advance(120)
    assert ids(desk) == [card, upi]
    assert ids(desk, queue="upi") == [upi]
    assert ids(desk, assignee="asha") == [upi]
    assert ids(desk, assignee="") == [card]
    assert ids(desk, action="block") == [upi]
    assert ids(desk, action="nonsense") == []
    assert ids(desk, min_amount_minor=950_00) == [card]
    assert ids(desk, overdue=True) == [card]
    assert ids(desk, states=(CaseState.CLOSED,)) == [done]
    assert ids(desk, states=(CaseState.CLOSED, CaseState.OPEN)) == [card, done, upi]
    assert ids(desk, states=(CaseState.IN_PROGRESS,)) == []
    assert ids(desk, text="tok_x") == [card]
    assert ids(desk, text="pay_1") == [upi]
    assert ids(desk, text=f"#{card}") == [card]
    assert ids(desk, text="9" * 40) == []
    assert ids(desk, text="' OR 1=1 --") == []
    assert desk.cases.queues() == {"review": 0, "cards": 1, "upi": 1}


def test_views_are_one_s_own_unless_they_are_shared(desk):
    own = desk.cases.save_view("asha", "  My   UPI ", "queue=upi")
    shared = desk.cases.save_view("asha", "Overdue", "overdue=1", shared=True)
    assert own.name == "My UPI"
    assert desk.cases.views("asha") == [own, shared]
    assert desk.cases.views("ravi") == [shared]
    again = desk.cases.save_view("asha", "My UPI", "queue=upi&overdue=1")
    assert [view.query for view in desk.cases.views("asha")] == [again.query, shared.query]
    with pytest.raises(NotFound):
        desk.cases.drop_view("ravi", shared.id)
    desk.cases.drop_view("asha", shared.id)
    assert desk.cases.views("ravi") == []


@pytest.mark.parametrize(
    ("name", "query"), [("", "a=1"), ("\x00\n", "a"), ("n" * 61, "a"), ("n", "a" * 2_001)]
)
def test_a_view_is_refused_when_its_name_or_filter_is_unusable(desk, name, query):
    with pytest.raises(WorkRefused):
        desk.cases.save_view("asha", name, query)


def test_the_supervisor_sees_backlog_age_outcomes_load_and_precision(desk, backend):
    old = open_case(desk, 1, queue="cards", amount_minor=200_00, deadline_seconds=60)
    backend.clock.advance(2 * 3_600)
    fresh = open_case(desk, 2, queue="cards", amount_minor=300_00)
    fraud = open_case(desk, 3, queue="upi", rules=("r1", "r2"), amount_minor=700_00)
    passed = open_case(desk, 4, queue="upi", rules=("r1",), amount_minor=50_00, action="challenge")
    genuine = open_case(desk, 5, queue="upi", rules=("r1",))
    unclear = open_case(desk, 6, queue="upi", rules=("r2",))
    desk.cases.assign([old, fresh], "asha", "ravi")
    backend.clock.advance(600)
    desk.cases.close([fraud, passed], CaseOutcome.FRAUD, "stolen_card", "ravi")
    desk.cases.close([genuine], CaseOutcome.GENUINE, "travelling", "ravi")
    desk.cases.close([unclear], CaseOutcome.INCONCLUSIVE, "duplicate", "asha")
    load = desk.cases.load(backend.clock.now_us())
    assert load.backlog == (
        BacklogBand("cards", 0, 3_600, 1, 0, 300_00),
        BacklogBand("cards", 3_600, 14_400, 1, 1, 200_00),
    )
    assert load.outcomes == {"fraud": 2, "genuine": 1, "inconclusive": 1}
    assert load.analysts == (
        AnalystLoad("asha", 2, 1, 500_00, 1, 600),
        AnalystLoad("ravi", 0, 0, 0, 3, 600),
    )
    assert load.rules == (RulePrecision("r1", 2, 1, 0), RulePrecision("r2", 1, 0, 1))
    assert [rule.precision for rule in load.rules] == [pytest.approx(2 / 3), 1.0]
    assert (load.saved_minor, load.lost_minor) == (700_00, 50_00)
    assert (load.n_unassigned, load.n_proposed) == (0, 0)


def test_figures_of_more_than_a_month_ago_are_left_out(desk, backend):
    case_id = open_case(desk, 1)
    desk.cases.close([case_id], CaseOutcome.FRAUD, "stolen_card", "asha")
    backend.clock.advance(31 * 86_400)
    load = desk.cases.load(backend.clock.now_us())
    assert (load.outcomes, load.rules, load.saved_minor, load.analysts) == ({}, (), 0, ())


def test_relatives_leave_out_what_strangers_share(desk):
    one = open_case(desk, 1, card="a", merchant="m", pin="560001")
    open_case(desk, 2, card="b", merchant="m", pin="560001")
    three = take_in(desk, new_alert(3, card="c", phone="+919800000001", merchant="m"))[0].case_id
    four = take_in(desk, new_alert(4, card="d", phone="+919800000001"))[0].case_id
    assert desk.cases.related(one) == []
    assert [found.case.id for found in desk.cases.related(three)] == [four]
