"""After a stop, and with or without kept rows, the windows are those of a replay of the log."""

from __future__ import annotations

import json
import random
import threading

import pytest
from tests.support.engine import (
    MINUTE_US,
    NOW_US,
    POLICY,
    SECOND_US,
    label,
    payee_change,
    payment,
    probes,
    replay,
    result,
)

from satark.core.errors import NotReady, StorageUnavailable
from satark.core.rates import RateTable
from satark.policies import load_policy
from satark.storage.window_rows import WindowRows

OTHER_POLICY = POLICY.replace(
    "  card_count_1m:", "  card_newest: last(device) by card over 1h\n  card_count_1m:"
)


def history(bench, n, *, seed=1, name="e", from_us=NOW_US):
    """Send n events of all kinds, some late, some waiting for their payment, all close in time."""
    dice = random.Random(seed)
    now = from_us
    for number in range(n):
        now += dice.choice((0, 1, SECOND_US, 20 * SECOND_US))
        bench.clock.at_us = now
        at_us = now - dice.choice((0, 0, 0, 0, SECOND_US, 4 * MINUTE_US, 5 * MINUTE_US, 30 * MINUTE_US))
        event_id = f"{name}{number}"
        of = f"{name}{max(0, number + dice.choice((-1, -2, -5, -9, 3)))}"
        kind = dice.choice(("payment",) * 6 + ("result", "label", "label", "change"))
        if kind == "payment":
            event = payment(
                event_id, at_us, card=f"card_{dice.randrange(5)}", device=f"device_{dice.randrange(4)}",
                merchant=f"merchant_{dice.randrange(3)}", amount_minor=dice.randrange(1, 100_000),
                ip_country=dice.choice(("IN", "US", None)),
                location=dice.choice((None, {"lat": 18.5, "lon": dice.choice((72.8, 73.9)), "accuracy_m": 50})),
            )  # fmt: skip
        elif kind == "result":
            event = result(event_id, of, at_us, dice.choice(("declined", "authorised")))
        elif kind == "label":
            event = label(event_id, of, at_us, dice.choice(("fraud", "genuine")))
        else:
            event = payee_change(event_id, at_us)
        outcome = bench.tell(event)
        assert outcome.error is None


@pytest.fixture
def opened():
    """Return the seqs up to which row stores had rows when they were opened."""
    return []


@pytest.fixture
def kept(benches, row_stores, opened):
    """Return an engine that keeps its rows."""

    def make():
        rows = row_stores()
        real = rows.open

        def remember(version, width):
            opened.append(real(version, width))
            return opened[-1]

        rows.open = remember
        return rows

    return benches(rows=make)


def folder_of(tmp_path):
    return tmp_path / "windows"


def test_windows_are_those_of_the_log_when_no_rows_are_kept(bench):
    history(bench, 300)
    bench.assert_true_to_log()
    bench.restart()
    bench.assert_true_to_log()


def test_windows_are_those_of_the_log_when_started_from_a_snapshot(kept, opened):
    history(kept, 300)
    kept.service.snapshot()
    taken = kept.service.committed_seq
    history(kept, 60, seed=2, name="f", from_us=kept.clock.at_us)
    old = kept.service
    kept.service = kept.make()
    kept.start()  # As after a crash: the old service took no last snapshot.
    assert opened[-1] == taken
    kept.assert_true_to_log()
    history(kept, 60, seed=3, name="g", from_us=kept.clock.at_us)
    kept.assert_true_to_log()
    old._trusted.clear()
    old.stop()


def test_nothing_is_read_again_when_the_engine_was_stopped_well(kept, opened):
    history(kept, 120)
    kept.restart()
    assert opened[-1] == kept.log.last_seq()
    kept.assert_true_to_log()


def test_what_waits_for_its_payment_is_known_after_a_snapshot(kept):
    kept.tell(payment("p0"))
    kept.tell(result("r1", "p1"))
    kept.tell(label("l1", "p1"))
    kept.restart()
    assert kept.service.metrics()["parked"] == 2
    kept.tell(payment("p1"))
    kept.tell(payment("p2"))
    assert kept.features("p2")["card_declines_1h"] == 1
    kept.assert_true_to_log()


def test_texts_are_known_after_a_snapshot(kept):
    kept.tell(payment("p1", ip_country="NP"))
    kept.restart()
    kept.tell(payment("p2"))
    assert kept.features("p2")["card_first_ip"] == "NP"


