"""Places and card ranges: what the world's registers say, from files that ship with Satark."""

from __future__ import annotations

from satark.features.geo.bins import BinFacts, bin_facts
from satark.features.geo.distance import distance_km
from satark.features.geo.pins import every_place, pin_is_known, pin_place
from satark.features.geo.states import STATES, state_of_pin, state_of_place

__all__ = [
    "STATES",
    "BinFacts",
    "bin_facts",
    "distance_km",
    "every_place",
    "pin_is_known",
    "pin_place",
    "state_of_pin",
    "state_of_place",
]
