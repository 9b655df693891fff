"""What the customer's pages need kept; `satark.storage.desk.notices` fits it by its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from satark.cases.notices import Answer, Effects, Links, Notice, NoticeLink


class AnswerBook(Protocol):
    """Notices and their links."""

    @property
    def links(self) -> Links:
        """Makes and reads the tokens of links."""

    def find(self, token_hash: bytes) -> tuple[Notice, NoticeLink] | None:
        """Return the notice of a link."""

    def opened(self, token_hash: bytes) -> None:
        """Note that a link was opened, the first time."""

    def answer(
        self, token_hash: bytes, answer: Answer, decide: Callable[[Notice, bool], Effects]
    ) -> tuple[Notice, Effects] | None:
        """Write an answer and what follows from it; None when the link was used or has ended."""
