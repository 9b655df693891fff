"""What follows a payment: its results within seconds to weeks, and labels when somebody reports them.

Both are kept as integer tables until their day comes, because a month of a large market has millions of
them. A row is ``at_us, day, number, step, a, b, c``: when it happens; the payment's day and number in it;
which result or label of that payment it is; and three values that `result_of` and `label_of` read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from satark.events import Label, PaymentResult
from satark.payments.simulation.identities import moment
from satark.payments.simulation.ordinary import CARD, COD, NETBANKING, SALARY, UPI, WALLET, DayColumns
from satark.payments.simulation.seasons import DAY_US, HOUR_US, MINUTE_US, SECOND_US

if TYPE_CHECKING:
    from satark.payments.simulation.population import Bools, Floats, Ints

OUTCOMES = ("authorised", "declined", "captured", "refunded", "charged_back")
AUTHORISED, DECLINED, CAPTURED, REFUNDED, CHARGED_BACK = range(5)

CODES = (
    "51", "05", "54", "61", "91", "14", "82", "59", "Z9", "U30", "ZM", "U69", "U28", "K1", "NB_CANCELLED",
    "NB_TIMEOUT", "WALLET_LIMIT", "RTO", "10.4", "4853", "UDIR_FRAUD",
)  # fmt: skip
"""ISO 8583 response codes for cards, NPCI's for UPI, words for others; 10.4 and 4853: chargeback reasons."""

NO_CODE = -1
NO_AMOUNT = -1
_DECLINES = {
    CARD: (0.055, ("51", "05", "54", "61", "91")),
    UPI: (0.045, ("Z9", "U30", "ZM", "U28", "U69")),
    NETBANKING: (0.07, ("NB_CANCELLED", "NB_TIMEOUT")),
    WALLET: (0.03, ("WALLET_LIMIT",)),
}

REPORTERS = ("customer", "analyst", "issuer", "merchant", "1930", "npci")
KINDS = (
    "", "stolen_card", "card_testing", "account_takeover", "collect_scam", "mule", "drop_address",
    "refund_abuse", "cloned_card", "bin_attack", "merchant_collusion", "sim_swap", "mandate_abuse",
    "friendly_fraud", "promotion_abuse", "triangulation", "bust_out",
)  # fmt: skip
COLUMNS = 7

GENUINE_LABEL_SHARE = 0.004
WRONG_LABEL_SHARE = 0.0003
HONEST_CHARGEBACK_SHARE = 0.0004


def empty_table() -> Ints:
    """Return a table without rows."""
    return np.zeros((0, COLUMNS), dtype=np.int64)


def draw_results(rng: np.random.Generator, columns: DayColumns, day: int, number: Ints) -> Ints:
    """Draw all results of a day's honest payments; `number` gives each row its number of the day."""
    size, method, at_us = len(columns.at_us), columns.method, columns.at_us
    declined, code = np.zeros(size, dtype=bool), np.full(size, NO_CODE, dtype=np.int64)
    draw, which = rng.random(size), rng.random(size)
    for place, (share, codes) in _DECLINES.items():
        rows = np.flatnonzero((method == place) & (draw < share) & (columns.kind != SALARY))
        declined[rows] = True
        code[rows] = np.array([CODES.index(text) for text in codes])[
            (which[rows] * len(codes)).astype(np.int64)
        ]
    answered = at_us + _whole_ms(np.clip(rng.lognormal(0.3, 0.6, size), 0.3, 20) * SECOND_US)
    first = _table(answered, day, number, 0, np.where(declined, DECLINED, AUTHORISED), code, NO_AMOUNT)

    cod = method == COD
    wait = np.where(cod, 3 * DAY_US, np.where(columns.ship_to >= 0, 16 * HOUR_US, 20 * MINUTE_US))
    settled = answered + _whole_ms(wait * rng.lognormal(0, 0.5, size))
    captures = (cod | (method == CARD) | (method == NETBANKING)) & ~declined & (columns.kind != SALARY)
    refused = cod & (rng.random(size) < 0.12)
    second = _table(
        settled,
        day,
        number,
        1,
        np.where(refused, DECLINED, CAPTURED),
        np.where(refused, CODES.index("RTO"), NO_CODE),
        np.where(refused, NO_AMOUNT, columns.amount_minor),
    )[captures]

    kept = ~declined & ~refused
    sent_back = kept & (rng.random(size) < columns.refund_share)
    partial = rng.random(size) < 0.25
    part = np.maximum((columns.amount_minor * rng.uniform(0.2, 0.9, size)).astype(np.int64), 1)
    third = _table(
        np.maximum(settled, answered) + _whole_ms(np.clip(rng.lognormal(1.4, 0.6, size), 0.2, 30) * DAY_US),
        day,
        number,
        2,
        np.full(size, REFUNDED),
        np.full(size, NO_CODE),
        np.where(partial, part, columns.amount_minor),
    )[sent_back]
    disputed = kept & ~sent_back & (method == CARD) & (rng.random(size) < HONEST_CHARGEBACK_SHARE)
    fourth = _table(
        settled + _whole_ms(rng.uniform(12, 50, size) * DAY_US),
        day,
        number,
        3,
        np.full(size, CHARGED_BACK),
        np.full(size, CODES.index("4853")),
        columns.amount_minor,
    )[disputed]
    return np.concatenate([first, second, third, fourth])


