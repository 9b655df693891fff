from __future__ import annotations

import re

import pytest

from satark.cases.outbox import MessageState, PostedFilter
from satark.cases.signatures import PREFIX

XSS = "<img src=x onerror=alert(1)>"
PLACES = ("/webhooks", "/webhooks/1", "/webhooks/deliveries", "/webhooks/deliveries/1")
ACTS = (
    "/webhooks",
    "/webhooks/1/change",
    "/webhooks/1/rotate",
    "/webhooks/1/disable",
    "/webhooks/1/enable",
    "/webhooks/1/trial",
    "/webhooks/1/replay",
    "/webhooks/deliveries/1/again",
    "/webhooks/deliveries/1/arrived",
)


def fields(**changes):
    return {"name": "Core", "url": "https://a.example/hook", "topic": ["case.closed"], **changes}


def test_endpoint_is_added_and_its_secret_shown_once_when_the_form_is_sent(
    admin, outbox, desk_store, words_of
):
    page = admin.send_form("/webhooks", **fields(topic=["case.closed", "alert.opened"], resend="1"))
    assert page.status_code == 200
    (endpoint,) = outbox.endpoints.all()
    secret = outbox.endpoints.opening(endpoint.id).secrets[0]
    assert secret in page.text
    assert page.headers["cache-control"] == "no-store"
    assert (endpoint.topics, endpoint.resend_in_doubt, endpoint.created_by) == (
        ("alert.opened", "case.closed"),
        True,
        "vani",
    )
    for address in ("/webhooks", f"/webhooks/{endpoint.id}"):
        page = admin.get(address)
        assert "Core" in words_of(page)
        assert PREFIX not in page.text
    assert desk_store.audit.entries()[0].action == "endpoint_added"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"url": "ftp://a.example/"}, "The address begins with https://"),
        ({"url": "https://user:secret@a.example/"}, "must not hold a user name"),
        ({"url": "https://2130706433/"}, "no host that can be used"),
        ({"topic": []}, "choose at least one event"),
        ({"topic": ["webhook.ping"]}, "choose at least one event"),
        ({"name": " "}, "Please give a name"),
    ],
)
def test_form_comes_back_with_a_reason_when_something_is_wrong(admin, outbox, words_of, change, sentence):
    page = admin.send_form("/webhooks", **fields(**change))
    assert page.status_code == 400
    assert sentence in words_of(page)
    assert outbox.endpoints.all() == []
    if "url" in change:
        assert f'value="{change["url"]}"' in page.text


def test_endpoint_is_changed_when_its_form_is_sent(admin, endpoint, outbox):
    new = fields(name="New", url="https://b.example/", topic=["hold.requested"])
    page = admin.send_form(f"/webhooks/{endpoint.id}/change", **new)
    assert page.status_code == 303
    found = outbox.endpoints.get(endpoint.id)
    assert (found.name, found.url, found.topics) == ("New", "https://b.example/", ("hold.requested",))
    assert admin.send_form(f"/webhooks/{endpoint.id}/change", **fields(url="x")).status_code == 400


def test_secret_is_replaced_when_asked_for(admin, endpoint, outbox, words_of):
    old = outbox.endpoints.opening(endpoint.id).secrets[0]
    page = admin.send_form(f"/webhooks/{endpoint.id}/rotate")
    new = outbox.endpoints.opening(endpoint.id).secrets
    assert new[1] == old
    assert new[0] in page.text
    assert old not in page.text
    assert "signs as well" in words_of(admin.get(f"/webhooks/{endpoint.id}"))
    admin.send_form(f"/webhooks/{endpoint.id}/rotate", leaked="1")
    assert len(outbox.endpoints.opening(endpoint.id).secrets) == 1


def test_endpoint_is_turned_off_and_on_when_asked_for(admin, endpoint, outbox, words_of):
    admin.send_form(f"/webhooks/{endpoint.id}/disable")
    assert outbox.endpoints.get(endpoint.id).disabled_us is not None
    assert "The endpoint gets nothing any more." in words_of(admin.get(f"/webhooks/{endpoint.id}"))
    admin.send_form(f"/webhooks/{endpoint.id}/enable")
    assert outbox.endpoints.get(endpoint.id).disabled_us is None


