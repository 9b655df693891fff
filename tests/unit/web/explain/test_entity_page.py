from __future__ import annotations

import html
import re

import pytest
from tests.support.console import HOUR_US, LINK_KEY, NOW_US

from satark.cases.model import EntityKind, EntityRef
from satark.web.entity.labels import KIND_NAMES, label_of
from satark.web.entity.names import EntityNames
from satark.web.sealing import Seal

PHONE = EntityRef(EntityKind.PHONE, "+919876543210")
CARD = EntityRef(EntityKind.CARD, "tok_5f3a9c01ab77")
PERSON = {"customer": {"id": "cust-88121", "phone": "+919876543210"}}
NAMES = EntityNames(Seal(LINK_KEY))


def _words(page):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page)))


@pytest.fixture
def busy(world):
    """A card that paid 30 times, faster and faster; the last ones were held."""
    for place in range(30):
        features = (1 + place // 3, 50_000 * (place + 1), None, 1, False)
        world.pay(
            features=features, at_us=NOW_US - (30 - place) * HOUR_US, device={"id": "device-0042"}, **PERSON
        )
    return world


def test_everything_it_did_is_told_when_opened(busy, analyst):
    page = analyst.get(NAMES.path(CARD)).text
    words = _words(page)
    assert "Its 30 events, newest first" in words
    assert page.count('<li class="row ') == 25
    assert "Device de…42" in words
    assert re.search(r"Held 12 ₹6,000", words)
    assert "First seen" in words


def test_windows_are_drawn_over_its_events_when_features_are_stored(busy, analyst):
    page = analyst.get(NAMES.path(CARD)).text
    section = page.split('id="windows"')[1].split("</section>")[0]
    assert section.count("<polyline") == 2
    assert "limit-line" in section
    assert 'class="window over"' in section
    assert "10 (> 6)" in _words(section)


def test_windows_of_others_are_left_out_when_the_thing_is_another(busy, analyst):
    device = EntityRef(EntityKind.DEVICE, "device-0042")
    section = analyst.get(NAMES.path(device)).text.split('id="windows"')[1].split("</section>")[0]
    assert "Device, payments" in section
    assert "Card, payments" not in section


def test_older_events_are_given_when_asked_for(busy, analyst):
    page = analyst.get(NAMES.path(CARD)).text
    older = html.unescape(re.search(r'href="([^"]+before=\d+)#events"', page)[1])
    following = analyst.get(older).text
    assert following.count('<li class="row ') == 5
    assert "before=" not in following.split('class="turn"')[1].replace(older, "")


@pytest.mark.parametrize("span", ["day", "week", "month", "quarter", "nonsense"])
def test_chart_is_drawn_when_a_span_is_chosen(busy, analyst, span):
    page = analyst.get(NAMES.path(CARD), params={"span": span}).text
    assert '<svg class="days"' in page
    wanted = "month" if span == "nonsense" else span
    assert re.search(rf'span={wanted}" aria-current="true"', page)


def test_value_is_masked_when_it_is_personal(busy, analyst):
    page = analyst.get(NAMES.path(PHONE)).text
    assert "…10" in page
    assert "9876543210" not in page
    assert "cust-88121" not in page


def test_value_is_shown_and_noted_when_it_is_revealed(busy, analyst):
    path = NAMES.path(PHONE)
    page = analyst.post(f"{path}/reveal", {"csrf": analyst.csrf}).text
    assert "+919876543210" in page
    assert [note[:3] for note in busy.notes][-1] == ("analyst", "personal_data_viewed", "phone …10")
    assert all("9876543210" not in str(note) for note in busy.notes)


def test_nothing_is_revealed_when_the_form_is_not_ours(busy, analyst):
    response = analyst.post(f"{NAMES.path(PHONE)}/reveal", {"csrf": "x" * 43})
    assert response.status_code == 403
    assert "9876543210" not in response.text


@pytest.mark.parametrize("role", ["viewer"])
def test_thing_is_refused_when_the_role_may_not_see_it(busy, enter, role):
    assert enter(role).get(NAMES.path(PHONE)).status_code == 403


@pytest.mark.parametrize("token", ["x", "phone", "A" * 60, "%00", "..%2f..", "é", "A" * 5_000])
def test_nothing_is_there_when_the_name_is_not_ours(busy, analyst, token):
    assert analyst.get(f"/entities/{token}").status_code == 404


def test_nothing_is_there_when_it_was_never_seen(busy, analyst):
    assert analyst.get(NAMES.path(EntityRef(EntityKind.PHONE, "+910000000000"))).status_code == 404


def test_name_of_another_installation_opens_nothing_when_tried(busy, analyst):
    other = EntityNames(Seal(b"another key of 32 bytes, for you"))
    assert analyst.get(other.path(PHONE)).status_code == 404


def test_search_does_not_open_a_thing_when_its_seal_is_used(busy, analyst):
    sealed = Seal(LINK_KEY).close("search", "phone +919876543210")
    assert analyst.get(f"/entities/{sealed}").status_code == 404


def test_markup_is_escaped_when_an_id_holds_it(world, analyst):
    world.pay(payee={"merchant": "shop"}, shipping={"line": "<script>alert(1)</script>", "pin": "560001"})
    merchant = EntityRef(EntityKind.MERCHANT, "shop")
    page = analyst.get(NAMES.path(merchant)).text
    assert "<script>alert" not in page


def test_page_is_in_hindi_when_asked_for(busy, enter):
    words = _words(enter("analyst", "hi").get(NAMES.path(CARD)).text)
    for english in (
        "First seen",
        "Over time",
        "Seen together",
        "Cases",
        "newest first",
        "A week",
        "Held",
        "Card",
    ):
        assert english not in words


def test_every_kind_has_a_mask_and_a_name_when_listed():
    for kind in EntityKind:
        assert kind.value in KIND_NAMES
        assert label_of(EntityRef(kind, "a-value-of-some-length|560001"))
    assert label_of(EntityRef(EntityKind.IP, "203.0.113.7")) == "203.0.*.*"
    shown = (EntityKind.MERCHANT, EntityKind.PIN, EntityKind.IP)
    for kind in [kind for kind in EntityKind if kind not in shown]:
        assert "of-some" not in label_of(EntityRef(kind, "a-value-of-some-length|560001"))
