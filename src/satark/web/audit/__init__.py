"""The audit trails: browse, filter, and prove that nothing was changed."""

from satark.web.audit.pages import AuditPages

__all__ = ["AuditPages"]
