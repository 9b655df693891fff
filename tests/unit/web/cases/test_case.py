from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from satark.cases.model import CaseOutcome, CaseState, HoldChoice

PDF = b"%PDF-1.7 receipt"


@pytest.fixture
def case(open_cases, alert):
    return open_cases(alert(3))[0]


@pytest.fixture
def guarded_case(open_cases, alert):
    """A case that needs four eyes."""
    return open_cases(alert(3, four_eyes=True))[0]


def test_case_is_shown_with_all_that_hangs_on_it_when_opened(enter, case, words_of, noted, phone):
    page = enter("asha").get(f"/cases/{case}")
    assert page.status_code == 200
    text = words_of(page.text)
    for words in (
        f"Case {case}",
        "₹3,000.00",
        "1 h left",
        "6 payments on this card in 10 minutes; limit 4",
        "Called the customer",
        "blocked_cards",
        "Satark opened the case Cards",
        "Satark joined an alert p3",
    ):
        assert words in text
    assert 'href="/decisions/3"' in page.text
    assert ("asha", "case_viewed", f"case {case}", {}) in noted
    assert phone not in page.text
    assert "tok_0123456789_3" not in page.text


def test_case_is_shown_in_hindi_when_asked_for(enter, case, words_of):
    text = words_of(enter("asha", "hi").get(f"/cases/{case}").text)
    for words in ("मामला", "कार्ड चोरी", "ग्राहक से बात की", "सतर्क ने मामला खोला कार्ड वाले", "1 घं. शेष"):
        assert words in text
    assert not re.search(r"\b(Timeline|Checklist|opened|Decide|Fraud|Genuine)\b", text)


@pytest.mark.parametrize("number", ["999", "0", "99999999999999999999999"])
def test_case_is_unknown_when_there_is_none(enter, number):
    visitor = enter("asha")
    assert visitor.get(f"/cases/{number}").status_code == 404
    for act in ("note", "assign", "close", "check", "reopen", "decline", "lock"):
        answer = visitor.send_form(
            f"/cases/{number}/{act}",
            text="x",
            outcome="genuine",
            reason="known_behaviour",
            item="called_customer",
        )
        assert answer.status_code == 404, act


def test_older_alerts_and_events_are_reached_when_there_are_many(enter, open_cases, alert):
    same = alert(1).entities
    case = set(open_cases(*(alert(seq, entities=same) for seq in range(1, 121)))).pop()
    visitor, seen, address = enter("asha"), [], f"/cases/{case}"
    for _ in range(7):
        page = visitor.get(address).text
        seen += re.findall(r'href="/decisions/(\d+)"', page)
        found = re.search(r'href="([^"]*\?alerts=\d+)', page)
        if found is None:
            break
        address = found[1]
    assert [int(seq) for seq in seen] == list(range(120, 0, -1))
    assert re.search(r'href="/cases/\d+\?events=\d+', visitor.get(f"/cases/{case}").text)
    assert visitor.get(f"/cases/{case}?events=x").status_code == 400


def test_label_list_entry_and_hold_go_out_when_closed_as_fraud(enter, case, desk_store, toast, clock):
    visitor = enter("asha")
    page = visitor.get(f"/cases/{case}").text
    offers = re.findall(r'name="entry" value="([0-9a-f]+)"', page)
    assert len(offers) == 1  # The card; the case knows no device.
    answer = visitor.send_form(
        f"/cases/{case}/close",
        outcome="fraud",
        reason="stolen_card",
        version=re.search(r'name="version" value="(\d+)"', page)[1],
        entry=offers,
        hold="1",
        hold_rupees="1,00,000",
        hold_note="second hop",
    )
    assert answer.headers["location"] == f"/cases/{case}"
    page = visitor.get(f"/cases/{case}").text
    assert toast(page) == "One case was closed."
    closed = desk_store.cases.get(case)
    assert (closed.state, closed.outcome, closed.reason_code) == ("closed", "fraud", "stolen_card")
    commands = {command.kind: command.body for command in desk_store.commands.waiting(10)}
    assert commands["label"]["event"] == "p3"
    assert commands["label"]["reporter"] == "case:asha"
    entry = commands["list_set"]
    assert (entry["list"], entry["value"]) == ("blocked_cards", "tok_0123456789_3")
    assert entry["expires_us"] == clock.now_us() + 90 * 86_400_000_000
    assert "second hop" in page
    assert "₹1,00,000.00" in page
    assert "tok_0123456789_3" not in page


