"""What the log gets when something broke on our side: the kind of error and the places in the code.

No message and no local variables: either may hold personal data or a key.
"""

from __future__ import annotations

import traceback

import structlog

_log = structlog.get_logger("satark.api")
_MAX_FRAMES = 8


def log_fault(event: str, error: BaseException, **fields: str) -> None:
    """Log an unexpected error without anything that a caller sent."""
    frames = traceback.extract_tb(error.__traceback__)[-_MAX_FRAMES:]
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    _log.error(event, error=type(error).__name__, places=places, **fields)
