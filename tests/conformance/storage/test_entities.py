"""Links between things, held against a plain reading of the same events, on SQLite and PostgreSQL."""

from __future__ import annotations

import random
from collections import Counter, defaultdict, deque
from itertools import pairwise

import pytest
import sqlalchemy as sa

from satark.cases.linking import Labelled, LinkedEvent, Verdict
from satark.cases.model import EntityKind, EntityRef
from satark.core.errors import InputInvalid
from satark.events.rules import address_key
from satark.storage.desk import entity_index
from satark.storage.desk.entities import MAX_BUCKETS

HOUR_US = 3_600_000_000
START_US = 1_789_999_200_000_000
"""The beginning of an hour in Indian time."""
ACTIONS = ("allow", "challenge", "hold", "block", None)


def ref(kind, value) -> EntityRef:
    return EntityRef(EntityKind(kind), value)


def payment(seq, *refs, action="allow", amount=100, at_us=None, last4=None):
    return LinkedEvent(
        seq, 1, START_US + seq * 1_000_000 if at_us is None else at_us, action, amount, refs, last4
    )


def market(seed, count, *, cards=6, devices=5, customers=4):
    """Return random events over few things, in log order with places left out between them."""
    dice = random.Random(seed)
    events, seq = [], 0
    for _ in range(count):
        seq += dice.choice((1, 1, 2, 7))
        refs = [ref("card", f"tok_{dice.randrange(cards)}"), ref("device", f"dev_{dice.randrange(devices)}")]
        if dice.random() < 0.7:
            refs.append(ref("customer", f"cust_{dice.randrange(customers)}"))
        if dice.random() < 0.5:
            refs.append(ref("merchant", "shop"))
        at_us = START_US + seq * 60_000_000 + dice.randrange(-120_000_000, 120_000_000)
        action = dice.choice(ACTIONS)
        amount = 0 if action is None else dice.randrange(1_000_000)
        events.append(LinkedEvent(seq, 1, at_us, action, amount, tuple(refs)))
    return events


def enter(desk, events, *, batches=None):
    """Enter events, in batches of drawn sizes when a source of chance is given."""
    left = list(events)
    while left:
        size = len(left) if batches is None else batches.randrange(1, 12)
        with desk.writing("a test") as connection:
            desk.entities.index_many(connection, left[:size])
        del left[:size]


class Oracle:
    """The answers by going through all events."""

    def __init__(self, events, frauds=frozenset()):
        self.events = events
        self.frauds = frauds
        self.of = defaultdict(list)
        for event in events:
            for one in event.refs:
                self.of[one].append(event)

    def neighbours(self, one):
        n, fraud, last = Counter(), Counter(), {}
        for event in self.of[one]:
            for other in event.refs:
                if other != one:
                    n[other] += 1
                    fraud[other] += event.seq in self.frauds
                    last[other] = max(event.seq, last.get(other, 0))
        return {other: (n[other], fraud[other], last[other]) for other in n}

    def hops(self, a, b):
        """Return the length of a shortest way that leads through no merchant and no PIN."""
        dull = {EntityKind.MERCHANT, EntityKind.PIN}
        seen, edge = {a: 0}, deque([a])
        while edge:
            here = edge.popleft()
            for other in self.neighbours(here):
                if other not in seen and (other.kind not in dull or other == b):
                    seen[other] = seen[here] + 1
                    edge.append(other)
        return seen.get(b)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_answers_are_those_of_reading_all_events_when_they_came_in_any_batches(desk, seed):
    events = market(seed, 80)
    oracle = Oracle(events)
    enter(desk, events, batches=random.Random(seed))
    for one, its in oracle.of.items():
        assert desk.entities.events(one, limit=500) == [event.seq for event in reversed(its)]
        summary = desk.entities.summary(one)
        assert (summary.first_us, summary.last_us) == (
            min(event.occurred_us for event in its),
            max(event.occurred_us for event in its),
        )
        counts = Counter(event.action or "other" for event in its)
        assert {action: n for action, n in summary.counts.items() if n} == dict(counts)
        for action, total in summary.sums_minor.items():
            assert total == sum(event.amount_minor for event in its if event.action == action)
        linked = Counter(other.kind.value for other in oracle.neighbours(one))
        assert summary.linked == dict(linked)
        found = {
            link.ref: (link.n_events, link.n_fraud, link.last_seq) for link in desk.entities.neighbours(one)
        }
        assert found == oracle.neighbours(one)
    for event in events:
        assert set(desk.entities.of_event(event.seq)) == set(event.refs)


