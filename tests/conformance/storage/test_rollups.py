from __future__ import annotations

import json

import msgspec
import pytest

from satark.cases.lists import Held
from satark.cases.rollups import DAY_GRAIN, HOUR_GRAIN, hour_of
from satark.core.errors import InputInvalid, NotFound
from satark.decisions.list_edits import LIST_EDIT, ListEdit, encode_list_edit, list_ref
from satark.decisions.ports import LogEntry
from satark.storage.desk.list_acts import MAX_VALUES

AT_US = 1_790_000_000_000_000
ON, OFF = Held(on=True), Held(on=False)


class Log:
    """Entries in memory, read as the log is."""

    def __init__(self, *entries):
        self.entries = list(entries)

    def last_seq(self):
        return len(self.entries)

    def read(self, after_seq, *, limit=None):
        yield from self.entries[after_seq:][:limit]


def payment(seq, action="hold", at_us=AT_US):
    decision = {
        "action": action,
        "score": 0.7,
        "reasons": [{"code": "velocity"}],
        "latency_us": {"total": 61},
    }
    body = {"amount_minor": 100, "method": "upi"}
    return LogEntry(
        seq, 1, f"p{seq}", "payment", at_us, at_us, 0, "", b"", json.dumps(body).encode(),
        json.dumps(decision).encode(),
    )  # fmt: skip


def edit(seq, value="tok_1", *, remove=False, expires_us=None, at_us=AT_US):
    body = encode_list_edit(ListEdit("blocked_cards", value, expires_us, remove, "asha", "seen twice"))
    ref = list_ref("blocked_cards")
    return LogEntry(seq, 0, f"c{seq}", LIST_EDIT, at_us, at_us, 0, ref, b"", body)


def policy(seq, version, content_hash):
    body = {"name": "payments", "version": version, "hash": content_hash, "text": "", "lists": {}}
    return LogEntry(seq, 0, f"y{seq}", "policy", AT_US, AT_US, 0, "", b"", json.dumps(body).encode())


@pytest.fixture
def desk(backend):
    return backend.open_desk()


def actions(desk, grain=HOUR_GRAIN):
    bucket = hour_of(AT_US) // grain
    return desk.rollups.sums(grain, bucket, bucket + 1, ("action",))["action"]


def test_counts_are_of_all_entries_when_read_in_batches(desk):
    log = Log(*(payment(seq, "hold" if seq % 3 else "block") for seq in range(1, 8)))
    assert [desk.rollups.catch_up(log, limit=3) for _ in range(4)] == [3, 3, 1, 0]
    assert actions(desk) == {"hold": (5, 500), "block": (2, 200)}
    assert actions(desk, DAY_GRAIN) == {"hold": (5, 500), "block": (2, 200)}
    assert desk.rollups.last_seq() == 7


def test_nothing_is_counted_twice_when_transaction_fails_in_the_middle(desk):
    log = Log(payment(1), payment(2))

    def fail() -> None:
        with desk.writing() as connection:
            desk.rollups.add(connection, log.entries)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert actions(desk) == {}
    desk.rollups.catch_up(log)
    assert actions(desk) == {"hold": (2, 200)}


def test_series_has_a_row_per_hour_and_key_when_asked(desk):
    hour_us = 3_600_000_000
    desk.rollups.catch_up(
        Log(payment(1), payment(2, "block", AT_US + hour_us), payment(3, "hold", AT_US + hour_us))
    )
    hour = hour_of(AT_US)
    assert desk.rollups.series(HOUR_GRAIN, hour, hour + 2, "action") == [
        (hour, "hold", 1, 100),
        (hour + 1, "block", 1, 100),
        (hour + 1, "hold", 1, 100),
    ]


def test_hours_of_all_days_add_up_when_asked_by_hour_of_the_day(desk):
    day_us = 24 * 3_600_000_000
    desk.rollups.catch_up(Log(payment(1), payment(2, "hold", AT_US - day_us), payment(3, "block")))
    hour = hour_of(AT_US)
    assert desk.rollups.hours_of_day(hour - 30, hour + 1, "action") == [
        (hour % 24, "block", 1),
        (hour % 24, "hold", 2),
    ]


