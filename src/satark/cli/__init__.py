"""The terminal: commands, their output and their exit codes."""

from satark.cli import about, keys, policies, simulate
from satark.cli.failures import run
from satark.cli.root import cli

__all__ = ["about", "cli", "keys", "policies", "run", "simulate"]
