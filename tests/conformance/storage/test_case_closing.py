"""How cases end, what goes out with it, and how it is taken back; on SQLite and PostgreSQL."""

from __future__ import annotations

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from tests.support.cases import START_US, new_alert, open_case, take_in

from satark.cases.model import (
    UNDO_SECONDS,
    CaseOutcome,
    CaseState,
    HoldChoice,
    ListChoice,
    QueueFilter,
)
from satark.core.errors import NotFound, WorkRefused
from satark.policies.case_rules import OnFraud
from satark.policies.read_cases import default_case_rules
from satark.storage.desk.tables.outbox import OUTBOX
from satark.storage.desk.tables.rollups import LIST_VALUES

FRAUD, GENUINE, UNCLEAR = CaseOutcome.FRAUD, CaseOutcome.GENUINE, CaseOutcome.INCONCLUSIVE
ENTRY = ListChoice("blocked_cards", "tok_a", START_US + 90 * 86_400_000_000)


@pytest.fixture
def desk(desk):
    """Return a desk whose policy offers cards for a list."""
    terms = msgspec.structs.replace(
        default_case_rules().terms, on_fraud=(OnFraud("blocked_cards", "card", 90 * 86_400),)
    )
    with desk.writing("a test") as connection:
        desk.cases.adopt(connection, terms)
    return desk


def refused(act, *args, **named):
    """Return why an act is refused."""
    with pytest.raises(WorkRefused) as caught:
        act(*args, **named)
    return caught.value.fields["reason"]


def asked(desk):
    """Return (kind, owner, body) of what the engine is asked."""
    return [(one.kind, one.owner, one.body) for one in desk.commands.waiting(100)]


@pytest.fixture
def told(desk):
    """Return what webhooks are told: (topic, key, data); an endpoint listens to everything."""
    desk.outbox.endpoints.add(
        "test",
        "https://hooks.example/satark",
        ["case.closed", "hold.requested", "hold.released"],
        actor="asha",
    )

    def read():
        with desk.reading() as connection:
            rows = connection.execute(
                sa.select(OUTBOX.c.topic, OUTBOX.c.key, OUTBOX.c.body).order_by(OUTBOX.c.id)
            )
            return [(row.topic, row.key, msgspec.json.decode(row.body)["data"]) for row in rows]

    return read


def test_closing_as_fraud_labels_lists_holds_and_tells(desk, told, backend):
    one, two = take_in(desk, new_alert(1, card="tok_a"), new_alert(2, card="tok_a", amount_minor=50_00))
    backend.clock.advance(60)
    undo = desk.cases.close(
        [one.case_id], FRAUD, "stolen_card", "asha", list_entries=[ENTRY], hold=HoldChoice(note="call bank")
    )
    assert undo.case_ids == (one.case_id,)
    case = desk.cases.get(one.case_id)
    assert (case.state, case.outcome, case.reason_code, case.assignee) == (
        CaseState.CLOSED,
        FRAUD,
        "stolen_card",
        "asha",
    )
    assert case.closed_us == START_US + 60_000_000
    assert {alert.outcome for alert in desk.cases.alerts(case.id)} == {FRAUD}
    label = {"label": "fraud", "kind": "stolen_card", "reporter": "case:asha"}
    assert asked(desk) == [
        (
            "list_set",
            0,
            {
                "list": "blocked_cards",
                "value": "tok_a",
                "expires_us": ENTRY.expires_us,
                "note": f"case {case.id}",
            },
        ),
        ("label", 1, {**label, "id": f"case_{case.id}_{one.id}_1", "event": "pay_1"}),
        ("label", 1, {**label, "id": f"case_{case.id}_{two.id}_1", "event": "pay_2"}),
    ]
    (hold, hold_key, held), (closed, closed_key, data) = told()
    assert (hold, hold_key) == ("hold.requested", f"hold.requested:{case.id}:1")
    assert (held["amount_minor"], held["events"], held["note"]) == (1_050_00, ["pay_1", "pay_2"], "call bank")
    assert (closed, closed_key) == ("case.closed", f"case.closed:{case.id}:1")
    assert (data["outcome"], data["reason"], data["closed_by"], data["events"]) == (
        "fraud",
        "stolen_card",
        "asha",
        ["pay_1", "pay_2"],
    )
    assert [entry.kind for entry in desk.cases.timeline(case.id, limit=3)] == ["closed", "hold", "action"]
    entry = desk.audit.entries(1, action="case_closed")[0]
    assert (entry.actor, entry.subject) == ("asha", f"case:{case.id}")
    assert (entry.detail["label"], entry.detail["lists"], entry.detail["hold_minor"]) == (
        "fraud",
        1,
        1_050_00,
    )
    assert "tok_a" not in str([one.detail for one in desk.audit.entries(100)])
    assert desk.audit.verify().ok


