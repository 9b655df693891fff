from __future__ import annotations

import re

import pytest

from satark.cases.model import CaseOutcome, CaseState
from satark.web.queue.filters import QueueQuery


def _numbers(page):
    return [int(number) for number in re.findall(r'id="c(\d+)"', page)]


def test_cases_are_listed_most_at_risk_first_when_the_queue_opens(enter, open_cases, alert, words_of):
    low, high = open_cases(alert(1), alert(2, score=0.9))
    page = enter("asha").get("/queue")
    assert page.status_code == 200
    assert _numbers(page.text) == [high, low]
    text = words_of(page.text)
    assert "2 cases" in text
    assert "₹2,000" in text
    assert "₹1,800" in text
    assert "1 h left" in text
    assert "Cards" in text


def test_words_are_hindi_when_asked_for(enter, open_cases, alert, words_of):
    open_cases(alert(1))
    text = words_of(enter("asha", "hi").get("/queue").text)
    assert "कार्ड वाले" in text
    assert "1 घं. शेष" in text
    assert not re.search(r"\b(Cards|Queue|nobody|left)\b", text)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("queue=upi", [2]),
        ("queue=none", []),
        ("least=2,500", [3]),
        ("action=block", [3]),
        ("who=ravi", [2]),
        ("who=nobody", [3, 1]),
        ("who=me", []),
        ("q=p2", [2]),
        ("q=%2B919876501234", [3, 2, 1]),
        ("state=waiting_for_customer", [1]),
        ("state=closed", []),
        ("overdue=1", [1]),
        ("state=nonsense&action=x&least=y", [3, 2, 1]),
    ],
)
def test_cases_are_filtered_when_the_address_says_so(
    enter, open_cases, alert, desk_store, clock, query, expected
):
    ids = open_cases(
        alert(1, deadline_seconds=60), alert(2, queue="upi"), alert(3, action="block", score=0.9)
    )
    desk_store.cases.assign([ids[1]], "ravi", "meera")
    desk_store.cases.set_state([ids[0]], CaseState.WAITING_FOR_CUSTOMER, "system")
    desk_store.cases.assign([ids[0]], None, "system")
    clock.advance(120)
    page = enter("asha").get(f"/queue?{query}")
    assert page.status_code == 200
    assert _numbers(page.text) == [ids[place - 1] for place in expected]


def test_next_rows_follow_when_there_are_many(enter, open_cases, alert):
    ids = open_cases(*(alert(seq) for seq in range(1, 121)))
    visitor, seen, address = enter("asha"), [], "/queue?queue=cards"
    for _ in range(5):
        page = visitor.get(address).text
        seen += _numbers(page)
        found = re.search(r'href="([^"]*after=[^"]*)"', page)
        if found is None:
            break
        address = found[1].replace("&amp;", "&")
    assert seen == ids[::-1]


@pytest.mark.parametrize("after", ["x", "1", "nan_1", "1_-1", "1.0_99999999999999999999"])
def test_place_is_refused_when_it_is_none(enter, after):
    assert enter("asha").get(f"/queue?after={after}").status_code == 400


def test_list_alone_is_returned_when_it_refreshes(enter, open_cases, alert):
    case = open_cases(alert(1))[0]
    page = enter("asha").get("/queue/rows?queue=cards").text
    assert _numbers(page) == [case]
    assert "<html" not in page


def test_lock_is_shown_when_a_colleague_has_the_case_open(
    enter, open_cases, alert, desk_store, words_of, clock
):
    case = open_cases(alert(1))[0]
    desk_store.cases.lock(case, "ravi")
    assert "open at ravi" in words_of(enter("asha").get("/queue").text)
    assert "open at ravi" not in words_of(enter("ravi").get("/queue").text)
    clock.advance(1_000)
    assert "open at ravi" not in words_of(enter("asha").get("/queue").text)


def test_case_most_at_risk_opens_when_the_next_one_is_taken(enter, open_cases, alert, desk_store):
    _, high = open_cases(alert(1), alert(2))
    answer = enter("asha").send_form("/queue/next")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{high}")
    taken = desk_store.cases.get(high)
    assert (taken.assignee, taken.state) == ("asha", "in_progress")


def test_visitor_is_told_when_nothing_is_left_to_take(enter, toast):
    visitor = enter("asha")
    answer = visitor.send_form("/queue/next", queue="upi", back="/queue?queue=upi")
    assert answer.headers["location"] == "/queue?queue=upi"
    assert toast(visitor.get("/queue?queue=upi").text) == "No unassigned case is waiting here."
    assert toast(visitor.get("/queue?queue=upi").text) == ""


