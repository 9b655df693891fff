"""Backtest 1.4 million public card transactions with a policy of 60 features and 50 rules: time and memory.

The data is ``payments/handbook.parquet`` in the folder that SATARK_DATA names: the simulated card transactions of the
Fraud Detection Handbook. The policy is made here: windows of five lengths over customers and terminals, and rules over
them. With ``--model`` a LightGBM of 500 trees that was trained on random labels is scored besides: what it says means
nothing, but it takes the time that a model takes.

Run it with ``python benchmarks/backtest.py``; ``--rows N`` takes the first N rows only, ``--json`` prints one object.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "numba"))
DATA = Path(os.environ.get("SATARK_DATA", ROOT / ".." / "shared" / "data")) / "payments" / "handbook.parquet"
FEATURES, RULES = 60, 50
_SPANS = ("1h", "6h", "1d", "7d", "30d")


def features() -> dict[str, str]:
    """Return the 60 features: counts, sums, means and spreads per customer and terminal, pairs, delayed risk."""
    made: dict[str, str] = {}
    for span in _SPANS:
        for who, other in (("customer", "merchant"), ("merchant", "customer")):
            made[f"{who}_count_{span}"] = f"count() by {who} over {span}"
            made[f"{who}_sum_{span}"] = f"sum(amount) by {who} over {span}"
            made[f"{who}_mean_{span}"] = f"mean(amount) by {who} over {span}"
            made[f"{who}_others_{span}"] = f"distinct({other}) by {who} over {span}"
    for span in ("1d", "7d", "30d"):
        made[f"customer_max_{span}"] = f"max(amount) by customer over {span}"
        made[f"customer_std_{span}"] = f"std(amount) by customer over {span}"
        made[f"merchant_max_{span}"] = f"max(amount) by merchant over {span}"
        made[f"merchant_frauds_{span}"] = f'count(label == "fraud") by merchant over {span}'
        made[f"merchant_payments_{span}"] = f"count() by merchant over {span} delayed 7d"
    made["customer_since_last"] = "since_last() by customer over 30d"
    made["customer_new_merchant"] = "new(merchant) by customer over 30d"
    made["customer_last_amount"] = "last(amount) by customer over 30d"
    made["pair_count_30d"] = "count() by customer+merchant over 30d"
    made["customer_min_30d"] = "min(amount) by customer over 30d"
    assert len(made) == FEATURES
    return made


def rules() -> dict[str, tuple[str, str, float]]:
    """Return the 50 rules: (condition, action, score) by code."""
    made: dict[str, tuple[str, str, float]] = {}
    for place, span in enumerate(_SPANS):
        for who in ("customer", "merchant"):
            for step, times in enumerate((3, 5, 8)):
                code = f"{who}_far_above_{span}_{times}"
                when = f"{who}_count_{span} > 4 and amount > {times} * {who}_mean_{span}"
                made[code] = (when, ("challenge", "challenge", "hold")[step], 0.3 + 0.1 * step + 0.02 * place)
            code = f"{who}_often_{span}"
            most = (4, 8, 14, 60, 220)[place]
            made[code] = (f"{who}_count_{span} > {most}", "challenge", 0.25 + 0.02 * place)
    for span, least in (("1d", 1), ("7d", 2), ("30d", 3)):
        when = f"merchant_frauds_{span} >= {least} and merchant_frauds_{span} / merchant_payments_{span} > 0.2"
        made[f"risky_terminal_{span}"] = (when, "hold", 0.8)
        made[f"unusual_spread_{span}"] = (
            f"customer_std_{span} > 0 and (amount - customer_mean_{span}) / customer_std_{span} > 3.5",
            "challenge",
            0.45,
        )
    made["large_amount"] = ("amount > 22000", "hold", 0.9)
    made["large_and_new"] = ("customer_new_merchant and amount > 18000", "hold", 0.7)
    made["quick_again"] = ("customer_since_last < 60 and amount > 5000", "challenge", 0.4)
    made["above_last"] = ("amount > 10 * customer_last_amount and customer_count_30d > 10", "challenge", 0.35)
    number = 0
    while len(made) < RULES:
        number += 1
        when = f"pair_count_30d > {number} and amount > {4000 * number} and customer_max_7d < {3000 * number}"
        made[f"known_pair_{number}"] = (when, "challenge", 0.2)
    return made


def policy_text(model: tuple[str, str] | None = None) -> str:
    """Return the policy; `model` is the file and the hash of one."""
    lines = ["policy: bench", "version: 1", "base_currency: EUR"]
    if model is not None:
        lines += ["model:", f"  use: {model[0]}", f"  hash: {model[1]}"]
    lines += ["features:", *(f"  {name}: '{text}'" for name, text in features().items()), "rules:"]
    for code, (when, action, score) in rules().items():
        lines.append(f"  {code}:")
        lines.append(f"    {{when: '{when}', action: {action}, score: {score:.2f},")
        lines.append('     reason: {en: "amount {amount}", hi: "राशि {amount}"}}')
    return "\n".join(lines) + "\n"