@pytest.mark.parametrize(
    ("outcome", "reason", "label"), [(GENUINE, "travelling", "genuine"), (UNCLEAR, "duplicate", None)]
)
def test_other_outcomes_label_what_they_say(desk, outcome, reason, label):
    case_id = open_case(desk, 1)
    desk.cases.close([case_id], outcome, reason, "asha")
    assert [body["label"] for _, _, body in asked(desk)] == ([] if label is None else [label])


def test_labels_go_to_the_owner_of_each_event(desk):
    case_id = open_case(desk, 1, owner=7)
    desk.cases.close([case_id], FRAUD, "stolen_card", "asha")
    assert [owner for _, owner, _ in asked(desk)] == [7]


def test_nothing_is_kept_when_a_closing_fails_half_way(desk, monkeypatch):
    case_id = open_case(desk, 1, card="tok_a")
    before = desk.audit.head()

    def fail(*_args, **_named):
        raise RuntimeError

    monkeypatch.setattr(desk.outbox, "put_all", fail)
    with pytest.raises(RuntimeError):
        desk.cases.close([case_id], FRAUD, "stolen_card", "asha", list_entries=[ENTRY])
    assert desk.cases.get(case_id).state is CaseState.OPEN
    assert (asked(desk), desk.audit.head(), desk.cases.undos("asha")) == ([], before, [])


def test_closing_is_refused_when_the_rules_of_the_work_forbid_it(desk):
    case_id = open_case(desk, 1)
    close = desk.cases.close
    assert refused(close, [case_id], FRAUD, "travelling", "asha") == "unknown_reason"
    assert refused(close, [case_id], FRAUD, "stolen_card", "asha", version=9) == "changed"
    assert refused(close, [case_id], GENUINE, "travelling", "asha", list_entries=[ENTRY]) == "not_fraud"
    assert refused(close, [case_id], UNCLEAR, "duplicate", "asha", hold=HoldChoice()) == "not_fraud"
    assert refused(close, [case_id], FRAUD, "stolen_card", "asha", hold=HoldChoice(0)) == "empty"
    with pytest.raises(NotFound):
        close([case_id + 1], FRAUD, "stolen_card", "asha")
    close([case_id], FRAUD, "stolen_card", "asha", version=1)
    assert refused(close, [case_id], FRAUD, "stolen_card", "asha") == "closed"
    assert refused(desk.cases.check, case_id, "rules_read", "asha", done=True) == "closed"
    assert refused(desk.cases.assign, [case_id], "ravi", "asha") == "closed"


@pytest.mark.parametrize(
    "entry",
    [
        ListChoice("trusted_customers", "cus_1"),
        ListChoice("blocked_cards", "tok_other"),
        ListChoice("blocked_cards", "dev_1"),
        ListChoice("blocked_cards", "tok_a", START_US),
        ListChoice("blocked_cards", "tok_a", None, "two\nlines"),
        ListChoice("blocked_cards", "tok_a", None, "x" * 301),
    ],
)
def test_a_list_entry_is_refused_when_the_policy_does_not_offer_it_for_the_case(desk, entry):
    case_id = open_case(desk, 1, card="tok_a", device="dev_1", customer="cus_1")
    open_case(desk, 2, card="tok_other")
    for act in (desk.cases.close, desk.cases.propose):
        reason = refused(act, [case_id], FRAUD, "stolen_card", "asha", list_entries=[entry])
        assert reason in {"not_offered", "too_large"}
    assert asked(desk) == []


def test_a_stale_closing_is_refused_when_an_alert_joined_meanwhile(desk):
    case_id = open_case(desk, 1, card="a")
    seen = desk.cases.get(case_id).version
    open_case(desk, 2, card="a")
    assert refused(desk.cases.close, [case_id], FRAUD, "stolen_card", "asha", version=seen) == "changed"


# ---- four eyes -------------------------------------------------------------------------------------------


