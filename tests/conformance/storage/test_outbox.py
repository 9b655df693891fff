"""The outbox on each database: put once, claimed once, settled once, whatever happens in between."""

from __future__ import annotations

import json
import threading

import pytest

from satark.cases.outbox import MessageState, Outcome, PostedFilter, Topic, Verdict
from satark.cases.ports import Message
from satark.core.clock import MICROS_PER_SECOND
from satark.core.errors import InputInvalid, NotFound
from satark.storage.desk.outbox_sending import Result

LEASE = 180
SENT = Outcome(verdict=Verdict.SENT, reason="accepted", status=200)
AGAIN = Outcome(verdict=Verdict.AGAIN, reason="not_accepted", status=503)
DOUBT = Outcome(verdict=Verdict.DOUBT, reason="no_answer")
REFUSED = Outcome(verdict=Verdict.REFUSED, reason="refused", status=410)


def sms(key="n:1", **changes):
    values = {
        "topic": "notice.requested",
        "key": key,
        "channel": "sms",
        "target": "+919876543210",
        "body": b'{"text":"hello"}',
    }
    return Message(**{**values, **changes})


def closed(key="case.closed:7:1", **changes):
    values = {
        "topic": "case.closed",
        "key": key,
        "channel": "",
        "target": "",
        "body": b'{"case":7}',
        "case_id": 7,
    }
    return Message(**{**values, **changes})


@pytest.fixture
def outbox(desk):
    return desk.outbox


@pytest.fixture
def sending(outbox):
    return outbox.sending()


@pytest.fixture
def put(desk, outbox):
    def put(*messages):
        with desk.writing() as connection:
            outbox.put_all(connection, messages)

    return put


@pytest.fixture
def settle(sending, backend):
    def settle(parcel, outcome):
        now = backend.clock.now_us()
        return sending.settle([Result(parcel=parcel, outcome=outcome, began_us=now, ended_us=now)])

    return settle


def claim(sending, limit=10, **options):
    return sending.claim(limit, lease_seconds=LEASE, **{"per_lane": 10, **options})


def test_message_is_kept_once_when_it_is_put_twice(put, outbox):
    put(sms(), sms(target="+910000000000"))
    put(sms(body=b'{"text":"other"}'))
    (found,) = outbox.posted(PostedFilter())
    assert (found.key, found.target, found.state) == ("n:1", "+919876543210", MessageState.WAITING)
    assert outbox.body(found.id) == b'{"text":"hello"}'


def test_message_is_not_there_when_its_transaction_fails(desk, outbox):
    def work():
        with desk.writing() as connection:
            outbox.put(connection, sms())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert outbox.posted(PostedFilter()) == []


def test_event_goes_to_each_listener_when_several_have_subscribed(put, outbox):
    first = outbox.endpoints.add("Core", "https://core.bank.example/a", ["case.closed"], "asha").endpoint
    outbox.endpoints.add("Other", "https://core.bank.example/b", ["alert.opened"], "asha")
    third = outbox.endpoints.add(
        "Third", "https://core.bank.example/c", ["case.closed", "alert.opened"], "asha"
    ).endpoint
    off = outbox.endpoints.add("Off", "https://core.bank.example/d", ["case.closed"], "asha").endpoint
    outbox.endpoints.disable(off.id, "asha")
    put(closed())
    found = outbox.posted(PostedFilter())
    assert {posted.endpoint_id for posted in found} == {first.id, third.id}
    bodies = {outbox.body(posted.id) for posted in found}
    assert len(bodies) == 1
    event = json.loads(bodies.pop())
    assert (event["specversion"], event["id"], event["type"]) == ("1.0", "case.closed:7:1", "case.closed")
    assert (event["subject"], event["data"]) == ("case/7", {"case": 7})
    assert event["source"].startswith("urn:satark:")
    assert event["time"].endswith("Z")


def test_nothing_is_kept_when_nobody_listens(put, outbox):
    put(closed())
    assert outbox.posted(PostedFilter()) == []
    assert not outbox.wants("case.closed")


@pytest.mark.parametrize("target", ["", "+91\nBcc: x", "x" * 513])
def test_message_has_failed_when_its_address_is_none(put, outbox, sending, target):
    put(sms(target=target))
    (found,) = outbox.posted(PostedFilter())
    assert (found.state, found.reason, found.target) == (MessageState.FAILED, "target_invalid", "")
    assert claim(sending) == []
    with pytest.raises(InputInvalid, match="no longer kept"):
        outbox.replay(found.id, "asha")


