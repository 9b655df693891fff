"""What people do with open cases, on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
import threading

import pytest
from tests.support.cases import START_US, open_case

from satark.cases.model import LOCK_SECONDS, MAX_ATTACHMENT_BYTES, MAX_BULK, CaseOutcome, CaseState
from satark.core.errors import NotFound, WorkRefused

PDF = b"%PDF-1.7 a receipt"


def refused(act, *args, **named):
    """Return why an act is refused."""
    with pytest.raises(WorkRefused) as caught:
        act(*args, **named)
    return caught.value.fields["reason"]


def kinds(desk, case_id):
    return [entry.kind for entry in reversed(desk.cases.timeline(case_id, limit=100))][2:]


def acts(desk, case_id):
    """Return (actor, action) of a case's entries in the audit chain."""
    entries = desk.audit.entries(subject=f"case:{case_id}")
    return [(entry.actor, entry.action) for entry in reversed(entries)]


def test_a_lock_shows_who_has_the_case_open_until_it_runs_out(desk, backend):
    case_id = open_case(desk, 1)
    case = desk.cases.lock(case_id, "asha")
    assert case == desk.cases.get(case_id)
    assert (case.locked_by, case.locked_until_us) == ("asha", START_US + LOCK_SECONDS * 1_000_000)
    assert refused(desk.cases.lock, case_id, "ravi") == "locked"
    backend.clock.advance(60)
    desk.cases.lock(case_id, "asha")
    backend.clock.advance(LOCK_SECONDS - 1)
    assert refused(desk.cases.lock, case_id, "ravi") == "locked"
    backend.clock.advance(1)
    assert desk.cases.get(case_id).locked_by is None
    assert desk.cases.lock(case_id, "ravi").locked_by == "ravi"
    desk.cases.unlock(case_id, "asha")
    assert desk.cases.get(case_id).locked_by == "ravi"
    desk.cases.unlock(case_id, "ravi")
    assert desk.cases.get(case_id).locked_by is None
    assert kinds(desk, case_id) == ["locked", "locked", "unlocked"]
    assert desk.cases.get(case_id).version == 1


def test_another_s_acts_are_refused_while_a_case_is_locked(desk):
    case_id = open_case(desk, 1)
    desk.cases.lock(case_id, "asha")
    cases = desk.cases
    assert refused(cases.close, [case_id], CaseOutcome.GENUINE, "travelling", "ravi") == "locked"
    assert refused(cases.propose, [case_id], CaseOutcome.GENUINE, "travelling", "ravi") == "locked"
    assert refused(cases.set_state, [case_id], CaseState.IN_PROGRESS, "ravi") == "locked"
    assert cases.take_next(None, "ravi") is None
    cases.note(case_id, "The customer rang me.", "ravi")
    cases.assign([case_id], "ravi", "meera")
    assert cases.take_next(None, "asha") is None
    assert cases.get(case_id).assignee == "ravi"


def test_cases_are_assigned_in_bulk_and_only_those_that_change_are_told(desk):
    first, second, third = (open_case(desk, seq) for seq in (1, 2, 3))
    desk.cases.assign([first], "asha", "meera")
    undo = desk.cases.assign([third, first, second], "asha", "meera")
    assert undo.case_ids == (second, third)
    assert all(desk.cases.get(one).assignee == "asha" for one in (first, second, third))
    desk.cases.assign([first], "", "meera")
    assert desk.cases.get(first).assignee is None
    assert [entry.detail for entry in desk.cases.timeline(first, limit=2)] == [
        {"from": "asha", "to": None},
        {"from": None, "to": "asha"},
    ]
    assert acts(desk, first) == [("meera", "case_assigned"), ("meera", "case_assigned")]


def test_a_bulk_act_changes_nothing_when_one_of_its_cases_is_unknown(desk):
    case_id = open_case(desk, 1)
    with pytest.raises(NotFound):
        desk.cases.assign([case_id, case_id + 1], "asha", "meera")
    assert desk.cases.get(case_id).assignee is None
    assert acts(desk, case_id) == []


def test_a_bulk_act_is_refused_when_it_names_nothing_or_too_much(desk):
    assert refused(desk.cases.assign, [], "asha", "meera") == "empty"
    assert refused(desk.cases.assign, range(1, MAX_BULK + 2), "asha", "meera") == "too_many"


def test_the_next_case_is_the_one_most_at_risk_that_nobody_has(desk):
    small = open_case(desk, 1, amount_minor=100_00, queue="upi")
    large = open_case(desk, 2, amount_minor=900_00, queue="cards")
    taken = desk.cases.take_next(None, "asha")
    assert (taken.id, taken.assignee, taken.locked_by, taken.state) == (
        large,
        "asha",
        "asha",
        CaseState.IN_PROGRESS,
    )
    assert desk.cases.take_next("cards", "ravi") is None
    assert desk.cases.take_next("upi", "ravi").id == small
    assert desk.cases.take_next(None, "meera") is None
    assert acts(desk, large) == [("asha", "case_taken")]