def test_hours_go_and_days_stay_when_old_rows_are_forgotten(desk):
    desk.rollups.catch_up(Log(payment(1)))
    assert desk.rollups.forget(hour_of(AT_US) + 1) > 0
    assert actions(desk) == {}
    assert actions(desk, DAY_GRAIN) == {"hold": (1, 100)}


def test_grain_is_refused_when_nothing_is_counted_by_it(desk):
    with pytest.raises(InputInvalid):
        desk.rollups.sums(2, 0, 1, ("action",))


def test_policies_come_once_each_the_one_in_force_first_when_logged_again(desk):
    desk.rollups.catch_up(Log(policy(1, 1, "aa"), policy(2, 2, "bb"), policy(3, 1, "aa")))
    assert [(one.seq, one.version, one.hash) for one in desk.rollups.policies()] == [
        (3, 1, "aa"),
        (2, 2, "bb"),
    ]


def test_newest_edit_says_what_a_value_is_when_edited_again(desk):
    desk.rollups.catch_up(Log(edit(1), edit(2, "tok_2", expires_us=AT_US + 1), edit(3, remove=True)))
    values = desk.lists.values("blocked_cards")
    assert [(one.value, one.removed, one.expires_us) for one in values] == [
        ("tok_1", True, None),
        ("tok_2", False, AT_US + 1),
    ]
    assert [one.seq for one in desk.lists.history("blocked_cards")] == [3, 2, 1]
    assert desk.lists.counts(AT_US + 1) == {"blocked_cards": (1, 1, 1)}
    assert [one.value for one in desk.lists.values("blocked_cards", begins="tok_2")] == ["tok_2"]
    assert [one.value for one in desk.lists.values("blocked_cards", before_seq=3)] == ["tok_2"]


def test_begin_is_taken_as_written_when_it_holds_wildcards(desk):
    desk.rollups.catch_up(Log(edit(1, "a_c"), edit(2, "abc")))
    assert [one.value for one in desk.lists.values("blocked_cards", begins="a_")] == ["a_c"]


def test_act_asks_the_engine_and_is_in_the_audit_chain_when_values_are_added(desk):
    act = desk.lists.change(
        "blocked_cards", {"tok_1": Held(on=True, expires_us=5)}, kind="add", actor="asha", note="n"
    )
    (command,) = desk.commands.waiting(10)
    assert (command.kind, command.owner, command.actor) == ("list_set", 0, "asha")
    assert command.body == {"list": "blocked_cards", "value": "tok_1", "expires_us": 5, "note": "n"}
    (entry,) = desk.audit.entries()
    assert (entry.actor, entry.action, entry.subject) == ("asha", "list_added", "blocked_cards")
    assert entry.detail == {"act": act, "values": 1, "note": "n"}
    assert desk.lists.waiting("blocked_cards") == [("tok_1", Held(on=True, expires_us=5))]
    assert desk.audit.verify().ok


def test_numbers_stay_numbers_when_a_list_holds_them(desk):
    act = desk.lists.change("risky_codes", {7995: ON}, kind="add", actor="asha")
    desk.lists.undo(act, "asha")
    assert [(one.kind, one.body["value"]) for one in desk.commands.waiting(9)] == [
        ("list_set", 7995),
        ("list_remove", 7995),
    ]


def test_nothing_happens_when_values_are_so_already(desk):
    desk.rollups.catch_up(Log(edit(1)))
    assert desk.lists.change("blocked_cards", {"tok_1": ON, "tok_9": OFF}, kind="add", actor="asha") is None
    assert desk.commands.waiting(9) == []
    assert desk.audit.entries() == []


def test_what_the_policy_holds_can_be_taken_off_when_it_is_the_base(desk):
    act = desk.lists.change("blocked_cards", {"tok_1": OFF}, kind="remove", actor="asha", base={"tok_1": ON})
    assert act is not None
    assert desk.lists.undo(act, "asha") == ("blocked_cards", 1)
    assert [one.kind for one in desk.commands.waiting(9)] == ["list_remove", "list_set"]


