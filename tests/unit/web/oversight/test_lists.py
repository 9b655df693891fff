from __future__ import annotations

import pytest

from satark.policies import load_policy
from satark.web.lists.reading import expiry_of, read_file

XSS = '<script>alert("x")</script>'


def add(visitor, name="stolen", **fields):
    form = {"csrf": visitor.csrf, "value": "tok_new", "expiry": "90d", "until": "", "note": "", **fields}
    return visitor.post(f"/lists/{name}/add", form)


def commands(world):
    return [
        (one.kind, one.body["value"], one.body.get("expires_us")) for one in world.desk.commands.waiting(99)
    ]


def test_lists_are_shown_with_what_the_policy_and_people_put_on_them(world, supervisor):
    world.edit_list("stolen", "tok_edited")
    world.count()
    page = supervisor.get("/lists").text
    assert all(name in page for name in ("stolen", "told_us", "codes"))
    page = supervisor.get("/lists/stolen").text
    assert "tok_policy" in page
    assert "tok_edited" in page


def test_value_waits_for_the_engine_when_it_was_added(world, supervisor):
    answer = add(supervisor, note="seen twice")
    assert (answer.status_code, answer.headers["location"]) == (303, "/lists/stolen")
    assert commands(world) == [("list_set", "tok_new", world.clock.now_us() + 90 * 86_400_000_000)]
    page = supervisor.get("/lists/stolen").text
    assert "One value goes on the list." in page
    assert "/lists/undo/1" in page
    assert "tok_new" in page
    (entry,) = [one for one in world.desk.audit.entries() if one.action == "list_added"]
    assert (entry.actor, entry.subject) == ("supervisor", "stolen")


def test_value_counts_to_the_end_of_a_day_when_one_was_picked(world, supervisor):
    add(supervisor, until="2026-12-31")
    ((_, _, expires_us),) = commands(world)
    assert expires_us == expiry_of("", "2026-12-31", 0)


def test_value_is_back_when_the_removal_is_undone(world, supervisor):
    form = {"csrf": supervisor.csrf, "value": "tok_policy"}
    supervisor.post("/lists/stolen/remove", form)
    answer = supervisor.post("/lists/undo/1", {"csrf": supervisor.csrf})
    assert answer.headers["location"] == "/lists/stolen"
    assert commands(world) == [("list_remove", "tok_policy", None), ("list_set", "tok_policy", None)]


def test_undo_is_refused_kindly_when_it_is_anothers(world, enter, supervisor):
    add(supervisor)
    other = enter("author")
    assert other.post("/lists/undo/1", {"csrf": other.csrf}).status_code == 303
    assert "Only the one who did it can take it back." in other.get("/lists").text
    assert len(commands(world)) == 1


@pytest.mark.parametrize(
    ("name", "fields", "status"),
    [
        ("stolen", {"value": ""}, 400),
        ("stolen", {"value": "a\x07b"}, 400),
        ("stolen", {"value": "x" * 600}, 413),
        ("stolen", {"expiry": "soon"}, 400),
        ("stolen", {"until": "2001-01-01"}, 400),
        ("stolen", {"until": "tomorrow"}, 400),
        ("nowhere", {}, 404),
        ("stolen", {"csrf": "forged"}, 403),
    ],
)
def test_add_is_refused_when_something_is_wrong(world, supervisor, name, fields, status):
    assert add(supervisor, name, **fields).status_code == status
    assert commands(world) == []


@pytest.mark.parametrize("role", ["analyst", "auditor", "officer"])
def test_list_is_only_read_when_the_role_may_not_edit(world, enter, role):
    visitor = enter(role)
    page = visitor.get("/lists/stolen").text
    assert "/lists/stolen/add" not in page
    assert add(visitor).status_code == 403
    assert commands(world) == []


def test_personal_values_are_shortened_until_an_editor_asks_and_that_is_noted(world, enter, supervisor):
    world.edit_list("told_us", "+919876543210")
    world.count()
    assert "+919876543210" not in enter("analyst").get("/lists/told_us?show=full").text
    shown = supervisor.get("/lists/told_us").text
    assert "…10" in shown
    assert "<code>+919876543210</code>" not in shown
    assert "<code>+919876543210</code>" in supervisor.get("/lists/told_us?show=full").text
    assert [note[3]["shown"] for note in world.notes if note[1] == "list_viewed"] == [
        "masked",
        "masked",
        "full",
    ]


def test_file_is_taken_as_one_act_when_all_its_lines_are_right(world, supervisor):
    file = b"# from the card network\ntok_a\ntok_b, 2030-01-31\n\ntok_a\n"
    answer = supervisor.send(
        "POST",
        "/lists/stolen/import",
        data={"csrf": supervisor.csrf, "expiry": "never", "until": "", "note": "network"},
        files={"file": ("cards.csv", file, "text/csv")},
    )
    assert answer.status_code == 303
    assert commands(world) == [
        ("list_set", "tok_a", None),
        ("list_set", "tok_b", expiry_of("", "2030-01-31", 0)),
    ]
    assert "2 values go on the list." in supervisor.get("/lists/stolen").text


def test_nothing_is_taken_and_every_wrong_line_told_when_a_file_has_some(world, supervisor):
    file = b"5411\nfive\n7995, yesterday\n7995, 2001-01-01\n1,2,3\n"
    answer = supervisor.send(
        "POST",
        "/lists/codes/import",
        data={"csrf": supervisor.csrf, "expiry": "never", "until": ""},
        files={"file": ("codes.csv", file, "text/csv")},
    )
    assert answer.status_code == 400
    for words in ("Line 2: ", "Line 3: ", "Line 4: ", "Line 5: "):
        assert words in answer.text
    # The switches of language and colours lead back to the list, for nobody can open what takes the file.
    assert '<input type="hidden" name="back" value="/lists/codes">' in answer.text
    assert commands(world) == []


def test_script_is_shown_as_text_when_it_stands_in_a_value_and_a_note(world, supervisor):
    add(supervisor, value=XSS, note=XSS)
    page = supervisor.get("/lists/stolen").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_value_is_told_apart_when_twice_in_a_file_with_other_times():
    one = load_policy("policy: p\nversion: 1\nlists: {s: {of: card}}\nrules: {}").lists["s"]
    found = read_file("a, 2030-01-01\na, 2031-01-01", one, 0)
    assert [(problem.line, problem.code) for problem in found.problems] == [(2, "twice")]
