"""A backtest's result as a whole, made up by hand, for tests of what shows it."""

from __future__ import annotations

from satark.decisions.backtest.result import (
    FORMAT,
    ActionTotal,
    BacktestResult,
    Cell,
    Changed,
    Costs,
    Curve,
    CurvePoint,
    Difference,
    Labels,
    PolicyResult,
    QueueLoad,
    RuleResult,
    Share,
    Source,
)

FROM_US, TO_US = 1_767_205_800_000_000, 1_769_884_200_000_000
DAY_US = FROM_US + 86_400_000_000
NOTHING = ActionTotal(0, 0, 0, 0, 0, 0)


def share(part: float, whole: float) -> Share:
    value = part / whole if whole else None
    return Share(part, whole, value, None if value is None else value * 0.9, None if value is None else value)


def rule(code: str, fired: int, *, dead: bool = False) -> RuleResult:
    return RuleResult(
        code, "hold", 0.65, fired, fired // 2, fired // 4, share(2, 3), share(1, 2), 9_00_000_00, 3, 4, 4, 2, 1,
        4_00_000_00, 2, dead, redundant=False,
    )  # fmt: skip


def policy(
    name: str, version: int, content_hash: str, *, stopped: int, customers: int, rules
) -> PolicyResult:
    hours = [float(hour % 7) for hour in range(24)]
    points = [
        CurvePoint(1.1, 0, 0, 0, 0.0, 0, None, 0.0, 900_000_00),
        CurvePoint(0.9, 40, 30, 10, 1.3, 300_000_00, 0.75, 0.4, 600_000_00),
        CurvePoint(0.6, 120, 60, 60, 4.0, 700_000_00, 0.5, 0.8, 400_000_00),
        CurvePoint(0.3, 400, 72, 328, 13.3, 900_000_00, 0.18, 0.96, 700_000_00),
    ]
    return PolicyResult(
        name=name, version=version, hash=content_hash, mode="enforce", model="", model_hash="", killed=[],
        actions={"allow": ActionTotal(9_000, 10**9, 5, 10**7, 8_000, 10**9), "challenge": NOTHING,
                 "hold": ActionTotal(300, 10**8, 60, stopped, 90, 10**7), "block": NOTHING},
        stopped_minor=10**8, challenged_minor=0, fraud_stopped_minor=stopped, fraud_challenged_minor=0,
        fraud_missed_minor=12_00_000_00, genuine_troubled=customers + 3, customers_troubled=customers,
        precision=share(60, 150), recall=share(60, 75), stop_precision=share(60, 150), stop_recall=share(60, 75),
        recall_by_worth=0.8, queue=QueueLoad(300, 2.5, 6.0, 11, 10.0, hours, hours, [(FROM_US, 10)], {"review": 300}),
        rules=rules, overlaps=[], curves=[Curve("score", points, 2, 1, 0.93, 0.71)], degraded={}, cost_minor=0,
    )  # fmt: skip


def result(
    candidate_hash: str = "a" * 64, against_hash: str = "b" * 64, *, customers: int = 12
) -> BacktestResult:
    """Return a month in which the candidate stops ₹41 lakh more of fraud and troubles some more customers."""
    candidate = policy(
        "payments", 8, candidate_hash, stopped=91_00_000_00, customers=40 + customers,
        rules=[rule("card_velocity", 140), rule("new_payee", 60), rule("old_device", 0, dead=True)],
    )  # fmt: skip
    before = policy(
        "payments", 7, against_hash, stopped=50_00_000_00, customers=40,
        rules=[rule("card_velocity", 90), rule("gone", 4)],
    )  # fmt: skip
    difference = Difference(
        changed=230,
        matrix=[
            Cell("allow", "allow", 8_900, 10**9, 5, 10**6, 8_000),
            Cell("allow", "hold", 210, 51_00_000_00, 31, 41_00_000_00, 30),
            Cell("hold", "allow", 20, 90_000_00, 0, 0, 9),
        ],
        stopped_minor=50_00_000_00, fraud_stopped_minor=41_00_000_00, fraud_flagged_minor=41_00_000_00,
        fraud_stopped=31, fraud_flagged=31, genuine_troubled=21, customers_troubled=customers,
        newly_troubled=20, no_longer_troubled=8, alerts_per_day=3.5, cost_minor=-5_00_000_00,
        examples=[
            Changed("pay_1", 11, DAY_US, 95_000_00, "fraud", "allow", "hold", 0.0, 0.65, [], ["card_velocity"]),
            Changed("pay_2", 12, DAY_US, 4_000_00, "genuine", "hold", "allow", 0.65, 0.0, ["gone"], []),
            Changed("pay_3", 0, DAY_US, None, "", "allow", "hold", 0.0, 0.65, [], ["new_payee"]),
        ],
    )  # fmt: skip
    return BacktestResult(
        format=FORMAT, source=Source("log", "1 to 9300", FROM_US, TO_US, 0, 0, 0, {"payment": 9_300}, 0, 0),
        currency="INR", payments=9_300, amount_minor=10**9, days=31.0,
        labels=Labels(8_200, 75, 8_125, 9_300, share(75, 8_200)), costs=Costs(15_000, 20_000),
        candidate=candidate, against=before, difference=difference, notes=[], seconds=2.0,
    )  # fmt: skip