@pytest.mark.parametrize(
    "changes",
    [
        {"topic": "x"},
        {"channel": "pigeon"},
        {"key": "a b"},
        {"headers": {"X": "y"}},
        {"headers": {"a": "b\nc"}},
    ],
)
def test_message_is_refused_when_the_program_composed_it_wrongly(put, outbox, changes):
    with pytest.raises(InputInvalid):
        put(sms(**changes))
    assert outbox.posted(PostedFilter()) == []


def test_claim_is_durable_when_the_message_goes_out(put, outbox, sending):
    put(sms())
    (parcel,) = claim(sending)
    assert (parcel.attempt, parcel.target, parcel.body) == (1, "+919876543210", b'{"text":"hello"}')
    assert outbox.get(parcel.id).state is MessageState.SENDING
    assert claim(sending) == []


def test_message_waits_when_it_is_not_due_yet(put, sending, backend):
    due = backend.clock.now_us() + 60 * MICROS_PER_SECOND
    put(sms(not_before_us=due))
    assert claim(sending) == []
    assert sending.next_due_us() == due
    backend.clock.advance(60)
    assert len(claim(sending)) == 1


def test_message_is_claimed_by_one_when_several_ask(put, sending):
    put(*(sms(f"n:{number}") for number in range(40)))
    taken, lock = [], threading.Lock()

    def work():
        while parcels := claim(sending, 3, per_lane=40):
            with lock:
                taken.extend(parcel.key for parcel in parcels)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(f"n:{number}" for number in range(40))


def test_slow_receiver_holds_nobody_up_when_it_is_at_the_head(put, outbox, sending):
    slow = outbox.endpoints.add("Slow", "https://a.example/", ["case.closed"], "asha").endpoint
    put(*(closed(f"k:{number}") for number in range(20)), sms())
    first = claim(sending, 8, per_lane=2)
    lane = f"webhook/{slow.id}"
    assert [parcel.channel for parcel in first].count("webhook") == 2
    second = claim(sending, 8, per_lane=2, busy={lane: 2, "push": 2})
    assert [parcel.channel for parcel in [*first, *second]].count("sms") == 1
    assert all(parcel.channel == "sms" for parcel in second)


def test_message_is_sent_when_the_receiver_took_it(put, outbox, sending, settle):
    put(sms())
    (parcel,) = claim(sending)
    assert settle(parcel, SENT) == 1
    found = outbox.get(parcel.id)
    assert (found.state, found.status, found.attempts) == (MessageState.SENT, 200, 1)
    assert found.settled_us is not None
    assert [(one.attempt, one.verdict) for one in outbox.attempts(parcel.id)] == [(1, "sent")]
    assert claim(sending) == []


def test_message_is_tried_again_when_the_receiver_had_no_time(put, outbox, sending, settle, backend):
    put(sms())
    waits = []
    for attempt in range(1, 10):
        (parcel,) = claim(sending)
        assert parcel.attempt == attempt
        settle(parcel, AGAIN)
        found = outbox.get(parcel.id)
        waits.append((found.due_us - backend.clock.now_us()) / MICROS_PER_SECOND)
        if found.state is MessageState.WAITING:
            assert claim(sending) == []
            backend.clock.advance(waits[-1])
    assert outbox.get(parcel.id).state is MessageState.DEAD
    assert waits[0] < 7
    assert waits[:-1] == sorted(waits[:-1])
    assert len(outbox.attempts(parcel.id)) == 9


def test_message_fails_when_the_receiver_refuses_for_good(put, outbox, sending, settle):
    put(sms())
    (parcel,) = claim(sending)
    settle(parcel, REFUSED)
    assert (outbox.get(parcel.id).state, outbox.get(parcel.id).reason) == (MessageState.FAILED, "refused")


def test_message_is_not_sent_again_when_it_is_in_doubt(put, outbox, sending, settle, backend):
    put(sms())
    (parcel,) = claim(sending)
    settle(parcel, DOUBT)
    assert outbox.get(parcel.id).state is MessageState.UNKNOWN
    backend.clock.advance(7 * 86_400)
    assert claim(sending) == []


def test_event_is_sent_again_when_in_doubt_and_its_receiver_drops_repeats(
    put, outbox, sending, settle, backend
):
    outbox.endpoints.add("Core", "https://a.example/", ["case.closed"], "asha", resend_in_doubt=True)
    put(closed())
    (parcel,) = claim(sending)
    settle(parcel, DOUBT)
    backend.clock.advance(10)
    (again,) = claim(sending)
    assert (again.attempt, again.key, again.body) == (2, parcel.key, parcel.body)


