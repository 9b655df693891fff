"""The report as a PDF by Typst, with fonts of its own, so that Hindi looks the same everywhere.

The text goes in as data (JSON) and is set as text; the template never evaluates it.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from satark.core.clock import MICROS_PER_DAY
from satark.core.errors import InputInvalid
from satark.decisions.watch.measures import DAYS_PER_WEEK, first_day, week_named

if TYPE_CHECKING:
    from satark.app.report.view import ReportView

_FOLDER = Path(str(files("satark.app.report")))


def week_pdf(view: ReportView) -> bytes:
    """Return the report as a PDF; the same figures give the same bytes.

    Raises
    ------
    InputInvalid
        The extra `reports` is not installed.
    """
    try:
        import typst
    except ImportError:
        message = "the PDF needs the package typst: install satark[reports], or ask for --html-only"
        raise InputInvalid(message, field="pdf") from None
    made = typst.compile(
        str(_FOLDER / "templates" / "weekly.typ"),
        root=str(_FOLDER / "templates"),
        font_paths=[str(_FOLDER / "fonts")],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": msgspec.json.encode(view).decode()},
        # The end of the week, so that the same report is the same file whenever it is made.
        timestamp=(first_day(week_named(view.week_name)) + DAYS_PER_WEEK) * (MICROS_PER_DAY // 1_000_000),
    )
    return bytes(made)
