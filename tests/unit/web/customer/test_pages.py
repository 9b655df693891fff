from __future__ import annotations

import html
import re

import pytest
import structlog
from tests.support.notices import NOON_US

from satark.cases.notices import Answer, hash_of
from satark.core.errors import StorageUnavailable

HOSTILE = 'x"><script>alert(1)</script>'


def words(response):
    return html.unescape(re.sub(r"<[^>]*>", " ", response.text))


@pytest.mark.parametrize("action", ["hold", "block", "challenge"])
def test_question_is_asked_in_hindi_when_customer_chose_nothing(phone, bank, action):
    page = phone.get(f"/c/{bank.tell(action)['sms']}")
    assert page.status_code == 200
    assert '<html lang="hi"' in page.text
    for text in (
        "क्या यह भुगतान आपने किया?",
        "यह मैंने नहीं किया",
        "मैंने किया",
        "₹49,000.00",
        "1930",
        "1800 123 4567",
    ):
        assert text in words(page)


def test_question_is_in_english_when_asked_for_or_chosen(phone, bank, desk):
    token = bank.tell()["sms"]
    assert "This was not me" in words(phone.get(f"/c/{token}?lang=en"))
    desk.notices.choose(1, "cust-1", lang="en", threshold_minor=None, actor="asha")
    token = bank.tell(id="second")["sms"]
    assert "Did you make this payment?" in words(phone.get(f"/c/{token}"))
    assert "क्या यह भुगतान आपने किया?" in words(phone.get(f"/c/{token}?lang=hi"))
    assert '<html lang="en"' in phone.get(f"/c/{token}?lang=xx").text


def test_page_asks_for_nothing_secret_when_opened(phone, bank):
    text = phone.get(f"/c/{bank.tell()['sms']}").text
    inputs = re.findall(r"<input[^>]*>", text)
    assert [re.search(r'type="(\w+)"', one)[1] for one in inputs] == ["hidden"]
    assert "password" not in re.sub(r"[^<]*never asks[^<]*", "", text)
    assert "+919812345678" not in text
    assert "ramesh@example.in" not in text


def test_page_is_closed_to_other_sites_and_caches_when_opened(phone, bank):
    page = phone.get(f"/c/{bank.tell()['sms']}")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-frame-options"] == "DENY"
    assert "noindex" in page.headers["x-robots-tag"]
    assert page.headers["referrer-policy"] == "same-origin"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "set-cookie" not in page.headers
    assert "style=" not in page.text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nothing_is_answered_when_page_is_only_opened(phone, bank, desk, method):
    token = bank.tell()["sms"]
    for _ in range(3):
        assert phone.send(method, f"/c/{token}?answer=fraud").status_code == 200
    notice, link = desk.notices.find(hash_of(token))
    assert notice.answer is None
    assert link.used_us is None
    assert (link.opened_us is None) is (method == "HEAD")


def test_denial_freezes_and_tells_the_steps_when_tapped(phone, bank, desk):
    token = bank.tell()["sms"]
    page = phone.answer(token, "fraud")
    assert page.status_code == 200
    said = words(page)
    for text in (
        "आपका उत्तर: यह मैंने नहीं किया",
        "1930",
        "cybercrime.gov.in",
        "आपकी UPI ID से भुगतान रोके जा रहे हैं।",
    ):
        assert text in said
    particulars = words_of_complaint(page)
    for text in (
        "upi-629418830177",
        "₹49,000.00",
        "quick-loan.77@exbank",
        "उदाहरण बैंक",
        "22 सितंबर 2026, 12:00:00 IST",
    ):
        assert text in particulars
    assert desk.commands.waiting(10)[0].body["list"] == "frozen_vpas"
    assert 'href="tel:1930"' in page.text
    assert 'href="tel:18001234567"' in page.text


def words_of_complaint(page):
    return html.unescape(re.search(r"<pre[^>]*>(.*?)</pre>", page.text, re.DOTALL)[1])