def test_dead_senders_messages_are_in_doubt_when_their_lease_is_over(put, outbox, sending, backend):
    put(sms())
    (parcel,) = claim(sending)
    assert sending.settle_abandoned() == 0
    backend.clock.advance(LEASE + 1)
    assert sending.settle_abandoned() == 1
    found = outbox.get(parcel.id)
    assert (found.state, found.reason) == (MessageState.UNKNOWN, "sender_died")
    (attempt,) = outbox.attempts(parcel.id)
    assert (attempt.verdict, attempt.ended_us) == ("doubt", None)


def test_dead_senders_messages_are_settled_at_once_when_no_other_lives(put, outbox, sending):
    put(sms())
    claim(sending)
    assert sending.settle_abandoned(everything=True) == 1
    assert outbox.counts()["unknown"] == 1


def test_late_word_puts_it_right_when_the_sender_was_only_slow(put, outbox, sending, settle, backend):
    put(sms())
    (parcel,) = claim(sending)
    backend.clock.advance(LEASE + 1)
    sending.settle_abandoned()
    assert settle(parcel, SENT) == 1
    assert outbox.get(parcel.id).state is MessageState.SENT
    assert [one.verdict for one in outbox.attempts(parcel.id)] == ["sent"]


def test_late_word_counts_no_more_when_somebody_has_put_the_message_back(
    put, outbox, sending, settle, backend
):
    put(sms())
    (parcel,) = claim(sending)
    backend.clock.advance(LEASE + 1)
    sending.settle_abandoned()
    outbox.replay(parcel.id, "asha")
    (again,) = claim(sending)
    assert settle(parcel, REFUSED) == 0
    assert settle(again, SENT) == 1
    assert outbox.get(parcel.id).state is MessageState.SENT


def test_claimed_message_is_as_before_when_it_is_given_back(put, outbox, sending):
    put(sms())
    parcels = claim(sending)
    sending.give_back(parcels)
    found = outbox.get(parcels[0].id)
    assert (found.state, found.attempts) == (MessageState.WAITING, 0)
    assert claim(sending)[0].attempt == 1


def test_delivery_of_a_notice_is_told_when_it_arrived(put, outbox, sending, settle):
    outbox.endpoints.add("Core", "https://a.example/", ["notice.delivered"], "asha")
    put(sms(case_id=7), sms("n:2"))
    first, second = claim(sending)
    settle(first, SENT)
    settle(second, REFUSED)
    (told,) = outbox.posted(PostedFilter(topic=Topic.NOTICE_DELIVERED))
    event = json.loads(outbox.body(told.id))
    assert event["data"] == {
        "notice": "n:1",
        "channel": "sms",
        "case": 7,
        "delivered_at": event["data"]["delivered_at"],
    }
    assert b"9876543210" not in outbox.body(told.id)
    settle(claim(sending)[0], SENT)
    assert len(outbox.posted(PostedFilter())) == 3


def test_listener_writes_with_the_message_when_it_ends(put, outbox, settle, desk):
    def note(connection, posted):
        desk.audit.note(connection, actor="system", action="ended", subject=posted.state.value)

    sending = outbox.sending(listeners=[note])
    put(sms())
    (parcel,) = claim(sending)
    sending.settle([Result(parcel=parcel, outcome=SENT, began_us=1, ended_us=2)])
    assert [entry.subject for entry in desk.audit.entries()] == ["sent"]


def test_what_no_listener_wants_to_hear_is_written_down_together(put, outbox, desk):
    def note(connection, posted):
        desk.audit.note(connection, actor="system", action="ended", subject=posted.key)

    sending = outbox.sending(listeners=[note], heard=frozenset({"notice.requested"}))
    outbox.endpoints.add("Core", "https://a.example/", ["case.closed"], "asha")
    for number in range(5):
        put(closed(f"case.closed:{number}:1"))
    put(sms())
    parcels = sending.claim(10, lease_seconds=60, per_lane=10)
    results = [Result(parcel=parcel, outcome=SENT, began_us=1, ended_us=2) for parcel in parcels]
    # One was given back by hand meanwhile, so what became of its attempt does not count any more.
    stale = next(parcel for parcel in parcels if parcel.key == "case.closed:2:1")
    sending.give_back([stale])
    assert sending.settle(results) == 5
    states = {parcel.key: outbox.get(parcel.id).state for parcel in parcels}
    assert states.pop(stale.key) is MessageState.WAITING
    assert set(states.values()) == {MessageState.SENT}
    assert [entry.subject for entry in desk.audit.entries(action="ended")] == [sms().key]
    done = next(parcel for parcel in parcels if parcel.key == "case.closed:1:1")
    (attempt,) = outbox.attempts(done.id)
    assert (attempt.attempt, attempt.verdict, attempt.ended_us) == (1, "sent", 2)
    assert outbox.attempts(stale.id) == []