def test_old_rows_are_dropped_and_nothing_else_when_time_goes_on(kept, tmp_path):
    for hour in range(30):
        history(kept, 40, seed=hour, name=f"h{hour}_", from_us=kept.clock.at_us + 20 * MINUTE_US)
        kept.service.snapshot()
    files = sorted(folder_of(tmp_path).glob("rows-*.bin"))
    kept.restart()
    kept.assert_true_to_log()
    rows = sum(len(block) for block in kept.service.decider.rows.blocks())
    assert int(files[0].stem.removeprefix("rows-")) > 5
    assert rows < kept.log.count() / 2


def damage_middle(folder):
    path = min(folder.glob("rows-*.bin"))
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)


def cut_file(folder):
    path = max(folder.glob("rows-*.bin"))
    path.write_bytes(path.read_bytes()[:-8])


def remove_file(folder):
    min(folder.glob("rows-*.bin")).unlink()


def cut_manifest(folder):
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes()[:-3])


def empty_manifest(folder):
    (folder / "manifest.json").write_bytes(b"")


def change_manifest(folder):
    path = folder / "manifest.json"
    content = path.read_bytes()
    at = content.index(b'"seq":') + len(b'"seq":')
    path.write_bytes(content[:at] + (b"1" if content[at : at + 1] != b"1" else b"2") + content[at + 1 :])


def change_state(folder):
    path = folder / "manifest.json"
    content = path.read_bytes()
    at = content.index(b'"state":"') + len(b'"state":"') + 4
    path.write_bytes(content[:at] + (b"A" if content[at : at + 1] != b"A" else b"B") + content[at + 1 :])


def foreign_manifest(folder):
    (folder / "manifest.json").write_text(json.dumps([1, 2]))


@pytest.mark.parametrize(
    "damage",
    [
        damage_middle, cut_file, remove_file, cut_manifest, empty_manifest, change_manifest, change_state,
        foreign_manifest,
    ],
)  # fmt: skip
def test_windows_are_rebuilt_from_the_log_when_rows_are_damaged(kept, opened, tmp_path, damage):
    history(kept, 200)
    kept.stop()
    damage(folder_of(tmp_path))
    kept.service = kept.make()
    kept.start()
    assert opened[-1] == 0
    kept.assert_true_to_log()
    history(kept, 40, seed=5, name="f", from_us=kept.clock.at_us)
    kept.restart()
    assert opened[-1] == kept.log.last_seq()
    kept.assert_true_to_log()


def test_windows_are_rebuilt_from_the_log_when_the_rows_are_of_other_features(kept, opened):
    history(kept, 100)
    kept.policy = load_policy(OTHER_POLICY)
    kept.restart()
    assert opened[-1] == 0
    kept.tell(payment("q", kept.clock.at_us, card="card_1"))
    assert kept.features("q")["card_newest"].startswith("device_")
    assert probes(kept.service.decider, kept.log) == probes(replay(kept.log, kept.fresh)[0], kept.log)


def test_windows_are_rebuilt_from_the_log_when_the_rows_are_of_other_words(kept, opened, tmp_path):
    history(kept, 100)
    kept.stop()
    kept.rows = lambda: WindowRows(folder_of(tmp_path), mark="another key", segment_bytes=1 << 13)
    kept.service = kept.make()
    kept.start()
    kept.assert_true_to_log()


def test_windows_are_rebuilt_from_the_log_when_the_rows_are_ahead_of_it(kept):
    history(kept, 200)
    kept.stop()
    for entry in kept.log.entries[150:]:
        del kept.log.by_id[entry.owner, entry.event_id]
    del kept.log.entries[150:]  # A backup was restored.
    kept.service = kept.make()
    kept.start()
    assert kept.service.committed_seq == 150
    kept.assert_true_to_log()
    history(kept, 60, seed=8, name="f", from_us=kept.clock.at_us)
    kept.restart()
    kept.assert_true_to_log()


def test_windows_hold_old_events_when_the_policy_was_logged_much_later(benches):
    body = b"a policy's text"
    bench = benches(inputs=[("policy", "policy:1", body)])
    history(bench, 100, from_us=NOW_US - 30 * 24 * 60 * MINUTE_US)
    bench.clock.at_us = NOW_US
    bench.options["inputs"] = [("policy", "policy:1", body), ("rates", "INR", b"currency,date,rate\n")]
    bench.restart()
    assert [entry.kind for entry in bench.log.entries if entry.owner == 0] == ["policy", "rates"]
    assert bench.log.entries[-1].kind == "rates"
    bench.assert_true_to_log()


