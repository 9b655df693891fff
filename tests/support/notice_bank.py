"""A bank that tells customers of payments and takes their answers, over a real desk."""

from __future__ import annotations

import re

from tests.support.notices import ADDRESS, CHANNELS, make_decision, make_entry, make_event, policy_text

from satark.cases.model import NewAlert
from satark.cases.notices import NoticePlan, NoticePlanner, effects_of, hash_of
from satark.cases.refs import refs_of
from satark.policies.loader import load_policy

TOKEN = re.compile(r"/c/([A-Za-z0-9_-]{36})")


class Bank:
    """Tells customers of payments and takes their answers."""

    def __init__(self, desk, clock, **changes):
        self.desk, self.clock = desk, clock
        self.policy = load_policy(policy_text(**changes))
        self.planner = NoticePlanner(
            NoticePlan.of(self.policy),
            book=desk.notices,
            cases=desk.cases,
            channels=lambda: frozenset(CHANNELS),
            address=ADDRESS,
            clock=clock,
        )
        self.seq = 0

    def tell(self, action="hold", *, with_case=True, rules=("velocity",), owner=1, **changes):
        """Return channel -> token of the notice about one payment."""
        self.seq += 1
        event = make_event(**changes)
        entry, decision = make_entry(event, seq=self.seq, owner=owner), make_decision(action, *rules)
        with self.desk.writing("a test") as connection:
            case_id = self.open_case(connection, entry, decision, event) if with_case else None
            messages = self.planner.plan(entry, decision, event, connection=connection, case_id=case_id)
            for message in messages:
                self.desk.outbox.put(connection, message)
        return {message.channel: TOKEN.search(message.body.decode())[1] for message in messages}

    def open_case(self, connection, entry, decision, event):
        alert = NewAlert(
            seq=entry.seq,
            owner=entry.owner,
            event_id=entry.event_id,
            occurred_us=entry.occurred_us,
            action=decision.action,
            score=decision.score,
            amount_minor=event.amount_minor,
            queue=next(iter(self.policy.cases.terms.queues)),
            deadline_seconds=3_600,
            kinds=("velocity",),
            rules=("velocity",),
            entities=refs_of(event),
            four_eyes=False,
        )
        return self.desk.cases.take_in(connection, [alert], self.policy.cases.join)[0].case_id

    def say(self, token, answer):
        now_us = self.clock.now_us()
        return self.desk.notices.answer(
            hash_of(token),
            answer,
            lambda notice, doubtful: effects_of(notice, answer, now_us, doubtful=doubtful),
        )