def test_pages_of_events_follow_each_other_when_one_goes_back_in_time(desk):
    card = ref("card", "tok_1")
    enter(desk, [payment(seq, card) for seq in range(10, 100, 3)])
    whole = desk.entities.events(card, limit=500)
    paged, before = [], None
    while page := desk.entities.events(card, limit=7, before_seq=before):
        paged += page
        before = page[-1]
    assert paged == whole
    # A place of the log that is no event of this card.
    assert desk.entities.events(card, limit=3, before_seq=50) == [49, 46, 43]
    assert desk.entities.events(ref("card", "nobody's")) == []


def test_neighbours_come_most_first_when_there_are_many(desk):
    card = ref("card", "tok_1")
    devices = [ref("device", f"dev_{number}") for number in range(4)]
    seq = 0
    for number, device in enumerate(devices):
        for _ in range(number + 1):
            seq += 1
            enter(desk, [payment(seq, card, device)])
    assert [link.ref for link in desk.entities.neighbours(card, limit=2)] == [devices[3], devices[2]]


@pytest.mark.parametrize("seed", [4, 5])
def test_ways_are_shortest_when_there_are_several(desk, seed):
    events = market(seed, 40, cards=14, devices=14, customers=12)
    oracle = Oracle(events)
    enter(desk, events)
    things = sorted(oracle.of)
    for a in things[::3]:
        for b in things[::2]:
            way = desk.entities.path(a, b, max_hops=8)
            hops = oracle.hops(a, b)
            if hops is None or hops > 8:
                assert way is None
                continue
            assert way is not None
            assert len(way) == hops + 1
            assert (way[0], way[-1]) == (a, b)
            for here, there in pairwise(way):
                assert there in oracle.neighbours(here)


def test_no_way_leads_through_a_shop_but_one_may_end_there(desk):
    shop, one, other = ref("merchant", "shop"), ref("card", "tok_1"), ref("card", "tok_2")
    enter(desk, [payment(1, one, shop), payment(2, other, shop)])
    assert desk.entities.path(one, other) is None
    assert desk.entities.path(one, shop) == [one, shop]
    assert desk.entities.path(one, one) == [one]
    assert desk.entities.path(one, ref("card", "nobody's")) is None


def test_a_way_longer_than_asked_for_is_not_found(desk):
    chain = [ref("device", f"dev_{number}") for number in range(6)]
    enter(desk, [payment(seq + 1, chain[seq], chain[seq + 1]) for seq in range(5)])
    assert desk.entities.path(chain[0], chain[5], max_hops=5) == chain
    assert desk.entities.path(chain[0], chain[5], max_hops=4) is None
    assert desk.entities.path(chain[0], chain[5], max_hops=5, max_nodes=3) is None


def test_labels_count_frauds_and_are_corrected(desk):
    card, device = ref("card", "tok_1"), ref("device", "dev_1")
    enter(desk, [payment(1, card, device), payment(2, card, device), payment(3, card)])

    def mark(*labels):
        with desk.writing("a test") as connection:
            return desk.entities.mark(connection, [Labelled(*one) for one in labels])

    assert mark((1, Verdict.FRAUD), (2, Verdict.FRAUD), (99, Verdict.FRAUD)) == 2
    assert [link.n_fraud for link in desk.entities.neighbours(card)] == [2]
    assert mark((1, Verdict.FRAUD)) == 0
    assert mark((1, Verdict.GENUINE)) == 1
    assert [link.n_fraud for link in desk.entities.neighbours(card)] == [1]
    with desk.engines.reading("a test") as connection:
        counted = connection.execute(sa.text("SELECT value, n_fraud FROM entities ORDER BY value")).all()
    assert [tuple(row) for row in counted] == [("dev_1", 1), ("tok_1", 1)]


