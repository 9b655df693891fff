"""Publishing while the engine runs: who decides, from when on, and what a crash or refusal leaves behind."""

from __future__ import annotations

import threading

import pytest
from tests.support.engine import MINUTE_US, NOW_US, payment
from tests.support.publishing import (
    BASE,
    OTHER_WINDOWS,
    SAME_WINDOWS,
    PublishingBench,
    hash_of,
    logistic_of,
    scored,
)

from satark.core.errors import InputInvalid, ModelInvalid, PolicyInvalid, StorageUnavailable, WindowsFull
from satark.decisions import publishing
from satark.decisions.again import decide_again, rebuild_decision
from satark.decisions.list_edits import ListEdit
from satark.decisions.logged_roster import roster_at
from satark.decisions.roster import PublishOrder, Roster
from satark.decisions.stored import decode_stored_features
from satark.storage.window_folders import WindowFolders


@pytest.fixture
def bench():
    made = PublishingBench().start()
    yield made
    made.stop()


def decide_many(bench, count, start=0, **changes):
    return [
        bench.decide(payment(f"p{start + n}", NOW_US + (start + n) * 100, card=f"card_{n % 3}",
                             customer=f"customer_{n}", device=f"device_{n % 4}", **changes))
        for n in range(count)
    ]  # fmt: skip


def stored(bench, event_id):
    return decode_stored_features(bench.log.find(1, event_id).features)


def assert_replays(bench):
    """Every decision of the log follows from what is stored, from its features and from the log before it."""
    for entry in bench.log.read(0):
        if entry.kind == "payment":
            again = decide_again(bench.log, entry)
            assert again.same, (entry.event_id, again.differences)
            rebuilt = rebuild_decision(bench.log, entry)
            assert rebuilt.same, (entry.event_id, rebuilt.differences)


def test_another_policy_decides_from_the_next_event_when_its_windows_are_there(bench):
    decide_many(bench, 6)
    before = bench.service.decider
    bench.published(live=SAME_WINDOWS)
    assert bench.service.decider is before
    decided = decide_many(bench, 3, start=6)
    assert [one.policy.name for one in decided] == ["stricter"] * 3
    assert [one.action for one in decided] == ["hold"] * 3
    assert_replays(bench)


def test_new_windows_hold_what_the_log_holds_when_they_take_over(bench):
    decide_many(bench, 8)
    before = bench.service.decider
    bench.published(live=OTHER_WINDOWS)
    assert bench.service.decider is not before
    first = decide_many(bench, 1, start=8)[0]
    assert (first.policy.name, first.action) == ("wider", "hold")
    # Card 0 was used at 0, 3 and 6, device 0 at 0 and 4, and now.
    assert stored(bench, "p8").features == [12_345 * 4, 3, 4]
    assert_replays(bench)


def test_way_back_needs_no_new_windows(bench):
    decide_many(bench, 4)
    bench.published(canary=(OTHER_WINDOWS, 50))
    both = bench.service.decider
    bench.published(live=OTHER_WINDOWS)
    bench.published(live=BASE)
    assert bench.service.decider is both
    assert decide_many(bench, 1, start=4)[0].policy.name == "base"
    assert_replays(bench)


def test_shadow_acts_on_nothing_and_is_stored(bench):
    bench.published(shadows=[SAME_WINDOWS, OTHER_WINDOWS])
    decided = decide_many(bench, 6)
    assert {one.policy.name for one in decided} == {"base"}
    assert {one.action for one in decided} == {"allow"}
    said = {one.policy: (one.action, one.codes) for one in stored(bench, "p5").extras.shadow}
    assert said == {
        hash_of(SAME_WINDOWS): ("hold", ("many",)),
        hash_of(OTHER_WINDOWS): ("challenge", ("device",)),
    }
    assert_replays(bench)


def test_failing_shadow_does_not_touch_the_answer(bench, monkeypatch):
    bench.published(shadows=[SAME_WINDOWS])
    shadow = bench.service.decider._panel._shadows[0]
    monkeypatch.setattr(type(shadow.lists), "at", _only_for(shadow.lists, type(shadow.lists).at))
    assert decide_many(bench, 1)[0].action == "allow"
    assert stored(bench, "p0").extras.shadow[0].action == ""


def _only_for(broken, real):
    def at(self, occurred_us):
        if self is broken:
            raise RuntimeError
        return real(self, occurred_us)

    return at


