"""Alerts join cases, on SQLite and PostgreSQL."""

from __future__ import annotations

import random

import pytest
from tests.support.cases import JOIN, START_US, new_alert, open_case, ref, take_in

from satark.cases.model import CaseOutcome, CaseState, QueueFilter
from satark.cases.priority import priority_of
from satark.core.errors import NotFound
from satark.policies.case_rules import CaseTerms, JoinRule
from satark.policies.read_cases import default_case_rules

HOUR_US = 3_600_000_000


def test_an_alert_opens_a_case_when_it_shares_nothing(desk):
    first, second = take_in(desk, new_alert(1, card="a"), new_alert(2, card="b", amount_minor=500_000))
    assert first.case_id != second.case_id
    case = desk.cases.get(second.case_id)
    assert (case.queue, case.state, case.n_alerts, case.version) == ("review", CaseState.OPEN, 1, 1)
    assert (case.amount_minor, case.score, case.priority) == (500_000, 0.8, 4_000.0)
    assert case.deadline_us == START_US + 1_800_000_000
    assert [entry.kind for entry in desk.cases.timeline(case.id)] == ["alert_joined", "opened"]


def test_alerts_join_when_they_share_a_card_or_a_device(desk):
    opened = take_in(
        desk,
        new_alert(1, card="a", device="d1"),
        new_alert(2, card="a", device="d2"),
        new_alert(3, card="b", device="d2"),
    )
    assert len({alert.case_id for alert in opened}) == 1
    later = take_in(desk, new_alert(4, card="c", device="d1", amount_minor=5_000_00, score=0.9))[0]
    assert later.case_id == opened[0].case_id
    case = desk.cases.get(later.case_id)
    assert (case.n_alerts, case.amount_minor, case.score) == (4, 8_000_00, 0.9)
    assert case.priority == pytest.approx(3 * priority_of(1_000_00, 0.8) + priority_of(5_000_00, 0.9))
    assert [alert.seq for alert in desk.cases.alerts(case.id)] == [4, 3, 2, 1]
    things = {one.ref: one.n_alerts for one in desk.cases.entities(case.id)}
    assert things == {
        ref("card", "a"): 2,
        ref("device", "d1"): 2,
        ref("device", "d2"): 2,
        ref("card", "b"): 1,
        ref("card", "c"): 1,
    }


def test_alerts_do_not_join_when_they_share_only_what_the_policy_leaves_out(desk):
    opened = take_in(desk, new_alert(1, card="a", ip="10.0.0.1"), new_alert(2, card="b", ip="10.0.0.1"))
    assert len({alert.case_id for alert in opened}) == 2


def test_alerts_do_not_join_across_owners(desk):
    opened = take_in(desk, new_alert(1, card="a"), new_alert(2, card="a", owner=2))
    assert len({alert.case_id for alert in opened}) == 2


def test_an_alert_does_not_join_when_the_case_was_last_seen_too_long_before(desk):
    first = open_case(desk, 1, card="a")
    near = take_in(desk, new_alert(2, card="a", occurred_us=START_US + 1 + HOUR_US))[0]
    assert near.case_id == first
    far = take_in(desk, new_alert(3, card="a", occurred_us=START_US + 2 + 2 * HOUR_US))[0]
    assert far.case_id != first


def test_an_alert_opens_another_case_when_the_case_is_full(desk):
    opened = take_in(desk, *(new_alert(seq, card="a") for seq in range(1, 8)))
    counts = [sum(alert.case_id == one for alert in opened) for one in sorted({a.case_id for a in opened})]
    assert counts == [5, 2]


def test_an_alert_opens_another_case_when_the_first_is_closed_and_joins_it_when_it_is_open_again(desk):
    first = open_case(desk, 1, card="a")
    desk.cases.close([first], CaseOutcome.GENUINE, "known_behaviour", "asha")
    second = open_case(desk, 2, card="a")
    assert second != first
    desk.cases.close([second], CaseOutcome.GENUINE, "known_behaviour", "asha")
    desk.cases.reopen([first], "asha")
    assert open_case(desk, 3, card="a") == first


def test_an_alert_joins_the_case_that_shares_most_when_it_belongs_to_several(desk):
    one = open_case(desk, 1, card="a", device="d1")
    two = open_case(desk, 2, card="b", device="d2")
    assert take_in(desk, new_alert(3, card="b", device="d2"))[0].case_id == two
    both = take_in(desk, new_alert(4, entities=(ref("card", "a"), ref("device", "d1"), ref("device", "d2"))))
    assert both[0].case_id == one
    assert {found.case.id: found.shared for found in desk.cases.related(one)} == {two: (ref("device", "d2"),)}


