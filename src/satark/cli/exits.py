"""The one table from errors to exit codes; `docs/exit-codes.md` is generated from it.

The numbers are those of BSD's sysexits where one fits, so that scripts and service managers know what to do:
75 may be tried again later, 65 will fail again the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from satark.core.errors import SatarkError

OK: Final = 0
ANSWER_IS_NO: Final = 1
USAGE: Final = 2
INTERNAL: Final = 70
INTERRUPTED: Final = 130

# What each exit code means, for people.
MEANINGS: Final = {
    OK: "done",
    ANSWER_IS_NO: "the command worked and the answer is no: a test failed, a replayed decision differs",
    USAGE: "the command line is wrong",
    3: "a chain, checksum or backup does not verify",
    65: "the input is wrong: a policy, an event, a file; the same input fails again",
    66: "there is nothing of this name or id",
    69: "a service that is needed does not answer",
    INTERNAL: "an error that should not happen; the log file holds the particulars",
    71: "the machine has not enough memory for the windows",
    73: "the data folder cannot be used",
    75: "busy: try again later",
    77: "not allowed: the key or the sign-in does not permit it",
    78: "a setting is wrong",
    INTERRUPTED: "stopped by Ctrl-C",
}

EXIT_CODES: Final = {
    "error": INTERNAL,
    "invalid_event": 65,
    "future_event": 65,
    "body_too_large": 65,
    "id_conflict": 65,
    "policy_invalid": 65,
    "model_invalid": 65,
    "input_invalid": 65,
    "work_refused": 65,
    "not_found": 66,
    "not_ready": 69,
    "storage_unavailable": 69,
    "deadline_exceeded": 69,
    "windows_full": 71,
    "folder_unusable": 73,
    "folder_locked": 75,
    "rate_limited": 75,
    "unauthenticated": 77,
    "forbidden": 77,
    "setting_invalid": 78,
    "integrity_broken": 3,
    # What a server may answer to a command that talks to it.
    "internal_error": INTERNAL,
    "invalid_request": 65,
    "method_not_allowed": 65,
    "unsupported_media_type": 65,
    "body_timeout": 75,
    "overloaded": 75,
}


def exit_code(error: SatarkError) -> int:
    """Return the exit code of an error.

    Examples
    --------
    >>> from satark.core.errors import FolderLocked
    >>> exit_code(FolderLocked("another engine owns the data folder"))
    75
    """
    return EXIT_CODES.get(error.code, INTERNAL)


def describe_exits() -> str:
    """Return the tables of `docs/exit-codes.md`."""
    lines = ["| exit code | meaning |", "|---|---|"]
    lines += [f"| {number} | {meaning} |" for number, meaning in sorted(MEANINGS.items())]
    lines += ["", "| error | exit code |", "|---|---|"]
    lines += [f"| `{code}` | {number} |" for code, number in sorted(EXIT_CODES.items())]
    return "\n".join(lines) + "\n"