def test_canary_answers_for_its_customers_alone_and_keeps_them_as_it_grows(bench):
    seen = {}
    for number, percent in enumerate((20, 60, 100)):
        bench.published(canary=(SAME_WINDOWS, percent))
        decided = decide_many(bench, 100, start=1000 * number)
        seen[percent] = {place for place, one in enumerate(decided) if one.part == "canary"}
        assert all((one.policy.name == "stricter") == (one.part == "canary") for one in decided)
    assert 8 <= len(seen[20]) <= 32
    assert 45 <= len(seen[60]) <= 75
    assert seen[20] < seen[60] < seen[100] == set(range(100))
    assert_replays(bench)


def test_customer_of_a_canary_stays_whatever_else_changes(bench):
    bench.published(canary=(SAME_WINDOWS, 50))
    parts = {bench.decide(payment(f"p{n}", card=f"c{n}", device=f"d{n}")).part for n in range(12)}
    assert len(parts) == 1


def test_switched_off_rule_fires_no_more_and_again_when_it_is_switched_on(bench):
    decide_many(bench, 9)
    assert decide_many(bench, 3, start=9)[0].action == "hold"
    bench.published(killed={BASE: ["many"]})
    assert {one.action for one in decide_many(bench, 3, start=12)} == {"allow"}
    bench.published()
    assert {one.action for one in decide_many(bench, 3, start=15)} == {"hold"}
    assert_replays(bench)


def test_newest_roster_holds_after_a_crash(bench):
    decide_many(bench, 4)
    bench.published(live=OTHER_WINDOWS, canary=(SAME_WINDOWS, 30), killed={OTHER_WINDOWS: ["much"]})
    decide_many(bench, 4, start=4)
    bench.crash()
    decided = decide_many(bench, 20, start=8)
    assert {one.policy.name for one in decided} == {"wider", "stricter"}
    assert "much" not in {reason.code for one in decided for reason in one.reasons}
    assert_replays(bench)


def test_other_policy_in_the_settings_ends_the_roster_and_the_log_says_so(bench):
    bench.published(live=SAME_WINDOWS, killed={OTHER_WINDOWS: ["much"], BASE: ["many"]}, texts={})
    bench.settings(OTHER_WINDOWS)
    own = hash_of(OTHER_WINDOWS)
    assert roster_at(bench.log) == Roster(own, base=own, actor="settings")
    decide_many(bench, 4)
    assert decide_many(bench, 1, start=4)[0].policy.name == "wider"
    assert_replays(bench)


def test_upgrade_that_changes_a_bundled_policy_does_not_end_a_roster():
    bench = PublishingBench(mark="bundled:base").start()
    bench.published(live=SAME_WINDOWS)
    bench.settings(BASE.replace("limit: 3", "limit: 9"))
    assert decide_many(bench, 1)[0].policy.name == "stricter"
    bench.mark = "bundled:other"
    bench.restart()
    assert decide_many(bench, 1, start=1)[0].policy.name == "base"
    assert roster_at(bench.log).base == "bundled:other"
    assert_replays(bench)
    bench.stop()


def test_settings_policy_decides_where_nothing_was_published(bench):
    bench.restart()
    assert roster_at(bench.log) is None
    assert [entry.kind for entry in bench.log.read(0)] == ["policy"]


def test_order_that_was_carried_out_is_answered_from_the_log(bench):
    first = bench.published(live=SAME_WINDOWS, event_id="command:7")
    length = bench.log.last_seq()
    again = bench.published(live=SAME_WINDOWS, event_id="command:7")
    assert (again.repeated, again.body) == (True, first.body)
    assert bench.log.last_seq() == length


def test_inputs_and_roster_are_one_transaction(bench, monkeypatch):
    batches = []
    append = bench.log.append
    monkeypatch.setattr(
        bench.log, "append", lambda entries: (batches.append([e.kind for e in entries]), append(entries))
    )
    model = logistic_of(OTHER_WINDOWS)
    bench.published(live=scored(OTHER_WINDOWS, model), shadows=[SAME_WINDOWS], models=[model])
    assert batches == [["policy", "model", "policy", "roster"]]


