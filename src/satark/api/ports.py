"""What the HTTP edge needs from the engine and the key store, as Protocols.

The engine (`satark.decisions`) and the storage (`satark.storage`) fit these by their shape; the tests fit
doubles. On the way of an event this is the line between bytes from the network and the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from satark.core.errors import SatarkError


class ApiKey(Protocol):
    """Who calls: a verified API key.

    Attributes
    ----------
    id
        The public part of the key; may be logged.
    owner
        Event ids are unique per owner.
    scopes
        What the key may do: decide, read, label, events, metrics.
    rate_per_s, burst
        The token bucket. A rate of 0 means the installation's own limit, a burst of 0 as many as one second
        brings.
    """

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def owner(self) -> int: ...  # noqa: D102
    @property
    def scopes(self) -> Collection[str]: ...  # noqa: D102
    @property
    def rate_per_s(self) -> float: ...  # noqa: D102
    @property
    def burst(self) -> int: ...  # noqa: D102


class KeyVerifier(Protocol):
    """The key store."""

    def verify(self, secret: str) -> ApiKey | None:
        """Return the key of this secret, or None if there is none, or it is expired or revoked.

        Called from a worker thread, and only when the cache has no fresh answer.
        """


class Outcome(Protocol):
    """What the engine says to one event: a body to send, or an error."""

    @property
    def status(self) -> int: ...  # noqa: D102
    @property
    def body(self) -> bytes: ...  # noqa: D102
    @property
    def error(self) -> SatarkError | None: ...  # noqa: D102


class Readiness(Protocol):
    """Whether events can be decided, and if not, why."""

    @property
    def ready(self) -> bool: ...  # noqa: D102
    @property
    def reasons(self) -> Sequence[str]: ...  # noqa: D102


class DecisionServiceLike(Protocol):
    """The engine, as the HTTP edge sees it."""

    def submit(
        self,
        raw: bytes,
        owner: int,
        done: Callable[[Outcome], None],
        *,
        only: str | None = "payment",
        deadline_ms: int = 100,
    ) -> None:
        """Decide one event; `done` is called once with its durable outcome.

        Called in the event loop's thread. `done` may be called at once (an error, a stored answer) or later
        from the thread that commits; it never blocks and never raises, and many calls in a row wake the
        loop only once.
        """

    def find(self, owner: int, event_id: str) -> bytes | None:
        """Return the encoded decision of this id, or None; called from a worker thread."""

    def ready(self) -> Readiness:
        """Return whether events can be decided now; cheap."""

    def metrics(self) -> Mapping[str, object]:
        """Return the engine's numbers; see `satark.api.metrics` for the shapes that are understood."""
