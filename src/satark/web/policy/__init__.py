"""Policies: read what decides, check a draft, compare two versions."""

from satark.web.policy.pages import PolicyPages

__all__ = ["PolicyPages"]
