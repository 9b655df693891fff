"""Satark (सतर्क): decide on payments before money moves, with the exact past and a reason that a person can read."""

__all__ = ["__version__"]

__version__ = "0.1.0"
