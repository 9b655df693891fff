"""What changes over weeks, for leaders, authors and auditors: drift, calibration, precision, labels, alerts."""

from satark.web.watch.pages import WatchPages

__all__ = ["WatchPages"]
