"""The case store: everything about alerts and cases under one name, over the desk database."""

from __future__ import annotations

from satark.storage.desk.case_deadlines import CaseDeadlines
from satark.storage.desk.case_figures import CaseFigures
from satark.storage.desk.case_intake import CaseIntake
from satark.storage.desk.case_undo import CaseUndo
from satark.storage.desk.case_views import CaseViews


class SqlCases(CaseUndo, CaseIntake, CaseViews, CaseFigures, CaseDeadlines):
    """`satark.cases.ports.CaseStore` on SQLite and PostgreSQL; callable from any thread and process."""