def test_a_second_person_confirms_what_the_first_proposed(desk, told):
    case_id = open_case(desk, 1, card="tok_a", four_eyes=True)
    desk.cases.close([case_id], FRAUD, "stolen_card", "asha", list_entries=[ENTRY], hold=HoldChoice(500_00))
    case = desk.cases.get(case_id)
    assert (case.state, case.proposed_by, case.outcome) == (CaseState.OPEN, "asha", FRAUD)
    assert (asked(desk), told()) == ([], [])
    assert desk.cases.proposal(case_id) == ([ENTRY], HoldChoice(500_00))
    assert refused(desk.cases.confirm, [case_id], "asha") == "same_person"
    assert refused(desk.cases.close, [case_id], GENUINE, "travelling", "ravi") == "already_proposed"
    assert refused(desk.cases.confirm, [case_id], "ravi", version=case.version - 1) == "changed"
    desk.cases.confirm([case_id], "ravi", version=case.version)
    case = desk.cases.get(case_id)
    assert (case.state, case.outcome, case.proposed_by) == (CaseState.CLOSED, FRAUD, None)
    assert [kind for kind, _, _ in asked(desk)] == ["list_set", "label"]
    assert asked(desk)[1][2]["reporter"] == "case:ravi"
    assert [(topic, data.get("proposed_by")) for topic, _, data in told()] == [
        ("hold.requested", None),
        ("case.closed", "asha"),
    ]
    assert desk.cases.proposal(case_id) is None


def test_a_proposal_is_declined_and_the_case_goes_on(desk):
    case_id = open_case(desk, 1, four_eyes=True)
    assert refused(desk.cases.decline, [case_id], "ravi") == "not_proposed"
    desk.cases.propose([case_id], FRAUD, "stolen_card", "asha")
    desk.cases.decline([case_id], "ravi", "The customer rang.")
    case = desk.cases.get(case_id)
    assert (case.state, case.outcome, case.reason_code, case.proposed_by) == (
        CaseState.OPEN,
        None,
        None,
        None,
    )
    assert refused(desk.cases.confirm, [case_id], "ravi") == "not_proposed"
    assert desk.cases.timeline(case_id, limit=1)[0].detail["text"] == "The customer rang."


def test_a_bulk_closing_proposes_those_that_need_four_eyes(desk):
    plain, watched = open_case(desk, 1, card="tok_a"), open_case(desk, 2, four_eyes=True)
    undo = desk.cases.close([plain, watched], FRAUD, "stolen_card", "asha", list_entries=[ENTRY])
    assert desk.cases.get(plain).state is CaseState.CLOSED
    assert desk.cases.get(watched).proposed_by == "asha"
    assert [kind for kind, _, _ in asked(desk)] == ["list_set", "label"]
    assert desk.cases.undo(undo.id, "asha") == (plain, watched)
    assert desk.cases.get(plain).state is CaseState.OPEN
    assert desk.cases.get(watched).proposed_by is None


# ---- undo ------------------------------------------------------------------------------------------------


def test_undoing_a_closing_takes_labels_lists_and_holds_back(desk, told):
    one = take_in(desk, new_alert(1, card="tok_a"))[0]
    desk.cases.set_state([one.case_id], CaseState.IN_PROGRESS, "asha")
    before = desk.cases.get(one.case_id)
    undo = desk.cases.close(
        [one.case_id], FRAUD, "stolen_card", "asha", list_entries=[ENTRY], hold=HoldChoice()
    )
    assert undo.until_us == START_US + UNDO_SECONDS * 1_000_000
    assert desk.cases.undos("asha")[0] == undo
    assert desk.cases.undo(undo.id, "asha") == (one.case_id,)
    after = desk.cases.get(one.case_id)
    assert msgspec.structs.replace(after, version=before.version) == before
    assert desk.cases.alerts(one.case_id)[0].outcome is None
    taken_back = asked(desk)[2:]
    assert taken_back == [
        (
            "label",
            1,
            {
                "id": f"case_{one.case_id}_{one.id}_1_undone",
                "event": "pay_1",
                "label": "genuine",
                "kind": "undone",
                "reporter": "case:asha",
            },
        ),
        (
            "list_remove",
            0,
            {"list": "blocked_cards", "value": "tok_a", "note": f"case {one.case_id}: undone"},
        ),
    ]
    assert [topic for topic, _, _ in told()] == ["hold.requested", "case.closed", "hold.released"]
    assert desk.audit.entries(1)[0].action == "case_act_undone"
    assert open_case(desk, 2, card="tok_a") == one.case_id
    desk.cases.close([one.case_id], FRAUD, "stolen_card", "asha")
    assert asked(desk)[4][2]["id"] == f"case_{one.case_id}_{one.id}_2"


def test_undoing_a_genuine_closing_asks_nothing_of_the_engine(desk):
    case_id = open_case(desk, 1)
    undo = desk.cases.close([case_id], GENUINE, "travelling", "asha")
    desk.cases.undo(undo.id, "asha")
    assert [body["label"] for _, _, body in asked(desk)] == ["genuine"]
    assert desk.cases.get(case_id).state is CaseState.OPEN


