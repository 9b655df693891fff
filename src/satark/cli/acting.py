"""Who gives a command, for the audit trail."""

from __future__ import annotations

import getpass


def acting_person() -> str:
    """Return the actor's name: the operating system's user behind the terminal."""
    try:
        return f"terminal:{getpass.getuser()}"
    except (KeyError, OSError):  # A container's user may have no name.
        return "terminal:unknown"