def test_nothing_is_listed_when_no_offer_was_ticked(enter, case, desk_store):
    enter("asha").send_form(f"/cases/{case}/close", outcome="fraud", reason="stolen_card")
    assert {command.kind for command in desk_store.commands.waiting(10)} == {"label"}


@pytest.mark.parametrize(("chosen", "days"), [("7", 7), ("never", None), ("", 90), ("9999", 90)])
def test_expiry_is_the_chosen_one_when_a_list_entry_goes_out(enter, case, desk_store, clock, chosen, days):
    visitor = enter("asha")
    key = re.search(r'name="entry" value="([0-9a-f]+)"', visitor.get(f"/cases/{case}").text)[1]
    visitor.send_form(
        f"/cases/{case}/close", outcome="fraud", reason="stolen_card", entry=key, expires=chosen
    )
    entry = next(command for command in desk_store.commands.waiting(10) if command.kind == "list_set")
    expected = None if days is None else clock.now_us() + days * 86_400_000_000
    assert entry.body["expires_us"] == expected


def test_offer_of_another_session_is_no_offer_when_sent(enter, case, desk_store):
    key = re.search(r'name="entry" value="([0-9a-f]+)"', enter("ravi").get(f"/cases/{case}").text)[1]
    enter("asha").send_form(f"/cases/{case}/close", outcome="fraud", reason="stolen_card", entry=key)
    assert {command.kind for command in desk_store.commands.waiting(10)} == {"label"}


def test_lists_and_hold_are_left_out_when_the_case_is_genuine(enter, case, desk_store, toast):
    visitor = enter("asha")
    key = re.search(r'name="entry" value="([0-9a-f]+)"', visitor.get(f"/cases/{case}").text)[1]
    visitor.send_form(
        f"/cases/{case}/close", outcome="genuine", reason="known_behaviour", entry=key, hold="1"
    )
    assert toast(visitor.get(f"/cases/{case}").text) == "One case was closed."
    commands = list(desk_store.commands.waiting(10))
    assert [(command.kind, command.body["label"]) for command in commands] == [("label", "genuine")]


def test_closing_is_taken_back_when_undone_from_the_page(enter, case, desk_store, toast):
    visitor = enter("asha")
    visitor.send_form(f"/cases/{case}/close", outcome="genuine", reason="known_behaviour")
    page = visitor.get(f"/cases/{case}").text
    undo = re.search(r'action="(/queue/undo/\d+)"', page)[1]
    answer = visitor.send_form(undo, back=f"/cases/{case}")
    assert answer.headers["location"] == f"/cases/{case}"
    assert toast(visitor.get(f"/cases/{case}").text) == "Taken back for one case."
    assert desk_store.cases.get(case).state != "closed"


def test_closing_is_refused_when_the_case_changed_meanwhile(enter, case, desk_store, toast):
    visitor = enter("asha")
    version = re.search(r'name="version" value="(\d+)"', visitor.get(f"/cases/{case}").text)[1]
    desk_store.cases.assign([case], "ravi", "meera")
    visitor.send_form(f"/cases/{case}/close", outcome="fraud", reason="stolen_card", version=version)
    assert toast(visitor.get(f"/cases/{case}").text) == "The case changed meanwhile; please look at it again."
    assert desk_store.cases.get(case).state != "closed"


@pytest.mark.parametrize(
    "fields", [{"outcome": "fraud"}, {"outcome": "theft", "reason": "stolen_card"}, {"reason": "stolen_card"}]
)
def test_closing_is_refused_when_outcome_or_reason_is_missing(enter, case, desk_store, toast, fields):
    visitor = enter("asha")
    visitor.send_form(f"/cases/{case}/close", **fields)
    assert toast(visitor.get(f"/cases/{case}").text) == "Choose an outcome with its reason first."
    assert desk_store.cases.get(case).state == "open"


