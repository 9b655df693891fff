from __future__ import annotations

import dataclasses
import re

import pytest
from tests.support.authenticator import ATTESTED, PRESENT, VERIFIED, Authenticator, b64
from tests.support.forms import csrf

ORIGIN = "https://pages.test"


def call(visitor, path, body, token, **headers):
    return visitor.send("POST", path, json=body, headers={"x-csrf-token": token, **headers})


def register(visitor, device, name="Phone", *, change=lambda answer: answer):
    """Register a device on the account page."""
    token = csrf(visitor.get("/account"))
    options = call(visitor, "/account/passkeys/options", {}, token)
    assert options.status_code == 200, options.text
    answer = change(device.create(options.json()))
    return call(visitor, "/account/passkeys", {**answer, "name": name}, token)


def log_in(visitor, device, *, page="/login", change=lambda answer: answer):
    """Log in with a device, on the first page or as the second step."""
    token = csrf(visitor.get(page))
    options = call(visitor, "/login/passkey/options", {}, token)
    assert options.status_code == 200, options.text
    return call(visitor, "/login/passkey", change(device.get(options.json())), token)


@pytest.fixture
def device():
    return Authenticator(ORIGIN)


@pytest.fixture
def owner(setup, come, device):
    """A member with a passkey, logged in by password."""
    setup.add()
    visitor = come(setup)
    visitor.enter()
    assert register(visitor, device).status_code == 200
    return visitor


def test_passkey_lets_in_without_name_and_password_when_registered(setup, come, owner, device):
    visitor = come(setup)
    response = log_in(visitor, device)
    assert (response.status_code, response.json()) == (200, {"to": "/"})
    assert visitor.get("/").status_code == 200
    latest = max(setup.desk.identity.sessions.of("asha"), key=lambda record: record.method == "passkey")
    assert (latest.method, latest.strong) == ("passkey", True)
    assert setup.trail()[-1] == ("asha", "login", "asha")


def test_sessions_by_password_alone_end_when_the_first_passkey_is_added(setup, come, device):
    setup.add()
    visitor, other = come(setup), come(setup)
    visitor.enter()
    other.enter()
    register(visitor, device)
    assert other.get("/").status_code == 303
    log_in(other, device)
    register(visitor, Authenticator(ORIGIN))
    assert other.get("/").status_code == 200, "a second key ends nothing"


def test_passkey_is_named_on_the_account_page_when_registered(owner):
    page = owner.get("/account").text
    assert "<b>Phone</b>" in page
    assert "The passkey has been added." in page


def test_name_of_a_passkey_is_text_and_no_markup_when_shown(setup, come, device):
    setup.add()
    visitor = come(setup)
    visitor.enter()
    register(visitor, device, "<img src=x onerror=alert(1)>" + "x" * 200)
    page = visitor.get("/account").text
    assert "<img" not in page
    assert "&lt;img" in page
    assert len(setup.desk.identity.factors.passkeys("asha")[0].name) == 60


def test_password_alone_does_not_let_in_when_there_is_a_passkey(setup, come, owner, device):
    visitor = come(setup)
    assert visitor.enter().headers["location"] == "/login/second"
    page = visitor.get("/login/second").text
    assert "/login/passkey/options" in page
    assert 'name="code"' not in page
    assert log_in(visitor, device, page="/login/second").status_code == 200
    assert visitor.get("/").status_code == 200


def test_passkey_of_another_is_refused_when_it_is_the_second_step(setup, come, owner):
    setup.add("ravi")
    ravi, his = come(setup), Authenticator(ORIGIN)
    ravi.enter(username="ravi")
    register(ravi, his)
    visitor = come(setup)
    visitor.enter()
    assert log_in(visitor, his, page="/login/second").json() == {"problem": "wrong"}
    assert visitor.get("/").status_code == 303


def test_passkey_is_refused_when_its_owner_may_not_log_in(setup, come, owner, device):
    setup.add("admin", "administrator")
    setup.storage.staff.disable("asha")
    assert log_in(come(setup), device).status_code == 403


