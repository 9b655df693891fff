from __future__ import annotations

import re

import pyotp
import pytest

from satark.storage.desk.identity.factors import FREE_TRIES


def second(visitor, code):
    form = {"csrf": visitor.token("/login/second"), "code": code}
    return visitor.post("/login/second", form)


def test_password_alone_does_not_let_in_when_there_is_a_second_factor(setup, come):
    setup.add()
    setup.give_totp()
    visitor = come(setup)
    response = visitor.enter()
    assert (response.status_code, response.headers["location"]) == (303, "/login/second")
    assert visitor.get("/").headers["location"] == "/login"


def test_text_of_the_name_field_reaches_no_trail_when_it_is_nobodys_name(setup, come):
    setup.add()
    visitor = come(setup)
    visitor.enter("x", "my secret password")
    visitor.enter("x", "asha")
    assert setup.trail() == [("-", "login_failed", ""), ("-", "login_failed", "asha")]


def test_member_is_let_in_when_password_and_code_are_right(setup, come):
    setup.add()
    secret = setup.give_totp()
    visitor = come(setup)
    visitor.enter()
    response = second(visitor, setup.code(secret))
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert visitor.get("/").status_code == 200
    assert setup.desk.identity.sessions.of("asha")[0].strong
    assert setup.trail()[-1] == ("asha", "login", "asha")


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_code_of_a_neighbouring_half_minute_is_taken_when_clocks_differ(setup, come, steps):
    setup.add()
    secret = setup.give_totp()
    visitor = come(setup)
    visitor.enter()
    assert second(visitor, setup.code(secret, steps=steps)).status_code == 303


@pytest.mark.parametrize("code", ["", "000000", "12345", "abcdef", "१२३४५६", "9" * 200])
def test_code_is_refused_when_it_is_wrong(setup, come, code):
    setup.add()
    setup.give_totp()
    visitor = come(setup)
    visitor.enter()
    response = second(visitor, code)
    assert response.status_code == 403
    assert "This code is not right" in response.text
    assert visitor.get("/").status_code == 303
    assert setup.trail()[-1] == ("-", "second_factor_failed", "asha")


def test_code_is_refused_when_used_before(setup, come):
    setup.add()
    secret = setup.give_totp()
    code = setup.code(secret)
    one, other = come(setup), come(setup)
    one.enter()
    other.enter()
    assert second(one, code).status_code == 303
    assert second(other, code).status_code == 403


def test_code_of_another_member_is_refused_when_tried(setup, come):
    setup.add()
    setup.give_totp()
    setup.add("ravi")
    others = setup.give_totp("ravi")
    visitor = come(setup)
    visitor.enter()
    assert second(visitor, setup.code(others)).status_code == 403


def test_guessing_codes_must_wait_when_it_has_failed_often(setup, come):
    setup.add()
    secret = setup.give_totp()
    for number in range(FREE_TRIES):
        visitor = come(setup)
        visitor.enter()
        assert second(visitor, f"00000{number}").status_code == 403
    visitor = come(setup)
    visitor.enter()
    response = second(visitor, setup.code(secret))
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) > 0
    # A restart forgets nothing.
    setup.again()
    visitor.web = setup.web
    visitor.enter()
    assert second(visitor, setup.code(secret)).status_code == 429
    setup.clock.advance(31)
    assert second(visitor, setup.code(secret)).status_code == 303


def test_second_step_is_over_when_it_took_too_long(setup, come):
    setup.add()
    setup.give_totp()
    visitor = come(setup)
    visitor.enter()
    setup.clock.advance(301)
    assert visitor.get("/login/second").headers["location"] == "/login"


def test_second_step_is_over_when_the_password_has_changed_meanwhile(setup, come):
    setup.add()
    secret = setup.give_totp()
    visitor = come(setup)
    visitor.enter()
    token = visitor.token("/login/second")
    setup.clock.advance(1)
    setup.storage.staff.change_password("asha", "another long password")
    response = visitor.post("/login/second", {"csrf": token, "code": setup.code(secret)})
    assert response.status_code == 403
    assert visitor.get("/").status_code == 303


def test_second_step_is_refused_when_nobody_gave_a_password(setup, come):
    visitor = come(setup)
    assert visitor.get("/login/second").headers["location"] == "/login"
    form = {"csrf": visitor.token("/login"), "code": "123456"}
    assert visitor.post("/login/second", form).status_code == 403


def test_second_step_is_refused_when_another_site_sends_it(setup, come):
    setup.add()
    secret = setup.give_totp()
    visitor = come(setup)
    visitor.enter()
    form = {"csrf": visitor.token("/login/second"), "code": setup.code(secret)}
    headers = {"sec-fetch-site": "cross-site"}
    assert visitor.post("/login/second", form, headers=headers).status_code == 403
    assert visitor.get("/").status_code == 303


def test_recovery_code_lets_in_once_when_the_phone_is_lost(setup, come):
    setup.add()
    setup.give_totp()
    setup.desk.identity.factors.new_recovery_codes("asha", ["abcd-efgh-jkmn"], actor="asha")
    visitor, other = come(setup), come(setup)
    visitor.enter()
    other.enter()
    assert second(visitor, "ABCD EFGH-JKMN").status_code == 303
    assert visitor.get("/").status_code == 200
    assert second(other, "abcd-efgh-jkmn").status_code == 403
    assert ("asha", "recovery_code_used", "asha") in setup.trail()


