"""A log in memory whose payments were scored by a model; policy and model lie in it as in a real one."""

from __future__ import annotations

import msgspec
from tests.support.engine import NOW_US, SECOND_US, WINDOWS, MemoryLog, payment
from tests.support.models import KNOTS

from satark.decisions.again import policy_input
from satark.decisions.binding import bind_for
from satark.decisions.decide import Decider
from satark.decisions.logged_policy import policy_ref
from satark.decisions.ports import LogEntry
from satark.decisions.roster import MODEL, model_ref
from satark.decisions.views import Lineup, View
from satark.events import decode_stored
from satark.features.spec import feature_signature
from satark.models import ModelHead, ModelInput, load_model, write_model
from satark.models.logistic_scorer import LogisticPayload
from satark.policies import load_policy

POLICY = """
policy: scored
version: 1
features:
  card_10m: count() by card over 10m
model: {use: small.model, hash: HASH}
rules:
  likely_fraud:
    params: {least: 0.5}
    when: model_score >= least
    action: hold
    reason: {en: "the model says {model_score:pct}", hi: "मॉडल का अंक {model_score:pct}"}
  third:
    params: {limit: 2}
    when: card_10m > limit
    action: challenge
    reason: {en: "{card_10m} payments", hi: "{card_10m} भुगतान"}
"""


def small_model(name: str = "small") -> bytes:
    """Return a linear model: the more payments on a card and the larger the amount, the riskier."""
    plain = load_policy(POLICY.replace("HASH", "0" * 64))
    signatures = {one.name: feature_signature(one) for one in plain.features}
    inputs = (
        ModelInput(
            "card_10m", "card_10m", "int", typical=1.0, features=signatures, unit="count",
            says_en="{value} payments on this card in 10 minutes", says_hi="इस कार्ड से 10 मिनट में {value} बार",
        ),
        ModelInput("amount", "amount", "int", typical=12_345.0, unit="money", says_en="amount {value}",
                   says_hi="राशि {value}"),
        ModelInput("method", "method", "str", categories=("card", "upi")),
    )  # fmt: skip
    payload = LogisticPayload(
        bias=-3.0, means=(1.0, 12_345.0, 0.0), scales=(1.0, 100_000.0, 1.0), weights=(1.5, 1.0, 0.25),
        missing=(0.0, 0.0, 0.0),
    )  # fmt: skip
    return write_model(ModelHead(1, name, "logistic", inputs, "INR", KNOTS), msgspec.msgpack.encode(payload))


class ScoredLog:
    """Decides payments with a model and keeps them as the engine does."""

    def __init__(self, model: bytes | None = None, *, keep_model: bool = True) -> None:
        self.data = small_model() if model is None else model
        self.model = load_model(self.data)
        self.text = POLICY.replace("HASH", self.model.hash)
        self.policy = load_policy(self.text)
        self.log = MemoryLog()
        self.decider = Decider(
            Lineup(View(self.policy, bind_for(self.policy, self.model))), windows_options=WINDOWS, seed=7
        )
        self._input("policy", policy_ref(self.policy.content_hash), policy_input(self.policy, self.text))
        if keep_model:
            self._input(MODEL, model_ref(self.model.hash), self.data)

    def _input(self, kind: str, ref: str, body: bytes) -> None:
        seq = self.log.last_seq() + 1
        self.log.append(
            [LogEntry(seq, 0, f"{kind}:{seq}", kind, NOW_US, NOW_US, 0, ref, b"\0" * 32, body, None, None)]
        )

    def pay(self, event_id: str, **changes) -> LogEntry:
        """Decide one payment, a second after the one before."""
        seq = self.log.last_seq() + 1
        at_us = NOW_US + seq * SECOND_US
        body = msgspec.json.encode(payment(event_id, at_us, **changes))
        event = decode_stored(body)
        _, encoded, features = self.decider.decide(
            event, seq=seq, occurred_us=at_us, arrived_us=at_us, late=False, started_ns=0, decoded_ns=0
        )
        entry = LogEntry(
            seq, 1, event_id, "payment", at_us, at_us, 0, "", b"\0" * 32, body, encoded, features
        )
        self.log.append([entry])
        return entry
