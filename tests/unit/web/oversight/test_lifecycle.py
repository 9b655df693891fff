"""Versions of policies on pages: written without loss, approved by another, published once, taken back by one click."""

from __future__ import annotations

import html
import re

import pytest
from tests.support.backtests import result
from tests.support.console import Member
from tests.support.lifecycle import hash_of

from satark.cases.policy_life import Person, Step
from satark.decisions.again import policy_input, policy_ref
from satark.decisions.backtest.result import encode_result
from satark.decisions.roster import ROSTER, ROSTER_REF, Roster, encode_roster, order_of
from satark.policies import load_policy

XSS = "<img src=x onerror=alert(1)>"


@pytest.fixture
def text(world):
    return world.text


def bumped(text, version=2, **changes):
    made = text.replace("version: 1", f"version: {version}")
    for old, new in changes.items():
        made = made.replace(old, new)
    return made


@pytest.fixture
def author(enter):
    return enter("author")


@pytest.fixture
def take(world):
    """Let the engine do what was asked."""

    def run():
        for command in world.desk.commands.waiting(100):
            world.desk.commands.check(command)
            order = order_of(command.body)
            for one in order.texts.values():
                policy = load_policy(one)
                world.put("policy", policy_input(policy, one), ref=policy_ref(policy.content_hash), owner=0)
            roster = Roster(order.live, order.canary, order.shadows, order.killed, actor=command.actor)
            world.put(
                ROSTER, encode_roster(roster), ref=ROSTER_REF, owner=0, event_id=f"command:{command.id}"
            )
            world.desk.commands.settle(command.id, "done")
        world.count()

    return run


def send(visitor, path, **form):
    return visitor.send("POST", path, data={"csrf": visitor.csrf, **form})


def write(visitor, text, path="/policy/versions/new", **form):
    files = {"none": ("", b"", "text/plain")}
    return visitor.send("POST", path, data={"csrf": visitor.csrf, "text": text, **form}, files=files)


def typed_in(page):
    return html.unescape(re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)[1])


def approved(world, text):
    desk, policy = world.desk, hash_of(text)
    desk.versions.create(text, Person("ravi", "author"))
    desk.versions.submit(policy, Person("ravi", "author"), revision=1)
    desk.versions.approve(policy, Person("meera", "supervisor"), revision=2)
    return policy


def test_draft_is_kept_when_it_has_no_mistakes(world, author, text):
    answer = write(author, bumped(text), note="another limit")
    policy = hash_of(bumped(text))
    assert (answer.status_code, answer.headers["location"]) == (303, f"/policy/versions/{policy}")
    page = author.get(f"/policy/versions/{policy}").text
    assert "another limit" in page
    assert "Send for review" in page
    assert "Approve" not in page.replace("Approved by", "")


def test_nothing_typed_is_lost_when_the_draft_has_mistakes(author, text):
    wrong = bumped(text).replace("card_10m > limit", "card_10n > limt") + f"# {XSS}\n"
    answer = write(author, wrong, note="my reason")
    assert answer.status_code == 400
    assert typed_in(answer.text) == wrong
    assert 'value="my reason"' in answer.text
    assert answer.text.count("data-line=") == 2
    assert "Unknown name" in answer.text
    assert "<img src=x" not in answer.text
    hindi = author.send(
        "POST",
        "/policy/versions/new",
        data={"csrf": author.csrf, "text": wrong},
        files={"none": ("", b"", "text/plain")},
        headers={"accept-language": "hi"},
    )
    assert "अज्ञात नाम" in hindi.text


def test_nothing_typed_is_lost_when_somebody_was_faster(world, author, text):
    policy = hash_of(bumped(text))
    write(author, bumped(text))
    theirs = bumped(text, card_10m="card_10m").replace("{limit: 6}", "{limit: 8}")
    newer = world.desk.versions.edit(policy, theirs, Person("ravi", "author"), revision=1)
    mine = bumped(text).replace("{limit: 6}", "{limit: 9}")
    answer = write(author, mine, path=f"/policy/versions/{policy}/edit", revision="1")
    assert answer.status_code == 409
    assert typed_in(answer.text) == mine
    assert "ravi" in answer.text
    assert f'action="/policy/versions/{newer}/edit"' in answer.text
    again = write(author, mine, path=f"/policy/versions/{newer}/edit", revision="2")
    assert again.headers["location"] == f"/policy/versions/{hash_of(mine)}"


def test_typed_text_becomes_a_new_draft_when_the_old_one_was_submitted_meanwhile(world, author, text):
    policy = hash_of(bumped(text))
    write(author, bumped(text))
    world.desk.versions.submit(policy, Person("ravi", "author"), revision=1)
    mine = bumped(text).replace("{limit: 6}", "{limit: 9}")
    answer = write(author, mine, path=f"/policy/versions/{policy}/edit", revision="1")
    assert answer.status_code == 409
    assert typed_in(answer.text) == mine
    assert 'action="/policy/versions/new"' in answer.text
    assert author.get(f"/policy/versions/{policy}/edit").status_code == 303


