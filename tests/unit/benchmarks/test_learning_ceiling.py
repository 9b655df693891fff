"""The observer that knows the simulator: it knows what it may know, no more, and its probabilities come true."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from benchmarks import learning_ceiling as ceiling

QUIET_CUSTOMERS, DAYS = 40, 60


@pytest.fixture(scope="module")
def quiet():
    """Forty customers who pay about 30 once a day at terminals of their own, and never meet a fraud."""
    days = np.repeat(np.arange(DAYS), QUIET_CUSTOMERS) + np.tile(np.linspace(0.1, 0.9, QUIET_CUSTOMERS), DAYS)
    customers = np.tile(np.arange(QUIET_CUSTOMERS), DAYS)
    amounts = 30 + 10 * np.sin(np.arange(len(days)))
    return ceiling.Payments(
        np.arange(len(days)), days, amounts, customers, customers.copy(), np.zeros(len(days), dtype=bool)
    )


def at(day: int, customer: int = 0) -> int:
    """Return the place of a customer's payment of a day."""
    return day * QUIET_CUSTOMERS + customer


def test_nothing_known_is_about_the_share_of_terminals_compromised_within_the_delay(quiet):
    found = ceiling.probabilities(quiet)[at(40)]
    assert 7 * 2e-4 < found < 9 * 2e-4


def test_five_times_the_usual_amount_and_an_amount_that_is_always_fraud(quiet):
    amounts = quiet.amounts.copy()
    amounts[at(40)], amounts[at(40, 1)] = 150, 221
    found = ceiling.probabilities(quiet._replace(amounts=amounts))
    assert found[at(40)] > 0.99
    assert found[at(40, 1)] > 1 - 1e-8


def test_a_strange_amount_makes_the_customer_suspect_for_a_fortnight(quiet):
    amounts = quiet.amounts.copy()
    amounts[[at(40), at(44)]] = 150, 68
    with_it = ceiling.probabilities(quiet._replace(amounts=amounts))
    amounts[at(40)] = 30
    without = ceiling.probabilities(quiet._replace(amounts=amounts))
    assert with_it[at(44)] > 10 * without[at(44)]
    assert with_it[at(60 - 1)] == pytest.approx(without[at(60 - 1)], rel=0.2)


def test_a_fraud_is_known_to_the_terminal_after_seven_days_and_runs_out_after_28(quiet):
    fraud = quiet.fraud.copy()
    fraud[at(20)] = True
    found = ceiling.probabilities(quiet._replace(fraud=fraud))
    assert found[at(26)] < 0.002
    assert found[at(27)] > 0.5
    # Its neighbours of the next days are known to be genuine by then, so it was not the terminal.
    assert found[at(28)] < 0.002


def test_a_run_of_frauds_at_a_terminal_ends_when_its_28_days_are_over(quiet):
    fraud = quiet.fraud.copy()
    fraud[[at(day) for day in range(20, 48)]] = True
    found = ceiling.probabilities(quiet._replace(fraud=fraud))
    assert min(found[at(day)] for day in range(27, 48)) > 0.5
    assert found[at(49)] < 0.05


def test_labels_that_are_not_known_yet_change_nothing(quiet):
    found = ceiling.probabilities(quiet)
    fraud = quiet.fraud.copy()
    fraud[at(50) :] = True
    later = ceiling.probabilities(quiet._replace(fraud=fraud))
    assert np.array_equal(found[: at(57)], later[: at(57)])


def test_hits_are_counted_and_expected_by_card_and_found_ones_leave_the_days_after():
    frame = pl.DataFrame(
        {
            "day": [1, 1, 1, 2, 2],
            "customer_id": [1, 1, 2, 1, 2],
            "score": [0.5, 0.5, 0.1, 0.9, 0.2],
            "fraud": [1, 0, 0, 1, 0],
        }
    )
    hits = ceiling.hits(frame, "score")
    # Customer 1 is found on the first day, so only customer 2 is looked at on the second.
    assert hits.found == 1
    assert hits.expected == pytest.approx(0.75 + 0.1 + 0.2)
    assert hits.variance == pytest.approx(0.75 * 0.25 + 0.1 * 0.9 + 0.2 * 0.8)


def test_cards_are_looked_at_by_their_highest_payment_or_by_all_of_them(monkeypatch):
    monkeypatch.setattr(ceiling, "TOP", 1)
    frame = pl.DataFrame(
        {"day": [1, 1, 1], "customer_id": [1, 2, 2], "score": [0.4, 0.3, 0.3], "fraud": [0, 0, 1]}
    )
    assert ceiling.hits(frame, "score") == pytest.approx((0, 0.4, 0.24))
    assert ceiling.hits(frame, "card") == pytest.approx((1, 0.51, 0.2499))
