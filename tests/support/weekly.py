"""Figures of an invented week, for tests of the report."""

from __future__ import annotations

from typing import Any

import msgspec

from satark.core.words import Words
from satark.decisions.watch import Finding, Kind, Verdict
from satark.decisions.watch import measures as m
from satark.decisions.watch.weekly import QueueLine, Told, WeeklyFigures, weekly_figures

WEEK = m.week_named("2026-W48")
TODAY = m.first_day(WEEK) + 8
QUEUES = {"cards": Words("Cards", "कार्ड"), "upi": Words("UPI", "यूपीआई")}


def findings() -> list[Finding]:
    return [
        Finding(Kind.FEATURE_DRIFT, "card_payments_10m", WEEK, 0.41, 0.36, 0.47, 0.2, 31_250, Verdict.BREACH),
        Finding(
            Kind.MISSING, "shipping_pin_known", WEEK, 0.083, 0.074, 0.091, 0.05, 31_250, Verdict.BREACH, 0.021
        ),
        Finding(
            Kind.PRECISION, "new_payee_large_transfer", WEEK, 0.44, 0.31, 0.58, 0.2, 48, Verdict.NEAR, 0.71
        ),
        Finding(Kind.ALERTS, "cards", WEEK, 132.0, 132.0, 132.0, 100.0, 655, Verdict.BREACH, 93.6),
        Finding(Kind.SCORE_DRIFT, "", WEEK, 0.02, 0.01, 0.03, 0.2, 31_250, Verdict.OK),
        Finding(Kind.LABEL_DELAY, "", WEEK, 21.4, 18.0, 25.1, 30.0, 143, Verdict.OK, 4.2),
    ]


def told(**changes: Any) -> Told:
    sums: m.Sums = {
        m.DECIDED: {"allow": (30_412, 91_234_567_00), "challenge": (502, 2_345_678_00), "hold": (301, 5_678_901_00),
                    "block": (35, 456_789_00)},
        m.ANSWERED: {m.THROUGH: (30_914, 93_580_245_00), m.STOPPED: (333, 6_080_000_00), m.RELEASED: (3, 9_500_00)},
        m.LABELLED: {"fraud.stopped": (140, 3_210_000_00), "genuine.stopped": (61, 912_000_00),
                     "fraud.through": (22, 187_500_00), "genuine.through": (4, 8_000_00)},
        m.CONTRADICTED: {"": (5, 90_000_00)},
        m.RULE: {"card_velocity": (210, 1_900_000_00), "new_payee_large_transfer": (96, 3_900_000_00),
                 "impossible_travel": (41, 410_000_00)},
        m.RULE_FRAUD: {"card_velocity": (101, 0), "new_payee_large_transfer": (21, 0)},
        m.RULE_GENUINE: {"card_velocity": (24, 0), "new_payee_large_transfer": (27, 0)},
    }  # fmt: skip
    before: m.Sums = {
        m.DECIDED: {"allow": (29_800, 0), "challenge": (488, 0), "hold": (240, 0), "block": (30, 0)},
        m.ANSWERED: {m.STOPPED: (270, 4_920_000_00)},
    }
    values: dict[str, Any] = {
        "sums": sums,
        "before": before,
        "days": [{m.STOPPED: (40 + 3 * day, (700_000 + 60_000 * day) * 100)} for day in range(7)],
        "recent_rules": {
            "card_velocity": (900, 0),
            "new_payee_large_transfer": (380, 0),
            "impossible_travel": (160, 0),
        },
        "delays": {"02": (60, 0), "05": (45, 0), "07": (28, 0), "10": (10, 0)},
        "rules": [
            "card_velocity",
            "new_payee_large_transfer",
            "impossible_travel",
            "gift_card_run",
            "mule_payee",
        ],
        "findings": findings(),
    }
    return Told(**{**values, **changes})


def figures(**changes: Any) -> WeeklyFigures:
    """Return the figures; `changes` are of `told`."""
    return weekly_figures(
        told(**changes),
        week=WEEK,
        today=TODAY,
        policy=("payments", 4, "9c1f" * 16),
        troubled=(52, 61, 912_000_00),
        queues=[
            QueueLine("cards", 655, 132, 100, 48, 5, 1_845_000_00),
            QueueLine("upi", 212, 41, None, 17, 0, 604_500_00),
        ],
        places=(412_000, 412_000),
    )


def renamed(value: Any, name: str) -> Any:
    """Return figures in which every name of a policy is another one."""
    told = msgspec.to_builtins(value)
    for line in told["top_rules"]:
        line["code"] = name
    told["dead_rules"] = [name]
    told["policy_name"] = name
    for one in [*told["findings"], told["delay"]]:
        one["subject"] = name
    for line in told["queues"]:
        line["queue"] = name
    return msgspec.convert(told, WeeklyFigures)
