"""Bounds and switches of the pages, given by `satark.app`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebOptions:
    """How the pages behave.

    Attributes
    ----------
    secure_cookies
        Send cookies over HTTPS alone and give them the `__Host-` prefix; on wherever the pages are not on this
        machine.
    idle_seconds, session_seconds
        A session ends after so long without a request, and after so long altogether.
    poll_seconds
        How often the log is asked for new decisions, once for all viewers.
    quiet_poll_seconds
        The same while nobody looks.
    poll_limit
        The most decisions taken in one look; what is beyond is counted as passed over, so that a flood in the
        engine is no flood in the pages.
    rows
        How many decisions a page shows.
    language
        Of someone who has not chosen and whose browser says nothing: en or hi.
    """

    secure_cookies: bool = False
    idle_seconds: float = 1_800.0
    session_seconds: float = 43_200.0
    poll_seconds: float = 0.25
    quiet_poll_seconds: float = 1.0
    poll_limit: int = 500
    rows: int = 50
    language: str = "en"
