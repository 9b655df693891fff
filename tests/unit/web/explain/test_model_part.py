"""The part of a decision's page that tells what the model said and what it went by."""

from __future__ import annotations

import html
import re

import msgspec
import pytest
from tests.support.scored_log import ScoredLog

from satark.app.explaining import Explaining
from satark.decisions.logged_roster import logged_model


@pytest.fixture
def scored(world):
    """A log of scored payments in the place of the world's own."""
    made = ScoredLog()
    world.log.entries = made.log.entries
    return made


def explain(world, scored):
    part = Explaining(scored.log, world.desk, lambda model_hash: logged_model(scored.log, model_hash))
    while part.place.seq < scored.log.last_seq():
        part.step()


def words(page):
    found = re.search(r'<section aria-labelledby="model".*?</section>', page, re.DOTALL)
    return (
        None
        if found is None
        else re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", found[0]))).strip()
    )


def test_inputs_are_told_in_english_and_hindi_when_they_are_there(world, scored, enter):
    for number in range(6):
        entry = scored.pay(f"p{number}", amount_minor=50_000)
    explain(world, scored)
    english = words(enter().get(f"/decisions/{entry.seq}").text)
    assert "probability of fraud 95.0 %" in english
    assert "6 payments on this card in 10 minutes, usually 1 towards fraud, odds × > 1,000" in english
    assert "all inputs together give exactly this score" in english
    hindi = words(enter(lang="hi").get(f"/decisions/{entry.seq}").text)
    assert "इस कार्ड से 10 मिनट में 6 बार, सामान्यतः 1" in hindi
    assert "धोखाधड़ी की संभावना 95.0 %" in hindi
    assert "payments" not in hindi


def test_page_says_that_it_is_being_computed_when_the_worker_is_behind(world, scored, analyst):
    entries = [scored.pay(f"p{number}") for number in range(4)]
    assert "is being computed" in words(analyst.get(f"/decisions/{entries[3].seq}").text)
    explain(world, scored)
    assert "is being computed" not in words(analyst.get(f"/decisions/{entries[3].seq}").text)
    world.desk.explanations.forget(entries[3].occurred_us + 1)
    assert "is not kept (any more)" in words(analyst.get(f"/decisions/{entries[3].seq}").text)


def test_page_says_so_when_the_payment_was_allowed(world, scored, analyst):
    entry = scored.pay("p1")
    assert "only where the answer was not “allow”" in words(analyst.get(f"/decisions/{entry.seq}").text)


def test_page_says_so_when_the_model_was_not_asked(world, scored, analyst):
    entry = scored.pay("p1")
    decision = msgspec.json.decode(entry.decision)
    decision["model"]["score"] = None
    world.log.entries[-1] = msgspec.structs.replace(entry, decision=msgspec.json.encode(decision))
    assert "could not be asked" in words(analyst.get(f"/decisions/{entry.seq}").text)


def test_page_warns_when_the_model_gives_another_score_today(world, scored, analyst):
    entry = [scored.pay(f"p{number}") for number in range(3)][-1]
    changed = entry.decision.replace(b'"score":0.2', b'"score":0.3')
    world.log.entries[-1] = msgspec.structs.replace(entry, decision=changed)
    explain(world, scored)
    page = analyst.get(f"/decisions/{entry.seq}").text
    assert "An auditor should look at this." in words(page)
    assert 'class="problem" role="note"' in page


def test_no_part_is_shown_when_the_policy_has_no_model(world, analyst):
    assert words(analyst.get(f"/decisions/{world.pay()}").text) is None


def test_words_of_a_model_are_escaped(world, scored, analyst):
    for number in range(3):
        entry = scored.pay(f"p{number}")
    explain(world, scored)
    with world.desk.writing() as connection:
        body = connection.exec_driver_sql("SELECT body FROM explanations").scalar()
        evil = body.replace("payments on this card", "<script>alert(1)</script>")
        connection.exec_driver_sql("UPDATE explanations SET body = ?", (evil,))
    page = analyst.get(f"/decisions/{entry.seq}").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_page_says_so_when_no_input_stood_out(world, scored, analyst):
    for number in range(3):
        entry = scored.pay(f"p{number}")
    explain(world, scored)
    with world.desk.writing() as connection:
        body = msgspec.json.decode(connection.exec_driver_sql("SELECT body FROM explanations").scalar())
        body["inputs"] = []
        connection.exec_driver_sql("UPDATE explanations SET body = ?", (msgspec.json.encode(body).decode(),))
    assert "No single input stood out." in words(analyst.get(f"/decisions/{entry.seq}").text)
