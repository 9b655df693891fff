from __future__ import annotations

import pytest


@pytest.mark.parametrize("path", ["/", "/decisions/1", "/live/rows"])
def test_visitor_is_sent_to_the_form_when_not_logged_in(visitor, path):
    response = visitor.get(path)
    assert (response.status_code, response.headers["location"]) == (303, "/login")


def test_whole_page_is_changed_when_htmx_asks_without_a_session(visitor):
    response = visitor.get("/live/rows", headers={"hx-request": "true"})
    assert (response.status_code, response.headers["hx-redirect"]) == (401, "/login")


def test_stream_ends_for_good_when_not_logged_in(visitor):
    assert visitor.get("/live/stream").status_code == 204


def test_member_sees_the_pages_when_the_password_is_right(visitor):
    response = visitor.enter()
    assert (response.status_code, response.headers["location"]) == (303, "/")
    cookie = next(line for line in response.headers.get_list("set-cookie") if "satark_session=" in line)
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert visitor.get("/").status_code == 200
    assert visitor.get("/login").headers["location"] == "/"


def test_cookie_is_bound_to_https_when_the_setting_says_so(make_web, make_visitor):
    response = make_visitor(make_web(secure_cookies=True)).get("/login")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-satark_login=")
    assert "Secure" in cookie
    assert response.headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("username", "password"), [("asha", "wrong"), ("nobody", "x"), ("", ""), ("asha", "x" * 2_000)]
)
def test_answer_is_the_same_when_name_or_password_is_wrong(visitor, username, password):
    response = visitor.enter(password, username)
    assert response.status_code == 403
    assert "The name or the password is wrong." in response.text
    assert visitor.get("/").status_code == 303


def test_guessing_is_slowed_when_a_name_fails_often(visitor, staff, ticks):
    for _ in range(5):
        visitor.enter("wrong")
    response = visitor.enter()
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) == 300
    assert len(staff.asked) == 5
    ticks.now += 301
    assert visitor.enter().status_code == 303


def test_guessing_is_slowed_when_an_address_tries_many_names(visitor, staff):
    for number in range(21):
        visitor.enter("wrong", f"name{number}")
    assert len(staff.asked) == 20


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_form_is_refused_when_its_token_is_not_ours(visitor, staff, token):
    visitor.get("/login")
    response = visitor.post(
        "/login", {"csrf": token, "username": "asha", "password": "correct horse battery"}
    )
    assert response.status_code == 403
    assert staff.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.test"},
        {"origin": "null"},
    ],
)
def test_form_is_refused_when_another_site_sends_it(visitor, staff, headers):
    assert visitor.enter(headers=headers).status_code == 403
    assert staff.asked == []


def test_form_is_taken_when_the_browser_says_it_is_ours(visitor):
    headers = {"sec-fetch-site": "same-origin", "origin": "http://pages.test"}
    assert visitor.enter(headers=headers).status_code == 303


def test_form_is_refused_when_it_is_too_large_or_no_form(visitor):
    assert visitor.post("/login", {"csrf": "x" * 200_000}).status_code == 413
    assert visitor.send("POST", "/login", json={"username": "asha"}).status_code == 400


def test_session_ends_when_the_member_leaves(member):
    token = member.token("/")
    cookies = dict(member.cookies)
    assert member.post("/logout", {"csrf": token}).headers["location"] == "/login"
    member.cookies.update(cookies)
    assert member.get("/").status_code == 303


def test_session_stays_when_another_site_asks_to_leave(member):
    assert member.post("/logout", {"csrf": "guess"}).status_code == 403
    assert member.get("/").status_code == 200


def test_session_ends_when_nobody_is_there(member, clock):
    clock.advance(1_799)
    assert member.get("/").status_code == 200
    clock.advance(1_800)
    assert member.get("/").status_code == 303


def test_session_ends_when_its_time_is_over(member, clock):
    for _ in range(24):
        clock.advance(1_799)
        member.get("/")
    clock.advance(100)
    assert member.get("/").status_code == 303


def test_logins_are_noted_when_there_is_an_audit_trail(make_web, make_visitor):
    notes = []
    web = make_web(audit=lambda actor, action, subject, detail: notes.append((actor, action, subject)))
    visitor = make_visitor(web)
    visitor.enter("wrong")
    visitor.enter()
    visitor.get("/decisions/3")
    assert notes == [
        ("-", "login_failed", "asha"),
        ("asha", "login", "asha"),
        ("asha", "decision_viewed", "p3"),
    ]
