"""The report as one HTML file: no scripts, nothing from elsewhere, every text escaped."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

if TYPE_CHECKING:
    from satark.app.report.view import ReportView


def week_html(view: ReportView) -> str:
    """Return the report as a page."""
    return _environment().get_template("weekly.html").render(view=view)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("satark.app.report", "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        keep_trailing_newline=True,
    )
