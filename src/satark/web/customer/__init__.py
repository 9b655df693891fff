"""The pages behind the links in notices: a customer answers without a login, with one tap."""

from __future__ import annotations

from satark.web.customer.pages import CustomerPages

__all__ = ["CustomerPages"]