def test_message_ends_all_the_same_when_a_listener_fails(put, outbox, desk):
    def broken(connection, posted):
        desk.audit.note(connection, actor="system", action="ended", subject=posted.state.value)
        raise RuntimeError

    sending = outbox.sending(listeners=[broken])
    put(sms())
    (parcel,) = claim(sending)
    assert sending.settle([Result(parcel=parcel, outcome=SENT, began_us=1, ended_us=2)]) == 1
    assert outbox.get(parcel.id).state is MessageState.SENT
    assert desk.audit.entries() == []


def test_message_goes_again_under_the_same_id_when_it_is_replayed(put, outbox, sending, settle, desk):
    outbox.endpoints.add("Core", "https://a.example/", ["case.closed"], "asha")
    put(closed())
    (parcel,) = claim(sending)
    with pytest.raises(InputInvalid, match="under way"):
        outbox.replay(parcel.id, "asha")
    settle(parcel, REFUSED)
    outbox.replay(parcel.id, "asha")
    (again,) = claim(sending)
    assert (again.key, again.body, again.attempt) == (parcel.key, parcel.body, 2)
    settle(again, AGAIN)
    assert outbox.get(parcel.id).state is MessageState.WAITING
    entry = desk.audit.entries()[0]
    assert (entry.actor, entry.action, entry.subject) == ("asha", "message_replayed", f"message/{parcel.id}")
    with pytest.raises(NotFound):
        outbox.replay(99, "asha")


def test_attempts_start_afresh_when_a_dead_message_is_replayed(put, outbox, sending, settle, backend):
    put(sms())
    while outbox.counts()["dead"] == 0:
        (parcel,) = claim(sending)
        settle(parcel, AGAIN)
        backend.clock.advance(100_000)
    outbox.replay(parcel.id, "asha")
    (again,) = claim(sending)
    settle(again, AGAIN)
    found = outbox.get(parcel.id)
    assert (found.state, found.attempts) == (MessageState.WAITING, 10)
    assert found.due_us - backend.clock.now_us() < 7 * MICROS_PER_SECOND


def test_span_of_time_is_sent_again_when_an_endpoint_lost_it(put, outbox, sending, settle, backend, desk):
    endpoint = outbox.endpoints.add("Core", "https://a.example/", ["case.closed"], "asha").endpoint
    other = outbox.endpoints.add("Other", "https://b.example/", ["case.closed"], "asha").endpoint
    for number in range(3):
        put(closed(f"k:{number}"))
        backend.clock.advance(60)
    for parcel in claim(sending):
        settle(parcel, REFUSED if parcel.key == "k:0" else SENT)
    assert outbox.replay_all(endpoint.id, "asha") == 1
    start = backend.clock.now_us() - 130 * MICROS_PER_SECOND
    sent = [MessageState.SENT]
    assert outbox.replay_all(endpoint.id, "asha", states=sent, from_us=start) == 2
    assert {posted.state for posted in outbox.posted(PostedFilter(endpoint_id=other.id))} == {
        MessageState.SENT,
        MessageState.FAILED,
    }
    assert desk.audit.entries()[0].detail["count"] == 2
    with pytest.raises(InputInvalid):
        outbox.replay_all(endpoint.id, "asha", states=[MessageState.SENDING])


def test_doubt_is_settled_when_a_person_knows(put, outbox, sending, settle, desk):
    put(sms())
    (parcel,) = claim(sending)
    with pytest.raises(InputInvalid, match="not in doubt"):
        outbox.mark_sent(parcel.id, "asha")
    settle(parcel, DOUBT)
    assert outbox.mark_sent(parcel.id, "asha").state is MessageState.SENT
    assert desk.audit.entries()[0].action == "message_settled"
    assert desk.audit.verify().ok


def test_what_it_said_and_to_whom_is_forgotten_when_it_is_old(put, outbox, sending, settle, backend):
    put(sms(), sms("n:2"))
    first, _ = claim(sending)
    settle(first, SENT)
    assert outbox.forget(backend.clock.now_us()) == 0
    backend.clock.advance(1)
    assert outbox.forget(backend.clock.now_us()) == 1
    found = outbox.get(first.id)
    assert (found.target, found.has_body, found.state) == ("", False, MessageState.SENT)
    assert outbox.body(first.id) is None
    with pytest.raises(InputInvalid, match="no longer kept"):
        outbox.replay(first.id, "asha")


