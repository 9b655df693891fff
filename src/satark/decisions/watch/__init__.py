"""What changes over weeks: drift, calibration, precision, labels, missing values, alerts; read off the log."""

from satark.decisions.watch.counter import WatchCounter
from satark.decisions.watch.findings import Finding, Kind, Verdict
from satark.decisions.watch.judging import Judged, judge_weeks

__all__ = ["Finding", "Judged", "Kind", "Verdict", "WatchCounter", "judge_weeks"]
