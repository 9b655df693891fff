"""An engine on a bench that takes orders to publish, over policies and models made for the purpose."""

from __future__ import annotations

import base64
import threading

import msgspec
from tests.support.engine import SEED, Bench

from satark.core.errors import SatarkError
from satark.decisions.again import policy_input, policy_ref
from satark.decisions.casting import Casting
from satark.decisions.decide import Decider
from satark.decisions.roster import Canary, PublishOrder
from satark.features.spec import feature_signature
from satark.models import ModelHead, ModelInput, load_model, write_model
from satark.models.logistic_scorer import LogisticPayload
from satark.policies import load_policy

BASE = """
policy: base
version: 1
features:
  card_count: count() by card over 1h
  card_sum: sum(amount) by card over 1h
lists:
  stolen: {of: card, entries: [tok_stolen]}
rules:
  many: {when: card_count > limit, params: {limit: 3}, action: hold, reason: {en: "{card_count}", hi: x}}
  stolen_card: {when: 'listed(card, "stolen")', action: block, reason: {en: x, hi: x}}
"""
SAME_WINDOWS = BASE.replace("policy: base", "policy: stricter").replace("limit: 3", "limit: 1")
OTHER_WINDOWS = """
policy: wider
version: 1
features:
  sums: sum(amount) by card over 1h
  device_count: count() by device over 1h
  card_count: count(amount > rupees(100)) by card over 1h
lists:
  stolen: {of: card, entries: [tok_other]}
rules:
  device: {when: device_count > 1, action: challenge, score: 0.5, reason: {en: "{device_count}", hi: x}}
  much: {when: sums > rupees(400), action: hold, reason: {en: "{sums}", hi: x}}
  stolen_card: {when: 'listed(card, "stolen")', action: block, reason: {en: x, hi: x}}
"""


def logistic_of(policy, name="small", bias=-2.0):
    """Return the bytes of a logistic model over the amount and the first feature of a policy's text."""
    read = load_policy(policy)
    first = read.features[0]
    inputs = (
        ModelInput("amount", "amount", "int", typical=500.0),
        ModelInput("first", f"{first.name} * 1.0", "float", features={first.name: feature_signature(first)}),
    )
    payload = LogisticPayload(
        bias=bias, means=(20_000.0, 2.0), scales=(20_000.0, 1.0), weights=(1.0, 1.0), missing=(0.0, 0.0)
    )
    head = ModelHead(1, name, "logistic", inputs, "INR", ((-2.0, 2.0), (0.0, 1.0)))
    return write_model(head, msgspec.msgpack.encode(payload))


def scored(text, model, *, use="small.model", if_missing="open", challengers=(), rule=True, more=""):
    """Return a policy's text with a model, and a rule that reads its score."""
    known = load_model(model).hash
    beside = "".join(f", {{use: c.model, hash: {load_model(one).hash}}}" for one in challengers).lstrip(", ")
    section = f"model: {{use: {use}, hash: {known}, if_missing: {if_missing}, challengers: [{beside}]}}\n"
    likely = "  likely: {when: model_score > 0.5, action: hold, reason: {en: '{model_score}', hi: x}}\n"
    return text.replace("policy: ", "policy: scored_", 1) + (likely if rule else "") + section + more


def hash_of(text):
    return load_policy(text).content_hash


class PublishingBench(Bench):
    """A bench whose engine knows who decides from its log, as the real one does."""

    def __init__(self, log=None, *, text=BASE, files=None, rows=None, folder=None, mark=None, **options):
        self.text = text
        self.files = {} if files is None else files
        self.folder = folder
        self.mark = mark
        self.failed = []
        self.orders = 0
        super().__init__(log, policy=load_policy(text), rows=rows, **options)

    def make(self):
        self.casting = Casting(
            self.log, self.policy, models=lambda ref: self.files.get(ref.use, ()), folder=self.folder,
            mark=self.mark,
            failed=lambda what, error: self.failed.append((what, error.code)),
        )  # fmt: skip
        own = ("policy", policy_ref(self.policy.content_hash), policy_input(self.policy, self.text))
        self.options["inputs"] = [own]
        self.options["casting"] = self.casting
        return super().make()

    def decider(self, lineup=None):
        return Decider(
            self.casting.in_force() if lineup is None else lineup,
            rates=self.rates, windows_options=self.windows, rows=self.rows, seed=SEED,
        )  # fmt: skip

    def settings(self, text):
        """Start anew with another policy in the settings."""
        self.stop()
        self.text, self.policy = text, load_policy(text)
        self.service = self.make()
        return self.start()

    def publish(self, *, event_id=None, actor="asha", **order):
        """Give an order by texts instead of hashes; return its outcome."""
        texts = {}

        def known(text):
            texts[hash_of(text)] = text
            return hash_of(text)

        live, canary = order.pop("live", None), order.pop("canary", None)
        made = PublishOrder(
            live=live and known(live),
            canary=canary and Canary(known(canary[0]), canary[1]),
            shadows=tuple(known(text) for text in order.pop("shadows", ())),
            killed={known(text): tuple(codes) for text, codes in order.pop("killed", {}).items()},
            models={load_model(one).hash: base64.b64encode(one).decode() for one in order.pop("models", ())},
            texts=texts | order.pop("texts", {}),
            note=order.pop("note", ""),
        )
        assert not order
        return self.order(made, event_id=event_id, actor=actor)

    def order(self, order, *, event_id=None, actor="asha"):
        self.orders += 1
        heard, came = [], threading.Event()

        def done(outcome):
            heard.append(outcome)
            came.set()

        self.service.publish(order, event_id or f"command:{self.orders}", done, actor=actor)
        assert came.wait(20)
        assert len(heard) == 1
        return heard[0]

    def published(self, **order):
        outcome = self.publish(**order)
        if isinstance(outcome.error, SatarkError):
            raise outcome.error
        return outcome