def test_second_person_confirms_when_four_eyes_are_needed(enter, guarded_case, desk_store, toast, words_of):
    case, proposer, second = guarded_case, enter("asha"), enter("meera")
    assert "Propose: Fraud" in words_of(proposer.get(f"/cases/{case}").text)
    proposer.send_form(f"/cases/{case}/close", outcome="fraud", reason="stolen_card")
    page = proposer.get(f"/cases/{case}").text
    assert toast(page) == "One case waits for a second person to confirm."
    assert "Withdraw" in page
    assert "/confirm" not in page
    assert desk_store.cases.get(case).state != "closed"
    page = second.get(f"/cases/{case}").text
    assert "asha proposes: Fraud: Card stolen" in words_of(page)
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    second.send_form(f"/cases/{case}/confirm", version=version)
    assert toast(second.get(f"/cases/{case}").text) == "One case was confirmed and closed."
    assert desk_store.cases.get(case).outcome is CaseOutcome.FRAUD


def test_who_proposed_cannot_confirm_even_as_supervisor(enter, guarded_case, desk_store, toast):
    case, visitor = guarded_case, enter("meera")
    visitor.send_form(f"/cases/{case}/close", outcome="fraud", reason="stolen_card")
    visitor.send_form(f"/cases/{case}/confirm")
    assert toast(visitor.get(f"/cases/{case}").text) == "A second person must confirm what you proposed."
    assert desk_store.cases.get(case).state != "closed"


def test_proposal_is_set_aside_by_a_supervisor_and_by_no_other_analyst(
    enter, guarded_case, desk_store, toast
):
    case = guarded_case
    enter("asha").send_form(f"/cases/{case}/close", outcome="fraud", reason="stolen_card")
    assert enter("ravi").send_form(f"/cases/{case}/decline").status_code == 403
    assert enter("ravi").send_form(f"/cases/{case}/confirm").status_code == 403
    assert desk_store.cases.get(case).proposed_by == "asha"
    visitor = enter("meera")
    visitor.send_form(f"/cases/{case}/decline", text="customer was abroad")
    page = visitor.get(f"/cases/{case}").text
    assert toast(page) == "One proposal was set aside."
    assert "customer was abroad" in page
    assert desk_store.cases.get(case).proposed_by is None


def test_proposal_is_withdrawn_by_who_made_it(enter, guarded_case, desk_store):
    visitor = enter("asha")
    visitor.send_form(f"/cases/{guarded_case}/close", outcome="genuine", reason="known_behaviour")
    visitor.send_form(f"/cases/{guarded_case}/decline")
    assert desk_store.cases.get(guarded_case).proposed_by is None


def test_what_was_proposed_is_shown_when_a_second_person_looks(enter, guarded_case, desk_store, words_of):
    desk_store.cases.propose(
        [guarded_case], CaseOutcome.FRAUD, "stolen_card", "asha", hold=HoldChoice(5_000_00)
    )
    assert "a request to hold money: ₹5,000.00" in words_of(enter("meera").get(f"/cases/{guarded_case}").text)


def test_case_opens_again_when_asked_for(enter, case, desk_store, toast):
    visitor = enter("asha")
    visitor.send_form(f"/cases/{case}/close", outcome="genuine", reason="known_behaviour")
    visitor.send_form(f"/cases/{case}/reopen")
    assert toast(visitor.get(f"/cases/{case}").text) == "One case was opened again."
    assert desk_store.cases.get(case).state != "closed"


def test_case_is_taken_given_and_returned_when_assigned(enter, case, desk_store, toast):
    analyst, supervisor = enter("asha"), enter("meera")
    analyst.send_form(f"/cases/{case}/assign", assignee="asha")
    assert desk_store.cases.get(case).assignee == "asha"
    assert analyst.send_form(f"/cases/{case}/assign", assignee="ravi").status_code == 403
    supervisor.send_form(f"/cases/{case}/assign", assignee="ravi")
    assert desk_store.cases.get(case).assignee == "ravi"
    supervisor.send_form(f"/cases/{case}/assign", assignee="vikram")
    assert toast(supervisor.get(f"/cases/{case}").text) == "Choose a colleague first."
    analyst.send_form(f"/cases/{case}/assign", assignee="")
    assert desk_store.cases.get(case).assignee is None