def test_held_payment_is_released_when_confirmed(phone, bank, desk):
    token = bank.tell()["sms"]
    page = phone.answer(token, "genuine", lang="en")
    assert "is being released now" in words(page)
    assert desk.notices.find(hash_of(token))[0].answer is Answer.GENUINE


def test_page_promises_no_release_when_policy_keeps_the_hold(phone, bank):
    page = phone.answer(bank.tell(rules=("takeover",))["sms"], "genuine", lang="en")
    assert "once more before it is released" in words(page)


@pytest.mark.parametrize("second", ["fraud", "genuine"])
def test_second_answer_is_refused_kindly_when_link_was_used(phone, bank, desk, second):
    token = bank.tell()["sms"]
    proof = bank.desk.notices.links.form_token(token)
    phone.answer(token, "genuine")
    commands = len(desk.commands.waiting(10))
    again = phone.answer(token, second, proof=proof)
    assert again.status_code == 409
    assert "आप उत्तर दे चुके हैं" in words(again)
    assert "1930" in words(again)
    seen = phone.get(f"/c/{token}")
    assert seen.status_code == 200
    assert "<form" not in seen.text
    assert len(desk.commands.waiting(10)) == commands
    assert desk.notices.find(hash_of(token))[0].answer is Answer.GENUINE


def test_steps_and_particulars_are_found_again_when_phone_forgot_the_page(phone, bank, clock):
    token = bank.tell()["sms"]
    phone.answer(token, "fraud")
    clock.advance(86_400)
    page = phone.get(f"/c/{token}")
    assert "22 सितंबर 2026, 12:00:00 IST" in words_of_complaint(page)
    assert "<form" not in page.text
    clock.advance(1)
    assert "<pre" not in phone.get(f"/c/{token}").text


def test_used_link_tells_nothing_of_the_payment_when_it_was_confirmed(phone, bank):
    token = bank.tell()["sms"]
    phone.answer(token, "genuine")
    seen = words(phone.get(f"/c/{token}"))
    for particular in ("49,000", "quick-loan", "ramesh", "upi-629418830177"):
        assert particular not in seen


def test_ended_link_is_refused_kindly_when_time_is_over(phone, bank, clock, desk):
    token = bank.tell()["sms"]
    proof = desk.notices.links.form_token(token)
    clock.advance(3 * 86_400)
    for page in (phone.get(f"/c/{token}"), phone.answer(token, "fraud", proof=proof)):
        assert page.status_code == 410
        assert "इस लिंक की अवधि समाप्त हो गई है" in words(page)
        assert "1930" in words(page)
        assert "49,000" not in words(page)
    assert desk.commands.waiting(10) == []


@pytest.mark.parametrize(
    "token",
    ["x", "A" * 36, "%00", "..%2f..%2flogin", "A" * 5_000, "%F0%9F%98%80", "'%20OR%201=1--", "<script>"],
)
def test_token_that_is_none_is_refused_kindly_when_tried(phone, token):
    page = phone.get(f"/c/{token}")
    assert page.status_code == 404
    assert "<script>" not in page.text


def test_forged_token_never_reaches_the_database_when_tried(phone, desk, monkeypatch):
    def asked(_):
        pytest.fail("the database was asked")

    monkeypatch.setattr(desk.notices, "find", asked)
    assert phone.get("/c/" + "A" * 36).status_code == 404


def test_guesser_is_slowed_down_and_nobody_else_when_guessing(phone, make_phone, bank):
    token = bank.tell()["sms"]
    statuses = [phone.get(f"/c/{number:036d}").status_code for number in range(25)]
    assert statuses == [404] * 20 + [429] * 5
    assert make_phone("203.0.113.8").get("/c/x").status_code == 404
    assert phone.get(f"/c/{token}").status_code == 200


