from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from satark.core.clock import FixedClock, Micros
from satark.core.errors import StorageUnavailable
from satark.storage.desk.audit import DeskAuditReport
from satark.storage.desk.tables.audit import DESK_AUDIT
from satark.web.audit.checks import Checks

XSS = "<script>alert(1)</script>"


@pytest.fixture
def auditor(enter):
    return enter("auditor")


def settle():
    for thread in threading.enumerate():
        if thread.name == "satark-audit":
            thread.join(20)


def test_entries_are_filtered_when_asked(world, auditor):
    world.desk.audit.append(actor="asha", action="case_closed", subject="case:7")
    world.desk.audit.append(actor="ravi", action="list_added", subject="stolen")
    page = auditor.get("/audit").text
    assert "case_closed" in page
    assert "list_added" in page
    page = auditor.get("/audit?actor=asha").text
    assert "case_closed" in page
    assert "list_added" not in page
    assert "No entry is like this." in auditor.get("/audit?action=nothing").text


def test_older_entries_follow_when_there_are_many(world, auditor):
    for number in range(130):
        world.desk.audit.append(actor="asha", action="tested", subject=f"s{number}")
    page = auditor.get("/audit").text
    assert "before=31" in page
    assert ">s10<" in auditor.get("/audit?before=31").text


def test_reading_is_noted_when_a_trail_is_opened(world, auditor):
    auditor.get("/audit")
    assert ("auditor", "audit_viewed", "desk") in [note[:3] for note in world.notes]


def test_chain_is_good_when_nothing_was_changed(world, auditor):
    world.desk.audit.append(actor="asha", action="tested")
    answer = auditor.post("/audit/check", {"csrf": auditor.csrf, "trail": "desk"})
    assert answer.status_code == 303
    settle()
    assert "Complete and unchanged" in auditor.get("/audit/state?trail=desk").text


def test_chain_is_bad_and_the_place_told_when_an_entry_was_changed(world, auditor):
    for _ in range(3):
        world.desk.audit.append(actor="asha", action="tested")
    with world.desk.writing() as connection:
        connection.execute(sa.update(DESK_AUDIT).where(DESK_AUDIT.c.seq == 2).values(actor="ravi"))
    auditor.post("/audit/check", {"csrf": auditor.csrf, "trail": "desk"})
    settle()
    page = auditor.get("/audit").text
    assert "Something was changed" in page
    assert "<code>2</code> the entry was changed" in page


def test_nobody_else_reads_or_proves_when_the_role_may_not(enter):
    analyst = enter("analyst")
    assert analyst.get("/audit").status_code == 403
    assert analyst.post("/audit/check", {"csrf": analyst.csrf}).status_code == 403


def test_markup_is_text_when_it_stands_in_an_entry(world, auditor):
    world.desk.audit.append(actor=XSS, action=XSS, subject=XSS, detail={XSS: XSS})
    page = auditor.get("/audit").text
    assert "<script>alert" not in page


def test_second_proof_waits_when_one_runs_and_a_failure_is_told():
    checks = Checks(FixedClock(Micros(0)))
    go_on = threading.Event()

    def slow(*, progress):
        progress("desk", 1, 2)
        go_on.wait(20)
        return DeskAuditReport(ok=True, entries=2, problems=(), hash="")

    def broken(*, progress):
        raise StorageUnavailable("gone")

    assert checks.start("desk", slow)
    assert not checks.start("installation", broken)
    go_on.set()
    settle()
    assert checks.of("desk").state == "good"
    assert checks.start("installation", broken)
    settle()
    assert checks.of("installation").state == "failed"


def test_acts_are_told_in_words_beside_their_codes(world, auditor):
    world.desk.audit.append(actor="asha", action="case_closed", subject="case:7")
    world.desk.audit.append(actor="asha", action="of_later_days", subject="case:7")
    page = auditor.get("/audit").text
    assert "Case closed with an outcome</a> <code>case_closed</code>" in page
    assert ">of_later_days</a></td>" in page
    auditor.cookies.set("satark_lang", "hi")
    assert "मामला बंद किया गया</a> <code>case_closed</code>" in auditor.get("/audit").text
