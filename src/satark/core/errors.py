"""The one tree of errors.

Every refusal that a caller can meet is a `SatarkError` with a stable `code` and named fields. Two tables map
the codes at the edges, one to HTTP (`satark.api`) and one to exit codes (`satark.cli`); a test walks every
subclass.
"""

from __future__ import annotations

from typing import ClassVar


class SatarkError(Exception):
    """The root of all errors that Satark raises on purpose.

    Parameters
    ----------
    message
        One English sentence for a developer or an operator; never personal data.
    **fields
        Machine-readable particulars, for instance ``field="amount_minor"``.

    Examples
    --------
    >>> error = InvalidEvent("amount_minor must be at least 0", field="amount_minor", found="int")
    >>> error.code, error.fields["field"]
    ('invalid_event', 'amount_minor')
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **fields: object) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields


class InvalidEvent(SatarkError):
    """An event breaks its schema; ``field``, ``found`` (a type) and ``expected`` (rule) say where."""

    code = "invalid_event"


class FutureEvent(InvalidEvent):
    """An event claims to be from the future; one bad clock must not make all others late."""

    code = "future_event"


class BodyTooLarge(SatarkError):
    """A request or file is larger than the bound; ``limit_bytes`` says which."""

    code = "body_too_large"


class IdConflict(SatarkError):
    """The same id was used before with another body."""

    code = "id_conflict"


class NotFound(SatarkError):
    """Nothing of this id belongs to the caller (a stranger's id looks the same as none)."""

    code = "not_found"


class Unauthenticated(SatarkError):
    """No valid identity came with the request."""

    code = "unauthenticated"


class Forbidden(SatarkError):
    """The identity lacks the scope or role; ``scope`` says which."""

    code = "forbidden"


class WorkRefused(SatarkError):
    """The rules of the work on cases forbid this act now; ``reason`` says why (`satark.cases.model.Refusal`)."""

    code = "work_refused"


class RateLimited(SatarkError):
    """The key asked too often; ``retry_after_seconds`` says when to come back."""

    code = "rate_limited"


class NotReady(SatarkError):
    """The engine is starting, rebuilding or stopping."""

    code = "not_ready"


class StorageUnavailable(SatarkError):
    """Nothing could be made durable, so nothing is answered (always fail-closed)."""

    code = "storage_unavailable"


class DeadlineExceeded(SatarkError):
    """No durable answer within the request's ``deadline_ms``."""

    code = "deadline_exceeded"


class FolderLocked(SatarkError):
    """Another engine owns the data folder."""

    code = "folder_locked"


class FolderUnusable(SatarkError):
    """The data folder cannot be written or is not ours."""

    code = "folder_unusable"


class PolicyInvalid(SatarkError):
    """A policy has errors; ``diagnostics`` lists all of them, each with its place."""

    code = "policy_invalid"


class ModelInvalid(SatarkError):
    """A model cannot be used: its file is damaged or strange, or its inputs are not those of the policy."""

    code = "model_invalid"


class InputInvalid(SatarkError):
    """A file handed to a command cannot be used: ``path``, and where known ``row`` and ``field``."""

    code = "input_invalid"


class SettingInvalid(SatarkError):
    """A setting has a value that cannot be used."""

    code = "setting_invalid"


class WindowsFull(SatarkError):
    """The windows have used all the memory that the settings allow."""

    code = "windows_full"


class IntegrityBroken(SatarkError):
    """A chain, checksum or backup does not verify."""

    code = "integrity_broken"
