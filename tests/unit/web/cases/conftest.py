"""The console over a real desk database with a few cases, and colleagues of each role."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

import pytest

from satark.cases.model import EntityKind, EntityRef, NewAlert
from satark.core.words import Words
from satark.policies.case_rules import CaseTerms, JoinRule, OnFraud
from satark.storage.desk import open_desk
from satark.web import WebOptions, create_web

TERMS = CaseTerms(
    queues={"cards": Words(en="Cards", hi="कार्ड वाले"), "upi": Words(en="UPI payments", hi="यूपीआई वाले")},
    reasons={
        "fraud": {
            "stolen_card": Words(en="Card stolen", hi="कार्ड चोरी"),
            "mule_account": Words(en="Mule account", hi="म्यूल खाता"),
        },
        "genuine": {"known_behaviour": Words(en="Usual for this customer", hi="ग्राहक के लिए सामान्य")},
        "inconclusive": {"not_enough_facts": Words(en="Not enough facts", hi="तथ्य कम")},
    },
    checklist={"called_customer": Words(en="Called the customer", hi="ग्राहक से बात की")},
    on_fraud=(OnFraud("blocked_cards", "card", 90 * 86_400), OnFraud("blocked_devices", "device")),
)
JOIN = JoinRule(frozenset({"card", "device"}), 7 * 86_400, 200)
PHONE = "+919876501234"
ROLES = {"asha": "analyst", "ravi": "analyst", "meera": "supervisor", "vikram": "auditor", "gone": "analyst"}


@dataclass
class Colleague:
    username: str
    role: str
    must_change: bool = False
    changed_us: int = 0
    disabled_us: int | None = None


class Colleagues:
    def __init__(self):
        self.members = {name: Colleague(name, role) for name, role in ROLES.items()}
        self.members["gone"].disabled_us = 1

    def verify(self, username, password):
        return None

    def find(self, username):
        return self.members.get(username)

    def list(self):
        return list(self.members.values())


def new_alert(seq, **changes):
    fields = {
        "seq": seq,
        "owner": 1,
        "event_id": f"p{seq}",
        "occurred_us": 1_760_000_000_000_000,
        "action": "hold",
        "score": 0.5,
        "amount_minor": 1_000_00 * seq,
        "queue": "cards",
        "deadline_seconds": 3_600,
        "kinds": ("velocity",),
        "rules": ("card_velocity",),
        "entities": (
            EntityRef(EntityKind.CARD, f"tok_0123456789_{seq}"),
            EntityRef(EntityKind.PHONE, PHONE),
        ),
        "four_eyes": False,
    }
    return NewAlert(**{**fields, **changes})


@pytest.fixture
def terms():
    return TERMS


@pytest.fixture
def phone():
    return PHONE


@pytest.fixture
def desk_store(tmp_path, clock):
    with open_desk(tmp_path / "desk", clock=clock, audit_key=b"k" * 32) as desk:
        with desk.writing() as connection:
            desk.cases.adopt(connection, TERMS)
        yield desk


@pytest.fixture
def open_cases(desk_store):
    """Open a case for each alert that shares nothing, and return the cases' numbers in the order of the alerts."""

    def make(*alerts):
        with desk_store.writing() as connection:
            made = desk_store.cases.take_in(connection, alerts, JOIN)
        return [alert.case_id for alert in made]

    return make


@pytest.fixture
def alert():
    return new_alert


@pytest.fixture
def colleagues():
    return Colleagues()


@pytest.fixture
def noted():
    return []


@pytest.fixture
def console(log, colleagues, clock, desk_store, noted):
    def audit(actor, action, subject, detail):
        noted.append((actor, action, subject, dict(detail)))

    return create_web(log, colleagues, WebOptions(), clock=clock, desk_store=desk_store, audit=audit)


@pytest.fixture
def enter(console, colleagues, make_visitor):
    """Return a visitor who is logged in as a colleague."""

    def make(username, lang="en"):
        visitor = make_visitor(console, lang)
        session = console.desk.sessions.begin(colleagues.members[username], strong=True)
        visitor.cookies.set("satark_session", session, domain="pages.test", path="/")
        visitor.csrf = console.desk.sessions.find(session).csrf
        visitor.send_form = lambda path, **fields: visitor.post(path, {"csrf": visitor.csrf, **fields})
        return visitor

    return make


@pytest.fixture
def words_of():
    """Return the text of a page's main part, as people read it."""

    def read(page):
        found = re.search(r"<main.*</main>", page, re.DOTALL)
        text = re.sub(
            r"<(script|style|svg).*?</\1>", " ", page if found is None else found[0], flags=re.DOTALL
        )
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", text))).strip()

    return read


@pytest.fixture
def toast(words_of):
    """Return what the next page says was done."""

    def read(page):
        found = re.search(r'<div class="toast.*?</div>', page, re.DOTALL)
        return "" if found is None else words_of(found[0]).removesuffix(" Undo")

    return read