def followed(desk, value, *, removed=False, expires_us=None):
    """Let the worker have read an edit of the list in the log."""
    with desk.writing("a test") as connection:
        connection.execute(sa.delete(LIST_VALUES))
        connection.execute(
            sa.insert(LIST_VALUES).values(
                list="blocked_cards",
                value=value,
                removed=removed,
                expires_us=expires_us,
                seq=1,
                at_us=START_US,
                actor="meera",
                note="",
            )
        )


@pytest.mark.parametrize(
    ("before", "meanwhile", "expected"),
    [
        (None, None, ("list_remove", None)),
        ({"removed": True}, {"expires_us": ENTRY.expires_us}, ("list_remove", None)),
        ({"expires_us": START_US - 1}, {"expires_us": ENTRY.expires_us}, ("list_remove", None)),
        ({}, None, ("list_set", None)),
        ({"expires_us": START_US + 9}, {"expires_us": ENTRY.expires_us}, ("list_set", START_US + 9)),
        (None, {"expires_us": START_US + 77}, None),
        ({}, {"removed": True}, None),
    ],
)
def test_undo_leaves_a_list_as_it_was_before(desk, before, meanwhile, expected):
    case_id = open_case(desk, 1, card="tok_a")
    if before is not None:
        followed(desk, "tok_a", **before)
    undo = desk.cases.close([case_id], FRAUD, "stolen_card", "asha", list_entries=[ENTRY])
    if meanwhile is not None:
        followed(desk, "tok_a", **meanwhile)
    desk.cases.undo(undo.id, "asha")
    edits = [(kind, body.get("expires_us")) for kind, owner, body in asked(desk)[1:] if owner == 0]
    assert edits == ([] if expected is None else [expected])


def last_labels(desk):
    """Return what the engine is told last of each event."""
    return {body["event"]: body["label"] for kind, _, body in asked(desk) if kind == "label"}


def test_a_label_of_fraud_does_not_outlive_the_finding(desk, backend):
    case_id = open_case(desk, 1, card="a")
    desk.cases.close([case_id], FRAUD, "stolen_card", "asha")
    backend.clock.advance(5)
    desk.cases.reopen([case_id], "ravi")
    backend.clock.advance(5)
    assert open_case(desk, 2, card="a") == case_id
    undo = desk.cases.close([case_id], UNCLEAR, "not_enough_facts", "ravi")
    assert last_labels(desk) == {"pay_1": "genuine"}
    desk.cases.undo(undo.id, "ravi")
    assert last_labels(desk) == {"pay_1": "fraud"}
    assert len({body["id"] for _, _, body in asked(desk)}) == 3


def test_undoing_a_second_closing_says_again_what_the_first_had_said(desk, backend):
    case_id = open_case(desk, 1, card="a")
    desk.cases.close([case_id], FRAUD, "stolen_card", "asha")
    backend.clock.advance(5)
    desk.cases.reopen([case_id], "ravi")
    backend.clock.advance(5)
    open_case(desk, 2, card="a")
    undo = desk.cases.close([case_id], GENUINE, "travelling", "ravi")
    assert last_labels(desk) == {"pay_1": "genuine", "pay_2": "genuine"}
    desk.cases.undo(undo.id, "ravi")
    assert last_labels(desk) == {"pay_1": "fraud", "pay_2": "genuine"}
    desk.cases.close([case_id], UNCLEAR, "duplicate", "ravi")
    assert last_labels(desk) == {"pay_1": "genuine", "pay_2": "genuine"}


def test_undo_is_for_its_own_actor_once_and_for_ten_minutes(desk, backend):
    case_id = open_case(desk, 1)
    undo = desk.cases.assign([case_id], "asha", "meera")
    with pytest.raises(NotFound):
        desk.cases.undo(undo.id, "asha")
    with pytest.raises(NotFound):
        desk.cases.undo(undo.id + 1, "meera")
    assert desk.cases.undos("asha") == []
    assert desk.cases.undo(undo.id, "meera") == (case_id,)
    assert desk.cases.get(case_id).assignee is None
    assert refused(desk.cases.undo, undo.id, "meera") == "undo_used"
    late = desk.cases.assign([case_id], "asha", "meera")
    backend.clock.advance(UNDO_SECONDS)
    assert refused(desk.cases.undo, late.id, "meera") == "undo_expired"
    assert desk.cases.undos("meera") == []
    assert desk.cases.get(case_id).assignee == "asha"


