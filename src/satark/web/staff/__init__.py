"""Members of staff, for the administrator: who they are, what they may do, how they log in."""

from satark.web.staff.pages import StaffPages

__all__ = ["StaffPages"]