def test_saved_draft_is_told_to_be_the_same_when_its_meaning_decides_already(author, text):
    answer = write(author, text + "# nothing new\n")
    assert answer.status_code == 409
    assert "means exactly the same" in answer.text


def test_author_cannot_approve_when_he_forges_the_form(world, author, enter, text):
    policy = hash_of(bumped(text))
    write(author, bumped(text))
    send(author, f"/policy/versions/{policy}/submit", revision="1", note="please")
    page = author.get(f"/policy/versions/{policy}").text
    assert f"{policy}/approve" not in page
    assert "had no hand in it" in page
    answer = send(author, f"/policy/versions/{policy}/approve", revision="2")
    assert "refused_policy_own_work" in answer.headers["set-cookie"]
    assert world.desk.versions.get(policy).state == "in_review"
    other = enter("supervisor")
    assert f"{policy}/approve" in other.get(f"/policy/versions/{policy}").text
    assert "Waits for your approval" in other.get("/policy/versions").text
    send(other, f"/policy/versions/{policy}/approve", revision="2", note="good")
    assert world.desk.versions.get(policy).approved_by == "supervisor"


@pytest.mark.parametrize("role", ["analyst", "officer", "auditor", "viewer"])
def test_form_is_refused_when_the_role_may_not(world, enter, text, role):
    policy = approved(world, bumped(text))
    visitor = enter(role)
    for path, form in (
        (f"/policy/versions/{policy}/submit", {"revision": "3"}),
        (f"/policy/versions/{policy}/approve", {"revision": "3"}),
        (f"/policy/versions/{policy}/publish", {"step": "shadow"}),
        (f"/policy/versions/{policy}/backtest", {"span": "7d"}),
        ("/policy/back", {}),
        ("/policy/switch", {"rule": "velocity", "to": "off", "note": "x"}),
    ):
        assert send(visitor, path, **form).status_code == 403, path
    if role != "viewer":
        page = visitor.get("/policy/versions").text + visitor.get(f"/policy/versions/{policy}").text
        assert '<form method="post" action="/policy' not in page


def test_canary_is_asked_once_and_taken_back_by_one_click(world, author, take, text):
    policy = approved(world, bumped(text))
    asked = author.get(f"/policy/versions/{policy}/publish?step=canary&percent=10")
    assert "It decides for 10% of customers" in asked.text
    assert "not been tried on past payments" in asked.text
    seen = re.search(r'name="seen" value="(\w+)"', asked.text)[1]
    send(author, f"/policy/versions/{policy}/publish", step="canary", percent="10", seen=seen, note="a tenth")
    assert "Asked of the engine by author" in author.get("/policy/versions").text
    take()
    page = author.get("/policy/versions").text
    assert "Canary 10%" in page
    twice = send(author, f"/policy/versions/{policy}/publish", step="canary", percent="90", seen=seen)
    assert "refused_policy_changed" in twice.headers["set-cookie"]
    seen = re.search(r'action="/policy/back".*?name="seen" value="(\w+)"', page, re.DOTALL)[1]
    send(author, "/policy/back", seen=seen)
    send(author, "/policy/back", seen=seen)
    take()
    assert world.desk.versions.standing().roster.canary is None
    assert world.desk.versions.get(policy).state == "reviewed"
    told = [entry.action for entry in world.desk.audit.entries()][::-1]
    assert [one for one in told if one.startswith("policy_")] == [
        "policy_drafted", "policy_submitted", "policy_approved", "policy_canary", "policy_back",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("step=canary&percent=0", 303),
        ("step=canary&percent=101", 303),
        ("step=canary&percent=nan", 303),
        ("step=canary&percent=1e400", 303),
        ("step=live", 303),
        ("step=end", 400),
        ("step=back", 400),
        ("", 400),
    ],
)
def test_publishing_is_refused_when_the_address_was_made_up(world, author, text, query, status):
    policy = approved(world, bumped(text))
    assert author.get(f"/policy/versions/{policy}/publish?{query}").status_code == status


@pytest.mark.parametrize("name", ["x", "0" * 64, "A" * 64, "../../etc"])
def test_version_is_not_found_when_there_is_none(author, name):
    assert author.get(f"/policy/versions/{name}").status_code == 404