REFUSED = {
    "another text": ({"texts": {hash_of(BASE): SAME_WINDOWS}}, InputInvalid, "has another content"),
    "unknown hash": (PublishOrder(live="ab" * 32), InputInvalid, "is not known here"),
    "unknown shadow": (PublishOrder(shadows=("ab" * 32,)), InputInvalid, "is not known here"),
    "unknown killed": (PublishOrder(killed={"ab" * 32: ("x",)}), InputInvalid, "is not known here"),
    "unknown rule": ({"killed": {BASE: ["manny"]}}, InputInvalid, "no rule `manny`"),
    "no policy": (PublishOrder(texts={"ab" * 32: "policy: x"}), PolicyInvalid, "mistake"),
    "twice": ({"shadows": [BASE]}, InputInvalid, "only once"),
    "other currency": (
        {"shadows": [BASE.replace("version: 1", "version: 1\nbase_currency: USD")]},
        InputInvalid,
        "different currencies",
    ),
    "outside file": (
        {"live": BASE.replace("entries: [tok_stolen]", "file: ../../etc/passwd")},
        InputInvalid,
        "outside the policy's folder",
    ),
    "no such model": (
        {"live": scored(BASE, logistic_of(BASE))},
        ModelInvalid,
        "nowhere to be found",
    ),
    "unfit model": (
        {"live": scored(OTHER_WINDOWS, logistic_of(BASE)), "models": [logistic_of(BASE)]},
        ModelInvalid,
        "does not fit",
    ),
    "not base64": (PublishOrder(models={"ab" * 32: "???"}), ModelInvalid, "base64"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_order_is_refused_and_nothing_changes(bench, what):
    order, error, told = REFUSED[what]
    before, length = bench.service.decider, bench.log.last_seq()
    outcome = bench.order(order) if isinstance(order, PublishOrder) else bench.publish(**order)
    assert isinstance(outcome.error, error), outcome.error
    assert told in outcome.error.message
    assert (bench.service.decider, bench.log.last_seq()) == (before, length)
    assert decide_many(bench, 1)[0].policy.name == "base"


def test_damaged_model_is_refused(bench):
    model = logistic_of(BASE)
    broken = bytes([*model[:-1], model[-1] ^ 1])
    bench.files["small.model"] = [broken]
    outcome = bench.publish(live=scored(BASE, model))
    assert isinstance(outcome.error, ModelInvalid)


def test_engine_without_casting_refuses_orders(bench):
    bench.service._casting = None
    assert isinstance(bench.publish(live=SAME_WINDOWS).error, InputInvalid)


def edit(bench, event_id, **what):
    heard = []
    bench.service.edit_list(ListEdit(**what), event_id, heard.append)
    return heard


def wait_committed(bench):
    decide_many(bench, 1, start=90_000 + bench.log.last_seq())


def test_lists_of_a_published_policy_have_the_edits_of_before_and_after(bench):
    edit(bench, "e1", list="stolen", value="card_9")
    wait_committed(bench)
    bench.published(live=OTHER_WINDOWS, shadows=[SAME_WINDOWS])
    edit(bench, "e2", list="stolen", value="card_8")
    wait_committed(bench)
    for card in ("card_9", "card_8", "tok_other"):
        assert bench.decide(payment(f"q_{card}", card=card)).action == "block"
    said = {e: stored(bench, f"q_{e}").extras.shadow[0].action for e in ("card_9", "card_8", "tok_other")}
    assert said == {"card_9": "block", "card_8": "block", "tok_other": "allow"}
    assert_replays(bench)


def test_edit_that_comes_while_an_order_is_carried_out_is_not_lost(bench, monkeypatch):
    cast = bench.casting.cast

    def slow(*args):
        made = cast(*args)
        edit(bench, "e1", list="stolen", value="card_7")
        return made

    monkeypatch.setattr(bench.casting, "cast", slow)
    bench.published(live=OTHER_WINDOWS)
    assert bench.decide(payment("p1", card="card_7")).action == "block"
    assert_replays(bench)


def test_events_that_come_while_windows_are_filled_are_in_them(bench, monkeypatch):
    """Events are sent at every step of the way; the windows equal those of a replay of the log."""
    decide_many(bench, 5)
    sent = []

    def around(name, owner):
        real = getattr(owner, name)

        def step(*args, **kwargs):
            try:
                return real(*args, **kwargs)
            finally:
                for _ in range(70 if len(sent) < 350 else 0):
                    number = 100 + len(sent)
                    event = payment(f"m{number}", NOW_US + number * 1000, card=f"card_{number % 3}")
                    sent.append(bench.send(event))

        monkeypatch.setattr(owner, name, step)

    around("_follow", bench.service)
    around("cast", bench.casting)
    around("recover", publishing)
    bench.published(live=OTHER_WINDOWS)
    assert all(answer.wait().error is None for answer in sent)
    assert bench.decide(payment("last", NOW_US + MINUTE_US)).policy.name == "wider"
    assert len(sent) == 350
    assert_replays(bench)


def test_failed_commit_leaves_the_old_lineup(bench, monkeypatch):
    decide_many(bench, 4)
    append = bench.log.append

    def failing(entries):
        if any(entry.kind == "roster" for entry in entries):
            raise StorageUnavailable("disk full")
        append(entries)

    monkeypatch.setattr(bench.log, "append", failing)
    outcome = bench.publish(live=OTHER_WINDOWS)
    assert isinstance(outcome.error, StorageUnavailable)
    while not bench.service.ready().ready:
        bench.service._stopped.wait(0.01)
    assert decide_many(bench, 1, start=4)[0].policy.name == "base"
    assert_replays(bench)


def test_rows_of_each_version_lie_apart_and_the_old_ones_go(tmp_path):
    folders = WindowFolders(tmp_path / "windows", mark="t", segment_bytes=1 << 14)
    bench = PublishingBench(rows=folders.of).start()
    decide_many(bench, 5)
    old = bench.service.decider.plan.version
    bench.service.snapshot()
    bench.published(live=OTHER_WINDOWS)
    new = bench.service.decider.plan.version
    assert [path.name for path in (tmp_path / "windows").iterdir()] == [new] != [old]
    decide_many(bench, 5, start=5)
    read = []
    bench.log.read, real = (
        (lambda after, **more: (read.append(after), real(after, **more))[1]),
        bench.log.read,
    )
    bench.restart()
    # The rows were there: the log was read from their end on alone.
    assert read == [bench.log.last_seq()]
    assert decide_many(bench, 1, start=10)[0].policy.name == "wider"
    assert_replays(bench)
    bench.stop()


def test_windows_that_could_not_be_filled_leave_nothing_behind(tmp_path, monkeypatch):
    folders = WindowFolders(tmp_path / "windows", mark="t", segment_bytes=1 << 14)
    bench = PublishingBench(rows=folders.of).start()
    decide_many(bench, 5)
    old, length = bench.service.decider, bench.log.last_seq()

    def full(decider, *_, **__):
        decider.rows.place()
        raise WindowsFull("no room")

    with monkeypatch.context() as patched:
        patched.setattr(publishing, "recover", full)
        assert isinstance(bench.publish(live=OTHER_WINDOWS).error, WindowsFull)
    assert (bench.service.decider, bench.log.last_seq()) == (old, length)
    assert [path.name for path in (tmp_path / "windows").iterdir()] == [old.plan.version]
    assert decide_many(bench, 1, start=5)[0].policy.name == "base"
    bench.published(live=OTHER_WINDOWS)
    assert decide_many(bench, 1, start=6)[0].policy.name == "wider"
    assert_replays(bench)
    bench.stop()


def test_rows_of_a_roster_that_could_not_be_written_are_removed(tmp_path, monkeypatch):
    folders = WindowFolders(tmp_path / "windows", mark="t", segment_bytes=1 << 14)
    bench = PublishingBench(rows=folders.of).start()
    decide_many(bench, 5)
    old = bench.service.decider.plan.version
    append = bench.log.append

    def failing(entries):
        if any(entry.kind == "roster" for entry in entries):
            raise StorageUnavailable("disk full")
        append(entries)

    monkeypatch.setattr(bench.log, "append", failing)
    assert isinstance(bench.publish(live=OTHER_WINDOWS).error, StorageUnavailable)
    while not bench.service.ready().ready:
        bench.service._stopped.wait(0.01)
    monkeypatch.setattr(bench.log, "append", append)
    assert bench.service.decider.plan.version == old
    bench.restart()
    assert [path.name for path in (tmp_path / "windows").iterdir()] == [old]
    assert decide_many(bench, 1, start=5)[0].policy.name == "base"
    assert_replays(bench)
    bench.stop()


def test_engine_stops_while_windows_are_filled(monkeypatch):
    bench = PublishingBench().start()
    decide_many(bench, 40)
    going = threading.Event()
    breath = bench.service._breath

    def slow():
        going.set()
        bench.service._stopped.wait(20)
        breath()

    monkeypatch.setattr(bench.service, "_breath", slow)
    heard = []
    order = threading.Thread(target=lambda: heard.append(bench.publish(live=OTHER_WINDOWS)))
    order.start()
    assert going.wait(20)
    bench.stop()
    order.join(20)
    assert isinstance(heard[0].error, StorageUnavailable)
    assert roster_at(bench.log) is None