def test_case_moves_when_its_state_is_set(enter, case, desk_store):
    visitor = enter("asha")
    visitor.send_form(f"/cases/{case}/state", state="waiting_for_customer")
    assert desk_store.cases.get(case).state is CaseState.WAITING_FOR_CUSTOMER
    assert visitor.send_form(f"/cases/{case}/state", state="closed").status_code == 400


def test_note_is_kept_as_text_when_it_holds_markup(enter, case, toast):
    visitor = enter("asha")
    answer = visitor.send_form(
        f"/cases/{case}/note", text="<script>alert(1)</script>\n\"'><img src=x onerror=x>"
    )
    assert answer.headers["location"] == f"/cases/{case}#timeline"
    page = visitor.get(f"/cases/{case}").text
    assert toast(page) == "The note was added."
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img" not in page


@pytest.mark.parametrize(
    ("text", "status", "words"), [("", 303, "Nothing was written."), ("x" * 8_001, 413, "")]
)
def test_note_is_refused_when_it_is_empty_or_endless(enter, case, toast, text, status, words):
    visitor = enter("asha")
    assert visitor.send_form(f"/cases/{case}/note", text=text).status_code == status
    assert toast(visitor.get(f"/cases/{case}").text) == words


def test_longest_hindi_note_is_taken(enter, case, desk_store):
    enter("asha").send_form(f"/cases/{case}/note", text="अ" * 8_000)
    assert desk_store.cases.timeline(case)[0].detail["text"] == "अ" * 8_000


def _upload(visitor, case, name, media_type, data, **kwargs):
    files = {"file": (name, data, media_type)}
    return visitor.send("POST", f"/cases/{case}/files", data={"csrf": visitor.csrf}, files=files, **kwargs)


def test_file_is_attached_and_downloaded_when_sent(enter, case, desk_store, toast, noted):
    visitor = enter("asha")
    answer = _upload(visitor, case, '../रसीद "1".pdf', "application/pdf", PDF)
    assert answer.headers["location"] == f"/cases/{case}#files"
    page = visitor.get(f"/cases/{case}").text
    assert toast(page) == "The file was attached."
    address = re.search(r'href="(/cases/\d+/files/\d+)"', page)[1]
    file = enter("vikram").get(address)
    assert file.content == PDF
    assert file.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E0")
    assert file.headers["x-content-type-options"] == "nosniff"
    assert ("vikram", "case_file_read") in {note[:2] for note in noted}


@pytest.mark.parametrize(
    ("name", "media_type", "data", "words"),
    [
        ("x.html", "text/html", b"<script>x</script>", "Files of this kind cannot be attached."),
        ("x.pdf", "application/pdf", b"<html>", "Files of this kind cannot be attached."),
        ("x.svg", "image/svg+xml", b"<svg onload=x>", "Files of this kind cannot be attached."),
        ("x.pdf", "application/pdf", b"", "Nothing was written."),
        ("x.pdf", "application/pdf", PDF + b"x" * 5 * 1024 * 1024, "This is too large."),
    ],
)
def test_file_is_refused_when_it_is_of_no_use(enter, case, desk_store, toast, name, media_type, data, words):
    visitor = enter("asha")
    assert _upload(visitor, case, name, media_type, data).status_code == 303
    assert toast(visitor.get(f"/cases/{case}").text) == words
    assert desk_store.cases.attachments(case) == []