def test_disabled_endpoint_is_left_alone_when_something_waits_for_it(put, outbox, sending):
    endpoint = outbox.endpoints.add("Core", "https://a.example/", ["case.closed"], "asha").endpoint
    put(closed())
    outbox.endpoints.disable(endpoint.id, "asha")
    assert claim(sending) == []
    assert sending.next_due_us() is None
    outbox.endpoints.enable(endpoint.id, "asha")
    assert len(claim(sending)) == 1


def test_secret_is_kept_nowhere_when_an_endpoint_is_added(outbox, desk, backend):
    made = outbox.endpoints.add("Core", "https://a.example/?token=1", ["case.closed"], "asha")
    assert outbox.endpoints.opening(made.endpoint.id).secrets == (made.secret,)
    assert made.secret not in repr(made)
    key = made.secret.removeprefix("whsec_")
    if backend.kind == "sqlite":
        kept = b"".join(path.read_bytes() for path in backend.folder.glob("desk.db*"))
        assert key.encode() not in kept
    entry = desk.audit.entries()[0]
    assert entry.action == "endpoint_added"
    assert "token" not in entry.detail["url"]


def test_both_secrets_sign_for_a_day_when_one_replaces_the_other(outbox, backend):
    made = outbox.endpoints.add("Core", "https://a.example/", ["case.closed"], "asha")
    rotated = outbox.endpoints.rotate(made.endpoint.id, "asha")
    assert outbox.endpoints.opening(made.endpoint.id).secrets == (rotated.secret, made.secret)
    backend.clock.advance(86_400)
    assert outbox.endpoints.opening(made.endpoint.id).secrets == (rotated.secret,)
    leaked = outbox.endpoints.rotate(made.endpoint.id, "asha", keep_seconds=0)
    assert outbox.endpoints.opening(made.endpoint.id).secrets == (leaked.secret,)


def test_endpoint_is_refused_when_it_cannot_be_one(outbox):
    for name, url, topics in (
        ("", "https://a.example/", ["case.closed"]),
        ("Core", "ftp://a.example/", ["case.closed"]),
        ("Core", "https://a.example/", []),
        ("Core", "https://a.example/", ["webhook.ping"]),
    ):
        with pytest.raises(InputInvalid):
            outbox.endpoints.add(name, url, topics, "asha")
    assert outbox.endpoints.all() == []
    with pytest.raises(NotFound):
        outbox.endpoints.rotate(1, "asha")


def test_trial_goes_to_one_endpoint_when_it_is_asked_for(outbox, sending):
    first = outbox.endpoints.add("Core", "https://a.example/", ["case.closed"], "asha").endpoint
    outbox.endpoints.add("Other", "https://b.example/", ["case.closed"], "asha")
    outbox.ping(first.id, "asha")
    (parcel,) = claim(sending)
    assert (parcel.topic, parcel.endpoint_id) == ("webhook.ping", first.id)
    with pytest.raises(NotFound):
        outbox.ping(9, "asha")


def test_health_is_told_when_an_endpoint_has_trouble(put, outbox, sending, settle):
    endpoint = outbox.endpoints.add("Core", "https://a.example/", ["case.closed"], "asha").endpoint
    put(*(closed(f"k:{number}") for number in range(3)))
    first, second, _ = claim(sending)
    settle(first, SENT)
    settle(second, DOUBT)
    health = outbox.health(endpoint.id)
    assert health.counts == {"unknown": 1, "sending": 1}
    assert health.last_sent_us is not None
    assert health.last_trouble == "no_answer"


def test_messages_are_paged_when_there_are_many(put, outbox):
    put(*(sms(f"n:{number}", case_id=number % 2) for number in range(5)))
    first = outbox.posted(PostedFilter(), 2)
    rest = outbox.posted(PostedFilter(), 9, before=first[-1].id)
    assert [posted.key for posted in [*first, *rest]] == [f"n:{number}" for number in (4, 3, 2, 1, 0)]
    assert len(outbox.of_case(1)) == 2
    assert len(outbox.posted(PostedFilter(channel="sms"))) == 5
    assert outbox.posted(PostedFilter(channel="push")) == []
    assert outbox.posted(PostedFilter(state=MessageState.DEAD)) == []