def test_inputs_are_logged_when_they_change(benches):
    bench = benches(inputs=[("policy", "policy:1", b"text")])
    bench.restart()
    assert bench.log.count() == 1
    for content in (b"a", b"a", b"b", b"a", b"a"):
        bench.options["inputs"] = [("policy", "policy:1", content)]
        bench.restart()
    assert [entry.body for entry in bench.log.entries] == [b"text", b"a", b"b", b"a"]


def csv(rate):
    return f"currency,date,rate\nUSD,2026-05-27,{rate}\n"


@pytest.mark.parametrize("way", ["stopped", "killed", "rows are lost"])
def test_old_amounts_stay_as_they_were_converted_when_the_rates_change(kept, tmp_path, way):
    for number, rate in enumerate((80, 90, 80, None, 85)):
        kept.rates = rate and RateTable.from_csv("INR", csv(rate))
        kept.options["inputs"] = [("rates", "INR", csv(rate).encode())] if rate else []
        if way == "stopped":
            kept.restart()
        else:
            kept.crash()
        assert kept.service.decider.rates is kept.rates
        kept.tell(payment(f"p{number}", currency="USD", amount_minor=100))
        if way != "rows are lost":
            kept.service.snapshot()
        kept.tell(payment(f"q{number}", currency="USD", amount_minor=100))
        kept.assert_true_to_log()
    assert kept.features("q4")["card_sum_1h"] == 2 * 100 * (80 + 90 + 80 + 0 + 85)


def test_the_old_part_of_the_log_is_not_entered_when_no_window_reaches_it(bench, monkeypatch):
    history(bench, 100)
    bench.clock.advance(24 * 3600)
    history(bench, 100, seed=4, name="f", from_us=bench.clock.at_us)
    bench.stop()
    entered = []
    made = bench.fresh()
    real = made.windows.run
    monkeypatch.setattr(
        made.windows, "run", lambda rows, *rest: entered.append(len(rows)) or real(rows, *rest)
    )
    monkeypatch.setattr(bench, "decider", lambda: made)
    bench.service = bench.make()
    bench.start()
    assert sum(entered) < 110
    bench.assert_true_to_log()


def test_progress_is_told_while_the_log_is_read(benches, monkeypatch):
    from satark.decisions import recovery

    monkeypatch.setattr(recovery, "_REPORT_EVERY", 10)
    told = []
    bench = benches(progress=lambda done, total: told.append((done, total)))
    history(bench, 35)
    bench.restart()
    assert told == [(10, 35), (20, 35), (30, 35)]


def test_a_snapshot_holds_nothing_that_is_not_committed(kept, opened):
    history(kept, 50)
    kept.log.gate.clear()
    answers = [kept.send(payment(f"q{number}", kept.clock.at_us)) for number in range(5)]
    snapshot = threading.Thread(target=kept.service.snapshot)
    snapshot.start()
    snapshot.join(0.05)
    assert snapshot.is_alive()  # It waits for the commit of what it has seen.
    assert kept.service.counts["snapshots"] == 0
    kept.log.gate.set()
    snapshot.join(20)
    for answer in answers:
        answer.wait()
    assert kept.service.counts["snapshots"] == 1
    kept.assert_true_to_log()


def test_the_log_alone_is_enough_when_snapshots_fail(kept, opened, monkeypatch):
    history(kept, 50)

    def full(*arguments):
        message = "no space"
        raise StorageUnavailable(message)

    monkeypatch.setattr(kept.service.decider.rows, "snapshot", full)
    kept.service.snapshot()
    assert kept.service.metrics()["snapshot_failures_total"] == 1
    kept.restart()
    assert opened[-1] == 0
    kept.assert_true_to_log()


def test_everything_accepted_is_answered_when_the_engine_stops(bench):
    bench.log.gate.clear()
    answers = [bench.send(payment(f"p{number}")) for number in range(20)]
    stopping = threading.Thread(target=bench.stop)
    stopping.start()
    while bench.service.ready().ready:
        pass
    refused = bench.send(payment("q"))
    assert isinstance(refused.wait().error, NotReady)
    bench.log.gate.set()
    stopping.join(20)
    assert [answer.wait().error for answer in answers] == [None] * 20
    assert bench.log.count() == 20


def test_the_stop_says_so_when_time_ran_out(bench):
    bench.log.gate.clear()
    answer = bench.send(payment("p1"))
    assert bench.service.stop(0.05) is False
    bench.log.gate.set()
    assert answer.wait().error is None