def test_an_alert_counts_once_when_it_is_taken_in_again(desk):
    case_id = open_case(desk, 1, card="a")
    assert take_in(desk, new_alert(1, card="a"), new_alert(1, card="a")) == []
    assert desk.cases.get(case_id).n_alerts == 1


def test_nothing_of_a_batch_is_kept_when_its_transaction_fails(desk):
    def die():
        with desk.writing("a test") as connection:
            desk.cases.take_in(connection, [new_alert(1)], JOIN)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        die()
    assert desk.cases.count(QueueFilter()) == 0
    assert desk.audit.head()[0] == 0


def test_a_case_needs_four_eyes_when_one_of_its_alerts_does(desk):
    case_id = open_case(desk, 1, card="a")
    assert not desk.cases.get(case_id).four_eyes
    take_in(desk, new_alert(2, card="a", four_eyes=True))
    assert desk.cases.get(case_id).four_eyes


def test_the_earliest_deadline_counts_when_alerts_join_later(desk, backend):
    case_id = open_case(desk, 1, card="a", deadline_seconds=7_200)
    backend.clock.advance(60)
    take_in(desk, new_alert(2, card="a", deadline_seconds=600))
    assert desk.cases.get(case_id).deadline_us == START_US + 660_000_000


def test_the_kinds_and_rules_of_an_alert_come_back_when_a_kind_has_a_space(desk):
    alert = take_in(desk, new_alert(1, kinds=("stolen card", "mule"), rules=("r1", "r2")))[0]
    assert (alert.kinds, alert.rules) == (("stolen_card", "mule"), ("r1", "r2"))
    assert desk.cases.alerts(alert.case_id) == [alert]


def test_the_case_of_an_event_and_of_a_thing_is_found(desk):
    case_id = open_case(desk, 7, card="a", pin="560001")
    assert desk.cases.of_event(7).id == case_id
    assert desk.cases.of_event(8) is None
    assert [case.id for case in desk.cases.cases_of(ref("pin", "560001"))] == [case_id]
    assert desk.cases.cases_of(ref("card", "560001")) == []


def test_the_words_of_the_policy_are_those_that_were_adopted_last(desk):
    assert desk.cases.terms() == default_case_rules().terms
    terms = CaseTerms({}, {"fraud": {}}, {})
    for _ in range(2):
        with desk.writing("a test") as connection:
            desk.cases.adopt(connection, terms)
    assert desk.cases.terms() == terms


def test_an_answer_of_the_customer_takes_a_waiting_case_up_again(desk):
    case_id = open_case(desk, 1)
    desk.cases.set_state([case_id], CaseState.WAITING_FOR_CUSTOMER, "asha")
    with desk.writing("a test") as connection:
        desk.cases.answered(connection, case_id, "not_me", {"notice": 4})
    assert desk.cases.get(case_id).state is CaseState.OPEN
    state, answer = desk.cases.timeline(case_id, limit=2)
    assert (answer.kind, answer.actor, answer.detail) == (
        "answer",
        "customer",
        {"answer": "not_me", "notice": 4},
    )
    assert state.detail == {"from": "waiting_for_customer", "to": "open"}


def test_a_line_of_the_timeline_is_refused_when_there_is_no_such_case(desk):
    with pytest.raises(NotFound), desk.writing("a test") as connection:
        desk.cases.record(connection, 1, "system", "notice", {})


@pytest.mark.parametrize("seed", range(6))
def test_batches_do_not_change_which_cases_there_are(desk, seed, backend):
    """The same alerts make the same cases, one by one and in batches of any size."""
    chance = random.Random(seed)
    alerts = [
        new_alert(
            seq,
            card=f"c{chance.randrange(25)}",
            device=f"d{chance.randrange(12)}",
            occurred_us=START_US + seq * chance.choice((1, 60_000_000)),
        )
        for seq in range(1, 61)
    ]
    join = JoinRule(frozenset({"card", "device"}), 600, 7)
    other = backend.beside("other").open_desk()
    left = list(alerts)
    while left:
        size = chance.randrange(1, 20)
        take_in(desk, *left[:size], join=join)
        del left[:size]
    for alert in alerts:
        take_in(other, alert, join=join)

    def cases(one):
        rows = one.cases.queue(QueueFilter(), limit=500).rows
        return {
            tuple(sorted(alert.seq for alert in one.cases.alerts(row.id, limit=100))): (
                row.n_alerts,
                row.amount_minor,
                row.priority,
                row.score,
            )
            for row in rows
        }

    assert cases(desk) == cases(other)
    assert sum(len(seqs) for seqs in cases(desk)) == 60
