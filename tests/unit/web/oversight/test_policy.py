from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import satark
from satark.decisions.again import policy_input, policy_ref
from satark.policies import load_policy
from satark.web.policy.words import MISTAKE_NAMES

XSS = "<img src=x onerror=alert(1)>"


def publish(world, text):
    policy = load_policy(text)
    world.put("policy", policy_input(policy, text), ref=policy_ref(policy.content_hash), owner=0)
    world.count()


@pytest.fixture
def text(world):
    return world.web.desk.reader.get(1).body.decode()


@pytest.fixture
def source(supervisor):
    import html
    import re

    page = supervisor.get("/policy/check").text
    return html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)[1])


def check(visitor, text="", file=None):
    files = (
        {"file": ("draft.yaml", file, "text/yaml")} if file is not None else {"none": ("", b"", "text/plain")}
    )
    return visitor.send(
        "POST",
        "/policy/check",
        data={"csrf": visitor.csrf, "text": text},
        files=files if file is not None else None,
    )


def test_policy_in_force_is_told_with_its_rules_and_how_often_they_fired(world, supervisor):
    world.pay(features=(9, 50_000, None, 1, False))
    world.count()
    page = supervisor.get("/policy").text
    assert 'id="rule-velocity"' in page
    assert "fired 1 times in 7 days" in page
    assert "{card_10m} भुगतान" in supervisor.get("/policy", headers={"accept-language": "hi"}).text


def test_text_is_shown_line_by_line_when_asked(supervisor):
    page = supervisor.get("/policy/text").text
    assert 'id="L1"' in page
    assert "policy: small" in page


@pytest.mark.parametrize(("version", "status"), [("99", 404), ("x", 400), ("", 200), ("1", 200)])
def test_version_is_checked_when_named(supervisor, version, status):
    assert supervisor.get(f"/policy/text?version={version}").status_code == status


def test_draft_is_good_when_it_is_the_text_in_force(supervisor, source):
    answer = check(supervisor, source)
    assert answer.status_code == 200
    assert "No mistakes: " in answer.text
    assert "no decision would differ" in answer.text


def test_change_is_told_in_meaning_when_a_limit_differs(supervisor, source):
    page = check(supervisor, source.replace("{limit: 6}", "{limit: 9}")).text
    assert "<del>6</del>" in page
    assert "<ins>9</ins>" in page


def test_amounts_of_a_rule_are_told_in_rupees(supervisor, source):
    text = source.replace("{limit: 6}", "{limit: 6, least: rupees(20_000), share: rupees(1) / rupees(2)}")
    page = check(supervisor, text).text
    assert "<ins>₹20,000.00</ins>" in page
    assert "<ins>0.5</ins>" in page
    rule = next(rule for rule in load_policy(text).rules if "least" in rule.params)
    assert (rule.params["least"], rule.money) == (20_000_00, {"least"})


def test_every_mistake_is_told_with_its_place_when_a_draft_has_some(supervisor, source):
    wrong = source.replace("card_10m > limit", "card_10n > limit").replace("mode", "mood")
    page = check(supervisor, file=wrong.encode()).text
    assert "Unknown name" in page
    assert "did you mean" in page
    assert (
        "अज्ञात नाम"
        in supervisor.send(
            "POST",
            "/policy/check",
            data={"csrf": supervisor.csrf, "text": wrong},
            headers={"accept-language": "hi"},
        ).text
    )


def test_draft_is_shown_as_text_when_it_holds_markup(supervisor):
    page = check(supervisor, f"policy: {XSS}\nversion: 1\nrules: {{}}").text
    assert "<img src=x" not in page
    assert "&lt;img" in page


def test_draft_is_refused_when_it_is_no_text_or_too_large(supervisor):
    assert check(supervisor, file=b"\xff\xfe\x00").status_code == 400
    assert check(supervisor, file=b"#" * 1_000_001).status_code == 413


def test_two_versions_are_compared_when_there_was_another_before(world, supervisor, source):
    publish(world, source.replace("version: 1", "version: 2").replace("score: 0.65", "score: 0.7"))
    page = supervisor.get("/policy/compare").text
    assert "<del>0.65</del>" in page
    assert "<ins>0.7</ins>" in page
    assert supervisor.get("/policy/compare?from=99&to=1").status_code == 404
    assert "ships with this program" in supervisor.get("/policy/compare?from=bundled").text


def test_page_says_so_when_the_engine_has_logged_no_policy(tmp_path, make_visitor):
    from tests.support.console import Member, World

    empty = World(tmp_path / "empty")
    visitor = make_visitor(empty.web)
    session = empty.web.desk.sessions.begin(Member("author", "author"), strong=True)
    visitor.cookies.set("satark_session", session, domain="pages.test", path="/")
    assert "has not logged a policy yet" in visitor.get("/policy").text
    assert "has no lists" in visitor.get("/lists").text
    empty.desk.close()


def test_mistake_is_told_in_the_reader_s_language_with_its_line_and_hint(supervisor, source):
    wrong = source.replace("card_10m > limit", "card_10n > limit")
    page = supervisor.send(
        "POST",
        "/policy/check",
        data={"csrf": supervisor.csrf, "text": wrong},
        headers={"accept-language": "hi"},
    ).text
    assert "`card_10n` नाम का कोई तथ्य या विशेषता नहीं है" in page
    assert "क्या आपका आशय `card_10m` था?" in page
    assert "there is no fact" not in page


def test_every_kind_of_mistake_has_words_when_the_checkers_name_it():
    found = set()
    source = Path(satark.__file__).parent
    files = [
        *(source / "policies").glob("*.py"),
        *(source / "language").rglob("*.py"),
        *(source / "features").glob("oneline*.py"),
    ]
    for call in (node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))):
        if isinstance(call, ast.Call) and _name_of(call.func) in {"error", "report", "Diagnostic", "_whole"}:
            found |= {
                code.value
                for code, message in zip(call.args, call.args[1:], strict=False)
                if isinstance(code, ast.Constant)
                and re.fullmatch("[a-z_]+", str(code.value))
                and (isinstance(message, ast.JoinedStr) or " " in str(getattr(message, "value", "")))
            }
    assert len(found) > 40
    assert found - set(MISTAKE_NAMES) == set()


def _name_of(function):
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
