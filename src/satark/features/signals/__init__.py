"""Facts that follow from other facts: goods, distances, card ranges, ages, hours."""

from __future__ import annotations

from satark.features.signals.registry import SIGNALS, signals_version, warm_up

__all__ = ["SIGNALS", "signals_version", "warm_up"]
