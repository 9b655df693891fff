from __future__ import annotations

import httpx
import pytest
from joserfc import jwt
from tests.support.identity_provider import ASHA, CLIENT_ID, CLIENT_SECRET, IdentityProvider, answer_of

from satark.web.options import SingleSignOnOptions

ASHA_NAME = "asha@bank.example"


@pytest.fixture
def provider(setup, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with IdentityProvider(lambda: setup.clock.now_us() // 1_000_000) as running:
        yield running


@pytest.fixture
def use(setup, provider):
    """Let the pages use the provider."""

    def configure(**options):
        values = {
            "issuer": provider.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            **options,
        }
        setup.again(single_sign_on=SingleSignOnOptions(**values))
        return setup

    return configure


def through(visitor, *, change=lambda path: path):
    """Go to the provider and back, as a browser does."""
    begun = visitor.get("/login/single-sign-on")
    assert begun.status_code == 303, begun.text
    there = httpx.get(begun.headers["location"], trust_env=False)
    assert there.status_code == 307
    return visitor.get(change(answer_of(there.headers["location"])))


def test_member_is_let_in_when_the_provider_knows_him(use, come):
    setup = use()
    setup.add(ASHA_NAME, "supervisor")
    visitor = come(setup)
    assert "/login/single-sign-on" in visitor.get("/login").text
    response = through(visitor)
    assert response.status_code == 200
    assert 'http-equiv="refresh" content="0;url=/"' in response.text
    assert visitor.get("/").status_code == 200
    record = setup.desk.identity.sessions.of(ASHA_NAME)[0]
    assert (record.method, record.strong, record.role) == ("single_sign_on", True, "supervisor")
    assert ("asha@bank.example", "identity_linked", "asha@bank.example") in setup.trail()


def test_cookie_of_the_way_there_survives_the_way_back_when_set(use, come):
    setup = use()
    cookie = next(
        line
        for line in come(setup).get("/login/single-sign-on").headers.get_list("set-cookie")
        if line.startswith("satark_sign_on=")
    )
    assert "SameSite=lax" in cookie
    assert "HttpOnly" in cookie


def test_member_goes_where_he_wanted_when_the_login_came_between(use, come):
    setup = use()
    setup.add(ASHA_NAME)
    visitor = come(setup)
    visitor.get("/decisions/3")
    assert "url=/decisions/3" in through(visitor).text


def test_member_is_found_by_the_link_when_his_address_has_changed(use, come, provider):
    setup = use()
    setup.add(ASHA_NAME)
    through(come(setup))
    provider.person["email"] = "asha.k@bank.example"
    visitor = come(setup)
    through(visitor)
    assert visitor.get("/").status_code == 200
    assert len(setup.desk.identity.sessions.of(ASHA_NAME)) == 2


def test_another_person_is_refused_when_given_the_same_address(use, come, provider):
    setup = use()
    setup.add(ASHA_NAME)
    through(come(setup))
    provider.person["sub"] = "u-2002"
    visitor = come(setup)
    response = through(visitor)
    assert response.status_code == 403
    assert "nobody has given you access here" in response.text
    assert visitor.get("/").status_code == 303


def test_person_is_refused_when_nobody_added_him(use, come):
    setup = use()
    visitor = come(setup)
    assert through(visitor).status_code == 403
    assert setup.storage.staff.list() == []
    assert setup.trail()[-1] == ("-", "login_failed", ASHA_NAME)


def test_person_is_refused_when_the_access_has_ended(use, come):
    setup = use()
    setup.add("admin", "administrator")
    setup.add(ASHA_NAME)
    setup.storage.staff.disable(ASHA_NAME)
    assert through(come(setup)).status_code == 403


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_person_is_refused_when_the_address_is_not_verified(use, come, provider, verified):
    setup = use()
    setup.add(ASHA_NAME)
    provider.person["email_verified"] = verified
    assert through(come(setup)).status_code == 403


def test_member_is_made_with_the_role_of_his_group_when_groups_give_roles(use, come, provider):
    setup = use(roles=(("fraud-leads", "supervisor"), ("fraud-desk", "analyst")))
    visitor = come(setup)
    through(visitor)
    assert setup.storage.staff.find(ASHA_NAME).role == "analyst"
    assert visitor.get("/").status_code == 200
    provider.person["groups"] = ["canteen", "fraud-leads"]
    setup.clock.advance(5)
    again = come(setup)
    through(again)
    assert setup.storage.staff.find(ASHA_NAME).role == "supervisor"
    assert (provider.issuer, "staff_role_changed", ASHA_NAME) in setup.staff_trail()
    assert visitor.get("/").status_code == 303, "a session does not outlive its role"


@pytest.mark.parametrize("groups", [[], ["canteen"], None, "canteen", {"fraud-desk": 1}])
def test_person_is_refused_when_no_group_gives_a_role(use, come, provider, groups):
    setup = use(roles=(("fraud-desk", "analyst"),))
    setup.add(ASHA_NAME)
    provider.person["groups"] = groups
    assert through(come(setup)).status_code == 403


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://somebody.else"},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
        {"nonce": "of another login"},
        {"exp": 1},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"sub": None},
        {"sub": 7},
        {"email": ""},
        {"email": ["asha@bank.example"]},
        {"answer_iss": "https://somebody.else"},
    ],
    ids=str,
)
def test_token_is_refused_when_a_claim_is_wrong(use, come, provider, lie):
    setup = use()
    setup.add(ASHA_NAME)
    provider.lie = lie
    visitor = come(setup)
    response = through(visitor)
    assert response.status_code == 403
    assert "Single sign-on did not work" in response.text
    assert visitor.get("/").status_code == 303


