"""The pages of models: which there are, who asks them, and what a card says in both languages."""

from __future__ import annotations

import pytest
from tests.support.console import POLICY, Counted, Member, World
from tests.support.models import carded, near_bytes
from tests.support.publishing import logistic_of, scored

from satark.decisions.roster import model_ref
from satark.models import load_model
from satark.storage.model_store import SUFFIX, ModelStore


class Visitors:
    def __init__(self, tmp_path, make_visitor, policy=POLICY):
        self.store = ModelStore(tmp_path / "home")
        self.world = World(tmp_path / "desk", policy=policy, models=self.store)
        self._make = make_visitor

    def enter(self, lang="en", role="author"):
        visitor = self._make(self.world.web, lang)
        session = self.world.web.desk.sessions.begin(Member(role, role), strong=True)
        visitor.cookies.set("satark_session", session, domain="pages.test", path="/")
        return visitor


@pytest.fixture
def make(tmp_path, make_visitor):
    made = []

    def visitors(policy=POLICY):
        made.append(Visitors(tmp_path, make_visitor, policy))
        return made[-1]

    yield visitors
    for one in made:
        one.world.desk.close()


def test_there_is_no_model_until_one_is_kept(make):
    visitors = make()
    assert "There is no model yet" in visitors.enter().get("/policy/models").text
    visitors.store.put(near_bytes())
    page = visitors.enter().get("/policy/models").text
    assert f'href="/policy/models/{load_model(near_bytes()).hash}"' in page
    assert "no policy" in page


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["1,23,456", "45,678 payments of 2026-09-01 to 2026-09-30", "0.891–0.911", "too few",
                "how usual this merchant is: …, usually 0.5", "customer, merchant", "75.0 %", "cards 7",
                "a reason to look, not a proof", "Only 56 frauds", "Logistic regression"]),
        ("hi", ["1,23,456", "0.891–0.911", "बहुत कम", "यह व्यापारी कितना सामान्य है: …, सामान्यतः 0.5",
                "प्रमाण नहीं", "केवल 56 धोखाधड़ी", "लॉजिस्टिक रिग्रेशन"]),
    ],
)  # fmt: skip
def test_card_is_told_in_the_reader_s_language(make, lang, words):
    visitors = make()
    visitors.store.put(carded())
    page = visitors.enter(lang).get(f"/policy/models/{load_model(carded()).hash}").text
    assert [word for word in words if word not in page] == []
    # What a file says is text, never markup.
    assert "<i>2026" not in page
    assert "<b>of a later" not in page
    assert page.index("customer_near_merchant") < page.index("<code>amount</code>")


@pytest.mark.parametrize(
    "card",
    [
        {},
        {"limits": "one", "notes": "of the card team", "source": {"format": "onnx"}},
        {"span": 7, "held_out": [], "inputs": None},
        {"span": {"from": "x"}, "held_out": {"model": {"auc": [None, None, None]}}},
    ],
)
def test_card_that_says_little_is_shown_all_the_same(make, card):
    visitors = make()
    visitors.store.put(carded(card))
    assert visitors.enter().get("/policy/models").status_code == 200
    answer = visitors.enter().get(f"/policy/models/{load_model(carded(card)).hash}")
    assert answer.status_code == 200
    assert str(card.get("notes", "")) in answer.text


def test_model_that_decides_is_marked_also_where_only_the_log_has_it(make):
    model = logistic_of(POLICY)
    visitors = make(scored(POLICY, model))
    world, found = visitors.world, load_model(model)
    world.desk.rollups.catch_up(Counted(world.log))
    author = visitors.enter()
    assert "There is no model yet" in author.get("/policy/models").text
    world.put("model", model, ref=model_ref(found.hash), owner=0)
    for page in (author.get("/policy/models").text, author.get(f"/policy/models/{found.hash}").text):
        assert "life-live" in page
        assert found.hash in page
    visitors.store.put(model)
    assert author.get("/policy/models").text.count(f'href="/policy/models/{found.hash}"') == 1


def test_damaged_model_is_told_as_such(make):
    visitors = make()
    path = visitors.store.put(near_bytes())
    path.write_bytes(near_bytes()[:-1])
    assert "The file is damaged" in visitors.enter().get("/policy/models").text
    answer = visitors.enter().get(f"/policy/models/{path.name.removesuffix(SUFFIX)}")
    assert "The file is damaged" in answer.text
    # Put back, it is read again.
    path.write_bytes(near_bytes())
    assert "The file is damaged" not in visitors.enter().get("/policy/models").text


@pytest.mark.parametrize("name", ["0" * 64, "nonsense", "..%2f..%2fsecrets.json", "0" * 5_000])
def test_name_of_no_model_is_not_found(make, name):
    assert make().enter().get(f"/policy/models/{name}").status_code == 404


def test_viewer_sees_no_models(make):
    visitors = make()
    visitors.store.put(near_bytes())
    assert visitors.enter(role="viewer").get("/policy/models").status_code == 403
