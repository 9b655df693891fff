"""Bulk equals live on histories drawn to be awkward: ties, late, waiting, corrected and repeated events."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satark.core.rates import RateTable
from satark.decisions.replay import replay
from satark.decisions.replay_map import load_map
from satark.policies import load_policy

START = datetime(2026, 1, 2, tzinfo=UTC)
POLICY = """
policy: awkward
version: 1
lists: {watched: {of: card, entries: [{value: c2, expires: 2026-01-02T00:05:00Z}]}}
features:
  n: count() by card over 3m
  pair: count() by card+merchant over 3m
  total: sum(amount) by customer over 10m
  spread: std(amount) by card over 10m
  mean: mean(amount) by card over 10m
  devices: distinct(device) by card over 10m
  where: first(ip_country) by card over 10m
  before: last(amount_minor) by merchant over 10m
  since: since_last() by card over 10m
  fresh: new(device) by card over 10m
  speed: speed(location) by card over 1h
  declined: count(outcome == "declined") by card over 10m
  share: share_of(outcome == "declined") by card over 10m
  frauds: count(label == "fraud") by merchant over 10m
  reports: count() of label by card over 10m
  older: count() by card over 2m delayed 2m
rules:
  many: {when: n > 2, action: challenge, score: 0.4, reason: {en: "{n}", hi: "{n}"}}
  fraudster:
    {when: frauds > 0 and not missing(where), action: hold, score: 0.7, reason: {en: "{frauds}", hi: "{frauds}"}}
  large: {when: total / 3 > 100 or spread > 10.5, action: hold, score: 0.6, reason: {en: "{total}", hi: "{total}"}}
  seen: {when: 'listed(card, "watched")', action: block, score: 0.95, reason: {en: watched, hi: watched}}
  trusted: {when: customer == "p1" and hour_ist == 5, exempt: [many], reason: {en: trusted, hi: trusted}}