def test_undo_leaves_alone_what_others_changed_since(desk):
    first, second = open_case(desk, 1), open_case(desk, 2)
    undo = desk.cases.assign([first, second], "asha", "meera")
    desk.cases.assign([second], "ravi", "asha")
    assert desk.cases.undo(undo.id, "meera") == (first,)
    assert desk.cases.get(second).assignee == "ravi"


def test_undo_of_a_closing_leaves_a_case_that_was_closed_anew(desk):
    case_id = open_case(desk, 1)
    undo = desk.cases.close([case_id], FRAUD, "stolen_card", "asha")
    desk.cases.reopen([case_id], "ravi")
    desk.cases.close([case_id], FRAUD, "stolen_card", "ravi")
    assert desk.cases.undo(undo.id, "asha") == ()
    assert desk.cases.get(case_id).state is CaseState.CLOSED


def test_states_proposals_and_confirmations_are_undone(desk):
    case_id = open_case(desk, 1, card="tok_a", four_eyes=True)
    state = desk.cases.set_state([case_id], CaseState.IN_PROGRESS, "asha")
    assert desk.cases.undo(state.id, "asha") == (case_id,)
    case = desk.cases.get(case_id)
    assert (case.state, case.assignee) == (CaseState.OPEN, None)
    proposed = desk.cases.propose([case_id], FRAUD, "stolen_card", "asha", list_entries=[ENTRY])
    confirmed = desk.cases.confirm([case_id], "ravi")
    assert desk.cases.undo(confirmed.id, "ravi") == (case_id,)
    case = desk.cases.get(case_id)
    assert (case.state, case.proposed_by, case.outcome) == (CaseState.OPEN, "asha", FRAUD)
    assert desk.cases.proposal(case_id) == ([ENTRY], None)
    assert desk.cases.undo(proposed.id, "asha") == (case_id,)
    assert desk.cases.get(case_id).proposed_by is None


def test_a_reopened_case_is_closed_again_by_undo_unless_an_alert_joined_since(desk, backend):
    case_id = open_case(desk, 1, card="a")
    assert refused(desk.cases.reopen, [case_id], "asha") == "not_closed"
    desk.cases.close([case_id], FRAUD, "stolen_card", "asha")
    backend.clock.advance(5)
    undo = desk.cases.reopen([case_id], "asha")
    assert desk.cases.get(case_id).state is CaseState.IN_PROGRESS
    assert desk.cases.undo(undo.id, "asha") == (case_id,)
    case = desk.cases.get(case_id)
    assert (case.state, case.outcome, case.closed_us) == (CaseState.CLOSED, FRAUD, START_US)
    again = desk.cases.reopen([case_id], "asha")
    assert open_case(desk, 2, card="a") == case_id
    assert desk.cases.undo(again.id, "asha") == ()
    assert desk.cases.get(case_id).state is CaseState.IN_PROGRESS


def test_everything_is_found_again_after_the_desk_was_closed(desk, backend):
    case_id = open_case(desk, 1)
    desk.cases.close([case_id], FRAUD, "stolen_card", "asha")
    case = desk.cases.get(case_id)
    desk.close()
    again = backend.open_desk()
    assert again.cases.get(case_id) == case
    assert again.cases.queue(QueueFilter(states=(CaseState.CLOSED,))).rows == [case]
    reading = backend.open_desk(read_only=True)
    assert reading.cases.get(case_id) == case


def test_four_hundred_cases_close_together_by_few_statements_and_are_all_told(desk, backend):
    cases = [open_case(desk, seq) for seq in range(1, 401)]
    said = []

    def count(connection, cursor, statement, parameters, context, executemany):
        said.append(statement)

    event.listen(desk.engines.writer(), "before_cursor_execute", count)
    undo = desk.cases.close(cases, CaseOutcome.FRAUD, "stolen_card", "asha")
    event.remove(desk.engines.writer(), "before_cursor_execute", count)
    assert len(said) < 60
    assert undo.case_ids == tuple(row.id for row in sorted(map(desk.cases.get, cases), key=most_at_risk))
    assert {desk.cases.get(case).state for case in cases} == {"closed"}
    labels = [one.body for one in desk.commands.waiting(1_000) if one.kind == "label"]
    assert {label["event"] for label in labels} == {f"pay_{seq}" for seq in range(1, 401)}
    assert len(labels) == 400
    assert desk.audit.verify().ok
    backend.clock.advance(1)
    assert len(desk.cases.undo(undo.id, "asha")) == 400
    assert {desk.cases.get(case).state for case in cases} == {"open"}


def most_at_risk(case):
    return -case.priority, case.id
