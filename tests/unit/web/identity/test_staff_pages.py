from __future__ import annotations

import re

import pytest


@pytest.fixture
def admin(setup, come):
    setup.add("admin", "administrator")
    visitor = come(setup)
    visitor.enter(username="admin")
    return visitor


@pytest.fixture
def asha(setup, come, admin):
    setup.add()
    visitor = come(setup)
    visitor.enter()
    return visitor


def test_member_is_added_with_a_password_shown_once_when_asked(setup, come, admin, submit):
    page = submit(admin, "/staff", "/staff", username="Ravi.K@bank.example", role="supervisor")
    password = re.search(r'class="secret"><code>([^<]+)</code>', page.text)[1]
    assert password not in admin.get("/staff").text
    member = setup.storage.staff.find("ravi.k@bank.example")
    assert (member.role, member.must_change) == ("supervisor", True)
    assert come(setup).enter(password, "ravi.k@bank.example").status_code == 303
    assert setup.staff_trail()[-1] == ("admin", "staff_created", "ravi.k@bank.example")
    assert "ravi.k@bank.example" in admin.get("/staff/ravi.k@bank.example").text


@pytest.mark.parametrize(
    ("username", "role"),
    [
        ("admin", "analyst"),
        ("x", "analyst"),
        ("<script>", "analyst"),
        ("a b", "analyst"),
        ("ravi", "king"),
        ("", ""),
    ],
)
def test_member_is_not_added_when_name_or_role_cannot_be(setup, admin, submit, username, role):
    response = submit(admin, "/staff", "/staff", username=username, role=role)
    assert response.status_code == 400
    assert 'role="alert"' in response.text
    assert "<script>" not in response.text.replace('<script src="', "")
    assert len(setup.storage.staff.list()) == 1


def test_role_is_changed_and_sessions_end_when_asked(setup, admin, asha, submit):
    setup.clock.advance(1)
    submit(admin, "/staff/asha", "/staff/asha/role", role="auditor")
    assert setup.storage.staff.find("asha").role == "auditor"
    assert asha.get("/").status_code == 303
    assert "The role has been changed." in admin.get("/staff/asha").text
    assert ("admin", "staff_role_changed", "asha") in setup.staff_trail()


def test_access_ends_and_comes_back_when_asked(setup, come, admin, asha, submit):
    submit(admin, "/staff/asha", "/staff/asha/disable")
    assert asha.get("/").status_code == 303
    assert come(setup).enter().status_code == 403
    submit(admin, "/staff/asha", "/staff/asha/enable")
    assert come(setup).enter().status_code == 303


def test_new_password_is_shown_once_and_must_be_changed_when_made(setup, come, admin, asha, submit):
    setup.clock.advance(1)
    page = submit(admin, "/staff/asha", "/staff/asha/password")
    password = re.search(r'class="secret"><code>([^<]+)</code>', page.text)[1]
    assert asha.get("/").status_code == 303
    visitor = come(setup)
    visitor.enter(password)
    assert visitor.get("/").headers["location"] == "/account"


def test_lost_factor_is_removed_when_reset(setup, come, admin, asha, submit):
    setup.give_totp()
    assert "App" in admin.get("/staff").text
    submit(admin, "/staff/asha", "/staff/asha/reset")
    assert not setup.desk.identity.factors.standing("asha").second_factor
    assert asha.get("/").status_code == 303
    assert come(setup).enter().headers["location"] == "/"
    assert ("admin", "factors_reset", "asha") in setup.trail()


def test_sessions_of_a_member_end_when_the_administrator_ends_them(setup, come, admin, asha, submit):
    name = re.search(r'name="session" value="([^"]+)"', admin.get("/staff/asha").text)[1]
    submit(admin, "/staff/asha", "/staff/asha/sessions/end", session=name)
    assert asha.get("/").status_code == 303
    asha.enter()
    other = come(setup)
    other.enter()
    submit(admin, "/staff/asha", "/staff/asha/sessions/end")
    assert [asha.get("/").status_code, other.get("/").status_code] == [303, 303]


@pytest.mark.parametrize("act", ["role", "disable", "enable", "password", "reset"])
def test_nobody_changes_his_own_access_when_he_tries(setup, admin, submit, act):
    setup.add("other", "administrator")
    before = setup.storage.staff.find("admin")
    response = submit(admin, "/staff/admin", f"/staff/admin/{act}", role="viewer")
    assert response.headers["location"] == "/staff/admin"
    assert setup.storage.staff.find("admin") == before
    assert "Nobody changes their own access" in admin.get("/staff/admin").text


def test_last_administrator_stays_when_told_to_go(setup, come, admin, submit):
    setup.add("second", "administrator")
    second = come(setup)
    second.enter(username="second")
    # Both are administrators when the page was opened; one of them goes first.
    token = second.token("/staff/admin")
    submit(admin, "/staff/second", "/staff/second/role", role="viewer")
    response = second.post("/staff/admin/disable", {"csrf": token})
    assert response.status_code in (303, 403)
    assert setup.storage.staff.find("admin").disabled_us is None


@pytest.mark.parametrize("path", ["/staff/nobody", "/staff/%3Cscript%3E"])
def test_page_is_missing_when_there_is_nobody_of_this_name(admin, path):
    assert admin.get(path).status_code == 404


def test_role_must_be_one_that_there_is_when_changed(setup, admin, asha, submit):
    assert submit(admin, "/staff/asha", "/staff/asha/role", role="king").status_code == 400
    assert setup.storage.staff.find("asha").role == "analyst"
