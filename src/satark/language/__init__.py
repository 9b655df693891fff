"""The expression language of rules and filters: typed, bounded, the same in Python and in Polars."""

from satark.language.bulk import FrameEnv, PolarsEnv, to_polars
from satark.language.compile import Env, compile_each, compile_mask, compile_values
from satark.language.diagnostics import Diagnostic, Position, Reporter, did_you_mean
from satark.language.expression import TypedExpr, parse_and_check
from satark.language.registry import FUNCTIONS
from satark.language.schema import ListInfo, NameInfo, Schema
from satark.language.types import Type

__all__ = [
    "FUNCTIONS",
    "Diagnostic",
    "Env",
    "FrameEnv",
    "ListInfo",
    "NameInfo",
    "PolarsEnv",
    "Position",
    "Reporter",
    "Schema",
    "Type",
    "TypedExpr",
    "compile_each",
    "compile_mask",
    "compile_values",
    "did_you_mean",
    "parse_and_check",
    "to_polars",
]
