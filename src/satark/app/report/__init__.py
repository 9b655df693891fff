"""The weekly report, as a page and as a PDF, in Hindi or English."""

from satark.app.report.gathering import gather_week
from satark.app.report.page import week_html
from satark.app.report.print import week_pdf
from satark.app.report.view import ReportView, view_of

__all__ = ["ReportView", "gather_week", "view_of", "week_html", "week_pdf"]