def test_cases_are_assigned_and_given_back_when_undone(enter, open_cases, alert, desk_store, toast):
    ids, visitor = open_cases(alert(1), alert(2)), enter("asha")
    answer = visitor.send_form("/queue/act", do="mine", case=ids, back="/queue?who=me")
    assert answer.headers["location"] == "/queue?who=me"
    page = visitor.get("/queue?who=me").text
    assert toast(page) == "2 cases were assigned."
    assert [desk_store.cases.get(case).assignee for case in ids] == ["asha", "asha"]
    undo = re.search(r'action="(/queue/undo/\d+)"', page)[1]
    visitor.send_form(undo, back="/queue")
    assert toast(visitor.get("/queue").text) == "Taken back for 2 cases."
    assert [desk_store.cases.get(case).assignee for case in ids] == [None, None]


def test_undo_is_unknown_when_another_person_did_it(enter, open_cases, alert, desk_store):
    case = open_cases(alert(1))[0]
    undo = desk_store.cases.assign([case], "ravi", "meera")
    assert enter("asha").send_form(f"/queue/undo/{undo.id}").status_code == 404
    assert enter("asha").send_form("/queue/undo/99999999999999999999999").status_code == 404
    assert desk_store.cases.get(case).assignee == "ravi"


def test_undo_is_refused_when_it_is_too_late_or_done(enter, open_cases, alert, desk_store, toast, clock):
    case, visitor = open_cases(alert(1))[0], enter("asha")
    undo = desk_store.cases.assign([case], "asha", "asha")
    clock.advance(601)
    visitor.send_form(f"/queue/undo/{undo.id}")
    assert toast(visitor.get("/queue").text).startswith("Too late")
    again = desk_store.cases.assign([case], None, "asha")
    visitor.send_form(f"/queue/undo/{again.id}")
    visitor.send_form(f"/queue/undo/{again.id}")
    assert toast(visitor.get("/queue").text) == "This was taken back already."


def test_cases_close_with_labels_when_many_are_closed_at_once(enter, open_cases, alert, desk_store, toast):
    ids, visitor = open_cases(alert(1), alert(2)), enter("asha")
    visitor.send_form("/queue/act", do="close", case=ids, closing="fraud:stolen_card")
    assert toast(visitor.get("/queue").text) == "2 cases were closed."
    assert [desk_store.cases.get(case).outcome for case in ids] == [CaseOutcome.FRAUD] * 2
    labels = [command for command in desk_store.commands.waiting(10) if command.kind == "label"]
    assert {(command.body["event"], command.body["label"]) for command in labels} == {
        ("p1", "fraud"),
        ("p2", "fraud"),
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"do": "close", "closing": ""}, "Choose an outcome with its reason first."),
        ({"do": "close", "closing": "theft:stolen_card"}, "Choose an outcome with its reason first."),
        ({"do": "close", "closing": "fraud:invented"}, "The policy does not know this reason."),
        ({"do": "give", "assignee": ""}, "Choose a colleague first."),
        ({"do": "give", "assignee": "vikram"}, "Choose a colleague first."),
        ({"do": "give", "assignee": "gone"}, "Choose a colleague first."),
        ({"do": "reopen"}, "This case is not closed."),
        ({"do": "confirm"}, "Nothing is proposed for this case."),
    ],
)
def test_visitor_reads_why_when_an_act_on_cases_is_refused(
    enter, open_cases, alert, desk_store, toast, fields, words
):
    case, visitor = open_cases(alert(1))[0], enter("meera")
    visitor.send_form("/queue/act", case=[case], **fields)
    assert toast(visitor.get("/queue").text) == words
    assert desk_store.cases.get(case).state == "open"
    assert desk_store.cases.get(case).assignee is None


def test_nothing_happens_when_no_case_was_chosen(enter, toast):
    visitor = enter("asha")
    visitor.send_form("/queue/act", do="mine")
    assert toast(visitor.get("/queue").text) == "Choose at least one case first."


@pytest.mark.parametrize("do", ["give", "confirm"])
def test_act_is_forbidden_when_an_analyst_has_not_the_right(enter, open_cases, alert, desk_store, do):
    case = open_cases(alert(1))[0]
    answer = enter("asha").send_form("/queue/act", do=do, case=[case], assignee="ravi")
    assert answer.status_code == 403
    assert "Your role does not allow this" in answer.text
    assert desk_store.cases.get(case).assignee is None


