from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from statistics import median

import msgspec
import numpy as np
import pytest

from satark.core.clock import IST
from satark.core.errors import SettingInvalid
from satark.events import Label, Payment, decode_event
from satark.payments.simulation import SCENARIOS, Simulation, SimulationPlan

SMALL = {"days": 2, "settle_days": 5, "customers": 300, "payments_per_day": 400, "fraud_share": 0.05}


def _time(event):
    return event.reported_at if isinstance(event, Label) else event.occurred_at


def _digest(plan: SimulationPlan) -> str:
    digest = hashlib.sha256()
    for event in Simulation(plan).events():
        digest.update(msgspec.json.encode(event) + b"\n")
    return digest.hexdigest()


def test_events_are_the_same_bytes_when_the_plan_is_the_same():
    assert _digest(SimulationPlan(seed=3, **SMALL)) == _digest(SimulationPlan(seed=3, **SMALL))


def test_events_differ_when_the_seed_differs():
    assert _digest(SimulationPlan(seed=3, **SMALL)) != _digest(SimulationPlan(seed=4, **SMALL))


def test_events_repeat_when_they_are_asked_for_again():
    simulation = Simulation(SimulationPlan(**SMALL))
    first, truth = list(simulation.events()), dict(simulation.truth)
    assert list(simulation.events()) == first
    assert simulation.truth == truth


def test_every_event_is_accepted_when_it_comes_in_at_the_door(week):
    for event in week.events:
        assert decode_event(msgspec.json.encode(event)) == event


def test_ids_are_unique_when_a_week_is_simulated(week):
    assert len({event.id for event in week.events}) == len(week.events)


def test_times_never_go_back_when_events_are_read_in_order(week):
    times = [_time(event) for event in week.events]
    assert times == sorted(times)


def test_results_and_labels_come_after_their_payment_when_they_come(week):
    for result in week.results:
        assert result.occurred_at > week.payments[result.payment].occurred_at
    for label in week.labels:
        assert label.reported_at > week.payments[label.event].occurred_at


def test_results_of_a_payment_follow_each_other_when_there_are_several(week):
    seen: dict[str, list[str]] = {}
    for result in week.results:
        seen.setdefault(result.payment, []).append(result.outcome)
    for outcomes in seen.values():
        assert outcomes[0] in {"authorised", "declined"}
        assert "refunded" not in outcomes or outcomes.index("refunded") > outcomes.index("authorised")
        assert outcomes[0] != "declined" or len(outcomes) == 1


def test_refunds_never_exceed_their_payment_when_they_happen(week):
    for result in week.results:
        if result.amount_minor is not None:
            assert 0 < result.amount_minor <= week.payments[result.payment].amount_minor


def test_customers_pay_only_when_they_have_joined(week):
    for payment in week.payments.values():
        if payment.customer is not None:
            assert payment.customer.added_at <= payment.occurred_at


def test_payees_are_paid_only_when_they_have_been_added(week):
    added = [payment for payment in week.payments.values() if payment.payee.added_at is not None]
    assert all(payment.payee.added_at <= payment.occurred_at for payment in added)
    announced = {(change.customer.id, change.payee.vpa) for change in week.changes}
    fresh = [p for p in added if p.payee.added_at.date() >= week.plan.start and p.id not in week.truth]
    assert fresh
    assert all((payment.customer.id, payment.payee.vpa) in announced for payment in fresh)


def test_fraud_has_the_planned_share_when_a_week_is_simulated(week):
    share = len(week.truth) / len(week.payments)
    assert 0.06 < share < 0.11


def test_every_scenario_is_played_when_none_is_chosen(week):
    assert {truth.scenario for truth in week.truth.values()} == set(SCENARIOS)
    assert sum(not scenario.foreseen for scenario in SCENARIOS.values()) >= 3


def test_only_chosen_scenarios_are_played_when_some_are_chosen():
    simulation = Simulation(SimulationPlan(scenarios=("bin_run", "sim_swap"), **SMALL))
    list(simulation.events())
    assert {truth.scenario for truth in simulation.truth.values()} == {"bin_run", "sim_swap"}


def test_nothing_is_fraud_when_the_share_is_zero():
    simulation = Simulation(SimulationPlan(**{**SMALL, "fraud_share": 0.0}))
    list(simulation.events())
    assert not simulation.truth


def test_labels_tell_the_truth_when_they_are_the_last_word(week):
    last = {label.event: label for label in week.labels}
    for label in last.values():
        truth = week.truth.get(label.event)
        if label.label == "fraud":
            assert truth is not None
            assert label.kind == truth.kind
        else:
            assert truth is None
    frauds = sum(label.label == "fraud" for label in last.values())
    assert 0.5 < frauds / len(week.truth) < 0.9


def test_some_labels_are_put_right_when_the_first_was_wrong(week):
    first: dict[str, str] = {}
    for label in week.labels:
        first.setdefault(label.event, label.label)
    wrong = [event for event, verdict in first.items() if (verdict == "fraud") != (event in week.truth)]
    assert wrong
    assert all(sum(label.event == event for label in week.labels) == 2 for event in wrong)


def test_fraud_is_reported_late_when_it_is_reported(week):
    delays = [
        (label.reported_at - week.payments[label.event].occurred_at).total_seconds() / 3_600
        for label in week.labels
        if label.label == "fraud"
    ]
    assert 6 < median(delays) < 24 * 20
    assert max(delays) > 24 * 10


