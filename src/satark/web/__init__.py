"""The pages, in a process of their own: decisions arriving live, with reasons in Hindi and English."""

from satark.web.app import SatarkWeb, create_web
from satark.web.options import WebOptions
from satark.web.ports import AuditTrail, DecisionReader, StaffDirectory, StaffMember

__all__ = [
    "AuditTrail",
    "DecisionReader",
    "SatarkWeb",
    "StaffDirectory",
    "StaffMember",
    "WebOptions",
    "create_web",
]