@pytest.mark.parametrize(
    "fields", [{"do": "burn", "case": "1"}, {"do": "mine", "case": "x"}, {"do": "mine", "case": "9" * 19}]
)
def test_form_is_refused_when_it_makes_no_sense(enter, fields):
    assert enter("asha").send_form("/queue/act", **fields).status_code == 400


def test_supervisor_gives_cases_to_a_colleague(enter, open_cases, alert, desk_store, toast):
    case, visitor = open_cases(alert(1))[0], enter("meera")
    assert "<option>ravi</option>" in visitor.get("/queue").text
    visitor.send_form("/queue/act", do="give", case=[case], assignee="ravi")
    assert toast(visitor.get("/queue").text) == "One case was assigned."
    assert desk_store.cases.get(case).assignee == "ravi"


def test_auditor_sees_the_queue_and_can_do_nothing(enter, open_cases, alert, desk_store):
    case, visitor = open_cases(alert(1))[0], enter("vikram")
    page = visitor.get("/queue").text
    assert _numbers(page) == [case]
    assert 'name="do"' not in page
    assert "/queue/next" not in page
    assert visitor.send_form("/queue/act", do="mine", case=[case]).status_code == 403
    assert desk_store.cases.get(case).assignee is None


def test_form_is_refused_when_its_token_is_missing(enter, open_cases, alert, desk_store):
    case = open_cases(alert(1))[0]
    answer = enter("asha").post("/queue/act", {"do": "mine", "case": str(case)})
    assert answer.status_code == 403
    assert desk_store.cases.get(case).assignee is None


def test_view_is_kept_and_removed_when_saved(enter, toast):
    visitor = enter("meera")
    answer = visitor.send_form(
        "/queue/views", name=" Big  ones ", query="least=50000&state=nonsense", shared="1"
    )
    assert answer.headers["location"] == "/queue?least=50000"
    page = visitor.get("/queue").text
    assert toast(page) == "The view was saved."
    assert 'href="/queue?least=50000"' in page
    assert "★ Big ones" in page
    # A shared view is there for colleagues, who cannot remove it.
    other = enter("asha").get("/queue").text
    assert "★ Big ones" in other
    assert "/drop" not in other
    visitor.send_form(re.search(r'action="(/queue/views/\d+/drop)"', page)[1])
    assert "Big ones" not in visitor.get("/queue").text


def test_view_is_private_when_an_analyst_wants_to_share_it(enter):
    enter("asha").send_form("/queue/views", name="Mine", query="who=me", shared="1")
    assert "★ Mine" in enter("asha").get("/queue").text
    assert "★ Mine" not in enter("ravi").get("/queue").text


@pytest.mark.parametrize("name", ["", "   ", "a\x00b"])
def test_view_is_refused_when_it_has_no_name(enter, name):
    assert enter("asha").send_form("/queue/views", name=name, query="").status_code == 400


def test_markup_is_shown_as_text_when_it_stands_in_a_view_or_filter(enter):
    visitor = enter("asha")
    visitor.send_form("/queue/views", name="<script>x</script>", query="q=<b>")
    page = visitor.get('/queue?q="><img src=x>&who=<u>').text
    for tag in ("<script>x", "<img", "<u>", "<b>&"):
        assert tag not in page


@pytest.mark.parametrize(
    "query",
    [
        QueueQuery(),
        QueueQuery("upi", "closed", "me", "block", 5_000, "p1", overdue=True, proposed=True),
        QueueQuery(text="a&b=c ₹ अ"),
    ],
)
def test_filter_is_the_same_when_read_back_from_its_address(query):
    from urllib.parse import parse_qsl

    assert QueueQuery.read(dict(parse_qsl(query.query()))) == query


def test_proposals_are_found_when_a_second_person_looks_for_them(enter, open_cases, alert, desk_store):
    _, guarded = open_cases(alert(1), alert(2, four_eyes=True))
    desk_store.cases.close([guarded], CaseOutcome.FRAUD, "stolen_card", "asha")
    visitor = enter("meera")
    assert 'href="/queue?proposed=1"' in visitor.get("/supervisor").text
    page = visitor.get("/queue?proposed=1").text
    assert _numbers(page) == [guarded]
    visitor.send_form("/queue/act", do="confirm", case=[guarded])
    assert desk_store.cases.get(guarded).outcome is CaseOutcome.FRAUD
    assert _numbers(visitor.get("/queue?proposed=1").text) == []
