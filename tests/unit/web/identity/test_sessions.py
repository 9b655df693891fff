from __future__ import annotations

import pytest

from satark.web import sessions as rules


def test_session_survives_when_the_pages_start_again(setup, come):
    setup.add()
    visitor = come(setup)
    visitor.enter()
    visitor.web = setup.again()
    assert visitor.get("/").status_code == 200
    token = visitor.token("/")
    assert visitor.post("/logout", {"csrf": token}).headers["location"] == "/login"
    assert visitor.get("/").status_code == 303
    assert setup.desk.identity.sessions.of("asha") == []


def test_nothing_that_opens_a_session_is_kept_when_the_table_is_read(setup, come):
    setup.add()
    visitor = come(setup)
    visitor.enter()
    value, token = visitor.cookies["satark_session"], visitor.token("/")
    with setup.desk.reading() as connection:
        row = [str(cell) for cell in connection.exec_driver_sql("SELECT * FROM staff_sessions").one()]
    assert not any(value in cell or token in cell for cell in row)
    record = setup.desk.identity.sessions.of("asha")[0]
    for stolen in (record.key.hex(), record.id, rules.token_of(value)):
        visitor.cookies.clear()
        visitor.cookies.set("satark_session", stolen)
        assert visitor.get("/").status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        lambda staff: staff.change_role("asha", "viewer"),
        lambda staff: staff.disable("asha"),
        lambda staff: staff.change_password("asha", "another long password"),
    ],
    ids=["role", "access", "password"],
)
def test_session_ends_at_once_when_the_member_is_changed_elsewhere(setup, come, change):
    setup.add("admin", "administrator")
    setup.add()
    visitor = come(setup)
    visitor.enter()
    setup.clock.advance(1)
    change(setup.storage.staff)
    assert visitor.get("/").headers["location"] == "/login"
    assert setup.desk.identity.sessions.of("asha") == []


def test_session_stays_ended_when_the_access_is_restored(setup, come):
    setup.add("admin", "administrator")
    setup.add()
    visitor = come(setup)
    visitor.enter()
    setup.clock.advance(1)
    setup.storage.staff.disable("asha")
    setup.clock.advance(1)
    setup.storage.staff.enable("asha")
    assert visitor.get("/").status_code == 303


def test_use_is_written_down_once_a_minute_when_a_session_is_used(setup, come):
    setup.add()
    visitor = come(setup)
    visitor.enter()
    seen = []
    for _ in range(4):
        setup.clock.advance(25)
        visitor.get("/")
        seen.append((setup.desk.identity.sessions.of("asha")[0].seen_us - setup.clock.now_us()) // 10**6)
    assert seen == [-25, -50, 0, -25]


def test_page_that_is_merely_open_does_not_keep_a_session_when_it_asks(setup, come):
    setup.add()
    visitor = come(setup)
    visitor.enter()
    cookie, sessions = visitor.cookies["satark_session"], setup.web.desk.sessions
    setup.clock.advance(1_799)
    assert sessions.find(cookie, touch=False) is not None
    setup.clock.advance(1)
    assert visitor.get("/").status_code == 303


def test_cookie_that_somebody_chose_is_worth_nothing_when_the_member_logs_in(setup, come):
    setup.add()
    visitor = come(setup)
    visitor.cookies.set("satark_session", "chosen", domain="pages.test", path="/")
    visitor.enter()
    assert visitor.get("/").status_code == 200
    attacker = come(setup)
    attacker.cookies.set("satark_session", "chosen")
    assert attacker.get("/").status_code == 303


def test_session_of_before_ends_when_the_same_browser_logs_in_again(setup, come):
    setup.add()
    visitor = come(setup)
    visitor.enter()
    first = visitor.cookies["satark_session"]
    # The form is open in another tab, from before the login.
    other = come(setup)
    token = other.token("/login")
    other.cookies.set("satark_session", first, domain="pages.test", path="/")
    form = {"csrf": token, "username": "asha", "password": "correct horse battery"}
    assert other.post("/login", form).status_code == 303
    assert len(setup.desk.identity.sessions.of("asha")) == 1
    assert visitor.get("/").status_code == 303


def test_visitor_comes_to_where_he_wanted_when_he_has_logged_in(setup, come):
    setup.add()
    visitor = come(setup)
    visitor.get("/decisions/3?x=%3Cb%3E")
    assert visitor.enter().headers["location"] == "/decisions/3?x=%3Cb%3E"
    assert "satark_wish" not in visitor.cookies


@pytest.mark.parametrize(
    "wish", ["//evil.test", "https://evil.test", "/\\\\evil.test", "/a;b", "/\r\nx: y", "x" * 2_000]
)
def test_login_ends_at_the_first_page_when_the_wish_is_not_ours(setup, come, wish):
    setup.add()
    visitor = come(setup)
    visitor.headers["cookie"] = f'satark_wish="{wish}"' if wish.isprintable() else "satark_wish=x"
    token = visitor.token("/login")
    jar = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    visitor.headers["cookie"] += f"; {jar}"
    response = visitor.post(
        "/login", {"csrf": token, "username": "asha", "password": "correct horse battery"}
    )
    assert (response.status_code, response.headers["location"]) == (303, "/")