def test_two_people_never_take_the_same_case_when_they_ask_at_once(desk):
    for seq in range(1, 13):
        open_case(desk, seq)
    taken: list[int] = []

    def take(user):
        while (case := desk.cases.take_next(None, user)) is not None:
            taken.append(case.id)

    threads = [threading.Thread(target=take, args=(f"user{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 12
    assert desk.audit.verify().ok


def test_cases_are_dealt_in_turn_to_those_who_have_least(desk):
    held = open_case(desk, 1)
    desk.cases.assign([held], "asha", "meera")
    made = [open_case(desk, seq, amount_minor=seq * 100_00) for seq in range(2, 7)]
    desk.cases.spread(made, ["asha", "ravi"], "meera")
    by_risk = sorted(made, reverse=True)
    assert [desk.cases.get(one).assignee for one in by_risk] == ["ravi", "asha", "ravi", "asha", "ravi"]
    assert refused(desk.cases.spread, made, [], "meera") == "empty"


def test_a_case_goes_through_its_states_and_work_makes_it_one_s_own(desk):
    case_id = open_case(desk, 1)
    desk.cases.set_state([case_id], CaseState.IN_PROGRESS, "asha", version=1)
    case = desk.cases.get(case_id)
    assert (case.state, case.assignee, case.version) == (CaseState.IN_PROGRESS, "asha", 2)
    desk.cases.set_state([case_id], CaseState.WAITING_FOR_CUSTOMER, "asha")
    assert desk.cases.set_state([case_id], CaseState.WAITING_FOR_CUSTOMER, "asha").case_ids == ()
    assert refused(desk.cases.set_state, [case_id], CaseState.OPEN, "asha", version=2) == "changed"
    assert refused(desk.cases.set_state, [case_id], CaseState.CLOSED, "asha") == "closed"


def test_a_note_keeps_its_words_on_the_case_and_its_digest_in_the_chain(desk):
    case_id = open_case(desk, 1)
    text = "ग्राहक ने कहा: <script>alert(1)</script>\nकोई OTP नहीं दिया"
    note = desk.cases.note(case_id, f"  {text}\r\n", "asha")
    assert note.detail == {"text": text}
    assert desk.cases.timeline(case_id, limit=1) == [note]
    entry = desk.audit.entries(1)[0]
    assert entry.detail == {"line": note.id, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    assert desk.cases.get(case_id).version == 1
    assert refused(desk.cases.note, case_id, " \n\x00 ", "asha") == "empty"
    assert refused(desk.cases.note, case_id, "x" * 8_001, "asha") == "too_large"
    with pytest.raises(NotFound):
        desk.cases.note(case_id + 1, "text", "asha")


def test_a_file_is_kept_with_its_digest_and_given_back(desk):
    case_id = open_case(desk, 1)
    made = desk.cases.attach(case_id, "..\\..\\रसीद.pdf", "application/pdf", PDF, "asha")
    assert (made.name, made.size_bytes) == ("रसीद.pdf", len(PDF))
    assert made.sha256 == hashlib.sha256(PDF).hexdigest()
    assert desk.cases.attachments(case_id) == [made]
    assert desk.cases.attachment(made.id) == (made, PDF)
    assert desk.cases.attachment(made.id + 1) is None
    assert kinds(desk, case_id) == ["attachment"]


@pytest.mark.parametrize(
    ("media_type", "data", "reason"),
    [
        ("application/pdf", b"", "empty"),
        ("application/pdf", b"%PDF-" + b"x" * MAX_ATTACHMENT_BYTES, "too_large"),
        ("text/html", b"<script>", "media_type"),
        ("image/svg+xml", b"<svg>", "media_type"),
        ("image/png", b"<html>", "media_type"),
        ("text/plain", b"a\x00b", "media_type"),
    ],
)
def test_a_file_is_refused_when_it_is_unusable(desk, media_type, data, reason):
    case_id = open_case(desk, 1)
    assert refused(desk.cases.attach, case_id, "x", media_type, data, "asha") == reason
    assert desk.cases.attachments(case_id) == []


def test_the_checklist_is_ticked_once_and_unticked(desk, backend):
    case_id = open_case(desk, 1)
    items = desk.cases.checklist(case_id)
    assert {item.done_by for item in items} == {None}
    assert all(item.en and item.hi for item in items)
    done = desk.cases.check(case_id, "called_customer", "asha", done=True)
    backend.clock.advance(5)
    assert desk.cases.check(case_id, "called_customer", "ravi", done=True) == done
    assert {item.code: item.done_by for item in done}["called_customer"] == "asha"
    assert desk.cases.check(case_id, "called_customer", "ravi", done=False) == items
    assert kinds(desk, case_id) == ["check", "check"]
    assert refused(desk.cases.check, case_id, "nonsense", "asha", done=True) == "unknown_item"


def test_the_timeline_is_read_a_page_at_a_time(desk):
    case_id = open_case(desk, 1)
    for number in range(5):
        desk.cases.note(case_id, f"note {number}", "asha")
    first = desk.cases.timeline(case_id, limit=3)
    assert [entry.detail["text"] for entry in first] == ["note 4", "note 3", "note 2"]
    rest = desk.cases.timeline(case_id, limit=10, before=first[-1].id)
    assert [entry.kind for entry in rest] == ["note", "note", "alert_joined", "opened"]
