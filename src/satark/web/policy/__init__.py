"""Policies: read what decides, write and review versions, publish them, compare two, switch rules off."""

from satark.web.policy.lifecycle import LifecyclePages
from satark.web.policy.pages import PolicyPages

__all__ = ["LifecyclePages", "PolicyPages"]
