from __future__ import annotations

import re

import pytest

PASSWORD = "correct horse battery"
NEW = "a sentence nobody guesses"


def change(visitor, submit, **values):
    form = {"present": PASSWORD, "new": NEW, "again": NEW, **values}
    return submit(visitor, "/account", "/account/password", **form)


@pytest.fixture
def asha(setup, come):
    setup.add()
    visitor = come(setup)
    visitor.enter()
    return visitor


def test_password_is_changed_and_other_sessions_end_when_asked(setup, come, asha, submit):
    other = come(setup)
    other.enter()
    setup.clock.advance(1)
    response = change(asha, submit)
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert asha.get("/").status_code == 200
    assert other.get("/").status_code == 303
    assert come(setup).enter().status_code == 403
    assert come(setup).enter(NEW).status_code == 303
    assert ("asha", "staff_password_changed", "asha") in setup.staff_trail()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"present": "wrong"}, "The present password is wrong."),
        ({"again": NEW + "x"}, "The two new passwords differ."),
        ({"new": "short", "again": "short"}, "at least 12 characters"),
        ({"new": "x" * 257, "again": "x" * 257}, "at least 12 characters"),
        ({"new": "my name is asha", "again": "my name is asha"}, "must not contain your name"),
        ({"new": PASSWORD, "again": PASSWORD}, "the same as the present one"),
        ({"new": "", "again": ""}, "at least 12 characters"),
    ],
)
def test_password_stays_when_the_form_is_wrong(setup, come, asha, submit, values, sentence):
    response = change(asha, submit, **values)
    assert response.status_code in (400, 403)
    assert sentence in response.text
    assert come(setup).enter().status_code == 303


def test_guessing_the_present_password_is_slowed_when_it_fails_often(asha, submit):
    for _ in range(5):
        assert change(asha, submit, present="wrong").status_code == 403
    assert change(asha, submit).status_code == 429


def test_first_password_must_be_changed_before_anything_opens_when_somebody_else_made_it(setup, come, submit):
    made = setup.storage.staff.create("asha", "analyst")
    visitor = come(setup)
    visitor.enter(made.password)
    assert visitor.get("/").headers["location"] == "/account"
    page = visitor.get("/account").text
    assert "Your password was chosen by somebody else" in page
    assert "<nav" not in page
    setup.clock.advance(1)
    change(visitor, submit, present=made.password)
    assert visitor.get("/").status_code == 200


def test_second_factor_follows_the_password_when_both_are_missing(strict, come, submit):
    made = strict.storage.staff.create("asha", "analyst")
    visitor = come(strict)
    visitor.enter(made.password)
    strict.clock.advance(1)
    response = change(visitor, submit, present=made.password)
    assert response.headers["location"] == "/account"
    assert visitor.get("/").headers["location"] == "/account"
    assert "A second factor is required here" in visitor.get("/account").text


def test_strong_session_stays_strong_when_the_password_is_changed(strict, come, submit):
    strict.add()
    secret = strict.give_totp()
    visitor = come(strict)
    visitor.enter()
    visitor.post("/login/second", {"csrf": visitor.token("/login/second"), "code": strict.code(secret)})
    strict.clock.advance(1)
    change(visitor, submit)
    assert visitor.get("/").status_code == 200


def test_own_sessions_are_listed_with_browser_and_address_when_looked_at(setup, come, asha):
    other = come(setup)
    other.headers["user-agent"] = (
        "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36"
    )
    other.enter()
    page = asha.get("/account").text
    assert "Chrome · Android" in page
    assert "this one" in page
    assert page.count('name="session"') == 1


def test_browser_is_text_and_no_markup_when_it_lies(setup, come, asha):
    other = come(setup)
    other.headers["user-agent"] = "<script>alert(1)</script>" * 50
    other.enter()
    assert "<script>alert" not in asha.get("/account").text
    assert max(len(record.agent) for record in setup.desk.identity.sessions.of("asha")) == 200


def test_one_session_ends_when_its_owner_ends_it(setup, come, asha, submit):
    other = come(setup)
    other.enter()
    name = re.search(r'name="session" value="([^"]+)"', asha.get("/account").text)[1]
    submit(asha, "/account", "/account/sessions/end", session=name)
    assert "The session has been ended." in asha.get("/account").text
    assert other.get("/").status_code == 303
    assert asha.get("/").status_code == 200
    assert setup.trail()[-1] == ("asha", "session_ended", "asha")


def test_all_other_sessions_end_when_their_owner_ends_them(setup, come, asha, submit):
    others = [come(setup) for _ in range(2)]
    for other in others:
        other.enter()
    submit(asha, "/account", "/account/sessions/end-others")
    assert [other.get("/").status_code for other in others] == [303, 303]
    assert "2 sessions have been ended." in asha.get("/account").text


def test_session_of_another_member_stays_when_its_name_is_sent(setup, come, asha, submit):
    setup.add("ravi")
    ravi = come(setup)
    ravi.enter(username="ravi")
    name = setup.desk.identity.sessions.of("ravi")[0].id
    submit(asha, "/account", "/account/sessions/end", session=name)
    assert ravi.get("/").status_code == 200


def test_login_comes_back_to_the_account_when_asked_again(setup, come, asha, submit):
    assert submit(asha, "/account", "/account/again").headers["location"] == "/login"
    assert asha.get("/").status_code == 303
    asha.cookies.set("satark_wish", "/account")
    assert asha.enter().headers["location"] == "/account"


@pytest.mark.parametrize("lang", ["en", "hi"])
def test_pages_are_whole_in_both_languages_when_opened(setup, come, submit, lang):
    setup.add()
    visitor = come(setup, lang)
    visitor.enter()
    submit(visitor, "/account", "/account/codes/begin")
    for path in ("/account", "/account/codes"):
        page = visitor.get(path)
        assert page.status_code == 200
        assert f'lang="{lang}"' in page.text
        assert " style=" not in page.text
