"""All functions of the language by name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from satark.language.functions import (
    absolute,
    coalesce,
    contains,
    days,
    endswith,
    hour,
    hours,
    if_else,
    km,
    largest,
    length,
    listed,
    lower,
    minutes,
    missing,
    rounded,
    rupees,
    smallest,
    startswith,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satark.language.function import Function

_MODULES = (
    absolute,
    coalesce,
    contains,
    days,
    endswith,
    hour,
    hours,
    if_else,
    km,
    largest,
    length,
    listed,
    lower,
    minutes,
    missing,
    rounded,
    rupees,
    smallest,
    startswith,
)

FUNCTIONS: Mapping[str, Function] = MappingProxyType({m.FUNCTION.name: m.FUNCTION for m in _MODULES})
