"""The HTTP edge: decisions, events and labels in; answers, problems, numbers and documentation out."""

from satark.api.app import SatarkApi, create_app
from satark.api.options import ApiOptions, ServerOptions
from satark.api.ports import ApiKey, DecisionServiceLike, KeyVerifier, Outcome, Readiness
from satark.api.server import run_server

__all__ = [
    "ApiKey",
    "ApiOptions",
    "DecisionServiceLike",
    "KeyVerifier",
    "Outcome",
    "Readiness",
    "SatarkApi",
    "ServerOptions",
    "create_app",
    "run_server",
]
