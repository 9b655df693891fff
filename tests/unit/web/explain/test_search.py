from __future__ import annotations

import html
import re

import pytest
from tests.support.console import NOW_US

from satark.cases.model import NewAlert
from satark.policies.case_rules import JoinRule

PERSON = {"customer": {"id": "cust-88121", "phone": "+919876543210", "email": "asha.k@example.in"}}


def _words(page):
    main = page.split('<main id="main">')[1]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", main)))


@pytest.fixture
def find(world, analyst):
    """Search as people do: by the form, following it to the results."""
    world.pay("order-7781", payee={"vpa": "ramesh.g@exbank"}, **PERSON)

    def search(text, visitor=None):
        visitor = visitor or analyst
        answer = visitor.get("/search", params={"q": text})
        assert answer.status_code == 303
        return visitor.get(answer.headers["location"])

    return search


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("98765 43210", "Phone …10"),
        ("+919876543210", "Phone …10"),
        ("asha.k@example.in", "E-mail a…@example.in"),
        ("ramesh.g@", "UPI address r…@exbank"),
        ("cust-88", "Customer cu…21"),
        ("tok_5f3a9c01ab77", "Card tok_…01ab77"),
    ],
)
def test_thing_is_found_when_searched_for(find, text, kind):
    assert kind in _words(find(text).text)


def test_decision_is_found_when_its_event_id_is_searched_for(find):
    page = find("order-7781").text
    assert 'href="/decisions/2"' in page


def test_decision_and_case_are_found_when_a_number_is_searched_for(world, find):
    alert = NewAlert(
        2, 1, "order-7781", NOW_US, "hold", 0.6, 50_000, "review", 7_200, (), (), (), four_eyes=False
    )
    with world.desk.writing() as connection:
        case_id = world.desk.cases.take_in(connection, [alert], JoinRule(frozenset(), 1, 1))[0].case_id
    page = find("order-7781").text
    assert f'href="/cases/{case_id}"' in page
    assert f'href="/cases/{case_id}"' in find(f"#{case_id}").text
    assert 'href="/decisions/2"' in find("2").text


def test_cases_are_left_out_when_the_role_may_not_see_them(world, find, enter):
    alert = NewAlert(
        2, 1, "order-7781", NOW_US, "hold", 0.6, 50_000, "review", 7_200, (), (), (), four_eyes=False
    )
    with world.desk.writing() as connection:
        world.desk.cases.take_in(connection, [alert], JoinRule(frozenset(), 1, 1))
    assert "/cases/" not in find("order-7781", enter("author")).text


def test_text_is_not_in_the_address_when_searched_for(world, analyst):
    location = analyst.get("/search", params={"q": "+919876543210"}).headers["location"]
    assert "9876543210" not in location
    assert analyst.get("/search", params={"q": " +919876543210  "}).headers["location"] == location


def test_text_is_not_in_the_audit_trail_when_searched_for(world, find):
    find("+919876543210")
    assert "searched" in [note[1] for note in world.notes]
    assert all("9876543210" not in str(note) for note in world.notes)


def test_nothing_is_said_when_nothing_is_found(find):
    assert "Nothing was found." in find("nobody-at-all").text


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' OR 1=1 --",
        "%",
        "_",
        "\U0001f600",
        "a" * 5_000,
        "0" * 60,
    ],
)
def test_page_stays_whole_when_the_text_is_meant_badly(find, text):
    response = find(text)
    assert response.status_code == 200
    assert "<script>alert" not in response.text
    assert "<img" not in response.text


@pytest.mark.parametrize("text", ["", "   ", "\x00\x01"])
def test_form_is_shown_again_when_there_is_no_text(world, analyst, text):
    assert analyst.get("/search", params={"q": text}).status_code == 200


def test_search_is_refused_when_the_address_was_made_up(world, analyst):
    assert analyst.get("/search/" + "A" * 40).status_code == 404


def test_search_is_refused_when_the_role_may_not(world, enter):
    assert enter("viewer").get("/search").status_code == 403
