"""Whatever comes, in whatever order, with snapshots, crashes and failing commits between: one truth, the log."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.engine.oracle import Oracle, agree
from tests.support.engine import (
    MINUTE_US,
    SECOND_US,
    Bench,
    BreakableLog,
    label,
    payee_change,
    payment,
    result,
)

from satark.core.errors import IdConflict, NotReady, StorageUnavailable
from satark.decisions.ports import FLAG_LATE, FLAG_PARKED
from satark.storage.window_rows import WindowRows

GAPS_US = (0, 0, 1, SECOND_US, MINUTE_US - 1, MINUTE_US, 4 * MINUTE_US, 20 * MINUTE_US, 59 * MINUTE_US)
# On the edges of windows and of lateness.
BACK_US = (0,) * 10 + (1, SECOND_US, MINUTE_US, 5 * MINUTE_US, 5 * MINUTE_US + 1, 30 * MINUTE_US, -MINUTE_US)
few = st.integers(0, 2)
moment = {
    "gap": st.sampled_from(GAPS_US),
    "back": st.sampled_from(BACK_US),
    "owner": st.sampled_from((1, 1, 1, 2)),
}
# Which payment a result or label is about, counted from the newest; below zero it is still to come.
about = st.integers(-3, 6)

payments = st.fixed_dictionaries(
    {
        "do": st.just("payment"), **moment,
        "card": st.sampled_from(("card_1", "card_1", "card_2", None)),
        "merchant": st.sampled_from(("merchant_1", "merchant_2")),
        "device": st.sampled_from(("device_1", "device_2", None)),
        "customer": st.sampled_from(("customer_1", "customer_2")),
        "amount_minor": st.sampled_from((0, 1, 19_999, 20_000, 6_000_000, 10**15)),
        "ip_country": st.sampled_from(("IN", "US", None)),
        "location": st.sampled_from((None, {"lat": 18.5, "lon": 73.8}, {"lat": 28.6, "lon": 77.2, "accuracy_m": 9})),
    }
)  # fmt: skip
afterwards = st.fixed_dictionaries(
    {
        "do": st.sampled_from(("declined", "authorised", "fraud", "genuine")), **moment, "about": about,
    }
)  # fmt: skip
changes = st.fixed_dictionaries({"do": st.just("change"), **moment, "customer": st.sampled_from((1, 2))})
again = st.fixed_dictionaries({"do": st.sampled_from(("again", "conflict")), "which": st.integers(0, 5)})
events = [payments] * 5 + [afterwards] * 3 + [changes, again]
# What happens to the engine: commits stand still, a snapshot, an orderly restart, a crash, a failing commit.
happenings = st.fixed_dictionaries(
    {
        "do": st.sampled_from(
            ("pause", "pause", "snapshot", "snapshot", "restart", "crash", "fail", "fail_committed")
        )
    }
)
histories = st.lists(st.one_of(*events, happenings), min_size=1, max_size=45)


class World:
    """An engine that lives through a history, and the books that a caller would keep."""

    def __init__(self, folder: Path) -> None:
        rows = lambda: WindowRows(folder, mark="p", segment_bytes=1 << 12)  # noqa: E731
        self.bench = Bench(BreakableLog(), rows=rows).start()
        self.sent: list[tuple[int, dict]] = []
        self.payments = 0
        self.waiting: list = []

    def live(self, steps) -> None:
        for step in steps:
            getattr(self, f"do_{step['do']}", self.do_afterwards)(**step)
        self.flush()

    def flush(self) -> None:
        """Let commits go on, and wait until all is answered and the engine is ready."""
        self.bench.log.gate.set()
        for owner, event, answer in self.waiting:
            outcome = answer.wait()
            assert answer.times == 1
            if outcome.error is None:
                self.sent.append((owner, event))
            else:
                assert isinstance(outcome.error, StorageUnavailable | NotReady)
        self.waiting.clear()
        self.bench.settle()

    def give(self, event, owner, gap, back) -> None:
        self.bench.clock.at_us += gap
        answer = self.bench.send(event, owner)
        if self.bench.log.gate.is_set():
            outcome = answer.wait()
            assert outcome.error is None, outcome.error
            self.sent.append((owner, event))
        else:
            self.waiting.append((owner, event, answer))

    def do_payment(self, do, gap, back, owner, **facts) -> None:
        at_us = self.bench.clock.at_us + gap - back
        self.payments += 1
        self.give(payment(f"p{self.payments}", at_us, **facts), owner, gap, back)

    def do_afterwards(self, do, gap, back, owner, about) -> None:
        at_us = self.bench.clock.at_us + gap - back
        name, of = (
            f"a{len(self.sent) + len(self.waiting)}_{self.bench.clock.at_us}",
            f"p{self.payments - about}",
        )
        name = f"{name}_{do}_{self.bench.log.attempts}_{len(self.waiting)}"
        made = result if do in {"declined", "authorised"} else label
        self.give(made(name[:64], of, at_us, do), owner, gap, back)

    def do_change(self, do, gap, back, owner, customer) -> None:
        at_us = self.bench.clock.at_us + gap - back
        name = f"c{len(self.sent)}_{len(self.waiting)}_{self.bench.log.attempts}"
        self.give(payee_change(name, at_us, f"customer_{customer}"), owner, gap, back)

    def do_again(self, do, which) -> None:
        if self.sent:
            owner, event = self.sent[-1 - which % len(self.sent)]
            outcome = self.bench.tell(event, owner)
            assert (outcome.error, outcome.repeated) == (None, True)
        elif self.waiting:
            owner, event, _ = self.waiting[which % len(self.waiting)]
            self.waiting.append((owner, event, self.bench.send(event, owner)))

    def do_conflict(self, do, which) -> None:
        known = self.sent + [one[:2] for one in self.waiting]
        if known:
            owner, event = known[which % len(known)]
            outcome = self.bench.tell(payee_change(event["id"], self.bench.clock.at_us, "other"), owner)
            assert isinstance(outcome.error, IdConflict)

    def do_pause(self, do) -> None:
        self.bench.log.gate.clear()

    def do_snapshot(self, do) -> None:
        self.flush()
        self.bench.service.snapshot()

    def do_restart(self, do) -> None:
        self.flush()
        self.bench.restart()

    def do_crash(self, do) -> None:
        self.flush()
        self.bench.crash()

    def do_fail(self, do) -> None:
        self.bench.log.break_with(errno.EIO, times=1, committed=do == "fail_committed")
        waits = bool(self.waiting)
        self.flush()
        if not waits:
            self.bench.log.mend()

    do_fail_committed = do_fail


@given(history=histories)
@settings(max_examples=150)
def test_every_feature_is_what_the_log_says_whatever_happens(history):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "windows")
        try:
            world.live(history)
            check(world.bench)
        finally:
            world.bench.log.gate.set()
            world.bench.service.stop(20)


def check(bench: Bench) -> None:
    """Hold the log against the oracle, and the engine and all restarts of it against the log."""
    oracle = Oracle()
    names = [output.name for output in bench.service.decider.plan.outputs]
    for entry in bench.log.entries:
        late, waits, should = oracle.take(entry)
        assert (bool(entry.flags & FLAG_LATE), bool(entry.flags & FLAG_PARKED)) == (late, waits)
        if should is not None:
            have = bench.features(entry.event_id, entry.owner)
            assert have.keys() == set(names)
            wrong = {n: (have[n], value) for n, value in should.items() if not agree(have[n], value)}
            assert not wrong, (entry.seq, entry.event_id, wrong)
    bench.assert_true_to_log()
    bench.crash()
    bench.assert_true_to_log()
    bench.restart()
    bench.assert_true_to_log()