def set_up(visitor, setup, submit):
    """Set codes up as a person does; return the secret and the page with the recovery codes."""
    assert submit(visitor, "/account", "/account/codes/begin").headers["location"] == "/account/codes"
    page = visitor.get("/account/codes")
    secret = re.search(r'class="secret"><code>([A-Z2-7 ]+)</code>', page.text)[1].replace(" ", "")
    done = submit(
        visitor, "/account/codes", "/account/codes", code=pyotp.TOTP(secret).at(setup.clock.now_us() // 10**6)
    )
    return secret, done


def test_codes_are_set_up_with_a_picture_and_recovery_codes_when_asked(setup, come, submit):
    setup.add()
    visitor = come(setup)
    visitor.enter()
    secret, done = set_up(visitor, setup, submit)
    recovery = re.findall(r"<li><code>([a-z0-9-]{14})</code>", done.text)
    assert (done.status_code, len(set(recovery))) == (200, 10)
    assert done.headers["cache-control"] == "no-store"
    # The code that set it up is used up.
    other = come(setup)
    other.enter()
    assert second(other, setup.code(secret)).status_code == 403
    assert second(other, recovery[3]).status_code == 303


def test_sessions_by_password_alone_end_when_the_first_factor_is_set_up(setup, come, submit):
    setup.add()
    visitor, other = come(setup), come(setup)
    visitor.enter()
    other.enter()
    set_up(visitor, setup, submit)
    assert visitor.get("/").status_code == 200
    assert other.get("/").status_code == 303


def test_picture_is_a_drawing_and_nothing_else_when_shown(setup, come, submit):
    setup.add("o.svg-onload@x.in")
    visitor = come(setup)
    visitor.enter(username="o.svg-onload@x.in")
    submit(visitor, "/account", "/account/codes/begin")
    page = visitor.get("/account/codes").text
    drawing = re.search(r'<div class="qr-frame"[^>]*>(.*?)</div>', page, re.DOTALL)[1]
    assert set(re.findall(r"<(\w+)", drawing)) <= {"svg", "path", "rect", "g"}
    assert "style=" not in drawing


def test_codes_are_not_set_up_when_the_first_code_is_wrong(setup, come, submit):
    setup.add()
    visitor = come(setup)
    visitor.enter()
    submit(visitor, "/account", "/account/codes/begin")
    response = submit(visitor, "/account/codes", "/account/codes", code="000000")
    assert response.status_code == 400
    assert not setup.desk.identity.factors.standing("asha").second_factor


@pytest.mark.parametrize(
    "action",
    ["/account/codes/begin", "/account/codes/remove", "/account/recovery", "/account/passkeys/remove"],
)
def test_factors_stay_when_the_login_is_long_ago(setup, come, submit, action):
    setup.add()
    secret = setup.give_totp()
    visitor = come(setup)
    visitor.enter()
    second(visitor, setup.code(secret))
    setup.clock.advance(601)
    before = setup.trail()
    response = submit(visitor, "/account", action, passkey="abcd")
    assert response.headers["location"] == "/account"
    assert "within the last ten minutes" in visitor.get("/account").text
    assert setup.trail() == before
    assert setup.desk.identity.factors.pending_totp("asha") is None


def test_codes_are_removed_when_their_owner_says_so(setup, come, submit):
    setup.add()
    secret = setup.give_totp()
    visitor = come(setup)
    visitor.enter()
    second(visitor, setup.code(secret))
    submit(visitor, "/account", "/account/codes/remove")
    assert not setup.desk.identity.factors.standing("asha").second_factor
    assert come(setup).enter().headers["location"] == "/"


def test_last_factor_stays_when_one_is_required(strict, come, submit):
    strict.add()
    secret = strict.give_totp()
    visitor = come(strict)
    visitor.enter()
    second(visitor, strict.code(secret))
    submit(visitor, "/account", "/account/codes/remove")
    assert "add another one first" in visitor.get("/account").text
    assert strict.desk.identity.factors.standing("asha").totp


def test_nothing_opens_until_a_factor_is_set_up_when_one_is_required(strict, come, submit):
    strict.add()
    visitor = come(strict)
    visitor.enter()
    assert visitor.get("/").headers["location"] == "/account"
    assert visitor.get("/live/stream").status_code == 204
    htmx = visitor.get("/live/rows", headers={"hx-request": "true"})
    assert (htmx.status_code, htmx.headers["hx-redirect"]) == (401, "/account")
    assert "A second factor is required here" in visitor.get("/account").text
    set_up(visitor, strict, submit)
    assert visitor.get("/").status_code == 200
    # The next login asks for it.
    assert come(strict).enter().headers["location"] == "/login/second"


def test_pages_speak_hindi_when_asked(strict, come):
    strict.add()
    strict.give_totp()
    visitor = come(strict, "hi")
    visitor.enter()
    assert "दूसरा चरण" in visitor.get("/login/second").text
