"""One case: its alerts, what they share, what happened so far, and how it ends."""

from satark.web.case.pages import CasePages

__all__ = ["CasePages"]
