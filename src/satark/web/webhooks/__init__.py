"""Webhooks, for the administrator: who is told of what, what was sent, and what to do about the rest."""

from satark.web.webhooks.pages import WebhooksPages

__all__ = ["WebhooksPages"]
