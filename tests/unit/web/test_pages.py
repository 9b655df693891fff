from __future__ import annotations

import re

import pytest

from satark.core.errors import StorageUnavailable
from satark.events.examples import GOLD_COIN_BY_CARD, TRANSFER_BY_UPI

PERSONAL = [
    "cust-88121",
    "9876543210",
    "asha.k@",
    "4111 1111",
    "Brigade Road",
    "Park Street",
    "560001",
    "203.0.113.7",
    "dev-51c0",
]


def test_decisions_are_listed_newest_first_when_the_page_opens(member):
    page = member.get("/").text
    assert re.findall(r'id="d(\d+)"', page) == ["3", "2", "1"]
    assert "₹76,450.00" in page
    assert "6 payments on this card in 10 minutes; limit 4" in page
    assert "and 1 more" in page


def test_words_are_hindi_when_the_browser_asks_for_it(web, make_visitor):
    visitor = make_visitor(web, "hi-IN,hi;q=0.9,en;q=0.5")
    visitor.enter()
    page = visitor.get("/").text
    assert '<html lang="hi"' in page
    assert "10 मिनट में इस कार्ड से 6 भुगतान; सीमा 4" in page
    assert "रोककर रखा" in page
    assert "Held" not in page


def test_choice_is_remembered_when_language_and_theme_are_switched(member):
    response = member.post("/settings", {"lang": "hi", "back": "/decisions/3"})
    assert (response.status_code, response.headers["location"]) == (303, "/decisions/3")
    member.post("/settings", {"theme": "dark", "back": "/"})
    page = member.get("/").text
    assert '<html lang="hi" data-theme="dark">' in page


@pytest.mark.parametrize(
    "back", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:x", "/a\r\nx: y"]
)
def test_visitor_stays_with_us_when_the_way_back_leads_away(visitor, back):
    response = visitor.post("/settings", {"lang": "xx", "theme": "pink", "back": back})
    assert response.headers["location"] == "/"
    assert "set-cookie" not in response.headers


def test_list_is_limited_when_an_action_is_chosen(member):
    page = member.get("/?action=hold").text
    assert re.findall(r'id="d(\d+)"', page) == ["3"]
    assert 'sse-connect="/live/stream?action=hold"' in page
    assert re.findall(r'id="d(\d+)"', member.get("/?action=nonsense").text) == ["3", "2", "1"]


def test_older_ones_are_given_when_asked_for(member):
    assert re.findall(r'id="d(\d+)"', member.get("/live/rows?before=3").text) == ["2", "1"]
    assert re.findall(r'id="d(\d+)"', member.get("/live/rows?before=3&action=allow").text) == ["1"]


@pytest.mark.parametrize("before", ["x", "-1", "1.5", "9" * 30, "१"])
def test_place_is_refused_when_it_is_no_number(member, before):
    assert member.get(f"/live/rows?before={before}").status_code == 400


def test_decision_is_shown_in_full_when_opened(member):
    page = member.get("/decisions/3").text
    for text in ("card_velocity", "card_payments_10m", "9c1f0a7be2d4", "26 µs", "tanvi-jewels"):
        assert text in page


def test_personal_data_is_not_on_any_page_when_it_is_in_the_event(member, log, entry):
    log.entries.append(entry(4, body={**GOLD_COIN_BY_CARD, "card": {"token": "tok_secret", "last4": "1111"}}))
    log.entries.append(entry(5, body=TRANSFER_BY_UPI))
    pages = "".join(member.get(path).text for path in ("/", "/decisions/4", "/decisions/5", "/live/rows"))
    assert "•••• 1111" in pages
    for text in [*PERSONAL, "tok_secret", "ramesh.g", "quick-loan.77"]:
        assert text not in pages


@pytest.mark.parametrize(
    "path", ["/decisions/99", "/decisions/99999999999999999999999", "/nothing", "/static/none.js"]
)
def test_page_says_so_when_there_is_nothing(member, path):
    response = member.get(path)
    assert response.status_code == 404
    if "static" not in path:
        assert "There is nothing here" in response.text


def test_decision_is_still_shown_when_its_body_was_removed(member, log, entry):
    log.entries.append(entry(4, "block", body=None))
    assert "Body removed by retention" in member.get("/decisions/4").text
    assert 'id="d4"' in member.get("/").text


def test_row_is_left_out_when_its_decision_cannot_be_read(member, log, entry):
    log.entries.append(entry(4, score="high"))
    assert 'id="d4"' not in member.get("/").text
    assert member.get("/decisions/4").status_code == 404


def test_text_is_escaped_when_an_event_holds_markup(member, log, entry):
    reason = {"code": "<b>", "en": "<script>x</script>", "hi": "<i>", "numbers": {"<u>": "<s>"}}
    body = {**GOLD_COIN_BY_CARD, "lines": [{"title": "<img src=x>"}], "payee": {"merchant": "<a>"}}
    log.entries.append(entry(4, "hold", reasons=[reason], body=body))
    for path in ("/", "/decisions/4"):
        page = member.get(path).text
        for tag in ("<script>x", "<img", "<u>", "<s>", "<a>"):
            assert tag not in page


def test_what_was_found_is_shown_when_a_policy_only_observes(member, log, entry):
    log.entries.append(entry(4, "allow", would="block", mode="observe"))
    page = member.get("/decisions/4").text
    assert "Blocked" in page
    assert "observed only" in page


def test_page_says_so_when_the_database_is_gone(member, log):
    log.broken = True
    response = member.get("/")
    assert response.status_code == 503
    assert "The database does not answer" in response.text
    assert response.headers["content-security-policy"]


def test_nothing_is_told_when_something_breaks(member, log):
    log.get = lambda seq: 1 / 0
    response = member.get("/decisions/3")
    assert response.status_code == 500
    assert "Something broke on our side" in response.text
    assert "division" not in response.text
    assert response.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/login", "/decisions/3", "/nothing"])
def test_page_keeps_to_its_policy_when_opened(member, path):
    response = member.get(path)
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert response.headers["cache-control"] == "no-store"
    assert " style=" not in response.text
    assert not re.findall(r"\son[a-z]+=", response.text)
    assert not re.findall(r"<script(?![^>]*\ssrc=)", response.text)
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', response.text)


def test_files_are_kept_by_browsers_when_named_by_content(visitor):
    page = visitor.get("/login").text
    for path in re.findall(r'href="(/static/[^"]+)"', page):
        response = visitor.get(path)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_method_is_refused_when_a_page_does_not_take_it(visitor, method):
    assert visitor.send(method, "/login").status_code == 405


def test_storage_error_is_named_when_the_key_store_fails(visitor, staff):
    def fail(username, password):
        raise StorageUnavailable("gone")

    staff.verify = fail
    assert visitor.enter().status_code == 503
