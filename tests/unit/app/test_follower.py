"""From the log to alerts, links and messages: once each, whatever happens in between."""

from __future__ import annotations

import msgspec
import pytest
import sqlalchemy as sa
from tests.support.engine import NOW_US, TOKENS, Bench, label, payee_change, payment, result

from satark.app.follower import HISTORY_US, Follower, until_end
from satark.cases.model import EntityKind, EntityRef, QueueFilter
from satark.cases.ports import Message
from satark.core.clock import FixedClock, Micros
from satark.core.errors import StorageUnavailable
from satark.storage.desk import open_desk

STOLEN = {"card": "tok_stolen"}


@pytest.fixture
def bench():
    made = Bench().start()
    yield made
    made.stop()


@pytest.fixture
def clock():
    return FixedClock(Micros(NOW_US + 1_000_000))


@pytest.fixture
def desk(tmp_path, clock):
    with open_desk(tmp_path / "data", clock=clock, audit_key=b"a key of a test, with 32 bytes!!!") as opened:
        yield opened


@pytest.fixture
def following(bench, desk):
    """Return a maker of followers of the bench's log."""

    def make(**options) -> Follower:
        return Follower(bench.log, desk, bench.policy, tokens=TOKENS, **options)

    return make


def everything(follower, limit=3):
    return until_end(lambda: follower.step(limit), lambda: False)


def cases(desk):
    return desk.cases.queue(QueueFilter(), 100).rows


def alerts(desk):
    return sorted(alert.event_id for case in cases(desk) for alert in desk.cases.alerts(case.id))


def outbox(desk):
    with desk.reading() as connection:
        return connection.execute(sa.text("SELECT key, topic FROM outbox ORDER BY id")).all()


class Tells:
    """Tells every customer of every decision."""

    def __init__(self):
        self.asked = []

    def plan(self, entry, decision, event, *, connection, case_id=None, amount_minor=None):
        self.asked.append((entry.event_id, decision.action, event.id, case_id, amount_minor))
        body = b'{"text":"x"}'
        return [Message("notice.requested", f"n:{entry.event_id}", "sms", "+919876543210", body)]


def test_what_was_held_or_blocked_becomes_an_alert_and_the_rest_does_not(bench, desk, following):
    bench.tell(payment("p1"))
    bench.tell(payment("p2", **STOLEN, merchant="m2", device="d2", customer="c2"))
    bench.tell(payment("p3", card="card_3", merchant="m3", device="d3", customer="c3"))
    assert everything(following()) == bench.log.count()
    assert alerts(desk) == ["p2"]
    (case,) = cases(desk)
    (alert,) = desk.cases.alerts(case.id)
    assert (alert.action, alert.score, alert.amount_minor, alert.rules) == (
        "block", 0.95, 12_345, ("stolen_card",),
    )  # fmt: skip
    assert case.priority == round(12_345 / 100 * 0.95, 2)
    assert {(one.ref.kind.value, one.ref.value) for one in desk.cases.entities(case.id)} == {
        ("card", "tok_stolen"), ("merchant", "m2"), ("device", "d2"), ("customer", "c2"),
    }  # fmt: skip


def test_alerts_that_share_a_device_join_one_case(bench, desk, following):
    bench.tell(payment("p1", **STOLEN, device="d1", customer="c1"))
    bench.tell(payment("p2", **STOLEN, device="d1", customer="c2"))
    everything(following(), limit=1)
    (case,) = cases(desk)
    assert case.n_alerts == 2


def test_nothing_is_done_twice_when_followers_start_again_and_again(bench, desk, following):
    for number in range(12):
        bench.tell(payment(f"p{number}", **STOLEN, device=f"d{number % 3}"))
        follower = following()
        follower.step(1)
    while following().step(2):
        pass
    assert alerts(desk) == sorted(f"p{number}" for number in range(12))
    card = desk.entities.summary(EntityRef(EntityKind.CARD, "tok_stolen"))
    assert card.counts["block"] == 12


def test_two_followers_at_once_share_the_log(bench, desk, following):
    for number in range(10):
        bench.tell(payment(f"p{number}", **STOLEN))
    one, other = following(), following()
    done = 0
    while done < bench.log.count():
        done += one.step(2)
        done += other.step(3)
    assert alerts(desk) == sorted(f"p{number}" for number in range(10))
    assert desk.entities.summary(EntityRef(EntityKind.CARD, "tok_stolen")).counts["block"] == 10


