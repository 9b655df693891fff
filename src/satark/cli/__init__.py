"""The terminal: commands, their output and their exit codes."""

from satark.cli import (
    about,
    backtest,
    customers,
    decisions,
    keeping,
    keys,
    lifecycle,
    models,
    policies,
    replay,
    report,
    servers,
    simulate,
    staff,
    train,
)
from satark.cli.failures import run
from satark.cli.root import cli

__all__ = [
    "about",
    "backtest",
    "cli",
    "customers",
    "decisions",
    "keeping",
    "keys",
    "lifecycle",
    "models",
    "policies",
    "replay",
    "report",
    "run",
    "servers",
    "simulate",
    "staff",
    "train",
]
