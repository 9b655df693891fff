"""The dashboard: volumes, actions, scores, rules, money held, latency, by hour and by state."""

from satark.web.dashboard.pages import DashboardPages

__all__ = ["DashboardPages"]
