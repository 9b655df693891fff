"""For tests of the lifecycle: a policy in many versions, people of each role, an engine that does what it is asked."""

from __future__ import annotations

import contextlib

import msgspec
import pytest

from satark.cases.policy_life import Person
from satark.core.errors import InputInvalid
from satark.decisions.again import policy_input, policy_ref
from satark.decisions.ports import LogEntry
from satark.decisions.roster import ROSTER, ROSTER_REF, Roster, encode_roster, order_of
from satark.policies import load_policy

ASHA = Person("asha", "author")
RAVI = Person("ravi", "author")
MEERA = Person("meera", "supervisor")
ADMIN = Person("admin", "administrator")
ANU = Person("anu", "analyst")
AT_US = 1_790_000_000_000_000
TEXT = """\
policy: small
version: 1
features:
  card_10m: count() by card over 10m
thresholds: {challenge: 0.3, hold: 0.6, block: 0.9}
rules:
  velocity:
    params: {limit: 6}
    when: card_10m > limit
    action: hold
    score: 0.65
    reason: {en: "{card_10m} payments; limit {limit}", hi: "{card_10m} भुगतान; सीमा {limit}"}
  large:
    when: amount > rupees(100_000)
    action: challenge
    score: 0.4
    reason: {en: "A large amount", hi: "बड़ी राशि"}
"""


def text_of(version: int, limit: int = 6, **changes: str) -> str:
    """Return a policy's text with another version number, limit, or words replaced."""
    text = TEXT.replace("version: 1", f"version: {version}").replace("{limit: 6}", f"{{limit: {limit}}}")
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def hash_of(text: str) -> str:
    """Return the hash of a text's content."""
    return load_policy(text).content_hash


class EngineDouble:
    """A log in memory that takes orders as the engine does, and is counted as the worker counts it."""

    def __init__(self, desk, text=TEXT):
        self.desk = desk
        self.entries = []
        self.add_policy(text)
        self.count()

    def last_seq(self):
        return len(self.entries)

    def read(self, after_seq, *, limit=None):
        yield from self.entries[after_seq:][:limit]

    def find_by_ref(self, owner, payment_id):
        return iter([entry for entry in self.entries if (entry.owner, entry.ref) == (owner, payment_id)])

    def add_policy(self, text):
        policy = load_policy(text)
        self._add("policy", policy_ref(policy.content_hash), policy_input(policy, text))

    def add_roster(self, roster, event_id=""):
        self._add(ROSTER, ROSTER_REF, encode_roster(roster), event_id)

    def take(self):
        """Do what waits, as the engine's inbox does; return what was settled."""
        settled = []
        for command in self.desk.commands.waiting(10):
            self.desk.commands.check(command)
            order = order_of(command.body)
            for text in order.texts.values():
                self.add_policy(text)
            # The engine says more of a roster than what was asked.
            roster = Roster(
                order.live,
                order.canary,
                order.shadows,
                order.killed,
                base=hash_of(TEXT),
                windows=(order.live,),
                actor=command.actor,
                note=order.note,
            )
            self.add_roster(roster, f"command:{command.id}")
            self.desk.commands.settle(command.id, "done")
            settled.append(command)
        self.count()
        return settled

    def count(self):
        while self.desk.rollups.catch_up(self):
            pass

    def _add(self, kind, ref, body, event_id=""):
        seq = len(self.entries) + 1
        self.entries.append(
            LogEntry(seq, 0, event_id or f"{kind}:{seq}", kind, AT_US, AT_US, 0, ref, b"", body)
        )


def approved(desk, text, *, author=ASHA, approver=MEERA, log=None):
    """Bring a text to reviewed; return its hash."""
    policy = desk.versions.create(text, author, log=log)
    desk.versions.submit(policy, author, revision=desk.versions.get(policy).revision)
    desk.versions.approve(policy, approver, revision=desk.versions.get(policy).revision)
    return policy


def parts(roster):
    """Return a roster as plain data: live, canary, shadows."""
    return roster.live, None if roster.canary is None else msgspec.to_builtins(roster.canary), roster.shadows


@contextlib.contextmanager
def refused(reason):
    """Expect a step to be refused for a reason."""
    with pytest.raises(InputInvalid) as caught:
        yield
    assert caught.value.fields.get("reason") == reason, caught.value.fields


def stage(desk, reader, text):
    """Give a console something to show: a draft, one in review, an approved one, one that was tried, and asked for.

    Returns the hashes of the draft, of the one in review, and of the one that the engine is asked to make the canary.
    """
    from tests.support.backtests import result

    from satark.decisions.backtest.result import encode_result

    version = load_policy(text).version

    def bumped(by, old, new):
        return text.replace(f"version: {version}", f"version: {version + by}", 1).replace(old, new, 1)

    asha, ravi = Person("author", "author"), Person("ravi", "author")
    draft = desk.versions.create(bumped(1, "score: 0.", "score: 0.0"), asha, note="A first try", log=reader)
    waiting = desk.versions.create(
        bumped(2, "action: hold", "action: challenge"), ravi, note="Fewer held payments at night", log=reader
    )
    desk.versions.submit(waiting, ravi, revision=1, note="Please look at the second rule. <b>कृपया देखें</b>")
    desk.versions.comment(waiting, Person("supervisor", "supervisor"), "How many customers does it spare?")
    ready = approved(desk, bumped(3, "action: hold", "action: block"), author=ravi, approver=asha, log=reader)
    for _ in range(2):
        desk.jobs.ask("backtest", waiting, {"from_us": AT_US, "to_us": AT_US + 10**12, "against": ""}, ravi)
    desk.jobs.finish(desk.jobs.claim(), encode_result(result(waiting)))
    return draft, waiting, ready
