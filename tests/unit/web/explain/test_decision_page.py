from __future__ import annotations

import html
import re

import pytest
from tests.support.console import HOUR_US, NOW_US

DELHI = {"lat": 28.6139, "lon": 77.2090, "accuracy_m": 40}
MUMBAI = {"lat": 19.0760, "lon": 72.8777, "accuracy_m": 2_500}
FAR = {"shipping": {"pin": "110001", "city": "Delhi"}, "billing": {"pin": "560001", "city": "Bengaluru"}}
VELOCITY = (9, 450_000, None, 1, True)


def _words(page):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page)))


def test_rule_is_told_with_value_and_limit_when_it_fired(world, analyst):
    page = _words(analyst.get(f"/decisions/{world.pay(features=VELOCITY)}").text)
    assert "9 payments; limit 6" in page
    assert "Card, payments of the last 10 minutes: how many 9 (> 6)" in page
    assert "It would not have fired if:" in page
    assert "card_10m > limit" in page
    assert "judged again: the same answer" in page


def test_nearest_change_is_told_when_one_rule_decides(world, analyst):
    page = analyst.get(f"/decisions/{world.pay(features=VELOCITY)}").text
    milder = _words(page.split("Milder, if")[1].split("Graver, if")[0])
    assert "9 → changed to 6 Allowed" in milder


def test_another_card_is_told_when_a_list_decides(world, analyst):
    world.edit_list("stolen", "tok_bad_0123456789")
    page = _words(analyst.get(f"/decisions/{world.pay(card='tok_bad_0123456789')}").text)
    assert "The card was stolen" in page
    assert "changed to another one Allowed" in page


def test_lists_are_those_of_the_time_when_they_changed_later(world, analyst):
    before = world.pay(card="tok_bad_0123456789")
    world.edit_list("stolen", "tok_bad_0123456789")
    after = world.pay(card="tok_bad_0123456789")
    world.edit_list("stolen", "tok_bad_0123456789", remove=True)
    pages = [analyst.get(f"/decisions/{seq}").text for seq in (after, before, after)]
    assert ["The card was stolen" in page for page in pages] == [True, False, True]
    assert all("judged again: the same answer" in page for page in pages)


def test_difference_is_said_when_the_stored_answer_does_not_follow(world, analyst):
    seq = world.pay(features=VELOCITY)
    entry = world.log.entries[seq - 1]
    world.log.entries[seq - 1] = type(entry)(
        **{
            **{name: getattr(entry, name) for name in entry.__struct_fields__},
            "decision": entry.decision.replace(b'"action":"hold"', b'"action":"allow"'),
        }
    )
    assert "the rules come to something else" in analyst.get(f"/decisions/{seq}").text


@pytest.mark.parametrize(
    ("change", "to", "told"),
    [
        ("card_10m", "3", "another answer"),
        ("card_10m", "8", "the same answer"),
        ("amount", "1,23,456.50", "₹1,23,456.50"),
        ("card_10m", "many", "cannot be tried"),
        ("card_10m", "nan", "cannot be tried"),
        ("card", "tok_x", "cannot be tried"),
        ("no_such", "1", "cannot be tried"),
        ("<script>", "<script>", "cannot be tried"),
    ],
)
def test_value_is_tried_when_somebody_asks(world, analyst, change, to, told):
    seq = world.pay(features=VELOCITY)
    response = analyst.get(f"/decisions/{seq}", params={"change": change, "to": to})
    assert response.status_code == 200
    assert told in response.text
    assert "<script>" not in response.text.replace("<script src", "")


def test_windows_are_shown_by_what_they_are_kept_by_when_stored(world, analyst):
    page = analyst.get(f"/decisions/{world.pay(features=VELOCITY, device={'id': 'device-0042'})}").text
    section = page.split('id="windows"')[1].split("</article>")[0]
    assert "Payments of the last day: sum of amount" in _words(section)
    assert "₹4,500.00" in section
    assert 'class="days"' in section


def test_map_has_both_addresses_and_the_fence_of_the_rule_when_they_are_far_apart(world, analyst):
    page = analyst.get(f"/decisions/{world.pay(amount=500_000, **FAR)}").text
    words = _words(page.split('id="places"')[1])
    assert "Delivery address" in words
    assert "300 km around: Billing address" in words
    assert page.count('class="ring fence"') == 2  # On the map and in the legend.
    assert re.search(r"1,[67]\d\d km from the first", words)