def test_methods_have_indian_shares_when_honest_people_pay(week):
    honest = [p for p in week.payments.values() if p.id not in week.truth]
    shares = {method: count / len(honest) for method, count in Counter(p.method for p in honest).items()}
    assert 0.58 < shares["upi"] < 0.78
    assert 0.13 < shares["card"] < 0.3
    assert set(shares) == {"upi", "card", "netbanking", "wallet", "cash_on_delivery"}


def test_upi_tickets_are_small_when_compared_with_cards(week):
    honest = [p for p in week.payments.values() if p.id not in week.truth and p.channel != "recurring"]
    upi = median(p.amount_minor for p in honest if p.method == "upi")
    card = median(p.amount_minor for p in honest if p.method == "card")
    assert 100_00 < upi < 500_00
    assert card > 1.5 * upi
    assert max(p.amount_minor for p in honest if p.method == "upi") <= 1_00_000_00


def test_merchants_follow_zipf_when_they_are_counted(week):
    counts = sorted(
        Counter(p.payee.merchant for p in week.payments.values() if p.payee.merchant).values(), reverse=True
    )
    assert counts[0] > 20 * median(counts)
    assert sum(counts[:20]) > 0.25 * sum(counts)


def test_nights_are_quiet_when_hours_are_counted_in_india(week):
    hours = Counter(
        p.occurred_at.astimezone(IST).hour for p in week.payments.values() if p.id not in week.truth
    )
    assert hours[19] > 8 * hours[3]
    assert max(hours, key=hours.get) in {18, 19, 20}


def test_declines_are_few_when_honest_people_pay(week):
    firsts = [
        r for r in week.results if r.payment not in week.truth and r.outcome in {"authorised", "declined"}
    ]
    share = sum(r.outcome == "declined" for r in firsts) / len(firsts)
    assert 0.03 < share < 0.09


def test_baskets_add_up_when_goods_are_listed(week):
    for payment in week.payments.values():
        if payment.lines and payment.id not in week.truth:
            goods = sum(line.price_minor * line.quantity for line in payment.lines)
            assert payment.amount_minor - goods in {0, 40_00}


def test_salaries_are_paid_when_it_is_the_first_of_the_month():
    plan = SimulationPlan(start=date(2025, 10, 1), settle_days=0, customers=2_000, payments_per_day=2_000)
    employers = Counter(
        event.customer.id
        for event in Simulation(plan).events()
        if isinstance(event, Payment) and event.customer and event.customer.id.startswith("emp_")
    )
    assert sum(employers.values()) == 100


def test_volume_and_gifts_rise_when_it_is_diwali():
    def day(start: date) -> list[Payment]:
        plan = SimulationPlan(
            start=start, settle_days=0, customers=2_000, payments_per_day=3_000, fraud_share=0
        )
        return [event for event in Simulation(plan).events() if isinstance(event, Payment)]

    def gifts(payments: list[Payment]) -> float:
        shipped = [p for p in payments if p.shipping]
        return sum(p.shipping != p.billing for p in shipped) / len(shipped)

    diwali, plain = day(date(2025, 10, 20)), day(date(2025, 9, 15))
    assert len(diwali) > 1.25 * len(plain)
    assert gifts(diwali) > 2 * gifts(plain)


def test_ids_carry_the_prefix_when_one_is_given():
    events = list(Simulation(SimulationPlan(id_prefix="r2-", **SMALL)).events())
    assert all(event.id.startswith("r2-") for event in events)
    paid = {event.id for event in events if isinstance(event, Payment)}
    assert all(event.payment in paid for event in events if hasattr(event, "payment"))


def test_early_events_are_skipped_when_a_beginning_is_given(week):
    simulation = Simulation(week.plan)
    middle = week.events[len(week.events) // 3]
    since_us = round(_time(middle).timestamp() * 1e6)
    rest = [event for event in week.events if round(_time(event).timestamp() * 1e6) >= since_us]
    assert list(simulation.events(since_us)) == rest


@pytest.mark.parametrize(
    ("field", "value"), [("days", 0), ("customers", 1), ("fraud_share", 0.6), ("id_prefix", "x" * 17)]
)
def test_a_plan_is_refused_when_a_size_is_out_of_bounds(field, value):
    with pytest.raises(SettingInvalid) as caught:
        SimulationPlan(**{field: value})
    assert caught.value.fields["field"] == field


def test_an_unknown_scenario_is_refused_when_it_is_asked_for():
    with pytest.raises(SettingInvalid, match="known are stolen_card"):
        Simulation(SimulationPlan(scenarios=("no_such",)))


def test_nobody_honest_is_in_two_far_cities_within_the_hour(week):
    where: dict[str, tuple[float, float, float]] = {}
    jumps = 0
    for payment in week.payments.values():
        if payment.customer is None or payment.location is None or payment.id in week.truth:
            continue
        spot = (payment.occurred_at.timestamp(), payment.location.lat, payment.location.lon)
        before = where.get(payment.customer.id)
        if before is not None and spot[0] - before[0] < 3_600:
            jumps += float(np.hypot(spot[1] - before[1], spot[2] - before[2])) > 3
        where[payment.customer.id] = spot
    assert jumps <= 3
