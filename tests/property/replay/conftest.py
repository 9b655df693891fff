"""The live way, one event at a time, as the measure of the bulk one."""

from __future__ import annotations

import struct

import msgspec
import pytest

from satark.core.clock import to_us
from satark.decisions.decide import Decider
from satark.events import Label, Payment, PaymentResult, decode_event
from satark.events.decode import occurred_us


class Online:
    """Runs events through a `Decider` in the order given, as the engine does with its log."""

    def __init__(self, policy, rates=None):
        self.decider = Decider(policy, rates=rates)
        self._payments = {}
        self._labels = {}
        self._parked = {}
        self._seq = 0
        self.late = 0
        self.answers = {}

    def feed(self, events):
        for event in events:
            self._one(event, occurred_us(event))
        return self.answers

    def _one(self, event, at):
        self._seq += 1
        decider, late = self.decider, self.decider.is_late(at)
        self.late += late
        kind = msgspec.to_builtins(event)["type"]
        if isinstance(event, Payment):
            decision, _, features = decider.decide(
                event, seq=self._seq, occurred_us=at, arrived_us=at, late=late, started_ns=0, decoded_ns=0
            )
            self.answers[event.id] = (
                decision.would or decision.action,
                decision.score,
                [reason.code for reason in decision.reasons],
                decision.degraded,
                late,
                [bits(value) for value in msgspec.msgpack.decode(features)[1]],
            )
            self._payments[event.id] = event
            for waiting in self._parked.pop(event.id, []):
                self._afterwards(
                    waiting, event, occurred_us(waiting), late=decider.is_late(occurred_us(waiting))
                )
        elif isinstance(event, PaymentResult | Label):
            about = event.payment if isinstance(event, PaymentResult) else event.event
            payment = self._payments.get(about)
            if payment is None:
                self._parked.setdefault(about, []).append(event)
                if not late:
                    decider.windows.note_time(at)
                return
            self._afterwards(event, payment, at, late=late)
        else:
            decider.remember(event, None, kind, seq=self._seq, occurred_us=at, late=late)

    def _afterwards(self, event, payment, at, *, late):
        kind = "label" if isinstance(event, Label) else "payment_result"
        if kind == "label" and not late:
            earlier = self._labels.get(payment.id)
            self._labels[payment.id] = event
            if earlier is not None:
                self.decider.retract(
                    earlier, payment, "label", seq=self._seq, occurred_us=to_us(earlier.reported_at)
                )
        self.decider.remember(event, payment, kind, seq=self._seq, occurred_us=at, late=late)


def bits(value):
    """Return a float as its bits, so that equal means equal bit for bit."""
    return struct.pack("<d", value) if isinstance(value, float) else value


def bulk_answers(decisions, features):
    """Return the answers of a replay in the form of `Online.answers`."""
    taken = "would" if "would" in decisions.columns else "action"
    values = {row[0]: [bits(value) for value in row[1:]] for row in features.iter_rows()}
    return {
        row["id"]: (row[taken], row["score"], row["rules"], row["degraded"], row["late"], values[row["id"]])
        for row in decisions.iter_rows(named=True)
    }


def first_difference(got, want):
    """Return the first payment on which two sets of answers differ, in words; empty when they are equal."""
    if got.keys() != want.keys():
        return f"other payments: {sorted(got.keys() ^ want.keys())[:5]}"
    for name, answer in want.items():
        if got[name] != answer:
            places = [i for i, (a, b) in enumerate(zip(got[name][5], answer[5], strict=True)) if a != b]
            return f"{name}: bulk {got[name][:5]}, online {answer[:5]}, features {places}"
    return ""


class Parity:
    """The functions above, for tests."""

    Online = Online
    bulk_answers = staticmethod(bulk_answers)
    first_difference = staticmethod(first_difference)
    decode = staticmethod(decode_event)


@pytest.fixture(scope="session")
def parity():
    """The live way and how to compare with it."""
    return Parity
