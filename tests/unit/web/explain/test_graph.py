from __future__ import annotations

import pytest
from tests.support.console import LINK_KEY, NOW_US

from satark.cases.model import EntityKind, EntityRef, NewAlert
from satark.policies.case_rules import JoinRule
from satark.web.entity.names import EntityNames
from satark.web.graph.reading import AROUND, CASE_THINGS
from satark.web.sealing import Seal

NAMES = EntityNames(Seal(LINK_KEY))
JOIN = JoinRule(frozenset({"device"}), 86_400, 200)


def card(number):
    return EntityRef(EntityKind.CARD, f"tok_{number:012d}")


def device(number):
    return EntityRef(EntityKind.DEVICE, f"device-{number:04d}")


@pytest.fixture
def ring(world):
    """Cards 1, 2 and 3 in a row, joined by devices 1 and 2; card 9 stands alone."""
    for number, shared in ((1, 1), (2, 1), (2, 2), (3, 2), (9, 9)):
        world.pay(card=card(number).value, device={"id": device(shared).value})
    return world


def test_neighbours_are_given_under_masks_when_asked(ring, analyst):
    answer = analyst.get(f"/graph/around/{NAMES.token(device(1))}")
    data = answer.json()
    assert data["nodes"][0]["events"] == 2
    assert {NAMES.ref(node["id"]) for node in data["nodes"]} == {device(1), card(1), card(2)}
    assert {edge["events"] for edge in data["edges"]} == {1}
    assert card(1).value not in answer.text
    assert device(1).value not in answer.text


def test_shortest_way_is_given_when_there_is_one(ring, analyst):
    data = analyst.get(f"/graph/way/{NAMES.token(card(1))}/{NAMES.token(card(3))}").json()
    assert [NAMES.ref(name) for name in data["way"]] == [card(1), device(1), card(2), device(2), card(3)]
    assert len(data["edges"]) == 4


def test_no_way_is_said_when_there_is_none(ring, analyst):
    data = analyst.get(f"/graph/way/{NAMES.token(card(1))}/{NAMES.token(card(9))}").json()
    assert data == {"found": False, "way": [], "nodes": [], "edges": []}


def test_answer_stays_small_when_a_thing_has_thousands_of_neighbours(world, analyst):
    for number in range(300):
        world.pay(card=card(number).value, device={"id": device(1).value})
    data = analyst.get(f"/graph/around/{NAMES.token(device(1))}").json()
    assert len(data["nodes"]) == AROUND + 1
    assert data["nodes"][0]["more"] == 300 - AROUND


def test_case_is_drawn_with_what_its_things_share_when_opened(ring, analyst):
    refs = (card(1), card(2), device(1))
    alert = NewAlert(
        2, 1, "pay-2", NOW_US, "hold", 0.6, 50_000, "review", 7_200, (), (), refs, four_eyes=False
    )
    with ring.desk.writing() as connection:
        case_id = ring.desk.cases.take_in(connection, [alert], JOIN)[0].case_id
    data = analyst.get(f"/graph/case/{case_id}").json()
    assert {NAMES.ref(node["id"]) for node in data["nodes"]} == set(refs)
    pairs = {frozenset((NAMES.ref(edge["a"]), NAMES.ref(edge["b"]))) for edge in data["edges"]}
    assert pairs == {frozenset((card(1), device(1))), frozenset((card(2), device(1)))}
    assert len(data["edges"]) == 2


def test_case_is_drawn_in_part_when_it_has_hundreds_of_things(world, analyst):
    refs = tuple(card(number) for number in range(200))
    alert = NewAlert(
        1, 1, "pay-1", NOW_US, "hold", 0.6, 50_000, "review", 7_200, (), (), refs, four_eyes=False
    )
    with world.desk.writing() as connection:
        case_id = world.desk.cases.take_in(connection, [alert], JOIN)[0].case_id
    data = analyst.get(f"/graph/case/{case_id}").json()
    assert len(data["nodes"]) == CASE_THINGS
    assert data["left_out"] == 200 - CASE_THINGS


@pytest.mark.parametrize(
    "path",
    ["/graph/case/99", "/graph/case/99999999999999999999", "/graph/around/x", "/graph/x", "/graph/way/x/y"],
)
def test_nothing_is_there_when_it_is_unknown(ring, analyst, path):
    assert analyst.get(path).status_code == 404


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("viewer", "/graph/around/{}", 403),
        ("viewer", "/graph/{}", 403),
        ("author", "/graph/case/1", 403),
        ("auditor", "/graph/around/{}", 200),
    ],
)
def test_role_is_asked_for_when_a_graph_is_read(ring, enter, role, path, status):
    assert enter(role).get(path.format(NAMES.token(card(1)))).status_code == status


def test_page_works_as_a_list_when_there_is_no_script(ring, analyst):
    page = analyst.get(f"/graph/{NAMES.token(device(1))}").text
    plain = page.split("<noscript>")[1].split("</noscript>")[0]
    assert plain.count("/entities/") == 2
    assert f'data-url="/graph/around/{NAMES.token(device(1))}"' in page


def test_graph_begins_with_a_search_when_nothing_is_chosen(ring, analyst):
    assert analyst.get("/graph").headers["location"] == "/search"
