"""Each scenario really holds the pattern that its docstring tells."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from satark.core.clock import IST
from satark.payments.simulation import SCENARIOS

CASH_LIKE = {"gold", "silver", "gift_card", "phone"}


def _minutes(payments):
    return (payments[-1].occurred_at - payments[0].occurred_at).total_seconds() / 60


def test_stolen_cards_buy_cash_like_goods_far_from_home(week):
    for payments in week.campaigns("stolen_card"):
        assert len({p.device.id for p in payments}) == 1
        assert all(line.category in CASH_LIKE for p in payments for line in p.lines)
        assert len({p.shipping.pin for p in payments}) == 1
        assert len({p.card.token for p in payments}) <= 2
        assert all(p.occurred_at - p.customer.added_at < timedelta(days=4) for p in payments)


def test_card_testing_tries_many_cards_on_one_device_with_small_amounts(week):
    for payments in week.campaigns("card_testing"):
        assert len(payments) >= 8
        assert len({p.card.token for p in payments}) > 0.8 * len(payments)
        assert len({p.device.id for p in payments}) == 1
        assert max(p.amount_minor for p in payments) <= 20_00
        declined = [r for p in payments for r in week.results_of(p) if r.outcome == "declined"]
        assert len(declined) > len(payments) / 3


def test_account_takeover_adds_a_payee_from_a_new_device_before_it_pays(week):
    for payments in week.campaigns("account_takeover"):
        first = payments[0]
        added = [c for c in week.changes if c.payee == first.payee and c.change == "added"]
        assert len(added) == 1
        assert timedelta(0) < first.occurred_at - added[0].occurred_at < timedelta(hours=1)
        assert added[0].device == first.device
        honest = [
            p
            for p in week.payments.values()
            if p.id not in week.truth and p.customer and p.customer.id == first.customer.id and p.device
        ]
        assert all(p.device.id != first.device.id for p in honest)
        assert sum(p.amount_minor for p in payments) >= 40_000_00


def test_collect_scam_asks_many_people_for_one_new_payee(week):
    for payments in week.campaigns("collect_scam"):
        assert {p.upi_flow for p in payments} == {"collect"}
        assert len({p.payee.vpa for p in payments}) == 1
        assert len({p.customer.id for p in payments}) == len(payments) >= 5


def test_mule_account_takes_in_from_many_and_lets_out_nearly_all(week):
    for payments in week.campaigns("mule_account"):
        mule = payments[0].payee.account
        into = [p for p in payments if p.payee.account == mule]
        out = [p for p in payments if p.payer.account == mule]
        assert len({p.payer.account for p in into}) >= 8
        assert len({p.payee.account for p in out}) >= 4
        share = sum(p.amount_minor for p in out) / sum(p.amount_minor for p in into)
        assert 0.89 < share < 0.98


def test_drop_address_gets_goods_on_many_cards(week):
    for payments in week.campaigns("drop_address"):
        assert len({p.shipping.line for p in payments}) == 1
        if len(payments) >= 3:
            assert len({p.card.token for p in payments}) == len(payments)
            assert all(p.shipping.pin != p.billing.pin for p in payments)


def test_refund_loop_is_refunded_nearly_every_time(week):
    for payments in week.campaigns("refund_loop"):
        assert len({p.customer.id for p in payments}) == len({p.payee.merchant for p in payments}) == 1
        refunded = [p for p in payments if any(r.outcome == "refunded" for r in week.results_of(p))]
        assert len(refunded) == len(payments)


def test_impossible_travel_follows_a_payment_far_away_within_the_hour(week):
    for payments in week.campaigns("impossible_travel"):
        first = payments[0]
        before = [
            p
            for p in week.payments.values()
            if p.card
            and p.card.token == first.card.token
            and p.location
            and p.occurred_at < first.occurred_at
        ]
        gap = first.occurred_at - before[-1].occurred_at
        assert gap < timedelta(minutes=45)
        degrees = abs(first.location.lat - before[-1].location.lat) + abs(
            first.location.lon - before[-1].location.lon
        )
        assert degrees > 4


def test_bin_run_counts_through_one_issuer_range(week):
    for payments in week.campaigns("bin_run"):
        assert len({p.card.bin for p in payments}) == 1
        assert len({p.card.token for p in payments}) == len(payments) >= 8
        assert all(int(a.card.last4) < int(b.card.last4) for a, b in pairwise(payments))
        assert _minutes(payments) < 40


def test_merchant_collusion_takes_round_sums_at_night_on_few_cards(week):
    for payments in week.campaigns("merchant_collusion"):
        assert all(p.amount_minor % 5_000_00 == 0 for p in payments)
        assert len({p.card.token for p in payments}) <= 5
        assert len({p.payee.merchant for p in payments}) == 1
        assert all(not 6 <= p.occurred_at.astimezone(IST).hour < 22 for p in payments)


def test_sim_swap_raises_the_limit_and_drains_at_night(week):
    for payments in week.campaigns("sim_swap"):
        changes = [c.change for c in week.changes if c.payee == payments[0].payee]
        assert changes == ["added", "limit_raised"]
        assert all(p.occurred_at.astimezone(IST).hour < 6 for p in payments)
        assert min(p.amount_minor for p in payments) >= 40_000_00


def test_salami_mandates_are_small_slow_and_many(week):
    for payments in week.campaigns("salami_mandates"):
        assert max(p.amount_minor for p in payments) <= 149_00
        assert len({p.payee.vpa for p in payments}) == 1
        gaps = [(b.occurred_at - a.occurred_at).total_seconds() for a, b in pairwise(payments)]
        assert min(gaps, default=1_200) >= 1_200
        assert len({p.customer.id for p in payments}) >= min(len(payments), 8)


def test_friendly_fraud_ring_shares_a_fingerprint_across_cities(week):
    rings = [payments for payments in week.campaigns("friendly_fraud_ring") if len(payments) >= 4]
    assert rings
    for payments in rings:
        assert len({p.device.fingerprint for p in payments}) == 1
        assert len({p.device.id for p in payments}) > 1
        disputed = [p for p in payments if any(r.outcome == "charged_back" for r in week.results_of(p))]
        assert len(disputed) == len(payments)
    assert max(len({p.shipping.city for p in payments}) for payments in rings) > 2


def test_address_variations_spell_one_door_in_many_ways(week):
    doors = [payments for payments in week.campaigns("address_variations") if len(payments) >= 6]
    assert doors
    for payments in doors:
        assert len({p.shipping.pin for p in payments}) == 1
        assert len({p.shipping.line for p in payments}) >= 4
        assert len({p.customer.id for p in payments}) == len(payments)


def test_triangulation_uses_another_card_and_home_each_time_from_one_ip(week):
    for payments in week.campaigns("triangulation"):
        assert len({p.ip for p in payments}) == 1
        assert len({p.card.token for p in payments}) == len({p.shipping for p in payments}) == len(payments)


def test_bust_out_spends_far_more_than_the_honest_looking_past(week):
    for payments in week.campaigns("bust_out"):
        customer = payments[0].customer.id
        past = [
            p
            for p in week.payments.values()
            if p.customer and p.customer.id == customer and p.id not in week.truth
        ]
        assert len(past) >= 3
        assert max(p.amount_minor for p in past) < min(p.amount_minor for p in payments)


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_a_scenario_says_what_it_is_when_it_is_registered(name):
    scenario = SCENARIOS[name]
    assert scenario.name == name
    assert scenario.kind
    assert scenario.summary


def test_the_documentation_lists_every_scenario():
    page = (Path(__file__).parents[4] / "docs" / "simulation.md").read_text(encoding="utf-8")
    for scenario in SCENARIOS.values():
        seen = "yes" if scenario.foreseen else "no"
        assert f"| `{scenario.name}` | {scenario.kind} | {scenario.summary} | {seen} |" in page