"""
RATES = RateTable.from_rows("INR", [{"currency": "USD", "date": "2026-01-01", "rate": "83.125"}])
AT = st.sampled_from((0, 0, 1, 30, 60, 120, 180, 181, 299, 300, 420, 600, 1200))
NAMES = st.sampled_from


@pytest.fixture(scope="module")
def policy():
    return load_policy(POLICY)


@dataclass
class Counter:
    """Numbers the events of one history."""

    n: int = 0


@st.composite
def payments(draw, name):
    made = {
        "type": "payment",
        "id": name,
        "occurred_at": moment(draw(AT)),
        "amount_minor": draw(NAMES((0, 100, 101, 9_999_999))),
        "method": draw(NAMES(("card", "upi"))),
        "currency": draw(NAMES(("INR", "INR", "USD", "EUR"))),
        "card": {"token": draw(NAMES(("c1", "c2")))},
        "customer": {"id": draw(NAMES(("p1", "p2")))},
    }
    if draw(st.booleans()):
        made |= {"payee": {"merchant": draw(NAMES(("m1", "m2")))}, "ip_country": draw(NAMES(("IN", "US")))}
    if draw(st.booleans()):
        made |= {"device": {"id": draw(NAMES(("d1", "d2")))}}
        made |= {"location": {"lat": draw(NAMES((12.5, 28.25))), "lon": 77.5, "accuracy_m": 10.0}}
    return made


@st.composite
def histories(draw):
    events = [draw(payments(f"t{number}")) for number in range(draw(st.integers(1, 14)))]
    for number in range(draw(st.integers(0, 8))):
        about, at = f"t{draw(st.integers(0, 15))}", moment(draw(AT))
        if draw(st.booleans()):
            outcome = draw(NAMES(("declined", "captured")))
            events.append(
                {
                    "type": "payment_result",
                    "id": f"r{number}",
                    "occurred_at": at,
                    "payment": about,
                    "outcome": outcome,
                }
            )
        else:
            verdict = draw(NAMES(("fraud", "genuine")))
            events.append(
                {
                    "type": "label",
                    "id": f"l{number}",
                    "event": about,
                    "label": verdict,
                    "reporter": "x",
                    "reported_at": at,
                }
            )
    return draw(st.permutations(events))


def moment(seconds):
    return (START + timedelta(seconds=seconds)).isoformat()


def time_of(event):
    return event.get("occurred_at") or event["reported_at"]


@given(
    history=histories(), again=st.integers(0, 20), sizes=st.sampled_from(((1, 2), (5, 9), (99, 99), (3, 99)))
)
@settings(max_examples=25)
def test_bulk_equals_live_when_labels_wait_are_corrected_and_events_repeat(
    parity, policy, tmp_path_factory, history, again, sizes
):
    folder = tmp_path_factory.mktemp("h")
    lines = [msgspec.json.encode(event) for event in history]
    live = parity.Online(policy, RATES)
    ordered = sorted(history, key=lambda event: datetime.fromisoformat(time_of(event)))
    want = live.feed(parity.decode(msgspec.json.encode(event)) for event in ordered)
    # An event that stands in the file twice counts once.
    path = folder / "events.jsonl"
    path.write_bytes(b"\n".join(lines + lines[again % len(lines) : again % len(lines) + 1]))
    got, summary = run(parity, path, policy, folder, chunk_rows=sizes[0], slice_events=sizes[1])
    assert parity.first_difference(got, want) == ""
    assert summary.repeated == 1
    assert summary.late == live.late == 0
    assert summary.parked == sum(map(len, live._parked.values()))


ROWS = st.lists(
    st.tuples(
        AT,
        st.sampled_from((0, 0, 0, 1, 300, 301, 900)),
        st.integers(1, 9),
        st.sampled_from((True, False, None)),
    ),
    min_size=1,
    max_size=25,
)


@given(rows=ROWS, delay=st.sampled_from((0, 60, 600)), size=st.sampled_from((2, 7, 99)))
@settings(max_examples=25)
def test_bulk_equals_live_when_a_map_names_the_order_of_arrival(
    parity, policy, tmp_path_factory, rows, delay, size
):
    folder = tmp_path_factory.mktemp("a")
    path = folder / "rows.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["n", "at", "came", "rupees", "who", "fraud"])
        for number, (at, wait, rupees, fraud) in enumerate(rows):
            cells = [number, moment(at)[:19], moment(at + wait), f"{rupees}.10", rupees % 2]
            writer.writerow([*cells, {True: "Y", False: "N", None: ""}[fraud]])
    mapping = load_map(
        f"""
        map: 1
        facts:
          id: {{column: n, prefix: t}}
          occurred_at: {{column: at, timezone: UTC}}
          amount_minor: {{column: rupees, unit: major}}
          method: {{constant: card}}
          card: {{column: who, values: {{'0': c1, '1': c2}}}}
          merchant: {{constant: m1}}
        label: {{column: fraud, fraud_values: [Y], genuine_values: [N], delay: {delay}s}}
        arrival: came
        """
    )
    live = parity.Online(policy, RATES)
    want = live.feed(parity.decode(msgspec.json.encode(event)) for event in in_order(rows, delay))
    got, summary = run(parity, path, policy, folder, mapping=mapping, chunk_rows=size, slice_events=size)
    assert parity.first_difference(got, want) == ""
    assert summary.late == live.late
    assert summary.parked == 0


def in_order(rows, delay):
    """Return the events of the rows in the order in which they arrive."""
    ordered = []
    for number, (at, wait, rupees, fraud) in enumerate(rows):
        payment = {
            "type": "payment", "id": f"t{number}", "occurred_at": moment(at), "amount_minor": rupees * 100 + 10,
            "method": "card", "card": {"token": f"c{1 + rupees % 2}"}, "payee": {"merchant": "m1"},
        }  # fmt: skip
        ordered.append(((at + wait, 1, number, 0), payment))
        if fraud is not None:
            label = {
                "type": "label", "id": f"t{number}:label", "event": f"t{number}", "reporter": "file",
                "label": "fraud" if fraud else "genuine", "reported_at": moment(at + delay),
            }  # fmt: skip
            behind = wait >= delay
            place = (max(at + delay, at + wait), 1 if behind or not delay else 0, number, 2)
            ordered.append((place, label))
    return [event for _, event in sorted(ordered, key=lambda pair: pair[0])]


def run(parity, path, policy, folder, **options):
    out, features = folder / "d.parquet", folder / "f.parquet"
    summary = replay(path, policy, out=out, features_out=features, rates=RATES, **options)
    return parity.bulk_answers(pl.read_parquet(out), pl.read_parquet(features)), summary