def test_trial_is_put_down_when_asked_for(admin, endpoint, outbox, words_of):
    admin.send_form(f"/webhooks/{endpoint.id}/trial")
    (posted,) = outbox.posted(PostedFilter())
    assert (posted.topic, posted.endpoint_id) == ("webhook.ping", endpoint.id)
    assert "Trial" in words_of(admin.get(f"/webhooks/{endpoint.id}"))


def test_message_is_shown_with_its_attempts_when_opened(admin, endpoint, put, words_of, noted):
    number = put("doubt", case_id=7)
    page = admin.get(f"/webhooks/deliveries/{number}")
    words = words_of(page)
    assert "It was sent and no answer came in time." in words
    assert "12 ms" in words
    assert '"specversion": "1.0"' in words
    assert "<script>" not in page.text.partition("<main")[2]
    assert ("vani", "message_viewed", f"message/{number}") in noted


def test_words_and_address_of_a_customer_are_not_shown_when_a_notice_is_opened(admin, put, outbox):
    number = put("refused", channel="sms", target="+919876543210", key="n:1", topic="notice.requested")
    for address in (f"/webhooks/deliveries/{number}", "/webhooks/deliveries"):
        page = admin.get(address).text
        assert "…10" in page
        assert "9876543210" not in page
        assert "hello" not in page
    assert outbox.body(number) == b'{"text":"hello"}'


def test_message_goes_again_when_a_person_says_so(admin, endpoint, put, outbox, words_of):
    number = put("doubt")
    admin.send_form(f"/webhooks/deliveries/{number}/again")
    assert outbox.get(number).state is MessageState.WAITING
    page = admin.get(f"/webhooks/deliveries/{number}")
    assert "One message is sent again." in words_of(page)
    assert "/again" not in page.text
    admin.send_form(f"/webhooks/deliveries/{number}/again")
    assert "still under way" in words_of(admin.get(f"/webhooks/deliveries/{number}"))


def test_doubt_is_settled_when_a_person_knows(admin, endpoint, put, outbox, desk_store, words_of):
    number = put("doubt")
    assert "Mark as delivered" in words_of(admin.get(f"/webhooks/deliveries/{number}"))
    admin.send_form(f"/webhooks/deliveries/{number}/arrived")
    assert outbox.get(number).state is MessageState.SENT
    assert (desk_store.audit.entries()[0].actor, desk_store.audit.entries()[0].action) == (
        "vani",
        "message_settled",
    )
    admin.send_form(f"/webhooks/deliveries/{number}/arrived")
    assert "not in doubt any more" in words_of(admin.get(f"/webhooks/deliveries/{number}"))


def test_span_is_sent_again_when_an_endpoint_lost_it(admin, endpoint, put, outbox, words_of):
    number = put("refused")
    address = f"/webhooks/{endpoint.id}"
    for span, sentence in (
        ({"from": "2030-01-01T00:00"}, "nothing of this kind"),
        ({"from": "x"}, "times cannot be read"),
        ({"from": "2026-01-02T00:00", "to": "2026-01-01T00:00"}, "times cannot be read"),
        ({"from": "2001-01-01T00:00", "to": "2030-01-01T00:00"}, "One message is sent again."),
    ):
        admin.send_form(f"{address}/replay", **span)
        assert sentence in words_of(admin.get(address))
    assert outbox.get(number).state is MessageState.WAITING


def test_delivered_ones_go_again_when_they_are_asked_for(admin, endpoint, put, outbox):
    number = put("sent")
    admin.send_form(f"/webhooks/{endpoint.id}/replay")
    assert outbox.get(number).state is MessageState.SENT
    admin.send_form(f"/webhooks/{endpoint.id}/replay", which="all")
    assert outbox.get(number).state is MessageState.WAITING


def test_list_is_limited_when_state_or_way_is_chosen(admin, endpoint, put):
    put("doubt")
    put("refused", channel="sms", target="+919876543210", key="n:1", topic="notice.requested")
    shown = {
        query: re.findall(r"/webhooks/deliveries/(\d+)", admin.get(f"/webhooks/deliveries{query}").text)
        for query in ("", "?state=unknown", "?channel=sms", "?state=unknown&channel=sms", "?state=nonsense")
    }
    assert [len(set(found)) for found in shown.values()] == [2, 1, 1, 0, 2]


