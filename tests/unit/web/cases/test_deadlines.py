"""A deadline that presses is said on every page, in the queue and on the case, and stays fresh."""

from __future__ import annotations

import re

import pytest

from satark.cases.model import CaseOutcome
from satark.core.errors import StorageUnavailable
from satark.web.deadlines import FRESH_US, DueClock

HOUR = 3_600


def badge(page):
    found = re.search(r'<span id="due".*?</span></a>', page, re.DOTALL)
    return "" if found is None else " ".join(re.sub(r"<[^>]*>", " ", found[0]).split())


def test_the_bar_counts_ones_own_pressing_cases_on_every_page(enter, open_cases, alert, desk_store, clock):
    mine = open_cases(alert(1), alert(2, deadline_seconds=60), alert(3))
    desk_store.cases.assign(mine[:2], "asha", "asha")
    assert badge(enter("asha").get("/queue").text) == ""
    clock.advance(50 * 60)
    asha, ravi = enter("asha"), enter("ravi")
    for path in ("/queue", "/search", "/account", f"/cases/{mine[0]}"):
        assert badge(asha.get(path).text) == "2 1 of yours overdue, 1 of yours due soon", path
    assert badge(ravi.get("/queue").text) == ""
    assert "of yours" in asha.get("/queue/due").text
    assert ravi.get("/queue/due").text.strip() == ""


def test_who_may_not_work_on_cases_has_no_badge(enter, open_cases, alert):
    open_cases(alert(1))
    vikram = enter("vikram")
    assert 'id="due"' not in vikram.get("/queue").text
    assert vikram.get("/queue/due").status_code == 403


@pytest.mark.parametrize(
    ("minutes", "row", "words"),
    [(0, "", "1 h left"), (50, "soon", "10 min left"), (61, "late", "1 min late")],
)
def test_the_queue_and_the_case_say_how_a_deadline_stands(
    enter, open_cases, alert, words_of, clock, minutes, row, words
):
    (case,) = open_cases(alert(1))
    clock.advance(minutes * 60)
    asha = enter("asha")
    rows = asha.get("/queue/rows").text
    classes = re.search(rf'class="case-row ([^"]*)" id="c{case}"', rows)[1].split()
    assert classes == ["state-open", *([row] if row else [])]
    piece = asha.get(f"/cases/{case}/clock").text
    assert words in piece
    assert piece in asha.get(f"/cases/{case}").text
    assert ("Overdue" in piece, "Due soon" in piece) == (row == "late", row == "soon")


def test_a_closed_case_has_no_clock_and_an_unknown_one_none_either(enter, open_cases, alert, desk_store):
    (case,) = open_cases(alert(1))
    desk_store.cases.close([case], CaseOutcome.GENUINE, "known_behaviour", "asha")
    asha = enter("asha")
    assert asha.get(f"/cases/{case}/clock").status_code == 204
    assert asha.get("/cases/999/clock").status_code == 404


def test_a_reminder_stands_in_the_timeline_in_both_languages(
    enter, open_cases, alert, desk_store, clock, words_of
):
    (case,) = open_cases(alert(1, deadline_seconds=60))
    clock.advance(120)
    assert desk_store.cases.remind() == 1
    assert "on the deadline: it has passed" in words_of(enter("asha").get(f"/cases/{case}").text)
    assert "समय-सीमा बीत चुकी है" in words_of(enter("asha", "hi").get(f"/cases/{case}").text)


class Cases:
    def __init__(self):
        self.asked = 0

    def due(self, user):
        self.asked += 1
        if user == "broken":
            message = "no"
            raise StorageUnavailable(message)
        return user


def test_the_badge_asks_the_desk_once_in_a_while_and_never_breaks_a_page(clock):
    cases, due = Cases(), DueClock(clock)
    assert [due.of(cases, "asha") for _ in range(3)] == ["asha"] * 3
    assert due.of(cases, "broken") is due.of(cases, "broken") is None
    assert cases.asked == 2
    clock.advance(FRESH_US / 1_000_000)
    due.of(cases, "asha")
    assert cases.asked == 3
