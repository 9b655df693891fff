"""The bounds of one expression, so that no text can exhaust the machine that reads it."""

from __future__ import annotations

MAX_SOURCE_CHARS = 4_000
MAX_DEPTH = 50
MAX_NODES = 500
