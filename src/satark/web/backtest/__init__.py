"""Backtests: what a version of a policy would have done with payments of the past."""

from satark.web.backtest.pages import BacktestPages

__all__ = ["BacktestPages"]