def test_rule_is_switched_off_with_a_reason_and_on_again(world, enter, take):
    lead = enter("supervisor")
    assert "Switch off" in lead.get("/policy").text
    refused = send(lead, "/policy/switch", rule="velocity", to="off", note="")
    assert "refused_policy_note_missing" in refused.headers["set-cookie"]
    send(lead, "/policy/switch", rule="velocity", to="off", note=f"alarms {XSS}")
    take()
    page = lead.get("/policy/versions").text
    assert "Rules that are switched off" in page
    assert "alarms &lt;img" in page
    assert "Switched off" in lead.get("/policy").text
    send(lead, "/policy/switch", rule="velocity", to="on")
    take()
    assert world.desk.versions.standing().roster.killed == {}


def test_page_says_why_when_the_engine_refused(world, author, text):
    policy = approved(world, bumped(text))
    world.desk.rosters.publish(policy, Step.SHADOW, Person("author", "author"), log=world.log)
    (command,) = world.desk.commands.waiting(1)
    world.desk.commands.settle(command.id, "refused", "policy_invalid")
    assert "it cannot read the policy. Nothing changed." in author.get("/policy/versions").text


def test_backtest_is_asked_watched_and_told_in_rupees_and_customers(world, author, text):
    policy = approved(world, bumped(text))
    answer = send(
        author, f"/policy/versions/{policy}/backtest", span="dates", **{"from": "2026-05-01"}, to="2026-05-31"
    )
    assert answer.headers["location"] == "/backtests/1"
    job = world.desk.jobs.claim()
    assert job.body["against"] == hash_of(text)
    assert job.body["to_us"] - job.body["from_us"] == 31 * 86_400_000_000
    world.desk.jobs.progress(job, "deciding", 1_00_000, 2_00_000)
    page = author.get("/backtests/1").text
    assert "1,00,000 of 2,00,000 events" in page
    assert 'hx-get="/backtests/1/state"' in page
    assert "hx-refresh" not in author.get("/backtests/1/state").headers
    world.desk.jobs.finish(job, encode_result(result(policy, hash_of(text))))
    assert author.get("/backtests/1/state").headers["hx-refresh"] == "true"
    for page in (author.get("/backtests/1").text, author.get(f"/policy/versions/{policy}").text):
        assert (
            "It would have stopped ₹41 lakh more of fraud and troubled 12 more genuine customers."
            in " ".join(page.split())
        )
    hindi = " ".join(author.get("/backtests/1", headers={"accept-language": "hi"}).text.split())
    assert "इससे ₹41 लाख की अधिक धोखाधड़ी रुकती और 12 अतिरिक्त असली ग्राहकों को परेशानी होती।" in hindi
    assert "Never fires" in author.get("/backtests/1").text


@pytest.mark.parametrize(
    "form",
    [
        {"span": "dates", "from": "2026-05-31", "to": "2026-05-01"},
        {"span": "dates", "from": "", "to": ""},
        {"span": "dates", "from": "0001-01-01", "to": "9999-12-31"},
        {"span": "dates", "from": "9999-12-31", "to": "9999-12-31"},
        {"span": "for ever"},
    ],
    ids=str,
)
def test_backtest_is_refused_when_its_days_are_none(world, author, text, form):
    policy = approved(world, bumped(text))
    answer = send(author, f"/policy/versions/{policy}/backtest", **form)
    assert "refused_policy_span" in answer.headers["set-cookie"]
    assert world.desk.jobs.claim() is None


def test_backtest_is_given_up_and_its_failure_is_told(world, author, text):
    policy = approved(world, bumped(text))
    for _ in range(2):
        send(author, f"/policy/versions/{policy}/backtest", span="30d")
    world.desk.jobs.fail(world.desk.jobs.claim(), "no_payments")
    assert "There are no payments on these days." in author.get("/backtests/1").text
    send(author, "/backtests/2/cancel")
    assert "Given up" in author.get("/backtests").text
    assert author.get("/backtests/99").status_code == 404
    assert author.get("/backtests/99999999999999999999").status_code == 404


def test_result_of_another_program_is_left_out_when_it_cannot_be_read(world, author, text):
    policy = approved(world, bumped(text))
    send(author, f"/policy/versions/{policy}/backtest", span="30d")
    world.desk.jobs.finish(world.desk.jobs.claim(), b'{"format": 99}')
    assert author.get("/backtests/1").status_code == 200
    assert author.get(f"/policy/versions/{policy}").status_code == 200


def test_pages_answer_when_the_engine_has_logged_no_policy(tmp_path, make_visitor):
    from tests.support.console import World

    empty = World(tmp_path / "empty")
    visitor = make_visitor(empty.web)
    session = empty.web.desk.sessions.begin(Member("author", "author"), strong=True)
    visitor.cookies.set("satark_session", session, domain="pages.test", path="/")
    assert "has not logged a policy yet" in visitor.get("/policy/versions").text
    assert visitor.get("/policy/versions/new").status_code == 200
    empty.desk.close()
