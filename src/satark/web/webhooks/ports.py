"""What these pages need of the outbox, as Protocols; `satark.storage.desk.outbox` fits them by its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from satark.cases.endpoints import Endpoint, Health
    from satark.cases.outbox import Attempt, MessageState, Posted, PostedFilter


class NewEndpoint(Protocol):
    """An endpoint with the secret that is shown this once."""

    @property
    def endpoint(self) -> Endpoint: ...  # noqa: D102
    @property
    def secret(self) -> str: ...  # noqa: D102


class EndpointStore(Protocol):
    """Who is told by webhook; what it refuses is an `InputInvalid` whose `reason` says why."""

    def all(self) -> list[Endpoint]: ...  # noqa: D102
    def get(self, endpoint_id: int) -> Endpoint | None: ...  # noqa: D102
    def add(  # noqa: D102
        self, name: str, url: str, topics: Iterable[str], actor: str, *, resend_in_doubt: bool = False
    ) -> NewEndpoint: ...
    def change(  # noqa: D102
        self,
        endpoint_id: int,
        name: str,
        url: str,
        topics: Iterable[str],
        actor: str,
        *,
        resend_in_doubt: bool,
    ) -> Endpoint: ...
    def rotate(self, endpoint_id: int, actor: str, *, keep_seconds: int = ...) -> NewEndpoint: ...  # noqa: D102
    def disable(self, endpoint_id: int, actor: str) -> Endpoint: ...  # noqa: D102
    def enable(self, endpoint_id: int, actor: str) -> Endpoint: ...  # noqa: D102


class OutboxDesk(Protocol):
    """The outbox as people work with it."""

    @property
    def endpoints(self) -> EndpointStore: ...  # noqa: D102
    def posted(  # noqa: D102
        self, wanted: PostedFilter, limit: int = 50, before: int | None = None
    ) -> list[Posted]: ...
    def of_case(self, case_id: int, limit: int = 50) -> list[Posted]: ...  # noqa: D102
    def get(self, message_id: int) -> Posted | None: ...  # noqa: D102
    def attempts(self, message_id: int) -> list[Attempt]: ...  # noqa: D102
    def body(self, message_id: int) -> bytes | None: ...  # noqa: D102
    def counts(self) -> dict[str, int]: ...  # noqa: D102
    def health(self, endpoint_id: int) -> Health: ...  # noqa: D102
    def ping(self, endpoint_id: int, actor: str) -> Posted: ...  # noqa: D102
    def replay(self, message_id: int, actor: str) -> Posted: ...  # noqa: D102
    def replay_all(  # noqa: D102
        self,
        endpoint_id: int,
        actor: str,
        *,
        states: Sequence[MessageState] = ...,
        from_us: int = ...,
        to_us: int = ...,
    ) -> int: ...
    def mark_sent(self, message_id: int, actor: str) -> Posted: ...  # noqa: D102
