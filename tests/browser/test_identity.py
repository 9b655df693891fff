"""Logging in in a real browser: first password, codes by an app, recovery codes, a passkey of a virtual authenticator,
and single sign-on at a provider on another site; axe-core on each page on the way.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pyotp
import pytest
from tests.support.identity_provider import IdentityProvider

sys.path.insert(0, str(Path(__file__).parent))
from accessibility import problems_of

PROGRAM = Path(__file__).with_name("identity_program.py")
SOURCE = Path(__file__).parents[2] / "src"
NEW = "a sentence nobody guesses"
STEP_SECONDS = 30

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def provider():
    with IdentityProvider(lambda: int(time.time())) as running:
        yield running


@pytest.fixture
def told(tmp_path, provider):
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(tmp_path / "data"), provider.issuer],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(SOURCE)},
    )
    line = process.stdout.readline()
    assert line, "the pages did not start"
    found = json.loads(line)
    # The name and not the number: passkeys belong to names, and the provider is on another site than this one.
    yield {**found, "address": f"http://localhost:{found['port']}"}
    process.terminate()
    assert process.wait(timeout=20) == 0
    process.stdout.close()


@pytest.fixture(params=["wide-en", "phone-hi"])
def page(request, browser, told):
    # Made after the pages and so closed before them: an open live page would hold up their end.
    width, lang = request.param.split("-")
    size = {"width": 1280, "height": 900} if width == "wide" else {"width": 390, "height": 844}
    context = browser.new_context(viewport=size, locale=f"{lang}-IN")
    page = context.new_page()
    page.mistakes = []
    page.on("pageerror", lambda error: page.mistakes.append(str(error)))
    page.on(
        "console",
        lambda told: page.mistakes.append(told.text) if "Content Security Policy" in told.text else None,
    )
    yield page
    assert page.mistakes == []
    context.close()


def look(page, shots, name):
    """Hold a page against axe-core; keep a picture where a folder for pictures is given."""
    assert problems_of(page) == [], f"{name}: {page.url}"
    if shots:
        page.screenshot(path=f"{shots}/{name}-{page.viewport_size['width']}.png", full_page=True)


@pytest.fixture
def shots():
    import os

    return os.environ.get("SATARK_TEST_PICTURES", "")


def log_in(page, address, password, name="asha"):
    page.goto(f"{address}/login")
    page.fill("#username", name)
    page.fill("#password", password)
    page.click("form[action='/login'] button")


def log_out(page):
    page.click("form[action='/logout'] button:not([type=button])")


def test_member_comes_in_by_every_way_when_he_has_set_them_up(page, told, shots):  # noqa: PLR0915 - one story
    address = told["address"]
    page.goto(f"{address}/login")
    look(page, shots, "login")
    log_in(page, address, "wrong")
    look(page, shots, "login-wrong")

    # The first password was made by the machine: nothing opens before it is changed and a second factor is there.
    log_in(page, address, told["password"])
    page.goto(f"{address}/queue")
    assert page.url == f"{address}/account"
    look(page, shots, "account-password")
    page.fill("#present", told["password"])
    page.fill("#new", NEW)
    page.fill("#again", NEW)
    page.click("form[action='/account/password'] button")
    assert page.url == f"{address}/account"
    look(page, shots, "account-factor")
    page.click("form[action='/account/codes/begin'] button")
    page.click("details summary")
    secret = page.inner_text(".secret code").replace(" ", "")
    look(page, shots, "codes")
    page.fill("#code", "000000")
    page.click("form[action='/account/codes'] button")
    look(page, shots, "codes-wrong")
    totp = pyotp.TOTP(secret)
    page.fill("#code", totp.now())
    page.click("form[action='/account/codes'] button")
    recovery = page.locator(".recovery code").all_inner_texts()
    assert len(recovery) == 10
    look(page, shots, "recovery")
    page.click("a[href='/account'].strong")
    look(page, shots, "account")

    # Password and the next code; the one before is used up.
    log_out(page)
    log_in(page, address, NEW)
    look(page, shots, "second")
    page.fill("#code", totp.at(time.time() + STEP_SECONDS))
    page.click("form[action='/login/second'] button.main")
    assert page.url == f"{address}/"

    # A passkey, registered and used.
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    page.goto(f"{address}/account")
    page.fill("#passkey-name", "Phone <b>x</b>")
    page.click("[data-passkey=create] button")
    page.wait_for_selector(".keys-list b:has-text('Phone <b>x</b>')")
    look(page, shots, "account-passkey")
    log_out(page)
    page.click("[data-passkey=get] button")
    page.wait_for_url(f"{address}/")

    # One of the recovery codes, typed carelessly.
    log_out(page)
    log_in(page, address, NEW)
    page.click("details.lost summary")
    look(page, shots, "second-lost")
    page.fill("#recovery", recovery[0].upper().replace("-", " "))
    page.click("details.lost button")
    assert page.url == f"{address}/"

    # The administrator's pages.
    page.goto(f"{address}/staff")
    look(page, shots, "staff")
    page.fill("#username", "ravi.kumar@bank.example")
    page.select_option("#role", "officer")
    page.click("form[action='/staff'] button")
    look(page, shots, "staff-added")
    page.goto(f"{address}/staff/ravi.kumar@bank.example")
    look(page, shots, "staff-member")
    page.click("form[action$='/disable'] button")
    look(page, shots, "staff-ended")


def test_member_comes_in_from_another_site_when_the_provider_sends_him(page, told, shots):
    address = told["address"]
    page.goto(f"{address}/account")
    page.click("a[href='/login/single-sign-on']")
    # The browser keeps a strict cookie to itself on a redirect from another site; our last page leads on by itself.
    page.wait_for_url(f"{address}/account")
    look(page, shots, "account-provider")
    page.goto(f"{address}/")
    assert page.url == f"{address}/"


def test_passkey_says_so_when_the_device_gives_no_answer(page, told, shots):
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}},
    )
    page.goto(f"{told['address']}/login")
    page.click("[data-passkey=get] button")
    page.wait_for_selector("[data-problem=given-up]:not([hidden])")
    look(page, shots, "login-passkey")
