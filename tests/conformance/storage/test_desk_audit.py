"""The desk's chain: what was changed, removed or cut shows."""

from __future__ import annotations

import pytest
from tests.support.cases import open_case

from satark.cases.model import CaseOutcome
from satark.storage.desk.audit import DeskAudit


@pytest.fixture
def worked(desk):
    """Return a desk where something happened."""
    case_id = open_case(desk, 1)
    desk.cases.note(case_id, "called", "asha")
    desk.cases.close([case_id], CaseOutcome.FRAUD, "stolen_card", "asha")
    desk.audit.append(actor="ravi", action="entity_viewed", subject="card:tok", detail={"n": 1})
    return desk


def test_entries_are_read_by_what_they_are_about(worked):
    newest = worked.audit.entries(2)
    assert [entry.seq for entry in newest] == [4, 3]
    assert [entry.action for entry in worked.audit.entries(actor="asha")] == [
        "case_closed",
        "case_note_added",
    ]
    assert [entry.seq for entry in worked.audit.entries(subject="card:tok")] == [4]
    assert [entry.seq for entry in worked.audit.entries(action="case_closed")] == [3]
    assert [entry.seq for entry in worked.audit.entries(before_seq=3)] == [2, 1]


def test_a_chain_verifies_when_nothing_was_changed(worked):
    seq, digest = worked.audit.head()
    report = worked.audit.verify(heads={seq: digest.hex()})
    assert (report.ok, report.entries, report.hash) == (True, 4, digest.hex())


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE desk_audit SET actor = 'ravi' WHERE seq = 2", (2, "the entry was changed")),
        ("UPDATE desk_audit SET detail = '{}' WHERE seq = 3", (3, "the entry was changed")),
        ("DELETE FROM desk_audit WHERE seq = 2", (2, "entries are missing")),
    ],
)
def test_a_change_behind_the_desk_s_back_shows(worked, backend, statement, expected):
    backend.run(statement, file="desk.db")
    report = worked.audit.verify()
    assert not report.ok
    assert (report.problems[0].seq, report.problems[0].what) == expected


def test_a_cut_tail_shows_by_the_head_that_the_trail_has_noted(worked, backend):
    storage = backend.open(secrets=backend.secrets)
    assert storage.seal_desk() == 4
    assert storage.seal_desk() == 0
    assert storage.verify_desk().ok
    backend.run("DELETE FROM desk_audit WHERE seq >= 3", file="desk.db")
    report = storage.verify_desk()
    assert [(one.seq, one.what) for one in report.problems] == [
        (4, "a noted head is not on the chain, which ends at 2")
    ]


def test_an_installation_without_a_desk_has_nothing_to_verify(backend):
    storage = backend.beside("bare", fresh=True).open()
    assert storage.verify_desk() is None
    assert storage.seal_desk() == 0


def test_another_key_verifies_nothing(worked, backend):
    other = DeskAudit(worked.engines, backend.clock, key=b"another key")
    assert not other.verify().ok