def test_search_finds_things_by_what_people_have_of_them(desk):
    card, phone = ref("card", "tok_k1_ab12"), ref("phone", "+919876543210")
    vpa, email = ref("vpa", "asha.k@okbank"), ref("email", "asha.k@example.in")
    pin, address = ref("pin", "560001"), ref("address", "flat 4 b 14 brigade road|560001")
    customer, ip = ref("customer", "Cust-88121"), ref("ip", "203.0.113.7")
    other = ref("phone", "+918888843210")
    enter(
        desk,
        [
            payment(1, card, phone, vpa, email, pin, address, customer, ip, last4="1111"),
            payment(2, card, other, last4="1111"),
        ],
    )

    def found(text):
        return [hit.ref for hit in desk.entities.find(text)]

    for text in ("tok_k1_ab12", "tok_k1", "1111"):
        assert found(text) == [card], text
    for text in ("+919876543210", "98765 43210", "9876543210", "098765-43210", "98765", "+91 98765"):
        assert found(text) == [phone], text
    assert set(found("3210")) == {phone, other}
    assert found("Asha.K@OkBank") == [vpa]
    assert set(found("asha.k@")) == {vpa, email}
    assert set(found("ASHA")) == {vpa, email}
    assert found("560001") == found("5600") == [pin]
    assert found("Flat 4-B, 14 Brigade") == [address]
    assert found("Cust-88") == [customer]
    assert found("203.0.113.7") == found("203.0.") == [ip]
    for text in ("", "   ", "nothing of this name", "%", "_", "' OR 1=1 --", "\x00", "x" * 5_000):
        assert found(text) == [], text
    assert [hit.n_events for hit in desk.entities.find("tok_k1_ab12")] == [2]


def test_search_puts_the_exact_thing_first_and_then_the_busiest(desk):
    exact, longer, busy = ref("customer", "c1"), ref("customer", "c12"), ref("customer", "c13")
    enter(desk, [payment(1, exact), payment(2, longer), payment(3, busy), payment(4, busy)])
    assert [hit.ref for hit in desk.entities.find("c1")] == [exact, busy, longer]
    assert len(desk.entities.find("c1", limit=1)) == 1


@pytest.mark.parametrize("heavy", [1_000, 12])
@pytest.mark.parametrize("batched", [True, False])
def test_series_add_up_the_events_of_each_bucket(desk, monkeypatch, heavy, batched):
    # With so small a mark most things of this market have their hours counted beside, from some batch on.
    monkeypatch.setattr(entity_index, "HEAVY_EVENTS", heavy)
    monkeypatch.setattr("satark.storage.desk.entities.HEAVY_EVENTS", heavy)
    events = market(7, 120)
    enter(desk, events, batches=random.Random(3) if batched else None)
    oracle = Oracle(events)
    for from_us, bucket_seconds, n in (
        (START_US - HOUR_US, 3_600, 9),
        (START_US, 7_200, 3),
        (START_US + 7, 600, 40),
        (START_US - 5 * HOUR_US, 86_400, 2),
    ):
        to_us = from_us + n * bucket_seconds * 1_000_000
        for one, its in oracle.of.items():
            points = desk.entities.series(one, bucket_seconds, from_us, to_us)
            assert [point.from_us for point in points] == [
                from_us + place * bucket_seconds * 1_000_000 for place in range(n)
            ]
            for point in points:
                within = [
                    event
                    for event in its
                    if point.from_us <= event.occurred_us < point.from_us + bucket_seconds * 1_000_000
                ]
                assert point.counts == dict(Counter(event.action or "other" for event in within))
                assert point.sum_minor == sum(event.amount_minor for event in within)


def test_activity_of_several_things_is_that_of_each_alone(desk, monkeypatch):
    monkeypatch.setattr(entity_index, "HEAVY_EVENTS", 30)
    monkeypatch.setattr("satark.storage.desk.entities.HEAVY_EVENTS", 30)
    events = market(11, 150)
    enter(desk, events, batches=random.Random(5))
    things = [*sorted(Oracle(events).of), ref("card", "never seen"), ref("card", "\x00")]
    begin = START_US - HOUR_US
    together = desk.entities.activity(things[-20:], 3_600, begin, begin + 9 * HOUR_US)
    assert list(together) == things[-20:]
    for one, points in together.items():
        assert points == desk.entities.series(one, 3_600, begin, begin + 9 * HOUR_US)
    assert {sum(map(len, (point.counts for point in together[one]))) for one in things[-2:]} == {0}
    with pytest.raises(InputInvalid, match="together"):
        desk.entities.activity(
            [ref("card", str(number)) for number in range(33)], 3_600, begin, begin + HOUR_US
        )


@pytest.mark.parametrize("seed", [3, 9])
def test_what_several_things_share_is_what_each_shares_alone(desk, seed):
    events = market(seed, 90)
    enter(desk, events, batches=random.Random(seed))
    oracle = Oracle(events)
    things = sorted(oracle.of)[::2]
    wanted = {
        (one, other): n
        for one in things
        for other, n in Counter(
            other for event in oracle.of[one] for other in set(event.refs) - {one}
        ).items()
        if other in things
    }
    found = desk.entities.among([*things, ref("card", "never seen")])
    assert {(one, link.ref): link.n_events for one, link in found} == wanted
    assert desk.entities.among([]) == []
    with pytest.raises(InputInvalid, match="together"):
        desk.entities.among([ref("card", str(number)) for number in range(201)])


