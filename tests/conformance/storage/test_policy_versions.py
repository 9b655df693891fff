from __future__ import annotations

import pytest
from tests.support.lifecycle import (
    ANU,
    ASHA,
    MEERA,
    RAVI,
    TEXT,
    EngineDouble,
    approved,
    hash_of,
    refused,
    text_of,
)

from satark.core.errors import Forbidden, NotFound, PolicyInvalid


@pytest.fixture
def desk(backend):
    return backend.open_desk()


@pytest.fixture
def log(desk):
    return EngineDouble(desk)


def actions(desk, policy):
    return [entry.action for entry in desk.audit.entries(subject=policy)][::-1]


def test_version_is_approved_when_a_second_person_has_read_it(desk, log):
    policy = approved(desk, text_of(2), log=log)
    found = desk.versions.get(policy)
    assert (found.state, found.approved_by, found.author) == ("reviewed", "meera", "asha")
    assert found.hash == hash_of(text_of(2))
    assert [act.step for act in desk.versions.history(found.thread)] == ["create", "submit", "approve"]
    assert actions(desk, policy) == ["policy_drafted", "policy_submitted", "policy_approved"]
    assert desk.audit.verify().ok


def test_whoever_had_a_hand_in_it_cannot_approve_when_asked(desk, log):
    policy = desk.versions.create(text_of(2), ASHA)
    policy = desk.versions.edit(policy, text_of(2, limit=7), RAVI, revision=1)
    desk.versions.submit(policy, ASHA, revision=2)
    for person in (ASHA, RAVI):
        with refused("own_work"):
            desk.versions.approve(policy, person, revision=3)
    assert desk.versions.get(policy).state == "in_review"
    desk.versions.approve(policy, MEERA, revision=3)
    assert desk.versions.get(policy).approved_by == "meera"


def test_role_is_asked_again_when_a_form_was_forged(desk):
    policy = desk.versions.create(text_of(2), ASHA)
    for work in (
        lambda: desk.versions.create(text_of(3), MEERA),
        lambda: desk.versions.edit(policy, text_of(3), ANU, revision=1),
        lambda: desk.versions.submit(policy, MEERA, revision=1),
        lambda: desk.versions.approve(policy, ANU, revision=1),
        lambda: desk.versions.comment(policy, ANU, "hm"),
    ):
        with pytest.raises(Forbidden):
            work()
    assert [act.step for act in desk.versions.history(policy)] == ["create"]


def test_draft_is_not_overwritten_when_somebody_was_faster(desk):
    policy = desk.versions.create(text_of(2), ASHA)
    edited = desk.versions.edit(policy, text_of(2, limit=7), RAVI, revision=1)
    with refused("not_now"):
        desk.versions.edit(policy, text_of(2, limit=8), ASHA, revision=2)
    with refused("changed"):
        desk.versions.edit(edited, text_of(2, limit=8), ASHA, revision=1)
    assert desk.versions.get(edited).text == text_of(2, limit=7)


def test_approval_is_refused_when_the_text_changed_since_it_was_read(desk):
    policy = desk.versions.create(text_of(2), ASHA)
    desk.versions.submit(policy, ASHA, revision=1)
    read = desk.versions.get(policy).revision
    desk.versions.give_back(policy, ASHA, revision=read, note="one more thing")
    desk.versions.edit(policy, text_of(2) + "# a comment\n", ASHA, revision=read + 1)
    desk.versions.submit(policy, ASHA, revision=read + 2)
    with refused("changed"):
        desk.versions.approve(policy, MEERA, revision=read)
    assert desk.versions.get(policy).state == "in_review"


def test_text_stays_when_the_version_is_no_draft_any_more(desk):
    policy = approved(desk, text_of(2))
    revision = desk.versions.get(policy).revision
    with refused("not_now"):
        desk.versions.edit(policy, text_of(2) + "# same meaning\n", ASHA, revision=revision)
    with refused("not_now"):
        desk.versions.edit(policy, text_of(2, limit=1), ASHA, revision=revision)
    with refused("same_meaning"):
        desk.versions.create(text_of(2) + "# same meaning\n", ASHA)
    assert desk.versions.get(policy).text == text_of(2)


