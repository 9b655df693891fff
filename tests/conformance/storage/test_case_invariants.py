"""Three people and the worker do what they like for a while; what must always hold, holds."""

from __future__ import annotations

import random

import pytest
import sqlalchemy as sa
from tests.support.cases import JOIN, START_US, new_alert, take_in

from satark.cases.model import CaseOutcome, CaseState, HoldChoice, QueueFilter
from satark.core.errors import WorkRefused
from satark.storage.desk.tables.cases import ALERTS, CASE_ENTITIES, CASES

PEOPLE = ("asha", "ravi", "meera")
REASON = {
    CaseOutcome.FRAUD: "stolen_card",
    CaseOutcome.GENUINE: "travelling",
    CaseOutcome.INCONCLUSIVE: "duplicate",
}
STEPS = 120


class Office:
    """One desk, those who work at it, and what they did."""

    def __init__(self, desk, clock, chance):
        self.desk, self.clock, self.chance = desk, clock, chance
        self.seq, self.undos, self.refused, self.labels_undone = 0, [], 0, 0

    def act(self):
        """Do one thing; what the rules of the work forbid is only counted."""
        user = self.chance.choice(PEOPLE)
        acts = [
            self.alerts,
            self.close,
            self.confirm,
            self.undo,
            self.assign,
            self.state,
            self.take,
            self.look,
        ]
        weights = [4, 4, 2, 3, 2, 2, 1, 2]
        self.clock.advance(self.chance.choice((1, 30, 400)))
        try:
            self.chance.choices(acts, weights)[0](user)
        except WorkRefused:
            self.refused += 1

    def some(self):
        """Return a few cases."""
        states = tuple(CaseState)
        rows = self.desk.cases.queue(QueueFilter(states=states), limit=100).rows
        return [
            case.id for case in self.chance.sample(rows, min(len(rows), self.chance.randrange(1, 4)))
        ] or [1]

    def alerts(self, _user):
        batch = []
        for _ in range(self.chance.randrange(1, 6)):
            self.seq += 1
            batch.append(
                new_alert(
                    self.seq,
                    card=f"c{self.chance.randrange(12)}",
                    device=f"d{self.chance.randrange(9)}",
                    amount_minor=self.chance.randrange(10_000_00),
                    score=self.chance.random(),
                    occurred_us=self.clock.now_us(),
                    four_eyes=self.chance.random() < 0.15,
                )
            )
        take_in(self.desk, *batch)

    def close(self, user):
        outcome = self.chance.choice(list(CaseOutcome))
        hold = HoldChoice() if outcome is CaseOutcome.FRAUD and self.chance.random() < 0.3 else None
        self.undos.append(
            (self.desk.cases.close(self.some(), outcome, REASON[outcome], user, hold=hold).id, user)
        )

    def confirm(self, user):
        waiting = [
            case.id
            for case in self.desk.cases.queue(QueueFilter(), limit=100).rows
            if case.proposed_by not in {None, user}
        ]
        if waiting and self.chance.random() < 0.3:
            self.desk.cases.decline(waiting[:1], user, "not yet")
        elif waiting:
            self.undos.append((self.desk.cases.confirm(waiting[:1], user).id, user))

    def undo(self, _user):
        if self.undos:
            self.desk.cases.undo(*self.undos.pop(self.chance.randrange(len(self.undos))))

    def assign(self, user):
        if self.chance.random() < 0.3:
            undo = self.desk.cases.spread(self.some(), PEOPLE, user)
        else:
            undo = self.desk.cases.assign(self.some(), self.chance.choice((*PEOPLE, None)), user)
        self.undos.append((undo.id, user))

    def state(self, user):
        if self.chance.random() < 0.4:
            undo = self.desk.cases.reopen(self.some()[:1], user)
        else:
            states = (CaseState.OPEN, CaseState.IN_PROGRESS, CaseState.WAITING_FOR_CUSTOMER)
            undo = self.desk.cases.set_state(self.some(), self.chance.choice(states), user)
        self.undos.append((undo.id, user))

    def take(self, user):
        self.desk.cases.take_next(None, user)

    def look(self, user):
        case_id = self.some()[0]
        self.desk.cases.lock(case_id, user, 60)
        self.desk.cases.note(case_id, f"seen by {user}", user)


def check(desk):
    """Hold what is stored against what it must come to."""
    with desk.reading() as connection:
        cases = {row.id: row for row in connection.execute(sa.select(CASES))}
        alerts = connection.execute(sa.select(ALERTS)).all()
        things = connection.execute(sa.select(CASE_ENTITIES)).all()
    for case_id, case in cases.items():
        mine = [alert for alert in alerts if alert.case_id == case_id]
        assert case.n_alerts == len(mine) <= JOIN.at_most
        assert case.amount_minor == sum(alert.amount_minor for alert in mine)
        assert case.priority == pytest.approx(sum(alert.priority for alert in mine))
        assert case.score == max(alert.score for alert in mine)
        assert case.deadline_us == min(alert.deadline_us for alert in mine)
        is_closed = case.state == "closed"
        assert is_closed == (case.closed_us is not None) == (case.closed_by is not None)
        assert {alert.outcome for alert in mine} == {case.outcome if is_closed else None}
        assert is_closed <= (case.outcome is not None and case.proposed_by is None)
        # An open case has an outcome only while it is proposed.
        assert is_closed or (case.outcome is None) == (case.proposed_by is None) == (case.proposal is None)
        its = [thing for thing in things if thing.case_id == case_id]
        assert {bool(thing.joins) for thing in its} == {not is_closed}
        assert sum(thing.n_alerts for thing in its) == 2 * len(mine)


@pytest.mark.parametrize("seed", range(4))
def test_what_must_hold_holds_whatever_people_do(desk, backend, seed):
    chance = random.Random(seed)
    office = Office(desk, backend.clock, chance)
    office.alerts("system")
    for step in range(STEPS):
        office.act()
        if step % 10 == 0:
            check(desk)
    check(desk)
    assert office.refused
    assert desk.audit.verify().ok
    commands = desk.commands.waiting(10_000)
    ids = [command.body["id"] for command in commands if command.kind == "label"]
    assert len(ids) == len(set(ids))
    # Whatever was closed and taken back: the last label of each event says what its case says now.
    last = {command.body["event"]: command.body["label"] for command in commands if command.kind == "label"}
    closed = {
        alert.event_id: alert.outcome
        for case in desk.cases.queue(QueueFilter(states=(CaseState.CLOSED,)), limit=500).rows
        for alert in desk.cases.alerts(case.id, limit=100)
    }
    for event, outcome in closed.items():
        if outcome is CaseOutcome.INCONCLUSIVE:
            assert last.get(event) != "fraud"
        else:
            assert last[event] == outcome.value
    assert backend.clock.now_us() > START_US