def test_older_ones_follow_when_there_are_many(admin, endpoint, desk_store, outbox):
    from satark.cases.ports import Message

    with desk_store.writing() as connection:
        outbox.put_all(connection, [Message("case.closed", f"k:{one}", "", "", b"{}") for one in range(60)])
    page = admin.get(f"/webhooks/{endpoint.id}").text
    assert len(set(re.findall(r"/webhooks/deliveries/(\d+)", page))) == 50
    following = re.search(r'href="(/webhooks/\d+\?before=\d+)"', page)[1]
    assert len(set(re.findall(r"/webhooks/deliveries/(\d+)", admin.get(following).text))) == 10


@pytest.mark.parametrize("before", ["x", "-1", "१", "1.5"])
def test_place_is_refused_when_it_is_no_number(admin, before):
    assert admin.get(f"/webhooks/deliveries?before={before}").status_code == 400


@pytest.mark.parametrize("username", ["asha", "meera", "vikram", "tara", "om", "nila"])
def test_page_is_refused_when_the_role_may_not_manage_webhooks(enter, endpoint, put, username, outbox):
    put("doubt")
    visitor = enter(username)
    for address in PLACES:
        assert visitor.get(address).status_code == 403, address
    for address in ACTS:
        assert visitor.send_form(address, **fields()).status_code == 403, address
    assert outbox.get(1).state is MessageState.UNKNOWN
    assert outbox.endpoints.get(1).disabled_us is None


def test_login_is_asked_for_when_nobody_is_there(console, make_visitor, endpoint, put):
    put("doubt")
    nobody = make_visitor(console)
    for address in PLACES:
        assert nobody.get(address).headers["location"].startswith("/login"), address
    for address in ACTS:
        assert nobody.post(address, fields()).status_code in {303, 403}, address


def test_act_is_refused_when_the_form_is_not_ours(admin, endpoint, outbox):
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.test"}):
        response = admin.post(f"/webhooks/{endpoint.id}/disable", {"csrf": "x"}, headers=headers)
        assert response.status_code == 403
    assert admin.post(f"/webhooks/{endpoint.id}/disable", {"csrf": "wrong"}).status_code == 403
    assert outbox.endpoints.get(endpoint.id).disabled_us is None


@pytest.mark.parametrize("number", [99, 2**63 - 1, 2**63, 10**30])
def test_nothing_is_found_when_the_number_is_not_there(admin, number):
    for address in (f"/webhooks/{number}", f"/webhooks/deliveries/{number}"):
        assert admin.get(address).status_code == 404
    for address in (
        f"/webhooks/{number}/rotate",
        f"/webhooks/{number}/trial",
        f"/webhooks/deliveries/{number}/again",
    ):
        assert admin.send_form(address).status_code == 404


def test_nothing_executes_when_a_name_is_a_script(admin, outbox):
    admin.send_form("/webhooks", **fields(name=XSS, url="https://a.example/?<script>alert(1)</script>"))
    admin.send_form("/webhooks", **fields(name=XSS, url="https://a.example/?%3Cscript%3E"))
    for address in ("/webhooks", "/webhooks/1"):
        page = admin.get(address).text
        assert XSS not in page
        assert "<script>alert" not in page


def test_page_is_hindi_when_chosen(enter, endpoint, put, words_of):
    number = put("doubt")
    visitor = enter(lang="hi")
    for address in (*PLACES[:3], f"/webhooks/deliveries/{number}"):
        words = words_of(visitor.get(address))
        assert re.search("[\u0900-\u097f]", words)
        assert "Attempts" not in words
    assert "संदिग्ध" in words_of(visitor.get("/webhooks/deliveries"))


def test_case_shows_how_its_messages_stand_when_it_is_opened(enter, desk_store, put, words_of):
    from satark.cases.model import NewAlert
    from satark.policies.case_rules import JoinRule

    with desk_store.writing() as connection:
        new = NewAlert(1, 1, "p1", 1, "hold", 0.5, 100, "cards", 60, (), (), (), four_eyes=False)
        (alert,) = desk_store.cases.take_in(connection, [new], JoinRule(frozenset({"card"}), 60, 9))
    target = {"channel": "sms", "target": "+919876543210", "topic": "notice.requested"}
    put("doubt", key="n:1", case_id=alert.case_id, **target)
    put(key="n:2", case_id=alert.case_id + 1, **target)
    page = enter("asha").get(f"/cases/{alert.case_id}")
    words = words_of(page)
    assert "Sent about this case In doubt A customer is to be told SMS …10" in words
    assert "9876543210" not in page.text
    assert "/webhooks/deliveries" not in page.text
    assert "/webhooks/deliveries/1" in enter("vani").get(f"/cases/{alert.case_id}").text