def test_link_is_rested_when_asked_for_without_end(phone, bank, clock):
    token = bank.tell()["sms"]
    statuses = [phone.get(f"/c/{token}").status_code for _ in range(41)]
    assert statuses == [200] * 40 + [429]
    clock.advance(301)
    assert phone.get(f"/c/{token}").status_code == 200


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [
        ({"answer": "fraud"}, {}, 403),
        ({"answer": "fraud", "proof": "0" * 64}, {}, 403),
        ({"answer": "fraud", "proof": "PROOF"}, {"sec-fetch-site": "cross-site"}, 403),
        ({"answer": "fraud", "proof": "PROOF"}, {"origin": "https://evil.example"}, 403),
        ({"answer": "both", "proof": "PROOF"}, {}, 400),
        ({"proof": "PROOF"}, {}, 400),
        ({"answer": "fraud", "proof": "PROOF", "x": "y" * 200_000}, {}, 413),
        ({f"f{number}": "x" for number in range(400)}, {}, 400),
    ],
)
def test_answer_is_not_taken_when_form_is_not_ours(phone, bank, desk, data, headers, status):
    token = bank.tell()["sms"]
    proof = desk.notices.links.form_token(token)
    data = {name: proof if value == "PROOF" else value for name, value in data.items()}
    page = phone.send("POST", f"/c/{token}", data=data, headers=headers)
    assert page.status_code == status
    assert "यह मैंने नहीं किया" in words(page)
    assert desk.notices.find(hash_of(token))[1].used_us is None


def test_answer_is_not_taken_when_proof_is_of_another_link(phone, bank, desk):
    tokens = bank.tell()
    other = desk.notices.links.form_token(tokens["smtp"])
    assert phone.answer(tokens["sms"], "fraud", proof=other).status_code == 403
    assert desk.notices.find(hash_of(tokens["sms"]))[1].used_us is None


@pytest.mark.parametrize("body", [b"\xff\xfe", b'{"answer":"fraud"}', b""])
def test_body_that_is_no_form_is_refused_when_sent(phone, bank, body):
    token = bank.tell()["sms"]
    page = phone.send("POST", f"/c/{token}", content=body, headers={"content-type": "application/json"})
    assert page.status_code in {400, 413}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused_when_tried(phone, bank, method):
    assert phone.send(method, f"/c/{bank.tell()['sms']}").status_code == 405


def test_names_do_nothing_when_they_hold_markup(phone, bank, desk):
    token = bank.tell()["sms"]
    with desk.writing("a test") as connection:
        from satark.storage.desk.tables.notices import NOTICES

        shown = connection.scalar(NOTICES.select().with_only_columns(NOTICES.c.shown))
        broken = shown.replace(b"quick-loan.77@exbank", HOSTILE.replace('"', '\\"').encode())
        broken = broken.replace(b"quick-loan 77@exbank", HOSTILE.replace('"', '\\"').encode())
        connection.execute(NOTICES.update().values(shown=broken))
    for page in (phone.get(f"/c/{token}"), phone.answer(token, "fraud")):
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;alert" in page.text


def test_customer_is_told_to_call_when_database_does_not_answer(phone, bank, desk, monkeypatch):
    token = bank.tell()["sms"]

    def broken(_):
        raise StorageUnavailable("the notices cannot be used")

    monkeypatch.setattr(desk.notices, "find", broken)
    with structlog.testing.capture_logs() as logs:
        page = phone.get(f"/c/{token}")
    assert page.status_code == 503
    assert "1930" in words(page)
    assert token not in repr(logs)


def test_no_log_holds_the_link_when_page_breaks(phone, bank, desk, monkeypatch):
    token = bank.tell()["sms"]

    def broken(_):
        raise RuntimeError(token)

    monkeypatch.setattr(desk.notices, "find", broken)
    with structlog.testing.capture_logs() as logs:
        assert phone.get(f"/c/{token}").status_code == 503
    assert logs
    assert token not in repr(logs)


def test_audit_names_who_answered_when_looked_at(phone, bank, desk):
    phone.answer(bank.tell()["sms"], "fraud")
    entries = {entry.action: entry for entry in desk.audit.entries(10)}
    assert entries["notice_opened"].actor == "customer"
    assert desk.audit.verify().ok
    assert entries["notice_opened"].at_us == NOON_US