def test_a_batch_is_done_whole_or_not_at_all(bench, desk, following, monkeypatch):
    bench.tell(payment("p1", **STOLEN))
    follower = following()

    def full(*_):
        raise StorageUnavailable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(desk.outbox, "put_all", full)
        with pytest.raises(StorageUnavailable):
            follower.step()
    assert (cases(desk), desk.entities.find("tok_stolen"), follower.place.seq) == ([], [], 0)
    assert everything(follower) == 1
    assert alerts(desk) == ["p1"]


def test_labels_reach_the_links_of_their_payment(bench, desk, following):
    bench.tell(payment("p1"))
    bench.tell(payment("p2"))
    follower = following()
    everything(follower)
    bench.tell(label("l1", "p1"))
    # Another follower remembers no ids and asks the log.
    everything(following())
    card = EntityRef(EntityKind.CARD, "card_1")
    assert {link.n_fraud for link in desk.entities.neighbours(card)} == {1}
    bench.tell(label("l2", "p1", verdict="genuine"))
    bench.tell(label("l3", "p2", verdict="fraud"))
    bench.tell(label("l4", "nobody's"))
    everything(follower)
    assert {link.n_fraud for link in desk.entities.neighbours(card)} == {1}


def test_a_label_that_came_before_its_payment_counts(bench, desk, following):
    bench.tell(label("l1", "p1", at_us=NOW_US - 1_000_000))
    bench.tell(payment("p1"))
    everything(following())
    links = desk.entities.neighbours(EntityRef(EntityKind.CARD, "card_1"))
    assert {link.n_fraud for link in links} == {1}


def test_changes_of_payees_are_linked_and_results_are_not(bench, desk, following):
    bench.tell(payment("p1"))
    bench.tell(payee_change("c1"))
    bench.tell(result("r1", "p1"))
    everything(following())
    customer = desk.entities.summary(EntityRef(EntityKind.CUSTOMER, "customer_1"))
    assert (customer.counts["allow"], customer.counts["other"]) == (1, 1)


def test_history_is_indexed_but_alerts_nobody(bench, desk, following, clock):
    bench.tell(payment("p1", **STOLEN))
    clock.at_us = Micros(NOW_US + HISTORY_US + 1_000_000)
    tells = Tells()
    everything(following(planner=tells))
    assert (cases(desk), tells.asked, outbox(desk)) == ([], [], [])
    assert desk.entities.summary(EntityRef(EntityKind.CARD, "tok_stolen")).counts["block"] == 1


def test_webhooks_hear_of_decisions_and_alerts(bench, desk, following):
    desk.outbox.endpoints.add(
        "risk desk", "https://hooks.example/in", ["decision.made", "alert.opened"], actor="asha"
    )
    bench.tell(payment("p1"))
    bench.tell(payment("p2", **STOLEN))
    everything(following())
    with desk.reading() as connection:
        found = connection.execute(sa.text("SELECT topic, body FROM outbox ORDER BY id")).all()
    told = [(topic, msgspec.json.decode(body)["data"]) for topic, body in found]
    assert [(topic, data["id"], data["action"]) for topic, data in told] == [
        ("decision.made", "p1", "allow"),
        ("decision.made", "p2", "block"),
        ("alert.opened", "p2", "block"),
    ]
    assert "tok_" not in str(told)


def test_customers_are_told_in_the_transaction_of_the_alert(bench, desk, following):
    tells = Tells()
    bench.tell(payment("p1"))
    bench.tell(payment("p2", **STOLEN))
    everything(following(planner=tells))
    (case,) = cases(desk)
    assert tells.asked == [("p1", "allow", "p1", None, 12_345), ("p2", "block", "p2", case.id, 12_345)]
    assert [key for key, _ in outbox(desk)] == ["n:p1", "n:p2"]


def test_a_planner_that_fails_keeps_nobody_from_the_alert(bench, desk, following):
    class Broken:
        def plan(self, *_, **__):
            raise LookupError

    bench.tell(payment("p1", **STOLEN))
    assert everything(following(planner=Broken())) == 1
    assert alerts(desk) == ["p1"]


def test_a_route_that_fails_still_makes_an_alert_of_what_was_stopped(bench, desk, following):
    bench.tell(payment("p1"))
    bench.tell(payment("p2", **STOLEN))
    follower = following()

    def broken(*_):
        raise LookupError

    follower._routes.of(bench.policy.content_hash).router.route = broken
    everything(follower)
    assert alerts(desk) == ["p2"]


def test_entries_that_cannot_be_read_hold_nobody_up(bench, desk, following):
    bench.tell(payment("p1", **STOLEN))
    bench.tell(payment("p2", **STOLEN))
    log = bench.log
    log.entries[0] = msgspec.structs.replace(log.entries[0], body=b"{nonsense", decision=b"\xff")
    assert everything(following()) == bench.log.count()
    assert alerts(desk) == ["p2"]
