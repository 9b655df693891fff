"""Policies: what we decided to do about what is known, as checked data and as compiled rules."""

from __future__ import annotations

from satark.policies.evaluate import CompiledRules, VerdictEnv, compile_rules
from satark.policies.lists import BoundLists, ListBook
from satark.policies.loader import bundled_path, lint, load_bundled, load_policy
from satark.policies.model import ACTIONS, FiredRule, ListEntry, Policy, PolicyList, Rule, Verdict

__all__ = [
    "ACTIONS",
    "BoundLists",
    "CompiledRules",
    "FiredRule",
    "ListBook",
    "ListEntry",
    "Policy",
    "PolicyList",
    "Rule",
    "Verdict",
    "VerdictEnv",
    "bundled_path",
    "compile_rules",
    "lint",
    "load_bundled",
    "load_policy",
]