@pytest.mark.parametrize("word", ["other key", "public key as secret", "none", "no token", "denied"])
def test_token_is_refused_when_its_signature_does_not_hold(use, come, provider, word):
    setup = use()
    setup.add(ASHA_NAME)
    provider.word = word
    visitor = come(setup)
    assert through(visitor).status_code == 403
    assert visitor.get("/").status_code == 303


@pytest.mark.parametrize("word", ["issuer", "plain"])
def test_provider_is_refused_when_it_describes_itself_wrongly(use, come, provider, word):
    setup = use()
    provider.word = word
    assert come(setup).get("/login/single-sign-on").status_code == 403


def test_login_goes_on_when_the_provider_has_changed_its_key(use, come, provider):
    setup = use()
    setup.add(ASHA_NAME)
    assert through(come(setup)).status_code == 200
    assert through(come(setup)).status_code == 200
    assert provider.asked.count("keys") == 1
    provider.new_key()
    setup.clock.advance(61)
    assert through(come(setup)).status_code == 200
    assert provider.asked.count("keys") == 2


def test_provider_is_not_asked_for_keys_all_the_time_when_tokens_name_strange_ones(use, come, provider):
    setup = use()
    setup.add(ASHA_NAME)
    through(come(setup))
    provider.keys.keys[0].as_dict()
    known = provider.keys
    provider.new_key()
    strange, provider.keys = provider.keys, known
    provider._signed = lambda claims: jwt.encode({"alg": "RS256", "kid": "two"}, claims, strange.keys[0])
    setup.clock.advance(61)
    for _ in range(5):
        assert through(come(setup)).status_code == 403
    assert provider.asked.count("keys") == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.replace("state=", "state=x"),
        lambda path: path.partition("?")[0],
        lambda path: path.replace("code=", "code=x"),
        lambda path: path.replace("code=", "no="),
    ],
)
def test_answer_is_refused_when_it_was_changed_on_the_way(use, come, change):
    setup = use()
    setup.add(ASHA_NAME)
    visitor = come(setup)
    assert through(visitor, change=change).status_code == 403
    assert visitor.get("/").status_code == 303


def test_answer_is_refused_when_it_comes_to_another_browser(use, come):
    setup = use()
    setup.add(ASHA_NAME)
    begun = come(setup).get("/login/single-sign-on")
    there = httpx.get(begun.headers["location"], trust_env=False)
    victim = come(setup)
    assert victim.get(answer_of(there.headers["location"])).status_code == 403
    assert victim.get("/").status_code == 303


def test_answer_is_refused_when_it_comes_twice(use, come):
    setup = use()
    setup.add(ASHA_NAME)
    visitor = come(setup)
    paths = []
    through(visitor, change=lambda path: paths.append(path) or path)
    assert visitor.get(paths[0]).status_code == 403


def test_form_says_so_when_the_provider_does_not_answer(use, come, provider):
    setup = use(issuer="http://127.0.0.1:9")
    response = come(setup).get("/login/single-sign-on")
    assert response.status_code == 403
    assert "Single sign-on did not work" in response.text


def test_provider_must_speak_https_when_it_is_elsewhere(use, come):
    setup = use(issuer="http://idp.bank.example")
    assert come(setup).get("/login/single-sign-on").status_code == 403


def test_there_is_no_such_way_when_no_provider_is_set(setup, come):
    visitor = come(setup)
    assert "single-sign-on" not in visitor.get("/login").text
    assert visitor.get("/login/single-sign-on").status_code == 404
    assert visitor.get("/login/single-sign-on/back?code=1&state=2").status_code == 404


def test_account_offers_no_password_and_factors_when_the_provider_keeps_them(use, come, submit):
    setup = use()
    setup.add(ASHA_NAME)
    visitor = come(setup)
    through(visitor)
    page = visitor.get("/account").text
    assert "kept by your organisation" in page
    assert 'name="present"' not in page
    assert submit(visitor, "/account", "/account/codes/begin").status_code == 404


def test_person_of_the_tests_is_as_written_when_read():
    assert ASHA["email"] == ASHA_NAME
