from __future__ import annotations

import pytest

from satark.cases.figures import AnalystLoad, BacklogBand, DeskLoad
from satark.cases.model import CaseOutcome
from satark.web.supervisor.figures import backlog_of, loads_of, mix_of


def _load(**changes):
    fields = {
        "at_us": 0,
        "backlog": (),
        "outcomes": {},
        "analysts": (),
        "rules": (),
        "n_unassigned": 0,
        "n_proposed": 0,
        "saved_minor": 0,
        "lost_minor": 0,
    }
    return DeskLoad(**{**fields, **changes})


def test_figures_are_shown_when_cases_were_worked_on(enter, open_cases, alert, desk_store, words_of, clock):
    ids = open_cases(*(alert(seq) for seq in range(1, 6)))
    desk_store.cases.assign([ids[0]], "ravi", "meera")
    desk_store.cases.close([ids[1]], CaseOutcome.FRAUD, "stolen_card", "asha")
    desk_store.cases.close([ids[2]], CaseOutcome.GENUINE, "known_behaviour", "asha")
    clock.advance(7_200)
    text = words_of(enter("meera").get("/supervisor").text)
    assert "Open cases 3 ₹10,000" in text
    assert "Overdue 3" in text
    assert "Unassigned 2" in text
    assert "Fraud 1 (50 %)" in text
    assert "Genuine 1 (50 %)" in text
    assert "card_velocity 50 %" in text
    assert "ravi" in text


def test_page_is_calm_when_there_is_nothing(enter, words_of):
    for lang, words in (("en", "No case is open."), ("hi", "कोई मामला खुला नहीं है।")):
        assert words in words_of(enter("meera", lang).get("/supervisor").text)


@pytest.mark.parametrize("username", ["asha", "vikram"])
def test_page_is_forbidden_when_the_role_does_not_lead(enter, username):
    visitor = enter(username)
    assert visitor.get("/supervisor").status_code == 403
    assert visitor.send_form("/supervisor/spread", number="5", person="asha").status_code == 403


def test_unassigned_cases_are_dealt_out_in_turn(enter, open_cases, alert, desk_store, toast):
    ids, visitor = open_cases(*(alert(seq) for seq in range(1, 6))), enter("meera")
    desk_store.cases.assign([ids[4]], "meera", "meera")
    answer = visitor.send_form(
        "/supervisor/spread", queue="cards", number="3", person=["asha", "ravi", "gone", "vikram"]
    )
    assert answer.headers["location"] == "/supervisor"
    assert toast(visitor.get("/supervisor").text) == "3 cases were assigned."
    owners = [desk_store.cases.get(case).assignee for case in ids]
    # The four that nobody had are dealt by their risk; the least of them stays.
    assert owners[0] is None
    assert owners[4] == "meera"
    assert sorted(owners[1:4]) in (["asha", "asha", "ravi"], ["asha", "ravi", "ravi"])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"number": "3"}, "Choose a colleague first."),
        ({"number": "3", "person": "vikram"}, "Choose a colleague first."),
        ({"number": "3", "person": "asha", "queue": "upi"}, "No unassigned case is waiting here."),
        ({"number": "0", "person": "asha"}, "No unassigned case is waiting here."),
    ],
)
def test_nothing_is_dealt_out_when_there_is_nobody_or_nothing(enter, open_cases, alert, toast, fields, words):
    open_cases(alert(1))
    visitor = enter("meera")
    visitor.send_form("/supervisor/spread", **fields)
    assert toast(visitor.get("/supervisor").text) == words


def test_number_is_refused_when_it_is_none(enter):
    assert enter("meera").send_form("/supervisor/spread", number="many", person="asha").status_code == 400


def test_backlog_is_a_full_table_when_queues_have_different_ages():
    young, old = (0, 3_600), (3_600, None)
    backlog = backlog_of(
        _load(
            backlog=(
                BacklogBand("cards", *young, 2, 0, 500),
                BacklogBand("cards", *old, 1, 1, 700),
                BacklogBand("upi", *old, 4, 3, 100),
            )
        )
    )
    assert [tuple(band) for band in backlog.bands] == [young, old]
    assert [[cell and cell.n_cases for cell in row.cells] for row in backlog.rows] == [[2, 1], [None, 4]]
    assert (backlog.n_cases, backlog.n_overdue, backlog.amount_minor) == (7, 4, 1_300)


def test_bands_are_in_order_when_the_oldest_has_no_end():
    bands = backlog_of(
        _load(backlog=(BacklogBand("a", 60, None, 1, 0, 0), BacklogBand("b", 60, 120, 1, 0, 0)))
    ).bands
    assert [band.to_seconds for band in bands] == [120, None]


def test_slices_fill_the_bar_when_outcomes_are_mixed():
    slices = mix_of(_load(outcomes={"fraud": 1, "genuine": 3}))
    assert [(part.outcome, part.x, part.width) for part in slices] == [
        ("fraud", 0.0, 25.0),
        ("genuine", 25.0, 75.0),
    ]
    assert mix_of(_load()) == []


def test_who_has_most_comes_first_and_who_left_is_marked():
    rows = loads_of(
        _load(analysts=(AnalystLoad("asha", 1, 0, 0, 0, None), AnalystLoad("gone", 4, 4, 0, 0, 60))), ["asha"]
    )
    assert [(row.load.user, row.width, row.known) for row in rows] == [
        ("gone", 100.0, False),
        ("asha", 25.0, True),
    ]
