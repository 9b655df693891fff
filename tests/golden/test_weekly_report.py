"""The weekly report's page in both languages: compared with ones that people have read.

Write them anew with ``SATARK_WRITE_GOLDEN=1`` and read the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.weekly import QUEUES, figures

from satark.app.report import view_of, week_html

FOLDER = Path(__file__).parent / "reports"


@pytest.mark.parametrize("lang", ["en", "hi"])
def test_report_is_as_read(lang):
    found = week_html(view_of(figures(), lang, queues=QUEUES))
    golden = FOLDER / f"weekly-{lang}.html"
    if os.environ.get("SATARK_WRITE_GOLDEN"):
        golden.write_text(found, "utf-8")
    assert found == golden.read_text("utf-8")
