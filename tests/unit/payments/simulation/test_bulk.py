from __future__ import annotations

import msgspec

from satark.events import decode_event
from satark.payments.simulation.bulk import body_maker, bulk_payload_bodies, rfc3339


def test_bodies_are_valid_long_and_unique_when_many_are_made():
    bodies = list(bulk_payload_bodies(3_000, cards=1_000, start_us=1_700_000_000_000_000))
    events = [decode_event(body) for body in bodies]
    assert min(map(len, bodies)) >= 1_024
    assert max(map(len, bodies)) < 4_096
    assert len({event.id for event in events}) == 3_000
    assert 900 < len({event.card.token for event in events}) <= 1_000
    times = [event.occurred_at for event in events]
    assert times == sorted(times)


def test_bodies_are_the_same_bytes_when_the_seed_is_the_same():
    assert list(bulk_payload_bodies(50, seed=5)) == list(bulk_payload_bodies(50, seed=5))
    assert list(bulk_payload_bodies(50, seed=5)) != list(bulk_payload_bodies(50, seed=6))


def test_bodies_grow_when_more_bytes_are_asked_for():
    bodies = list(bulk_payload_bodies(300, cards=10, min_bytes=3_000))
    assert min(map(len, bodies)) >= 3_000
    assert all(decode_event(body) for body in bodies)


def test_a_card_keeps_its_owner_when_it_is_drawn_again():
    maker = body_maker(cards=500)
    owners: dict[str, set[str]] = {}
    for draw in range(5_000):
        event = msgspec.json.decode(maker.body(b"x%d" % draw, rfc3339(0), draw))
        owners.setdefault(event["card"]["token"], set()).add(event["customer"]["id"])
    assert len(owners) == 500
    assert all(len(ids) == 1 for ids in owners.values())