def test_passkey_is_refused_when_nobody_registered_it(setup, come, owner):
    response = log_in(come(setup), Authenticator(ORIGIN))
    assert (response.status_code, response.json()) == (403, {"problem": "wrong"})
    assert setup.trail()[-1] == ("-", "login_failed", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://pages.test.evil"},
        {"origin": "http://pages.test"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
    ],
    ids=str,
)
def test_answer_is_refused_when_it_was_made_elsewhere_or_for_nobody(setup, come, owner, device, changes):
    assert log_in(come(setup), dataclasses.replace(device, **changes)).status_code == 403


def test_answer_is_refused_when_signed_with_another_key(setup, come, owner, device):
    other = dataclasses.replace(Authenticator(ORIGIN), id=device.id, handle=device.handle, uses=9)
    assert log_in(come(setup), other).status_code == 403


def test_answer_is_refused_when_it_is_for_another_host(setup, come, owner, device):
    def change(answer):
        return device.get({"rpId": "evil.test", "challenge": "AAAA"})

    assert log_in(come(setup), device, change=change).status_code == 403


def test_answer_is_refused_when_the_key_was_copied(setup, come, owner, device):
    copy = dataclasses.replace(device)
    assert log_in(come(setup), device).status_code == 200
    assert log_in(come(setup), device).status_code == 200
    assert log_in(come(setup), copy).status_code == 403


def test_answers_are_taken_when_the_device_does_not_count(setup, come):
    setup.add()
    visitor, device = come(setup), Authenticator(ORIGIN, counts=False)
    visitor.enter()
    register(visitor, device)
    assert [log_in(come(setup), device).status_code for _ in range(3)] == [200, 200, 200]


def test_answer_is_refused_when_its_challenge_was_used(setup, come, owner, device):
    visitor = come(setup)
    token = csrf(visitor.get("/login"))
    options = call(visitor, "/login/passkey/options", {}, token).json()
    cookies = dict(visitor.cookies)
    answer = device.get(options)
    assert call(visitor, "/login/passkey", answer, token).status_code == 200
    visitor.cookies.clear()
    visitor.cookies.update(cookies)
    assert call(visitor, "/login/passkey", answer, token).json() == {"problem": "stale"}


def test_answer_is_refused_when_it_took_too_long(setup, come, owner, device):
    visitor = come(setup)
    token = csrf(visitor.get("/login"))
    options = call(visitor, "/login/passkey/options", {}, token).json()
    setup.clock.advance(301)
    assert call(visitor, "/login/passkey", device.get(options), token).json() == {"problem": "stale"}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"rawId": 7},
        {"rawId": "é"},
        {"rawId": "A" * 9_000},
        {"rawId": "KNOWN", "id": "KNOWN", "type": "public-key"},
        {"rawId": "KNOWN", "id": "KNOWN", "type": "public-key", "response": []},
        {"rawId": "KNOWN", "id": "KNOWN", "type": 7, "response": {}},
        {
            "rawId": "KNOWN",
            "id": "KNOWN",
            "type": "public-key",
            "response": {"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"},
        },
        {
            "rawId": "KNOWN",
            "id": "KNOWN",
            "type": "public-key",
            "response": {"clientDataJSON": "W10", "authenticatorData": "AA", "signature": "AA"},
        },
    ],
    ids=str,
)
def test_nonsense_is_refused_politely_when_sent(setup, come, owner, device, answer):
    known = {name: b64(device.id) if value == "KNOWN" else value for name, value in answer.items()}
    response = log_in(come(setup), device, change=lambda _: known)
    assert (response.status_code, response.json()) == (403, {"problem": "wrong"})


@pytest.mark.parametrize("body", [b"[]", b"{", b'"x"', b"[" * 60_000])
def test_body_is_refused_when_it_is_no_object(setup, come, owner, body):
    visitor = come(setup)
    headers = {"x-csrf-token": csrf(visitor.get("/login")), "content-type": "application/json"}
    assert visitor.send("POST", "/login/passkey", content=body, headers=headers).status_code == 400


def test_body_is_refused_when_it_is_large_or_a_form(setup, come):
    visitor = come(setup)
    token = csrf(visitor.get("/login"))
    assert call(visitor, "/login/passkey", {"x": "y" * 70_000}, token).status_code == 413
    response = visitor.send("POST", "/login/passkey", data={"a": "b"}, headers={"x-csrf-token": token})
    assert response.status_code == 400