def draw_labels(rng: np.random.Generator, columns: DayColumns, day: int, number: Ints) -> Ints:
    """Draw the labels of a day's honest payments: some confirmed, a few wrongly reported and put right."""
    size, at_us = len(columns.at_us), columns.at_us
    draw = rng.random(size)
    confirmed = draw < GENUINE_LABEL_SHARE
    wrong = (draw > 1 - WRONG_LABEL_SHARE) & (columns.kind != SALARY)
    soon = at_us + _whole_ms(np.clip(rng.lognormal(1.0, 1.2, size), 0.05, 200) * HOUR_US)
    reporter = np.where(rng.random(size) < 0.5, REPORTERS.index("analyst"), REPORTERS.index("customer"))
    later = soon + _whole_ms(rng.uniform(2, 15, size) * DAY_US)
    claims = _table(
        soon, day, number, 0, np.ones(size, dtype=np.int64), np.full(size, 0), REPORTERS.index("customer")
    )
    return np.concatenate(
        [
            _table(soon, day, number, 0, np.zeros(size, dtype=np.int64), np.full(size, 0), reporter)[
                confirmed
            ],
            claims[wrong],
            _table(
                later,
                day,
                number,
                1,
                np.zeros(size, dtype=np.int64),
                np.full(size, 0),
                REPORTERS.index("analyst"),
            )[wrong],
        ]
    )


def result_of(row: list[int], event_id: str, payment_id: str) -> PaymentResult:
    """Build the result that a row stands for."""
    return PaymentResult(
        id=event_id,
        occurred_at=moment(row[0]),
        payment=payment_id,
        outcome=OUTCOMES[row[4]],  # type: ignore[arg-type]
        code=CODES[row[5]] if row[5] >= 0 else None,
        amount_minor=row[6] if row[6] >= 0 else None,
    )


def label_of(row: list[int], event_id: str, payment_id: str) -> Label:
    """Build the label that a row stands for."""
    return Label(
        id=event_id,
        event=payment_id,
        label="fraud" if row[4] else "genuine",
        reporter=REPORTERS[row[6]],
        reported_at=moment(row[0]),
        kind=KINDS[row[5]] or None,
    )


def _whole_ms(microseconds: Floats) -> Ints:
    return np.asarray(microseconds.astype(np.int64) // 1000 * 1000, dtype=np.int64)


def _table(at_us: Ints, day: int, number: Ints, step: int, a: Ints, b: Ints, c: Ints | int) -> Ints:
    table = np.empty((len(at_us), COLUMNS), dtype=np.int64)
    for place, values in enumerate((at_us, day, number, step, a, b, c)):
        table[:, place] = values
    return table


def take_due(table: Ints, until_us: int) -> tuple[Ints, Ints]:
    """Split a table into what happens before `until_us`, in order of time, and the rest."""
    due: Bools = table[:, 0] < until_us
    now = table[due]
    return now[np.lexsort((now[:, 3], now[:, 2], now[:, 1], now[:, 0]))], table[~due]