def test_reads_of_one_page_share_a_connection_and_the_next_page_sees_what_is_new(desk):
    card = ref("card", "tok_1")
    enter(desk, [payment(1, card)])
    with desk.reading_together():
        assert desk.entities.summary(card).counts["allow"] == 1
        enter(desk, [payment(2, card)])
        assert desk.entities.summary(card).counts["allow"] == 1 or desk.engines.dialect != "sqlite"
        assert desk.engines.read.pool.checkedout() == 1
    assert desk.entities.summary(card).counts["allow"] == 2
    assert desk.engines.read.pool.checkedout() == 0


def test_series_of_too_many_buckets_are_refused(desk):
    card = ref("card", "tok_1")
    for bucket_seconds, to_us in (
        (0, START_US + 1),
        (60, START_US),
        (1, START_US + (MAX_BUCKETS + 1) * 1_000_000),
    ):
        with pytest.raises(InputInvalid):
            desk.entities.series(card, bucket_seconds, START_US, to_us)
    assert [point.counts for point in desk.entities.series(card, 60, START_US, START_US + 60_000_000)] == [{}]


def test_sums_stop_at_a_bound_instead_of_running_over(desk):
    card = ref("card", "tok_1")
    for first in range(1, 40_001, 8_000):
        enter(desk, [payment(seq, card, amount=10**15) for seq in range(first, first + 2_000)])
    assert desk.entities.summary(card).sums_minor["allow"] == 4 * 10**18


def test_an_event_entered_twice_is_refused_and_changes_nothing(desk):
    card = ref("card", "tok_1")
    enter(desk, [payment(1, card)])
    with pytest.raises(sa.exc.IntegrityError):
        enter(desk, [payment(2, card), payment(1, card)])
    assert desk.entities.events(card) == [1]
    assert desk.entities.summary(card).counts["allow"] == 1


def test_texts_of_any_script_are_kept_and_found(desk):
    address = ref("address", address_key("मकान 4, गली 2", "302001"))
    enter(desk, [payment(1, address), payment(2, ref("customer", "a|b@c/d"))])
    assert [hit.ref for hit in desk.entities.find("मकान 4")] == [address]
    assert desk.entities.events(address) == [1]


def test_what_is_old_is_forgotten_and_the_rest_stands(desk, monkeypatch):
    monkeypatch.setattr(entity_index, "HEAVY_EVENTS", 10)
    monkeypatch.setattr("satark.storage.desk.entities.FORGET_EVENTS", 7)
    events = market(9, 90, cards=40)
    enter(desk, events)
    before_us = events[60].occurred_us
    until = next(event.seq for event in events if event.occurred_us >= before_us)
    kept = [event for event in events if event.seq >= until]
    oracle = Oracle(kept)
    everything = {one for event in events for one in event.refs}
    assert desk.entities.forget(before_us) == len(everything - set(oracle.of))
    assert desk.entities.forget(before_us) == 0
    for one in everything:
        assert desk.entities.events(one, limit=500) == [
            event.seq for event in reversed(oracle.of.get(one, []))
        ]
        found = {
            link.ref: (link.n_events, link.n_fraud, link.last_seq) for link in desk.entities.neighbours(one)
        }
        assert found == oracle.neighbours(one)
    with desk.reading() as connection:
        orphans = "SELECT count(*) FROM entity_hours WHERE entity NOT IN (SELECT id FROM entities)"
        assert connection.scalar(sa.text(orphans)) == 0
    # What comes later goes on from there.
    more = payment(events[-1].seq + 1, *events[-1].refs, at_us=events[-1].occurred_us)
    enter(desk, [more])
    assert desk.entities.events(more.refs[0])[0] == more.seq


def test_everything_is_forgotten_when_all_is_old(desk):
    assert desk.entities.forget(START_US) == 0
    enter(desk, [payment(1, ref("card", "tok_1")), payment(2, ref("card", "tok_2"))])
    assert desk.entities.forget(START_US + HOUR_US) == 2
    assert (desk.entities.find("tok_"), desk.entities.of_event(1)) == ([], [])
    enter(desk, [payment(3, ref("card", "tok_1"))])
    assert desk.entities.events(ref("card", "tok_1")) == [3]