@pytest.mark.parametrize("path", ["/login/passkey/options", "/login/passkey"])
def test_call_is_refused_when_it_is_not_of_our_page(setup, come, path):
    visitor = come(setup)
    token = csrf(visitor.get("/login"))
    assert call(visitor, path, {}, "guess").json() == {"problem": "stale"}
    assert call(visitor, path, {}, token, origin="https://evil.test").json() == {"problem": "stale"}


def test_guessing_is_slowed_when_an_address_fails_often(setup, come, owner):
    for _ in range(20):
        assert log_in(come(setup), Authenticator(ORIGIN)).status_code == 403
    assert log_in(come(setup), Authenticator(ORIGIN)).status_code == 429


@pytest.mark.parametrize(
    "changes", [{"origin": "https://evil.test"}, {"flags": PRESENT}, {"flags": PRESENT | ATTESTED}], ids=str
)
def test_registration_is_refused_when_made_elsewhere_or_by_nobody(setup, come, changes):
    setup.add()
    visitor = come(setup)
    visitor.enter()
    response = register(visitor, Authenticator(**{"origin": ORIGIN, **changes}))
    assert (response.status_code, response.json()) == (400, {"problem": "wrong"})
    assert not setup.desk.identity.factors.passkeys("asha")


def test_registration_is_refused_when_it_is_nonsense(setup, come, device):
    setup.add()
    visitor = come(setup)
    visitor.enter()
    for junk in ({}, {"id": "x"}, {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}):
        assert register(visitor, device, change=lambda _, junk=junk: junk).status_code == 400


def test_registration_is_refused_when_the_key_is_known(setup, come, owner, device):
    setup.add("ravi")
    ravi = come(setup)
    ravi.enter(username="ravi")
    assert register(ravi, device).json() == {"problem": "known"}


def test_registration_is_refused_when_begun_in_another_session(setup, come, device):
    setup.add()
    setup.add("ravi")
    asha, ravi = come(setup), come(setup)
    asha.enter()
    ravi.enter(username="ravi")
    options = call(asha, "/account/passkeys/options", {}, csrf(asha.get("/account"))).json()
    ravi.cookies.set("satark_passkey", asha.cookies["satark_passkey"])
    response = call(ravi, "/account/passkeys", device.create(options), csrf(ravi.get("/account")))
    assert response.json() == {"problem": "stale"}


def test_registration_is_refused_when_the_login_is_long_ago(setup, come):
    setup.add()
    visitor = come(setup)
    visitor.enter()
    setup.clock.advance(601)
    token = csrf(visitor.get("/account"))
    assert call(visitor, "/account/passkeys/options", {}, token).json() == {"problem": "again"}


def test_passkey_does_not_work_any_more_when_removed(setup, come, owner, device, submit):
    key = re.search(r'name="passkey" value="([^"]+)"', owner.get("/account").text)[1]
    submit(owner, "/account", "/account/passkeys/remove", passkey=key)
    assert log_in(come(setup), device).status_code == 403
    assert come(setup).enter().headers["location"] == "/"


def test_passkey_of_another_stays_when_its_id_is_sent(setup, come, owner, device, submit):
    setup.add("ravi")
    ravi = come(setup)
    ravi.enter(username="ravi")
    submit(ravi, "/account", "/account/passkeys/remove", passkey=b64(device.id))
    assert log_in(come(setup), device).status_code == 200


def test_passkey_is_the_second_factor_when_one_is_required(strict, come, device):
    strict.add()
    visitor = come(strict)
    visitor.enter()
    assert visitor.get("/").headers["location"] == "/account"
    register(visitor, device)
    assert visitor.get("/").status_code == 200
    other = come(strict)
    log_in(other, device)
    assert other.get("/").status_code == 200


def test_passkeys_are_not_offered_when_nobody_said_where_the_pages_are(setup, come):
    setup.again(origin="")
    setup.add()
    visitor = come(setup)
    assert "passkey/options" not in visitor.get("/login").text
    token = csrf(visitor.get("/login"))
    assert call(visitor, "/login/passkey/options", {}, token).status_code == 404
    visitor.enter()
    assert "Passkeys are off" in visitor.get("/account").text


def test_passkeys_are_offered_on_localhost_when_nobody_said_where_the_pages_are(setup, come):
    setup.again(origin="")
    visitor = come(setup)
    assert "passkey/options" in visitor.get("/login", headers={"host": "localhost:8081"}).text
    assert "passkey/options" not in visitor.get("/login", headers={"host": "localhost.evil.test"}).text
