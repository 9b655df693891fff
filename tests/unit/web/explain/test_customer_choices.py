"""What a customer has chosen about notices is written down on the customer's page."""

from __future__ import annotations

import html
import re

import pytest
from tests.support.console import LINK_KEY

from satark.cases.model import EntityKind, EntityRef
from satark.web.entity.names import EntityNames
from satark.web.sealing import Seal

CUSTOMER = EntityRef(EntityKind.CUSTOMER, "cust-88121")
PHONE = EntityRef(EntityKind.PHONE, "+919876543210")
NAMES = EntityNames(Seal(LINK_KEY))
PAGE = NAMES.path(CUSTOMER)


@pytest.fixture
def known(world):
    world.pay(customer={"id": "cust-88121", "phone": "+919876543210"})
    return world.log.entries[-1].owner


def send(visitor, path=f"{PAGE}/choices", **fields):
    return visitor.post(path, {"csrf": visitor.csrf, **fields})


def words(page):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page)))


def test_language_and_amount_are_kept_and_shown_again(known, world, analyst):
    assert "Notices to this customer" in words(analyst.get(PAGE).text)
    assert send(analyst, owner=str(known), lang="hi", threshold="₹5,000").status_code == 303
    chosen = world.desk.notices.chosen(known, "cust-88121")
    assert (chosen.lang, chosen.threshold_minor) == ("hi", 500_000)
    page = analyst.get(PAGE).text
    assert "The customer’s choice is kept" in words(page)
    assert '<option value="hi" lang="hi" selected>' in page
    assert 'name="threshold" value="5000"' in page
    (entry,) = world.desk.audit.entries(action="customer_chose")
    assert entry.actor == "analyst"


def test_empty_fields_mean_what_the_policy_says(known, world, analyst):
    send(analyst, owner=str(known), lang="en", threshold="100")
    send(analyst, owner=str(known), lang="", threshold="")
    chosen = world.desk.notices.chosen(known, "cust-88121")
    assert (chosen.lang, chosen.threshold_minor) == (None, None)


@pytest.mark.parametrize("threshold", ["0", "-5", "many", "1e5", "५००", "9" * 12])
def test_an_amount_that_is_none_changes_nothing_and_says_so(known, world, analyst, threshold):
    assert send(analyst, owner=str(known), lang="hi", threshold=threshold).status_code == 303
    assert world.desk.notices.chosen(known, "cust-88121") is None
    assert "must be a number of whole rupees" in words(analyst.get(PAGE).text)


def test_what_is_no_customer_of_that_owner_is_refused(known, world, analyst):
    assert send(analyst, owner=str(known + 1), lang="hi", threshold="").status_code == 404
    assert send(analyst, f"{NAMES.path(PHONE)}/choices", owner=str(known), lang="hi").status_code == 404
    assert send(analyst, owner=str(known), lang="fr", threshold="").status_code == 400
    assert world.desk.notices.chosen(known, "cust-88121") is None
    assert "Notices to this customer" not in words(analyst.get(NAMES.path(PHONE)).text)


def test_who_may_not_work_on_cases_neither_sees_nor_sends_the_form(known, world, enter):
    auditor = enter("auditor")
    assert "Notices to this customer" not in words(auditor.get(PAGE).text)
    assert send(auditor, owner=str(known), lang="hi", threshold="").status_code == 403
    assert world.desk.notices.chosen(known, "cust-88121") is None