def test_places_before_are_on_the_map_when_the_card_travelled(world, analyst):
    world.pay(location=MUMBAI, at_us=NOW_US - HOUR_US)
    page = analyst.get(f"/decisions/{world.pay(location=DELHI)}").text
    assert "Payment before" in page
    assert 'class="way"' in page
    assert re.search(r"1,1\d\d km from the first", _words(page))


def test_reach_since_the_place_before_is_drawn_when_the_card_travelled_too_fast(world, analyst):
    world.pay(location=MUMBAI, at_us=NOW_US - HOUR_US // 2)
    page = analyst.get(
        f"/decisions/{world.pay(location=DELHI, features=(2, 100_000, 2_296.0, 1, True))}"
    ).text
    assert "500 km around: Payment before" in _words(page)
    assert page.count('class="ring fence"') == 2


def test_no_map_is_drawn_when_no_place_is_known(world, analyst):
    assert 'class="map"' not in analyst.get(f"/decisions/{world.pay()}").text


@pytest.mark.parametrize("gone", ["body", "features"])
def test_page_says_what_cannot_be_told_when_retention_has_removed_it(world, analyst, gone):
    seq = world.pay(features=VELOCITY)
    entry = world.log.entries[seq - 1]
    fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
    world.log.entries[seq - 1] = type(entry)(**{**fields, gone: b"" if gone == "body" else None})
    page = analyst.get(f"/decisions/{seq}").text
    assert "9 payments; limit 6" in page
    assert "not kept any more" in page


def test_page_is_whole_when_the_policy_is_not_in_the_log(world, analyst):
    seq = world.pay(features=VELOCITY)
    world.log.find_by_ref = lambda owner, ref: iter(())
    page = analyst.get(f"/decisions/{seq}").text
    assert "9 payments; limit 6" in page
    assert "not kept any more" in page


def test_page_is_in_hindi_when_asked_for(world, enter):
    page = (
        enter("analyst", "hi").get(f"/decisions/{world.pay(features=VELOCITY, **FAR, amount=500_000)}").text
    )
    assert "9 भुगतान; सीमा 6" in page
    assert "कार्ड, पिछले 10 मिनट के भुगतान: कुल संख्या" in page
    for english in ("What would change", "Milder", "Try another", "Where<", "km around", "Delivery address"):
        assert english not in page


def test_things_are_no_links_when_the_role_may_not_see_them(world, enter):
    seq = world.pay(features=VELOCITY, device={"id": "device-0042"})
    assert "/entities/" in enter("analyst").get(f"/decisions/{seq}").text
    page = enter("viewer").get(f"/decisions/{seq}").text
    assert "/entities/" not in page
    assert 'class="days"' not in page


def test_case_is_linked_when_the_role_may_see_it(world, enter):
    from satark.cases.model import NewAlert
    from satark.policies.case_rules import JoinRule

    seq = world.pay(features=VELOCITY)
    alert = NewAlert(
        seq, 1, f"pay-{seq}", NOW_US, "hold", 0.6, 50_000, "review", 7_200, (), (), (), four_eyes=False
    )
    with world.desk.writing() as connection:
        case_id = world.desk.cases.take_in(connection, [alert], JoinRule(frozenset(), 1, 1))[0].case_id
    assert f'href="/cases/{case_id}"' in enter("analyst").get(f"/decisions/{seq}").text
    assert "/cases/" not in enter("author").get(f"/decisions/{seq}").text


def test_view_is_noted_when_a_decision_is_opened(world, analyst):
    seq = world.pay("pay-seen")
    analyst.get(f"/decisions/{seq}")
    assert ("analyst", "decision_viewed", "pay-seen", {"seq": str(seq)}) in world.notes


def test_personal_data_is_masked_everywhere_when_explained(world, analyst):
    person = {
        "customer": {"id": "cust-88121", "phone": "+919876543210", "email": "asha.k@example.in"},
        "device": {"id": "dev-51c0-aa"},
        "ip": "203.0.113.7",
        "shipping": {"line": "12 Brigade Road", "pin": "560001"},
        "payee": {"vpa": "ramesh.g@exbank"},
    }
    page = analyst.get(f"/decisions/{world.pay(features=VELOCITY, **person)}").text
    for text in (
        "cust-88121",
        "9876543210",
        "asha.k@",
        "dev-51c0-aa",
        "203.0.113.7",
        "rigade",
        "560001",
        "ramesh.g",
    ):
        assert text not in page
    assert "tok_5f3a9c01ab77" not in page