def test_approval_is_gone_when_the_text_was_changed_behind_the_desk(backend, desk):
    policy = approved(desk, text_of(2))
    backend.run(
        f"UPDATE policy_versions SET text = 'x', digest = 'y' WHERE hash = '{policy}'", file="desk.db"
    )
    assert desk.versions.get(policy).approved_by is None


def test_approval_is_not_believed_when_its_row_points_elsewhere(backend, desk):
    good = approved(desk, text_of(2))
    bad = desk.versions.create(text_of(3, limit=1), ASHA)
    backend.run(
        "UPDATE policy_versions SET state = 'reviewed', approval = "
        f"(SELECT approval FROM policy_versions WHERE hash = '{good}') WHERE hash = '{bad}'",
        file="desk.db",
    )
    assert desk.versions.get(bad).state == "reviewed"
    assert not desk.versions.get(bad).approved


def test_every_mistake_is_told_when_a_draft_has_some(desk):
    with pytest.raises(PolicyInvalid) as caught:
        desk.versions.create(TEXT.replace("card_10m > limit", "card_10n > limt"), ASHA)
    assert len(caught.value.fields["diagnostics"]) == 2
    assert desk.versions.all() == []


@pytest.mark.parametrize("file", ["/etc/passwd", "../secrets.json", "a/../../b.csv"])
def test_draft_is_refused_when_a_list_names_a_file_outside_the_folder(desk, file):
    text = text_of(2).replace("rules:", f"lists:\n  stolen: {{of: card, file: {file}}}\nrules:")
    with refused("file_outside"):
        desk.versions.create(text, ASHA)


def test_draft_is_refused_when_it_is_too_large_or_counts_in_another_currency(desk, log):
    with refused("too_large"):
        desk.versions.create(TEXT + "#" * 1_000_000, ASHA)
    with refused("other_policy"):
        desk.versions.create(text_of(2).replace("features:", "base_currency: USD\nfeatures:"), ASHA, log=log)


def test_draft_is_refused_when_it_means_what_decides_already(desk, log):
    with refused("same_meaning"):
        desk.versions.create(TEXT + "# nothing new\n", ASHA, log=log)


def test_draft_goes_on_under_its_thread_when_its_meaning_changes_and_comes_back(desk):
    first = desk.versions.create(text_of(2), ASHA, note="fewer alarms")
    second = desk.versions.edit(first, text_of(2, limit=7), ASHA, revision=1)
    assert [version.hash for version in desk.versions.all()] == [second]
    third = desk.versions.edit(second, text_of(2), ASHA, revision=2)
    assert third == first
    found = desk.versions.get(third)
    assert (found.state, found.thread, found.note) == ("draft", first, "fewer alarms")
    assert len(desk.versions.history(first)) == 3


def test_comment_is_kept_and_a_reason_is_asked_when_a_version_is_given_back(desk):
    policy = desk.versions.create(text_of(2), ASHA)
    desk.versions.comment(policy, MEERA, "why 6?")
    desk.versions.submit(policy, ASHA, revision=1)
    with refused("note_missing"):
        desk.versions.give_back(policy, MEERA, revision=2, note="  ")
    desk.versions.give_back(policy, MEERA, revision=2, note="too strict")
    assert [act.note for act in desk.versions.history(policy)] == ["", "why 6?", "", "too strict"]
    assert desk.versions.get(policy).state == "draft"
    with pytest.raises(NotFound):
        desk.versions.comment("0" * 64, MEERA, "?")


def test_discarded_draft_makes_room_when_the_same_is_written_again(desk):
    policy = desk.versions.create(text_of(2), ASHA)
    desk.versions.discard(policy, ASHA, revision=1)
    assert desk.versions.get(policy).state == "retired"
    assert desk.versions.create(text_of(2), RAVI) == policy
    found = desk.versions.get(policy)
    assert (found.state, found.author, found.revision) == ("draft", "ravi", 3)