def test_undo_gives_the_earlier_expiry_back_when_it_was_changed(desk):
    desk.rollups.catch_up(Log(edit(1, expires_us=AT_US + 5)))
    act = desk.lists.change("blocked_cards", {"tok_1": ON}, kind="add", actor="asha")
    desk.lists.undo(act, "asha")
    assert desk.commands.waiting(9)[-1].body["expires_us"] == AT_US + 5


def test_undo_is_refused_when_it_is_anothers_or_old_or_used(desk, backend):
    act = desk.lists.change("blocked_cards", {"tok_1": ON}, kind="add", actor="asha")
    with pytest.raises(InputInvalid, match="taken back") as refused:
        desk.lists.undo(act, "ravi")
    assert refused.value.fields["reason"] == "not_yours"
    desk.lists.undo(act, "asha")
    with pytest.raises(InputInvalid) as refused:
        desk.lists.undo(act, "asha")
    assert refused.value.fields["reason"] == "undo_used"
    late = desk.lists.change("blocked_cards", {"tok_2": ON}, kind="add", actor="asha")
    backend.clock.advance(601)
    with pytest.raises(InputInvalid) as refused:
        desk.lists.undo(late, "asha")
    assert refused.value.fields["reason"] == "undo_expired"
    with pytest.raises(NotFound):
        desk.lists.undo(999, "asha")


def test_undo_leaves_values_alone_that_others_changed_since(desk, backend):
    act = desk.lists.change(
        "blocked_cards", {"tok_1": ON, "tok_2": ON, "tok_3": ON}, kind="import", actor="asha"
    )
    backend.clock.advance(1)
    desk.lists.change("blocked_cards", {"tok_2": OFF}, kind="remove", actor="ravi")
    # A case that is closed asks by itself.
    desk.commands.ask(0, "list_set", {"list": "blocked_cards", "value": "tok_3", "expires_us": 9}, "ravi")
    assert desk.lists.undo(act, "asha") == ("blocked_cards", 1)
    assert desk.commands.waiting(99)[-1].body["value"] == "tok_1"


def test_acts_say_how_they_stand_when_the_engine_has_answered(desk):
    act = desk.lists.change("blocked_cards", {"tok_1": ON, "tok_2": ON}, kind="import", actor="asha")
    first, second = desk.commands.waiting(9)
    desk.commands.settle(first.id, "done")
    desk.commands.settle(second.id, "refused", "input_invalid")
    (shown,) = desk.lists.acts("blocked_cards", user="asha")
    assert (shown.id, shown.n, shown.waiting, shown.refused) == (act, 2, 0, 1)
    assert shown.undoable_until_us is not None
    (of_another,) = desk.lists.acts(user="ravi")
    assert of_another.undoable_until_us is None


def test_act_is_refused_when_it_has_too_many_values_or_too_long_a_note(desk):
    with pytest.raises(InputInvalid) as refused:
        desk.lists.change("l", {str(n): ON for n in range(MAX_VALUES + 1)}, kind="import", actor="asha")
    assert refused.value.fields["reason"] == "too_many"
    with pytest.raises(InputInvalid) as refused:
        desk.lists.change("l", {"a": ON}, kind="add", actor="asha", note="x" * 501)
    assert refused.value.fields["reason"] == "too_large"


def test_many_values_are_one_act_when_imported(desk):
    wanted = {f"tok_{n}": ON for n in range(1_200)}
    act = desk.lists.change("blocked_cards", wanted, kind="import", actor="asha")
    assert desk.lists.undo(act, "asha") == ("blocked_cards", 1_200)


def test_broken_edits_and_policies_are_passed_over_when_read(desk):
    broken = [
        msgspec.structs.replace(edit(1), body=b"{}"),
        msgspec.structs.replace(policy(2, 1, "a"), body=b"{}"),
    ]
    assert desk.rollups.catch_up(Log(*broken)) == 2
    assert desk.lists.values("blocked_cards") == []
    assert desk.rollups.policies() == []