def test_upload_is_cut_off_when_it_says_that_it_is_huge(enter, case):
    visitor = enter("asha")
    answer = visitor.send(
        "POST",
        f"/cases/{case}/files",
        content=b"x",
        headers={"content-length": "99999999999", "content-type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 413


def test_file_is_refused_where_no_file_belongs(enter, case, desk_store):
    visitor = enter("asha")
    files = {"file": ("x.pdf", PDF, "application/pdf")}
    answer = visitor.send(
        "POST", f"/cases/{case}/note", data={"csrf": visitor.csrf, "text": "x"}, files=files
    )
    assert answer.status_code == 400
    assert [entry.kind for entry in desk_store.cases.timeline(case)] == ["alert_joined", "opened"]


def test_file_is_unknown_when_it_belongs_to_another_case(enter, open_cases, alert):
    first, second = open_cases(alert(1), alert(2))
    visitor = enter("asha")
    _upload(visitor, first, "a.pdf", "application/pdf", PDF)
    address = re.search(r'href="(/cases/\d+/files/\d+)"', visitor.get(f"/cases/{first}").text)[1]
    assert visitor.get(address).status_code == 200
    assert visitor.get(address.replace(f"/cases/{first}/", f"/cases/{second}/")).status_code == 404
    assert visitor.get(f"/cases/{first}/files/99999999999999999999999").status_code == 404


def test_item_is_ticked_and_released_when_pressed(enter, case, desk_store):
    visitor = enter("asha")
    visitor.send_form(f"/cases/{case}/check", item="called_customer", done="1")
    assert desk_store.cases.checklist(case)[0].done_by == "asha"
    assert 'aria-pressed="true"><span class="box"' in visitor.get(f"/cases/{case}").text
    visitor.send_form(f"/cases/{case}/check", item="called_customer", done="0")
    assert desk_store.cases.checklist(case)[0].done_by is None


def test_lock_is_taken_shown_and_returned(enter, case, desk_store, toast, words_of):
    visitor, other = enter("asha"), enter("ravi")
    visitor.send_form(f"/cases/{case}/lock")
    assert toast(visitor.get(f"/cases/{case}").text) == "The case is open for you alone."
    assert "asha has this case open" in words_of(other.get(f"/cases/{case}").text)
    other.send_form(f"/cases/{case}/lock")
    assert toast(other.get(f"/cases/{case}").text) == "A colleague has this case open."
    other.send_form(f"/cases/{case}/close", outcome="fraud", reason="stolen_card")
    assert toast(other.get(f"/cases/{case}").text) == "A colleague has this case open."
    assert desk_store.cases.get(case).state == "open"
    visitor.send_form(f"/cases/{case}/unlock")
    assert desk_store.cases.get(case).locked_by is None


def test_script_gets_the_state_of_the_lock_when_it_asks(enter, case, words_of):
    visitor, other = enter("asha"), enter("ravi")
    form = {"content-type": "application/x-www-form-urlencoded"}
    piece = visitor.send("POST", f"/cases/{case}/lock", headers={"x-csrf-token": visitor.csrf, **form})
    assert "Open for you" in piece.text
    assert "<html" not in piece.text
    piece = other.send("POST", f"/cases/{case}/lock", headers={"x-csrf-token": other.csrf, **form})
    assert "asha has this case open" in words_of(piece.text)
    beacon = urlencode({"csrf": visitor.csrf})
    answer = visitor.send("POST", f"/cases/{case}/unlock?leaving=1", content=beacon, headers=form)
    assert answer.status_code == 204
    assert visitor.send("POST", f"/cases/{case}/lock", headers=form).status_code == 403


def test_auditor_reads_a_case_and_can_do_nothing(enter, case, desk_store):
    visitor = enter("vikram")
    page = visitor.get(f"/cases/{case}")
    assert page.status_code == 200
    assert set(re.findall(r'<form method="post" action="([^"]+)"', page.text)) <= {"/settings", "/logout"}
    for act in (
        "note",
        "assign",
        "close",
        "confirm",
        "check",
        "reopen",
        "decline",
        "state",
        "lock",
        "unlock",
    ):
        assert visitor.send_form(f"/cases/{case}/{act}").status_code == 403, act
    assert [entry.kind for entry in desk_store.cases.timeline(case)] == ["alert_joined", "opened"]


def test_page_keeps_to_its_policy_when_a_case_is_full(enter, case, desk_store):
    visitor = enter("meera")
    desk_store.cases.note(case, "x" * 5_000, "ravi")
    for path in (f"/cases/{case}", "/queue", "/supervisor"):
        page = visitor.get(path).text
        assert " style=" not in page
        assert not re.findall(r"\son[a-z]+=", page)
        assert not re.findall(r"<script(?![^>]*\ssrc=)", page)
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        for name in re.findall(r'<label[^>]*\sfor="([^"]+)"', page):
            assert name in ids
